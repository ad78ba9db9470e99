"""The view of the world in the window: its camera, its area beside panels, how it is drawn."""

from __future__ import annotations

from dataclasses import replace

import moderngl

from vrnn.app.frame_guard import FrameGuard
from vrnn.app.window import Window
from vrnn.config.schema import Config
from vrnn.controls.fly_camera import FlyCamera
from vrnn.render.context import is_software
from vrnn.render.look import render_colors
from vrnn.render.render_target import RenderTarget, fitting_size
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import View
from vrnn.scene.camera import NEAR, Camera
from vrnn.scene.layout.overview_fit import LEGEND_MARGIN
from vrnn.scene.picking import Ray
from vrnn.scene.primitives import DrawList
from vrnn.scene.viewpoints import camera_by_name, near_and_fog
from vrnn.scene.visuals.distant_pictures import Viewer
from vrnn.scene.world import World
from vrnn.ui.hud.overlay import legend_height
from vrnn.ui.window_host import WindowGui

EMPTY_FOG = 88.0
"""Meters at which fog is opaque while the world is empty."""
MAX_LEGEND_SHARE = 0.2
"""Part of the view's height that the overview leaves to the legend at most."""


class WindowView:
    """Draws the world into the area that panels leave.

    Attributes:
        frames: How many frames have been shown.
    """

    def __init__(
        self, ctx: moderngl.Context, window: Window, gui: WindowGui, renderer: Renderer,
        world: World, fly_camera: FlyCamera, config: Config, guard: FrameGuard,
    ) -> None:  # fmt: skip
        self._ctx, self._window, self._gui = ctx, window, gui
        self._renderer, self._world, self._fly_camera = renderer, world, fly_camera
        self._colors = render_colors(config)
        self._software = is_software(ctx)
        self._samples = 0 if self._software else config.window.multisample
        self._target: RenderTarget | None = None
        self._shown_size = (0, 0)
        self._guard = guard
        self._last_good: tuple[View | None, DrawList] = (None, DrawList())
        self.frames = 0

    @property
    def is_software(self) -> bool:
        """Whether the processor draws."""
        return self._software

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the view, pixels."""
        return self._gui.world_area[2:]

    @property
    def aspect(self) -> float:
        """Width / height of the view."""
        width, height = self.size
        return width / max(height, 1)

    @property
    def legend_share(self) -> float:
        """Part of the view's height that the legend takes, which is larger in a small window."""
        height = self.size[1]
        pixels = legend_height(height, self._window.pixel_scale) * self._gui.presentation_scale
        share = pixels / max(height, 1)
        return min(max(share, LEGEND_MARGIN), MAX_LEGEND_SHARE)

    @property
    def cursor(self) -> tuple[float, float]:
        """Position of the cursor in the view, -1…1, y up; beyond that range outside of it."""
        if self._window.captured:
            return 0.0, 0.0
        (x, y), (width, height) = self._window.cursor, self._window.size
        left, top, wide, high = self._gui.world_area
        right, down = (x + 1) / 2 * width - left, (1 - y) / 2 * height - top
        return 2 * right / max(wide, 1) - 1, 1 - 2 * down / max(high, 1)

    @property
    def cursor_ray(self) -> Ray:
        """The ray from the eye through the cursor."""
        camera = self._fly_camera.camera
        return Ray(camera.position, camera.ray(*self.cursor, self.aspect))

    @property
    def viewer(self) -> Viewer:
        """From where the world is seen."""
        camera = self._fly_camera.camera
        return Viewer(camera.position, View(camera, self.target_size).pixels_per_unit)

    def camera(self, name: str, at_rest: bool = False) -> Camera:
        """Find a camera by name, for this window.

        Args:
            name: See `vrnn.scene.viewpoints.camera_by_name`.
            at_rest: Whether it is aimed at where everything will be at rest.

        Raises:
            VrnnError: When there is no such camera.
        """
        world = self._world.at_rest() if at_rest else self._world
        fov = self._fly_camera.camera.fov
        return camera_by_name(world, name, self.aspect, fov, self.legend_share)

    def view(self, size: tuple[int, int]) -> View:
        """Return the view for the renderer.

        Args:
            size: (width, height) of the picture, pixels.
        """
        camera = self._fly_camera.camera
        empty = not self._world.slots
        near, fog = (NEAR, EMPTY_FOG) if empty else near_and_fog(self._world, camera)
        seconds = self._world.flow_seconds
        return View(camera, size, fog, near, colors=self._colors, seconds=seconds)

    @property
    def target_size(self) -> tuple[int, int]:
        """(width, height) of the picture, pixels: smaller than the view where OpenGL has limits."""
        return self.size if self._target is None else self._target.size

    def resize(self, size: tuple[int, int]) -> bool:
        """Create the render target for a size; True when it replaced one of another size."""
        size = fitting_size(self._ctx, size)
        if self._target is not None and self._target.size == size:
            return False
        target = RenderTarget(self._ctx, size, self._samples)
        replaced, self._target = self._target, target
        if replaced is not None:
            replaced.release()
        return replaced is not None

    def draw(self, over: DrawList, front: DrawList | None) -> bool:
        """Draw the world and show it; what cannot be laid out is drawn as it last was.

        Args:
            over: The overlay.
            front: Cards before the eye; None for none.

        Returns:
            True.
        """
        assert self._target is not None
        last_view, last_list = self._last_good
        draw_list = self._guard.run("laying out the world", last_list, self._world.draw_list)
        size = self._target.size
        view = self._guard.run("finding what is in view", last_view, self.view, size)
        self._last_good = (view, draw_list)
        if view is None:
            return False
        view = replace(view, size=size, camera=self._fly_camera.camera)
        self._renderer.draw(self._target, view, draw_list, over, front)
        if self._software:
            self._window.finish_gpu()
        self.show(self._target)
        return True

    def draw_over(self, picture: RenderTarget, over: DrawList) -> None:
        """Draw the overlay over a finished picture, and show it.

        Args:
            picture: The picture.
            over: The overlay.
        """
        camera = self._fly_camera.camera
        view = View(camera, picture.size, EMPTY_FOG, NEAR, colors=self._colors)
        self._renderer.draw_overlay(picture, view, over)
        self.show(picture)

    def draw_over_last(self, over: DrawList) -> None:
        """Draw the overlay over the last picture, where no new one can be drawn."""
        if self._target is not None:
            self.draw_over(self._target, over)

    def show(self, picture: RenderTarget) -> None:
        """Show a picture of the world in the window, with the panels beside it."""
        if self._shown_size != self._window.size:
            self._shown_size = self._window.size
            self._screen = self._ctx.detect_framebuffer(0)
        if picture.size == self._window.size:
            picture.copy_to_window(self._screen)
        else:
            self._gui.draw_world(self._screen, picture.texture)
        self._gui.draw(self._screen)
        self._window.show_picture()
        self.frames += 1

    def release(self) -> None:
        """Release the render target."""
        if self._target is not None:
            self._target.release()
