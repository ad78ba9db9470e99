"""The importance of a network's channels as it is shown, and what is pruned by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from vrnn.network.graph import Network
from vrnn.network.importance import (
    ChannelImportance,
    ImportanceResult,
    PruningCurve,
    pruning_ablations,
)
from vrnn.scene.importance_state import ImportanceState
from vrnn.scene.state import AblationState


@dataclass(frozen=True, eq=False)
class NetworkImportance:
    """What is known of a network.

    Attributes:
        first: Of the class that is shown.
        second: Of the class beside it; None for none.
        compared: Curves to compare with: by other rankings.
    """

    first: ImportanceResult
    second: ImportanceResult | None = None
    compared: tuple[PruningCurve, ...] = field(default=())

    @property
    def curves(self) -> tuple[PruningCurve, ...]:
        """All pruning curves, that of the class that is shown first."""
        own = (self.first.curve, None if self.second is None else self.second.curve)
        return (*(curve for curve in own if curve is not None), *self.compared)

    def either(self) -> dict[int, np.ndarray]:
        """Return how much each channel matters to one of the classes, (C,) by node id."""
        return combined(self.first.importance, self.second)


def combined(first: ChannelImportance, second: ImportanceResult | None) -> dict[int, np.ndarray]:
    """Return the larger of two importances of each channel, (C,) float32 by node id."""
    found = dict(first.channels)
    if second is not None:
        for node, values in second.importance.channels.items():
            found[node] = np.maximum(found[node], values) if node in found else values
    return found


def inherited(network: Network, channels: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Return importance of further layers: those that pass on the channels of one ranked layer.

    Args:
        network: The network.
        channels: (C,) by node id.
    """
    sources: dict[int, set[int]] = {}
    for edge in network.edges:
        sources.setdefault(edge.target, set()).add(edge.source)
    found = dict(channels)
    for node in network.nodes:
        own = sources.get(node.id, set())
        if node.id in found or len(own) != 1 or node.id in network.outputs:
            continue
        source = next(iter(own))
        values = found.get(source)
        count = node.shape[0] if node.shape else 0
        if values is not None and len(values) == count and "pool" in node.operation:
            found[node.id] = values
    return found


def visibility(values: np.ndarray, state: ImportanceState) -> np.ndarray:
    """Return how visible something is, float32 0…1: as much as it matters, of what may fade.

    Args:
        values: Importance, 0…1.
        state: How far things fade.
    """
    seen: np.ndarray = np.where(values < state.threshold, 0.0, values).astype(np.float32)
    return 1 - np.float32(state.fade) * (1 - seen)


def pruned_ablations(
    network: Network, slot: int, curve: PruningCurve, share: float
) -> tuple[AblationState, ...]:
    """Return the ablations that prune a share of a network's channels.

    Args:
        network: The network.
        slot: Its number.
        curve: What says which channels go first.
        share: How much of them, 0…1.
    """
    names = {node.id: node.name for node in network.nodes}
    return tuple(
        AblationState(slot, names[int(one.layer)], one.channels)
        for one in pruning_ablations(curve.pruned(share))
        if int(one.layer) in names
    )


def without(
    ablations: Iterable[AblationState], others: Iterable[AblationState]
) -> tuple[AblationState, ...]:
    """Return ablations without some others."""
    gone = set(others)
    return tuple(one for one in ablations if one not in gone)
