"""How much each channel of each layer speaks for the class that won: gradient times activation.

Summed over a map it is, to first order, what the logit would lose without the channel
(Shrikumar et al. 2017, https://arxiv.org/abs/1704.02685, "gradient × input").
"""

from __future__ import annotations

import numpy as np
import torch

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.passes.feature_maps import first_sample_maps
from vrnn.compute.tracing.tracer import tensors_in
from vrnn.errors import VrnnError


def gradient_x_activation(model: LoadedModel) -> dict[int, np.ndarray]:
    """(C,) float32 by node, for the newest pass's image; layers without a gradient are missing.

    The model is left as it was. Raises VrnnError when it gives no class scores, or cannot be
    differentiated.
    """
    found: dict[int, np.ndarray] = {}
    forms = model.view.map_layouts

    def keep(node: int, tensor: torch.Tensor) -> None:
        if not tensor.requires_grad:
            return
        before = tensor.detach().clone()  # a later operation may write over it

        def gradient(grad: torch.Tensor) -> None:
            values, _ = first_sample_maps(grad * before, forms[node])
            found[node] = values.sum((1, 2)).float().cpu().numpy()

        tensor.register_hook(gradient)

    inputs = tuple(t.detach().clone().requires_grad_() if _is_float(t) else t for t in model.inputs)
    result = model.replay.run(inputs, keep, gradients=True)
    scores = [t for t in tensors_in(result) if t.dim() == 2 and t.shape[1] > 1]
    if not scores:
        raise VrnnError(f"{model.source.title} gives no class scores to find evidence for")
    if not scores[0].requires_grad:
        raise VrnnError(f"{model.source.title} cannot be differentiated: it runs without gradients")
    first = [t for t in inputs if _is_float(t)]
    torch.autograd.grad(scores[0][0].max(), first, allow_unused=True)
    return found


def _is_float(tensor: object) -> bool:
    return isinstance(tensor, torch.Tensor) and tensor.is_floating_point()
