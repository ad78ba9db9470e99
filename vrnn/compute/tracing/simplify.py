"""Levels of detail: a trace's operations grouped into the layers that a person thinks in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from vrnn.compute.operators import catalog
from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.compute.tracing.map_layouts import read_tensor
from vrnn.compute.tracing.trace import OpRecord, Trace
from vrnn.errors import VrnnError
from vrnn.network.axes import AxisRole
from vrnn.network.graph import Annotation, Edge, Network, Node


@dataclass(frozen=True, eq=False)
class GraphView:
    """A traced network at one level of detail.

    Attributes:
        network: Its nodes and edges.
        map_layouts: How each node's tensor is read as feature maps, by node id.
        records: The operation whose result each node shows, by node id.
        members: All operations that each node stands for, in run order, by node id.
        trace: The trace that it was made of.
    """

    network: Network
    map_layouts: dict[int, MapLayout]
    records: dict[int, OpRecord]
    members: dict[int, tuple[OpRecord, ...]]
    trace: Trace


def simplify(trace: Trace, detail: str) -> GraphView:
    """Group a trace's operations into nodes.

    Args:
        trace: A traced pass.
        detail: `layers` (norms, activations and minor operations folded into the layer before
            them), `modules` (one node for each leaf module) or `all` (each operation).

    Raises:
        VrnnError: No tensor of the result was computed from the input.
    """
    if not any(trace.records[i].pixel_field is not None for i in trace.outputs):
        raise VrnnError(_independent_result(trace))
    records = {record.id: record for record in _relevant_records(trace)}
    names = _record_names(trace, records)
    if trace.tracked:
        return _build_view(trace, records, _group_tracked(trace, records), names)
    groups = {record: [record] for record in records}
    if detail == "layers":
        groups = _fold_groups(trace, records, groups)
    elif detail == "modules":
        groups = _fold_groups(trace, records, _group_by_module(records), keep_modules=True)
    return _build_view(trace, records, groups, names)


RolesByLayer = Mapping[str, Sequence[AxisRole]]
"""What the user says that the axes of a layer hold, the batch included, by the layer's name."""


def with_roles(view: GraphView, roles: RolesByLayer) -> GraphView:
    """Return a view in which axes of layers hold what the user says; their maps are read anew.

    Args:
        view: The view.
        roles: What the user says. Of a layer that has another number of axes it is ignored.
    """
    nodes, layouts = [], dict(view.map_layouts)
    for node in view.network.nodes:
        given = roles.get(node.name)
        if given is not None and len(given) == len(node.axes):
            record = view.records[node.id]
            reading = read_tensor(record.axes, record.is_attention, given)
            layouts[node.id] = reading.layout
            node = replace(
                node, shape=reading.layout.shape, axes=reading.axes,
                presentation=reading.presentation, choices=reading.choices,
            )  # fmt: skip
        nodes.append(node)
    return replace(view, network=replace(view.network, nodes=tuple(nodes)), map_layouts=layouts)


def _independent_result(trace: Trace) -> str:
    """A sentence about a result that no operation of torch made of the input."""
    inner = [path for path in trace.module_types if path and "." not in path]
    advice = "return a tensor that torch computes from the input"
    if len(inner) == 1:  # a wrapper, such as one that predicts files
        advice += f", or choose the model inside, as with model = model.{inner[0]} in the script"
    return (
        f"{trace.name}: torch computes no tensor of the model's result from its input, so there "
        f"is nothing to show; {advice}"
    )


def _relevant_records(trace: Trace) -> list[OpRecord]:
    """What leads to an output, and leaf modules' results; tests on values lead nowhere."""
    needed = set(trace.outputs) | set(trace.inputs) | {record for record, _ in trace.tracked}
    needed |= {r.id for r in trace.records if r.is_leaf_module}
    for record in reversed(trace.records):
        if record.id in needed:
            needed.update(record.sources)
    return [record for record in trace.records if record.id in needed]


MOVING = ("pad", "set")
"""Minor operations that put maps as they are into larger ones."""
Groups = dict[int, list[int]]
"""Ids of the records shown as one node, in run order, by the id of the last."""


def _group_by_module(records: dict[int, OpRecord]) -> Groups:
    """One group for each call of a leaf module."""
    calls: dict[tuple[str, int] | int, list[int]] = {}
    for record in records.values():
        is_module = record.is_leaf_module and record.module and record.operation != "input"
        key = (record.module, record.module_call) if is_module else record.id
        calls.setdefault(key, []).append(record.id)
    return {members[-1]: members for members in calls.values()}


def _groups_of_records(groups: Groups) -> dict[int, int]:
    """The group that each record is in."""
    return {record: last for last, members in groups.items() for record in members}


def _fold_groups(
    trace: Trace, records: dict[int, OpRecord], groups: Groups, keep_modules: bool = False
) -> Groups:
    """Fold norms, activations and minor operations into the group that they follow.

    keep_modules: a leaf module stays a node of its own.
    """
    group_of = _groups_of_records(groups)
    uses: Counter[int] = Counter()
    for last, members in groups.items():
        uses.update({group_of[s] for r in members for s in records[r].sources} - {last})
    fixed = set(trace.outputs) | {record for record, _ in trace.markers}
    result: Groups = {}
    head_of: dict[int, int] = {}
    for last, members in groups.items():
        sources = {group_of[s] for r in members for s in records[r].sources} - {last}
        is_kept = keep_modules and records[last].is_leaf_module
        is_single = len(sources) == len(members) == 1
        before = next(iter(sources)) if is_single and not is_kept else None
        if (
            before is not None
            and uses[before] == 1
            and before not in fixed
            and _is_foldable(records[last], records[before])
        ):
            head = head_of[before]
            result[head] += members
        else:
            head = last
            result[head] = list(members)
        head_of[last] = head
    return {members[-1]: members for members in result.values()}


