"""What the calls of a pass are given, such as the weights that they really use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import call_model, own_inputs
from vrnn.compute.operators import catalog
from vrnn.compute.tracing.calls import watch_calls
from vrnn.compute.tracing.evaluation_mode import evaluation_mode
from vrnn.compute.tracing.simplify import GraphView

Read = Callable[[int, str, Mapping[str, Any]], None]
"""Takes a call: the id of its node, its operation, and its arguments by their names."""


def read_arguments(
    model: LoadedModel, read: Read, is_read: Callable[[str], bool] = lambda operation: True
) -> None:
    """Run a model once more on its inputs, and read what the calls of its nodes are given.

    Args:
        model: The model, which is left as it was.
        read: Takes each call before it is done.
        is_read: Whether the calls of an operation are read.
    """
    view = model.view
    inputs = own_inputs(model.inputs, view.trace.changes_inputs)
    with (
        evaluation_mode(model.source.model),
        torch.set_grad_enabled(view.trace.gradients),
        watch_calls(_ReadingMode(view, read, is_read), view.trace.inside_scripts),
    ):
        call_model(model.source.model, inputs)


class _ReadingMode(TorchFunctionMode):
    def __init__(self, view: GraphView, read: Read, is_read: Callable[[str], bool]) -> None:
        super().__init__()
        self._read, self._count = read, 0
        self._nodes = {
            record.call_index: (node, record.operation)
            for node, members in view.members.items()
            for record in members
            if record.call_index >= 0 and is_read(record.operation)
        }

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        node, operation = self._nodes.get(self._count, (-1, ""))
        self._count += 1
        if node >= 0:
            with torch._C.DisableTorchFunction():
                arguments = catalog.bind_arguments(func, operation, args, kwargs or {})
                self._read(node, operation, arguments)
        return func(*args, **(kwargs or {}))
