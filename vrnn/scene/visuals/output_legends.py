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
LEGEND_PITCH = 0.23
"""From one class of a segmentation's legend to the next, meters."""
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
    output: Output, names: tuple[str, ...], corner: Point, height: float, scale: float = 1.0
) -> tuple[list[TextLabel], tuple[ImageQuad, ...]]:
    """Return what the colors of an output's image mean.

    Args:
        output: The output.
        names: Of classes, may be empty.
        corner: Upper left corner of the legend.
        height: Of the image, meters.
        scale: Of the text: how many times as large as usual.
    """
    if isinstance(output, Segmentation):
        return _class_legend(output, names, corner, scale)
    x, top, z = corner
    text_height = TEXT_HEIGHT * scale
    if isinstance(output, DepthMap | Maps):
        bar = ImageQuad(corner, (0.09 * scale, 0, 0), (0, -height, 0), color_bar(output))
        ends = ((f"{output.high:.4g}", top - text_height), (f"{output.low:.4g}", top - height))
        return [
            TextLabel(text, (x + 0.15 * scale, y, z), text_height, TEXT, fade=5.0)
            for text, y in ends
        ], (bar,)
    if isinstance(output, FlowField):
        side = min(0.6 * scale, height)
        wheel = ImageQuad(corner, (side, 0, 0), (0, -side, 0), flow_legend())
        text = f"up to {output.longest:.3g} pixels"
        origin = (x, top - side - 0.2 * scale, z)
        return [TextLabel(text, origin, text_height, TEXT, fade=5.0)], (wheel,)
    if isinstance(output, ImageOutput):
        middle = ", gray 0" if isinstance(output, NoiseOutput) else ""
        lines = (f"white {output.high:.4g}{middle}", f"black {output.low:.4g}")
        if not isinstance(output, NoiseOutput) and output.high in (1.0, 255.0):
            return [], ()
        text_height = BOX_TEXT_HEIGHT if scale == 1.0 else text_height
        return [
            TextLabel(
                text, (x, top - (0.14 + i * 0.2) * scale, z), text_height, OTHER_TEXT, fade=5.0
            )
            for i, text in enumerate(lines)
        ], ()
    return [], ()


def _class_legend(
    segmentation: Segmentation, class_names: tuple[str, ...], corner: Point, scale: float
) -> tuple[list[TextLabel], tuple[ImageQuad, ...]]:
    """The largest classes with their share, beside a bar of their colors. corner: upper left."""
    x, top, z = corner
    counts = np.bincount(segmentation.classes.ravel(), minlength=segmentation.count)
    shares = counts / segmentation.classes.size
    largest = [i for i in np.argsort(-shares, kind="stable")[:MAX_BARS].tolist() if shares[i] > 0]
    colors = class_colors(segmentation.count)[largest][:, None]
    pitch, text = LEGEND_PITCH * scale, TEXT_HEIGHT * scale
    bar = ImageQuad(corner, (0.09 * scale, 0, 0), (0, -pitch * len(largest), 0), colors, False)
    labels = []
    for row, index in enumerate(largest):
        line = f"{class_name(index, class_names)} {shares[index]:.0%}"
        origin = (x + 0.15 * scale, top - pitch * (row + 0.5) - text / 2, z)
        labels.append(TextLabel(line, origin, text, TEXT if row == 0 else OTHER_TEXT, fade=5.0))
    return labels, (bar,)


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
