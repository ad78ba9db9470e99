"""How much each channel of each layer speaks for the predicted class: gradient × activation.

Summed over a map it is, to first order, what the logit would lose without the channel
(Shrikumar et al. 2017, https://arxiv.org/abs/1704.02685, "gradient × input").
"""

from __future__ import annotations

import numpy as np
import torch

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import map_tensors
from vrnn.compute.operators.tensor_layout import to_maps
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.errors import VrnnError


def gradient_x_activation(model: LoadedModel) -> dict[int, np.ndarray]:
    """Compute gradient × activation for the image of the newest pass.

    The model is left as it was.

    Args:
        model: The model.

    Returns:
        (C,) float32 by node id; nodes without a gradient are missing.

    Raises:
        VrnnError: The model gives no class scores, or cannot be differentiated.
    """
    attributions: dict[int, np.ndarray] = {}
    layouts = model.view.map_layouts

    def on_output(node: int, tensor: torch.Tensor) -> None:
        if not tensor.requires_grad:
            return
        activation = tensor.detach().clone()  # a later operation may write over it

        def on_gradient(gradient: torch.Tensor) -> None:
            layout = layouts[node]
            maps = to_maps(gradient * activation, layout)[0, :, -layout.positions :]
            attributions[node] = maps.sum(-1).float().cpu().numpy()

        tensor.register_hook(on_gradient)

    inputs = map_tensors(
        model.inputs, lambda t: t.detach().clone().requires_grad_() if _is_float(t) else t
    )
    result = model.replay.run(inputs, on_output, gradients=True)
    scores = [t for t in tensors_in(result) if t.dim() == 2 and t.shape[1] > 1]
    if not scores:
        raise VrnnError(f"{model.source.title} gives no class scores to attribute to channels")
    scores = [t for t in scores if t.requires_grad]  # without those that are constant
    if not scores:
        raise VrnnError(f"{model.source.title} cannot be differentiated: it runs without gradients")
    float_inputs = [t for t in tensors_in(inputs) if _is_float(t)]
    torch.autograd.grad(scores[0][0].max(), float_inputs, allow_unused=True)
    return attributions


def _is_float(tensor: object) -> bool:
    return isinstance(tensor, torch.Tensor) and tensor.is_floating_point()
