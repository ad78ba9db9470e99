"""Beside the input: the image that the network saw, and small its predictions.

Scores and numbers are named bars above the image, a signal is a curve there; a segmentation, a
depth map, a flow field or a picture hangs above it; boxes are drawn on it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vrnn.network.predictions import ClassScores, Detections, Output, Segmentation, Values
from vrnn.network.results import ForwardResult
from vrnn.scene.layout.input_margin import (
    BAR_MARGIN,
    BAR_PITCH,
    INPUT_BARS,
    SMALL_OUTPUT,
    InputMargin,
)
from vrnn.scene.output_choices import output_beside_input
from vrnn.scene.primitives import QUAD, ImageQuad, PickRegion, TextLabel, Visual, quad
from vrnn.scene.visuals.class_regions import (
    class_regions,
    number_regions,
    regions_of_output,
)
from vrnn.scene.visuals.output_bars import BarSize, Point, number_bars, score_bars
from vrnn.scene.visuals.output_images import mask_overlay, output_image, segmentation_overlay
from vrnn.scene.visuals.output_legends import (
    detector_boxes,
    drawn_boxes,
    evidence_caption,
    output_legend,
)
from vrnn.style.text import elide, wrap
from vrnn.style.theme import ANNOTATION, CARD, TEXT

TRUE_LABEL_HEIGHT = 0.1
"""Capital height of the true class, meters."""
CAPTION_HEIGHT = 0.06
"""Capital height of what is said on the image, meters."""
MAX_CAPTION_LINES = 5
BORDER = 0.025
"""Meters that the frame of an image reaches beyond it on each side."""
MAX_SHARP_HEIGHT = 48
"""Pixels: the pixels of a higher image are blended."""
FRAME = (0.10, 0.115, 0.15, 1.0)


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
            shown = mask_overlay(shown, output, drawn_boxes(output))
    canvas = ImageQuad((x, top, z), (width, 0, 0), (0, -height, 0), shown, smooth)
    parts = [Visual(image_frame(x, top, z, width, height), (), (canvas,))]
    if result.note:
        strip, lines = _caption(result.note, (x, y + 0.02, z), width)
        parts.append(Visual(strip, tuple(lines)))
    beside = output_beside_input(outputs)
    if beside is not None:
        drawn = _drawn_output(beside, image, margin, class_names, (x, top, z))
        number = next(i for i, output in enumerate(outputs) if output is beside)
        regions = regions_of_output(drawn.pick_regions, number, slot)
        parts.append(replace(drawn, pick_regions=regions))
    if isinstance(beside, ClassScores) and true_label:
        text = elide(f"label: {true_label}", margin.width, TRUE_LABEL_HEIGHT)
        label = TextLabel(text, (x, top + 0.035, z), TRUE_LABEL_HEIGHT, ANNOTATION, fade=4.0)
        parts.append(Visual(np.zeros(0, QUAD), (label,)))
    for output in outputs:
        if isinstance(output, Detections):
            above = (x, top, z + 0.012)
            parts.append(detector_boxes(output, class_names, above, width, height))
    region = PickRegion("input", canvas.origin, canvas.right, canvas.down, None, slot)
    return Visual(
        np.concatenate([part.quads for part in parts]),
        tuple(label for part in parts for label in part.labels),
        tuple(quad for part in parts for quad in part.image_quads),
        (region, *(replace(own, slot=slot) for part in parts for own in part.pick_regions)),
    )


def _drawn_output(
    output: Output, image: np.ndarray, margin: InputMargin, names: tuple[str, ...], corner: Point
) -> Visual:
    """An output above the input's image. corner: the upper left one of that image."""
    x, top, z = corner
    if isinstance(output, ClassScores | Values):
        origin = (x, top + BAR_MARGIN + 0.1, z)
        size, ranks = BarSize(margin.width), range(INPUT_BARS)
        if isinstance(output, ClassScores):
            bars, labels = score_bars(output, names, origin, size, ranks)
        else:
            bars, labels = number_bars(output, names, origin, size, INPUT_BARS)
        above = float(bars["origin"][:, 1].max()) + 0.06
        labels += evidence_caption(output, (x, above, z), margin.width)
        regions: tuple[PickRegion, ...] = ()
        if isinstance(output, ClassScores):
            regions = class_regions(output, origin, size, ranks)
        else:
            count = min(len(output.numbers), INPUT_BARS)
            regions = number_regions(count, origin, size)
        return Visual(bars, tuple(labels), (), regions)
    pixels = drawn_pixels(output, image)
    if pixels is None:
        return Visual(
            np.zeros(0, QUAD), tuple(evidence_caption(output, (x, top + 0.1, z), margin.width))
        )
    width, height = _fitted(pixels, margin)
    above = top + 0.2 + height
    smooth = pixels.shape[0] > MAX_SHARP_HEIGHT
    drawn = ImageQuad((x, above, z), (width, 0, 0), (0, -height, 0), pixels, smooth)
    labels, legends = output_legend(output, names, (x + width + 0.12, above, z), height)
    labels += evidence_caption(output, (x, above + 0.08, z), width)
    return Visual(image_frame(x, above, z, width, height), tuple(labels), (drawn, *legends))


def drawn_pixels(output: Output, image: np.ndarray) -> np.ndarray | None:
    """Return an output as an image, (H, W, 3) uint8 sRGB; None where it is none.

    Args:
        output: Any output.
        image: (H, W, 3) uint8 sRGB, that the network saw.
    """
    if isinstance(output, Segmentation):
        return segmentation_overlay(image, output)
    return output_image(output)


def _fitted(pixels: np.ndarray, margin: InputMargin) -> tuple[float, float]:
    """Width and height of an output's image in the room above the input's."""
    rows, columns = pixels.shape[:2]
    width, height = SMALL_OUTPUT * margin.image_width, SMALL_OUTPUT * margin.image_height
    if margin.kind == "bars":
        width, height = margin.width, INPUT_BARS * BAR_PITCH * 0.8
    scale = min(width / columns, height / rows)
    return columns * scale, rows * scale


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


def image_frame(x: float, top: float, z: float, width: float, height: float) -> np.ndarray:
    """Return a surface behind an image, a little larger, (1,) `QUAD`."""
    return quad(x - BORDER, top + BORDER, width + 0.05, height + 0.05, z - 0.01, FRAME)
