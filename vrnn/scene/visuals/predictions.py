"""Beside the input: the image that the network saw, and its predictions.

Class scores are named bars above the image, a segmentation hangs above it in class colors, boxes
are drawn on it.
"""

from __future__ import annotations

import colorsys

import numpy as np

from vrnn.network.predictions import ClassScores, Detections, Segmentation
from vrnn.network.results import ForwardResult
from vrnn.scene.layout.input_margin import BAR_MARGIN, BAR_PITCH, MAX_BARS, InputMargin
from vrnn.scene.primitives import (
    QUAD,
    ImageQuad,
    PickRegion,
    TextLabel,
    Visual,
    outline_quads,
    quad,
)
from vrnn.style import font
from vrnn.style.text import elide, wrap
from vrnn.style.theme import ACCENT, ANNOTATION, CARD, TEXT

TEXT_HEIGHT = 0.14
"""Capital height beside a bar and in a legend, meters."""
TRUE_LABEL_HEIGHT = 0.1
"""Capital height of the true class, meters."""
CAPTION_HEIGHT = 0.06
"""Capital height of what is said on the image, meters."""
MAX_CAPTION_LINES = 5
BOX_TEXT_HEIGHT = 0.07
"""Capital height beside a detector's box, meters."""
BOX_LINE = 0.014
"""Thickness of a detector's box, meters."""
BORDER = 0.025
"""Meters that the frame of an image reaches beyond it on each side."""
MAX_SHARP_HEIGHT = 48
"""Pixels: the pixels of a higher image are blended."""
MAX_BOXES = 20
"""Boxes of a detector that are drawn, the best first."""
MIN_BOX_SCORE = 0.3
"""Boxes with a lower score are left out."""
TRACK = (0.020, 0.024, 0.034, 1.0)
OTHER = (0.24, 0.28, 0.38, 1.0)
"""Bar of a class that is not the first."""
OTHER_TEXT = (0.45, 0.48, 0.55, 1.0)
FRAME = (0.10, 0.115, 0.15, 1.0)
Point = tuple[float, float, float]


def prediction_visual(
    margin: InputMargin,
    result: ForwardResult,
    class_names: tuple[str, ...],
    corner: Point,
    slot: int = 0,
    true_label: str = "",
) -> Visual:
    """Return the input's image and the predictions.

    Args:
        margin: The room for them.
        result: What the network gave.
        class_names: Name of each class, may be empty.
        corner: Lower left corner of the room, in the plane of the input's panel.
        slot: The network.
        true_label: Name of the true class, '' when it is not known.
    """
    x, y, z = corner
    width, height = margin.image_width, margin.image_height
    top = y + height + 0.02
    smooth = result.image.shape[0] > MAX_SHARP_HEIGHT
    image = ImageQuad((x, top, z), (width, 0, 0), (0, -height, 0), result.image, smooth)
    quads = [_frame(x, top, z, width, height)]
    labels: list[TextLabel] = []
    images = [image]
    if result.note:
        strip, lines = _caption(result.note, (x, y + 0.02, z), width)
        quads.append(strip)
        labels += lines
    for output in result.outputs:
        if isinstance(output, ClassScores):
            origin = (x, top + BAR_MARGIN + 0.1, z)
            bars, names = _score_bars(output, class_names, origin, margin.width)
            quads.append(bars)
            labels += names
            if true_label:
                text = elide(f"in truth: {true_label}", margin.width, TRUE_LABEL_HEIGHT)
                origin = (x, top + 0.07, z)
                labels.append(TextLabel(text, origin, TRUE_LABEL_HEIGHT, ANNOTATION, fade=5.0))
        elif isinstance(output, Segmentation):
            above = top + 0.2 + height
            mixed = segmentation_overlay(result.image, output)
            images.append(ImageQuad((x, above, z), (width, 0, 0), (0, -height, 0), mixed, smooth))
            quads.append(_frame(x, above, z, width, height))
            labels += _class_legend(output, class_names, (x + width + 0.12, above, z))
        elif isinstance(output, Detections):
            boxes, names = _detector_boxes(output, class_names, (x, top, z + 0.012), width, height)
            quads.append(boxes)
            labels += names
        if isinstance(output, ClassScores | Segmentation):
            break  # there is room for one; further heads are panels like all others
    canvas = PickRegion("input", image.origin, image.right, image.down, None, slot)
    return Visual(np.concatenate(quads), tuple(labels), tuple(images), (canvas,))


def _caption(note: str, corner: Point, width: float) -> tuple[np.ndarray, list[TextLabel]]:
    """What is to be known of the image, on its lower edge; corner: its lower left one."""
    x, y, z = corner
    margin = CAPTION_HEIGHT / 2
    lines = wrap(note, width - 2 * margin, CAPTION_HEIGHT, MAX_CAPTION_LINES)
    pitch = 1.6 * CAPTION_HEIGHT
    height = pitch * len(lines) + margin
    labels = [
        TextLabel(
            line, (x + margin, y + height - pitch * (i + 1), z + 0.02), CAPTION_HEIGHT, TEXT,
            fade=4.0,
        )
        for i, line in enumerate(lines)
    ]  # fmt: skip
    return quad(x, y + height, width, height, z + 0.012, CARD), labels


