"""How finely a traced network is shown: operations folded into the layers a person thinks in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from vrnn.compute.operators import catalog as ops
from vrnn.compute.operators.tensor_layout import MapLayout, infer_map_layout
from vrnn.compute.tracing.tracer import OpRecord, Trace
from vrnn.errors import VrnnError
from vrnn.network.graph import Annotation, Edge, Network, Node

FOLDABLE = frozenset({*ops.ACTIVATIONS, *ops.NORMS})
"""Folded behind the layer before it, where nothing else uses that one's result."""
SMALL = frozenset({*ops.ARITHMETIC, "pad", "roll", "neg", "sqrt", "square", "exp", "abs", "set"})
"""Folded too when they take one tensor and constants only."""


@dataclass(frozen=True, eq=False)
class GraphView:
    """A network at one level of detail.

    forms: how each node's tensor is read; shown: the record whose tensor it is; members: all
    records that the node stands for, in run order; each by node id.
    """

    network: Network
    map_layouts: dict[int, MapLayout]
    records: dict[int, OpRecord]
    members: dict[int, tuple[OpRecord, ...]]
    trace: Trace


def simplify(trace: Trace, detail: str) -> GraphView:
    """The network as `layers`, `modules` or `all` (each operation). Raises VrnnError."""
    if not trace.outputs:
        raise VrnnError(
            f"{trace.name}: the model's result does not depend on its input, so there is nothing "
            "to show; return a tensor computed from the input"
        )
    records = {record.id: record for record in _useful(trace)}
    if trace.tracked:
        return _graph_view(trace, records, _tracked_groups(trace, records), _names(trace, records))
    groups = {record: [record] for record in records}
    if detail == "layers":
        groups = _folded(trace, records, groups)
    elif detail == "modules":
        groups = _folded(trace, records, _by_module(records), whole_modules=True)
    return _graph_view(trace, records, groups, _names(trace, records))


def _useful(trace: Trace) -> list[OpRecord]:
    """What leads to an output or is a leaf module's result; tests on values lead nowhere."""
    needed = set(trace.outputs) | set(trace.inputs) | {record for record, _ in trace.tracked}
    needed |= {r.id for r in trace.records if r.is_leaf_module}
    for record in reversed(trace.records):
        if record.id in needed:
            needed.update(record.sources)
    return [record for record in trace.records if record.id in needed]


Groups = dict[int, list[int]]
"""Records shown as one node, in run order, by the id of the last."""


def _by_module(records: dict[int, OpRecord]) -> Groups:
    """One group for each call of a leaf module."""
    calls: dict[tuple[str, int] | int, list[int]] = {}
    for record in records.values():
        whole = record.is_leaf_module and record.module and record.operation != "input"
        calls.setdefault((record.module, record.module_call) if whole else record.id, []).append(
            record.id
        )
    return {members[-1]: members for members in calls.values()}


def _folded(
    trace: Trace, records: dict[int, OpRecord], groups: Groups, whole_modules: bool = False
) -> Groups:
    """Groups with norms, activations and small steps put behind what they follow.

    whole_modules: a leaf module stays a node of its own.
    """
    group_of = {record: last for last, members in groups.items() for record in members}
    uses: Counter[int] = Counter()
    for last, members in groups.items():
        uses.update({group_of[s] for r in members for s in records[r].sources} - {last})
    held = set(trace.outputs) | {record for record, _ in trace.markers}
    result: Groups = {}
    head: dict[int, int] = {}
    for last, members in groups.items():
        sources = {group_of[s] for r in members for s in records[r].sources} - {last}
        before = next(iter(sources)) if len(sources) == 1 else None
        own = whole_modules and records[last].is_leaf_module
        if not own and before is not None and _folds(records, members, before, uses, held):
            first = head[before]
            result[first] += members
        else:
            first = last
            result[first] = list(members)
        head[last] = first
    return {members[-1]: members for members in result.values()}


def _folds(
    records: dict[int, OpRecord],
    members: list[int],
    before: int,
    uses: Counter[int],
    held: set[int],
) -> bool:
    record, source = records[members[-1]], records[before]
    if len(members) != 1 or uses[before] != 1 or before in held or record.is_attention:
        return False
    if source.operation == "input" or source.is_attention:
        return False
    same = record.shape == source.shape
    return (record.operation in FOLDABLE and same) or record.operation in SMALL