def _is_foldable(record: OpRecord, source: OpRecord) -> bool:
    """Whether an operation on one tensor is folded into what made that tensor."""
    if record.is_attention or source.is_attention or source.operation == "input":
        return False
    role = catalog.lookup(record.operation).role
    if role == "minor":
        # Of a part of the maps, or made of each value several times, it would hide the maps.
        before, after = prod(source.shape), prod(record.shape)
        return after == before or (after > before and record.operation in MOVING)
    return role in ("activation", "norm") and record.shape == source.shape


def _group_tracked(trace: Trace, records: dict[int, OpRecord]) -> Groups:
    """Only what trackers saw, and the inputs."""
    chosen = dict.fromkeys([*trace.inputs, *(record for record, _ in trace.tracked)])
    return {record: [record] for record in sorted(chosen) if record in records}


def _build_view(
    trace: Trace, records: dict[int, OpRecord], groups: Groups, names: dict[int, str]
) -> GraphView:
    nodes, map_layouts, shown = [], {}, {}
    tracker_names = dict(trace.tracked)
    for last, members in sorted(groups.items()):
        record, head = records[last], records[members[0]]
        reading = read_tensor(record.axes, record.is_attention)
        labels = dict.fromkeys(records[m].label for m in members)
        nodes.append(
            Node(
                last,
                tracker_names.get(last) or names[head.id],
                head.operation,
                " · ".join(labels),
                "" if head.operation == "input" else head.module,
                reading.layout.shape,
                sum(records[m].parameter_count for m in members),
                head.module_call,
                reading.axes,
                reading.presentation,
                reading.choices,
            )
        )
        map_layouts[last], shown[last] = reading.layout, record
    edges = _build_edges(records, groups, {node.id: node for node in nodes})
    group_of = _groups_of_records(groups)
    outputs = _nearest_groups(records, group_of, trace.outputs)
    annotations = tuple(
        Annotation(node, text)
        for record, text in trace.markers
        for node in _nearest_groups(records, group_of, [record])
    )
    inputs = tuple(i for i in trace.inputs if i in groups)
    network = Network(
        trace.name, tuple(_with_unique_names(nodes)), edges, inputs, tuple(outputs), annotations
    )
    members_of = {last: tuple(records[m] for m in members) for last, members in groups.items()}
    return GraphView(network, map_layouts, shown, members_of, trace)


def _nearest_groups(
    records: dict[int, OpRecord], group_of: dict[int, int], wanted: list[int]
) -> list[int]:
    """The nodes that these records are in, or else the nodes that they come from."""
    nearest: dict[int, None] = {}
    waiting, seen = list(wanted), set()
    while waiting:
        record = waiting.pop(0)
        if record in group_of:
            nearest[group_of[record]] = None
        elif record not in seen and record in records:
            seen.add(record)
            waiting += records[record].sources
    return list(nearest)


def _build_edges(
    records: dict[int, OpRecord], groups: Groups, nodes: dict[int, Node]
) -> tuple[Edge, ...]:
    group_of = _groups_of_records(groups)
    origins: dict[int, tuple[int, ...]] = {}  # of a record that is not shown itself
    edges: dict[tuple[int, int], None] = {}
    for record in records.values():
        sources: list[int] = []
        for source in record.sources:
            sources += [group_of[source]] if source in group_of else origins[source]
        if record.id not in group_of:
            origins[record.id] = tuple(dict.fromkeys(sources))
            continue
        target = group_of[record.id]
        edges.update({(source, target): None for source in sources if source != target})
    ordered = sorted(edges, key=lambda edge: edge[1])
    return tuple(Edge(a, b, nodes[b].operation) for a, b in ordered)


def _record_names(trace: Trace, records: dict[int, OpRecord]) -> dict[int, str]:
    """A readable name for each record: the module's path, or the path and the operation."""
    counts = Counter((r.module, r.module_call) for r in records.values() if r.operation != "input")
    names = {}
    for record in records.values():
        path = record.module
        is_attention_module = record.operation == "attention" and (
            "ttention" in trace.module_types.get(path, "")
        )
        is_whole_module = record.is_leaf_module and counts[path, record.module_call] == 1
        if record.operation == "input" or (path and (is_attention_module or is_whole_module)):
            names[record.id] = path
        else:
            names[record.id] = f"{path}.{record.operation}" if path else record.operation
    return names


def _with_unique_names(nodes: list[Node]) -> list[Node]:
    """The nodes, those of the same name numbered."""
    counts: Counter[str] = Counter()
    given = {node.name for node in nodes}
    result = []
    for node in nodes:
        counts[node.name] += 1
        name = node.name
        while counts[node.name] > 1 and name in given:
            name = f"{node.name}_{counts[node.name]}"
            if name in given:
                counts[node.name] += 1
        result.append(Node(**{**vars(node), "name": name}))
    return result
