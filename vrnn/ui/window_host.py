"""The panels of the window: their ImGui context, their layout, and when they are rebuilt.

ImGui builds all panels from scratch each time, which takes milliseconds of Python. So they are
rebuilt only when something was typed, clicked or changed; in between, the triangles on the GPU are
drawn again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import moderngl
from imgui_bundle import imgui, implot

import vrnn.ui.panels  # noqa: F401  (registers them)
from vrnn.commands.context import Choice
from vrnn.commands.key_bindings import KeyMap
from vrnn.render.imgui_renderer import ImGuiRenderer, WindowArea
from vrnn.style.theme_names import Theme
from vrnn.ui import layout_store, style
from vrnn.ui.command_palette import CommandPalette
from vrnn.ui.dock_layout import DockLayout
from vrnn.ui.fault_message import balanced, tell_fault
from vrnn.ui.imgui_input import Clipboard, ImGuiInput, configure_context, cursor_shape
from vrnn.ui.layout_store import MAX_TEXT_POINTS, MIN_TEXT_POINTS, PanelLayout
from vrnn.ui.menu_bar import draw_menus
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import PanelSet
from vrnn.ui.selection import HoverSelection, displayed_state
from vrnn.ui.timeline import draw_timeline, timeline_height
from vrnn.ui.widgets import has_pending_input

TRAINING = "Training"
"""Title of the panel that comes to the front when a training is opened."""
MAX_EXTRA_REBUILDS = 8
"""Additional rebuilds in one frame while input is pending: ImGui takes one key each time, and a
person types faster than a slow machine draws."""
SETTLING_REBUILDS = 3
"""Rebuilds after an input: what is under the mouse is known one rebuild later."""
PRESENTATION_SCALE = 1.3
"""Times the size of text, for an audience."""
MENU_BAR_EMS = 28.0
"""Width of the menu bar, as a multiple of the text size: larger text would cut it."""
REFRESH_SECONDS = 0.5
"""Seconds after which values that change by themselves (progress, times) are shown again."""


class WindowSurface(Clipboard, Protocol):
    """The window that the panels are in."""

    listener: Any

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the framebuffer, pixels."""

    @property
    def pixel_scale(self) -> float:
        """Pixels per point."""

    def show_cursor(self, shape: str) -> None:
        """Give the cursor a shape; '' for the arrow."""


