"""Small random changes of pictures between steps of an ascent, each picture with its own numbers.

All pictures of a batch are changed at once on their device: rotation and scale are one resampling,
the blur one grouped convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi

import torch
from torch.nn import functional as F

from vrnn.features.settings import FeatureVisSettings

BLUR = 5
"""Side of the blur's kernel, pixels."""


def transform_images(
    pictures: torch.Tensor, settings: FeatureVisSettings, random: Sequence[torch.Generator]
) -> torch.Tensor:
    """(N, C, H, W) changed as the settings say, differentiable.

    random: of each picture, on the CPU: a seed gives the same numbers on any device and in any
    batch.
    """
    _, _, height, width = pictures.shape
    numbers = torch.stack([torch.rand(10, generator=one) for one in random]).T
    pad = settings.pad
    if pad:
        pictures = F.pad(pictures, (pad, pad, pad, pad), mode="replicate")
    pictures = _turned(pictures, settings, numbers[:5])
    if settings.blur > 0:
        pictures = _blurred(pictures, settings.blur * numbers[5])
    if pad:
        pictures = pictures[..., pad : pad + height, pad : pad + width]
    return _rolled(pictures, settings, numbers[6:10])


def _turned(
    pictures: torch.Tensor, settings: FeatureVisSettings, numbers: torch.Tensor
) -> torch.Tensor:
    """numbers: (5, N) 0…1."""
    count = len(pictures)
    turns = numbers[0] < settings.rotate_chance
    grows = numbers[1] < settings.scale_chance
    least = min(1.0, settings.rotate)
    size = least + (settings.rotate - least) * numbers[2]
    sign = torch.where(numbers[3] < 0.5, -1.0, 1.0)
    angle = turns * size * sign * pi / 180
    scale = 1 + grows * (settings.scale - 1) * numbers[4]
    chosen = (turns | grows).nonzero()[:, 0]
    if not len(chosen):
        return pictures
    angle, scale = angle[chosen], scale[chosen]
    _, _, height, width = pictures.shape
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    matrix = torch.zeros(len(chosen), 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = cos, -sin * height / width
    matrix[:, 1, 0], matrix[:, 1, 1] = sin * width / height, cos
    chosen = chosen.to(pictures.device)
    some = pictures if len(chosen) == count else pictures[chosen]
    grid = F.affine_grid(
        matrix.to(pictures.device, pictures.dtype), list(some.shape), align_corners=False
    )
    some = F.grid_sample(some, grid, padding_mode="border", align_corners=False)
    return some if len(chosen) == count else pictures.index_copy(0, chosen, some)


def _blurred(pictures: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Each with its own sigma, pixels: a product of two lines, one convolution for all."""
    count, channels, height, width = pictures.shape
    at = torch.arange(BLUR, dtype=torch.float32) - BLUR // 2
    line = torch.exp(-0.5 * (at / sigma.clamp_min(1e-3)[:, None]) ** 2)
    line = (line / line.sum(1, keepdim=True)).to(pictures.device, pictures.dtype)
    line = line.repeat_interleave(channels, 0)
    rows = line.view(-1, 1, BLUR, 1)
    half = BLUR // 2
    one = F.pad(pictures, (half, half, half, half), mode="replicate")
    one = one.reshape(1, count * channels, height + 2 * half, width + 2 * half)
    one = F.conv2d(one, rows, groups=count * channels)
    one = F.conv2d(one, rows.transpose(2, 3), groups=count * channels)
    return one.view(count, channels, height, width)


def _rolled(
    pictures: torch.Tensor, settings: FeatureVisSettings, numbers: torch.Tensor
) -> torch.Tensor:
    """numbers: (4, N) 0…1."""
    count, _, height, width = pictures.shape
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
        return pictures
    down, right = down[chosen], right[chosen]
    rows = ((torch.arange(height) - down[:, None]) % height).to(pictures.device)
    columns = ((torch.arange(width) - right[:, None]) % width).to(pictures.device)
    chosen = chosen.to(pictures.device)
    sample = torch.arange(len(chosen), device=pictures.device)
    some = (pictures if len(chosen) == count else pictures[chosen]).movedim(1, -1)
    some = some[sample[:, None, None], rows[:, :, None], columns[:, None, :]].movedim(-1, 1)
    return some if len(chosen) == count else pictures.index_copy(0, chosen, some)
