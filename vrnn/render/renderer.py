"""The renderer: draws the world and what lies over it, into a flat target or for two eyes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

import moderngl
import numpy as np

from vrnn.render.draw_lists import DrawListRenderer
from vrnn.render.image_quads import BLEND
from vrnn.render.map_store import MapStores
from vrnn.render.picture_store import PictureStores
from vrnn.render.render_target import RenderTarget
from vrnn.render.stereo import StereoTarget
from vrnn.render.uniforms import NO_FOG, AnyView, RenderColors, StereoView, View, ViewUniforms
from vrnn.scene.camera import NEAR
from vrnn.scene.primitives import DrawList, TextLabel
from vrnn.style.colormap import ENTRIES, lookup_table
from vrnn.style.relevance_table import relevance_table
from vrnn.style.theme_names import Theme

_ViewT = TypeVar("_ViewT", View, StereoView)


class Renderer:
    """Everything on the GPU that draws the world and what lies over it.

    Attributes:
        ctx: The context that it draws with.
        maps: The feature maps on the GPU.
        pictures: The layer pictures on the GPU that panels show from afar.
    """

    def __init__(self, ctx: moderngl.Context, map_megabytes: float = 0.0) -> None:
        """Create what draws.

        Args:
            ctx: The context.
            map_megabytes: That the maps of networks may take on the GPU; 0 for what suits it.
        """
        self.ctx = ctx
        self.maps = MapStores(ctx, int(map_megabytes * 2**20))
        self.pictures = PictureStores(ctx)
        self._views = ViewUniforms(ctx)
        self._color_texture = ctx.texture((ENTRIES, 2), 3, dtype="f4")
        self._color_texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._color_table: np.ndarray | None = None
        self._theme: Theme = "dark"
        self._draw_lists = DrawListRenderer(ctx, self.maps, self.pictures)

    @property
    def draw_calls(self) -> int:
        """Draw calls that the last picture took."""
        return self._draw_lists.draw_calls

    def register_texture(self, name: str, texture: moderngl.Texture | None) -> None:
        """Let the `ImageQuad`s of what is near name a texture; None takes it away.

        Whoever registers a texture releases it.
        """
        textures = self._draw_lists.near_images.named_textures
        if texture is None:
            textures.pop(name, None)
        else:
            textures[name] = texture

    def set_see_through(self, names: Iterable[str]) -> None:
        """Let textures that are registered have an alpha of 0 where they are near, no others.

        Args:
            names: Of the textures.
        """
        self._draw_lists.near_images.see_through = frozenset(names)

    def draw(
        self, target: RenderTarget, view: View, draw_list: DrawList,
        overlay: DrawList | None = None, front: DrawList | None = None,
        near: DrawList | None = None,
    ) -> None:  # fmt: skip
        """Draw a flat picture.

        Args:
            target: What to draw into.
            view: What the picture shows.
            draw_list: The world.
            overlay: What lies over the picture, in pixels.
            front: What floats before the eye, over everything in the world.
            near: What is in the world too and changes with every frame, such as hands.
        """
        colors, view = view.colors, self._themed(view, draw_list.theme)
        self._start_picture(draw_list, near, front)
        target.begin((0.0, 0.0, 0.0, 0.0) if view.transparent else (*view.colors.background, 1.0))
        self._bind_colors(draw_list, colors)
        self._views.write(view, draw_list.color_mapping.symmetric)
        self._draw_lists.draw_world(target, view, draw_list, near)
        if front is not None:
            self._views.write(replace(view, near=NEAR, fog=NO_FOG), True)
            self._draw_lists.draw_front(front)
        if overlay is not None:
            self._draw_overlay(view, overlay)
        target.end()

    def draw_overlay(
        self, target: RenderTarget, view: View, overlay: DrawList, theme: Theme | None = None
    ) -> None:
        """Draw what lies over a picture, in pixels, onto one that is complete.

        Args:
            target: What to draw into.
            view: Its size, and colors of the dark theme.
            overlay: What lies over it.
            theme: Whose colors it has; None for that of the last picture.
        """
        target.resume()
        self.ctx.blend_func = BLEND
        self._draw_overlay(self._themed(view, theme or self._theme), overlay)
        target.end()

    def draw_eyes(
        self, target: StereoTarget, view: StereoView, draw_list: DrawList,
        near: DrawList | None = None, front: DrawList | None = None,
    ) -> None:  # fmt: skip
        """Draw both eyes' pictures.

        Each thing is drawn by one call, unless the target takes one eye after the other.

        Args:
            target: What to draw into.
            view: What the eyes see.
            draw_list: The world.
            near: What is in the world too and changes with every frame, such as hands.
            front: What floats before the eyes, over everything in the world.
        """
        colors, view = view.colors, self._themed(view, draw_list.theme)
        self._start_picture(draw_list, near, front)
        target.begin((0.0, 0.0, 0.0, 0.0) if view.transparent else (*view.colors.background, 1.0))
        self._bind_colors(draw_list, colors)
        for pass_view in target.passes(view):
            self._views.write(pass_view, draw_list.color_mapping.symmetric)
            self._draw_lists.draw_world(target, pass_view, draw_list, near, target.mode)
            if front is not None:
                self._views.write(replace(pass_view, fog=NO_FOG), True)
                self._draw_lists.draw_front(front, target.mode)
        target.end()

    def prepare(self, view: AnyView, draw_list: DrawList) -> None:
        """Cull and upload now what about this view will need, for a frame that has no time."""
        self._draw_lists.prepare(view, draw_list)

    def layout_text(self, labels: Sequence[TextLabel]) -> None:
        """Lay out the labels of what is near now, for a frame that has no time for it."""
        self._draw_lists.layout_text(labels)

    def _start_picture(
        self, draw_list: DrawList, near: DrawList | None, front: DrawList | None
    ) -> None:
        self._draw_lists.start_picture(draw_list, near, front)
        self.ctx.blend_func = BLEND

    def _themed(self, view: _ViewT, theme: Theme) -> _ViewT:
        """The view in the colors of a theme, which is that of overlays from now on."""
        self._theme = theme
        return view if theme == "dark" else replace(view, colors=view.colors.in_theme(theme))

    def _bind_colors(self, draw_list: DrawList, colors: RenderColors) -> None:
        """Bind the color map, made of colors of the dark theme."""
        mapping, ends = draw_list.color_mapping, (colors.negative, colors.positive)
        table = lookup_table(mapping, *ends, draw_list.theme)
        if table is not self._color_table:
            self._color_texture.write(np.concatenate([table, relevance_table(ENTRIES)]).tobytes())
            self._color_table = table
        self._color_texture.use(1)

    def _draw_overlay(self, view: View, overlay: DrawList) -> None:
        self._views.write_overlay(view)
        self._draw_lists.draw_overlay(overlay)

    def release(self) -> None:
        """Release everything on the GPU."""
        self.maps.release()
        self.pictures.release()
        self._color_texture.release()
        self._draw_lists.release()
        self._views.release()
