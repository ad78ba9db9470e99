"""Which sample, frame or slice of each layer is meant by what the user has chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vrnn.network.axes import (
    CHOICE_NAMES,
    CHOICE_PLURALS,
    AxisChoice,
    default_index,
    local_index,
)
from vrnn.network.graph import Network, Node
from vrnn.network.positions import shown_text


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


def with_selection(
    network: Network, nodes: Sequence[Node], choices: Sequence[AxisChoice] = (),
    only_chosen: bool = False,
) -> list[Node]:  # fmt: skip
    """Return layers whose labels also tell which sample, frame or slice their maps show.

    Args:
        network: Their network.
        nodes: The layers.
        choices: What was chosen.
        only_chosen: Leave out axes of which what is shown at first is shown.
    """
    told, chosen = [], {choice.role for choice in choices}
    for node in nodes:
        axes = node.choices
        if only_chosen:
            axes = tuple(i for i in axes if node.axes[i].role in chosen)
        shown = shown_text(replace(node, choices=axes), network.choice_counts, choices)
        told.append(replace(node, label=f"{shown} · {node.label}") if shown else node)
    return told


def changed_choices_text(network: Network, choices: Sequence[AxisChoice]) -> str:
    """Return what was chosen other than what is shown at first: `frame 3`; '' for nothing."""
    counts = network.choice_counts
    words = []
    for choice in choices:
        count = counts.get(choice.role, 1)
        if count < 2 or choice.index == default_index(choice.role, count):
            continue
        if choice.index is None:
            words.append(f"{count} {CHOICE_PLURALS[choice.role]} side by side")
        else:
            words.append(f"{CHOICE_NAMES[choice.role]} {choice.index}")
    return " ".join(words)


def used_choices(network: Network, choices: Sequence[AxisChoice]) -> tuple[AxisChoice, ...]:
    """Return the choice for each role that a network has choices of."""
    by_role = {choice.role: choice.index for choice in choices}
    return tuple(
        AxisChoice(role, by_role.get(role, default_index(role, longest)))
        for role, longest in network.choice_counts.items()
    )
