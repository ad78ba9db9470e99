"""What explains an output: its legend, its boxes, and why it is taken for what it is."""

from __future__ import annotations

import numpy as np

from vrnn.network.predictions import (
    DepthMap,
    Detections,
    FlowField,
    ImageOutput,
    Maps,
    NoiseOutput,
    Output,
    Segmentation,
    caption,
)
from vrnn.scene.layout.input_margin import MAX_BARS
from vrnn.scene.primitives import QUAD, ImageQuad, TextLabel, Visual, outline_quads
from vrnn.scene.visuals.class_regions import target_region
from vrnn.scene.visuals.output_bars import OTHER_TEXT, TEXT_HEIGHT, Point, class_name
from vrnn.scene.visuals.output_images import class_colors, color_bar, flow_legend
from vrnn.style import font
from vrnn.style.text import wrap
from vrnn.style.theme import ACCENT, ANNOTATION, TEXT

BOX_TEXT_HEIGHT = 0.07
"""Capital height beside a detector's box, meters."""
EVIDENCE_HEIGHT = 0.15
"""Capital height of what an output is taken for, meters."""
MAX_EVIDENCE_LINES = 2
MIN_EVIDENCE_WIDTH = 4.0
"""Room for that, meters."""
BOX_LINE = 0.014
"""Thickness of a detector's box, meters."""
MAX_BOXES = 20
"""Boxes of a detector that are drawn, the best first."""
MIN_BOX_SCORE = 0.3
"""Boxes with a lower score are left out."""


def evidence_caption(output: Output, origin: Point, width: float) -> list[TextLabel]:
    """Return what an output is taken for, where that is not sure."""
    if output.is_sure:
        return []
    x, y, z = origin
    room = max(width, MIN_EVIDENCE_WIDTH)
    lines = wrap(f"{output.name} {caption(output)}", room, EVIDENCE_HEIGHT, MAX_EVIDENCE_LINES)
    pitch = 1.6 * EVIDENCE_HEIGHT
    return [
        TextLabel(line, (x, y + pitch * i, z), EVIDENCE_HEIGHT, ANNOTATION, fade=5.0)
        for i, line in enumerate(reversed(lines))
    ]


def output_legend(
    output: Output, names: tuple[str, ...], corner: Point, height: float
) -> tuple[list[TextLabel], tuple[ImageQuad, ...]]:
    """Return what the colors of an output's image mean. corner: upper left."""
    if isinstance(output, Segmentation):
        return _class_legend(output, names, corner), ()
    x, top, z = corner
    if isinstance(output, DepthMap | Maps):
        bar = ImageQuad(corner, (0.09, 0, 0), (0, -height, 0), color_bar(output))
        ends = ((f"{output.high:.4g}", top - TEXT_HEIGHT), (f"{output.low:.4g}", top - height))
        return [
            TextLabel(text, (x + 0.15, y, z), TEXT_HEIGHT, TEXT, fade=5.0) for text, y in ends
        ], (bar,)
    if isinstance(output, FlowField):
        side = min(0.6, height)
        wheel = ImageQuad(corner, (side, 0, 0), (0, -side, 0), flow_legend())
        text = f"up to {output.longest:.3g} pixels"
        origin = (x, top - side - 0.2, z)
        return [TextLabel(text, origin, TEXT_HEIGHT, TEXT, fade=5.0)], (wheel,)
    if isinstance(output, ImageOutput):
        middle = ", gray 0" if isinstance(output, NoiseOutput) else ""
        lines = (f"white {output.high:.4g}{middle}", f"black {output.low:.4g}")
        if not isinstance(output, NoiseOutput) and output.high in (1.0, 255.0):
            return [], ()
        return [
            TextLabel(text, (x, top - 0.14 - i * 0.2, z), BOX_TEXT_HEIGHT, OTHER_TEXT, fade=5.0)
            for i, text in enumerate(lines)
        ], ()
    return [], ()


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


def drawn_boxes(detections: Detections) -> int:
    """Return how many boxes are drawn, the best first."""
    return int((detections.scores[:MAX_BOXES] >= MIN_BOX_SCORE).sum())


def detector_boxes(
    detections: Detections, class_names: tuple[str, ...], corner: Point, width: float, height: float
) -> Visual:
    """Return boxes on an image, and their classes, which can be clicked.

    Args:
        detections: The boxes.
        class_names: Name of each class, may be empty.
        corner: Upper left corner of the image.
        width: Of the image, meters.
        height: Of the image, meters.
    """
    x, top, z = corner
    quads, labels, regions = [np.zeros(0, QUAD)], [], []
    boxes = detections.boxes[: drawn_boxes(detections)]
    found = zip(boxes, detections.labels, detections.scores, strict=False)
    for number, (box, label, score) in enumerate(found):
        box = np.clip(box, 0, 1)  # what reaches beyond the image is cut at its edge
        left, upper = x + box[0] * width, top - box[1] * height
        w, h = (box[2] - box[0]) * width, (box[3] - box[1]) * height
        quads += outline_quads(left, upper, w, h, z, BOX_LINE, ACCENT)
        text = f"{class_name(int(label), class_names)} {score:.0%}"
        labels.append(TextLabel(text, (left, upper + 0.02, z), BOX_TEXT_HEIGHT, ACCENT))
        room = font.text_width(text) * BOX_TEXT_HEIGHT
        regions.append(target_region(f"box {number}", (left, upper, z), room, BOX_TEXT_HEIGHT))
    return Visual(np.concatenate(quads), tuple(labels), (), tuple(regions))
