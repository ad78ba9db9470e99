"""The answer as a board at the end of the network.

Each output has a section: the best class large, with bars of others and the true class; numbers as
bars; an image with its legend; a detector's boxes on the input with a list of what they hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vrnn.network.predictions import ClassScores, Detections, Output, Values, caption
from vrnn.scene.layout.answer_room import (
    BOARD_TEXT,
    MAX_SECTIONS,
    SECTION_GAP,
    SECTION_HEIGHT,
    SECTION_WIDTH,
    board_size,
)
from vrnn.scene.layout.input_margin import MAX_BARS
from vrnn.scene.primitives import QUAD, ImageQuad, TextLabel, Visual, outline_quads, quad
from vrnn.scene.visuals.answer_scores import answer_scores
from vrnn.scene.visuals.class_regions import number_regions, regions_of_output, target_region
from vrnn.scene.visuals.output_bars import (
    OTHER_TEXT,
    TEXT_HEIGHT,
    BarSize,
    Point,
    class_name,
    number_bars,
)
from vrnn.scene.visuals.output_images import mask_overlay
from vrnn.scene.visuals.output_legends import (
    MIN_BOX_SCORE,
    detector_boxes,
    drawn_boxes,
    output_legend,
)
from vrnn.scene.visuals.predictions import MAX_SHARP_HEIGHT, drawn_pixels, image_frame
from vrnn.scene.visuals.scaling import scale_visual
from vrnn.style.text import elide, wrap
from vrnn.style.theme import ACCENT, CARD, TEXT

LEGEND_SCALE = BOARD_TEXT / TEXT_HEIGHT
"""How many times as large as beside the input an output's legend is."""
HEADING_HEIGHT = 0.34
"""Capital height of a lone number, meters."""
LINE = 0.335
"""From one line of text to the next, meters."""
MAX_NUMBER_SCALE = 1.8
"""How many times as large a few numbers are drawn, to fill the board."""
MAX_NAME_LINES = 2
LEGEND_WIDTH = 2.0
"""Kept free beside an output's image, meters."""
MAX_OBJECTS = 5
"""Of a detector, that are listed."""
EDGE = (0.085, 0.105, 0.150, 1.0)
EDGE_LINE = 0.025
"""Color and thickness of the board's frame, meters."""


def answer_board(
    outputs: Sequence[Output],
    image: np.ndarray,
    class_names: tuple[str, ...],
    true_label: str | None,
    corner: Point,
    size: tuple[float, float],
    slot: int = 0,
) -> Visual:
    """Return the board.

    Args:
        outputs: Of the network, as they are to be shown.
        image: (H, W, 3) uint8 sRGB, that the network saw.
        class_names: Name of each class, may be empty.
        true_label: Name of the true class, '' when it is not known; None where the weights are
            untrained, so that no answer means anything.
        corner: Lower left corner of the room for it.
        size: Width and height of that room, meters.
        slot: The network.
    """
    shown = outputs[:MAX_SECTIONS]
    x, y, z = corner
    width, height = board_size(max(len(shown), 1))
    quads = [quad(x, y + height, width, height, z - 0.02, CARD)]
    quads += outline_quads(x, y + height, width, height, z - 0.015, EDGE_LINE, EDGE)
    parts = [Visual(np.concatenate(quads))]
    for number, output in enumerate(shown):
        left = x + SECTION_GAP + number * (SECTION_WIDTH + SECTION_GAP)
        title = output.name if len(outputs) > 1 else ""
        if title and number == MAX_SECTIONS - 1 and len(outputs) > MAX_SECTIONS:
            title += f" · {len(outputs) - MAX_SECTIONS} more"
        label = true_label if number == 0 else ""
        section_corner = (left, y + SECTION_GAP, z)
        section = _section(output, image, class_names, label, title, section_corner)
        regions = regions_of_output(section.pick_regions, number, slot)
        parts.append(replace(section, pick_regions=regions))
    board = Visual(
        np.concatenate([part.quads for part in parts]),
        tuple(label for part in parts for label in part.labels),
        tuple(drawn for part in parts for drawn in part.image_quads),
        tuple(region for part in parts for region in part.pick_regions),
    )
    return scale_visual(board, min(size[0] / width, size[1] / height), corner)


def _section(
    output: Output, image: np.ndarray, names: tuple[str, ...], true_label: str | None, title: str,
    corner: Point,
) -> Visual:  # fmt: skip
    """One output. title: over it, '' for none; corner: its lower left one."""
    x, y, z = corner
    top = y + SECTION_HEIGHT
    labels = []
    if title:
        text = elide(title, SECTION_WIDTH, BOARD_TEXT)
        labels.append(TextLabel(text, (x, top - BOARD_TEXT, z), BOARD_TEXT, OTHER_TEXT, fade=4.0))
        top -= LINE
    if isinstance(output, ClassScores):
        has_any = len(output.probabilities) > 0
        part = (
            answer_scores(output, names, true_label, corner, top)
            if has_any
            else Visual(np.zeros(0, QUAD), tuple(_lines(caption(output), (x, top, z))))
        )
    elif isinstance(output, Values):
        part = _numbers(output, names, (x, y, z), top)
    elif isinstance(output, Detections):
        part = _detections(output, image, names, (x, top, z), top - y)
    else:
        part = _picture(output, image, names, (x, top, z), top - y)
    return replace(part, labels=(*labels, *part.labels))


