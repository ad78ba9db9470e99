"""What positions really depend on, from gradients: the truth for receptive fields."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from vrnn.compute.operators.tensor_layout import MapLayout, select_maps
from vrnn.compute.passes.capture_mode import tensor_of_record
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.trace import OpRecord

Box = tuple[int, int, int, int]
"""Top, left, bottom and right in pixels, the latter two excluded."""
BoxOfPosition = Callable[[int, int, int], Box | None]
"""From a node's id, a row and a column to the box of the first input's pixels that the position
depends on; None if on none."""


def positive_copy(model: nn.Module) -> nn.Module:
    """Copy a model so that nothing cancels out: no negative weight, means instead of maxima."""
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


def as_maps(tensor: torch.Tensor, layout: MapLayout) -> torch.Tensor:
    """(C, H, W) of the first sample, as it is shown, still in autograd's graph."""
    return select_maps(tensor, layout, (0,) * len(layout.choices))[0]


class MapRecorder(TorchFunctionMode):
    """Records the maps of all nodes of a view in a pass with gradients.

    Attributes:
        maps: (C, H, W) by node id.
    """

    def __init__(self, view: GraphView) -> None:
        super().__init__()
        self.maps: dict[int, torch.Tensor] = {}
        self._view, self._call_index = view, 0
        self._by_call: dict[int, list[tuple[int, OpRecord]]] = {}
        for node, record in view.records.items():
            if record.call_index >= 0 and not record.is_attention:
                self._by_call.setdefault(record.call_index, []).append((node, record))

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if func is torch.nn.functional.batch_norm and result.requires_grad:
            # torch's own backward pass is wrong for a gradient that lies in memory otherwise.
            result.register_hook(torch.Tensor.contiguous)
        for node, record in self._by_call.get(self._call_index, ()):
            tensor = tensor_of_record(result, record, args).clone()
            self.maps[node] = as_maps(tensor, self._view.map_layouts[node])
        self._call_index += 1
        return result


@contextmanager
def run_with_gradients(
    model: nn.Module, inputs: tuple[torch.Tensor, ...], view: GraphView
) -> Iterator[tuple[dict[int, torch.Tensor], BoxOfPosition]]:
    """Run a model; gives the maps of its nodes, and what tells each position's box."""
    inputs = tuple(t.double().requires_grad_() for t in inputs)
    recorder = MapRecorder(view)

    def box_of_position(node: int, row: int, column: int) -> Box | None:
        total = recorder.maps[node][:, row, column].sum()
        if not total.requires_grad:  # such as of a comparison
            return None
        (gradient,) = torch.autograd.grad(total, inputs[0], retain_graph=True, allow_unused=True)
        if gradient is None:
            return None
        pixels = gradient[0].abs().sum(0).nonzero()
        if not len(pixels):
            return None
        (top, left), (bottom, right) = pixels.amin(0).tolist(), pixels.amax(0).tolist()
        return top, left, bottom + 1, right + 1

    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        with recorder:
            model(*inputs)
        yield recorder.maps, box_of_position
