"""Draws a `DrawList`: one draw call for each kind of thing, and one for each array of maps."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import moderngl
import numpy as np

from vrnn.render.culling import CullKey, cull_short_strokes, sort_front_to_back
from vrnn.render.image_quads import ImageRenderer
from vrnn.render.instances import InstanceRenderer, QuadStrip
from vrnn.render.map_store import LAYER_ROWS, ROW_TEXELS, Address, MapStore
from vrnn.render.render_target import RenderTarget
from vrnn.render.shaders import Shader, StereoMode
from vrnn.render.stereo import StereoTarget
from vrnn.render.text import TextBatch, TextRenderer, cull_unreadable
from vrnn.render.uniforms import AnyView, StereoView, View, ViewUniforms
from vrnn.scene.camera import NEAR
from vrnn.scene.primitives import PANEL, QUAD, STROKE, DrawList, TextLabel
from vrnn.style.colormap import ENTRIES, lookup_table

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

    drawing: DrawList
    standpoint: CullKey
    panels: dict[tuple[int, int], np.ndarray]
    strokes: np.ndarray
    glyphs: np.ndarray


class Renderer:
    """Everything on the GPU that draws the world and what lies over it."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self.ctx = ctx
        self.counts = Counts()
        self._views = ViewUniforms(ctx)
        self._colors = ctx.texture((ENTRIES, 1), 3, dtype="f4")
        self._colors.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._table: np.ndarray | None = None
        sizes = {"ROW": ROW_TEXELS, "ROWS": LAYER_ROWS, "ENTRIES": ENTRIES}
        panel = Shader(ctx, "panel", sizes, {"store": 0, "colors": 1})
        self._panels = InstanceRenderer(ctx, panel, PANEL)
        self._quads = InstanceRenderer(ctx, Shader(ctx, "quad"), QUAD)
        self._strokes = InstanceRenderer(ctx, Shader(ctx, "stroke"), STROKE)
        self._floor = QuadStrip(ctx, Shader(ctx, "floor"))
        self._images, self._near, self._front = (
            ImageRenderer(ctx),
            ImageRenderer(ctx),
            ImageRenderer(ctx),
        )
        self._text = TextRenderer(ctx)
        self._stores: dict[int, MapStore] = {}
        self._lines: dict[str, tuple[Sequence[TextLabel], TextBatch]] = {}
        self._chosen: dict[str, _Chosen] = {}

    def allocate_maps(self, slot: int, sizes: Mapping[int, int]) -> dict[int, Address]:
        """Make room for a network's maps and say where each will lie.

        sizes: half floats by node id.
        """
        if slot in self._stores:
            self._stores.pop(slot).release()
        self._stores[slot] = MapStore(self.ctx, sizes)
        return self._stores[slot].addresses

    def map_addresses(self, slot: int) -> Mapping[int, Address]:
        """Where each block of a network lies."""
        return self._stores[slot].addresses

    @property
    def map_slots(self) -> frozenset[int]:
        """Of networks, and of whatever else has maps."""
        return frozenset(self._stores)

    def release_maps(self, slot: int) -> None:
        """Give the memory of a network's maps back."""
        if slot in self._stores:
            self._stores.pop(slot).release()

    def upload_maps(self, slot: int, node: int, block: np.ndarray) -> None:
        """Write one layer's maps (`FeatureMaps.block`)."""
        self._stores[slot].upload(node, block)

    def map_texture(self, slot: int, number: int) -> moderngl.TextureArray:
        """One of the texture arrays that a network's maps lie in."""
        return self._stores[slot].arrays[number]

    def register_texture(self, name: str, texture: moderngl.Texture | None) -> None:
        """A picture for `Picture`s near by that name it; None takes it away. Whoever lends it
        releases it."""
        if texture is None:
            self._near.named_textures.pop(name, None)
        else:
            self._near.named_textures[name] = texture

    @property
    def map_bytes(self) -> int:
        """GPU memory that the feature maps take."""
        return sum(store.bytes for store in self._stores.values())

    def draw(
        self, target: RenderTarget, view: View, drawing: DrawList, overlay: DrawList | None = None,
        front: DrawList | None = None, near: DrawList | None = None,
    ) -> None:  # fmt: skip
        """Draw the world, then what floats before the eye, then what lies over it in pixels.

        near: more that stands in the world and changes with every frame, such as hands.
        """
        self._prepare(drawing, near, front)
        target.begin((0.0, 0.0, 0.0, 0.0) if view.transparent else (*view.colors.background, 1.0))
        self._color(view, drawing)
        self._views.write(view, drawing.color_mapping.symmetric)
        self._draw_world(target, view, drawing, near)
        if front is not None:
            self._views.write(replace(view, near=NEAR, fog=1e9), True)
            self._draw_front(front)
        if overlay is not None:
            self._draw_over(view, overlay)
        target.end()

    def draw_overlay(self, target: RenderTarget, view: View, overlay: DrawList) -> None:
        """Draw what lies over a picture, in pixels, onto one that is there already."""
        target.resume()
        self.ctx.blend_func = BLEND
        self._draw_over(view, overlay)
        target.end()

    def _draw_over(self, view: View, overlay: DrawList) -> None:
        self._views.write_overlay(view)
        self.ctx.disable(moderngl.DEPTH_TEST)
        self.ctx.enable(moderngl.BLEND)
        self._call(self._quads, overlay.quads, "overlay")
        if overlay.labels:
            self._text.draw(self._laid_out("overlay", overlay.labels).glyphs, "overlay")
            self.counts.draw_calls += 1

    def prepare(self, view: AnyView, drawing: DrawList) -> None:
        """Find out now what is worth drawing from about here, for a frame that is in a hurry."""
        self._images.prepare(drawing.image_quads)
        self._choose(view, drawing)

    def layout_text(self, labels: Sequence[TextLabel]) -> None:
        """Lay the letters of what is near out now, for a frame that is in a hurry."""
        self._laid_out("near", labels)

    def draw_eyes(
        self, target: StereoTarget, view: StereoView, drawing: DrawList, near: DrawList | None = None,
        front: DrawList | None = None,
    ) -> None:  # fmt: skip
        """Draw the world as two eyes see it: each thing is issued once, unless the target takes
        one eye after the other.

        near: more that stands in the world and changes with every frame, such as hands; front:
        what floats before the eyes, over everything.
        """
        self._prepare(drawing, near, front)
        target.begin((*view.colors.background, 1.0))
        self._color(view, drawing)
        for seen in target.passes(view):
            self._views.write(seen, drawing.color_mapping.symmetric)
            self._draw_world(target, seen, drawing, near, target.mode)
            if front is not None:
                self._views.write(replace(seen, fog=1e9), True)
                self._draw_front(front, target.mode)
        target.end()

    def _prepare(self, drawing: DrawList, near: DrawList | None, front: DrawList | None) -> None:
        self.counts = Counts()
        self._images.prepare(drawing.image_quads)
        self._near.prepare(near.image_quads if near is not None else ())
        self._front.prepare(front.image_quads if front is not None else ())
        self.ctx.blend_func = BLEND

    def _color(self, view: AnyView, drawing: DrawList) -> None:
        colors = lookup_table(drawing.color_mapping, view.colors.negative, view.colors.positive)
        if colors is not self._table:
            self._colors.write(colors)
            self._table = colors
        self._colors.use(1)

    def _draw_world(
        self, target: RenderTarget | StereoTarget, view: AnyView, drawing: DrawList,
        near: DrawList | None = None, way: StereoMode = StereoMode.SINGLE,
    ) -> None:  # fmt: skip
        ctx = self.ctx
        chosen, who = self._choose(view, drawing), _cache_key(view)
        ctx.enable(moderngl.DEPTH_TEST)
        ctx.disable(moderngl.BLEND | moderngl.CULL_FACE)
        for (slot, array), records in chosen.panels.items():
            self.map_texture(slot, array).use(0)
            self._call(self._panels, records, (slot, array, who), way)
        ctx.enable(moderngl.BLEND)
        self._images.draw(drawing.image_quads, way)
        self.counts.draw_calls += len(drawing.image_quads)
        self._call(self._quads, drawing.quads, "world", way)
        if near is not None:
            self._near.draw(near.image_quads, way)
            self.counts.draw_calls += len(near.image_quads)
            self._call(self._quads, near.quads, "near", way)
        target.set_depth_write(False)
        if not view.transparent:
            self._floor.draw(way)
            self.counts.draw_calls += 1
        self._call(self._strokes, chosen.strokes, who, way)
        self._letters(chosen.glyphs, who, way)
        if near is not None:
            self._call(self._strokes, near.strokes, "near", way)
            self._letters(self._laid_out("near", near.labels).glyphs, "near", way)
        target.set_depth_write(True)

    def _letters(self, glyphs: np.ndarray, layer: str, way: StereoMode) -> None:
        if len(glyphs):
            self._text.draw(glyphs, layer, way)
            self.counts.draw_calls += 1

    def _draw_front(self, front: DrawList, way: StereoMode = StereoMode.SINGLE) -> None:
        """In the order of its things, over everything."""
        self.ctx.disable(moderngl.DEPTH_TEST)
        self.ctx.enable(moderngl.BLEND)
        self._call(self._quads, front.quads[: 2 * len(front.image_quads)], "front", way)
        self._front.draw(front.image_quads, way)
        self.counts.draw_calls += len(front.image_quads)
        self._call(self._quads, front.quads[2 * len(front.image_quads) :], "marks", way)
        self._letters(self._laid_out("front", front.labels).glyphs, "front", way)

    def _choose(self, view: AnyView, drawing: DrawList) -> _Chosen:
        """What is worth drawing; found anew when the eye has moved on or the drawing is another."""
        here = view.cull_key
        who = _cache_key(view)
        last = self._chosen.get(who)
        if last is None or last.drawing is not drawing or not last.standpoint.is_valid_for(here):
            eye = here.position
            panels = {
                key: sort_front_to_back(records, eye) for key, records in drawing.panels.items()
            }
            glyphs = cull_unreadable(self._laid_out("world", drawing.labels), here)
            strokes = cull_short_strokes(drawing.strokes, here)
            self._chosen[who] = last = _Chosen(drawing, here, panels, strokes, glyphs)
        return last

    def _laid_out(self, layer: str, labels: Sequence[TextLabel]) -> TextBatch:
        # Laying letters out takes far longer than drawing them; a drawing's labels never change.
        if layer not in self._lines or self._lines[layer][0] is not labels:
            self._lines[layer] = (labels, self._text.layout(labels))
        return self._lines[layer][1]

    def _call(
        self,
        instances: InstanceRenderer,
        records: np.ndarray,
        key: Hashable,
        way: StereoMode = StereoMode.SINGLE,
    ) -> None:
        if len(records):
            instances.draw(records, key, way)
            self.counts.draw_calls += 1

    def release(self) -> None:
        """Give everything on the GPU back."""
        for store in self._stores.values():
            store.release()
        self._stores.clear()
        self._colors.release()
        for part in (
            self._floor,
            self._panels,
            self._quads,
            self._strokes,
            self._images,
            self._near,
            self._front,
            self._text,
            self._views,
        ):
            part.release()


def _cache_key(view: AnyView) -> str:
    """Whoever looks keeps what is worth drawing from there: a mirror beside a headset, too."""
    return "eyes" if isinstance(view, StereoView) else "world"
