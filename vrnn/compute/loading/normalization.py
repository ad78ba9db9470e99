"""Pixels become normalized channels."""

from __future__ import annotations

import numpy as np
import torch

from vrnn.compute.loading.candidate import IMAGENET_MEAN, IMAGENET_STD, ModelCandidate


def normalization(
    candidate: ModelCandidate, channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and standard deviation by which values 0…1 are normalized.

    They are the candidate's own, else ImageNet's for three channels and 0.5 for others.

    Args:
        candidate: The model.
        channels: Number of channels of its input.
    """
    mean, std = candidate.mean, candidate.std
    if mean is None:
        mean = IMAGENET_MEAN if channels == 3 else (0.5,)
    if std is None:
        std = IMAGENET_STD if channels == 3 else (0.5,)
    return mean, tuple(max(value, 1e-8) for value in std)


def along_channels(numbers: tuple[float, ...], dims: int) -> torch.Tensor:
    """Return one number for each channel, float32, to be combined with (C, …).

    Args:
        numbers: One for each channel, or one.
        dims: Axes of what they are combined with.
    """
    return torch.tensor(numbers, dtype=torch.float32).reshape(-1, *[1] * (dims - 1))


def spread_channels(image: np.ndarray, channels: int) -> torch.Tensor:
    """Return an image channel by channel: gray for one, colors over again for more than three.

    Args:
        image: (H, W, 3) uint8.
        channels: C.

    Returns:
        (C, H, W) uint8.
    """
    if channels != 3:
        image = np.concatenate([image] * -(-channels // 3), -1)[..., :channels]
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


def normalize(image: np.ndarray, candidate: ModelCandidate, channels: int) -> torch.Tensor:
    """Return an image as a model takes it.

    Args:
        image: (H, W, 3) uint8, gray already if there is one channel.
        candidate: The model.
        channels: C.

    Returns:
        (C, H, W) float32.
    """
    mean, std = (np.broadcast_to(n, channels) for n in normalization(candidate, channels))
    levels = np.arange(256) / 255
    values = spread_channels(image, channels).numpy()
    # A level of a channel at a time: a live image has hundreds of times as many values.
    tables = ((levels - m) / s for m, s in zip(mean, std, strict=True))
    made = [table.astype(np.float32)[plane] for table, plane in zip(tables, values, strict=True)]
    return torch.from_numpy(np.stack(made))
