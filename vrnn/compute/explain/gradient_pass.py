"""A pass forward and back with plain gradients, of inputs and of layers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch

from vrnn.compute.explain.kept_tensors import KeptTensors, is_in_place, written_tensors
from vrnn.compute.explain.target_values import TargetValue, layer_value, output_value
from vrnn.compute.explain.untouched_model import BufferGuard, untouched
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import Inputs, map_tensors
from vrnn.compute.operators import catalog
from vrnn.compute.passes.capture_mode import CaptureMode, NodeRecords, OnOutput
from vrnn.compute.tracing.tensors import list_tensors
from vrnn.errors import VrnnError
from vrnn.explanations.targets import Target
from vrnn.network.results import Ablation


@dataclass(eq=False)
class Gradients:
    """What a pass found.

    Attributes:
        target: What was explained.
        inputs: Gradient of each input tensor with numbers, by the id of its node.
        values: These inputs.
        activations: Tensors of the layers that were asked for, by node.
        layers: Gradients of these.
    """

    target: TargetValue
    inputs: dict[int, torch.Tensor] = field(default_factory=dict)
    values: dict[int, torch.Tensor] = field(default_factory=dict)
    activations: dict[int, torch.Tensor] = field(default_factory=dict)
    layers: dict[int, torch.Tensor] = field(default_factory=dict)


class GradientMode(CaptureMode):
    """Runs calls with gradients, those of ReLUs guided if that is asked for."""

    def __init__(
        self, by_call: dict[int, NodeRecords], on_output: OnOutput, guard: BufferGuard,
        check_stop: Callable[[], None], is_guided: bool, has_gradients: bool,
    ) -> None:  # fmt: skip
        """Prepare for a pass.

        Args:
            by_call: Nodes that show the result of a call, by its number.
            on_output: Takes their tensors.
            guard: Is told of each write.
            check_stop: Raises what is to end the pass.
            is_guided: Whether ReLUs pass positive gradients alone.
            has_gradients: Whether there is a way back.
        """
        super().__init__(by_call, on_output)
        self._guard, self._check_stop = guard, check_stop
        self.kept = KeptTensors()
        self._is_guided, self._has_gradients = is_guided, has_gradients
        self._is_switched_off = False
        self.last_softmax: tuple[torch.Tensor, torch.Tensor] | None = None

    def run_call(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Do a call."""
        self._check_stop()
        kwargs = kwargs or {}
        for tensor in written_tensors(func, args, kwargs):
            self.kept.before_write(tensor)
            self._guard.before_write(tensor)
        operation = catalog.operation_name(func)
        if operation == "softmax":
            result = self._run(func, args, kwargs)
            if isinstance(result, torch.Tensor):
                self.last_softmax = result, list_tensors((args, kwargs))[0]
            return result
        if self._is_guided and operation == "relu":
            x = list_tensors((args, kwargs))[0]
            result = _GuidedReLU.apply(x)
            if not is_in_place(func, args, kwargs):
                return result
            x.copy_(result)
            return x
        return self._run(func, args, kwargs)

    def before_write(self, tensor: torch.Tensor) -> None:
        """Save what an ablation is about to write over."""
        self.kept.before_write(tensor)
        self._guard.before_write(tensor)

    def _run(self, func: Any, args: Any, kwargs: Any) -> Any:
        if func is torch._C._set_grad_enabled:
            self._is_switched_off = not args[0]
        if not (self._has_gradients and self._is_switched_off) or torch.is_grad_enabled():
            return func(*args, **kwargs)
        if not any(t.requires_grad for t in list_tensors((args, kwargs))):
            return func(*args, **kwargs)
        try:
            with torch.enable_grad():  # a model may switch gradients off for what it computes
                return func(*args, **kwargs)
        except RuntimeError:  # what only works without them, such as numpy() or deepcopy()
            args, kwargs = map_tensors((args, kwargs), _without_gradient)
            return func(*args, **kwargs)


def _without_gradient(tensor: torch.Tensor) -> torch.Tensor:
    return tensor if tensor.is_leaf else tensor.detach()


