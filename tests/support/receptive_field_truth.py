"""What positions really depend on, from gradients: what receptive fields are checked against."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.compute.passes.replay import tensor_of_record
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tracer import OpRecord

Box = tuple[int, int, int, int]


def positive(model: nn.Module) -> nn.Module:
    """A copy in which nothing cancels out or is cut off: no negative weight, means for maxima."""
    model = copy.deepcopy(model).eval().double()
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.MaxPool2d) and module.dilation == 1:
            mean = nn.AvgPool2d(module.kernel_size, module.stride, module.padding, module.ceil_mode)
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, mean)
    for parameter in model.parameters():
        parameter.data.abs_().add_(1e-3)
        parameter.requires_grad_(False)
    return model


def as_map(tensor: torch.Tensor, form: MapLayout) -> torch.Tensor:
    """(C, H, W) of the first sample, as it is shown, still in autograd's graph."""
    if form.batch_axis is not None:
        tensor = tensor.select(form.batch_axis, 0)
    if form.order == "tokens":
        tensor = tensor[form.prefix_tokens :]
    if form.order != "chw":
        tensor = tensor.movedim(-1, 0)
    return tensor.reshape(form.shape)


class Kept(TorchFunctionMode):
    """Keeps the maps of all nodes of a view, from a pass with gradients."""

    def __init__(self, view: GraphView) -> None:
        super().__init__()
        self.maps: dict[int, torch.Tensor] = {}
        self._view, self._position = view, 0
        self._at: dict[int, list[tuple[int, OpRecord]]] = {}
        for node, record in view.records.items():
            if record.call_index >= 0 and not record.is_attention:
                self._at.setdefault(record.call_index, []).append((node, record))

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for node, record in self._at.get(self._position, ()):
            self.maps[node] = as_map(
                tensor_of_record(result, record, args).clone(), self._view.map_layouts[node]
            )
        self._position += 1
        return result


Seen = Callable[[int, int, int], Box | None]


@contextmanager
def watched(
    model: nn.Module, inputs: tuple[torch.Tensor, ...], view: GraphView
) -> Iterator[tuple[dict[int, torch.Tensor], Seen]]:
    """Run a model with gradients. Gives the maps of its nodes, and what tells the box of the first
    input's pixels that a position (node, row, column) depends on, None for no pixel."""
    inputs = tuple(t.double().requires_grad_() for t in inputs)
    kept = Kept(view)

    def seen(node: int, row: int, column: int) -> Box | None:
        at = kept.maps[node][:, row, column].sum()
        (slope,) = torch.autograd.grad(at, inputs[0], retain_graph=True, allow_unused=True)
        if slope is None:
            return None
        places = slope[0].abs().sum(0).nonzero()
        if not len(places):
            return None
        (top, left), (bottom, right) = places.amin(0).tolist(), places.amax(0).tolist()
        return top, left, bottom + 1, right + 1

    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        with kept:
            model(*inputs)
        yield kept.maps, seen
