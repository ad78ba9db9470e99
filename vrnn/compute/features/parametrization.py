"""What an ascent moves: pixels as the network takes them, or the Fourier spectrum of an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from vrnn.compute.loading.example_inputs import normalization
from vrnn.compute.loading.source import ModelSource
from vrnn.features.settings import FeatureVisSettings

COLORS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""Square root of the covariance of colors in natural photographs (Olah, Mordvintsev and Schubert
2017): its rows turn independent numbers into red, green and blue."""
BETA, SMALL = (0.9, 0.999), 1e-8
"""Of Adam (Kingma and Ba 2015)."""
OUTSIDE = 0.005
"""Part of a picture's values beyond each end of the range that is shown."""
START = 0.01
"""Deviation of a spectrum at the start."""


def data_statistics(source: ModelSource, first: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(C, 1, 1) mean and deviation by which images 0…1 are normalized for the model."""
    mean, std = normalization(source.candidate, first.shape[1])
    device = first.device
    return (
        torch.tensor(mean, device=device)[:, None, None],
        torch.tensor(std, device=device)[:, None, None],
    )


class ImageParametrization:
    """(N, C, H, W) pictures in the form that is moved."""

    def __init__(
        self, first: torch.Tensor, count: int, settings: FeatureVisSettings, mean: torch.Tensor,
        std: torch.Tensor, random: Sequence[torch.Generator],
    ) -> None:  # fmt: skip
        """first: (1, C, H, W) an input of the model; random: of each picture."""
        self._settings, self._mean, self._std = settings, mean, std
        self._shape = tuple(first.shape[1:])
        self._moments: tuple[torch.Tensor, torch.Tensor] | None = None
        self._steps = 0
        if settings.parametrization == "fourier":
            values, self._falloff = self._spectra(random)
        else:
            values = self._pixels(first, count, random)
        self.values = values.to(first.device, first.dtype).requires_grad_()

    def _pixels(
        self, first: torch.Tensor, count: int, random: Sequence[torch.Generator]
    ) -> torch.Tensor:
        if self._settings.source == "noise":
            return torch.stack([torch.randn(self._shape, generator=g) for g in random])
        if self._settings.source == "gray":
            return ((0.5 - self._mean) / self._std).expand(count, *self._shape).clone()
        return first[:1].detach().expand(count, *self._shape).clone()

    def _spectra(self, random: Sequence[torch.Generator]) -> tuple[torch.Tensor, torch.Tensor]:
        channels, height, width = self._shape
        down = torch.fft.fftfreq(height)[:, None]
        across = torch.fft.rfftfreq(width)[None]
        frequency = (down**2 + across**2).sqrt().clamp_min(1 / max(height, width))
        falloff = (1 / frequency)[..., None] * (height * width) ** 0.5
        shape = (channels, height, width // 2 + 1, 2)
        values = torch.stack([START * torch.randn(shape, generator=g) for g in random])
        return values, falloff.to(self._mean.device)

    def images(self) -> torch.Tensor:
        """(N, C, H, W) as the model takes them, differentiable."""
        if self._settings.parametrization == "pixels":
            return self.values
        height, width = self._shape[1:]
        spectrum = torch.view_as_complex((self.values * self._falloff).contiguous())
        flat = torch.fft.irfft2(spectrum, s=(height, width)) / 4
        if self._shape[0] == 3:
            matrix = torch.tensor(COLORS, device=flat.device, dtype=flat.dtype)
            matrix = matrix / matrix.norm(dim=0).max()
            flat = torch.einsum("nchw,kc->nkhw", flat, matrix)
        return (torch.sigmoid(flat) - self._mean) / self._std

    def ascend(self, gradient: torch.Tensor, good: torch.Tensor) -> None:
        """One step up, for pictures that are good (N,)."""
        settings = self._settings
        all_good = bool(good.all())
        if not all_good:
            gradient = torch.nan_to_num(gradient)
        if settings.optimizer == "normalized_gradient":
            norm = gradient.flatten(1).norm(dim=1).view(-1, *[1] * (gradient.dim() - 1))
            step = settings.step_size * gradient / (norm + 1e-6)
        else:
            step = self._adam(gradient)
        if not all_good:
            step = torch.where(good.view(-1, *[1] * (gradient.dim() - 1)), step, 0.0)
        with torch.no_grad():
            self.values += step

    def _adam(self, gradient: torch.Tensor) -> torch.Tensor:
        if self._moments is None:
            self._moments = (torch.zeros_like(gradient), torch.zeros_like(gradient))
        self._steps += 1
        one, two = self._moments
        one.mul_(BETA[0]).add_(gradient, alpha=1 - BETA[0])
        two.mul_(BETA[1]).addcmul_(gradient, gradient, value=1 - BETA[1])
        # The corrections of both means in one number each: fewer passes over memory.
        root = (1 - BETA[1] ** self._steps) ** 0.5
        size = self._settings.step_size * root / (1 - BETA[0] ** self._steps)
        return two.sqrt().add_(SMALL * root).reciprocal_().mul_(one).mul_(size)

    def pull_to_mean(self, part: float, good: torch.Tensor) -> None:
        """Blend in this part of each picture brought to the data's mean and deviation: 0 and 1."""
        if part <= 0 or self._settings.parametrization != "pixels":
            return
        with torch.no_grad():
            values = self.values
            mean = values.mean((1, 2, 3), keepdim=True)
            std = values.std((1, 2, 3), keepdim=True).clamp_min(1e-6)
            brought = (values - mean) / std
            keep = good[:, None, None, None]
            values += torch.where(keep, part * (brought - values), 0.0)

    def to_uint8(self, images: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """(N, H, W, 3) uint8 twice: by each picture's own range, and as images for the network."""
        low, high = (e.view(-1, 1, 1, 1) for e in _ends(torch.nan_to_num(images).flatten(1)))
        own = (images - low) / (high - low).clamp_min(1e-6)
        real = images * self._std + self._mean
        return _bytes(own), _bytes(real)


def _ends(flat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(N,) twice: between these lie all but a few values, which would make the others dull."""
    few = int(flat.shape[1] * OUTSIDE)
    return flat.kthvalue(few + 1, 1)[0], flat.kthvalue(flat.shape[1] - few, 1)[0]


def _bytes(images: torch.Tensor) -> np.ndarray:
    images = torch.nan_to_num(images)[:, :3]
    if images.shape[1] < 3:
        images = images[:, :1].expand(-1, 3, -1, -1)
    whole = (images.clamp(0, 1) * 255).round().to(torch.uint8)
    return np.ascontiguousarray(whole.movedim(1, -1).cpu().numpy())
