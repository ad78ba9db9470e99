"""Input of the panels in the window: events of the window become events of Dear ImGui."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from imgui_bundle import imgui

from vrnn.ui.imgui_keys import MODIFIERS, imgui_key

NUM_MOUSE_BUTTONS = 5
"""Mouse buttons that Dear ImGui knows."""
CURSOR_SHAPES = {
    imgui.MouseCursor_.text_input.value: "text",
    imgui.MouseCursor_.resize_ew.value: "across",
    imgui.MouseCursor_.resize_ns.value: "down",
    imgui.MouseCursor_.hand.value: "hand",
}
"""The window's cursor shapes by Dear ImGui's."""


class Clipboard(Protocol):
    """The system's clipboard."""

    @property
    def copied_text(self) -> str:
        """The text in the clipboard."""

    def copy_text(self, text: str) -> None:
        """Put a text into the clipboard."""


def configure_context(clipboard: Clipboard, imgui_settings: str) -> None:
    """Set up the current ImGui context for a window.

    Args:
        clipboard: Used by text fields.
        imgui_settings: ImGui's settings of an earlier run; '' for none.
    """
    io = imgui.get_io()
    io.set_ini_filename("")
    io.config_flags |= imgui.ConfigFlags_.docking_enable.value
    io.backend_flags |= imgui.BackendFlags_.renderer_has_textures.value
    io.backend_flags |= imgui.BackendFlags_.renderer_has_vtx_offset.value
    io.backend_flags |= imgui.BackendFlags_.has_mouse_cursors.value
    io.config_input_text_cursor_blink = False  # a blinking cursor would redraw all the time
    io.config_windows_move_from_title_bar_only = True
    platform = imgui.get_platform_io()
    platform.platform_get_clipboard_text_fn = lambda _context: clipboard.copied_text
    platform.platform_set_clipboard_text_fn = lambda _context, text: clipboard.copy_text(text)
    if imgui_settings:
        imgui.load_ini_settings_from_memory(imgui_settings)


def cursor_shape() -> str:
    """Return the cursor shape that ImGui wants; '' for the arrow, or while it has no mouse."""
    if not imgui.get_io().want_capture_mouse:
        return ""
    return CURSOR_SHAPES.get(imgui.get_mouse_cursor(), "")


@dataclass(frozen=True)
class _Event:
    """Something that was heard.

    Attributes:
        send: Passes it on.
        is_move: Whether the mouse has moved.
        is_button: Whether a button went down or up.
    """

    send: Callable[[], None]
    is_move: bool = False
    is_button: bool = False


class ImGuiInput:
    """Passes everything that the window hears on to the current ImGui context.

    A button that goes down right behind a move is kept back for one frame: tabs and others do not
    hear a click in the frame in which the mouse comes to them, as by a tap or on a slow machine.

    Attributes:
        cursor_position: Where the free cursor was last, pixels from the upper left corner.
    """

    def __init__(self, on_input: Callable[[], None]) -> None:
        """Create a listener for the window.

        Args:
            on_input: Called after each event.
        """
        self.cursor_position = (0.0, 0.0)
        self._on_input = on_input
        self._has_moved = False
        self._kept: list[_Event] = []

    @property
    def keeps(self) -> bool:
        """Whether something is kept back for the next frame."""
        return bool(self._kept)

    def end_frame(self) -> None:
        """Pass on what was kept back, as a frame has seen where the mouse is."""
        self._has_moved = False
        kept, self._kept = self._kept, []
        for event in kept:
            self._pass(event)

    def _pass(self, event: _Event) -> None:
        if self._kept or (event.is_button and self._has_moved):
            self._kept.append(event)
        else:
            event.send()
            self._has_moved |= event.is_move
        self._on_input()

    def key(self, name: str, down: bool, modifiers: frozenset[str]) -> None:
        """Pass on a key that went down or up.

        Args:
            name: GLFW's name without `KEY_`.
            down: Whether it went down; also true for each repetition while it is held.
            modifiers: GLFW's names without `MOD_`.
        """

        def send() -> None:
            io = imgui.get_io()
            for modifier, imgui_modifier in MODIFIERS.items():
                io.add_key_event(imgui_modifier, modifier in modifiers)
            key = imgui_key(name)
            if key is not None:
                io.add_key_event(key, down)

        self._pass(_Event(send))

    def text(self, code: int) -> None:
        """Pass on a typed character, by its Unicode code point."""
        self._pass(_Event(lambda: imgui.get_io().add_input_character(code)))

    def button(self, number: int, down: bool) -> None:
        """Pass on a mouse button: 0 left, 1 right, 2 middle."""
        if number < NUM_MOUSE_BUTTONS:
            self._pass(
                _Event(lambda: imgui.get_io().add_mouse_button_event(number, down), is_button=True)
            )

    def cursor(self, x: float, y: float) -> None:
        """Pass on a move of the free cursor, in pixels from the upper left corner."""
        self.cursor_position = (x, y)
        self._pass(_Event(lambda: imgui.get_io().add_mouse_pos_event(x, y), is_move=True))

    def wheel(self, x: float, y: float) -> None:
        """Pass on a turn of the wheel, in steps."""
        self._pass(_Event(lambda: imgui.get_io().add_mouse_wheel_event(x, y)))

    def forget(self) -> None:
        """Drop what was heard and not used: clicks and keys that were for the world alone.

        While nothing is built ImGui keeps them all, and a palette that opens would close by them.
        """
        self._kept.clear()
        io = imgui.get_io()
        io.clear_events_queue()
        io.clear_input_keys()
        io.clear_input_mouse()
        io.add_mouse_pos_event(*self.cursor_position)
        self._on_input()

    def focus(self, gained: bool) -> None:
        """Pass on that the window gained or lost the keyboard."""
        self._pass(_Event(lambda: imgui.get_io().add_focus_event(gained)))
