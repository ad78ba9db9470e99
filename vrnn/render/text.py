"""Signed-distance text: one glyph atlas, one draw call for everything that is readable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import moderngl
import numpy as np

from vrnn.render.culling import CullKey
from vrnn.render.frustum import Frustum
from vrnn.render.instances import InstanceRenderer
from vrnn.render.shaders import Shader, StereoMode
from vrnn.scene.primitives import TextLabel
from vrnn.style import font

GLYPH = np.dtype(
    [
        ("origin", "3f4"),  # lower left corner of the box around the glyph's ink
        ("right", "3f4"),  # along the box's lower edge
        ("up", "3f4"),  # along its left edge
        ("atlas_box", "4f4"),  # left, top, right, bottom in the atlas, 0…1
        ("color", "4f4"),
        ("fade", "3f4"),  # height of a capital letter; pixels where it appears, and disappears
    ]
)
"""One letter: an instance."""
ATLAS_COLUMNS, ATLAS_ROWS = 32, 16
"""Glyphs across and down the atlas."""
INITIAL_GLYPHS = "".join(chr(c) for c in range(33, 127)) + "×·→…²°±µσ–—"
"""Letters in the atlas from the start; others are added when a label has them."""


@dataclass(frozen=True, eq=False)
class TextBatch:
    """Labels laid out as glyphs.

    Attributes:
        glyphs: (N,) of `GLYPH`.
        label_index: (N,) the label of each glyph.
        origin: (L, 3) meters, the left end of each label's base line.
        limits: (L, 3) height of a capital letter in meters, the pixels of that height from which
            the label appears, and those from which it disappears again.
    """

    glyphs: np.ndarray
    label_index: np.ndarray
    origin: np.ndarray
    limits: np.ndarray


class TextRenderer:
    """Lays labels out and draws them."""

    def __init__(self, ctx: moderngl.Context) -> None:
        shader = Shader(ctx, "text", {"SPREAD": float(font.SPREAD)})
        self._instances = InstanceRenderer(ctx, shader, GLYPH)
        self._atlas = ctx.texture((ATLAS_COLUMNS * font.CELL, ATLAS_ROWS * font.CELL), 1)
        self._atlas.repeat_x = self._atlas.repeat_y = False
        self._cells: dict[str, int] = {}
        self._ink = np.zeros((ATLAS_COLUMNS * ATLAS_ROWS, 4), np.int64)
        self._add_glyphs(INITIAL_GLYPHS)
        self._batches: dict[str, tuple[Sequence[TextLabel], TextBatch]] = {}

    def batch(self, key: str, labels: Sequence[TextLabel]) -> TextBatch:
        """Return labels laid out, and keep the result while the same labels are asked for.

        Laying letters out takes far longer than drawing them; a draw list's labels never change.

        Args:
            key: Names the place that the result is kept in.
            labels: What to lay out.
        """
        if key not in self._batches or self._batches[key][0] is not labels:
            self._batches[key] = (labels, self.layout(labels))
        return self._batches[key][1]

    def layout(self, labels: Sequence[TextLabel]) -> TextBatch:
        """Lay out the letters of all labels."""
        self._add_glyphs("".join({c for label in labels for c in label.text} - self._cells.keys()))
        texts = [label.text for label in labels]
        counts = np.array([len(text) for text in texts], np.int64)
        label_index = np.repeat(np.arange(len(labels)), counts)
        cells = np.array([self._cells.get(c, 0) for text in texts for c in text], np.int64)
        starts = np.concatenate([font.letter_offsets(text)[:-1] for text in texts] or [np.zeros(0)])
        origin = _column([label.origin for label in labels], 3)
        height = _column([label.height for label in labels], 1)
        right = _column([label.right for label in labels], 3)[label_index]
        up = _column([label.up for label in labels], 3)[label_index]
        pixel = (height / (font.EM * font.CAPITAL))[label_index]
        glyphs = np.zeros(len(label_index), GLYPH)
        ink = self._ink[cells]
        left, top, width, rows = (ink[:, i : i + 1] for i in range(4))
        glyphs["origin"] = (
            origin[label_index]
            + right * (starts[:, None] * height[label_index] + (left - font.SPREAD) * pixel)
            + up * (font.BASE - top - rows) * pixel
        )
        glyphs["right"] = right * pixel * width
        glyphs["up"] = up * pixel * rows
        glyphs["atlas_box"] = _atlas_boxes(cells, ink)
        glyphs["color"] = _column([label.color for label in labels], 4)[label_index]
        appears = _column([label.fade for label in labels], 1)
        disappears = _column([label.until for label in labels], 1)
        limits = np.concatenate([height, appears, disappears], axis=1)
        glyphs["fade"] = limits[label_index]
        visible = np.array([c != " " for text in texts for c in text], bool)
        return TextBatch(glyphs[visible], label_index[visible], origin, limits)

    def draw(self, glyphs: np.ndarray, key: str, mode: StereoMode = StereoMode.SINGLE) -> None:
        """Draw letters.

        Args:
            glyphs: (N,) of `GLYPH`, of one or more batches.
            key: Names their buffer on the GPU.
            mode: How the draw reaches both eyes.
        """
        self._atlas.use(0)
        self._instances.draw(glyphs, key, mode)

    def _add_glyphs(self, letters: str) -> None:
        room = ATLAS_COLUMNS * ATLAS_ROWS - len(self._cells)
        letters = letters[:room]
        for letter, glyph in zip(letters, font.sdf_glyphs(letters), strict=True):
            cell = len(self._cells)
            self._cells[letter] = cell
            self._ink[cell] = ink_box(glyph)
            left, top = cell % ATLAS_COLUMNS * font.CELL, cell // ATLAS_COLUMNS * font.CELL
            box = (left, top, font.CELL, font.CELL)
            self._atlas.write(np.ascontiguousarray(glyph), viewport=box)

    def release(self) -> None:
        """Release the atlas, the buffers and the program."""
        self._instances.release()
        self._atlas.release()


def cull_unreadable(batch: TextBatch, key: CullKey, frustum: Frustum | None = None) -> np.ndarray:
    """Keep the letters in view of labels that are, or are about to be, large enough to be read.

    Args:
        batch: All labels.
        key: The viewpoint.
        frustum: What may be seen from there; None for a view that turns too often.

    Returns:
        (N,) of `GLYPH`.
    """
    away = batch.origin - key.position
    height, appears, _ = batch.limits.T
    if key.forward is None:
        # Away from the middle of a picture things are larger than their distance says.
        pixels = height * key.pixels_per_unit / np.maximum(np.linalg.norm(away, axis=1), 1e-4)
        readable = pixels > 0.5 * appears
    else:
        depth = away @ key.forward
        pixels = height * key.pixels_per_unit / np.maximum(depth, 1e-4)
        # A label whose left end is behind the eye may still reach into the picture.
        in_front = depth > -30 * height
        readable = in_front & (pixels > 0.85 * appears)
    glyphs = batch.glyphs[readable[batch.label_index]]
    if frustum is None:
        return glyphs
    right, up = 0.5 * glyphs["right"], 0.5 * glyphs["up"]
    return glyphs[frustum.sees(glyphs["origin"] + right + up, right, up)]


def _column(values: Sequence[float] | Sequence[tuple[float, ...]], width: int) -> np.ndarray:
    return np.array(values, np.float32).reshape(-1, width)


def ink_box(glyph: np.ndarray) -> tuple[int, int, int, int]:
    """Return the part of a letter's cell that is ever drawn: most of it is empty.

    Args:
        glyph: (CELL, CELL) uint8, see `font.sdf_glyphs`.

    Returns:
        Left, top, width and height in texels; the whole cell where nothing is in it.
    """
    rows, columns = (np.flatnonzero(glyph.any(axis)) for axis in (1, 0))
    if not len(rows):
        return 0, 0, font.CELL, font.CELL
    # One more on each side, where texels are blended with those beside them.
    left, top = max(int(columns[0]) - 1, 0), max(int(rows[0]) - 1, 0)
    right, bottom = min(int(columns[-1]) + 2, font.CELL), min(int(rows[-1]) + 2, font.CELL)
    return left, top, right - left, bottom - top


def _atlas_boxes(cells: np.ndarray, ink: np.ndarray) -> np.ndarray:
    corner = np.stack([cells % ATLAS_COLUMNS, cells // ATLAS_COLUMNS], 1) * font.CELL + ink[:, :2]
    size = np.array([ATLAS_COLUMNS, ATLAS_ROWS]) * font.CELL
    return np.concatenate([corner / size, (corner + ink[:, 2:]) / size], axis=1)
