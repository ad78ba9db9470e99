"""The receptive field of every node that is shown, read off the fields in a trace.

The fields themselves are followed through the pass, operation by operation (`field_rules`), so
branches, views and writes in place count as they ran.
"""

from __future__ import annotations

from vrnn.compute.operators.receptive_field import Geometry, PixelField, push_through_view
from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.compute.tracing.simplify import GraphView
from vrnn.network.feature_maps import map_shape
from vrnn.network.receptive_field import ReceptiveField


def receptive_fields(view: GraphView) -> dict[int, ReceptiveField]:
    """By node id, in pixels of the network's first input, in terms of positions in the node's maps.

    A network of several inputs: pixels at the same place in all of the same height and width; what
    depends on one of another size counts as depending on the whole.
    """
    nodes = view.network.by_id
    _, *size = map_shape(nodes[view.network.inputs[0]].shape)
    found = {}
    for node, record in view.records.items():
        form = view.map_layouts[node]
        field = record.pixel_field
        field = field.as_global() if record.is_attention else _on_map(field, record.shape, form)
        found[node] = _public(field, form.shape, (size[0], size[1]))
    return found


def _on_map(field: PixelField, shape: tuple[int, ...], form: MapLayout) -> PixelField:
    """A tensor's field as one of the (C, H, W) maps it is shown as (`maps.convert`)."""
    if field.axes == (None, None):
        return field
    tensor = Geometry.contiguous(shape)
    seen = tensor
    if form.batch_axis is not None:
        seen = seen.narrowed(form.batch_axis, 0, 1)
        rest = [axis for axis in range(len(shape)) if axis != form.batch_axis]
        seen = seen.permuted([form.batch_axis, *rest])
    first = 0 if form.batch_axis is None else 1
    if form.order == "tokens" and form.prefix_tokens:
        seen = seen.narrowed(first, form.prefix_tokens, seen.shape[first] - form.prefix_tokens)
    if form.order != "chw":
        last = len(shape) - 1
        seen = seen.permuted([*range(first), last, *range(first, last)])
    field = push_through_view(field, tensor, seen)
    field = push_through_view(
        field, Geometry.contiguous(seen.shape), Geometry.contiguous(form.shape)
    )
    row, column = field.axes
    if field.grid or row not in (None, -2) or column not in (None, -1):
        return field.as_global()
    return field


def _public(
    field: PixelField, shape: tuple[int, int, int], size: tuple[int, int]
) -> ReceptiveField:
    rows, columns = field.rows, field.columns
    whole = all(
        line.first <= 0 and line.last >= pixels - 1
        and line.low + line.step * (count - 1) <= 0 and line.high >= pixels - 1
        for line, count, pixels in zip((rows, columns), shape[1:], size, strict=True)
    )  # fmt: skip
    return ReceptiveField(
        (float(rows.step), float(columns.step)),
        (float(rows.low), float(columns.low)),
        (float(rows.high), float(columns.high)),
        (float(rows.first), float(columns.first)),
        (float(rows.last), float(columns.last)),
        whole,
    )