def _lone_number(name: str, value: str, corner: Point) -> list[TextLabel]:
    """A name, and a value large below it. corner: upper left."""
    x, top, z = corner
    lines = [*wrap(name, SECTION_WIDTH, HEADING_HEIGHT, MAX_NAME_LINES), value]
    bases = [top - HEADING_HEIGHT - 1.45 * HEADING_HEIGHT * i for i in range(len(lines))]
    return [
        TextLabel(line, (x, base, z), HEADING_HEIGHT, TEXT if line is value else ACCENT, fade=4.0)
        for line, base in zip(lines, bases, strict=True)
    ]


def _lines(text: str, corner: Point) -> list[TextLabel]:
    """Text in several lines. corner: upper left."""
    x, top, z = corner
    lines = wrap(text, SECTION_WIDTH, BOARD_TEXT, MAX_BARS)
    bases = [top - LINE * i - BOARD_TEXT for i in range(len(lines))]
    return [
        TextLabel(line, (x, base, z), BOARD_TEXT, TEXT, fade=4.0)
        for line, base in zip(lines, bases, strict=True)
    ]


def _numbers(values: Values, names: tuple[str, ...], corner: Point, top: float) -> Visual:
    """Numbers as bars; one alone is written large. corner: lower left."""
    x, y, z = corner
    if len(values.numbers) == 1:
        name = names[0] if len(names) == 1 else values.name
        labels = _lone_number(name, f"{float(values.numbers[0]):.4g}", (x, top, z))
        lowest = min(label.origin[1] for label in labels)
        region = target_region("0", (x, lowest, z), SECTION_WIDTH, top - lowest)
        return Visual(np.zeros(0, QUAD), tuple(labels), (), (region,))
    room = top - y
    labels = []
    count = min(len(values.numbers), MAX_BARS)
    if len(values.numbers) > int(room / LINE):
        count = min(count, int(room / LINE) - 1)
        text = f"{count} of {len(values.numbers):,} numbers"
        labels.append(TextLabel(text, (x, y + 0.02, z), BOARD_TEXT, OTHER_TEXT, fade=4.0))
    factor = min(room / (LINE * count), MAX_NUMBER_SCALE) if not labels else 1.0
    size = BarSize(SECTION_WIDTH, LINE * factor, BOARD_TEXT * factor)
    origin = (x, top - size.pitch * count + 0.07, z)
    bars, texts = number_bars(values, names, origin, size, count)
    return Visual(bars, (*texts, *labels), (), number_regions(count, origin, size))


def _picture(
    output: Output, image: np.ndarray, names: tuple[str, ...], corner: Point, height: float
) -> Visual:
    """An output as an image with its legend, or in words. corner: upper left."""
    x, top, z = corner
    pixels = drawn_pixels(output, image)
    if pixels is None:
        return Visual(np.zeros(0, QUAD), tuple(_lines(caption(output), corner)))
    labels, legends = output_legend(output, names, corner, height, LEGEND_SCALE)
    room = SECTION_WIDTH - (LEGEND_WIDTH + 0.12 if labels else 0.0)
    drawn, quads = _framed(pixels, corner, (room, height))
    if labels:
        beside = (x + drawn.right[0] + 0.15, top, z)
        labels, legends = output_legend(output, names, beside, -drawn.down[1], LEGEND_SCALE)
    return Visual(quads, tuple(labels), (drawn, *legends))


def _framed(
    pixels: np.ndarray, corner: Point, room: tuple[float, float]
) -> tuple[ImageQuad, np.ndarray]:
    """An image as large as there is room, and its frame. corner: upper left."""
    x, top, z = corner
    rows, columns = pixels.shape[:2]
    scale = min(room[0] / columns, room[1] / rows)
    width, height = columns * scale, rows * scale
    smooth = rows > MAX_SHARP_HEIGHT
    drawn = ImageQuad(corner, (width, 0.0, 0.0), (0.0, -height, 0.0), pixels, smooth)
    return drawn, image_frame(x, top, z, width, height)


def _detections(
    found: Detections, image: np.ndarray, names: tuple[str, ...], corner: Point, height: float
) -> Visual:
    """The boxes on the input, and a list of what they hold. corner: upper left."""
    x, top, z = corner
    image = mask_overlay(image, found, drawn_boxes(found))
    drawn, frame = _framed(image, corner, (SECTION_WIDTH * 0.6, height))
    width = drawn.right[0]
    above = (x, top, z + 0.012)
    boxes = detector_boxes(found, names, above, width, -drawn.down[1]).quads
    kept = [
        (class_name(int(label), names), float(score))
        for label, score in zip(found.labels, found.scores, strict=False)
        if score >= MIN_BOX_SCORE
    ]
    count = min(MAX_OBJECTS, int(height / LINE) - 1)
    lines = [f"{name} {score:.0%}" for name, score in kept[:count]]
    if len(kept) > count:
        lines.append(f"{len(kept) - count} more")
    left, room = x + width + 0.15, SECTION_WIDTH - width - 0.15
    labels = [
        TextLabel(
            elide(line, room, BOARD_TEXT), (left, top - BOARD_TEXT - i * LINE, z), BOARD_TEXT,
            ACCENT if i == 0 else TEXT, fade=4.0,
        )
        for i, line in enumerate(lines or [f"nothing above {MIN_BOX_SCORE:.0%}"])
    ]  # fmt: skip
    regions = tuple(
        target_region(f"box {i}", label.origin, room, BOARD_TEXT)
        for i, label in enumerate(labels[: min(len(kept), count)])
    )
    return Visual(np.concatenate([frame, boxes]), tuple(labels), (drawn,), regions)
