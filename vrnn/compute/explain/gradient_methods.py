"""Explanations by gradients and by what is covered.

Sources: saliency (Simonyan et al. 2013, https://arxiv.org/abs/1312.6034), integrated gradients
(Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365), SmoothGrad (Smilkov et al. 2017,
https://arxiv.org/abs/1706.03825), guided backprop (Springenberg et al. 2015,
https://arxiv.org/abs/1412.6806), occlusion (Zeiler and Fergus 2014,
https://arxiv.org/abs/1311.2901). Maps of layers are in `activation_maps`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from vrnn.compute.explain.activation_maps import attention_rollout, class_activation_map
from vrnn.compute.explain.baselines import baseline_inputs
from vrnn.compute.explain.gradient_batches import gradients_of
from vrnn.compute.explain.gradient_pass import find_gradients, target_value
from vrnn.compute.explain.prepared_input import ExplainedInput
from vrnn.compute.explain.results import heatmap_of
from vrnn.compute.explain.target_values import TargetValue
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import map_tensors
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.errors import VrnnError
from vrnn.explanations.results import Explanation
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target

CheckStop = Callable[[], None]
Explainer = Callable[[LoadedModel, ExplainedInput, ExplanationSettings, CheckStop], Explanation]


def _result(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings, target: TargetValue,
    inputs: dict[int, torch.Tensor], is_unsigned: bool = False,
) -> Explanation:  # fmt: skip
    """inputs: by node. is_unsigned: whether only how strong it is says something."""
    by_id = model.network.by_id
    main = inputs.get(model.view.trace.inputs[given.index])
    heatmap = None
    if main is not None and given.is_image:
        heatmap = heatmap_of(main)
        if is_unsigned:  # as Simonyan et al. have it
            heatmap = main[0].abs().amax(0).float().cpu().numpy()
    named = {by_id[n].name: v.cpu().numpy() for n, v in inputs.items() if n in by_id}
    return Explanation(
        settings.method, target.text, float(target.value), named, heatmap, given.image
    )


def saliency(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings, check_stop: CheckStop
) -> Explanation:
    """How strongly each value of the input changes the target: |gradient|."""
    found = find_gradients(
        model, given.inputs, settings.target, (), check_stop, ablations=settings.ablations
    )
    inputs = {node: gradient.abs() for node, gradient in found.inputs.items()}
    return _result(model, given, settings, found.target, inputs, is_unsigned=True)


def guided_backprop(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings, check_stop: CheckStop
) -> Explanation:
    """The gradient that ReLUs let through where it and their input are positive."""
    found = find_gradients(
        model, given.inputs, settings.target, (), check_stop, is_guided=True,
        ablations=settings.ablations,
    )  # fmt: skip
    return _result(model, given, settings, found.target, found.inputs, is_unsigned=True)


def integrated_gradients(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings, check_stop: CheckStop
) -> Explanation:
    """Gradients on the straight line from a baseline, times the way, by Gauss-Legendre steps.

    They sum to what the target is more than at the baseline.
    """
    start = list(tensors_in(baseline_inputs(model, given, settings.baseline)))
    end = list(tensors_in(given.inputs))
    target = _fixed_target(model, given, settings, check_stop)
    points, weights = np.polynomial.legendre.leggauss(settings.steps)
    line = []
    for point in (points + 1) / 2:
        pairs = iter(zip(start, end, strict=True))

        def between(t: torch.Tensor, share: float = float(point)) -> torch.Tensor:
            a, b = next(pairs)  # noqa: B023
            return a + share * (b - a) if t.is_floating_point() else t

        line.append(map_tensors(given.inputs, between))
    total: dict[int, torch.Tensor] = {}
    found = gradients_of(model, line, target.target, check_stop, settings.ablations)
    for weight, gradients in zip(weights / 2, found, strict=True):
        for node, gradient in gradients.items():
            part = gradient * float(weight)
            total[node] = part if node not in total else total[node].add_(part)
    by_node = dict(zip(model.view.trace.inputs, zip(start, end, strict=True), strict=True))
    inputs_found = {node: (by_node[node][1] - by_node[node][0]) * g for node, g in total.items()}
    return _result(model, given, settings, target.value, inputs_found)


class _FixedTarget(NamedTuple):
    """A target whose class is that of the input itself, whichever wins elsewhere."""

    value: TargetValue
    target: Target


def _fixed_target(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings, check_stop: CheckStop
) -> _FixedTarget:
    target = settings.target
    found = find_gradients(
        model, given.inputs, target, (), check_stop, has_gradients=False,
        ablations=settings.ablations,
    ).target  # fmt: skip
    if target.channel is None and not target.layer and target.box is None:
        target = replace(target, channel=found.channel)
    return _FixedTarget(found, target)


def smooth_grad(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings, check_stop: CheckStop
) -> Explanation:
    """The mean of gradients at the input with noise."""
    generator = torch.Generator().manual_seed(settings.seed)
    target = _fixed_target(model, given, settings, check_stop)

    def noisy(t: torch.Tensor) -> torch.Tensor:
        spread = settings.noise * float(t.amax() - t.amin())
        noise = torch.randn(t.shape, generator=generator, dtype=torch.float32)
        return t + spread * noise.to(t)

    several = [given.with_floats(noisy) for _ in range(settings.samples)]
    total: dict[int, torch.Tensor] = {}
    for gradients in gradients_of(model, several, target.target, check_stop, settings.ablations):
        for node, gradient in gradients.items():
            part = gradient / settings.samples
            total[node] = part if node not in total else total[node].add_(part)
    return _result(model, given, settings, target.value, total, is_unsigned=True)


def occlusion(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings, check_stop: CheckStop
) -> Explanation:
    """How much the target falls when a patch of the image is covered."""
    if not given.is_image:
        raise VrnnError(
            f"{model.source.title} takes no image, of which patches could be covered; choose "
            "another method"
        )
    x = given.tensor
    tensors = list(tensors_in(baseline_inputs(model, given, settings.baseline)))
    cover = tensors[given.index]
    target = _fixed_target(model, given, settings, check_stop)
    value = float(target.value.value)
    fallen = torch.zeros(x.shape[2:], dtype=torch.float64)
    counts = torch.zeros_like(fallen)
    patch = settings.patch
    for row in _starts(x.shape[2], patch, settings.stride):
        for column in _starts(x.shape[3], patch, settings.stride):
            area = (..., slice(row, row + patch), slice(column, column + patch))
            covered = x.clone()
            covered[area] = cover[area]
            less = value - target_value(
                model, given.with_image(covered), target.target, check_stop, settings.ablations
            )
            fallen[area] += less
            counts[area] += 1
    found = (fallen / counts.clamp(min=1)).to(x.dtype)
    by_id = model.network.by_id
    name = by_id[model.view.trace.inputs[given.index]].name
    return Explanation(
        settings.method, target.value.text, value,
        {name: found.expand(x.shape[1], -1, -1)[None].numpy()}, found.float().numpy(), given.image,
    )  # fmt: skip


def _starts(size: int, patch: int, stride: int) -> list[int]:
    """Where patches begin, so that the last one reaches the end."""
    starts = list(range(0, max(size - patch, 0) + 1, stride))
    return starts if starts[-1] + patch >= size else [*starts, starts[-1] + stride]


GRADIENT_EXPLAINERS: dict[str, Explainer] = {
    "saliency": saliency,
    "integrated-gradients": integrated_gradients,
    "smooth-grad": smooth_grad,
    "guided-backprop": guided_backprop,
    "grad-cam": class_activation_map,
    "grad-cam++": class_activation_map,
    "layer-cam": class_activation_map,
    "attention-rollout": attention_rollout,
    "occlusion": occlusion,
}
