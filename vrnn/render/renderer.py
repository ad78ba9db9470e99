"""Draws a `Drawing`: one draw call for each kind of thing, and one for each array of maps."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import moderngl
import numpy as np

from vrnn.render.culling import long_enough, near_first, standpoint
from vrnn.render.image import Images
from vrnn.render.instances import Instances
from vrnn.render.maps import ROW, ROWS, Address, MapStore
from vrnn.render.shaders import program
from vrnn.render.target import Target
from vrnn.render.text import Lines, Text, readable
from vrnn.render.uniforms import View, Views
from vrnn.scene.camera import NEAR
from vrnn.scene.display import ENTRIES, table
from vrnn.scene.drawing import PANEL, QUAD, STROKE, Drawing, Label

BLEND: Any = (
    moderngl.SRC_ALPHA,
    moderngl.ONE_MINUS_SRC_ALPHA,
    moderngl.ONE,
    moderngl.ONE_MINUS_SRC_ALPHA,
)
"""By alpha; the last two keep a transparent picture's own alpha right."""


@dataclass
class Counts:
    """What the last picture took."""

    draw_calls: int = 0


@dataclass(frozen=True, eq=False)
class _Chosen:
    """What is worth drawing of a drawing from a standpoint."""

    drawing: Drawing
    standpoint: tuple[object, ...]
    panels: dict[tuple[int, int], np.ndarray]
    strokes: np.ndarray
    glyphs: np.ndarray


