"""Signed-distance text: one atlas, one draw call for all that is readable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import moderngl
import numpy as np

from vrnn.render.culling import CullKey
from vrnn.render.instances import InstanceRenderer
from vrnn.render.shaders import Shader, StereoMode
from vrnn.scene.primitives import TextLabel
from vrnn.style import font

GLYPH = np.dtype(
    [
        ("origin", "3f4"),
        ("right", "3f4"),
        ("up", "3f4"),
        ("cut", "4f4"),
        ("color", "4f4"),
        ("fade", "3f4"),
    ]
)
ATLAS_COLUMNS, ATLAS_ROWS = 32, 16
INITIAL_GLYPHS = "".join(chr(c) for c in range(33, 127)) + "×·→…²°±µσ–—"


@dataclass(frozen=True, eq=False)
class TextBatch:
    """Labels made ready. glyphs: (N,) GLYPH; label: (N,) index; origin, size, fade by label."""

    glyphs: np.ndarray
    label_index: np.ndarray
    origin: np.ndarray
    limits: np.ndarray


class TextRenderer:
    """Makes labels ready and draws them."""

    def __init__(self, ctx: moderngl.Context) -> None:
        shader = Shader(ctx, "text", {"SPREAD": float(font.SPREAD)})
        self._instances = InstanceRenderer(ctx, shader, GLYPH)
        self._atlas = ctx.texture((ATLAS_COLUMNS * font.CELL, ATLAS_ROWS * font.CELL), 1)
        self._atlas.repeat_x = self._atlas.repeat_y = False
        self._places: dict[str, int] = {}
        self._add(INITIAL_GLYPHS)

    def layout(self, labels: Sequence[TextLabel]) -> TextBatch:
        """Lay the letters of all labels out."""
        self._add("".join({c for label in labels for c in label.text} - self._places.keys()))
        texts = [label.text for label in labels]
        counts = np.array([len(text) for text in texts], np.int64)
        which = np.repeat(np.arange(len(labels)), counts)
        places = np.array([self._places.get(c, 0) for text in texts for c in text], np.int64)
        starts = np.concatenate([font.letter_offsets(text)[:-1] for text in texts] or [np.zeros(0)])

        def column(name: str, width: int) -> np.ndarray:
            return np.array([getattr(label, name) for label in labels], np.float32).reshape(
                -1, width
            )

        height = column("height", 1)
        right, up = column("right", 3)[which], column("up", 3)[which]
        pixel = (height / (font.EM * font.CAPITAL))[which]
        glyphs = np.zeros(len(which), GLYPH)
        glyphs["origin"] = (
            column("origin", 3)[which]
            + right * (starts[:, None] * height[which] - font.SPREAD * pixel)
            - up * (font.CELL - font.BASE) * pixel
        )
        glyphs["right"] = right * pixel * font.CELL
        glyphs["up"] = up * pixel * font.CELL
        glyphs["cut"] = _atlas_boxes(places)
        glyphs["color"] = column("color", 4)[which]
        limits = np.concatenate([height, column("fade", 1), column("until", 1)], axis=1)
        glyphs["fade"] = limits[which]
        blank = np.array([c == " " for text in texts for c in text], bool)
        return TextBatch(glyphs[~blank], which[~blank], column("origin", 3), limits)

    def draw(self, glyphs: np.ndarray, layer: str, way: StereoMode = StereoMode.SINGLE) -> None:
        """Draw letters, made ready and chosen before. layer: each has its own place on the GPU."""
        self._atlas.use(0)
        self._instances.draw(glyphs, layer, way)

    def _add(self, letters: str) -> None:
        room = ATLAS_COLUMNS * ATLAS_ROWS - len(self._places)
        letters = letters[:room]
        for letter, picture in zip(letters, font.sdf_glyphs(letters), strict=True):
            place = len(self._places)
            self._places[letter] = place
            left, top = place % ATLAS_COLUMNS * font.CELL, place // ATLAS_COLUMNS * font.CELL
            box = (left, top, font.CELL, font.CELL)
            self._atlas.write(np.ascontiguousarray(picture), viewport=box)

    def release(self) -> None:
        """Give the atlas back."""
        self._instances.release()
        self._atlas.release()


def cull_unreadable(lines: TextBatch, here: CullKey) -> np.ndarray:
    """Letters of labels that are, or are about to be, large enough to be read."""
    away = lines.origin - here.position
    height, appears, goes = lines.limits.T
    if here.forward is None:
        # Away from the middle of a picture things are larger than their distance says.
        pixels = height * here.pixels_per_unit / np.maximum(np.linalg.norm(away, axis=1), 1e-4)
        chosen = (pixels > 0.5 * appears) & (pixels < 1.6 * goes)
    else:
        depth = away @ here.forward
        pixels = height * here.pixels_per_unit / np.maximum(depth, 1e-4)
        # A label whose left end is behind the eye may still reach into the picture.
        chosen = (depth > -30 * height) & (pixels > 0.85 * appears) & (pixels < 1.6 * goes)
    return lines.glyphs[chosen[lines.label_index]]


def _atlas_boxes(places: np.ndarray) -> np.ndarray:
    left, top = places % ATLAS_COLUMNS / ATLAS_COLUMNS, places // ATLAS_COLUMNS / ATLAS_ROWS
    return np.stack([left, top, left + 1 / ATLAS_COLUMNS, top + 1 / ATLAS_ROWS], axis=1)
