"""Passes in which the results of layers are replaced as they come, with the way back open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import torch

from vrnn.compute.explain.gradient_pass import GradientMode
from vrnn.compute.explain.target_values import output_tensors
from vrnn.compute.explain.untouched_model import BufferGuard, untouched
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import Inputs, call_model, map_tensors
from vrnn.compute.operators import catalog
from vrnn.compute.operators.tensor_layout import to_maps
from vrnn.compute.passes.capture_mode import GraphChanged, tensor_of_record
from vrnn.compute.passes.nested_tensors import with_tensor
from vrnn.compute.tracing.calls import watch_calls
from vrnn.compute.tracing.evaluation_mode import evaluation_mode
from vrnn.compute.tracing.simplify import GraphView
from vrnn.errors import VrnnError
from vrnn.network.predictions import ClassScores

Replacement = Callable[[int, torch.Tensor], torch.Tensor]
"""Takes a node's id and its tensor, and returns what goes on in its place."""


class ScaledMode(GradientMode):
    """Puts others in the place of the results of some nodes."""

    def __init__(
        self, view: GraphView, nodes: Iterable[int], replace: Replacement, guard: BufferGuard,
        check_stop: Callable[[], None],
    ) -> None:  # fmt: skip
        """Prepare for a pass.

        Args:
            view: The graph.
            nodes: Ids of the nodes; each shows the result of a call.
            replace: Makes what takes the place of their results.
            guard: Is told of each write.
            check_stop: Raises what is to end the pass.
        """
        super().__init__({}, lambda node, tensor: None, guard, check_stop, False, True)
        self._records = view.records
        self._nodes: dict[int, list[int]] = {}
        for node in nodes:
            self._nodes.setdefault(view.records[node].call_index, []).append(node)
        self._replace = replace
        # What was written in place is known under its old name too, which is kept alive here.
        self._written: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self._written:
            args, kwargs = map_tensors((args, kwargs or {}), self._newest)
        nodes = self._nodes.get(self.call_count, ())
        result = super().__torch_function__(func, types, args, kwargs)
        for node in nodes:
            record = self._records[node]
            if func != record.function:
                name = catalog.operation_name(func)
                raise GraphChanged(f"{name} instead of {record.operation}")
            tensor = tensor_of_record(result, record, args)
            new = self._replace(node, tensor)
            self._written[id(tensor)] = tensor, new
            result = with_tensor(result, record.output_index, new)
        return result

    def _newest(self, tensor: torch.Tensor) -> torch.Tensor:
        found = self._written.get(id(tensor))
        return tensor if found is None else found[1]


def find_class_output(model: LoadedModel) -> int:
    """Return the id of the node that holds a model's class scores.

    Raises:
        VrnnError: It has none.
    """
    size = (1, 1)
    inputs = model.inputs
    if model.source.takes_images:
        inputs, seen, _ = model.source.prepare(None)
        size = (seen.shape[0], seen.shape[1])
    for output in model.predict(inputs, size):
        layout = model.view.map_layouts.get(output.node)
        is_vector = layout is not None and layout.positions <= 1 and layout.shape[0] > 1
        if isinstance(output, ClassScores) and is_vector:
            return output.node
    raise VrnnError(
        f"{model.source.title} gives no class scores, so nothing is important for a class; open a "
        "classifier"
    )


def class_scores(
    model: LoadedModel, node: int, result: Any,
    last_softmax: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> torch.Tensor:  # fmt: skip
    """Return the scores (N, K) in what a model returned, those before a softmax where known.

    Args:
        model: The model.
        node: Id of the output, see `find_class_output`.
        result: What it returned.
        last_softmax: The result of the newest softmax of the pass, and what it took.

    Raises:
        GraphChanged: It is not there.
    """
    for tensor, own in output_tensors(model, result):
        if own == node:
            if last_softmax is not None and last_softmax[0] is tensor:
                tensor = last_softmax[1]
            maps: torch.Tensor = to_maps(tensor, model.view.map_layouts[node])[..., 0]
            return maps
    raise GraphChanged("the class scores did not come")


def run_scaled(
    model: LoadedModel, output: int, inputs: Inputs, nodes: Iterable[int], replace: Replacement,
    go_back: Callable[[torch.Tensor], None], check_stop: Callable[[], None],
) -> None:  # fmt: skip
    """Run one pass in which results are replaced. The model is left as it was.

    Args:
        model: The model.
        output: Id of the node that holds the class scores.
        inputs: Its arguments, of any number of samples.
        nodes: Ids of the nodes whose results are replaced.
        replace: Makes what takes their place.
        go_back: Takes the scores (N, K) with their history.
        check_stop: Raises what is to end it; called for each operation.

    Raises:
        VrnnError: The model has compiled parts.
        GraphChanged: It took another way than when it was traced.
    """
    if model.view.trace.inside_scripts:
        raise VrnnError(
            f"{model.source.title} has compiled parts, which no gradient passes through here; "
            "open the model from its Python code"
        )
    model.use_default_dtype()
    own = model.source.model
    with untouched(own, inputs) as guard, ExitStack() as stack:
        mode = ScaledMode(model.view, nodes, replace, guard, check_stop)
        stack.enter_context(mode.kept.for_autograd())
        given = map_tensors(inputs, lambda tensor: tensor.clone())
        with (
            evaluation_mode(own),
            torch.set_grad_enabled(True),
            watch_calls(mode, inside_scripts=False),
        ):
            result = call_model(own, given)
        if mode.call_count != model.view.trace.call_count:
            found, traced = mode.call_count, model.view.trace.call_count
            raise GraphChanged(f"{found} calls instead of {traced}")
        with torch.enable_grad():
            go_back(class_scores(model, output, result, mode.last_softmax))
