"""Which sample, frame or slice of each layer is meant by what the user has chosen."""

from __future__ import annotations

from collections.abc import Sequence

from vrnn.network.axes import AxisChoice, default_index, local_index
from vrnn.network.graph import Network


def chosen_indices(
    network: Network, node: int, choices: Sequence[AxisChoice]
) -> tuple[int | None, ...]:
    """Return which index of each of a layer's choices is shown; None for all side by side.

    Args:
        network: The network.
        node: Id of the layer.
        choices: What was chosen; what is not named shows its default.
    """
    counts, by_role = network.choice_counts, {c.role: c.index for c in choices}
    indices: list[int | None] = []
    layer = network.by_id[node]
    for axis in (layer.axes[i] for i in layer.choices):
        longest = counts.get(axis.role, axis.size)
        index = by_role.get(axis.role, default_index(axis.role, longest))
        indices.append(None if index is None else local_index(index, axis.size, longest))
    return tuple(indices)


def used_choices(network: Network, choices: Sequence[AxisChoice]) -> tuple[AxisChoice, ...]:
    """Return the choice for each role that a network has choices of."""
    by_role = {choice.role: choice.index for choice in choices}
    return tuple(
        AxisChoice(role, by_role.get(role, default_index(role, longest)))
        for role, longest in network.choice_counts.items()
    )
