"""What a feature visualization maximizes, and the penalties that are subtracted from it."""

from __future__ import annotations

import torch

from vrnn.compute.features.objective_step import NO_GRADIENT
from vrnn.compute.operators.tensor_layout import MapLayout, to_maps
from vrnn.errors import VrnnError
from vrnn.features.settings import FeatureVisSettings


def objective_values(
    tensor: torch.Tensor, layout: MapLayout, channels: torch.Tensor, settings: FeatureVisSettings
) -> torch.Tensor:
    """Compute the objective of each image.

    Args:
        tensor: The node's tensor for N images.
        layout: How it is read as maps.
        channels: (N,) int64, the channel that each image is for.
        settings: Which objective, and its parameters.

    Returns:
        (N,) float32, differentiable.

    Raises:
        VrnnError: The objective does not fit the layer, or the layer has no gradient.
    """
    if not tensor.is_floating_point():
        raise VrnnError(NO_GRADIENT)
    maps = to_maps(tensor, layout).float()
    if len(maps) != len(channels):
        raise VrnnError(
            "this model takes one image at a time; its layers cannot be visualized by optimization"
        )
    extra_tokens = maps.shape[-1] - layout.positions
    if settings.objective == "layer":
        return maps.square().mean((1, 2))
    if settings.objective == "direction":
        if len(settings.direction) != maps.shape[1]:
            raise VrnnError(f"the direction should have {maps.shape[1]} numbers")
        direction = torch.tensor(settings.direction, device=maps.device, dtype=maps.dtype)
        grid = maps[:, :, extra_tokens:]
        return torch.einsum("nct,c->n", grid, direction) / grid.shape[2]
    chosen = maps[torch.arange(len(channels), device=maps.device), channels]
    if settings.objective == "neuron":
        height, width = layout.shape[1:]
        row, column = settings.position or (height // 2, width // 2)
        if not (0 <= row < height and 0 <= column < width):
            raise VrnnError(f"maps of this layer are {height}×{width}; there is no such neuron")
        return chosen[:, extra_tokens + row * width + column]
    mean = chosen[:, extra_tokens:].mean(1)
    if settings.objective == "difference":
        if settings.subtracted_channel >= maps.shape[1]:
            raise VrnnError(
                f"this layer has channels 0 to {maps.shape[1] - 1}; there is no "
                f"{settings.subtracted_channel} to subtract"
            )
        mean = mean - maps[:, settings.subtracted_channel, extra_tokens:].mean(1)
    if settings.diversity > 0 and settings.samples_per_channel > 1:
        mean = mean - settings.diversity * _similarity(maps[:, :, extra_tokens:], channels)
    return mean


def _similarity(maps: torch.Tensor, channels: torch.Tensor) -> torch.Tensor:
    """(N,) how similar the samples of a channel are: the cosine of their Gram matrices.

    maps: (N, C, H·W).
    """
    gram = torch.einsum("nct,ndt->ncd", maps, maps).flatten(1)
    gram = torch.nn.functional.normalize(gram, dim=1)
    same_channel = channels[:, None] == channels[None]
    same_channel = same_channel & ~torch.eye(len(maps), dtype=torch.bool, device=maps.device)
    return (gram @ gram.T * same_channel).sum(1) / same_channel.sum(1).clamp_min(1)


def penalties(images: torch.Tensor, settings: FeatureVisSettings) -> torch.Tensor | None:
    """Compute what is subtracted from the objective of each image.

    Args:
        images: (N, C, H, W).
        settings: The weights of the penalties.

    Returns:
        (N,), differentiable; None if there are no penalties.
    """
    if not (settings.l1 or settings.l2 or settings.total_variation):
        return None
    total = torch.zeros(len(images), dtype=torch.float32, device=images.device)
    if settings.l1:
        total = total + settings.l1 * images.abs().mean((1, 2, 3))
    if settings.l2:
        total = total + settings.l2 * images.square().mean((1, 2, 3)).sqrt()
    if settings.total_variation:
        down = (images[:, :, 1:] - images[:, :, :-1]).abs().mean((1, 2, 3))
        across = (images[..., 1:] - images[..., :-1]).abs().mean((1, 2, 3))
        total = total + settings.total_variation * (down + across)
    return total
