"""The panels: ImGui's context on the window, their layout, and when they are made anew.

ImGui makes all panels anew each time; that takes milliseconds of Python, so it is done only when
something was typed, clicked or changed. In between the triangles that lie on the GPU are drawn.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Protocol

import moderngl
from imgui_bundle import imgui, implot

import vrnn.ui.panels  # noqa: F401  (registers them)
from vrnn.commands.key_bindings import KeyMap
from vrnn.render.imgui_renderer import Area, ImGuiRenderer
from vrnn.ui import layout_store, style
from vrnn.ui.command_palette import CommandPalette
from vrnn.ui.dock_layout import DockLayout
from vrnn.ui.imgui_keys import MODIFIERS, imgui_key
from vrnn.ui.layout_store import MAX_TEXT_POINTS, MIN_TEXT_POINTS, PanelLayout
from vrnn.ui.menu_bar import draw_menus
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import PanelSet
from vrnn.ui.selection import HoverSelection, displayed_state
from vrnn.ui.widgets import has_pending_input

MAX_REBUILDS_A_FRAME = 8
"""Times more that panels are made anew in one frame while input waits: ImGui takes one key each
time, and who types is faster than a slow machine draws."""
SETTLING_REBUILDS = 3
"""Times that panels are made anew after an input: what is under the mouse is known one later."""
REFRESH_SECONDS = 0.5
"""Seconds after which what moves by itself (progress, times) is shown anew."""


class WindowSurface(Protocol):
    """The window that panels are in."""

    listener: Any

    @property
    def size(self) -> tuple[int, int]:
        """Of the picture in pixels."""

    @property
    def pixel_scale(self) -> float:
        """Pixels a point."""

    @property
    def copied_text(self) -> str:
        """In the clipboard."""

    def copy_text(self, text: str) -> None:
        """Put a text into the clipboard."""

    def show_cursor(self, shape: str) -> None:
        """Give the cursor a shape."""


class WindowGui:
    """All panels and the palette; hears what the window hears."""

    def __init__(
        self,
        ctx: moderngl.Context,
        screen: WindowSurface,
        context: PanelContext,
        key_map: KeyMap,
        text_points: float = style.DEFAULT_TEXT_POINTS,
        file: Path | None = None,
    ) -> None:
        """Create the panels of a window.

        Args:
            ctx: The window's OpenGL context.
            screen: The window.
            context: What panels work with.
            key_map: The keys, for menus and help.
            text_points: Size of text, points.
            file: Where the layout is remembered; None for nowhere.
        """
        self.context = context
        self._screen, self._key_map, self._file = screen, key_map, file
        context.help_rows = key_map.help_rows()
        self._usual_text = text_points
        self._memory = layout_store.load(file) if file is not None else PanelLayout()
        self.shown = self._memory.shown
        self._hidden = set(self._memory.hidden)
        self._text = self._memory.text_points or text_points
        self._renderer = ImGuiRenderer(ctx)
        context.make_texture = self._renderer.picture
        self._imgui_context = imgui.create_context()
        self._plots = implot.create_context()
        self._set_up()
        self._palette = CommandPalette()
        self._panels = PanelSet()
        self._layout = DockLayout(screen.size, bool(self._memory.imgui_settings))
        self._scale = 0.0
        self._settling = 0
        self._cursor = (0.0, 0.0)
        self._stamp: object = None
        self._made = 0.0
        self._follow = HoverSelection()
        screen.listener = self

    def _set_up(self) -> None:
        io = imgui.get_io()
        io.set_ini_filename("")
        io.config_flags |= imgui.ConfigFlags_.docking_enable.value
        io.backend_flags |= imgui.BackendFlags_.renderer_has_textures.value
        io.backend_flags |= imgui.BackendFlags_.renderer_has_vtx_offset.value
        io.backend_flags |= imgui.BackendFlags_.has_mouse_cursors.value
        io.config_input_text_cursor_blink = False  # a blinking line would keep all in motion
        io.config_windows_move_from_title_bar_only = True
        platform = imgui.get_platform_io()
        platform.platform_get_clipboard_text_fn = lambda _context: self._screen.copied_text
        platform.platform_set_clipboard_text_fn = lambda _context, text: self._screen.copy_text(
            text
        )
        style.load_font()
        if self._memory.imgui_settings:
            imgui.load_ini_settings_from_memory(self._memory.imgui_settings)

    # What the window hears.

    def key(self, name: str, down: bool, modifiers: frozenset[str]) -> None:
        """A key went down or up."""
        io = imgui.get_io()
        for modifier, mod in MODIFIERS.items():
            io.add_key_event(mod, modifier in modifiers)
        found = imgui_key(name)
        if found is not None:
            io.add_key_event(found, down)
        self._stir()

    def text(self, code: int) -> None:
        """A letter was typed."""
        imgui.get_io().add_input_character(code)
        self._stir()

    def button(self, number: int, down: bool) -> None:
        """A button of the mouse."""
        if number < 5:
            imgui.get_io().add_mouse_button_event(number, down)
            self._stir()

    def cursor(self, x: float, y: float) -> None:
        """The free cursor moved, pixels."""
        self._cursor = (x, y)
        imgui.get_io().add_mouse_pos_event(x, y)
        self._stir()

    def wheel(self, x: float, y: float) -> None:
        """The wheel turned."""
        imgui.get_io().add_mouse_wheel_event(x, y)
        self._stir()

    def focus(self, gained: bool) -> None:
        """The window has the keyboard, or not any more."""
        imgui.get_io().add_focus_event(gained)
        self._stir()

    def _stir(self) -> None:
        self._settling = SETTLING_REBUILDS

    # What the window asks.

    @property
    def visible(self) -> bool:
        """Whether anything of it is seen."""
        return self.shown or self._palette.is_open

    @property
    def takes_mouse(self) -> bool:
        """Whether the mouse is on a panel, or holds something of one."""
        if not self.visible:
            return False
        # ImGui knows a frame later; what lies beside the world's room is a panel in any case.
        left, top, width, height = self.world_area
        x, y = self._cursor
        beside = not (left <= x < left + width and top <= y < top + height)
        return imgui.get_io().want_capture_mouse or beside

    @property
    def takes_keys(self) -> bool:
        """Whether keys are for a panel: something is typed into one."""
        return self.visible and (imgui.get_io().want_text_input or self._palette.is_open)

    @property
    def world_area(self) -> Area:
        """What docked panels leave of the picture, for the world."""
        if not self.shown:
            return (0, 0, *self._screen.size)
        return self._layout.world_area

    # What keys do.

    def toggle(self) -> None:
        """Show the panels, or put them away."""
        self.shown = not self.shown
        self._stir()
        self._remember()

    def toggle_palette(self) -> None:
        """Show the palette, or put it away."""
        if self._palette.is_open:
            self._palette.close()
        else:
            self._palette.open(self.context)
        self._stir()

    def resize_text(self, steps: int) -> None:
        """Make text larger or smaller by so many points; 0: as it is set."""
        size = self._text + steps if steps else self._usual_text
        self._text = min(MAX_TEXT_POINTS, max(MIN_TEXT_POINTS, size))
        self._scale = 0.0
        self._stir()
        self._remember()

    # The loop.

    def step(self) -> bool:
        """Make the panels anew if something calls for it. True when they were."""
        self._follow.step(self.context)
        if not self.visible:
            self._settling = 0
            if imgui.get_io().want_capture_mouse:
                self._screen.show_cursor("")
            return False
        now = time.perf_counter()
        stamp = self._changes()
        if stamp != self._stamp:
            self._stir()
        late = now - self._made > REFRESH_SECONDS and (
            bool(self.context.workspace.jobs.statuses) or self.context.workspace.feed.progress
        )
        if not self._settling and not late:
            return False
        self._settling = max(0, self._settling - 1)
        imgui.get_io().delta_time = min(max(now - self._made, 1e-4), 0.5)
        self._made = now
        self._make()
        for _ in range(MAX_REBUILDS_A_FRAME):
            if not has_pending_input():
                break
            imgui.get_io().delta_time = 1e-3
            self._make()
        if has_pending_input():
            self._stir()
        self._stamp = self._changes()
        return True

    def _changes(self) -> object:
        """What panels show that changes without any input to them."""
        return self._screen.size, displayed_state(self.context)

    def select_hovered(self) -> None:
        """What is pointed at becomes the subject at once."""
        self._follow.select_now(self.context)

    def _make(self) -> None:
        io = imgui.get_io()
        io.display_size = imgui.ImVec2(*self._screen.size)
        if self._scale != self._screen.pixel_scale:
            self._scale = self._screen.pixel_scale
            style.apply(self._text, self._scale)
        imgui.new_frame()
        if self.shown:
            self._menu()
            em = self._text * self._screen.pixel_scale
            self._layout.update(self._screen.size, em)
            self._draw_panels()
        self._palette.draw(self.context)
        imgui.render()
        self._renderer.upload_draw_data(imgui.get_draw_data())
        shape = _SHAPES.get(imgui.get_mouse_cursor(), "") if io.want_capture_mouse else ""
        self._screen.show_cursor(shape)
        if io.want_save_ini_settings:
            self._remember()
            io.want_save_ini_settings = False

    def _menu(self) -> None:
        if not imgui.begin_main_menu_bar():
            return
        if imgui.begin_menu("Panels"):
            for title in self._layout.docks:
                if imgui.menu_item(title, "", title not in self._hidden)[0]:
                    self._hidden ^= {title}
            imgui.separator()
            if imgui.menu_item("Reset layout", "", False)[0]:
                self._layout.reset()
                self._hidden.clear()
            imgui.end_menu()
        draw_menus(self.context, self._key_map)
        imgui.end_main_menu_bar()

    def _draw_panels(self) -> None:
        for title in self._layout.docks:
            if title in self._hidden:
                continue
            visible, kept = imgui.begin(title, True)
            if visible:
                self._panels.draw(title, self.context)
            imgui.end()
            if not kept:
                self._hidden.add(title)
                self._remember()

    # Drawing and the end.

    def draw_world(self, screen: moderngl.Framebuffer, picture: moderngl.Texture) -> None:
        """Put the world's picture into the room that is left."""
        self._renderer.show_part(screen, picture, self.world_area, self._screen.size)

    def draw(self, screen: moderngl.Framebuffer) -> None:
        """Draw the panels over what the window shows."""
        if self.visible:
            self._renderer.draw(screen, self._screen.size)

    def _remember(self) -> None:
        if self._file is None:
            return
        text = self._text if self._text != self._usual_text else None
        # Before the first layout, ImGui knows no places; those of the last visit are kept.
        places = imgui.save_ini_settings_to_memory() if self._made else self._memory.imgui_settings
        layout_store.save(
            self._file, PanelLayout(self.shown, text, frozenset(self._hidden), places)
        )

    def release(self) -> None:
        """Remember the layout and give everything back."""
        self._remember()
        self._screen.listener = None
        implot.destroy_context(self._plots)
        imgui.destroy_context(self._imgui_context)
        self._renderer.release()


_SHAPES = {
    imgui.MouseCursor_.text_input.value: "text",
    imgui.MouseCursor_.resize_ew.value: "across",
    imgui.MouseCursor_.resize_ns.value: "down",
    imgui.MouseCursor_.hand.value: "hand",
}
