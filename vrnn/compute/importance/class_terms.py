"""What is said and computed of a class and the rest."""

from __future__ import annotations

import torch

from vrnn.compute.loaded_model import LoadedModel
from vrnn.errors import VrnnError


def class_text(model: LoadedModel, class_index: int) -> str:
    """Return what people call a class of a model."""
    names = model.source.class_names
    return names[class_index] if class_index < len(names) else f"class {class_index}"


def class_margins(scores: torch.Tensor, class_index: int) -> torch.Tensor:
    """Return how far a class is ahead of all others together, (N,) real.

    It is the logit of the class's probability after a softmax.

    Args:
        scores: (N, K), before a softmax or its logarithm; of complex ones the magnitude counts.
        class_index: The class.
    """
    if scores.is_complex():
        scores = scores.abs()
    scores = scores.float()
    others = torch.cat([scores[:, :class_index], scores[:, class_index + 1 :]], 1)
    return scores[:, class_index] - others.logsumexp(1)


def not_finite_error(model: LoadedModel) -> VrnnError:
    """Return the error of a model whose numbers are NaN or infinite."""
    return VrnnError(
        f"what {model.source.title} computes is not finite for images of the data set, so no "
        "importance comes of it; look at its layers for where values stop being finite"
    )


def no_layer_error(model: LoadedModel) -> VrnnError:
    """Return the error of a model without a layer whose channels could be important."""
    return VrnnError(
        f"{model.source.title} has no hidden convolution or linear layer that a gradient passes "
        "through, as in a quantized network, so no channel of it can be ranked; open it before it "
        "was quantized, or one with such layers"
    )