def _tracked_groups(trace: Trace, records: dict[int, OpRecord]) -> Groups:
    """Only what trackers saw, and the inputs."""
    chosen = dict.fromkeys([*trace.inputs, *(record for record, _ in trace.tracked)])
    return {record: [record] for record in sorted(chosen) if record in records}


def _graph_view(
    trace: Trace, records: dict[int, OpRecord], groups: Groups, names: dict[int, str]
) -> GraphView:
    nodes, forms, shown = [], {}, {}
    tracked = dict(trace.tracked)
    for last, members in sorted(groups.items()):
        record, first = records[last], records[members[0]]
        head = next((records[m] for m in members if records[m].operation not in ops.NORMS), first)
        head = first if first.operation not in SMALL else head
        form = infer_map_layout(
            record.shape, record.axis_layout, record.is_attention, trace.batch_size
        )
        labels = dict.fromkeys(records[m].label for m in members)
        nodes.append(
            Node(
                last,
                tracked.get(last) or names[head.id],
                head.operation,
                " · ".join(labels),
                "" if head.operation == "input" else head.module,
                form.shape,
                sum(records[m].parameter_count for m in members),
                head.module_call,
            )
        )
        forms[last], shown[last] = form, record
    edges = _edges(records, groups, {node.id: node for node in nodes})
    group_of = {record: last for last, members in groups.items() for record in members}
    outputs = _nearest(records, group_of, trace.outputs)
    markers = tuple(
        Annotation(node, text)
        for record, text in trace.markers
        for node in _nearest(records, group_of, [record])
    )
    inputs = tuple(i for i in trace.inputs if i in groups)
    network = Network(trace.name, tuple(_unique(nodes)), edges, inputs, tuple(outputs), markers)
    parts = {last: tuple(records[m] for m in members) for last, members in groups.items()}
    return GraphView(network, forms, shown, parts, trace)


def _nearest(
    records: dict[int, OpRecord], group_of: dict[int, int], wanted: list[int]
) -> list[int]:
    """The shown nodes these records are in, or else the ones they come from."""
    found: dict[int, None] = {}
    waiting, seen = list(wanted), set()
    while waiting:
        record = waiting.pop(0)
        if record in group_of:
            found[group_of[record]] = None
        elif record not in seen and record in records:
            seen.add(record)
            waiting += records[record].sources
    return list(found)


def _edges(
    records: dict[int, OpRecord], groups: Groups, nodes: dict[int, Node]
) -> tuple[Edge, ...]:
    group_of = {record: last for last, members in groups.items() for record in members}
    origins: dict[int, tuple[int, ...]] = {}  # of a record that is not shown itself
    edges: dict[tuple[int, int], None] = {}
    for record in records.values():
        sources: list[int] = []
        for source in record.sources:
            sources += [group_of[source]] if source in group_of else origins[source]
        if record.id not in group_of:
            origins[record.id] = tuple(dict.fromkeys(sources))
            continue
        own = group_of[record.id]
        edges.update({(source, own): None for source in sources if source != own})
    ordered = sorted(edges, key=lambda edge: edge[1])
    return tuple(Edge(a, b, nodes[b].operation) for a, b in ordered)


def _names(trace: Trace, records: dict[int, OpRecord]) -> dict[int, str]:
    """A readable name for each record: the module's path, or the path and the operation."""
    alone = Counter((r.module, r.module_call) for r in records.values() if r.operation != "input")
    names = {}
    for record in records.values():
        path = record.module
        attention = record.operation == "attention" and "ttention" in trace.module_types.get(
            path, ""
        )
        if record.operation == "input" or (
            path and (attention or (record.is_leaf_module and alone[path, record.module_call] == 1))
        ):
            names[record.id] = path
        else:
            names[record.id] = f"{path}.{record.operation}" if path else record.operation
    return names


def _unique(nodes: list[Node]) -> list[Node]:
    taken: Counter[str] = Counter()
    result = []
    for node in nodes:
        taken[node.name] += 1
        name = node.name
        while taken[node.name] > 1 and (
            name == node.name or any(name == other.name for other in nodes)
        ):
            name = f"{node.name}_{taken[node.name]}"
            if any(name == other.name for other in nodes):
                taken[node.name] += 1
        result.append(Node(**{**vars(node), "name": name}))
    return result
