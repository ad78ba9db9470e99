"""What the optimizer changes: pixels as the network takes them, or an image's Fourier spectrum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from vrnn.compute.loading.normalization import normalization
from vrnn.compute.loading.source import ModelSource
from vrnn.features.settings import FeatureVisSettings

COLOR_CORRELATION = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""Square root of the covariance of colors in natural photographs (Olah, Mordvintsev and Schubert
2017): its rows turn independent numbers into red, green and blue."""
ADAM_BETAS, ADAM_EPSILON = (0.9, 0.999), 1e-8
"""Of Adam (Kingma and Ba 2015)."""
CLIPPED_SHARE = 0.005
"""Share of an image's values beyond each end of the range that is shown."""
INITIAL_DEVIATION = 0.01
"""Standard deviation of a spectrum at the start."""


class ImageParametrization:
    """(N, C, H, W) images in the form that the optimizer changes.

    Attributes:
        values: What is changed, (N, C, H, W) pixels or (N, C, H, W // 2 + 1, 2) spectra; requires
            gradients.
    """

    def __init__(
        self,
        first: torch.Tensor,
        settings: FeatureVisSettings,
        source: ModelSource,
        generators: Sequence[torch.Generator],
    ) -> None:
        """Make the images to start from.

        Args:
            first: (1, C, H, W) an input of the model.
            settings: How the images are made.
            source: The model, with its normalization.
            generators: N sources of random numbers, one for each image, on the CPU.
        """
        self._settings = settings
        self._mean, self._std = _data_statistics(source, first)
        self._shape = tuple(first.shape[1:])
        self._moments: tuple[torch.Tensor, torch.Tensor] | None = None
        self._adam_steps = 0
        if settings.parametrization == "fourier":
            values, self._falloff = self._initial_spectra(generators)
        else:
            values = self._initial_pixels(first, generators)
        self.values = values.to(first.device, first.dtype).requires_grad_()

    def _initial_pixels(
        self, first: torch.Tensor, generators: Sequence[torch.Generator]
    ) -> torch.Tensor:
        count = len(generators)
        if self._settings.source == "noise":
            return torch.stack(
                [torch.randn(self._shape, generator=g, dtype=torch.float32) for g in generators]
            )
        if self._settings.source == "gray":
            return ((0.5 - self._mean) / self._std).expand(count, *self._shape).clone()
        return first[:1].detach().expand(count, *self._shape).clone()

    def _initial_spectra(
        self, generators: Sequence[torch.Generator]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, C, H, W // 2 + 1, 2) spectra, and by what each frequency is multiplied."""
        channels, height, width = self._shape
        down = torch.fft.fftfreq(height, dtype=torch.float32)[:, None]
        across = torch.fft.rfftfreq(width, dtype=torch.float32)[None]
        frequency = (down**2 + across**2).sqrt().clamp_min(1 / max(height, width))
        falloff = (1 / frequency)[..., None] * (height * width) ** 0.5
        shape = (channels, height, width // 2 + 1, 2)
        values = torch.stack(
            [
                INITIAL_DEVIATION * torch.randn(shape, generator=g, dtype=torch.float32)
                for g in generators
            ]
        )
        return values, falloff.to(self._mean.device)

    def images(self) -> torch.Tensor:
        """Return (N, C, H, W) images as the model takes them, differentiable."""
        if self._settings.parametrization == "pixels":
            return self.values
        height, width = self._shape[1:]
        spectrum = torch.view_as_complex((self.values * self._falloff).contiguous())
        colors = torch.fft.irfft2(spectrum, s=(height, width)) / 4
        if self._shape[0] == 3:
            matrix = torch.tensor(COLOR_CORRELATION, device=colors.device, dtype=colors.dtype)
            matrix = matrix / matrix.norm(dim=0).max()
            colors = torch.einsum("nchw,kc->nkhw", colors, matrix)
        return (torch.sigmoid(colors) - self._mean) / self._std

    def ascend(self, gradient: torch.Tensor, good: torch.Tensor) -> None:
        """Do one step along the gradient.

        Args:
            gradient: Of `values`.
            good: (N,) bool, which images are changed.
        """
        settings = self._settings
        all_good = bool(good.all())
        if not all_good:
            gradient = torch.nan_to_num(gradient)
        if settings.optimizer == "normalized_gradient":
            norm = gradient.flatten(1).norm(dim=1).view(-1, *[1] * (gradient.dim() - 1))
            step = settings.step_size * gradient / (norm + 1e-6)
        else:
            step = self._adam_step(gradient)
        if not all_good:
            step = torch.where(good.view(-1, *[1] * (gradient.dim() - 1)), step, 0.0)
        with torch.no_grad():
            self.values += step

    def _adam_step(self, gradient: torch.Tensor) -> torch.Tensor:
        if self._moments is None:
            self._moments = (torch.zeros_like(gradient), torch.zeros_like(gradient))
        self._adam_steps += 1
        first, second = self._moments
        beta1, beta2 = ADAM_BETAS
        first.mul_(beta1).add_(gradient, alpha=1 - beta1)
        second.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        # The corrections of both moments in one number each: fewer passes over memory.
        root = (1 - beta2**self._adam_steps) ** 0.5
        size = self._settings.step_size * root / (1 - beta1**self._adam_steps)
        return second.sqrt().add_(ADAM_EPSILON * root).reciprocal_().mul_(first).mul_(size)

    def pull_to_mean(self, share: float, good: torch.Tensor) -> None:
        """Blend in each image brought to the data's mean and standard deviation: 0 and 1.

        Args:
            share: How much of it, 0…1.
            good: (N,) bool, which images are changed.
        """
        if share <= 0 or self._settings.parametrization != "pixels":
            return
        with torch.no_grad():
            values = self.values
            mean = values.mean((1, 2, 3), keepdim=True)
            std = values.std((1, 2, 3), keepdim=True).clamp_min(1e-6)
            normalized = (values - mean) / std
            values += torch.where(good[:, None, None, None], share * (normalized - values), 0.0)

    def to_uint8(self, images: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Convert images for display and for feeding to the network.

        Args:
            images: (N, C, H, W) as the model takes them.

        Returns:
            (N, H, W, 3) uint8 twice: scaled by each image's own range, and with the model's
            normalization undone.
        """
        low, high = (
            end.view(-1, 1, 1, 1) for end in _shown_range(torch.nan_to_num(images).flatten(1))
        )
        own = (images - low) / (high - low).clamp_min(1e-6)
        real = images * self._std + self._mean
        return _to_bytes(own), _to_bytes(real)


def _data_statistics(source: ModelSource, first: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(C, 1, 1) mean and standard deviation by which values 0…1 are normalized for the model."""
    mean, std = normalization(source.candidate, first.shape[1])
    device = first.device
    return (
        torch.tensor(mean, dtype=torch.float32, device=device)[:, None, None],
        torch.tensor(std, dtype=torch.float32, device=device)[:, None, None],
    )


def _shown_range(flat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(N,) twice: between these lie all but a few values, which would make the others dull."""
    few = int(flat.shape[1] * CLIPPED_SHARE)
    return flat.kthvalue(few + 1, 1)[0], flat.kthvalue(flat.shape[1] - few, 1)[0]


def _to_bytes(images: torch.Tensor) -> np.ndarray:
    images = torch.nan_to_num(images)[:, :3]
    if images.shape[1] < 3:
        images = images[:, :1].expand(-1, 3, -1, -1)
    rounded = (images.clamp(0, 1) * 255).round().to(torch.uint8)
    return np.ascontiguousarray(rounded.movedim(1, -1).cpu().numpy())