class WindowGui:
    """All panels of the window and the command palette.

    Attributes:
        context: What the panels work with.
        shown: Whether the panels are shown.
    """

    def __init__(
        self,
        ctx: moderngl.Context,
        screen: WindowSurface,
        context: PanelContext,
        key_map: KeyMap,
        text_points: float = style.DEFAULT_TEXT_POINTS,
        file: Path | None = None,
    ) -> None:
        """Create the panels of a window, as they were in the last run.

        Args:
            ctx: The window's OpenGL context.
            screen: The window.
            context: What panels work with.
            key_map: The keys, for menus and help.
            text_points: Size of text, points.
            file: Where the layout is saved; None for nowhere.
        """
        self.context = context
        self._screen, self._key_map, self._file = screen, key_map, file
        context.help_rows, context.key_map = key_map.help_rows(), key_map
        self._default_text_points = text_points
        self._saved_layout = layout_store.load(file) if file is not None else PanelLayout()
        self.shown = self._saved_layout.shown
        self._hidden = set(self._saved_layout.hidden)
        self._text_points = self._saved_layout.text_points or text_points
        self._renderer = ImGuiRenderer(ctx)
        context.make_texture = self._renderer.textures.image_ref
        self._imgui_context = imgui.create_context()
        self._implot_context = implot.create_context()
        configure_context(screen, self._saved_layout.imgui_settings)
        style.load_font()
        self._palette = CommandPalette()
        self._panels = PanelSet()
        self._layout = DockLayout(screen.size, bool(self._saved_layout.imgui_settings))
        self._presenting, self._training_rebuilds = False, 0
        self._styled: tuple[float, float, Theme] | None = None
        self._rebuilds_due = 0
        self._built_state: object = None
        self._last_rebuild = 0.0
        self._selection = HoverSelection()
        self._input = ImGuiInput(self._request_rebuild)
        screen.listener = self._input

    def _request_rebuild(self) -> None:
        self._rebuilds_due = SETTLING_REBUILDS

    # What the window asks.

    @property
    def visible(self) -> bool:
        """Whether panels or the palette are shown."""
        return self.shown or self._palette.is_open

    @property
    def takes_mouse(self) -> bool:
        """Whether the mouse is on a panel, or drags something in one."""
        if not self.visible:
            return False
        # ImGui knows a frame later; everything outside the world's area is a panel in any case.
        left, top, width, height = self.world_area
        x, y = self._input.cursor_position
        outside = not (left <= x < left + width and top <= y < top + height)
        return imgui.get_io().want_capture_mouse or outside

    @property
    def takes_keys(self) -> bool:
        """Whether keys are for a panel: a text field has the focus."""
        return self.visible and (imgui.get_io().want_text_input or self._palette.is_open)

    @property
    def world_area(self) -> WindowArea:
        """What docked panels leave for the world: left, top, width, height in pixels."""
        if not self.shown:
            return (0, 0, *self._screen.size)
        left, top, width, height = self._layout.world_area
        return left, top, width, height - timeline_height(self.context, self._layout.world_area)

    # What commands do.

    def toggle(self) -> None:
        """Show or hide the panels."""
        self._become_visible()
        self.shown = not self.shown
        self._request_rebuild()
        self._save_layout()

    def show_panel(self, title: str) -> None:
        """Show a panel in front of others in its dock."""
        if title in self._hidden | self._layout.crowded:
            self._toggle_panel(title)
        else:
            self._layout.to_front = [title]
        self._request_rebuild()

    def toggle_palette(self) -> None:
        """Open or close the command palette."""
        if self._palette.is_open:
            self._palette.close()
        else:
            self._become_visible()
            self._palette.open(self.context)
        self._request_rebuild()

    def offer(self, choices: Sequence[Choice], question: str = "") -> None:
        """List several things to choose from, in the palette."""
        self._become_visible()
        self._palette.offer(choices, question)
        self._request_rebuild()

    @property
    def _shown_points(self) -> float:
        """Size of text, points: larger for an audience, smaller where menus would be cut."""
        points = self._text_points * self.presentation_scale
        return max(MIN_TEXT_POINTS, min(points, self._max_points))

    @property
    def _max_points(self) -> float:
        """The largest size of text at which the window shows all menus, whole points."""
        points = self._screen.size[0] / self._screen.pixel_scale / MENU_BAR_EMS
        return float(max(MIN_TEXT_POINTS, points // 1))

    @property
    def presentation_scale(self) -> float:
        """How many times as large as usual text is."""
        return PRESENTATION_SCALE if self._presenting else 1.0

    def present(self, on: bool) -> None:
        """Show text large enough for an audience, or as it was."""
        self._presenting, self._styled = on, None
        self._request_rebuild()

    def resize_text(self, steps: int) -> None:
        """Make text larger or smaller.

        Args:
            steps: By how many points; 0 restores the size in the settings.
        """
        shown = min(self._text_points, self._max_points)  # a step is seen at once
        size = shown + steps if steps else self._default_text_points
        self._text_points = min(MAX_TEXT_POINTS, max(MIN_TEXT_POINTS, size))
        self._styled = None
        self._request_rebuild()
        self._save_layout()

    def select_hovered(self) -> None:
        """Make the hovered layer the subject of the panels at once."""
        self._selection.select_now(self.context)

    def _become_visible(self) -> None:
        """Forget what was heard while there was nothing to click or type in."""
        if not self.visible:
            self._input.forget()

    # Rebuilding.

    def step(self) -> bool:
        """Rebuild the panels if needed; True when they were rebuilt."""
        self._selection.step(self.context)
        if not self.visible or not imgui.is_any_item_active():
            self.context.end_preview()
        if not self.visible:
            if self._input.keeps:
                self._input.forget()
            self._rebuilds_due = 0
            if imgui.get_io().want_capture_mouse:
                self._screen.show_cursor("")
            return False
        now = time.perf_counter()
        if self._displayed_state() != self._built_state:
            self._request_rebuild()
        outdated = now - self._last_rebuild > REFRESH_SECONDS and (
            bool(self.context.workspace.jobs.statuses) or self.context.workspace.feed.progress
        )
        if not self._rebuilds_due and not outdated:
            return False
        self._rebuilds_due = max(0, self._rebuilds_due - 1)
        imgui.get_io().delta_time = min(max(now - self._last_rebuild, 1e-4), 0.5)
        self._last_rebuild = now
        self._rebuild()
        for _ in range(MAX_EXTRA_REBUILDS):
            if not (has_pending_input() or self._input.keeps):
                break
            imgui.get_io().delta_time = 1e-3
            self._rebuild()
        if has_pending_input() or self._input.keeps:
            self._request_rebuild()
        self._built_state = self._displayed_state()
        return True

    def _displayed_state(self) -> object:
        return self._screen.size, displayed_state(self.context)

    def _rebuild(self) -> None:
        io = imgui.get_io()
        io.display_size = imgui.ImVec2(*self._screen.size)
        styled = self._screen.pixel_scale, self.context.world.state.theme
        if self._styled != (self._shown_points, *styled):
            self._styled = (self._shown_points, *styled)
            style.apply(*self._styled)
        imgui.new_frame()
        try:
            with balanced():
                self._draw_all()
        except Exception as error:
            self._palette.close()
            tell_fault(self.context, "the panels", error)
        imgui.render()
        self._input.end_frame()
        self._renderer.upload_draw_data(imgui.get_draw_data())
        self._screen.show_cursor(cursor_shape())
        if io.want_save_ini_settings:
            self._save_layout()
            io.want_save_ini_settings = False

    def _draw_all(self) -> None:
        if self.shown:
            self._draw_menu_bar()
            em = self._shown_points * self._screen.pixel_scale
            self._layout.update(self._screen.size, em)
            self._bring_training_forward(em)
            self._draw_panels()
            draw_timeline(self.context, self._layout.world_area)
        self._palette.draw(self.context)

    def _bring_training_forward(self, em: float) -> None:
        """Show the panel of a training that has been opened, once the docks stand."""
        is_open = self.context.workspace.training.folder is not None
        if not is_open or self._training_rebuilds > SETTLING_REBUILDS:
            return
        self._training_rebuilds += 1
        self._request_rebuild()
        if self._training_rebuilds > SETTLING_REBUILDS:
            self._hidden.discard(TRAINING)
            self._layout.bring_forward(TRAINING, em)

    def _draw_menu_bar(self) -> None:
        if not imgui.begin_main_menu_bar():
            return
        if imgui.begin_menu("Panels"):
            for title in self._layout.docks:
                is_shown = title not in self._hidden | self._layout.crowded
                if imgui.menu_item(title, "", is_shown)[0]:
                    self._toggle_panel(title)
            imgui.separator()
            if imgui.menu_item("Reset layout", "", False)[0]:
                self._layout.reset()
                self._hidden.clear()
            imgui.end_menu()
        draw_menus(self.context, self._key_map)
        imgui.end_main_menu_bar()

    def _toggle_panel(self, title: str) -> None:
        """Show a panel, also in place of one that has no room beside it, or hide it."""
        if title in self._layout.crowded:
            self._hidden.discard(title)
            self._layout.bring_forward(title, self._shown_points * self._screen.pixel_scale)
        else:
            self._hidden ^= {title}
            self._layout.to_front = [] if title in self._hidden else [title]

    def _draw_panels(self) -> None:
        front, self._layout.to_front = self._layout.to_front, []
        for title in self._layout.docks:
            if title in self._hidden or title in self._layout.crowded:
                continue
            visible, open_ = imgui.begin(title, True)
            if visible:
                self._panels.draw(title, self.context)
            imgui.end()
            if not open_:
                self._hidden.add(title)
                self._save_layout()
        for title in front:
            imgui.set_window_focus(title)
        if front:
            self._request_rebuild()

    # Drawing and the end.

    def draw_world(self, screen: moderngl.Framebuffer, picture: moderngl.Texture) -> None:
        """Draw an image of the world into the area that panels leave.

        Args:
            screen: The window's framebuffer.
            picture: The image, of the size of `world_area`.
        """
        self._renderer.copy_to_window(screen, picture, self.world_area, self._screen.size)

    def draw(self, screen: moderngl.Framebuffer) -> None:
        """Draw the panels over what a framebuffer, the window's, shows."""
        if self.visible:
            self._renderer.draw(screen, self._screen.size)

    def _save_layout(self) -> None:
        if self._file is None:
            return
        changed = self._text_points != self._default_text_points
        # Before the first rebuild ImGui has no layout; that of the last run is kept.
        rebuilt = bool(self._last_rebuild)
        layout = PanelLayout(
            self.shown,
            self._text_points if changed else None,
            frozenset(self._hidden),
            imgui.save_ini_settings_to_memory() if rebuilt else self._saved_layout.imgui_settings,
        )
        layout_store.save(self._file, layout)

    def release(self) -> None:
        """Save the layout and release all resources."""
        self._save_layout()
        self._screen.listener = None
        implot.destroy_context(self._implot_context)
        imgui.destroy_context(self._imgui_context)
        self._renderer.release()