class _GuidedReLU(torch.autograd.Function):
    """A ReLU that passes positive gradients back alone (Springenberg et al. 2015)."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x > 0)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        (is_open,) = ctx.saved_tensors
        return gradients[0].clamp(min=0) * is_open


def find_gradients(
    model: LoadedModel, inputs: Inputs, target: Target, nodes: Collection[int] = (),
    check_stop: Callable[[], None] = lambda: None, is_guided: bool = False,
    has_gradients: bool = True, on_output: OnOutput = lambda node, tensor: None,
    ablations: tuple[Ablation, ...] = (),
) -> Gradients:  # fmt: skip
    """Run a pass forward and back. The model is left as it was, whatever happens.

    Args:
        model: The model.
        inputs: Its arguments.
        target: What is explained.
        nodes: Ids of the layers whose gradients are wanted too.
        check_stop: Raises what is to end it; called for each operation.
        is_guided: Whether ReLUs pass positive gradients alone.
        has_gradients: Whether there is a way back at all; without it only the value is found.
        on_output: Takes each layer's tensor.
        ablations: What is ablated in the pass.

    Raises:
        VrnnError: The target does not exist, has no gradient or does not depend on the input.
        GraphChanged: The model took another way than when it was traced.
    """
    if model.view.trace.inside_scripts and has_gradients:
        raise VrnnError(
            f"{model.source.title} has compiled parts, which no gradient passes through here; "
            "open the model from its Python code"
        )
    model.use_default_dtype()
    target_node = None
    if target.layer:
        target_node = model.network.layer_named(target.layer, model.source.title).id
    wanted = {*nodes} if target_node is None else {*nodes, target_node}
    taken = _TakenTensors(model, wanted, on_output, has_gradients)
    modes: list[GradientMode] = []
    with untouched(model.source.model, inputs) as guard:

        def make_mode(by_call: dict[int, NodeRecords], on_output: OnOutput) -> GradientMode:
            mode = GradientMode(by_call, on_output, guard, check_stop, is_guided, has_gradients)
            modes.append(mode)
            stack.enter_context(mode.kept.for_autograd())
            return mode

        given = map_tensors(inputs, taken.take_input)
        if has_gradients and not taken.leaves:
            raise VrnnError(
                f"{model.source.title} takes whole numbers alone, such as tokens, which have no "
                "gradient; choose a composite, such as epsilon-plus"
            )
        with ExitStack() as stack:
            result = model.replay.run(given, taken.take_layer, ablations, has_gradients, make_mode)
        if target_node is None:
            softmax = modes[-1].last_softmax
            found = output_value(model, result, target, softmax, has_gradients)
        else:
            found = _value_of_layer(model, target, taken.seen.get(target_node), has_gradients)
        _check_value(found, model)
        if not has_gradients:
            return Gradients(found)
        leaves = list(taken.leaves.values())
        gradients = torch.autograd.grad(found.value, leaves, allow_unused=True)
    given_back = [g for g in (*gradients, *taken.gradients.values()) if g is not None]
    _check_gradients(given_back, found, model)
    return taken.gradients_of(found, gradients)


class _TakenTensors:
    """Tensors of inputs and layers that a pass forward leaves for the way back.

    Attributes:
        leaves: Copies of the inputs with numbers, whose gradients are found, by node.
        seen: Copies of the wanted layers' tensors, still with their way back, by node.
        activations: The same without it.
        gradients: Gradients of these layers, which come on the way back.
    """

    def __init__(
        self, model: LoadedModel, wanted: Collection[int], on_output: OnOutput, has_gradients: bool
    ) -> None:
        """Begin before a pass.

        Args:
            model: The model.
            wanted: Ids of the layers that are kept.
            on_output: Takes each layer's tensor.
            has_gradients: Whether there is a way back.
        """
        self._input_nodes = iter(model.view.trace.inputs)
        self._wanted, self._on_output, self._has_gradients = wanted, on_output, has_gradients
        self.leaves: dict[int, torch.Tensor] = {}
        self.seen: dict[int, torch.Tensor] = {}
        self.activations: dict[int, torch.Tensor] = {}
        self.gradients: dict[int, torch.Tensor] = {}

    def take_input(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return what goes into the model in place of its next input."""
        node = next(self._input_nodes, -1)
        if not tensor.is_floating_point() or tensor.layout != torch.strided:
            return tensor
        with torch.set_grad_enabled(self._has_gradients):
            self.leaves[node] = tensor.detach().clone().requires_grad_(self._has_gradients)
            return self.leaves[node].clone()

    def gradients_of(
        self, found: TargetValue, gradients: Sequence[torch.Tensor | None]
    ) -> Gradients:
        """Return all that was found, after the way back.

        Args:
            found: What was explained.
            gradients: Of the leaves; None for one that nothing depends on, whose gradient is 0.
        """
        by_node = {
            node: torch.zeros_like(leaf.detach()) if gradient is None else gradient
            for (node, leaf), gradient in zip(self.leaves.items(), gradients, strict=True)
        }
        values = {node: leaf.detach() for node, leaf in self.leaves.items()}
        found = found._replace(value=found.value.detach())
        return Gradients(found, by_node, values, self.activations, self.gradients)

    def take_layer(self, node: int, tensor: torch.Tensor) -> None:
        """Keep the tensor of a layer that is wanted."""
        self._on_output(node, tensor)
        if node in self._wanted and node not in self.leaves:
            self.seen[node] = tensor.clone() if tensor.requires_grad else tensor.detach().clone()
            if tensor.requires_grad:
                self.activations[node] = tensor.detach().clone()
                tensor.register_hook(lambda gradient: self.gradients.__setitem__(node, gradient))


def _value_of_layer(
    model: LoadedModel, target: Target, tensor: torch.Tensor | None, has_gradients: bool
) -> TargetValue:
    if tensor is None:
        raise VrnnError(
            f"'{target.layer}' is an input or did not run, so nothing explains it; choose a layer"
        )
    node = model.network.layer_named(target.layer, model.source.title)
    return layer_value(
        tensor, model.view.map_layouts[node.id], node, target, model.source.title, has_gradients
    )


def _check_value(found: TargetValue, model: LoadedModel) -> None:
    if not bool(torch.isfinite(found.value)):
        raise VrnnError(
            f"{found.text} of {model.source.title} is {float(found.value.detach())} for this "
            "input, so nothing explains it; look at its layers for where values stop being finite"
        )


def _check_gradients(
    gradients: Sequence[torch.Tensor], found: TargetValue, model: LoadedModel
) -> None:
    if not gradients:
        raise VrnnError(
            f"{found.text} does not depend on the input of {model.source.title} by any step that "
            "has a gradient, so nothing explains it; choose another target"
        )
    if not all(bool(torch.isfinite(gradient).all()) for gradient in gradients):
        raise VrnnError(
            f"the gradient of {found.text} is not finite for this input, so nothing explains "
            "it; look at the layers for where values stop being finite"
        )


def target_value(
    model: LoadedModel, inputs: Inputs, target: Target,
    check_stop: Callable[[], None] = lambda: None, ablations: tuple[Ablation, ...] = (),
) -> float:  # fmt: skip
    """Return the value of a target, by a pass without gradients; see `find_gradients`."""
    found = find_gradients(
        model, inputs, target, (), check_stop, has_gradients=False, ablations=ablations
    )
    return float(found.target.value)