class Renderer:
    """Everything on the GPU that draws the world and what lies over it."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self.ctx = ctx
        self.counts = Counts()
        self._views = Views(ctx)
        panel = program(ctx, "panel", {"ROW": ROW, "ROWS": ROWS, "ENTRIES": ENTRIES})
        panel["store"], panel["colours"] = 0, 1
        self._colours = ctx.texture((ENTRIES, 1), 3, dtype="f4")
        self._colours.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._table: np.ndarray | None = None
        self._panels = Instances(ctx, panel, PANEL)
        self._quads = Instances(ctx, program(ctx, "quad"), QUAD)
        self._strokes = Instances(ctx, program(ctx, "stroke"), STROKE)
        self._floor_program = program(ctx, "floor")
        self._floor = ctx.vertex_array(self._floor_program, [])
        self._images, self._front = Images(ctx), Images(ctx)
        self._text = Text(ctx)
        self._stores: dict[int, MapStore] = {}
        self._lines: dict[str, tuple[Sequence[Label], Lines]] = {}
        self._chosen: _Chosen | None = None

    def open(self, slot: int, sizes: Mapping[int, int]) -> dict[int, Address]:
        """Make room for a network's maps and say where each will lie.

        sizes: half floats by node id.
        """
        if slot in self._stores:
            self._stores.pop(slot).release()
        self._stores[slot] = MapStore(self.ctx, sizes)
        return self._stores[slot].addresses

    def addresses(self, slot: int) -> Mapping[int, Address]:
        """Where each block of a network lies."""
        return self._stores[slot].addresses

    @property
    def slots(self) -> frozenset[int]:
        """Of networks, and of whatever else has maps."""
        return frozenset(self._stores)

    def close(self, slot: int) -> None:
        """Give the memory of a network's maps back."""
        if slot in self._stores:
            self._stores.pop(slot).release()

    def upload(self, slot: int, node: int, block: np.ndarray) -> None:
        """Write one layer's maps (`FeatureMaps.block`)."""
        self._stores[slot].upload(node, block)

    def array(self, slot: int, number: int) -> moderngl.TextureArray:
        """One of the texture arrays that a network's maps lie in."""
        return self._stores[slot].arrays[number]

    @property
    def map_bytes(self) -> int:
        """GPU memory that the feature maps take."""
        return sum(store.bytes for store in self._stores.values())

    def draw(
        self, target: Target, view: View, drawing: Drawing, overlay: Drawing | None = None,
        front: Drawing | None = None,
    ) -> None:  # fmt: skip
        """Draw the world, then what floats before the eye, then what lies over it in pixels."""
        self.counts = Counts()
        background = (0.0, 0.0, 0.0, 0.0) if view.transparent else (*view.look.background, 1.0)
        self._images.prepare(drawing.pictures)
        self._front.prepare(front.pictures if front is not None else ())
        target.begin(background)
        self.ctx.blend_func = BLEND
        self._views.write(view, drawing.display.symmetric)
        self._colour(view, drawing)
        self._draw_world(view, drawing)
        if front is not None:
            self._views.write(replace(view, near=NEAR, fog=1e9), True)
            self._draw_front(front)
        if overlay is not None:
            self._views.write_overlay(view)
            self.ctx.disable(moderngl.DEPTH_TEST)
            self.ctx.enable(moderngl.BLEND)
            self._call(self._quads, overlay.quads, "overlay")
            if overlay.labels:
                self._text.draw(self._laid_out("overlay", overlay.labels).glyphs, "overlay")
                self.counts.draw_calls += 1
        target.end()

    def _colour(self, view: View, drawing: Drawing) -> None:
        colours = table(drawing.display, view.look.negative, view.look.positive)
        if colours is not self._table:
            self._colours.write(colours)
            self._table = colours
        self._colours.use(1)

    def _draw_world(self, view: View, drawing: Drawing) -> None:
        ctx = self.ctx
        target = ctx.fbo
        chosen = self._choose(view, drawing)
        ctx.enable(moderngl.DEPTH_TEST)
        ctx.disable(moderngl.BLEND | moderngl.CULL_FACE)
        for (slot, array), records in chosen.panels.items():
            self.array(slot, array).use(0)
            self._call(self._panels, records, (slot, array))
        ctx.enable(moderngl.BLEND)
        self._images.draw(drawing.pictures)
        self.counts.draw_calls += len(drawing.pictures)
        self._call(self._quads, drawing.quads, "world")
        target.depth_mask = False
        if not view.transparent:
            self._floor.render(moderngl.TRIANGLE_STRIP, vertices=4)
            self.counts.draw_calls += 1
        self._call(self._strokes, chosen.strokes, "world")
        if len(chosen.glyphs):
            self._text.draw(chosen.glyphs, "world")
            self.counts.draw_calls += 1
        target.depth_mask = True

    def _draw_front(self, front: Drawing) -> None:
        """In the order of its things, over everything."""
        self.ctx.disable(moderngl.DEPTH_TEST)
        self.ctx.enable(moderngl.BLEND)
        self._call(self._quads, front.quads[: 2 * len(front.pictures)], "front")
        self._front.draw(front.pictures)
        self._call(self._quads, front.quads[2 * len(front.pictures) :], "marks")
        if front.labels:
            self._text.draw(self._laid_out("front", front.labels).glyphs, "front")
        self.counts.draw_calls += len(front.pictures) + bool(front.labels)

    def _choose(self, view: View, drawing: Drawing) -> _Chosen:
        """What is worth drawing; found anew when the eye has moved on or the drawing is another."""
        here = standpoint(view)
        last = self._chosen
        if last is None or last.drawing is not drawing or last.standpoint != here:
            eye = view.camera.position
            panels = {key: near_first(records, eye) for key, records in drawing.panels.items()}
            glyphs = readable(self._laid_out("world", drawing.labels), view)
            strokes = long_enough(drawing.strokes, view)
            self._chosen = last = _Chosen(drawing, here, panels, strokes, glyphs)
        return last

    def _laid_out(self, layer: str, labels: Sequence[Label]) -> Lines:
        # Laying letters out takes far longer than drawing them; a drawing's labels never change.
        if layer not in self._lines or self._lines[layer][0] is not labels:
            self._lines[layer] = (labels, self._text.prepare(labels))
        return self._lines[layer][1]

    def _call(self, instances: Instances, records: np.ndarray, key: Hashable) -> None:
        if len(records):
            instances.draw(records, key)
            self.counts.draw_calls += 1

    def release(self) -> None:
        """Give everything on the GPU back."""
        for store in self._stores.values():
            store.release()
        self._stores.clear()
        self._colours.release()
        self._floor.release()
        self._floor_program.release()
        for part in (
            self._panels,
            self._quads,
            self._strokes,
            self._images,
            self._front,
            self._text,
            self._views,
        ):
            part.release()
