"""The value that is explained: from a target, as people name it, to a number with a history."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod
from typing import Any, NamedTuple

import torch

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.operators.tensor_layout import MapLayout, to_maps
from vrnn.compute.outputs.detections import find_boxes
from vrnn.compute.tracing.tensors import result_tensors
from vrnn.errors import VrnnError
from vrnn.explanations.targets import Target
from vrnn.network.graph import Node


class TargetValue(NamedTuple):
    """What is explained.

    Attributes:
        value: A tensor with one number, and its history.
        text: What people read.
        channel: The class or channel that was found or asked for; None for all.
        node: Id of the node that holds it; -1 for none.
    """

    value: torch.Tensor
    text: str
    channel: int | None
    node: int = -1


def output_tensors(model: LoadedModel, result: Any) -> list[tuple[torch.Tensor, int | None]]:
    """Return the tensors of a model's result that depend on its input, each with its node."""
    view = model.view
    node_of = {r.id: node for node, members in view.members.items() for r in members}
    records = view.trace.results
    tensors = result_tensors(result)
    if len(records) != len(tensors):
        records = [None] * len(tensors)
    found = [
        (tensor, None if record is None else node_of.get(record))
        for tensor, record in zip(tensors, records, strict=True)
    ]
    listed = [pair for pair in found if pair[1] is not None] or found
    unique = {id(tensor): (tensor, node) for tensor, node in reversed(listed)}
    return [unique[key] for key in reversed(unique)]


def output_value(
    model: LoadedModel, result: Any, target: Target,
    last_softmax: tuple[torch.Tensor, torch.Tensor] | None = None, needs_gradient: bool = True,
) -> TargetValue:  # fmt: skip
    """Find the value of a target in a model's result.

    Args:
        model: The model.
        result: What it returned.
        target: The target; it names no layer.
        last_softmax: The result of the newest softmax of the pass, and what it took.
        needs_gradient: Whether the value is of use only with a gradient.

    Raises:
        VrnnError: There is no such value, or it has no gradient.
    """
    title = model.source.title
    if target.box is not None:
        return _box_value(model, result, target.box, needs_gradient)
    outputs = output_tensors(model, result)
    if target.output >= len(outputs):
        raise VrnnError(f"{title} has outputs 0 to {len(outputs) - 1}, no output {target.output}")
    tensor, node_id = outputs[target.output]
    node = None if node_id is None else model.network.by_id[node_id]
    if last_softmax is not None and last_softmax[0] is tensor:
        tensor = last_softmax[1]  # the scores before it: after it they explain each other
    if needs_gradient:
        check_gradient(tensor, title, "the output")
    layout = None if node_id is None else model.view.map_layouts[node_id]
    maps = _as_maps(tensor, layout)
    found = _value_of(maps, layout, node, target, title, model.source.class_names)
    return found._replace(node=-1 if node_id is None else node_id)


def layer_value(
    tensor: torch.Tensor, layout: MapLayout, node: Node, target: Target, title: str,
    needs_gradient: bool = True,
) -> TargetValue:  # fmt: skip
    """Find the value of a target in a layer; see `output_value`."""
    if needs_gradient:
        check_gradient(tensor, title, f"'{node.name}'")
    found = _value_of(_as_maps(tensor, layout), layout, node, target, title, ())
    return found._replace(node=node.id)


def check_gradient(tensor: torch.Tensor, title: str, what: str) -> None:
    """Check that a tensor can be explained.

    Raises:
        VrnnError: It has no gradient.
    """
    if tensor.is_floating_point() and tensor.requires_grad:
        return
    if not tensor.is_floating_point():
        reason = "holds whole numbers, such as those of an argmax"
        advice = "choose the layer before it with --target 'layer NAME #channel'"
    else:
        reason = "has no gradient: it is cut off from the input"
        advice = "choose a layer before that step with --target 'layer NAME #channel'"
    raise VrnnError(f"{what} of {title} {reason}, so it has no relevance; {advice}")


