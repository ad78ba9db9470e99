"""Draws a `Drawing`: one draw call for each kind of thing, and one for each array of maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np

from vrnn.render.culling import in_view, near_first
from vrnn.render.image import Images
from vrnn.render.instances import Instances
from vrnn.render.maps import ROW, ROWS, Address, MapStore
from vrnn.render.shaders import program
from vrnn.render.target import Target
from vrnn.render.text import Lines, Text
from vrnn.render.uniforms import View, Views
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
    """What the last picture took. panels: that were in view."""

    draw_calls: int = 0
    panels: int = 0


class Renderer:
    """Everything on the GPU that draws the world and what lies over it."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self.ctx = ctx
        self.counts = Counts()
        self._views = Views(ctx)
        panel = program(ctx, "panel", {"ROW": ROW, "ROWS": ROWS})
        self._panels = Instances(ctx, panel, PANEL)
        self._quads = Instances(ctx, program(ctx, "quad"), QUAD)
        self._strokes = Instances(ctx, program(ctx, "stroke"), STROKE)
        self._floor_program = program(ctx, "floor")
        self._floor = ctx.vertex_array(self._floor_program, [])
        self._images = Images(ctx)
        self._text = Text(ctx)
        self._stores: dict[int, MapStore] = {}
        self._lines: dict[str, tuple[Sequence[Label], Lines]] = {}

    def open(self, slot: int, sizes: Mapping[int, int]) -> dict[int, Address]:
        """Make room for a network's maps and say where each will lie.

        sizes: half floats by node id.
        """
        if slot in self._stores:
            self._stores.pop(slot).release()
        self._stores[slot] = MapStore(self.ctx, sizes)
        return self._stores[slot].addresses

    def upload(self, slot: int, node: int, block: np.ndarray) -> None:
        """Write one layer's maps (`FeatureMaps.block`)."""
        self._stores[slot].upload(node, block)

    @property
    def map_bytes(self) -> int:
        """GPU memory that the feature maps take."""
        return sum(store.bytes for store in self._stores.values())

    def draw(
        self, target: Target, view: View, drawing: Drawing, overlay: Drawing | None = None
    ) -> None:
        """Draw the world, then what lies over it in pixels."""
        self.counts = Counts()
        background = (0.0, 0.0, 0.0, 0.0) if view.transparent else (*view.look.background, 1.0)
        target.begin(background)
        self.ctx.blend_func = BLEND
        self._views.write(view)
        self._draw_world(view, drawing)
        if overlay is not None:
            self._views.write_overlay(view)
            self.ctx.disable(moderngl.DEPTH_TEST)
            self.ctx.enable(moderngl.BLEND)
            self._call(self._quads, overlay.quads)
            self._call(self._strokes, overlay.strokes)
            self._draw_labels("overlay", overlay.labels, None)
        target.end()

    def _draw_world(self, view: View, drawing: Drawing) -> None:
        ctx = self.ctx
        target = ctx.fbo
        ctx.enable(moderngl.DEPTH_TEST)
        ctx.disable(moderngl.BLEND | moderngl.CULL_FACE)
        self._draw_panels(view, drawing)
        ctx.enable(moderngl.BLEND)
        self._images.draw(drawing.pictures)
        self.counts.draw_calls += len(drawing.pictures)
        self._call(self._quads, drawing.quads)
        target.depth_mask = False
        if not view.transparent:
            self._floor.render(moderngl.TRIANGLE_STRIP, vertices=4)
            self.counts.draw_calls += 1
        self._call(self._strokes, drawing.strokes)
        self._draw_labels("world", drawing.labels, view)
        target.depth_mask = True

    def _draw_panels(self, view: View, drawing: Drawing) -> None:
        clip, eye = view.clip_from_world, view.camera.position
        for (slot, array), records in drawing.panels.items():
            seen = near_first(records[in_view(records, clip)], eye)
            self._stores[slot].arrays[array].use(0)
            self._call(self._panels, seen)
            self.counts.panels += len(seen)

    def _call(self, instances: Instances, records: np.ndarray) -> None:
        if len(records):
            instances.draw(records)
            self.counts.draw_calls += 1

    def _draw_labels(self, layer: str, labels: Sequence[Label], view: View | None) -> None:
        if not labels:
            return
        # Laying letters out takes far longer than drawing them; a drawing's labels never change.
        if layer not in self._lines or self._lines[layer][0] is not labels:
            self._lines[layer] = (labels, self._text.prepare(labels))
        self._text.draw(self._lines[layer][1], view)
        self.counts.draw_calls += 1

    def release(self) -> None:
        """Give everything on the GPU back."""
        for store in self._stores.values():
            store.release()
        self._stores.clear()
        self._floor.release()
        self._floor_program.release()
        for part in (
            self._panels,
            self._quads,
            self._strokes,
            self._images,
            self._text,
            self._views,
        ):
            part.release()