def class_name(index: int, class_names: tuple[str, ...]) -> str:
    """Return the name of a class, or its number when it has none."""
    return class_names[index] if index < len(class_names) else f"class {index}"


def class_colors(count: int) -> np.ndarray:
    """Return colors that differ in hue and lightness; that of class 0 (background) is nearly black.

    Hues step by the golden ratio, so that any number of first classes is well spread.

    Returns:
        (count, 3) uint8 sRGB.
    """
    colors = []
    for i in range(count):
        hue = (0.08 + i * 0.61803398875) % 1.0
        colors.append(colorsys.hls_to_rgb(hue, (0.62, 0.48, 0.74)[i % 3], 0.75))
    table = np.rint(np.array(colors).reshape(-1, 3) * 255).astype(np.uint8)
    if count > 2:
        table[0] = (12, 14, 18)
    return table


def segmentation_overlay(image: np.ndarray, segmentation: Segmentation) -> np.ndarray:
    """Return an image in gray under the colors of its classes.

    Args:
        image: (H, W, 3) uint8 sRGB.
        segmentation: Class of each position, in any resolution.

    Returns:
        (H, W, 3) uint8 sRGB.
    """
    height, width = image.shape[:2]
    rows = np.arange(height) * segmentation.classes.shape[0] // height
    columns = np.arange(width) * segmentation.classes.shape[1] // width
    classes = segmentation.classes[rows[:, None], columns[None]]
    colors = class_colors(segmentation.count)[classes].astype(np.float32)
    gray = image.astype(np.float32).mean(-1, keepdims=True)
    return np.rint(0.35 * gray + 0.65 * colors).astype(np.uint8)


def _frame(x: float, top: float, z: float, width: float, height: float) -> np.ndarray:
    """A surface behind an image, a little larger."""
    return quad(x - BORDER, top + BORDER, width + 0.05, height + 0.05, z - 0.01, FRAME)


def _score_bars(
    scores: ClassScores, class_names: tuple[str, ...], origin: Point, width: float
) -> tuple[np.ndarray, list[TextLabel]]:
    """A bar for each of the best classes, the best one on top. origin: lower left corner."""
    x, y, z = origin
    best = np.argsort(-scores.probabilities, kind="stable")[:MAX_BARS]
    labels = []
    height = len(best) * BAR_PITCH + 0.02
    quads = [quad(x - 0.1, y + height, width + 0.2, height + 0.06, z - 0.015, CARD)]
    for rank, index in enumerate(best):
        base = y + (len(best) - 1 - rank) * BAR_PITCH
        probability = float(scores.probabilities[index])
        color = ACCENT if rank == 0 else OTHER
        length = max(width * probability, 0.004)
        quads.append(quad(x, base - 0.03, width, 0.045, z, TRACK))
        quads.append(quad(x, base - 0.03, length, 0.045, z + 0.004, color))
        percent = f"{probability:.1%}"
        percent_width = font.text_width(percent) * TEXT_HEIGHT
        text = elide(class_name(int(index), class_names), width - percent_width - 0.1, TEXT_HEIGHT)
        ink = TEXT if rank == 0 else OTHER_TEXT
        labels.append(TextLabel(text, (x, base + 0.015, z), TEXT_HEIGHT, ink, fade=5.0))
        right = (x + width - percent_width, base + 0.015, z)
        labels.append(TextLabel(percent, right, TEXT_HEIGHT, ink, fade=5.0))
    return np.concatenate(quads), labels


def _class_legend(
    segmentation: Segmentation, class_names: tuple[str, ...], corner: Point
) -> list[TextLabel]:
    """The largest classes in their colors, with their share. corner: upper left."""
    x, top, z = corner
    counts = np.bincount(segmentation.classes.ravel(), minlength=segmentation.count)
    shares = counts / segmentation.classes.size
    colors = (class_colors(segmentation.count) / 255.0) ** 2.2
    labels = []
    for row, index in enumerate(np.argsort(-shares, kind="stable")[:MAX_BARS]):
        if shares[index] > 0:
            text = f"{class_name(int(index), class_names)} {shares[index]:.0%}"
            red, green, blue = np.maximum(colors[index], 0.06)
            color = (float(red), float(green), float(blue), 1.0)
            labels.append(TextLabel(text, (x, top - 0.12 - row * 0.2, z), TEXT_HEIGHT, color))
    return labels


def _detector_boxes(
    detections: Detections, class_names: tuple[str, ...], corner: Point, width: float, height: float
) -> tuple[np.ndarray, list[TextLabel]]:
    """Boxes on an image, and their classes. corner: upper left of the image."""
    x, top, z = corner
    quads, labels = [], []
    boxes = zip(detections.boxes[:MAX_BOXES], detections.labels, detections.scores, strict=False)
    for box, label, score in boxes:
        if score < MIN_BOX_SCORE:
            continue
        left, upper = x + box[0] * width, top - box[1] * height
        w, h = (box[2] - box[0]) * width, (box[3] - box[1]) * height
        quads += outline_quads(left, upper, w, h, z, BOX_LINE, ACCENT)
        text = f"{class_name(int(label), class_names)} {score:.0%}"
        labels.append(TextLabel(text, (left, upper + 0.02, z), BOX_TEXT_HEIGHT, ACCENT))
    return np.concatenate(quads) if quads else np.zeros(0, QUAD), labels
