"""The tree of modules and layers as rows, without ImGui."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from vrnn.network.graph import Network, Node
from vrnn.network.positions import shape_text
from vrnn.ui.panel_context import count_text


@dataclass(frozen=True)
class TreeRow:
    """A module or a layer.

    Attributes:
        slot: Number of the network.
        depth: Depth of nesting, 0 at the top.
        name: Its full name.
        short_name: Its name without that of its parent.
        operation: The operation; '' for a module.
        node_id: The layer's node, or the last node of a module.
        shape: Shape of its output, as text.
        parameters: Number of its parameters, as text.
        foldable: Whether it can be folded into one box.
    """

    slot: int
    depth: int
    name: str
    short_name: str
    operation: str
    node_id: int
    shape: str
    parameters: str
    foldable: bool

    @property
    def is_module(self) -> bool:
        """Whether it is a module and not a layer."""
        return not self.operation


def tree_rows(network: Network, slot: int, modules: Mapping[str, Sequence[int]]) -> list[TreeRow]:
    """List all rows of a network, modules before their contents, in the order of execution.

    Args:
        network: The network.
        slot: Its number.
        modules: The node ids in each module that has at least two.
    """
    children: dict[str, list[str | Node]] = {"": []}
    for node in network.nodes:
        parent = ""
        parts = node.scope.split(".") if node.scope else []
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            if name not in modules:
                continue
            if name not in children:
                children[name] = []
                children[parent].append(name)
            parent = name
        children[parent].append(node)
    all_rows: list[TreeRow] = []
    stack: list[tuple[str | Node, str, int]] = [(one, "", 0) for one in reversed(children[""])]
    while stack:
        one, parent, depth = stack.pop()
        if isinstance(one, str):
            last = network.by_id[modules[one][-1]]
            count = sum(network.by_id[i].parameters for i in modules[one])
            all_rows.append(TreeRow(
                slot, depth, one, _short(one, parent), "", last.id, shape_text(last),
                count_text(count), True,
            ))  # fmt: skip
            stack += [(child, one, depth + 1) for child in reversed(children[one])]
        else:
            all_rows.append(TreeRow(
                slot, depth, one.name, _short(one.name, parent), one.operation, one.id,
                shape_text(one), count_text(one.parameters), bool(one.shape) and one.shape[0] > 1,
            ))  # fmt: skip
    return all_rows


def _short(name: str, parent: str) -> str:
    return name.removeprefix(f"{parent}.") if parent else name


def visible_rows(all_rows: Sequence[TreeRow], opened: Collection[tuple[int, str]]) -> list[TreeRow]:
    """Select the rows that are visible.

    Args:
        all_rows: All rows.
        opened: Network and name of the modules that are open.
    """
    shown: list[TreeRow] = []
    closed = -1  # depth of a closed module whose contents are being skipped
    for row in all_rows:
        if closed >= 0 and row.depth > closed:
            continue
        closed = row.depth if row.is_module and (row.slot, row.name) not in opened else -1
        shown.append(row)
    return shown


def matching_rows(all_rows: Sequence[TreeRow], text: str) -> list[TreeRow]:
    """Select the rows that have a text in their name or operation, in any case."""
    pattern = text.lower().strip()
    return [row for row in all_rows if pattern in row.name.lower() or pattern in row.operation]
