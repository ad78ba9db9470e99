"""A network with some of its modules folded: each becomes one box, joined by the same edges."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import networkx

from vrnn.network.graph import Annotation, Edge, Network, Node


@dataclass(frozen=True, eq=False)
class FoldedNetwork:
    """network: what is left to see, itself a network; home: for each node of the whole one, the
    node that it is seen as; boxes: module by the node that stands for it; refused: modules that
    cannot be folded, as data leaves them and comes back."""

    network: Network
    representative: Mapping[int, int]
    folded_modules: Mapping[int, str]
    unfoldable: tuple[str, ...] = ()


def modules(network: Network) -> dict[str, tuple[int, ...]]:
    """Modules that hold at least two nodes, in run order, and the nodes in each."""
    found: dict[str, list[int]] = {}
    for node in network.nodes:
        parts = node.scope.split(".") if node.scope else []
        for end in range(1, len(parts) + 1):
            found.setdefault(".".join(parts[:end]), []).append(node.id)
    return {name: tuple(ids) for name, ids in found.items() if len(ids) > 1}


def stage_modules(network: Network) -> tuple[str, ...]:
    """The modules that a person would call the network's stages: its outermost ones, or what is in
    the only outermost one."""
    names = modules(network)
    outer = ""
    while True:
        inside = [n for n in names if _parent(n) == outer]
        if len(inside) != 1 or len(names[inside[0]]) < 0.6 * len(network.nodes):
            return tuple(inside)
        if not any(_parent(n) == inside[0] for n in names):
            return tuple(inside)
        outer = inside[0]


def fold_modules(network: Network, folds: Collection[str]) -> FoldedNetwork:
    """Fold these modules; one inside another folded one is not seen."""
    members = modules(network)
    refused: list[str] = []
    while True:
        wanted = [name for name in members if name in folds and name not in refused]
        kept = [n for n in wanted if not any(n.startswith(f"{other}.") for other in wanted)]
        home = {node.id: node.id for node in network.nodes}
        for name in kept:
            home.update(dict.fromkeys(members[name], members[name][-1]))
        graph: networkx.DiGraph = networkx.DiGraph()
        graph.add_nodes_from(home.values())
        pairs = [(home[e.source], home[e.target]) for e in network.edges]
        graph.add_edges_from(pair for pair in pairs if pair[0] != pair[1])
        if networkx.is_directed_acyclic_graph(graph):
            break
        cycle = {edge[0] for edge in networkx.find_cycle(graph)}
        refused += [name for name in kept if members[name][-1] in cycle]
    boxes = {members[name][-1]: name for name in kept}
    order = networkx.lexicographical_topological_sort(graph, key=_first(network, home).__getitem__)
    nodes = tuple(
        _box(network, boxes[i], members[boxes[i]]) if i in boxes else network.by_id[i]
        for i in order
    )
    edges: dict[tuple[int, int], Edge] = {}
    for edge, (source, target) in zip(network.edges, pairs, strict=True):
        if source != target:
            label = "" if target in boxes else edge.label
            edges.setdefault((source, target), Edge(source, target, label))
    result = Network(
        network.name, nodes, tuple(edges.values()), _seen(network.inputs, home),
        _seen(network.outputs, home),
        tuple(Annotation(home[m.node], m.text) for m in network.annotations),
    )  # fmt: skip
    return FoldedNetwork(result, home, boxes, tuple(refused))


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def _first(network: Network, home: Mapping[int, int]) -> dict[int, int]:
    first: dict[int, int] = {}
    for index, node in enumerate(network.nodes):
        first.setdefault(home[node.id], index)
    return first


def _box(network: Network, name: str, members: tuple[int, ...]) -> Node:
    """The node that stands for a module: the result of its last operation."""
    last = network.by_id[members[-1]]
    count = sum(network.by_id[m].parameters for m in members)
    label = f"{len(members)} layers folded" + (f" · {count:,} parameters" if count else "")
    return replace(
        last, name=name, operation="fold", label=label, scope=_parent(name), parameters=count
    )


def _seen(ids: tuple[int, ...], home: Mapping[int, int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(home[i] for i in ids))
