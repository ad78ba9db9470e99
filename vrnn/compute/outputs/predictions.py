"""A model's results decoded, each output as what the evidence says that it is."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any

import numpy as np
import torch

from vrnn.compute.loading.cube_model import CubeModel
from vrnn.compute.outputs.conclusion import Conclusion
from vrnn.compute.outputs.context import OutputContext, OutputSource, holds_integers
from vrnn.compute.outputs.detections import decode_compound
from vrnn.compute.outputs.evidence import OutputEvidence
from vrnn.compute.outputs.named_tensors import Keys, output_tensors
from vrnn.compute.outputs.rules import conclude
from vrnn.compute.outputs.shown_sample import OutputSample
from vrnn.network.axes import (
    Axis,
    AxisChoice,
    AxisRole,
    places_text,
)
from vrnn.network.graph import Network
from vrnn.network.output_decoding import decode
from vrnn.network.predictions import Output

MAX_OUTPUTS = 12
"""Outputs that are decoded; further ones are only layers."""
MIN_SQUARE = 7
"""Pixels: side of the smallest square image that a vector is offered as."""
_PLACES: tuple[AxisRole, ...] = ("token", "node", "height", "width", "depth", "query", "key")
"""Roles of axes that hold places, of which none is a class."""


def decode_outputs(
    result: Any, network: Network, size: tuple[int, int], context: OutputContext | None = None,
    choices: Sequence[AxisChoice] = (),
) -> tuple[Output, ...]:  # fmt: skip
    """Decode all outputs of one sample. What does not depend on the input is left out.

    Args:
        result: What the model returned.
        network: Its graph, whose output nodes the results belong to.
        size: (height, width) of its input in pixels.
        context: What is known of the outputs; None for nothing.
        choices: Which sample, frame or slice is shown.
    """
    context = context or OutputContext()
    if isinstance(context.model, CubeModel):
        return ()  # it answers nothing
    first = network.outputs[0] if network.outputs else 0
    compound, used = decode_compound(result, first, size, context.model, context.label_count)
    outputs = [] if compound is None else [compound]
    for keys, tensor, source in output_tensors(result, network, context):
        if id(tensor) not in used and len(outputs) < MAX_OUTPUTS:
            decoded = _decode_tensor(keys, tensor, source, network, context, choices)
            outputs += [] if decoded is None else [decoded]
    return tuple(outputs)


def _name(keys: Keys) -> str:
    """How people read the way to an output: `logits`, `output 2`."""
    words = [str(int(key) + 1) if key.isdecimal() else key for key in keys]
    name = ".".join(words)
    return f"output {name}".strip() if not keys or keys[0].isdecimal() else name


def _decode_tensor(
    keys: Keys, tensor: torch.Tensor, source: OutputSource, network: Network,
    context: OutputContext, choices: Sequence[AxisChoice],
) -> Output | None:  # fmt: skip
    node = network.by_id.get(source.node) if source.node is not None else None
    axes = () if node is None else node.axes
    if tuple(axis.size for axis in axes) != tuple(tensor.shape):
        samples = [axis for axis in axes if axis.role == "batch" and axis.size > 1]
        is_one_number = len(samples) == 1 and tuple(tensor.shape) == (samples[0].size,)
        axes = tuple(samples) if is_one_number else ()  # of each sample, as of `x[:, 0]`
    sample = OutputSample(tensor.detach(), keys, axes, context, choices)
    if not sample.tensor.numel():
        return None
    values = _to_numpy(sample.tensor)
    layer = source.layer.lower()
    evidence = OutputEvidence(
        _name(keys), tuple(key.lower() for key in keys if not key.isdecimal()), values,
        source.operations, layer.rpartition(".")[2], layer, context.inputs, context.evidence,
        ", ".join(sample.positions), context.flat_images,
    )  # fmt: skip
    found = conclude(evidence)
    long = [axis for axis in axes if axis.size > 1]
    if values.ndim == 1 and long and long[-1].size == len(values) and long[-1].role in _PLACES:
        places = f"one value for each {long[-1].role}"
        found = Conclusion("numbers", places, long[-1].certainty != "assumed")
    if values.ndim == 2 and found.kind == "maps" and not found.is_sure:
        found = _maps_of_places(values, long) or found
    if values.ndim == 1 and holds_integers(tensor):
        found = Conclusion("numbers", "whole numbers")
    return decode(
        found.kind, values, source.node or 0, name=evidence.name, evidence=found.evidence,
        is_sure=found.is_sure,
        is_activated=evidence.ends_in("sigmoid", "softmax", "log_softmax", "hardsigmoid"),
        image_shape=evidence.flat_image or _square_image(values),
    )  # fmt: skip


def _square_image(values: np.ndarray) -> tuple[int, int, int] | None:
    """(C, H, W) of the square image that a vector may hold."""
    for channels in (1, 3):
        side = isqrt(values.size // channels)
        if values.ndim == 1 and side >= MIN_SQUARE and channels * side * side == values.size:
            return channels, side, side
    return None


def _maps_of_places(values: np.ndarray, axes: Sequence[Axis]) -> Conclusion | None:
    """What several values for each node or token are. axes: those longer than 1."""
    named = ("token", "node", "query", "key", "time", "width")
    places = [axis for axis in axes if axis.role in named and axis.size in values.shape]
    if len(places) != 1:
        return None
    role, size = places[0].role, places[0].size
    text = f"{values.size // size} values for each of {places_text(role, size)}"
    return Conclusion("maps", text, places[0].certainty != "assumed")


def _to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """float32, or int32 for whole numbers; magnitudes of complex ones."""
    if tensor.is_complex():
        tensor = tensor.abs()
    kind = torch.float32 if tensor.is_floating_point() else torch.int32
    array: np.ndarray = tensor.to(kind).cpu().numpy()
    return array if kind is torch.float32 or array.ndim == 3 else array.astype(np.float32)
