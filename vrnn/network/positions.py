"""What the rows and columns of a layer's maps stand for, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from vrnn.network.axes import CHOICE_NAMES, AxisChoice, AxisRole, default_index, local_index
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Network, Node

LINE_ROLES: tuple[AxisRole, ...] = ("token", "time", "node", "query", "key", "width", "other")
"""What the columns of a sequence, a curve or a graph may be, what is likelier first."""
LINE_PRESENTATIONS = frozenset({"sequence", "curve", "nodes"})
"""Presentations in which a map is a line of values."""
MAX_NAME = 24
"""Letters of a token's name that are shown."""


def column_role(node: Node) -> AxisRole:
    """Return what the columns of a layer's maps are, for one of LINE_PRESENTATIONS."""
    width = map_shape(node.shape)[2]
    found = {axis.role for axis in node.axes if axis.size == width}
    usual: AxisRole = {"curve": "time", "nodes": "node"}.get(node.presentation, "token")  # type: ignore[assignment]
    return next((role for role in LINE_ROLES if role in found), usual)


def token_name(index: int, count: int, token_names: Sequence[str]) -> str:
    """Return the name of a token in quotes, with a space before; '' where it is not known.

    Args:
        index: The number of the token.
        count: Number of tokens of the layer: with another number they are not those named.
        token_names: Text of each token of the input.
    """
    if count != len(token_names) or not 0 <= index < count:
        return ""
    name = token_names[index]
    return f" '{name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + '…'}'"


def position_text(
    node: Node, row: int, column: int, token_names: Sequence[str] = (),
    choices: Sequence[AxisChoice] = (),
) -> str:  # fmt: skip
    """Return which value of a map is meant: `(3, 4)`, `token 5 'cat'`, `query 0 → key 5`.

    Args:
        node: The layer.
        row: In its maps.
        column: In its maps.
        token_names: Text of each token of the input.
        choices: What was chosen: of what is side by side, it is named first.

    Returns:
        '' where each map is a single value.
    """
    words = []
    _, height, width = map_shape(node.shape)
    for role, size, index in _side_by_side(node, column, choices):
        width //= size
        words.append(f"{CHOICE_NAMES[role]} {index}")
    column %= max(width, 1)
    if height * width <= 1:
        return " · ".join(words)
    if node.presentation == "attention":
        query = f"query {row}{token_name(row, height, token_names)}"
        words.append(f"{query} → key {column}{token_name(column, width, token_names)}")
    elif node.presentation in LINE_PRESENTATIONS and height == 1:
        role = column_role(node)
        name = token_name(column, width, token_names) if role == "token" else ""
        words.append(f"{role} {column}{name}")
    else:
        words.append(f"({row}, {column})")
    return " · ".join(words)


def single_column(node: Node, column: int, choices: Sequence[AxisChoice]) -> int:
    """Return the column within one of the maps that are side by side.

    Args:
        node: The layer.
        column: In its maps as they are shown.
        choices: What was chosen.
    """
    width = map_shape(node.shape)[2]
    for _, size, _ in _side_by_side(node, column, choices):
        width //= size
    return column % max(width, 1)


def has_side_by_side(node: Node, choices: Sequence[AxisChoice]) -> bool:
    """Return whether a layer shows several samples, frames or slices side by side."""
    return any(size > 1 for _, size, _ in _side_by_side(node, 0, choices))


def side_by_side_network(network: Network, choices: Sequence[AxisChoice]) -> Network:
    """Return a network whose maps are as wide as several of them side by side.

    Args:
        network: With maps of one sample, frame and slice.
        choices: What was chosen.
    """
    nodes = []
    for node in network.nodes:
        count = prod(size for _, size, _ in _side_by_side(node, 0, choices))
        channels, height, width = map_shape(node.shape)
        wide = (channels, height, width * count)
        nodes.append(replace(node, shape=wide) if count > 1 else node)
    return replace(network, nodes=tuple(nodes))


def _side_by_side(
    node: Node, column: int, choices: Sequence[AxisChoice]
) -> list[tuple[AxisRole, int, int]]:
    """Role, length and index at a column of each axis whose indices are side by side.

    The columns of the last of them are next to each other.
    """
    roles = {choice.role for choice in choices if choice.index is None}
    axes = [node.axes[i] for i in node.choices if node.axes[i].role in roles]
    number = column // max(map_shape(node.shape)[2] // prod(axis.size for axis in axes), 1)
    found = []
    for axis in reversed(axes):
        number, index = divmod(number, axis.size)
        found.append((axis.role, axis.size, index))
    return found[::-1]


def shape_text(node: Node) -> str:
    """Return the shape of an output: `64 × 56×56`, `64 × 12` for a line, `1000` for a vector."""
    channels, height, width = map_shape(node.shape)
    if height * width == 1:
        return str(channels)
    if height == 1 and node.presentation in LINE_PRESENTATIONS | {"vector"}:
        return f"{channels} × {width}"
    return f"{channels} × {height}×{width}"


def shown_text(
    node: Node, counts: Mapping[AxisRole, int], choices: Sequence[AxisChoice] = ()
) -> str:
    """Return which sample, frame or slice of a layer is shown: `sample 1 · frame 3`; '' for all.

    Args:
        node: The layer.
        counts: Length of the longest axis with each role, see `Network.choice_counts`.
        choices: What was chosen.
    """
    chosen = {choice.role: choice.index for choice in choices}
    words = []
    for axis in (node.axes[i] for i in node.choices):
        count = counts.get(axis.role, 1)
        index = chosen.get(axis.role, default_index(axis.role, count))
        if index is not None and axis.size > 1:
            words.append(f"{CHOICE_NAMES[axis.role]} {local_index(index, axis.size, count)}")
    return " · ".join(words)
