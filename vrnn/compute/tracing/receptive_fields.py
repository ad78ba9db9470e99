"""The receptive field of every shown node, read from the pixel fields in a trace.

The tracer follows the fields operation by operation (`operators.receptive_field_rules`), so that
branches, views and in-place writes count as they ran.
"""

from __future__ import annotations

from math import prod

from vrnn.compute.operators.receptive_field import PixelField
from vrnn.compute.operators.receptive_field_views import Geometry, push_through_view
from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.compute.tracing.simplify import GraphView
from vrnn.network.feature_maps import map_shape
from vrnn.network.receptive_field import ReceptiveField


def receptive_fields(view: GraphView) -> dict[int, ReceptiveField]:
    """Compute the receptive field of each node.

    In a network of several inputs, pixels at the same place in all inputs of the same height and
    width count as one; what depends on an input of another size counts as depending on the whole.

    Args:
        view: The graph that is shown.

    Returns:
        By node id, in pixels of the network's first input, for positions in the node's maps.
    """
    nodes = view.network.by_id
    _, *size = map_shape(nodes[view.network.inputs[0]].shape)
    fields = {}
    for node, record in view.records.items():
        layout = view.map_layouts[node]
        if record.pixel_field is None:
            continue
        if record.is_attention:
            field = record.pixel_field.as_global()
        else:
            field = _field_of_maps(record.pixel_field, record.shape, layout)
        fields[node] = _to_receptive_field(field, layout.shape, (size[0], size[1]))
    return fields


def _field_of_maps(field: PixelField, shape: tuple[int, ...], layout: MapLayout) -> PixelField:
    """A tensor's field as one of its (C, H, W) maps (see `passes.feature_maps`)."""
    if field.axes == (None, None):
        return field
    tensor = Geometry.contiguous(shape)
    samples = layout.sample_count(shape)
    maps = Geometry.contiguous([samples if n == -1 else n for n in layout.folded_sizes])
    sizes = [samples if n == -1 else n for n in layout.sizes]
    if layout.grid is not None:
        first, last = layout.grid
        maps = maps.narrowed(first, layout.prefix_tokens, prod(sizes[first:last]))
        maps = maps.unflattened(first, sizes[first:last])
    kept = (*layout.channels, *layout.rows, *layout.columns)
    for axis in range(len(sizes)):
        if axis not in kept:
            maps = maps.narrowed(axis, 0, 1)
    rest = [axis for axis in range(len(sizes)) if axis not in kept]
    maps = maps.permuted([*rest, *kept])
    field = push_through_view(field, tensor, maps)
    field = push_through_view(
        field, Geometry.contiguous(maps.shape), Geometry.contiguous(layout.shape)
    )
    row, column = field.axes
    if field.grid or row not in (None, -2) or column not in (None, -1):
        return field.as_global()
    return field


def _to_receptive_field(
    field: PixelField, shape: tuple[int, int, int], size: tuple[int, int]
) -> ReceptiveField:
    """shape: (C, H, W) of the maps; size: (height, width) of the input in pixels."""
    rows, columns = field.rows, field.columns
    is_whole = all(
        axis.first <= 0 and axis.last >= pixels - 1
        and axis.low + axis.step * (count - 1) <= 0 and axis.high >= pixels - 1
        for axis, count, pixels in zip((rows, columns), shape[1:], size, strict=True)
    )  # fmt: skip
    return ReceptiveField(
        (float(rows.step), float(columns.step)),
        (float(rows.low), float(columns.low)),
        (float(rows.high), float(columns.high)),
        (float(rows.first), float(columns.first)),
        (float(rows.last), float(columns.last)),
        is_whole,
    )
