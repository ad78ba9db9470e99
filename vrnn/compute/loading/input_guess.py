"""Guesses of one argument of a model: what it holds, its shape and dtype."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

import torch
from torch import nn

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.model_inputs import ModelInputs

IMAGE_SIDES = (224, 32, 28, 64, 96, 128, 256, 299, 384, 512, 16, 8)
"""Sides in pixels of square images that are tried where nothing tells the size."""
PHOTO_SIZES = frozenset(c * s * s for c, s in ((1, 28), (3, 32), (3, 64), (3, 96), (3, 224)))
"""Numbers of values of a vector that is most probably a flattened image."""
STEPS = 16
"""Steps of a sequence."""
SIGNAL_LENGTHS = (1024, 16000, 128, 4096)
"""Samples of a signal."""
VOLUMES = ((16, 112), (8, 64), (16, 224), (32, 32), (64, 64))
"""(depth or frames, side) of a volume or video."""

InputKind = Literal["image", "vector", "sequence", "signal", "volume", "ids", "step", "mask"]
"""`image`: an image; `vector`: numbers without an order; `sequence`: steps with features each;
`signal`: channels over time; `volume`: slices or frames; `ids`: token ids; `step`: a moment of a
diffusion; `mask`: ones."""


@dataclass(frozen=True)
class InputGuess:
    """One guessed argument of a model.

    Attributes:
        name: Of the parameter.
        kind: What it holds.
        shape: Its shape.
        dtype: Its dtype.
        high: Ids are below this number.
        keyword: Whether it is given by name.
        packed: Whether it is an item of a dict that is the only argument.
    """

    name: str
    kind: InputKind
    shape: tuple[int, ...]
    dtype: torch.dtype
    high: int = 7
    keyword: bool = False
    packed: bool = False

    def named_like(self, other: InputGuess) -> InputGuess:
        """Return the same guess for another's argument."""
        return replace(self, name=other.name, keyword=other.keyword, packed=other.packed)

    def tensor(self, device: torch.device) -> torch.Tensor:
        """Make the argument: random numbers, always the same, or counted ids."""
        if self.kind == "step":
            return torch.full(self.shape, 10, dtype=self.dtype, device=device)
        if self.kind == "mask":
            return torch.ones(self.shape, dtype=self.dtype, device=device)
        if not self.dtype.is_floating_point:
            flat = torch.arange(prod(self.shape)) % max(self.high, 1)
            return flat.reshape(self.shape).to(device, self.dtype)
        generator = torch.Generator().manual_seed(0)
        values = torch.randn(self.shape, generator=generator, dtype=torch.float32)
        return values.to(device, self.dtype)


Guesses = tuple[InputGuess, ...]
"""A guess of each argument that a model needs."""


def to_inputs(guesses: Guesses, device: torch.device) -> ModelInputs:
    """Make the arguments.

    Args:
        guesses: One for each.
        device: Where the model is.
    """
    if any(g.packed for g in guesses):
        return ModelInputs(({g.name: g.tensor(device) for g in guesses},))
    return ModelInputs(
        tuple(g.tensor(device) for g in guesses if not g.keyword),
        {g.name: g.tensor(device) for g in guesses if g.keyword},
    )


def float_dtype(model: nn.Module) -> torch.dtype:
    """Return the dtype that most weights of a model have; torch's default without weights."""
    counts = Counter(p.dtype for p in nn.Module.parameters(model) if p.dtype.is_floating_point)
    return counts.most_common(1)[0][0] if counts else torch.get_default_dtype()


def image_guess(channels: int, size: tuple[int, int], dtype: torch.dtype) -> InputGuess:
    """Guess an image of (1, channels, height, width)."""
    return InputGuess("", "image", (1, channels, *size), dtype)


def image_guesses(
    candidate: ModelCandidate, size: tuple[int, int] | None, dtype: torch.dtype, channels: int
) -> list[InputGuess]:
    """Guess images of all usual sizes, or of the one that is known.

    Args:
        candidate: The model.
        size: (height, width) that is known.
        dtype: Of its weights.
        channels: How many it takes; 0 for unknown.
    """
    if channels:
        counts: Sequence[int] = (channels,)
    elif candidate.mean is not None and len(candidate.mean) > 1:
        counts = (len(candidate.mean),)
    else:
        is_gray = size == (28, 28) or (candidate.mean is not None and len(candidate.mean) == 1)
        counts = (1, 3) if is_gray else (3, 1)
    sizes = [size] if size else [(s, s) for s in IMAGE_SIDES]
    return [image_guess(c, hw, dtype) for c in counts for hw in sizes]


def transposed_guesses(layer: nn.ConvTranspose2d, dtype: torch.dtype) -> list[InputGuess]:
    """Guess what a transposed convolution takes: a code of one position, or maps."""
    is_code = all(s == 1 for s in layer.stride) and not any(map(bool, layer.padding))
    sides = (1, 4, 8, 16) if is_code else (8, 16, 4, 32, 1)
    return [image_guess(layer.in_channels, (s, s), dtype) for s in sides]


def signal_guesses(channels: int, dtype: torch.dtype) -> list[InputGuess]:
    """Guess signals of usual lengths, (1, channels, length)."""
    return [InputGuess("", "signal", (1, channels, n), dtype) for n in SIGNAL_LENGTHS]


def volume_guesses(
    channels: int, size: tuple[int, int] | None, dtype: torch.dtype
) -> list[InputGuess]:
    """Guess volumes or videos, (1, channels, depth, height, width)."""
    shapes: Iterable[tuple[int, ...]] = [(d, s, s) for d, s in VOLUMES]
    if size:
        shapes = [(d, *size) for d in (16, 8, 32, 64)]
    return [InputGuess("", "volume", (1, channels, *shape), dtype) for shape in shapes]


def sequence_guess(features: int, dtype: torch.dtype, batch_first: bool = True) -> InputGuess:
    """Guess a sequence, (1, steps, features) or (steps, 1, features)."""
    shape = (1, STEPS, features) if batch_first else (STEPS, 1, features)
    return InputGuess("", "sequence", shape, dtype)
