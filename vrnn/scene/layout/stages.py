"""The stages and blocks of a network, read from its module tree.

A stage is what gets a step of the terrace (`layer1`, `denseblock2`); a block is what stays together
on it (`layer1.0`). Nodes keep the order in which they ran.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from statistics import median

from vrnn.network.axes import places_text
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Network, Node
from vrnn.network.positions import LINE_PRESENTATIONS, column_role
from vrnn.scene.layout.stage_names import Path, module_name, modules_name, with_parents

DOMINANT = 0.6
"""A module that holds a larger part of the network than this is opened into its children."""
MAX_MODULES = 8
"""With more modules than this at the top, those of one resolution share a stage."""
SMALL = 0.5
"""A module with fewer nodes than this part of a usual module's is no stage of its own."""
MAX_SHORT_RUN = 2
"""A run of at most this many nodes of one resolution is no stage of its own."""
MAX_STEM = 8
"""A stem of more nodes than this that lie in one module is called as that."""
MAX_BRANCHED = 32
"""Branches beside each other are one block as long as they have at most this many nodes."""

Sources = Mapping[int, Collection[int]]
"""Ids of the nodes that each node takes data from."""


@dataclass(frozen=True)
class StageBlock:
    """Nodes that stay together.

    Attributes:
        name: Module path, or '' when there is none.
        nodes: In run order.
    """

    name: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Stage:
    """Blocks that share a step.

    Attributes:
        name: What the user reads.
        blocks: In run order.
        is_module: Whether it is one module, and its blocks are modules in that.
    """

    name: str
    blocks: tuple[StageBlock, ...]
    is_module: bool = False

    @cached_property
    def block_of(self) -> Mapping[int, int]:
        """Number of each node's block, by node id."""
        return {node.id: i for i, block in enumerate(self.blocks) for node in block.nodes}

    @property
    def paths(self) -> list[Path]:
        """Of the modules that its blocks are."""
        return [tuple(block.name.split(".")) for block in self.blocks if block.name]


@dataclass(frozen=True)
class _Group:
    """Nodes that ran one after another inside a module.

    Attributes:
        path: Of the module.
        nodes: In run order.
        is_small: Whether they are too few for a stage.
    """

    path: Path
    nodes: tuple[Node, ...]
    is_small: bool = False

    @property
    def resolution(self) -> tuple[int, int]:
        return resolution(self.nodes[-1])


def path_of(node: Node) -> Path:
    """Return the node's way through the module tree, down to its operation or leaf module."""
    scope = tuple(node.scope.split(".")) if node.scope else ()
    name = tuple(node.name.split("."))
    return name if name[: len(scope)] == scope else (*scope, node.name)


def resolution(node: Node) -> tuple[int, int]:
    """Return height and width of the node's maps."""
    return map_shape(node.shape)[1:]


def find_stages(network: Network) -> tuple[Stage, ...]:
    """Return the stages in run order; together their blocks hold every node once."""
    groups = _mark_small(_open_dominant(_runs(network.nodes, 0), len(network.nodes)))
    big = [i for i, group in enumerate(groups) if not group.is_small]
    if not big:
        return _by_resolution(network.nodes)
    stem = [node for group in groups[: big[0]] for node in group.nodes]
    first = big[0]
    if all(node.operation == "input" for node in stem):
        stem, first = [], 0
    head = [node for group in groups[big[-1] + 1 :] for node in group.nodes]
    middle = _join_resolutions(_attach_small(groups[first : big[-1] + 1]))
    sources: dict[int, set[int]] = {node.id: set() for node in network.nodes}
    for edge in network.edges:
        sources[edge.target].add(edge.source)
    stages = [_stage(parts, sources) for parts in middle]
    names = with_parents([s.name for s in stages], [next(iter(s.paths), ()) for s in stages])
    stages = [replace(stage, name=name) for stage, name in zip(stages, names, strict=True)]
    if stem:
        stages.insert(0, Stage(_stem_name(stem), (StageBlock("", tuple(stem)),)))
    if head:
        stages.append(Stage("head", (StageBlock("", tuple(head)),)))
    return tuple(stages)


def _runs(nodes: Sequence[Node], depth: int) -> list[_Group]:
    """Groups of consecutive nodes whose paths agree down to this depth."""
    runs = groupby(nodes, key=lambda node: path_of(node)[: depth + 1])
    return [_Group(path, tuple(members)) for path, members in runs]


def _mark_small(groups: list[_Group]) -> list[_Group]:
    """The groups, those marked that are single operations or much smaller than usual ones."""
    sizes = [len(group.nodes) for group in groups if not _is_leaf(group)]
    usual = median(sizes) if sizes else 0
    return [
        replace(group, is_small=_is_leaf(group) or len(group.nodes) < SMALL * usual)
        for group in groups
    ]


