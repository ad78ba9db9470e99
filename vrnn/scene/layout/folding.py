"""A network with some of its modules folded: each becomes one node, joined by the same edges."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from vrnn.network.graph import Annotation, Edge, Network, Node

DOMINANT = 0.6
"""The only outermost module is opened when it holds at least this part of the network."""


@dataclass(frozen=True, eq=False)
class FoldedNetwork:
    """A network with some of its modules folded.

    Attributes:
        network: What is visible, itself a network.
        representative: The visible node for each node of the whole network.
        folded_modules: Name of the module by the node that represents it.
        unfoldable: Modules that cannot be folded, as data leaves them and comes back.
    """

    network: Network
    representative: Mapping[int, int]
    folded_modules: Mapping[int, str]
    unfoldable: tuple[str, ...] = ()


def modules(network: Network) -> dict[str, tuple[int, ...]]:
    """Return the modules that hold at least two nodes, in run order, and the nodes in each."""
    members: dict[str, list[int]] = {}
    for node in network.nodes:
        parts = node.scope.split(".") if node.scope else []
        for end in range(1, len(parts) + 1):
            members.setdefault(".".join(parts[:end]), []).append(node.id)
    return {name: tuple(ids) for name, ids in members.items() if len(ids) > 1}


def stage_modules(network: Network) -> tuple[str, ...]:
    """Return the modules that a person would call the network's stages.

    They are its outermost modules, or those in the only outermost one where that holds most of it.
    """
    names = modules(network)
    outer = ""
    while True:
        inside = [n for n in names if _parent(n) == outer]
        if len(inside) != 1 or len(names[inside[0]]) < DOMINANT * len(network.nodes):
            return tuple(inside)
        if not any(_parent(n) == inside[0] for n in names):
            return tuple(inside)
        outer = inside[0]


def fold_modules(network: Network, folds: Collection[str]) -> FoldedNetwork:
    """Fold modules of a network.

    A module inside another one that is folded is not visible.

    Args:
        network: The whole network.
        folds: Names of modules.
    """
    members = modules(network)
    unfoldable: list[str] = []
    while True:
        wanted = [name for name in members if name in folds and name not in unfoldable]
        outer = [n for n in wanted if not any(n.startswith(f"{other}.") for other in wanted)]
        representative = {node.id: node.id for node in network.nodes}
        for name in outer:
            representative.update(dict.fromkeys(members[name], members[name][-1]))
        pairs = [(representative[e.source], representative[e.target]) for e in network.edges]
        order, cycle = list(network.by_id), set[int]()
        if outer:
            order, cycle = _run_order(network, representative, pairs)
        if not cycle:
            break
        unfoldable += [name for name in outer if members[name][-1] in cycle]
    folded = {members[name][-1]: name for name in outer}
    nodes = tuple(
        _module_node(network, folded[i], members[folded[i]]) if i in folded else network.by_id[i]
        for i in order
    )
    edges: dict[tuple[int, int], Edge] = {}
    for edge, (source, target) in zip(network.edges, pairs, strict=True):
        if source != target:
            label = "" if target in folded else edge.label
            edges.setdefault((source, target), Edge(source, target, label))
    result = Network(
        network.name, nodes, tuple(edges.values()), _visible(network.inputs, representative),
        _visible(network.outputs, representative),
        tuple(Annotation(representative[a.node], a.text) for a in network.annotations),
        network.node_layout,
    )  # fmt: skip
    return FoldedNetwork(result, representative, folded, tuple(unfoldable))


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def _run_order(
    network: Network, representative: Mapping[int, int], pairs: Iterable[tuple[int, int]]
) -> tuple[list[int], set[int]]:
    """Ids of what is visible in run order; or, where data comes back to a module, the circle."""
    import networkx  # here: it takes a tenth of a second, which a start without folds need not wait

    graph: networkx.DiGraph = networkx.DiGraph()
    graph.add_nodes_from(representative.values())
    graph.add_edges_from(pair for pair in pairs if pair[0] != pair[1])
    if not networkx.is_directed_acyclic_graph(graph):
        return [], {edge[0] for edge in networkx.find_cycle(graph)}
    first = _first_positions(network, representative)
    return list(networkx.lexicographical_topological_sort(graph, key=first.__getitem__)), set()


def _first_positions(network: Network, representative: Mapping[int, int]) -> dict[int, int]:
    """Position in run order of the first node that each visible one represents."""
    first: dict[int, int] = {}
    for index, node in enumerate(network.nodes):
        first.setdefault(representative[node.id], index)
    return first


def _module_node(network: Network, name: str, members: tuple[int, ...]) -> Node:
    """The node that represents a module: the result of its last operation."""
    last = network.by_id[members[-1]]
    count = sum(network.by_id[m].parameters for m in members)
    label = f"{len(members)} layers folded" + (f" · {count:,} parameters" if count else "")
    return replace(
        last, name=name, operation="fold", label=label, scope=_parent(name), parameters=count
    )


def _visible(ids: tuple[int, ...], representative: Mapping[int, int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(representative[i] for i in ids))
