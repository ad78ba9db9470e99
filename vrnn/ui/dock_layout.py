"""Docking of the panels in the window, and the area that remains for the world."""

from __future__ import annotations

from typing import Any

from imgui_bundle import imgui

from vrnn.render.imgui_renderer import WindowArea
from vrnn.ui.panel_registry import Dock, registered_panels

DOCK_SPACE = "places"
"""Name of the dock space; saved layouts contain it."""
MIN_WORLD_PIXELS = 16
"""Width and height in pixels that the world keeps, however large the panels are."""


class DockLayout:
    """Docks panels at the sides of the window.

    Attributes:
        docks: The default dock of each panel, by title, in the order in which they are drawn.
        world_area: What docked panels leave for the world: left, top, width, height in pixels.
    """

    def __init__(self, size: tuple[int, int], remembered: bool) -> None:
        """Create a layout.

        Args:
            size: (width, height) of the window's framebuffer, pixels.
            remembered: Whether Dear ImGui has loaded the layout of an earlier run.
        """
        # Dear ImGui brings to the front what appears last: the panels on the right.
        self.docks = {
            info.title: info.dock
            for dock in Dock
            for info in registered_panels()
            if info.dock is dock is not Dock.BOARD_ONLY
        }
        self.world_area: WindowArea = (0, 0, *size)
        self._reset = not remembered

    def reset(self) -> None:
        """Restore the default docks with the next frame."""
        self._reset = True

    def update(self, size: tuple[int, int], em: float) -> None:
        """Create the dock space of this frame and measure `world_area`.

        Args:
            size: (width, height) of the window's framebuffer, pixels.
            em: Height of a line of text, pixels.
        """
        view = imgui.get_main_viewport()
        space = imgui.get_id(DOCK_SPACE)
        if self._reset or imgui.internal.dock_builder_get_node(space) is None:
            self._reset = False
            self._build(space, view, em)
        flags = imgui.DockNodeFlags_
        kind = flags.passthru_central_node | flags.no_docking_over_central_node
        imgui.dock_space_over_viewport(space, view, kind.value)
        middle = imgui.internal.dock_builder_get_central_node(space)
        if middle is not None and middle.size.x >= 1 and middle.size.y >= 1:
            left, top = round(middle.pos.x), round(middle.pos.y)
            right = min(round(middle.pos.x + middle.size.x), size[0])
            bottom = min(round(middle.pos.y + middle.size.y), size[1])
            self.world_area = (
                left,
                top,
                max(right - left, MIN_WORLD_PIXELS),
                max(bottom - top, MIN_WORLD_PIXELS),
            )

    def _build(self, space: int, view: Any, em: float) -> None:
        build = imgui.internal
        build.dock_builder_remove_node(space)
        build.dock_builder_add_node(space, build.DockNodeFlagsPrivate_.dock_space.value)
        build.dock_builder_set_node_size(space, view.work_size)
        width = max(view.work_size.x, 1.0)
        left_share = min(21 * em / width, 0.32)
        _, left, rest = build.dock_builder_split_node_py(space, imgui.Dir.left, left_share)
        right_share = min(22 * em / (width * (1 - left_share)), 0.45)
        _, right, _ = build.dock_builder_split_node_py(rest, imgui.Dir.right, right_share)
        _, below_left, left = build.dock_builder_split_node_py(left, imgui.Dir.down, 0.38)
        _, below_right, right = build.dock_builder_split_node_py(right, imgui.Dir.down, 0.38)
        nodes = {
            Dock.LEFT_TOP: left,
            Dock.LEFT_BOTTOM: below_left,
            Dock.RIGHT_TOP: right,
            Dock.RIGHT_BOTTOM: below_right,
        }
        for title, dock in self.docks.items():
            build.dock_builder_dock_window(title, nodes[dock])
        build.dock_builder_finish(space)