def _is_leaf(group: _Group) -> bool:
    """Whether a group is an operation, or a module of one node or without parts."""
    return len(group.nodes) == 1 or all(path_of(node) == group.path for node in group.nodes)


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


def _attach_small(groups: list[_Group]) -> list[list[_Group]]:
    """Each big group with the small ones beside it that work at its resolution.

    A small group between two big ones goes to the next one when it leaves the data at that one's
    resolution (a pooling or a patch merging before a stage), else to the one before.
    """
    result: list[list[_Group]] = []
    waiting: list[_Group] = []
    for group in groups:
        if group.is_small:
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


def _join_resolutions(parts: list[list[_Group]]) -> list[list[_Group]]:
    """Neighbors of one resolution joined, when there are too many to give each a step."""
    if len(parts) <= MAX_MODULES:
        return parts
    runs = groupby(parts, key=lambda groups: groups[-1].resolution)
    return [[group for groups in members for group in groups] for _, members in runs]


def _stage(groups: list[_Group], sources: Sources) -> Stage:
    """A stage of one or several modules: each module a block, or a lone module's children."""
    modules = [group for group in groups if not group.is_small]
    if len(modules) > 1:
        return Stage(modules_name([group.path for group in modules]), _blocks(groups))
    module = modules[0]
    inner = _mark_small(_open_dominant(_children(module), len(module.nodes)))
    if _are_parallel(inner, sources):
        inner = [module]
    index = groups.index(module)
    blocks = _blocks([*groups[:index], *inner, *groups[index + 1 :]])
    return Stage(module_name(module.path), blocks, is_module=True)


def _are_parallel(groups: list[_Group], sources: Sources) -> bool:
    """Whether groups are branches: a later one takes nothing from those before."""
    if sum(len(group.nodes) for group in groups) > MAX_BRANCHED:
        return False
    seen = {node.id for node in groups[0].nodes}
    for group in groups[1:]:
        if not any(seen.intersection(sources[node.id]) for node in group.nodes):
            return True
        seen.update(node.id for node in group.nodes)
    return False


def _blocks(groups: list[_Group]) -> tuple[StageBlock, ...]:
    """One block a module; the first one takes what comes before it, each what comes after it."""
    blocks: list[tuple[Path, list[Node]]] = []
    for number, group in enumerate(groups):
        joins_last = bool(blocks) and (group.is_small or all(g.is_small for g in groups[:number]))
        if not joins_last:
            blocks.append((group.path, list(group.nodes)))
            continue
        nodes = blocks[-1][1]
        nodes.extend(group.nodes)
        if not group.is_small:
            blocks[-1] = (group.path, nodes)
    return tuple(StageBlock(".".join(path), tuple(nodes)) for path, nodes in blocks)


def _by_resolution(nodes: Sequence[Node]) -> tuple[Stage, ...]:
    """Stages of a network without a module tree: a new one wherever the resolution changes."""
    runs = [tuple(members) for _, members in groupby(nodes, key=resolution)]
    merged: list[list[Node]] = []
    for run in runs:
        if merged and (len(run) <= MAX_SHORT_RUN or len(merged[-1]) <= MAX_SHORT_RUN):
            merged[-1].extend(run)
        else:
            merged.append(list(run))
    stages = []
    for members in merged:
        if any(node.operation == "fold" for node in members):
            blocks = tuple(StageBlock(".".join(path_of(node)), (node,)) for node in members)
            stages.append(Stage(modules_name([path_of(node) for node in members]), blocks))
        else:
            stages.append(Stage(_usual_resolution(members), (StageBlock("", tuple(members)),)))
    return tuple(stages)


def _usual_resolution(nodes: Sequence[Node]) -> str:
    """What layers are called after the resolution that most of them have, the last of those."""
    counts = Counter(resolution(node) for node in nodes)
    most = max(counts.values())
    return _resolution_name(next(n for n in reversed(nodes) if counts[resolution(n)] == most))


def _resolution_name(node: Node) -> str:
    """What layers with such maps are called: `56×56`, `layers of 12 tokens`, `layers`."""
    height, width = resolution(node)
    if height * width == 1 or node.presentation == "vector":
        return "layers"
    if height == 1 and node.presentation in LINE_PRESENTATIONS:
        role = column_role(node)
        count = next((axis.size for axis in node.axes if axis.role == role), width)
        return f"layers of {places_text(role, count)}"
    return f"{height}×{width}"


def _stem_name(nodes: Sequence[Node]) -> str:
    """What comes before the stages: `stem`, or the module that it is in where it is long."""
    paths = {path_of(node)[:1] for node in nodes if node.operation != "input"}
    only = paths.pop() if len(paths) == 1 else ()
    return module_name(only) if only and len(nodes) > MAX_STEM else "stem"
