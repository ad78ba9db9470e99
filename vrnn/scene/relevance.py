"""The relevance of a network as it is in the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from vrnn.explanations.conditions import Condition
from vrnn.explanations.links import RelevanceLinks
from vrnn.explanations.relevance_maps import RelevanceMaps, RelevanceScale
from vrnn.network.graph import Network
from vrnn.scene.placement import Placement
from vrnn.scene.primitives import FIRST_RELEVANCE_STORE
from vrnn.scene.relevance_state import RelevanceState
from vrnn.style.relevance_colors import overlay_relevance

STALE_LIGHT = 0.45
"""Light of relevance that belongs to another image or target, until the new one is there."""


@dataclass(frozen=True, eq=False)
class NetworkRelevance:
    """An explanation that is on the GPU.

    Attributes:
        slot: The network.
        found: The explanation with the relevance of layers.
        addresses: Array and first texel of each layer's relevance on the GPU, by node id, and of
            its sum over channels by `folded_map_id`.
        is_stale: Whether another image or target is asked for by now.
    """

    slot: int
    found: RelevanceMaps
    addresses: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    is_stale: bool = False
    _overlay: dict[str, Any] = field(default_factory=dict)

    @property
    def store(self) -> int:
        """Number of the store that holds the maps."""
        return FIRST_RELEVANCE_STORE + self.slot

    @property
    def light(self) -> float:
        """How bright it is drawn."""
        return STALE_LIGHT if self.is_stale else 1.0

    def scale(self, node: int, normalize_by: str) -> RelevanceScale | None:
        """Return where the colors of a layer are full; None for a layer without relevance."""
        if node not in self.found.scales:
            return None
        return self.found.scale(node, normalize_by == "network")

    def over(self, image: np.ndarray, how: RelevanceState) -> np.ndarray:
        """Return the relevance of the input over its image; the image where there is none.

        Args:
            image: (H, W, 3) uint8 sRGB, that the network saw.
            how: How it is seen.

        Returns:
            (H, W, 3) uint8 sRGB, the same array as long as all is the same.
        """
        heatmap = self.found.explanation.heatmap
        if heatmap is None or not heatmap.size:
            return image
        key = (id(image), how.opacity, how.smooth, self.is_stale)
        if self._overlay.get("key") != key:
            drawn = draw_over(image, heatmap, how)
            if self.is_stale:
                drawn = (drawn * STALE_LIGHT).astype(np.uint8)
            self._overlay.update(key=key, image=image, drawn=drawn)
        found: np.ndarray = self._overlay["drawn"]
        return found

    @cached_property
    def totals(self) -> dict[int, float]:
        """Sum of the relevance of each layer, by node id."""
        layers = self.found.explanation.layers.values()
        return {layer.node: layer.total for layer in layers}


@dataclass(frozen=True, eq=False)
class PointedLinks:
    """Where the relevance of what is pointed at came from and went to.

    Attributes:
        slot: The network.
        part: What is pointed at.
        links: What was found of it.
    """

    slot: int
    part: Condition
    links: RelevanceLinks


def draw_over(image: np.ndarray, heatmap: np.ndarray, how: RelevanceState) -> np.ndarray:
    """Return relevance over an image, (H, W, 3) uint8 sRGB.

    Args:
        image: (H, W, 3) uint8 sRGB.
        heatmap: (h, w).
        how: How it is seen.
    """
    heat = np.nan_to_num(heatmap)
    if how.smooth:
        heat = _blurred(heat)
    if heat.shape != image.shape[:2]:
        heat = _resized(heat, image.shape[1], image.shape[0])
    return overlay_relevance(image, heat, how.opacity)


def edge_flows(
    edges: Mapping[tuple[int, int], float], representative: Mapping[int, int]
) -> dict[tuple[int, int], float]:
    """Return how much relevance flows along the edges of a folded network.

    Args:
        edges: The same of the whole network, by source and target.
        representative: The visible node that stands for each node.
    """
    flows: dict[tuple[int, int], float] = {}
    for (source, target), amount in edges.items():
        pair = representative.get(source, source), representative.get(target, target)
        if pair[0] != pair[1]:
            flows[pair] = flows.get(pair, 0.0) + amount
    return flows


def edge_shares(network: Network, flows: Mapping[tuple[int, int], float]) -> np.ndarray:
    """Return which part of all that flows between two steps of a network each edge carries.

    A step is a cut through the network right behind the edge's source, in the order in which nodes
    run: along a block and the skip beside it the shares sum to 1, whatever ends in sinks before.

    Args:
        network: The network.
        flows: Relevance by source and target.

    Returns:
        (R,) float64 in the order of the network's edges, with the sign of the relevance.
    """
    amounts = np.array([flows.get((e.source, e.target), 0.0) for e in network.edges])
    if not len(amounts):
        return amounts
    order = {node.id: number for number, node in enumerate(network.nodes)}
    starts = np.array([order[e.source] for e in network.edges])
    ends = np.array([order[e.target] for e in network.edges])
    change = np.zeros(len(network.nodes) + 1)
    np.add.at(change, starts, np.abs(amounts))
    np.add.at(change, np.maximum(ends, starts), -np.abs(amounts))
    crossing = np.cumsum(change)[starts]
    return amounts / np.where(crossing > 0, crossing, 1.0)


def shares_in(placement: Placement, relevance: NetworkRelevance) -> np.ndarray | None:
    """Return the share that each edge of a placed network carries, see `edge_shares`.

    Args:
        placement: What of the network is visible.
        relevance: Its relevance.

    Returns:
        (R,) float64; None where the method gives no relevance along edges.
    """
    edges = relevance.found.explanation.edges
    if not edges:
        return None
    flows = edge_flows(edges, placement.folded.representative)
    return edge_shares(placement.network, flows)


def incoming_shares(
    network: Network, node: int, shares: Sequence[float]
) -> list[tuple[int, float]]:
    """Return where the relevance of a node goes on to: sources and shares, the largest first.

    Args:
        network: The network.
        node: Id of the node.
        shares: See `edge_shares`.
    """
    pairs = zip(network.edges, shares, strict=True)
    found = [(e.source, share) for e, share in pairs if e.target == node and share]
    return sorted(found, key=lambda pair: -abs(pair[1]))


def _blurred(heatmap: np.ndarray) -> np.ndarray:
    """(H, W) float32 blurred over a 100th of its larger side."""
    radius = max(heatmap.shape) / 100
    image = Image.fromarray(heatmap.astype(np.float32))
    # Pillow blurs no image of float32 but by shrinking it.
    side = (max(1, round(image.width / radius / 2)), max(1, round(image.height / radius / 2)))
    small = image.resize(side, Image.Resampling.BOX)
    return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC))


def _resized(heatmap: np.ndarray, width: int, height: int) -> np.ndarray:
    image = Image.fromarray(heatmap.astype(np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
