"""What connects a layer with those that feed it, checked against what the layer gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from vrnn.compute.connections.attention_parts import read_attention
from vrnn.compute.connections.pointwise_parts import (
    NORM_PARAMETERS,
    read_add,
    read_cat,
    read_linear,
    read_norm,
)
from vrnn.compute.connections.read_maps import Reading
from vrnn.compute.connections.tapped_call import (
    TappedCall,
    packed_weights_error,
    tap_call,
)
from vrnn.compute.connections.window_parts import read_convolution, read_mean, read_pool
from vrnn.compute.loaded_model import LoadedModel
from vrnn.errors import VrnnError
from vrnn.network.connection_sums import position_sum
from vrnn.network.connections import LayerConnections, LayerStep
from vrnn.network.graph import Node
from vrnn.network.results import Ablation

_READERS: Mapping[str, Callable[[TappedCall], Reading]] = {
    "linear": read_linear, "add": read_add, "sub": read_add, "cat": read_cat,
    "attention": read_attention, "mean": read_mean, **dict.fromkeys(NORM_PARAMETERS, read_norm),
}  # fmt: skip
CHECKED_VALUES = 8
"""Values of a layer that are compared with the sums that they should be."""
CHECK_SEED = 5
MAX_ERROR = 64.0
"""Difference between a value and its sum, in roundings of the sum of all |products|."""


def find_connections(
    model: LoadedModel, layer: str, ablations: Sequence[Ablation] = (),
    check_stop: Callable[[], None] = lambda: None,
) -> LayerConnections:  # fmt: skip
    """Read what connects a layer with those that feed it, for the model's newest input.

    Args:
        model: The model; it runs once more and is left as it was.
        layer: Name of the layer.
        ablations: What is ablated in the pass.
        check_stop: Raises what is to end it.

    Raises:
        VrnnError: There is no such layer, or nothing in it that connects maps.
        GraphChanged: The model took another way than when it was traced.
    """
    node = model.network.layer_named(layer, model.source.title)
    _refuse_packed(model, node.id, layer)
    call = tap_call(model, node.id, lambda name: _reader(name) is not None, ablations, check_stop)
    reader = None if call is None else _reader(call.operation)
    if call is None or reader is None:
        raise VrnnError(
            f"{layer} ({node.label}) has no weights and sums no maps, so nothing connects them; "
            "choose a convolution, a linear layer, a pool, a norm, an attention, an add or a "
            "concatenate"
        )
    reading = reader(call)
    steps = [LayerStep(name, maps) for name, maps in reading.first_steps]
    steps += _steps(call, reading) if reading.is_own_result else []
    found = LayerConnections(
        node.id, layer, reading.kind, reading.parts, reading.bias, tuple(steps),
        (*_notes(reading), *_first_alone(node)),
        reading.mask,
    )  # fmt: skip
    _check(found, call.result)
    return found


def _refuse_packed(model: LoadedModel, node: int, layer: str) -> None:
    if any("quantized" in str(record.function) for record in model.view.members[node]):
        raise packed_weights_error(layer)


def _reader(operation: str) -> Callable[[TappedCall], Reading] | None:
    if operation.startswith(("conv1d", "conv2d", "conv3d", "conv_transpose")):
        return read_convolution
    if operation.startswith(("max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool")):
        return read_pool
    return _READERS.get(operation)


def _steps(call: TappedCall, reading: Reading) -> list[LayerStep]:
    """The maps behind each of the layer's operations, as long as they have one size."""
    steps: list[LayerStep] = []
    for record, tensor in call.results:
        if tensor.shape != call.result.shape:
            break
        steps.append(LayerStep(record.operation, reading.read_result(record, tensor)))
    return steps


def _notes(reading: Reading) -> tuple[str, ...]:
    bad = sum(int((~np.isfinite(part.kernels)).sum()) for part in reading.parts)
    if not bad:
        return ()
    return (f"{bad:,} of its weights are NaN or infinite: they are drawn in no color of the scale",)


def _first_alone(node: Node) -> tuple[str, ...]:
    """What is told of a layer whose samples, frames or slices are a choice: the first is read."""
    if not any(node.axes[i].size > 1 for i in node.choices):
        return ()
    return ("activations are those of the first sample, frame or slice, whichever is shown",)


def _check(found: LayerConnections, result: torch.Tensor) -> None:
    """Refuse what was misread: some values have to be the sums that they are told to be."""
    if not found.parts or 0 in (found.outputs, *found.positions):
        raise VrnnError(f"{found.name} gives no values, so nothing connects them")
    random = np.random.default_rng(CHECK_SEED)
    kind = result.dtype if result.is_floating_point() else torch.float32
    rounding = max(torch.finfo(kind).eps, float(np.finfo(np.float32).eps))
    for _ in range(CHECKED_VALUES):
        channel = int(random.integers(found.outputs))
        position = tuple(int(random.integers(size)) for size in found.positions)
        with np.errstate(all="ignore"):
            one = position_sum(found, channel, position)
            size = sum(float(np.abs(m.products).sum()) for m in one.maps) + abs(one.bias)
            error = abs(one.total + one.bias - one.steps[0][1])
        if np.isfinite(error) and error > MAX_ERROR * rounding * max(size, 1e-30) + 1e-12:
            raise VrnnError(
                f"the products of {found.name} do not sum to what it gives, as it does more than "
                "its arguments tell, so its connections are not shown; choose another layer"
            )