def _box_value(model: LoadedModel, result: Any, box: int, needs_gradient: bool) -> TargetValue:
    """The score of a box, counted as they are listed: the best first."""
    title = model.source.title
    found = find_boxes(result, (1, 1), model.source.model, model.label_count)
    if found is None:
        raise VrnnError(f"{title} finds no boxes, so there is no box {box}; give a class instead")
    count = len(found.order)
    if box >= count:
        which = f"boxes 0 to {count - 1}, no box {box}" if count else "no boxes in this image"
        raise VrnnError(f"{title} found {which}")
    row = int(found.order[box])
    value = found.values(row)
    if needs_gradient:
        check_gradient(value, title, f"the score of box {box}")
    number = None if found.labels is None else int(found.labels[row])
    return TargetValue(value, f"box {box}", number)


def _as_maps(tensor: torch.Tensor, layout: MapLayout | None) -> torch.Tensor:
    """(C, P): channels and positions of the first sample, class tokens first."""
    if layout is not None:
        try:
            maps: torch.Tensor = to_maps(tensor, layout)[0]
            return maps
        except (RuntimeError, IndexError):
            pass
    if tensor.dim() < 2:
        return tensor.reshape(-1, 1)
    return tensor[0].reshape(tensor.shape[1], -1)


def _value_of(
    maps: torch.Tensor, layout: MapLayout | None, node: Node | None, target: Target, title: str,
    class_names: Sequence[str],
) -> TargetValue:  # fmt: skip
    if not maps.numel():
        raise VrnnError(
            f"the output of {title} is empty for this input, as of a detector that finds nothing; "
            "choose another input, or a layer with --target 'layer NAME #channel'"
        )
    positions, place = _positions(maps, layout, node, target)
    name = "" if node is None or not target.layer else f"'{node.name}'"
    for number in (target.channel, target.against):
        if number is not None and number >= maps.shape[0]:
            word = "channels" if name else "classes"
            raise VrnnError(f"{name or title} has {word} 0 to {maps.shape[0] - 1}, no {number}")
    chosen = maps[:, positions]

    def called(channel: int) -> str:
        if name:
            return f"channel {channel}"
        return class_names[channel] if channel < len(class_names) else f"class {channel}"

    channel = target.channel
    if channel is None and target.layer:
        text = f"{name}, all channels{place}"
        return TargetValue(chosen.sum(), text, None)
    if channel is None:
        scores = chosen.detach()
        if target.against is not None and len(scores) > 1:  # a class wins against others only
            scores = scores.index_fill(0, torch.tensor(target.against, device=scores.device), -inf)
        winners = scores.argmax(0)
        channel = int(winners.mode().values)
        if chosen.shape[1] > 1 and target.against is None:
            is_won = winners == channel
            text = called(channel) if chosen.shape[0] > 1 else f"output{place}"
            where = " where it wins" if chosen.shape[0] > 1 else ""
            return TargetValue(chosen[channel][is_won].sum(), f"{text}{where}{place}", channel)
    value, text = chosen[channel].sum(), called(channel)
    if maps.shape[0] == 1 and not name:
        text = "the output"
    if target.against is not None:
        value = value - chosen[target.against].sum()
        text += f" rather than {called(target.against)}"
    return TargetValue(value, f"{name}, {text}{place}" if name else f"{text}{place}", channel)


def _positions(
    maps: torch.Tensor, layout: MapLayout | None, node: Node | None, target: Target
) -> tuple[slice | list[int], str]:
    """Which positions count, and what people read of that."""
    count = maps.shape[1]
    extra, height, width = 0, 1, count
    if layout is not None and layout.extra_tokens + prod(layout.shape[1:]) == count:
        extra, (height, width) = layout.extra_tokens, layout.shape[1:]
    if target.position is None:
        is_text = node is not None and not target.layer and node.presentation == "sequence"
        if is_text and count > 1 and maps.shape[0] > 1:
            return [count - 1], f" at token {count - 1}"
        return slice(None), ""
    row, column = target.position
    if row >= height or column >= width:
        what = f"there are {height} rows and {width} columns"
        if height == 1:
            what = "there is only position 0" if width == 1 else f"there are {width} positions"
        raise VrnnError(f"there is no position {row},{column}: {what}, counted from 0")
    text = f" at {row},{column}" if height > 1 else f" at {column}"
    return [extra + row * width + column], text
