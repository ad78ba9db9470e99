"""What stands beside the input: the picture the network saw, and what it answered.

Class scores are named bars over the picture, a segmentation lies over it in class colors, boxes
are drawn on it.
"""

from __future__ import annotations

import colorsys

import numpy as np

from vrnn.network.predictions import ClassScores, Detections, Segmentation
from vrnn.network.results import ForwardResult
from vrnn.scene.layout.input_margin import BAR_MARGIN, BAR_PITCH, MAX_BARS, InputMargin
from vrnn.scene.primitives import QUAD, ImageQuad, PickRegion, TextLabel, Visual, quad
from vrnn.style import font
from vrnn.style.text import elide

TEXT = 0.14
"""Height of a capital letter beside a bar, meters."""
BRIGHT = (0.75, 0.78, 0.84, 1.0)
DIM = (0.30, 0.33, 0.40, 1.0)
CARD = (0.0065, 0.008, 0.0115, 1.0)
TRACK = (0.020, 0.024, 0.034, 1.0)
BEST = (1.0, 0.52, 0.10, 1.0)
OTHER = (0.24, 0.28, 0.38, 1.0)
TRUTH = (0.25, 0.80, 0.62, 1.0)
FRAME = (0.10, 0.115, 0.15, 1.0)


def prediction_visual(
    room: InputMargin,
    frame: ForwardResult,
    class_names: tuple[str, ...],
    x: float,
    y: float,
    z: float,
    slot: int = 0,
    truth: str = "",
) -> Visual:
    """Picture and answers.

    x: left edge of the room; y, z: the input panel's bottom and plane; truth: the true class.
    """
    width, height = room.image_width, room.image_height
    top = y + height + 0.02
    smooth = frame.image.shape[0] > 48
    picture = ImageQuad((x, top, z), (width, 0, 0), (0, -height, 0), frame.image, smooth)
    quads = [quad(x - 0.025, top + 0.025, width + 0.05, height + 0.05, z - 0.01, FRAME)]
    labels: list[TextLabel] = []
    pictures = [picture]
    for output in frame.outputs:
        if isinstance(output, ClassScores):
            bars, names = _bars(output, class_names, x, top + BAR_MARGIN + 0.1, z, room.width)
            quads.append(bars)
            labels += names
            if truth:
                text = elide(f"in truth: {truth}", room.width, 0.1)
                labels.append(TextLabel(text, (x, top + 0.07, z), 0.1, TRUTH, fade=5.0))
        elif isinstance(output, Segmentation):
            above = top + 0.2 + height
            mixed = overlay(frame.image, output)
            pictures.append(ImageQuad((x, above, z), (width, 0, 0), (0, -height, 0), mixed, smooth))
            quads.append(
                quad(x - 0.025, above + 0.025, width + 0.05, height + 0.05, z - 0.01, FRAME)
            )
            labels += _legend(output, class_names, x + width + 0.12, above, z)
        elif isinstance(output, Detections):
            boxes, names = _boxes(output, class_names, x, top, z + 0.012, width, height)
            quads.append(boxes)
            labels += names
        if isinstance(output, ClassScores | Segmentation):
            break  # the room holds one; further heads are panels like all others
    canvas = PickRegion("input", picture.origin, picture.right, picture.down, None, slot)
    return Visual(np.concatenate(quads), tuple(labels), tuple(pictures), (canvas,))


def name_of(index: int, class_names: tuple[str, ...]) -> str:
    """A class's name, or its number when it has none."""
    return class_names[index] if index < len(class_names) else f"class {index}"


