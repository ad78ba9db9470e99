"""Pictures of inputs: images with their normalization undone, and others as maps or curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.input_slots import CANONICAL_AXES, InputSlot
from vrnn.media.pixels import to_uint8_rgb
from vrnn.style import font
from vrnn.style.text import wrap

SIDE = 224
"""Pixels of the picture of an input that has no rows and columns of its own."""
TEXT_SIDE = 448
"""Pixels of the picture of a text."""
LETTER_SIZES = (40, 32, 26, 21, 17)
"""Pixels of the typeface: the largest in which a text is not cut."""
CAPITAL, LINE_PITCH = 0.7, 1.2
"""Height of a capital letter, and from one line to the next, as parts of the typeface's size."""
INK, PAPER = (235, 235, 235), (24, 26, 30)
"""sRGB of a curve and of what is behind it."""


def draw_input(
    candidate: ModelCandidate, leaves: list[Any], slots: tuple[InputSlot, ...]
) -> np.ndarray:
    """Draw what goes into a model.

    Args:
        candidate: The model.
        leaves: The leaves of its inputs.
        slots: Which of them are images and the like; the first that is one is drawn.

    Returns:
        (H, W, 3) uint8.
    """
    slot, leaf = pictured_leaf(leaves, slots)
    if slot is None:
        return _draw_plain(torch.zeros(1) if leaf is None else leaf)
    if slot.kind != "text":
        return _draw_slot(candidate, slot, leaves[slot.index])
    ids = leaves[slot.index].reshape(-1, leaves[slot.index].shape[-1])[0].tolist()
    return draw_tokens([slot.tokens or [str(number) for number in ids]])


def pictured_leaf(
    leaves: Sequence[Any], slots: Sequence[InputSlot]
) -> tuple[InputSlot | None, torch.Tensor | None]:
    """Return which input a person sees: an image and the like, else a text, else any numbers.

    Args:
        leaves: The leaves of the inputs.
        slots: Which of them take what.

    Returns:
        What it takes, None if it is none of these; and the tensor, None if there is none.
    """
    if slots:
        slot = next((slot for slot in slots if slot.kind != "text"), slots[0])
        return slot, leaves[slot.index]
    tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor) and leaf.numel()]
    floats = [t for t in tensors if t.is_floating_point() or t.is_complex()]
    return None, next(iter([*floats, *tensors]), None)


def _draw_slot(candidate: ModelCandidate, slot: InputSlot, tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().cpu()
    if slot.axes == "n*":
        return tensor_picture(candidate, tensor[0].reshape(slot.shape))
    if "n" in slot.axes:
        tensor = tensor.select(slot.axes.index("n"), 0)
    axes = slot.axes.replace("n", "")
    canonical = CANONICAL_AXES[slot.kind]
    for axis in canonical:
        if axis not in axes:
            tensor, axes = tensor[None], axis + axes
    tensor = tensor.permute([axes.index(axis) for axis in canonical])
    if slot.kind == "sound":
        return draw_curve(tensor[0].float().numpy())
    if slot.kind == "video":
        tensor = tensor[0]
    elif slot.kind == "volume":
        tensor = tensor[:1, tensor.shape[1] // 2]
    return tensor_picture(candidate if slot.kind != "volume" else None, tensor)


def tensor_picture(candidate: ModelCandidate | None, tensor: torch.Tensor) -> np.ndarray:
    """Draw a normalized image.

    Args:
        candidate: The model, whose normalization is undone where it has one of its own; None to
            stretch the values to their range.
        tensor: (C, H, W) numbers.

    Returns:
        (H, W, 3) uint8: gray for one channel or two, else the first three as colors.
    """
    if tensor.dtype == torch.uint8:
        values = tensor.numpy().transpose(1, 2, 0)
    else:
        values = tensor.float().numpy().transpose(1, 2, 0)
        own = candidate is not None and candidate.mean is not None and candidate.std is not None
        if own and candidate is not None:
            values = np.clip(values * np.array(candidate.std) + np.array(candidate.mean), 0, 1)
        elif values.size:
            values = np.nan_to_num(values)
            values = (values - values.min()) / max(float(np.ptp(values)), 1e-8)
    return to_uint8_rgb(values if values.shape[-1] != 2 else values[..., :1])


def _draw_plain(tensor: torch.Tensor) -> np.ndarray:
    """Numbers of any shape: a curve of one axis, else the last two axes as rows and columns."""
    tensor = tensor.detach().cpu()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    tensor = tensor.abs() if tensor.is_complex() else tensor
    values = tensor.float().numpy()
    while values.ndim > 2:
        values = values[0]
    return draw_values(np.atleast_2d(values))


def draw_values(values: np.ndarray) -> np.ndarray:
    """Draw numbers that are no image: a curve of a single row or column, else a gray of each.

    Args:
        values: (H, W) numbers.

    Returns:
        (SIDE, SIDE, 3) or (H, W, 3) uint8.
    """
    values = np.nan_to_num(values)
    if min(values.shape) == 1:
        return draw_curve(values.reshape(-1))
    values = (values - values.min()) / (float(np.ptp(values)) or 1.0)
    return to_uint8_rgb(values)


def draw_tokens(texts: Sequence[Sequence[str]]) -> np.ndarray:
    """Write tokens in lines, as large as they fit in.

    Args:
        texts: The text of each token, or its number; of each sequence, which begins a line.

    Returns:
        (TEXT_SIDE, TEXT_SIDE, 3) uint8.
    """
    lines: list[str] = []
    size = LETTER_SIZES[-1]
    for size in LETTER_SIZES:
        margin = CAPITAL * size
        room = int((TEXT_SIDE - 2 * margin) / (LINE_PITCH * size))
        width = TEXT_SIDE - 2 * margin
        lines = [line for text in texts for line in wrap(" ".join(text), width, margin, room + 1)]
        if len(lines) <= room:
            break
    if len(lines) > room:
        lines = [*lines[: room - 1], "…"]
    picture = Image.new("RGB", (TEXT_SIDE, TEXT_SIDE), PAPER)
    for number, line in enumerate(lines):
        letters = font.rasterize_line(line, size).convert("L")
        ink = Image.new("RGB", letters.size, INK)
        picture.paste(ink, (round(margin), round(margin + number * LINE_PITCH * size)), letters)
    return np.asarray(picture)


def draw_curve(values: np.ndarray) -> np.ndarray:
    """Draw a signal over time.

    Args:
        values: (N,) numbers.

    Returns:
        (SIDE, SIDE, 3) uint8: for each column the range that the values in it span.
    """
    values = np.nan_to_num(np.asarray(values, np.float32).reshape(-1))
    picture = Image.new("RGB", (SIDE, SIDE), PAPER)
    draw = ImageDraw.Draw(picture)
    low, span = float(values.min(initial=0)), float(np.ptp(values)) if values.size else 0.0
    heights = SIDE - 1 - (values - low) / (span or 1.0) * (SIDE - 1)
    if len(heights) <= SIDE:
        xs = np.linspace(0, SIDE - 1, max(len(heights), 2))
        heights = heights if len(heights) > 1 else np.resize(heights, 2)
        draw.line([*zip(xs.tolist(), heights.tolist(), strict=True)], INK, 1)
    else:
        for column, part in enumerate(np.array_split(heights, SIDE)):
            draw.line((column, float(part.min()), column, float(part.max())), INK, 1)
    return np.asarray(picture)
