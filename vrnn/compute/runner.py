"""Repeated passes: a lean mode that counts function calls and takes the tensors that are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode

from vrnn.compute import ops
from vrnn.compute.attention import head_weights
from vrnn.compute.detail import View
from vrnn.compute.tracer import Record, evaluating, tensors_in

Keep = Callable[[int, torch.Tensor], None]
"""Takes a node's id and its tensor, at once: a later operation may write over it."""


class GraphChanged(Exception):
    """The model did something else than when it was traced, as it may for another image."""


class Runner:
    """Runs a traced model again and hands out the tensors of all nodes of a view."""

    def __init__(self, model: nn.Module, view: View) -> None:
        self._model, self._view = model, view
        self._calls = view.trace.calls
        self._wanted: dict[int, list[tuple[int, Record]]] = {}
        self._modules: dict[tuple[str, int], list[tuple[int, Record]]] = {}
        for node, record in view.shown.items():
            if record.operation == "input":
                continue
            if record.position >= 0:
                self._wanted.setdefault(record.position, []).append((node, record))
            else:
                self._modules.setdefault((record.module, record.call), []).append((node, record))

    def run(self, inputs: tuple[Any, ...], keep: Keep) -> Any:
        """One pass. keep: called for each node as soon as its tensor is there; what it raises ends
        the pass. Returns the model's result. Raises GraphChanged."""
        given = list(tensors_in(inputs))
        for node, tensor in zip(self._view.trace.inputs, given, strict=True):
            if node in self._view.shown:
                keep(node, tensor)
        mode = _Following(self._wanted, keep)
        with evaluating(self._model), self._hooks(keep), torch.no_grad(), mode:
            result = self._model(*inputs)
        if mode.position != self._calls:
            raise GraphChanged(f"{mode.position} calls instead of {self._calls}")
        return result

    @contextmanager
    def _hooks(self, keep: Keep) -> Iterator[None]:
        """A hook for modules that work out of sight; none is needed otherwise."""
        if not self._modules:
            yield
            return
        paths = {id(m): path for path, m in self._model.named_modules()}
        counts: dict[str, int] = {}

        def after(module: nn.Module, args: Any, result: Any) -> None:
            path = paths.get(id(module))
            if path is None:
                return
            call = counts.get(path, 0)
            counts[path] = call + 1
            for node, record in self._modules.get((path, call), ()):
                with torch._C.DisableTorchFunction():
                    keep(node, _part(result, record, ()))

        handle = hooks.register_module_forward_hook(after)
        try:
            yield
        finally:
            handle.remove()


class _Following(TorchFunctionMode):
    def __init__(self, wanted: dict[int, list[tuple[int, Record]]], keep: Keep) -> None:
        super().__init__()
        self.position = 0
        self._wanted, self._keep = wanted, keep

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **kwargs) if kwargs else func(*args)
        wanted = self._wanted.get(self.position)
        self.position += 1
        if wanted is not None:
            self._take(wanted, func, args, kwargs or {}, result)
        return result

    def _take(
        self, wanted: list[tuple[int, Record]], func: Any, args: Any, kwargs: Any, result: Any
    ) -> None:
        for node, record in wanted:
            if func != record.function:
                raise GraphChanged(f"{ops.operation_of(func)} instead of {record.operation}")
            tensor: torch.Tensor | None
            if record.attention and record.operation == "attention":
                tensor = head_weights(ops.named(func, record.operation, args, kwargs))
                tensor = None if tensor is None else tensor[None]
            else:
                tensor = _part(result, record, args)
            if tensor is None or tuple(tensor.shape) != record.shape:
                raise GraphChanged(f"{record.operation} gave another shape")
            self._keep(node, tensor)


def _part(result: Any, record: Record, args: Any) -> torch.Tensor:
    if record.part == 0 and isinstance(result, torch.Tensor):
        return result
    if record.part < 0:  # written into, not returned
        return next(tensors_in(args))
    return list(tensors_in(result))[record.part]
