"""The tree of modules and layers, as rows: no ImGui."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from vrnn.network.graph import Network, Node
from vrnn.ui.panel_context import count_text, shape_text


@dataclass(frozen=True)
class TreeRow:
    """A module or a layer. depth: of nesting; name: in full; short: beside its parent; operation:
    '' for a module; node: of a layer, or the module's last one; shape, parameters: as they are
    read; foldable: whether it can be one box."""

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
        """Whether there is something in it."""
        return not self.operation


def tree_rows(network: Network, slot: int, modules: Mapping[str, Sequence[int]]) -> list[TreeRow]:
    """All rows of a network, modules before what is in them, in the order in which they first ran.

    modules: the nodes in each module that has at least two.
    """
    inside: dict[str, list[str | Node]] = {"": []}
    for node in network.nodes:
        parent = ""
        parts = node.scope.split(".") if node.scope else []
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            if name not in modules:
                continue
            if name not in inside:
                inside[name] = []
                inside[parent].append(name)
            parent = name
        inside[parent].append(node)
    found: list[TreeRow] = []
    left: list[tuple[str | Node, str, int]] = [(one, "", 0) for one in reversed(inside[""])]
    while left:
        one, parent, depth = left.pop()
        if isinstance(one, str):
            last = network.by_id[modules[one][-1]]
            count = sum(network.by_id[i].parameters for i in modules[one])
            found.append(TreeRow(
                slot, depth, one, _short(one, parent), "", last.id, shape_text(last),
                count_text(count), True,
            ))  # fmt: skip
            left += [(child, one, depth + 1) for child in reversed(inside[one])]
        else:
            found.append(TreeRow(
                slot, depth, one.name, _short(one.name, parent), one.operation, one.id,
                shape_text(one), count_text(one.parameters), bool(one.shape) and one.shape[0] > 1,
            ))  # fmt: skip
    return found


def _short(name: str, parent: str) -> str:
    return name.removeprefix(f"{parent}.") if parent else name


def visible_rows(found: Sequence[TreeRow], opened: Collection[tuple[int, str]]) -> list[TreeRow]:
    """The rows that are seen when only these modules (network and name) are open."""
    seen: list[TreeRow] = []
    closed = -1  # depth of a closed module whose inside is being left out
    for row in found:
        if closed >= 0 and row.depth > closed:
            continue
        closed = row.depth if row.is_module and (row.slot, row.name) not in opened else -1
        seen.append(row)
    return seen


def matching_rows(found: Sequence[TreeRow], text: str) -> list[TreeRow]:
    """Rows that have a text in their name or operation, in any case."""
    wanted = text.lower().strip()
    return [row for row in found if wanted in row.name.lower() or wanted in row.operation]
