"""The kernels of the layers of an open model, or what there is of each in their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from vrnn.compute.editing.kernel_shapes import kernel_record
from vrnn.compute.tracing.module_stack import named_parameters
from vrnn.compute.training.gradient_sampler import kernels_of

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


def kernels_by_node(
    model: LoadedModel, nodes: Iterable[int], given: Mapping[str, np.ndarray] | None = None
) -> dict[int, np.ndarray]:
    """Return the kernels of layers, of large ones those that stand for all.

    Args:
        model: The model.
        nodes: Ids of the layers.
        given: What there is of each parameter in place of its values, such as its gradient, by
            name, as `kernels_of` gives it.

    Returns:
        (filters, kernels, …) float32 by node id; of layers that have some.
    """
    names = {id(p): name for name, p in named_parameters(model.source.model)}
    found = {}
    for node in nodes:
        record = kernel_record(model.view, node)
        if record is None or record.weight is None:
            continue
        kept = kernels_of(record.weight.detach(), record.is_transposed, record.groups)
        if given is None:
            found[node] = kept.to("cpu", copy=True).float().numpy()
            continue
        values = given.get(names.get(id(record.weight), ""))
        if values is not None and values.shape == tuple(kept.shape):
            found[node] = values
    return found


def whole_shapes(model: LoadedModel, nodes: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Return (filters, kernels of a filter, …) of layers that have some, by node id."""
    shapes = model.kernels
    return {
        node: (shapes[node].outputs, shapes[node].inputs, *shapes[node].size)
        for node in nodes
        if node in shapes
    }
