"""The values of an output decoded as one of the kinds that they can be."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, sqrt
from typing import Any

import numpy as np

from vrnn.errors import VrnnError
from vrnn.network.predictions import (
    KIND_TEXT,
    ClassScores,
    DepthMap,
    Embedding,
    FlowField,
    ImageOutput,
    Maps,
    NoiseOutput,
    Output,
    OutputKind,
    Segmentation,
    Values,
    Waveform,
)

MAX_EXPONENT = 60.0
"""Magnitude of a logit beyond which a sigmoid is 0 or 1 anyway."""
MAX_SUM_ERROR = 1e-3
"""By how much the sum of probabilities may differ from 1."""
PICTURE_TOLERANCE = 0.1
"""By how much values of a picture may exceed 0…1 or −1…1 without being stretched."""
MAX_SHEET_MAPS = 16
"""Maps of a noise prediction that are shown side by side where they are no colors."""
CHOSEN = "as chosen"
"""Evidence of a kind that the user has chosen."""


def fitting_kinds(output: Output) -> tuple[OutputKind, ...]:
    """Return the kinds as which an output can be shown.

    Args:
        output: As it was decoded.
    """
    if output.values is None:
        return (output.kind,)
    shape = output.values.shape
    if np.issubdtype(output.values.dtype, np.integer) and len(shape) == 3:
        return "segmentation", "maps"
    if len(shape) == 1:
        picture: tuple[OutputKind, ...] = ("picture",) if output.image_shape else ()
        return ("scores", "independent", "numbers", "embedding", "waveform", *picture)
    if len(shape) == 2:
        return "waveform", "maps"
    flow: tuple[OutputKind, ...] = ("flow",) if shape[0] == 2 else ()
    return ("segmentation", "depth", *flow, "picture", "noise", "maps")


def show_as(output: Output, kind: OutputKind) -> Output:
    """Return an output decoded as another kind.

    Args:
        output: As it was decoded.
        kind: The kind.

    Raises:
        VrnnError: Its shape does not fit.
    """
    kinds = fitting_kinds(output)
    if kind not in kinds:
        names = ", ".join(KIND_TEXT[k] for k in kinds)
        raise VrnnError(f"'{output.name}' cannot be shown as {KIND_TEXT[kind]}; it can as {names}")
    if output.values is None:
        return output
    return decode(
        kind, output.values, output.node, name=output.name, evidence=CHOSEN,
        is_activated=output.is_activated, image_shape=output.image_shape,
    )  # fmt: skip


def decode(kind: OutputKind, values: np.ndarray, node: int, **about: Any) -> Output:
    """Decode the values of an output.

    Args:
        kind: What they are.
        values: (K,), (C, T) or (K, H, W), see `Output.values`.
        node: Id of the output.
        **about: The fields of `Output` that have defaults.
    """
    about["values"] = values
    return _DECODERS[kind](values, node, about)


def _scores(values: np.ndarray, node: int, about: dict[str, Any]) -> Output:
    """Softmax of (K,) logits, unless they are probabilities; a single one gets a sigmoid."""
    if values.size == 1:
        return _independent(values, node, about)
    finite = _finite(values)
    if finite.min() >= 0 and abs(finite.sum() - 1) < MAX_SUM_ERROR:
        probabilities = finite
    else:  # of log-probabilities it gives the probabilities
        powers = np.exp(finite - finite.max())
        probabilities = powers / powers.sum()
    return ClassScores(node, values, probabilities.astype(np.float32), **about)


def _independent(values: np.ndarray, node: int, about: dict[str, Any]) -> Output:
    finite = _finite(values)
    is_probability = about.get("is_activated") and finite.min() >= 0 and finite.max() <= 1
    if not is_probability:
        finite = 1 / (1 + np.exp(-np.clip(finite, -MAX_EXPONENT, MAX_EXPONENT)))
    return ClassScores(node, values, finite.astype(np.float32), "sigmoid", **about)


def _finite(values: np.ndarray) -> np.ndarray:
    return np.nan_to_num(values, nan=-1e4, posinf=1e4, neginf=-1e4).astype(np.float64)


def _numbers(values: np.ndarray, node: int, about: dict[str, Any]) -> Output:
    return Values(node, values, **about)


def _embedding(values: np.ndarray, node: int, about: dict[str, Any]) -> Output:
    return Embedding(node, values, **about)


def _segmentation(values: np.ndarray, node: int, about: dict[str, Any]) -> Output:
    """The class of the largest of (K, H, W) scores; one map is split at probability one half."""
    if np.issubdtype(values.dtype, np.integer):
        classes = np.maximum(values[0], 0).astype(np.int32)
        return Segmentation(node, classes, max(int(classes.max(initial=0)) + 1, 2), **about)
    finite = _finite(values)
    if len(values) > 1:
        return Segmentation(node, finite.argmax(0).astype(np.int32), len(values), **about)
    is_probability = finite.min(initial=0) >= 0 and finite.max(initial=0) <= 1
    mask = finite[0] > (0.5 if is_probability else 0.0)
    return Segmentation(node, mask.astype(np.int32), 2, **about)


def _depth(values: np.ndarray, node: int, about: dict[str, Any]) -> Output:
    return DepthMap(node, values[0], *_range(values[0]), **about)


def _flow(values: np.ndarray, node: int, about: dict[str, Any]) -> Output:
    lengths = np.hypot(*np.nan_to_num(values.astype(np.float32)))
    return FlowField(node, values, float(lengths.max(initial=0)), **about)


def _picture(values: np.ndarray, node: int, about: dict[str, Any]) -> Output:
    """Values 0…1 and −1…1 are shown as they are, all others stretched to their own range."""
    if values.ndim == 1:
        values = values.reshape(about["image_shape"])
    low, high = _range(values)
    within = PICTURE_TOLERANCE
    if -within <= low and high <= 1 + within:
        low, high = 0.0, 1.0
    elif low >= -1 - within and high <= 1 + within:
        low, high = -1.0, 1.0
    elif low >= -1 and 16 < high <= 255:
        low, high = 0.0, 255.0
    return ImageOutput(node, _pixels(values, low, high), low, high, **about)


def _noise(values: np.ndarray, node: int, about: dict[str, Any]) -> Output:
    low, high = _range(values)
    peak = max(-low, high, 1e-12)
    return NoiseOutput(node, _pixels(values, -peak, peak), -peak, peak, **about)


def _pixels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """(H, W, 3) uint8 of (K, H, W): gray for one map, else colors, else maps side by side."""
    scaled = (np.nan_to_num(values.astype(np.float32), nan=low) - low) / ((high - low) or 1.0)
    codes = np.rint(np.clip(scaled, 0, 1) * 255).astype(np.uint8)
    if len(codes) not in (1, 3, 4) or (len(codes) == 4 and low < 0):
        codes = _sheet(codes)[None]
    codes = np.repeat(codes, 3, 0) if len(codes) == 1 else codes[:3]
    return np.ascontiguousarray(codes.transpose(1, 2, 0))


def _sheet(maps: np.ndarray) -> np.ndarray:
    """(H, W) of the first of (K, h, w) maps in a square of them."""
    maps = maps[:MAX_SHEET_MAPS]
    columns = ceil(sqrt(len(maps)))
    rows = ceil(len(maps) / columns)
    _, height, width = maps.shape
    sheet = np.zeros((rows * height, columns * width), maps.dtype)
    for i, one in enumerate(maps):
        top, left = i // columns * height, i % columns * width
        sheet[top : top + height, left : left + width] = one
    return sheet


def _waveform(values: np.ndarray, node: int, about: dict[str, Any]) -> Output:
    samples = values[None] if values.ndim == 1 else values
    peak = float(np.abs(np.nan_to_num(samples)).max(initial=0))
    return Waveform(node, samples, peak, **about)


def _maps(values: np.ndarray, node: int, about: dict[str, Any]) -> Output:
    return Maps(node, values.shape, *_range(values), **about)


def _range(values: np.ndarray) -> tuple[float, float]:
    """The least and the largest finite value; 0 and 0 where there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


_DECODERS: dict[OutputKind, Callable[[np.ndarray, int, dict[str, Any]], Output]] = {
    "scores": _scores,
    "independent": _independent,
    "segmentation": _segmentation,
    "depth": _depth,
    "flow": _flow,
    "picture": _picture,
    "noise": _noise,
    "waveform": _waveform,
    "embedding": _embedding,
    "numbers": _numbers,
    "maps": _maps,
}
