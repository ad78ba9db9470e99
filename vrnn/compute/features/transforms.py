"""Small random transformations between the steps of an optimization, different for each image.

All images of a batch are transformed at once on their device: rotation and scale are one
resampling, the blur one grouped convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi

import torch
from torch.nn import functional as F

from vrnn.features.settings import FeatureVisSettings

BLUR_SIDE = 5
"""Side of the blur's kernel in pixels."""


def transform_images(
    images: torch.Tensor, settings: FeatureVisSettings, generators: Sequence[torch.Generator]
) -> torch.Tensor:
    """Pad, rotate, scale, blur, crop and roll images at random.

    Args:
        images: (N, C, H, W).
        settings: How strongly and how often.
        generators: N sources of random numbers, one for each image, on the CPU: a seed gives the
            same numbers on any device and in any batch.

    Returns:
        (N, C, H, W), differentiable.
    """
    _, _, height, width = images.shape
    numbers = torch.stack(
        [torch.rand(10, generator=one, dtype=torch.float32) for one in generators]
    ).T
    pad = settings.pad
    if pad:
        images = F.pad(images, (pad, pad, pad, pad), mode="replicate")
    images = _rotate_and_scale(images, settings, numbers[:5])
    if settings.blur > 0:
        images = _blur(images, settings.blur * numbers[5])
    if pad:
        images = images[..., pad : pad + height, pad : pad + width]
    return _roll(images, settings, numbers[6:10])


def _rotate_and_scale(
    images: torch.Tensor, settings: FeatureVisSettings, numbers: torch.Tensor
) -> torch.Tensor:
    """numbers: (5, N) random, 0…1."""
    count = len(images)
    rotates = numbers[0] < settings.rotate_chance
    scales = numbers[1] < settings.scale_chance
    least = min(1.0, settings.rotate)
    degrees = least + (settings.rotate - least) * numbers[2]
    sign = torch.where(numbers[3] < 0.5, -1.0, 1.0)
    angle = rotates * degrees * sign * pi / 180
    scale = 1 + scales * (settings.scale - 1) * numbers[4]
    chosen = (rotates | scales).nonzero()[:, 0]
    if not len(chosen):
        return images
    angle, scale = angle[chosen], scale[chosen]
    _, _, height, width = images.shape
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    matrix = torch.zeros(len(chosen), 2, 3, dtype=torch.float32)
    matrix[:, 0, 0], matrix[:, 0, 1] = cos, -sin * height / width
    matrix[:, 1, 0], matrix[:, 1, 1] = sin * width / height, cos
    chosen = chosen.to(images.device)
    some = images if len(chosen) == count else images[chosen]
    grid = F.affine_grid(
        matrix.to(images.device, images.dtype), list(some.shape), align_corners=False
    )
    some = F.grid_sample(some, grid, padding_mode="border", align_corners=False)
    return some if len(chosen) == count else images.index_copy(0, chosen, some)


def _blur(images: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Blur with a Gaussian: a product of two lines, each one convolution for all images.

    sigma: (N,) in pixels.
    """
    count, channels, height, width = images.shape
    offset = torch.arange(BLUR_SIDE, dtype=torch.float32) - BLUR_SIDE // 2
    line = torch.exp(-0.5 * (offset / sigma.clamp_min(1e-3)[:, None]) ** 2)
    line = (line / line.sum(1, keepdim=True)).to(images.device, images.dtype)
    line = line.repeat_interleave(channels, 0)
    rows = line.view(-1, 1, BLUR_SIDE, 1)
    half = BLUR_SIDE // 2
    blurred = F.pad(images, (half, half, half, half), mode="replicate")
    blurred = blurred.reshape(1, count * channels, height + 2 * half, width + 2 * half)
    blurred = F.conv2d(blurred, rows, groups=count * channels)
    blurred = F.conv2d(blurred, rows.transpose(2, 3), groups=count * channels)
    return blurred.view(count, channels, height, width)


def _roll(
    images: torch.Tensor, settings: FeatureVisSettings, numbers: torch.Tensor
) -> torch.Tensor:
    """numbers: (4, N) random, 0…1."""
    count, _, height, width = images.shape
    shifts = []
    for length, chance, by in ((height, *numbers[:2]), (width, *numbers[2:])):
        rolls = chance < settings.roll_chance
        # From -roll to -1 and from 1 to roll.
        steps = (by * 2 * settings.roll).long().clamp_max(max(2 * settings.roll - 1, 0))
        signed = torch.where(
            steps < settings.roll, steps - settings.roll, steps - settings.roll + 1
        )
        shifts.append((rolls * signed * (settings.roll > 0)) % length)
    down, right = shifts
    chosen = (down | right).nonzero()[:, 0]
    if not len(chosen):
        return images
    down, right = down[chosen], right[chosen]
    rows = ((torch.arange(height) - down[:, None]) % height).to(images.device)
    columns = ((torch.arange(width) - right[:, None]) % width).to(images.device)
    chosen = chosen.to(images.device)
    sample = torch.arange(len(chosen), device=images.device)
    some = (images if len(chosen) == count else images[chosen]).movedim(1, -1)
    some = some[sample[:, None, None], rows[:, :, None], columns[:, None, :]].movedim(-1, 1)
    return some if len(chosen) == count else images.index_copy(0, chosen, some)
