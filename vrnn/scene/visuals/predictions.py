"""Beside the input: the image that the network saw, and its predictions.

Scores and numbers are named bars above the image, a signal is a curve there; a segmentation, a
depth map, a flow field or a picture hangs above it; boxes are drawn on it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrnn.network.predictions import (
    ClassScores,
    DepthMap,
    Detections,
    FlowField,
    ImageOutput,
    Maps,
    NoiseOutput,
    Output,
    Segmentation,
    Values,
    caption,
)
from vrnn.network.results import ForwardResult
from vrnn.scene.layout.input_margin import BAR_MARGIN, BAR_PITCH, MAX_BARS, InputMargin
from vrnn.scene.output_choices import output_beside_input
from vrnn.scene.primitives import (
    QUAD,
    ImageQuad,
    PickRegion,
    TextLabel,
    Visual,
    outline_quads,
    quad,
)
from vrnn.scene.visuals.class_regions import class_regions
from vrnn.scene.visuals.output_images import (
    class_colors,
    color_bar,
    flow_legend,
    mask_overlay,
    output_image,
    segmentation_overlay,
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
EVIDENCE_HEIGHT = 0.15
"""Capital height of what an output is taken for, meters."""
MAX_EVIDENCE_LINES = 2
MIN_EVIDENCE_WIDTH = 4.0
"""Room for that, meters."""
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
    outputs: tuple[Output, ...],
    class_names: tuple[str, ...],
    corner: Point,
    slot: int = 0,
    true_label: str = "",
) -> Visual:
    """Return the input's image and the predictions.

    Args:
        margin: The room for them.
        result: What the network gave.
        outputs: Its outputs as they are to be shown.
        class_names: Name of each class, may be empty.
        corner: Lower left corner of the room, in the plane of the input's panel.
        slot: The network.
        true_label: Name of the true class, '' when it is not known.
    """
    x, y, z = corner
    width, height = margin.image_width, margin.image_height
    top = y + height + 0.02
    image = result.image
    smooth = image.shape[0] > MAX_SHARP_HEIGHT
    shown = image
    for output in outputs:
        if isinstance(output, Detections):
            shown = mask_overlay(shown, output, _drawn_boxes(output))
    canvas = ImageQuad((x, top, z), (width, 0, 0), (0, -height, 0), shown, smooth)
    parts = [Visual(_frame(x, top, z, width, height), (), (canvas,))]
    if result.note:
        strip, lines = _caption(result.note, (x, y + 0.02, z), width)
        parts.append(Visual(strip, tuple(lines)))
    beside = output_beside_input(outputs)
    if beside is not None:
        parts.append(_drawn_output(beside, image, margin, class_names, (x, top, z), slot))
    if isinstance(beside, ClassScores) and true_label:
        text = elide(f"label: {true_label}", margin.width, TRUE_LABEL_HEIGHT)
        label = TextLabel(text, (x, top + 0.07, z), TRUE_LABEL_HEIGHT, ANNOTATION, fade=5.0)
        parts.append(Visual(np.zeros(0, QUAD), (label,)))
    for output in outputs:
        if isinstance(output, Detections):
            above = (x, top, z + 0.012)
            boxes, names = _detector_boxes(output, class_names, above, width, height)
            parts.append(Visual(boxes, tuple(names)))
    region = PickRegion("input", canvas.origin, canvas.right, canvas.down, None, slot)
    return Visual(
        np.concatenate([part.quads for part in parts]),
        tuple(label for part in parts for label in part.labels),
        tuple(quad for part in parts for quad in part.image_quads),
        (region, *(region for part in parts for region in part.pick_regions)),
    )


def _drawn_output(
    output: Output, image: np.ndarray, margin: InputMargin, names: tuple[str, ...], corner: Point,
    slot: int,
) -> Visual:  # fmt: skip
    """An output above the input's image. corner: the upper left one of that image."""
    x, top, z = corner
    if isinstance(output, ClassScores | Values):
        origin = (x, top + BAR_MARGIN + 0.1, z)
        if isinstance(output, ClassScores):
            bars, labels = _score_bars(output, names, origin, margin.width)
        else:
            bars, labels = _number_bars(output, names, origin, margin.width)
        above = float(bars["origin"][:, 1].max()) + 0.06
        labels += _evidence_caption(output, (x, above, z), margin.width)
        regions: tuple[PickRegion, ...] = ()
        if isinstance(output, ClassScores):
            regions = class_regions(output, origin, margin.width, BAR_PITCH, MAX_BARS, slot)
        return Visual(bars, tuple(labels), (), regions)
    if isinstance(output, Segmentation):
        pixels: np.ndarray | None = segmentation_overlay(image, output)
    else:
        pixels = output_image(output)
    if pixels is None:
        return Visual(
            np.zeros(0, QUAD), tuple(_evidence_caption(output, (x, top + 0.1, z), margin.width))
        )
    width, height = _fitted(pixels, margin)
    above = top + 0.2 + height
    smooth = pixels.shape[0] > MAX_SHARP_HEIGHT and not isinstance(output, Segmentation)
    if isinstance(output, Segmentation):
        smooth = image.shape[0] > MAX_SHARP_HEIGHT
    drawn = ImageQuad((x, above, z), (width, 0, 0), (0, -height, 0), pixels, smooth)
    labels, legends = _legend(output, names, (x + width + 0.12, above, z), height)
    labels += _evidence_caption(output, (x, above + 0.08, z), width)
    return Visual(_frame(x, above, z, width, height), tuple(labels), (drawn, *legends))


