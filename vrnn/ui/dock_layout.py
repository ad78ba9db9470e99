"""Docking of the panels in the window, and the area that remains for the world."""

from __future__ import annotations

from typing import Any

from imgui_bundle import imgui

from vrnn.render.imgui_renderer import WindowArea
from vrnn.ui.panel_registry import Dock, registered_panels

DOCK_SPACE = "places"
"""Name of the dock space; saved layouts contain it."""
MIN_WORLD_SHARE = 0.5
"""Part of the window's width that the world keeps in the default layout."""
SIDE_WIDTH = 19.0
"""Width of a side, in heights of the text, below which all panels stand at one side."""
LEFT_WIDTH, RIGHT_WIDTH = 21.0, 22.0
"""Widths of the sides where there is room, in heights of the text."""
MIN_STACK_HEIGHT = 15.0
"""Height of a dock, in heights of the text, below which two are not put below each other."""
IMPORTANCE = (
    "Layer", "Model", "Predictions", "Relevance", "Display", "Features", "Images", "Similarity",
    "Cloud", "Shortcuts", "Jobs", "Training",
)  # fmt: skip
"""Panels in the order in which they get room for their tabs."""
MIN_WORLD_PIXELS = 16
"""Width and height in pixels that the world keeps, however large the panels are."""


class DockLayout:
    """Docks panels at the sides of the window.

    Attributes:
        docks: The default dock of each panel, by title, in the order in which they are drawn.
        world_area: What docked panels leave for the world: left, top, width, height in pixels.
        crowded: Panels that are left out, as their tabs find no room.
        to_front: Panels that are to be in front of others in their docks, once.
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
        self.crowded: set[str] = set()
        self.to_front: list[str] = []
        known = [title for title in IMPORTANCE if title in self.docks]
        self._order = [*known, *(title for title in self.docks if title not in known)]
        self._nodes: dict[str, int] = {}
        self._widths: dict[int, float] = {}
        self._measured_for: tuple[tuple[int, int], tuple[float, bool]] | None = None

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
        if not self._nodes:
            self._adopt(em)
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
        # A window made smaller, or larger text, must leave the world enough and the panels room;
        # else what was dragged by hand stays.
        shape = (em, (1 - MIN_WORLD_SHARE) * size[0] < 2 * SIDE_WIDTH * em)
        if self._measured_for != (size, shape):
            has_changed = self._measured_for is not None and self._measured_for[1] != shape
            self._measured_for = (size, shape)
            is_narrow = self.world_area[2] < (MIN_WORLD_SHARE - 0.02) * size[0]
            self._reset = is_narrow or has_changed

    def _build(self, space: int, view: Any, em: float) -> None:
        build = imgui.internal
        build.dock_builder_remove_node(space)
        build.dock_builder_add_node(space, build.DockNodeFlagsPrivate_.dock_space.value)
        width, height = max(view.work_size.x, 1.0), max(view.work_size.y, 1.0)
        build.dock_builder_set_node_size(space, (width, height))
        room = (1 - MIN_WORLD_SHARE) * width
        stacks = height >= 2 * MIN_STACK_HEIGHT * em
        if room < 2 * SIDE_WIDTH * em:
            share = min(RIGHT_WIDTH * em, room) / width
            _, right, _ = build.dock_builder_split_node_py(space, imgui.Dir.right, share)
            left = right
        else:
            left_width = min(LEFT_WIDTH * em, room / 2)
            _, left, rest = build.dock_builder_split_node_py(
                space, imgui.Dir.left, left_width / width
            )
            right_share = min(RIGHT_WIDTH * em, room / 2) / (width - left_width)
            _, right, _ = build.dock_builder_split_node_py(rest, imgui.Dir.right, right_share)
        below_left, below_right = left, right
        if stacks:
            _, below_right, right = build.dock_builder_split_node_py(right, imgui.Dir.down, 0.42)
            if below_left is left and left != right and room >= 2 * SIDE_WIDTH * em:
                _, below_left, left = build.dock_builder_split_node_py(left, imgui.Dir.down, 0.38)
            else:
                left, below_left = right, below_right
        nodes = {
            Dock.LEFT_TOP: left,
            Dock.LEFT_BOTTOM: below_left,
            Dock.RIGHT_TOP: right,
            Dock.RIGHT_BOTTOM: below_right,
        }
        self._nodes = {title: nodes[dock] for title, dock in self.docks.items()}
        for title, node in self._nodes.items():
            build.dock_builder_dock_window(title, node)
        build.dock_builder_finish(space)
        self._widths = {
            node: build.dock_builder_get_node(node).size.x for node in set(nodes.values())
        }
        self._make_room(em)

    def _adopt(self, em: float) -> None:
        """Take over the docks of a remembered layout, as soon as Dear ImGui has them.

        The panels that were in front find room first, and stay in front.
        """
        windows = {title: imgui.internal.find_window_by_name(title) for title in self.docks}
        docked = {
            title: window
            for title, window in windows.items()
            if window is not None and window.dock_node is not None
        }
        in_front = {
            title for title, one in docked.items() if one.tab_id == one.dock_node.selected_tab_id
        }
        self._order.sort(key=lambda title: title not in in_front)
        self._nodes = {title: window.dock_node.id_ for title, window in docked.items()}
        self._widths = {one.dock_node.id_: one.dock_node.size.x for one in docked.values()}
        self._make_room(em)
        self.to_front = []

    def bring_forward(self, title: str, em: float) -> None:
        """Show a panel that found no room for its tab, in place of another one."""
        self._order.remove(title)
        self._order.insert(0, title)
        self._make_room(em)
        self.to_front = [title]

    def _make_room(self, em: float) -> None:
        """Leave out panels whose tabs would be cut, the least important ones of each dock."""
        style = imgui.get_style()
        beside = 2 * (style.frame_padding.x + style.item_inner_spacing.x) + em
        at_end = em + 2 * style.frame_padding.x - style.item_inner_spacing.x  # closes all tabs
        room = {node: width - at_end for node, width in self._widths.items()}
        free = dict(room)
        self.crowded, self.to_front = set(), []
        for title in self._order:
            node = self._nodes.get(title)
            if node is None:
                continue
            width = imgui.calc_text_size(title).x + beside
            is_first = free[node] == room[node]
            if width > free[node] and not is_first:
                self.crowded.add(title)
            elif is_first:
                self.to_front.append(title)
            free[node] -= width
