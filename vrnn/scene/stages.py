"""A network's stages and blocks, read from its module tree.

A stage is what gets a step of the terrace (`layer1`, `denseblock2`); a block is what stays together
on it (`layer1.0`). Nodes keep the order in which they ran.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from os.path import commonprefix

from vrnn.network import Network, Node, map_shape

DOMINANT = 0.6
"""A module that holds a larger part of the network than this is opened into its children."""
MANY = 8
"""With more modules than this at the top, those of one resolution share a stage."""
SMALL = 2
"""A module with at most this many nodes is no stage of its own."""

Path = tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Nodes that stay together. name: module path, or '' when there is none."""

    name: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Stage:
    """Blocks that share a step."""

    name: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class _Group:
    """Nodes that ran one after another inside the module `path`."""

    path: Path
    nodes: tuple[Node, ...]

    @property
    def small(self) -> bool:
        return len(self.nodes) <= SMALL or all(path_of(n) == self.path for n in self.nodes)

    @property
    def resolution(self) -> tuple[int, int]:
        return resolution(self.nodes[-1])


def path_of(node: Node) -> Path:
    """The node's way through the module tree; its last part is the operation or leaf module."""
    scope = tuple(node.scope.split(".")) if node.scope else ()
    name = tuple(node.name.split("."))
    return name if name[: len(scope)] == scope else (*scope, node.name)


def resolution(node: Node) -> tuple[int, int]:
    """Height and width of the node's maps."""
    return map_shape(node.shape)[1:]


def find_stages(network: Network) -> tuple[Stage, ...]:
    """Stages in run order; together their blocks hold every node once."""
    groups = _open_dominant(_runs(network.nodes, 0), len(network.nodes))
    big = [i for i, group in enumerate(groups) if not group.small]
    if not big:
        return _by_resolution(network.nodes)
    stem = [node for group in groups[: big[0]] for node in group.nodes]
    head = [node for group in groups[big[-1] + 1 :] for node in group.nodes]
    middle = _joined(_with_smalls(groups[big[0] : big[-1] + 1]))
    stages = [_stage(parts) for parts in middle]
    if stem:
        only_inputs = all(node.operation == "input" for node in stem)
        stages.insert(0, Stage("input" if only_inputs else "stem", (Block("", tuple(stem)),)))
    if head:
        stages.append(Stage("head", (Block("", tuple(head)),)))
    return tuple(stages)


def _runs(nodes: Sequence[Node], depth: int) -> list[_Group]:
    """Groups of consecutive nodes whose paths agree down to this depth."""
    runs = groupby(nodes, key=lambda node: path_of(node)[: depth + 1])
    return [_Group(path, tuple(members)) for path, members in runs]


def _open_dominant(groups: list[_Group], total: int) -> list[_Group]:
    """Replace a module that holds most of the nodes by its children, as long as there is one."""
    while True:
        index = max(range(len(groups)), key=lambda i: len(groups[i].nodes))
        largest = groups[index]
        if len(largest.nodes) <= DOMINANT * total:
            return groups
        children = _children(largest)
        if len(children) < 2:
            return groups
        groups = groups[:index] + children + groups[index + 1 :]


def _children(group: _Group) -> list[_Group]:
    """The next level of the tree at which the group's nodes part; itself when they never do."""
    deepest = max(len(path_of(node)) for node in group.nodes)
    for depth in range(len(group.path), deepest):
        children = _runs(group.nodes, depth)
        if len(children) > 1:
            return children
    return [group]


def _with_smalls(groups: list[_Group]) -> list[list[_Group]]:
    """Each big group with the small ones beside it that work at its resolution.

    A small group between two big ones goes to the next one when it leaves the data at that one's
    resolution (a pooling or a patch merging before a stage), else to the one before.
    """
    result: list[list[_Group]] = []
    waiting: list[_Group] = []
    for group in groups:
        if group.small:
            waiting.append(group)
            continue
        if result and waiting and waiting[-1].resolution != resolution(group.nodes[0]):
            result[-1] += waiting
            waiting = []
        result.append([*waiting, group])
        waiting = []
    if waiting and result:
        result[-1] += waiting
    return result


def _joined(parts: list[list[_Group]]) -> list[list[_Group]]:
    """Neighbours of one resolution joined, when there are too many to give each a step."""
    if len(parts) <= MANY:
        return parts
    runs = groupby(parts, key=lambda groups: groups[-1].resolution)
    return [[group for groups in members for group in groups] for _, members in runs]


def _stage(groups: list[_Group]) -> Stage:
    """A stage of one or several modules: each module a block, or a lone module's children."""
    modules = [group for group in groups if not group.small]
    if len(modules) > 1:
        return Stage(_common_name([group.path for group in modules]), _blocks(groups))
    module = modules[0]
    inner = _open_dominant(_children(module), len(module.nodes))
    index = groups.index(module)
    blocks = _blocks([*groups[:index], *inner, *groups[index + 1 :]])
    return Stage(_short(module.path), blocks)


def _blocks(groups: list[_Group]) -> tuple[Block, ...]:
    """One block a group; small groups join those beside them."""
    blocks: list[tuple[Path, list[Node], bool]] = []
    for group in groups:
        if blocks and group.small and (blocks[-1][2] or len(group.nodes) == 1):
            path, nodes, small = blocks[-1]
            nodes.extend(group.nodes)
        else:
            blocks.append((group.path, list(group.nodes), group.small))
    return tuple(Block(".".join(path), tuple(nodes)) for path, nodes, _ in blocks)


def _by_resolution(nodes: Sequence[Node]) -> tuple[Stage, ...]:
    """Stages of a network without a module tree: a new one wherever the resolution changes."""
    runs = [tuple(members) for _, members in groupby(nodes, key=resolution)]
    merged: list[list[Node]] = []
    for run in runs:
        if merged and (len(run) <= SMALL or len(merged[-1]) <= SMALL):
            merged[-1].extend(run)
        else:
            merged.append(list(run))
    stages = []
    for members in merged:
        height, width = resolution(members[-1])
        name = "layers" if height * width == 1 else f"{height}×{width}"
        stages.append(Stage(name, (Block("", tuple(members)),)))
    return tuple(stages)


def _common_name(paths: list[Path]) -> str:
    """What the names of several modules share, or the first and the last of them."""
    shared = commonprefix([".".join(path) for path in paths])
    parent = commonprefix([list(path) for path in paths])
    first, last = paths[0][-1], paths[-1][-1]
    if first.isdigit() and last.isdigit():
        return f"{_short(tuple(parent))} {first}–{last}".strip()
    stem = shared.split(".")[-1].rstrip("_0")
    return stem if len(stem) > 2 else f"{first}–{last}"


def _short(path: Path) -> str:
    """The last part of a path; a number takes its parent along."""
    if len(path) > 1 and path[-1].isdigit():
        return f"{path[-2]}.{path[-1]}"
    return path[-1] if path else ""
