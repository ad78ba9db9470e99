"""What is measured of a trained network: errors, and how fine its activations are in space."""

from collections.abc import Callable

import torch
from torch import nn

HALF_NYQUIST = 0.25
"""Cycles per position."""
BATCH = 256


@torch.no_grad()
def accuracy(
    net: nn.Module, images: Callable[[torch.Tensor], torch.Tensor], labels: torch.Tensor,
    device: torch.device,
) -> float:  # fmt: skip
    """Return the part of images that are classified as their labels say.

    Args:
        net: The network.
        images: Gives those of some rows, (B, 3, H, W) float32.
        labels: (N,) int64.
        device: Where the network is.
    """
    net.eval()
    right = 0
    for rows in torch.arange(len(labels)).split(BATCH):
        answers = net(images(rows).to(device)).argmax(1).cpu()
        right += int((answers == labels[rows]).sum())
    return right / len(labels)


@torch.no_grad()
def fine_activations(
    net: nn.Module, layer: nn.Module, images: torch.Tensor, device: torch.device
) -> tuple[float, float]:
    """Measure how fine maps are, as the mean of `fine_share` over all maps and all images.

    Args:
        net: The network, with a global average pool.
        layer: Its last convolution.
        images: (N, 3, H, W) uint8.
        device: Where the network is.

    Returns:
        That of what the layer gives, and of the activations that are averaged behind it.
    """
    net.eval()
    given: list[torch.Tensor] = []
    averaged: list[torch.Tensor] = []
    pool = next(one for one in net.modules() if isinstance(one, nn.AdaptiveAvgPool2d))
    hooks = (
        layer.register_forward_hook(lambda _, taken, maps: given.append(fine_share(maps.cpu()))),
        pool.register_forward_pre_hook(lambda _, maps: averaged.append(fine_share(maps[0].cpu()))),
    )
    for some in images.split(BATCH):
        net((some.float() / 255).to(device))
    for hook in hooks:
        hook.remove()
    return float(torch.cat(given).nanmean()), float(torch.cat(averaged).nanmean())


def fine_share(maps: torch.Tensor) -> torch.Tensor:
    """Return how much of the power of each map is above half the Nyquist frequency.

    The mean of a map, which has no frequency, is left out. Of white noise it is 0.80.

    Args:
        maps: (…, H, W) float.

    Returns:
        (…) float64, 0…1; NaN where a map is the same everywhere.
    """
    maps = maps.double() - maps.double().mean((-2, -1), keepdim=True)
    power = torch.fft.fft2(maps).abs() ** 2
    rows, columns = (torch.fft.fftfreq(side, dtype=torch.float64) for side in maps.shape[-2:])
    fine = torch.hypot(rows[:, None], columns[None]) > HALF_NYQUIST
    total = power.sum((-2, -1))
    share = (power * fine).sum((-2, -1)) / total
    return torch.where(total > 1e-12, share, torch.nan)
