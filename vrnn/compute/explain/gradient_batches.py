"""Gradients of several inputs at once, where a batch gives what they give one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch

from vrnn.compute.explain.gradient_pass import GradientMode, find_gradients
from vrnn.compute.explain.target_values import output_tensors
from vrnn.compute.explain.untouched_model import untouched
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.user_traceback import is_out_of_memory
from vrnn.compute.model_inputs import Inputs, call_model, join_samples, map_tensors
from vrnn.compute.operators.tensor_layout import to_maps
from vrnn.compute.tracing.calls import watch_calls
from vrnn.compute.tracing.evaluation_mode import evaluation_mode
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.errors import VrnnError
from vrnn.explanations.targets import Target
from vrnn.network.results import Ablation

BATCH = 8
"""Inputs at once: more gain nothing on a CPU, whose cache holds no more."""
TOLERANCE = 1e-4
"""Of the values of a batch beside those of its inputs alone, as a share."""
NO_MEMORY = (
    "not enough memory for a pass forward and back; pass a smaller --input-size, or --device cpu"
)


def gradients_of(
    model: LoadedModel, several: Sequence[Inputs], target: Target,
    check_stop: Callable[[], None], ablations: tuple[Ablation, ...] = (),
) -> Iterator[dict[int, torch.Tensor]]:  # fmt: skip
    """Yield the gradients of each input, by the id of its node.

    Args:
        model: The model.
        several: Its arguments, alike but for their numbers.
        target: What is explained; of an output it names the class.
        check_stop: Raises what is to end it.
        ablations: What is ablated; then inputs go in one by one.

    Raises:
        VrnnError: See `find_gradients`.
    """
    size = BATCH if not ablations and _can_be_joined(model, several[0], target) else 1
    start = 0
    is_checked = False
    while start < len(several):
        part = several[start : start + size]
        if len(part) == 1 or size == 1:
            yield _single(model, part[0], target, check_stop, ablations)
            start += 1
            continue
        try:
            found = _batch(model, part, target, check_stop)
        except (RuntimeError, VrnnError, IndexError, ValueError) as error:
            size = size // 2 if is_out_of_memory(error) else 1
            continue
        if not is_checked:
            alone = _single(model, part[-1], target, check_stop)
            if not _is_alike(alone, {node: g[-1:] for node, g in found.items()}):
                size = 1  # samples of a batch change each other
                continue
            is_checked = True
        for i in range(len(part)):
            yield {node: gradient[i : i + 1] for node, gradient in found.items()}
        start += len(part)


def _single(
    model: LoadedModel, inputs: Inputs, target: Target, check_stop: Callable[[], None],
    ablations: tuple[Ablation, ...] = (),
) -> dict[int, torch.Tensor]:  # fmt: skip
    try:
        return find_gradients(model, inputs, target, (), check_stop, ablations=ablations).inputs
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise VrnnError(NO_MEMORY) from error
        raise


def _can_be_joined(model: LoadedModel, inputs: Inputs, target: Target) -> bool:
    """Whether an input has samples, and the target is a class of an output."""
    is_class = not target.layer and target.box is None and target.position is None
    tensors = list(tensors_in(inputs))
    return (
        is_class and target.channel is not None and not model.view.trace.inside_scripts
        and len(tensors) == 1 and tensors[0].dim() > 1 and tensors[0].shape[0] == 1
        and tensors[0].is_floating_point()
    )  # fmt: skip


def _batch(
    model: LoadedModel, several: Sequence[Inputs], target: Target, check_stop: Callable[[], None]
) -> dict[int, torch.Tensor]:
    leaves: list[torch.Tensor] = []

    def prepare(tensor: torch.Tensor) -> torch.Tensor:
        with torch.enable_grad():
            leaves.append(tensor.detach().clone().requires_grad_())
            return leaves[-1].clone()

    with untouched(model.source.model, several[0]) as guard:
        mode = GradientMode({}, lambda node, tensor: None, guard, check_stop, False, True)
        given = map_tensors(join_samples(several), prepare)
        with (
            evaluation_mode(model.source.model),
            torch.set_grad_enabled(True),
            mode.kept.for_autograd(),
            watch_calls(mode, inside_scripts=False),
        ):
            result = call_model(model.source.model, given)
        tensor, node = output_tensors(model, result)[target.output]
        if mode.last_softmax is not None and mode.last_softmax[0] is tensor:
            tensor = mode.last_softmax[1]
        if node is None:
            raise ValueError("nothing is known of the output")
        maps = to_maps(tensor, model.view.map_layouts[node])
        if maps.shape[0] != len(several):
            raise ValueError("the output has another number of samples")
        value = maps[:, target.channel].sum()
        if target.against is not None:
            value = value - maps[:, target.against].sum()
        gradients = torch.autograd.grad(value, leaves)
    return dict(zip(model.view.trace.inputs, gradients, strict=True))


def _is_alike(alone: dict[int, torch.Tensor], joined: dict[int, torch.Tensor]) -> bool:
    return all(
        float((joined[node] - own).abs().max()) <= TOLERANCE * float(own.abs().max())
        for node, own in alone.items()
    )
