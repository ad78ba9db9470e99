"""Draws the parts of a `DrawList`: one draw call for each kind of record and each map array."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import moderngl
import numpy as np

from vrnn.network.node_layout import NODE_DIGIT, NODE_GRID
from vrnn.render.cloud_renderer import CloudRenderer
from vrnn.render.context import is_software
from vrnn.render.image_quads import ImageRenderer
from vrnn.render.instances import FRINGE_VERTICES, InstanceRenderer, QuadStrip
from vrnn.render.map_store import LAYER_ROWS, ROW_TEXELS, MapStores
from vrnn.render.picture_store import PICTURE_LEVELS, PICTURE_SIDE, PictureStores
from vrnn.render.render_target import RenderTarget
from vrnn.render.shaders import Shader, StereoMode
from vrnn.render.stereo import StereoTarget
from vrnn.render.strip_renderer import StripRenderer
from vrnn.render.text import TextRenderer
from vrnn.render.uniforms import AnyView, StereoView
from vrnn.render.visible_set import VisibleSet, find_visible
from vrnn.scene.primitives import (
    CURVE,
    FIRST_RELEVANCE_STORE,
    GRAPH,
    PANEL,
    QUAD,
    STROKE,
    STYLE_BITS,
    STYLE_MASK,
    DrawList,
    TextLabel,
)
from vrnn.style.colormap import ENTRIES

PANEL_DEFINES = {
    "ROW_TEXELS": ROW_TEXELS, "LAYER_ROWS": LAYER_ROWS, "ENTRIES": ENTRIES, "CURVE": CURVE,
    "GRAPH": GRAPH, "NODE_GRID": NODE_GRID, "NODE_DIGIT": NODE_DIGIT, "WITH_DRAWINGS": 0,
    "STYLE_BITS": STYLE_BITS, "WITH_RELEVANCE": 0, "WITH_MAPS": 1,
    "WITH_VALUES": 0,
    "PICTURE_SIDE": PICTURE_SIDE, "PICTURE_LEVELS": PICTURE_LEVELS,
}  # fmt: skip
"""Constants that the shader of panels shares with the program; WITH_DRAWINGS: whether it draws
curves and graphs too; WITH_RELEVANCE: whether it draws relevance, and nothing else;
WITH_MAPS: whether it draws more than pictures of layers; WITH_VALUES: whether these have values in
place of colors, where it does not."""
HORIZON_SIDES = 24
"""Flat pieces that the band along the horizon is made of."""
PANEL_TEXTURES = {"map_store": 0, "color_table": 1, "pictures": 2}
"""Texture units of that shader."""
RELEVANCE_TEXTURES = {**PANEL_TEXTURES, "ground_store": 3}
"""Those of it with relevance."""
PICTURE_TEXTURES = {"pictures": 2}
"""Those of it without maps."""
VALUE_TEXTURES = {"color_table": 1, "pictures": 2}
"""Those of it for pictures that have values."""


class DrawListRenderer:
    """The programs and buffers that draw lists are drawn with; the view's uniforms are set before.

    There are three kinds of draw lists: the world's; one that is near the eye and changes with
    every frame, such as hands; and one that floats before the eye, over everything.

    Attributes:
        draw_calls: Since the last `start_picture`.
        near_images: Draws the images of what is near.
    """

    def __init__(self, ctx: moderngl.Context, maps: MapStores, pictures: PictureStores) -> None:
        self._ctx, self._maps, self._pictures = ctx, maps, pictures
        self.draw_calls = 0
        # Software OpenGL runs all branches: what draws only pixels takes half the time, and what
        # draws only pictures a third of that.
        self._panels, self._drawings = (
            InstanceRenderer(ctx, Shader(ctx, "panel", defines, PANEL_TEXTURES), PANEL)
            for defines in (PANEL_DEFINES, {**PANEL_DEFINES, "WITH_DRAWINGS": 1})
        )
        self._relevance: InstanceRenderer | None = None
        distant = Shader(ctx, "panel", {**PANEL_DEFINES, "WITH_MAPS": 0}, PICTURE_TEXTURES)
        self._distant_panels = InstanceRenderer(ctx, distant, PANEL)
        valued = Shader(
            ctx, "panel", {**PANEL_DEFINES, "WITH_MAPS": 0, "WITH_VALUES": 1}, VALUE_TEXTURES
        )
        self._distant_values = InstanceRenderer(ctx, valued, PANEL)
        self._quads = InstanceRenderer(ctx, Shader(ctx, "quad"), QUAD)
        self._panel_fringes, self._quad_fringes = (
            InstanceRenderer(ctx, Shader(ctx, "fringe", defines), dtype, FRINGE_VERTICES)
            for defines, dtype in (({"PANEL_BORDER": 1}, PANEL), ({}, QUAD))
        )
        self._strokes, self._lines = (
            InstanceRenderer(ctx, Shader(ctx, "stroke", {"THIN": thin}), STROKE) for thin in (0, 1)
        )
        self._strips = StripRenderer(ctx)
        self._has_strips = is_software(ctx)
        self._floor = QuadStrip(ctx, Shader(ctx, "floor"))
        horizon = Shader(ctx, "horizon", {"SIDES": HORIZON_SIDES})
        self._horizon = QuadStrip(ctx, horizon, 2 * (HORIZON_SIDES + 1))
        self._images, self.near_images = ImageRenderer(ctx), ImageRenderer(ctx)
        self._front_images = ImageRenderer(ctx)
        self._cloud = CloudRenderer(ctx, pictures)
        self._text = TextRenderer(ctx)
        self._visible: dict[str, VisibleSet] = {}

    def start_picture(
        self, draw_list: DrawList, near: DrawList | None, front: DrawList | None
    ) -> None:
        """Upload the images of all draw lists of a picture, and count its draw calls from zero."""
        self.draw_calls = 0
        self._images.prepare(draw_list.image_quads)
        self.near_images.prepare(near.image_quads if near is not None else ())
        self._front_images.prepare(front.image_quads if front is not None else ())

    def prepare(self, view: AnyView, draw_list: DrawList) -> None:
        """Upload the world's images and cull it now, for a frame that has no time for it."""
        self._images.prepare(draw_list.image_quads)
        self._cull(view, draw_list)

    def layout_text(self, labels: Sequence[TextLabel]) -> None:
        """Lay out the labels of what is near now, for a frame that has no time for it."""
        self._text.batch("near", labels)

    def draw_world(
        self, target: RenderTarget | StereoTarget, view: AnyView, draw_list: DrawList,
        near: DrawList | None = None, mode: StereoMode = StereoMode.SINGLE,
    ) -> None:  # fmt: skip
        """Draw the world and what is near into the target that is bound.

        Args:
            target: The target that is bound.
            view: Whose uniforms are set.
            draw_list: The world.
            near: What is near.
            mode: How one draw call reaches both eyes.
        """
        ctx = self._ctx
        visible, cache_key = self._cull(view, draw_list), _cache_key(view)
        ctx.enable(moderngl.DEPTH_TEST)
        ctx.disable(moderngl.BLEND | moderngl.CULL_FACE)
        for slot, records in visible.pictures.items():
            self._pictures.texture(slot).use(2)
            self._draw(self._distant_panels, records, (slot, cache_key), mode)
        for slot, records in visible.valued.items():
            self._pictures.texture(slot).use(2)
            self._draw(self._distant_values, records, (slot, cache_key), mode)
        for (slot, array), records in visible.panels.items():
            self._maps.texture(slot, array).use(0)
            panels = self._drawings if (records["style"] & STYLE_MASK).any() else self._panels
            network = slot
            if slot >= FIRST_RELEVANCE_STORE:
                network, panels = slot - FIRST_RELEVANCE_STORE, self._relevance_panels()
                self._maps.texture(network, 0).use(3)
            self._pictures.texture(network).use(2)
            self._draw(panels, records, (slot, array, cache_key), mode)
        self.draw_calls += self._cloud.draw(view, draw_list.dots, draw_list.thumbnails, mode)
        ctx.enable(moderngl.BLEND)
        self._draw_images(self._images, draw_list, mode)
        self._draw(self._quads, visible.quads, cache_key, mode)
        if near is not None:
            self._draw_images(self.near_images, near, mode)
            self._draw(self._quads, near.quads, "near", mode)
        target.set_depth_write(False)
        self._draw_fringes(visible, draw_list, near, cache_key, mode)
        if not view.transparent:
            self._horizon.draw(mode)
            self._floor.draw(mode)
            self.draw_calls += 2
        if len(visible.strips.records):
            self._strips.draw(visible.strips, cache_key, mode)
            self.draw_calls += 1
        self._draw(self._lines, visible.lines, cache_key, mode)
        self._draw(self._strokes, visible.strokes, cache_key, mode)
        self._draw_glyphs(visible.glyphs, cache_key, mode)
        if near is not None:
            self._draw(self._strokes, near.strokes, "near", mode)
            self._draw_glyphs(self._text.batch("near", near.labels).glyphs, "near", mode)
        target.set_depth_write(True)

    def _relevance_panels(self) -> InstanceRenderer:
        """What draws relevance, compiled when it is first shown."""
        if self._relevance is None:
            defines = {**PANEL_DEFINES, "WITH_RELEVANCE": 1}
            shader = Shader(self._ctx, "panel", defines, RELEVANCE_TEXTURES)
            self._relevance = InstanceRenderer(self._ctx, shader, PANEL)
        return self._relevance

    def _draw_fringes(
        self, visible: VisibleSet, draw_list: DrawList, near: DrawList | None,
        cache_key: str, mode: StereoMode,
    ) -> None:  # fmt: skip
        """Draw the smooth edges of all rectangles, when what lies behind them is drawn."""
        for (slot, array), records in visible.panels.items():
            self._draw(self._panel_fringes, records, (slot, array, cache_key), mode)
        for slot, records in visible.framed.items():  # mostly dark, so that they need their frames
            self._draw(self._panel_fringes, records, (slot, cache_key), mode)
        self._draw(self._quad_fringes, visible.fringed, cache_key, mode)
        self._images.draw_fringes(draw_list.image_quads, mode)
        self.draw_calls += len(draw_list.image_quads)
        if near is not None:
            self._draw(self._quad_fringes, near.quads, "near", mode)
            self.near_images.draw_fringes(near.image_quads, mode)
            self.draw_calls += len(near.image_quads)

    def draw_front(self, front: DrawList, mode: StereoMode = StereoMode.SINGLE) -> None:
        """Draw marks and what floats before the eye, in the order of its records, over everything.

        Args:
            front: The first two of its quads for each image are drawn behind the images, the others
                over them.
            mode: How one draw call reaches both eyes.
        """
        self._ctx.disable(moderngl.DEPTH_TEST)
        self._ctx.enable(moderngl.BLEND)
        behind = 2 * len(front.image_quads)
        self._draw(self._quads, front.marks, "world marks", mode)
        self._draw(self._quads, front.quads[:behind], "front", mode)
        self._draw_images(self._front_images, front, mode)
        self._draw(self._quads, front.quads[behind:], "marks", mode)
        self._draw_glyphs(self._text.batch("front", front.labels).glyphs, "front", mode)

    def draw_overlay(self, overlay: DrawList) -> None:
        """Draw what lies over a flat picture, in pixels."""
        self._ctx.disable(moderngl.DEPTH_TEST)
        self._ctx.enable(moderngl.BLEND)
        self._draw(self._quads, overlay.quads, "overlay")
        if overlay.labels:
            self._text.draw(self._text.batch("overlay", overlay.labels).glyphs, "overlay")
            self.draw_calls += 1

    def _cull(self, view: AnyView, draw_list: DrawList) -> VisibleSet:
        """Return what is worth drawing, culled again when the eye has moved on or the list is new.

        Each kind of view keeps its own result: a mirror is drawn beside a headset.
        """
        key = view.cull_key
        cache_key = _cache_key(view)
        visible = self._visible.get(cache_key)
        if (
            visible is None
            or visible.draw_list is not draw_list
            or not visible.key.is_valid_for(key)
        ):
            batch = self._text.batch("world", draw_list.labels)
            visible = find_visible(draw_list, batch, key, view.frustum, self._has_strips)
            self._visible[cache_key] = visible
        return visible

    def _draw_images(self, images: ImageRenderer, draw_list: DrawList, mode: StereoMode) -> None:
        images.draw(draw_list.image_quads, mode)
        self.draw_calls += len(draw_list.image_quads)

    def _draw_glyphs(self, glyphs: np.ndarray, key: str, mode: StereoMode) -> None:
        if len(glyphs):
            self._text.draw(glyphs, key, mode)
            self.draw_calls += 1

    def _draw(
        self,
        instances: InstanceRenderer,
        records: np.ndarray,
        key: Hashable,
        mode: StereoMode = StereoMode.SINGLE,
    ) -> None:
        if len(records):
            instances.draw(records, key, mode)
            self.draw_calls += 1

    def release(self) -> None:
        """Release the programs, buffers and textures."""
        for resource in (
            self._floor,
            self._horizon,
            self._panels,
            self._drawings,
            self._distant_panels,
            self._distant_values,
            self._quads,
            self._panel_fringes,
            self._quad_fringes,
            self._strokes,
            self._lines,
            self._strips,
            self._images,
            self.near_images,
            self._front_images,
            self._cloud,
            self._text,
        ):
            resource.release()
        if self._relevance is not None:
            self._relevance.release()


def _cache_key(view: AnyView) -> str:
    return "eyes" if isinstance(view, StereoView) else "world"