def _bars(
    scores: ClassScores, names: tuple[str, ...], x: float, y: float, z: float, width: float
) -> tuple[np.ndarray, list[TextLabel]]:
    best = np.argsort(-scores.probabilities, kind="stable")[:MAX_BARS]
    labels = []
    high = len(best) * BAR_PITCH + 0.02
    quads = [quad(x - 0.1, y + high, width + 0.2, high + 0.06, z - 0.015, CARD)]
    for rank, index in enumerate(best):
        base = y + (len(best) - 1 - rank) * BAR_PITCH
        part = float(scores.probabilities[index])
        color = BEST if rank == 0 else OTHER
        quads.append(quad(x, base - 0.03, width, 0.045, z, TRACK))
        quads.append(quad(x, base - 0.03, max(width * part, 0.004), 0.045, z + 0.004, color))
        percent = f"{part:.1%}"
        text = elide(
            name_of(int(index), names), width - font.text_width(percent) * TEXT - 0.1, TEXT
        )
        ink = BRIGHT if rank == 0 else (0.45, 0.48, 0.55, 1.0)
        labels.append(TextLabel(text, (x, base + 0.015, z), TEXT, ink, fade=5.0))
        right = x + width - font.text_width(percent) * TEXT
        labels.append(TextLabel(percent, (right, base + 0.015, z), TEXT, ink, fade=5.0))
    return np.concatenate(quads), labels


def class_colors(count: int) -> np.ndarray:
    """(count, 3) uint8 sRGB, far apart by hue and lightness; class 0 (background) is nearly black.

    Hues step by the golden ratio, so that any number of first classes is well spread.
    """
    colors = []
    for i in range(count):
        hue = (0.08 + i * 0.61803398875) % 1.0
        colors.append(colorsys.hls_to_rgb(hue, (0.62, 0.48, 0.74)[i % 3], 0.75))
    table = np.rint(np.array(colors).reshape(-1, 3) * 255).astype(np.uint8)
    if count > 2:
        table[0] = (12, 14, 18)
    return table


def overlay(image: np.ndarray, segmentation: Segmentation) -> np.ndarray:
    """(H, W, 3) uint8: the image in gray under its classes' colors."""
    height, width = image.shape[:2]
    rows = np.arange(height) * segmentation.classes.shape[0] // height
    columns = np.arange(width) * segmentation.classes.shape[1] // width
    classes = segmentation.classes[rows[:, None], columns[None]]
    colors = class_colors(segmentation.count)[classes].astype(np.float32)
    gray = image.astype(np.float32).mean(-1, keepdims=True)
    return np.rint(0.35 * gray + 0.65 * colors).astype(np.uint8)


def _legend(
    output: Segmentation, names: tuple[str, ...], x: float, top: float, z: float
) -> list[TextLabel]:
    parts = np.bincount(output.classes.ravel(), minlength=output.count) / output.classes.size
    colors = (class_colors(output.count) / 255.0) ** 2.2
    labels = []
    for row, index in enumerate(np.argsort(-parts, kind="stable")[:MAX_BARS]):
        if parts[index] > 0:
            text = f"{name_of(int(index), names)} {parts[index]:.0%}"
            r, g, b = np.maximum(colors[index], 0.06)
            labels.append(
                TextLabel(
                    text, (x, top - 0.12 - row * 0.2, z), TEXT, (float(r), float(g), float(b), 1)
                )
            )
    return labels


def _boxes(
    output: Detections, names: tuple[str, ...],
    x: float, top: float, z: float, width: float, height: float,
) -> tuple[np.ndarray, list[TextLabel]]:  # fmt: skip
    quads, labels = [], []
    line = 0.014
    for box, label, score in zip(output.boxes[:20], output.labels, output.scores, strict=False):
        if score < 0.3:
            continue
        left, upper = x + box[0] * width, top - box[1] * height
        w, h = (box[2] - box[0]) * width, (box[3] - box[1]) * height
        quads += [
            quad(left, upper, w, line, z, BEST),
            quad(left, upper - h + line, w, line, z, BEST),
            quad(left, upper, line, h, z, BEST),
            quad(left + w - line, upper, line, h, z, BEST),
        ]
        text = f"{name_of(int(label), names)} {score:.0%}"
        labels.append(TextLabel(text, (left, upper + 0.02, z), 0.07, BEST))
    return np.concatenate(quads) if quads else np.zeros(0, QUAD), labels
