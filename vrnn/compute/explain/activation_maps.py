"""Explanations from the maps of a layer, and from attention.

Sources: Grad-CAM (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391), Grad-CAM++
(Chattopadhay et al. 2018, https://arxiv.org/abs/1710.11063), LayerCAM (Jiang et al. 2021,
https://doi.org/10.1109/TIP.2021.3089943), attention rollout (Abnar and Zuidema 2020,
https://arxiv.org/abs/2005.00928).
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt

import numpy as np
import torch

from vrnn.compute.explain.gradient_pass import find_gradients
from vrnn.compute.explain.prepared_input import ExplainedInput
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.passes.feature_maps import chosen_maps
from vrnn.errors import VrnnError
from vrnn.explanations.results import Explanation, LayerRelevance
from vrnn.explanations.settings import ExplanationSettings
from vrnn.network.graph import Node


def class_activation_map(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings,
    check_stop: Callable[[], None],
) -> Explanation:  # fmt: skip
    """Sum the maps of a layer, weighted by the target's gradients, and keep what speaks for it."""
    node = _layer_of_maps(model, settings.layer)
    found = find_gradients(
        model, given.inputs, settings.target, (node.id,), check_stop,
        ablations=settings.ablations,
    )  # fmt: skip
    if node.id not in found.layers:
        raise VrnnError(
            f"{found.target.text} does not depend on '{node.name}'; choose a layer before it"
        )
    layout = model.view.map_layouts[node.id]
    maps, gradients = (
        chosen_maps(t, layout)[0] for t in (found.activations[node.id], found.layers[node.id])
    )
    weights = _WEIGHTS[settings.method](maps, gradients)
    parts = (weights * maps).relu() if settings.method == "layer-cam" else weights * maps
    cam = parts.sum(0).relu()
    layer = LayerRelevance(
        node.id, node.name, cam[None].cpu().numpy(), parts.sum((1, 2)).cpu().numpy(),
        float(cam.sum()),
    )  # fmt: skip
    return Explanation(
        settings.method, found.target.text, float(found.target.value), {},
        _enlarged(cam, given), given.image, {node.name: layer},
    )  # fmt: skip


def _grad_cam(maps: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    return gradients.mean((1, 2), keepdim=True)


def _grad_cam_plus_plus(maps: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Equation 19 of Chattopadhay et al., for a score whose exponential is differentiated."""
    squares, cubes = gradients**2, gradients**3
    denominator = 2 * squares + maps.sum((1, 2), keepdim=True) * cubes
    share = torch.where(denominator == 0, 0, squares / torch.where(
        denominator == 0, torch.ones_like(denominator), denominator
    ))  # fmt: skip
    return (share * gradients.relu()).sum((1, 2), keepdim=True)


def _layer_cam(maps: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    return gradients.relu()


_WEIGHTS = {"grad-cam": _grad_cam, "grad-cam++": _grad_cam_plus_plus, "layer-cam": _layer_cam}


def _layer_of_maps(model: LoadedModel, name: str) -> Node:
    """The layer of this name, or the last one before the places of maps are lost."""
    nodes = [n for n in model.network.nodes if n.id not in model.view.trace.inputs]
    if name:
        found = [n for n in nodes if n.name == name]
        if not found:
            raise VrnnError(
                f"{model.source.title} has no layer '{name}'; `vrnn graph` lists its layers"
            )
        return found[0]
    with_maps = [
        n for n in nodes
        if len(n.shape) == 3 and n.shape[1] > 1 and n.shape[2] > 1 and n.shape[0] > 1
        and n.presentation == "image" and n.id not in model.network.outputs
    ]  # fmt: skip
    if not with_maps:
        raise VrnnError(
            f"{model.source.title} has no layer with maps, which this method needs; choose another"
        )
    return with_maps[-1]


def _enlarged(cam: torch.Tensor, given: ExplainedInput) -> np.ndarray | None:
    """A map of a layer in the size of the input."""
    if not given.is_image:
        return None
    size = tuple(given.tensor.shape[2:])
    large = torch.nn.functional.interpolate(
        cam[None, None].float(), size=size, mode="bilinear", align_corners=False
    )
    enlarged: np.ndarray = large[0, 0].cpu().numpy()
    return enlarged


def attention_rollout(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings,
    check_stop: Callable[[], None],
) -> Explanation:  # fmt: skip
    """Multiply the mean attention of all blocks, half of it being the way past them.

    It says where the class token, or else the mean of all tokens, looks, whatever the target is.
    """
    nodes = [node for node, record in model.view.records.items() if record.is_attention]
    weights: dict[int, torch.Tensor] = {}

    def on_output(node: int, tensor: torch.Tensor) -> None:
        if node in nodes:
            weights[node] = tensor.detach().flatten(0, -3).mean(0).clone()

    with torch.no_grad():
        found = find_gradients(
            model, given.inputs, settings.target, (), check_stop, has_gradients=False,
            on_output=on_output, ablations=settings.ablations,
        )  # fmt: skip
    ordered = [weights[node] for node in sorted(weights)]
    sizes = {tuple(w.shape) for w in ordered}
    if not ordered or len(sizes) != 1 or ordered[0].shape[0] != ordered[0].shape[1]:
        what = "no attention" if not ordered else "attention among different tokens"
        raise VrnnError(
            f"{model.source.title} has {what} in its layers, so attention cannot be rolled out; "
            "choose another method, such as the composite attention"
        )
    rolled = torch.eye(ordered[0].shape[0], dtype=torch.float64)
    for one in ordered:
        mixed = (one.double().cpu() + torch.eye(len(one), dtype=torch.float64)) / 2
        rolled = mixed / mixed.sum(-1, keepdim=True) @ rolled
    return _rollout_result(model, given, settings, rolled, found.target.text, float(
        found.target.value
    ))  # fmt: skip


def _rollout_result(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings, rolled: torch.Tensor,
    target: str, value: float,
) -> Explanation:  # fmt: skip
    count = len(rolled)
    grids = [n for n in model.network.nodes if model.view.map_layouts[n.id].grid is not None]
    extra, height, width = 0, 0, 0
    for node in grids:
        layout = model.view.map_layouts[node.id]
        if layout.extra_tokens + layout.shape[1] * layout.shape[2] == count:
            extra, (height, width) = layout.prefix_tokens, layout.shape[1:]
            break
    if not height:
        side = isqrt(count)
        extra = 0 if side * side == count else 1
        side = isqrt(count - extra)
        height, width = (side, side) if side * side == count - extra else (1, count - extra)
    row = rolled[0] if extra else rolled.mean(0)
    grid = row[extra : extra + height * width].reshape(height, width)
    return Explanation(
        settings.method, target, value, {"tokens": row.numpy()}, _enlarged(grid, given), given.image
    )
