"""Importance of channels by what they add to the score of a class: no training is needed."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np
import torch

from vrnn.compute.analysis.skipped_images import skip_reason
from vrnn.compute.explain.explain import relevance_request
from vrnn.compute.explain.prepared_input import prepare_input
from vrnn.compute.explain.relevance_pass import propagate
from vrnn.compute.explain.target_values import output_tensors
from vrnn.compute.importance.class_terms import class_text, not_finite_error
from vrnn.compute.importance.labeled_images import LabeledImages
from vrnn.compute.importance.prunable_layers import prunable_nodes, scale_channels
from vrnn.compute.importance.scaled_pass import run_scaled
from vrnn.compute.jobs import JobCancelled
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import Inputs
from vrnn.compute.operators.tensor_layout import to_maps
from vrnn.errors import VrnnError
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target
from vrnn.media.image_set import ImageSet

COMPOSITE = "alpha2-beta1"
"""It follows what speaks against a class too. By composites that leave that out, such as
epsilon-plus, channels of the digits' network are ranked hardly better than by chance."""
Evidence = Generator[tuple[int, int], None, dict[int, np.ndarray]]
"""Yields how many images are done and how many there are; returns (C,) float32 by node id."""


def class_gradients(
    model: LoadedModel, images: LabeledImages, class_index: int,
    check_stop: Callable[[], None] = lambda: None,
) -> Evidence:  # fmt: skip
    """Average |gradient × activation| of each channel over the images of a class.

    Summed over a map, gradient × activation is to first order what the score of the class loses
    when the channel is set to zero (Molchanov et al. 2017, https://arxiv.org/abs/1611.06440). It is
    taken as the gradient of a factor of the channel, which is 1.

    Args:
        model: The model.
        images: The images.
        class_index: The class.
        check_stop: Raises what is to end it; called for each operation.

    Yields:
        How many images are done, and how many there are.

    Returns:
        (C,) float32 by node id. Layers that no gradient comes from are missing.

    Raises:
        VrnnError: A value is not finite.
        GraphChanged: The model took another way than when it was traced.
    """
    layouts = prunable_nodes(model.view)
    chosen = np.flatnonzero(images.labels == class_index)
    sums: dict[int, torch.Tensor] = {}
    done = 0
    for inputs, part in images.batches(chosen):
        for node, values in _factor_gradients(
            model, images.output, inputs, len(part), class_index, check_stop
        ).items():
            total = values.abs().double().sum(0)
            sums[node] = sums[node] + total if node in sums else total
        done += len(part)
        yield done, len(chosen)
    found = {
        node: (sums[node] / len(chosen)).float().cpu().numpy() for node in layouts if node in sums
    }
    if not all(np.isfinite(values).all() for values in found.values()):
        raise not_finite_error(model)
    return found


def _factor_gradients(
    model: LoadedModel, output: int, inputs: Inputs, count: int, class_index: int,
    check_stop: Callable[[], None],
) -> dict[int, torch.Tensor]:  # fmt: skip
    """The gradient of the factor of each channel, (N, C) by node id."""
    layouts = prunable_nodes(model.view)
    factors: dict[int, torch.Tensor] = {}
    found: dict[int, torch.Tensor] = {}

    def scale(node: int, tensor: torch.Tensor) -> torch.Tensor:
        if not (tensor.is_floating_point() or tensor.is_complex()):
            return tensor
        layout = layouts[node]
        shape = (count, layout.shape[0]) if layout.batch_axis is not None else layout.shape[:1]
        factors[node] = torch.ones(
            shape, dtype=tensor.real.dtype if tensor.is_complex() else tensor.dtype,
            device=tensor.device, requires_grad=True,
        )  # fmt: skip
        return scale_channels(tensor, layout, factors[node])

    def go_back(scores: torch.Tensor) -> None:
        value = (scores.abs() if scores.is_complex() else scores)[:, class_index].sum()
        if not value.requires_grad:
            return
        gradients = torch.autograd.grad(value, list(factors.values()), allow_unused=True)
        for node, gradient in zip(factors, gradients, strict=True):
            if gradient is not None:
                found[node] = gradient if gradient.dim() > 1 else gradient[None]

    run_scaled(model, output, inputs, layouts, scale, go_back, check_stop)
    return found


def class_relevance(
    model: LoadedModel, dataset: ImageSet, images: LabeledImages, class_index: int,
    check_stop: Callable[[], None] = lambda: None,
) -> Evidence:  # fmt: skip
    """Average |relevance| of each channel over the images of a class.

    The relevance is that for the class, summed over each map (pruning by it: Yeom et al. 2021,
    https://arxiv.org/abs/1912.08881).

    Args:
        model: The model.
        dataset: The images, as they are.
        images: Those that the model can take.
        class_index: The class.
        check_stop: Raises what is to end it; called for each operation.

    Yields:
        How many images are done, and how many there are.

    Returns:
        (C,) float32 by node id. Layers that no relevance comes to are missing.

    Raises:
        VrnnError: No image of the class could be explained.
        GraphChanged: The model took another way than when it was traced.
    """
    layouts = prunable_nodes(model.view)
    chosen = images.numbers[images.labels == class_index].tolist()
    place = _output_place(model, images.output)
    target = Target(output=place, channel=class_index)
    settings = ExplanationSettings(COMPOSITE, target)
    sums: dict[int, np.ndarray] = {}
    explained, reason = 0, ""
    for done, number in enumerate(chosen):
        found: dict[int, torch.Tensor] = {}

        def take(node: int, values: torch.Tensor, found: dict[int, torch.Tensor] = found) -> None:
            channels = to_maps(values, layouts[node]).sum((0, 2), dtype=torch.float64)
            found[node] = found[node] + channels if node in found else channels

        try:
            given = prepare_input(model, dataset.image(number))
            request = relevance_request(model, given, settings, tuple(layouts))
            propagate(model, given.inputs, request, take, check_stop)
        except JobCancelled:
            raise
        except Exception as error:  # whatever a data set, or a model, may raise
            reason = reason or skip_reason(error)
        else:
            explained += 1
            for node, values in found.items():
                sums[node] = sums.get(node, np.zeros(len(values))) + values.abs().cpu().numpy()
        yield done + 1, len(chosen)
    if not explained:
        raise VrnnError(
            f"no image of '{class_text(model, class_index)}' can be explained: {reason}"
        )
    means = {n: (sums[n] / explained).astype(np.float32) for n in layouts if n in sums}
    if not all(np.isfinite(values).all() for values in means.values()):
        raise not_finite_error(model)
    return means


def _output_place(model: LoadedModel, node: int) -> int:
    """Which of a model's outputs a node holds."""
    result = model.replay.run(model.inputs, lambda node, tensor: None)
    places = [i for i, (_, own) in enumerate(output_tensors(model, result)) if own == node]
    return places[0] if places else 0