def _fitted(pixels: np.ndarray, margin: InputMargin) -> tuple[float, float]:
    """Width and height of an output's image in the room above the input's."""
    rows, columns = pixels.shape[:2]
    width, height = margin.image_width, margin.image_height
    if margin.kind == "bars":
        width, height = margin.width, MAX_BARS * BAR_PITCH * 0.8
    scale = min(width / columns, height / rows)
    return columns * scale, rows * scale


def _evidence_caption(output: Output, origin: Point, width: float) -> list[TextLabel]:
    """What an output is taken for, where that is not sure."""
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


def _legend(
    output: Output, names: tuple[str, ...], corner: Point, height: float
) -> tuple[list[TextLabel], tuple[ImageQuad, ...]]:
    """What the colors of an output's image mean. corner: upper left."""
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


def number_name(index: int, count: int, names: Sequence[str]) -> str:
    """Return the name of one of several numbers that are no classes."""
    return names[index] if len(names) == count else f"value {index}"


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


def _number_bars(
    values: Values, names: tuple[str, ...], origin: Point, width: float
) -> tuple[np.ndarray, list[TextLabel]]:
    """A bar from zero for each of the first numbers, the first on top. origin: lower left."""
    x, y, z = origin
    shown = values.numbers[:MAX_BARS]
    peak = float(np.abs(np.nan_to_num(values.numbers)).max(initial=0)) or 1.0
    has_negative = bool((values.numbers < 0).any())
    zero, reach = (x + width / 2, width / 2) if has_negative else (x, width)
    height = len(shown) * BAR_PITCH + 0.02
    quads = [quad(x - 0.1, y + height, width + 0.2, height + 0.06, z - 0.015, CARD)]
    labels = []
    for row, number in enumerate(shown.tolist()):
        base = y + (len(shown) - 1 - row) * BAR_PITCH
        length = reach * float(np.clip(np.nan_to_num(number) / peak, -1, 1))
        quads.append(quad(x, base - 0.03, width, 0.045, z, TRACK))
        left, size = (zero + length, -length) if length < 0 else (zero, length)
        quads.append(quad(left, base - 0.03, max(size, 0.004), 0.045, z + 0.004, OTHER))
        text = f"{number:.4g}"
        text_width = font.text_width(text) * TEXT_HEIGHT
        name = number_name(row, len(values.numbers), names)
        name = elide(name, width - text_width - 0.1, TEXT_HEIGHT)
        labels.append(TextLabel(name, (x, base + 0.015, z), TEXT_HEIGHT, OTHER_TEXT, fade=5.0))
        right = (x + width - text_width, base + 0.015, z)
        labels.append(TextLabel(text, right, TEXT_HEIGHT, TEXT, fade=5.0))
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


def _drawn_boxes(detections: Detections) -> int:
    """How many boxes are drawn, the best first."""
    return int((detections.scores[:MAX_BOXES] >= MIN_BOX_SCORE).sum())


def _detector_boxes(
    detections: Detections, class_names: tuple[str, ...], corner: Point, width: float, height: float
) -> tuple[np.ndarray, list[TextLabel]]:
    """Boxes on an image, and their classes. corner: upper left of the image."""
    x, top, z = corner
    quads, labels = [], []
    boxes = detections.boxes[: _drawn_boxes(detections)]
    for box, label, score in zip(boxes, detections.labels, detections.scores, strict=False):
        box = np.clip(box, 0, 1)  # what reaches beyond the image is cut at its edge
        left, upper = x + box[0] * width, top - box[1] * height
        w, h = (box[2] - box[0]) * width, (box[3] - box[1]) * height
        quads += outline_quads(left, upper, w, h, z, BOX_LINE, ACCENT)
        text = f"{class_name(int(label), class_names)} {score:.0%}"
        labels.append(TextLabel(text, (left, upper + 0.02, z), BOX_TEXT_HEIGHT, ACCENT))
    return np.concatenate(quads) if quads else np.zeros(0, QUAD), labels
