"""Better guesses of a model's inputs, learned from how a pass with the last ones failed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import isqrt, prod

import torch
from torch import nn

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.input_guess import (
    PHOTO_SIZES,
    STEPS,
    Guesses,
    InputGuess,
    image_guess,
    image_guesses,
    sequence_guess,
    signal_guesses,
    volume_guesses,
)
from vrnn.compute.loading.input_probe import ProbeResult
from vrnn.compute.loading.input_sizes import fitting_sum, scaled, shorter
from vrnn.compute.loading.layer_use import LayerUse
from vrnn.errors import error_text

_RANK = re.compile(
    r"not enough values to unpack \(expected (\d)|too many values to unpack \(expected (\d)"
    r"|expected (\d) dims|expected (\d)-?D|must be (\d)-?D|(\d)-?D tensor expected"
)
"""What errors say of the number of axes that was expected."""


class Refiner:
    """Derives guesses from failed ones, for one model."""

    def __init__(self, candidate: ModelCandidate, size: tuple[int, int] | None) -> None:
        """Remember what is known.

        Args:
            candidate: The model.
            size: (height, width) in pixels that the user asked for.
        """
        self._candidate = candidate
        self._size = size or candidate.input_size

    def refine(self, guesses: Guesses, outcome: ProbeResult) -> Iterator[Guesses]:
        """Yield guesses that the failure speaks for, the likeliest first.

        Args:
            guesses: What was tried.
            outcome: How it failed.
        """
        use, error = outcome.failed, outcome.error
        text = "" if error is None else error_text(error)
        order = [g for g in guesses if not g.keyword] + [g for g in guesses if g.keyword]
        leaves = sorted(use.leaves) if use is not None else []
        changed = [order[i] for i in leaves] or [g for g in guesses if g.kind != "step"][:1]
        for old in changed:
            found: Iterable[InputGuess] = self._of_type(old, use, text)
            if use is not None and use.leaves:
                found = [*found, *self._of_layer(old, use)]
            elif use is not None and use.kind == "embedding":
                found = [*found, *shorter(old, use)]
            for new in [*found, *self._of_rank(old, text)]:
                new = new.named_like(old)
                if new != old and self._has_size(new):
                    yield _with(guesses, old, new, False)
                    yield _with(guesses, old, new)

    def _has_size(self, guess: InputGuess) -> bool:
        """Whether an image has the size that is known, if one is."""
        if self._size is None or guess.kind not in ("image", "volume"):
            return True
        shape, (height, width) = guess.shape, self._size
        return any(shape[i : i + 2] == (height, width) for i in range(len(shape)))

    def degenerate(self, guesses: Guesses, outcome: ProbeResult) -> Iterator[Guesses]:
        """Yield guesses with several steps where a pass that succeeded had a single one.

        Args:
            guesses: What was tried.
            outcome: A pass that succeeded.
        """
        order = [g for g in guesses if not g.keyword] + [g for g in guesses if g.keyword]
        for use in outcome.uses:
            steps = _steps(use)
            for leaf in sorted(use.leaves) if steps == 1 else ():
                old = order[leaf]
                if old.kind not in ("vector", "sequence") or not 1 <= len(old.shape) <= 3:
                    continue
                features = old.shape[-1]
                for batch_first in (True, False):
                    new = sequence_guess(features, old.dtype, batch_first)
                    new = new.named_like(old)
                    if new != old:
                        yield _with(guesses, old, new)

    # What a failure speaks for.

    def _of_type(self, old: InputGuess, use: LayerUse | None, text: str) -> Iterator[InputGuess]:
        """Guesses of another dtype."""
        wants_ids = "used as indices must be" in text or "indices' to have one of" in text
        wants_ids |= "expected scalar type Long" in text or "only integer tensors" in text
        if wants_ids and old.dtype.is_floating_point and (use is None or use.kind != "embedding"):
            shape = (1, STEPS) if len(old.shape) != 1 else old.shape
            yield replace(old, kind="ids", shape=shape, dtype=torch.int64, high=2)
        if "index" in text and "out of" in text and old.kind == "ids" and old.high > 2:
            yield replace(old, high=2)
        is_mismatch = "dtype" in text or "scalar type" in text or "Input type" in text
        if is_mismatch and old.dtype.is_floating_point:
            others = {p.dtype for p in nn.Module.parameters(self._candidate.model)} | {
                torch.float32
            }
            if use is not None and use.dtype is not None and use.dtype.is_floating_point:
                yield replace(old, dtype=use.dtype)
            for dtype in sorted(others - {old.dtype}, key=str):
                if dtype.is_floating_point:
                    yield replace(old, dtype=dtype)
        if not old.dtype.is_floating_point and old.kind == "step" and is_mismatch:
            yield replace(old, dtype=torch.float32)

    def _of_layer(self, old: InputGuess, use: LayerUse) -> Iterator[InputGuess]:
        """Guesses that fit the layer that failed."""
        if use.kind == "embedding":
            if old.kind != "ids":
                yield InputGuess("", "ids", (1, STEPS), torch.int64, use.size)
                yield InputGuess("", "ids", (1,), torch.int64, use.size)  # a class label
            elif use.size < old.high:
                yield replace(old, high=use.size)
            yield from shorter(old, use)
        elif use.kind == "conv":
            yield from self._of_convolution(old, use)
        elif use.kind in ("linear", "norm", "recurrent", "attention"):
            yield from self._of_features(old, use)
        elif use.kind == "broadcast":
            yield from fitting_sum(old, use)
        elif use.kind == "view":
            yield from scaled(old, prod(use.shape) / max(old.shape[0], 1), use.size)

    def _of_convolution(self, old: InputGuess, use: LayerUse) -> Iterator[InputGuess]:
        dtype = use.dtype or old.dtype
        is_direct = len(use.shape) == len(old.shape)
        has_channels = len(use.shape) >= use.rank - 1 and use.shape[use.axis] == use.size
        if is_direct and len(old.shape) == use.rank and not has_channels:
            shape = list(old.shape)
            shape[1] = use.size
            yield replace(old, shape=tuple(shape), dtype=dtype)  # channels first
            if use.size <= 4:
                spatial = old.shape[2:] if old.shape[1] < 8 else old.shape[1:-1]
                yield replace(old, shape=(1, *spatial, use.size), dtype=dtype)  # channels last
            return
        if len(use.shape) > use.rank and len(old.shape) == use.rank and old.kind == "image":
            yield replace(old, shape=old.shape[1:])  # the model adds the samples' axis itself
        if len(use.shape) < use.rank - 1 or (is_direct and len(old.shape) != use.rank):
            channels = use.size
            if use.rank == 4:
                yield from image_guesses(self._candidate, self._size, dtype, channels)
            elif use.rank == 3:
                yield from signal_guesses(channels, dtype)
            else:
                yield from volume_guesses(channels, self._size, dtype)
        elif not has_channels and not is_direct:
            if use.rank == 4 and old.kind == "image" and use.size in (1, 3, 4):
                side = old.shape[-1]
                yield InputGuess("", "volume", (1, 8, use.size, side, side), dtype)  # frames
                yield InputGuess("", "image", (1, side, side), dtype)  # no axis of channels
            yield from scaled(old, use.shape[use.axis], use.size)

    def _of_features(self, old: InputGuess, use: LayerUse) -> Iterator[InputGuess]:
        """For what takes `use.size` features along one axis."""
        size, dtype = use.size, use.dtype if use.dtype is not None else old.dtype
        if not dtype.is_floating_point:
            dtype = old.dtype
        got = use.shape[use.axis] if use.shape else 0
        if old.kind == "ids" and size and len(use.leaves) == 1 and use.shape == old.shape:
            yield InputGuess("", "vector", (1, size), use.dtype or torch.get_default_dtype())
        if old.kind == "ids" or not size:
            return
        if use.kind == "recurrent":
            yield sequence_guess(size, dtype, use.batch_first)
        elif use.kind == "attention":
            yield sequence_guess(size, dtype)
            yield sequence_guess(size, dtype, False)
        is_flattened = len(use.shape) == 2 and got == prod(old.shape[1:]) and old.kind == "image"
        if is_flattened:
            yield from self._of_flat(size, dtype)
        if len(use.shape) == len(old.shape) or is_flattened:
            samples = old.shape[0] if old.kind == "vector" else 1
            yield InputGuess("", "vector", (samples, size), dtype)
            yield sequence_guess(size, dtype)
            if size <= 4 and len(old.shape) == 4:
                yield replace(old, shape=(1, *old.shape[2:], size))
            if use.kind == "norm" and use.axis == 1 and len(old.shape) > 1:
                yield replace(old, shape=(old.shape[0], size, *old.shape[2:]))
        if len(old.shape) >= 2:
            yield from scaled(old, got, size)

    def _of_flat(self, size: int, dtype: torch.dtype) -> Iterator[InputGuess]:
        """Images that have so many values."""
        for channels in (1, 3):
            side = isqrt(size // channels)
            if self._size and channels * prod(self._size) == size:
                yield image_guess(channels, self._size, dtype)
            elif channels * side * side == size and size in PHOTO_SIZES:
                yield image_guess(channels, (side, side), dtype)

    def _of_rank(self, old: InputGuess, text: str) -> Iterator[InputGuess]:
        """Guesses with the number of axes that an error names."""
        match = _RANK.search(text)
        rank = int(next(g for g in match.groups() if g)) if match else 0
        if not 1 <= rank <= 5 or rank == len(old.shape) or old.kind == "ids":
            return
        features = old.shape[-1] if old.kind in ("vector", "sequence") else 3
        if rank == 4:
            yield from image_guesses(self._candidate, self._size, old.dtype, 0)
        elif rank == 5:
            height, width = self._size or (64, 64)
            yield InputGuess("", "volume", (1, 8, 3, height, width), old.dtype)
            yield InputGuess("", "volume", (1, 3, 8, height, width), old.dtype)
        elif rank == 3:
            yield sequence_guess(features, old.dtype)
            if old.kind == "image":
                yield replace(old, shape=old.shape[1:])
        elif rank == 2:
            yield InputGuess("", "vector", (1, features), old.dtype)
            yield InputGuess("", "signal", (1, 16000), old.dtype)
        else:
            yield InputGuess("", "vector", (features,), old.dtype)


def _with(guesses: Guesses, old: InputGuess, new: InputGuess, with_alike: bool = True) -> Guesses:
    """Other guesses with one of them replaced, and what goes along with it.

    with_alike: Whether guesses that are alike go along, too.
    """
    return tuple(new if g is old else _along(g, old, new, with_alike) for g in guesses)


def _along(guess: InputGuess, old: InputGuess, new: InputGuess, with_alike: bool) -> InputGuess:
    """A mask or a second input that was like one that is replaced."""
    if guess.kind == "mask" and guess.shape == old.shape:
        return replace(guess, shape=new.shape)
    if guess.kind == "mask" and guess.shape == old.shape[:2] and len(new.shape) >= 2:
        return replace(guess, shape=new.shape[:2])
    if with_alike and guess.named_like(old) == old:
        return new.named_like(guess)
    return guess


def _steps(use: LayerUse) -> int:
    """Number of steps that a recurrent layer or attention ran over; 0 if it cannot be told."""
    if use.kind == "recurrent":
        if use.rank == 0:
            return 0
        axis = 1 if use.batch_first and len(use.shape) == 3 else 0
        return use.shape[axis]
    if use.name == "multi_head_attention_forward":
        return use.shape[0]
    return use.shape[-2] if len(use.shape) >= 2 else 1
