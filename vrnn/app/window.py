"""The GLFW window: creation, input events, cursor, clipboard. It knows nothing of networks."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import glfw

from vrnn.app.monitor_scale import choose_scale
from vrnn.controls.events import (
    Drop,
    InputEvent,
    KeyPress,
    Listener,
    MouseButton,
    MouseDrag,
    Redraw,
    Scroll,
)
from vrnn.errors import VrnnError
from vrnn.render.context import REQUIRED_VERSION
from vrnn.render.driver_probe import check_driver
from vrnn.render.library_order import load_triton_first

_KEY_NAMES = {
    value: name.removeprefix("KEY_")
    for name, value in vars(glfw).items()
    if name.startswith("KEY_") and isinstance(value, int)
}
_BUTTONS = {
    glfw.MOUSE_BUTTON_LEFT: "left",
    glfw.MOUSE_BUTTON_MIDDLE: "middle",
    glfw.MOUSE_BUTTON_RIGHT: "right",
}
_MODIFIERS = {
    "SHIFT": glfw.MOD_SHIFT,
    "CONTROL": glfw.MOD_CONTROL,
    "ALT": glfw.MOD_ALT,
    "SUPER": glfw.MOD_SUPER,
}


_CURSOR_SHAPES = {
    "text": glfw.IBEAM_CURSOR,
    "across": glfw.HRESIZE_CURSOR,
    "down": glfw.VRESIZE_CURSOR,
    "hand": glfw.HAND_CURSOR,
}


class Window:
    """An open window whose OpenGL context is current on this thread.

    Attributes:
        listener: Receives all input, for panels; None for nobody.
    """

    listener: Listener | None = None

    def __init__(
        self, title: str, size: tuple[int, int], fullscreen: bool, vsync: bool,
        text_scale: float = 0.0,
    ) -> None:  # fmt: skip
        """Open a window.

        Args:
            title: Text of its title bar.
            size: (width, height) in screen coordinates.
            fullscreen: Whether it fills the primary monitor.
            vsync: Whether frames wait for the monitor.
            text_scale: Pixels per point; 0 for what suits the monitor.

        Raises:
            VrnnError: When there is no display, or no OpenGL 4.1.
        """
        check_driver()
        load_triton_first()
        self.interrupted = False
        self._events: list[InputEvent] = []
        self._captured = False
        self._buttons_down: set[str] = set()
        self._last_position = (0.0, 0.0)
        self._position: tuple[float, float] | None = None
        self._errors: list[str] = []
        self._finish: Callable[[], None] | None = None
        self._cursor_shape, self._cursors = "", dict[str, Any]()
        glfw.set_error_callback(lambda _code, text: self._errors.append(_text(text)))
        if not glfw.init():
            raise VrnnError(
                f"no window can be opened here ({self._error_text()}); "
                "write a picture with --screenshot out.png instead"
            )
        self._handle = self._create_window(title, size, fullscreen)
        self._text_scale = text_scale
        self._monitor_scale: float | None = None
        glfw.make_context_current(self._handle)
        self._vsync, self._vsync_active = vsync, False
        glfw.swap_interval(0)
        self.set_vsync(True)
        self._set_callbacks()

    def _create_window(self, title: str, size: tuple[int, int], fullscreen: bool) -> Any:
        glfw.window_hint(glfw.CONTEXT_VERSION_MAJOR, REQUIRED_VERSION // 100)
        glfw.window_hint(glfw.CONTEXT_VERSION_MINOR, REQUIRED_VERSION // 10 % 10)
        glfw.window_hint(glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE)
        glfw.window_hint(glfw.OPENGL_FORWARD_COMPAT, True)
        # So that the driver tells when it has reset, where it can.
        glfw.window_hint(glfw.CONTEXT_ROBUSTNESS, glfw.LOSE_CONTEXT_ON_RESET)
        glfw.window_hint(glfw.SCALE_TO_MONITOR, True)
        glfw.window_hint(glfw.DEPTH_BITS, 0)  # drawing has a buffer of its own
        monitor = glfw.get_primary_monitor() if fullscreen else None
        if monitor:
            mode = glfw.get_video_mode(monitor)
            size = (mode.size.width, mode.size.height)
        handle = glfw.create_window(*size, title, monitor, None)
        if not handle:
            glfw.window_hint(glfw.CONTEXT_ROBUSTNESS, glfw.NO_ROBUSTNESS)
            handle = glfw.create_window(*size, title, monitor, None)
        if not handle:
            reason = self._error_text()
            glfw.terminate()
            raise VrnnError(
                f"no window with OpenGL 4.1 can be opened ({reason}); update the graphics driver, "
                "or write a picture with --screenshot out.png"
            )
        return handle

    def _error_text(self) -> str:
        return self._errors[-1] if self._errors else "GLFW gives no reason"

    def _set_callbacks(self) -> None:
        glfw.set_key_callback(self._handle, self._on_key)
        glfw.set_mouse_button_callback(self._handle, self._on_button)
        glfw.set_cursor_pos_callback(self._handle, self._on_cursor)
        self._last_position = glfw.get_cursor_pos(self._handle)
        glfw.set_drop_callback(self._handle, self._on_drop)  # type: ignore[arg-type]
        glfw.set_scroll_callback(self._handle, self._on_scroll)
        glfw.set_char_callback(self._handle, self._on_text)

        def redraw(*_: Any) -> None:
            self._events.append(Redraw())

        def forget_scale(*_: Any) -> None:
            self._monitor_scale = None

        def resized(*_: Any) -> None:
            forget_scale()
            redraw()

        glfw.set_window_pos_callback(self._handle, forget_scale)
        glfw.set_window_content_scale_callback(self._handle, resized)
        glfw.set_framebuffer_size_callback(self._handle, resized)
        glfw.set_window_refresh_callback(self._handle, redraw)
        glfw.set_window_focus_callback(self._handle, self._on_focus)

    def _on_key(self, _window: Any, key: int, _scan: int, action: int, mods: int) -> None:
        if key not in _KEY_NAMES:
            return
        modifiers = frozenset(name for name, bit in _MODIFIERS.items() if mods & bit)
        if self.listener is not None:
            self.listener.key(_KEY_NAMES[key], action != glfw.RELEASE, modifiers)
        if action == glfw.PRESS:
            self._events.append(KeyPress(_KEY_NAMES[key], modifiers))

    def _on_text(self, _window: Any, code: int) -> None:
        if self.listener is not None:
            self.listener.text(code)

    def _on_scroll(self, _window: Any, x: float, y: float) -> None:
        if self.listener is not None:
            self.listener.wheel(x, y)
        self._events.append(Scroll(y, x))

    def _on_button(self, _window: Any, button: int, action: int, _mods: int) -> None:
        if self.listener is not None and not self._captured:
            self.listener.button(button, action == glfw.PRESS)
        if button in _BUTTONS:
            name, down = _BUTTONS[button], action == glfw.PRESS
            self._events.append(MouseButton(name, down, self._last_position))
            (self._buttons_down.add if down else self._buttons_down.discard)(name)

    def _on_cursor(self, _window: Any, x: float, y: float) -> None:
        if self._captured or self._buttons_down:
            self._events.append(MouseDrag(x - self._last_position[0], y - self._last_position[1]))
        if self.listener is not None and not self._captured:
            self.listener.cursor(x * self.pixels_per_point, y * self.pixels_per_point)
        self._last_position = (x, y)

    def _on_drop(self, _window: Any, paths: Any) -> None:
        self._events.append(Drop(tuple(paths)))

    def _on_focus(self, _window: Any, focused: int) -> None:
        if self.listener is not None:
            self.listener.focus(bool(focused))
        if not focused:
            self.capture(False)

    def poll_events(self, wait: float) -> list[InputEvent]:
        """Return the events since the last call.

        Args:
            wait: How long to wait for an event at most, seconds; 0 for not at all.
        """
        if self.interrupted:
            raise KeyboardInterrupt
        if wait > 0:
            glfw.wait_events_timeout(wait)
        else:
            glfw.poll_events()
        events, self._events = self._events, []
        return events

    @contextmanager
    def pointing_at(self, position: tuple[float, float] | None) -> Iterator[None]:
        """Let `mouse` and `cursor` tell where the mouse was at an event; None for where it is.

        In a slow frame it has moved on since, and a small thing would be missed.
        """
        self._position = position
        try:
            yield
        finally:
            self._position = None

    @property
    def mouse(self) -> tuple[float, float]:
        """Mouse position in screen coordinates from the upper left; arbitrary if captured."""
        x, y = self._position or glfw.get_cursor_pos(self._handle)
        return x, y

    def is_key_down(self, name: str) -> bool:
        """Return whether a key is down, by GLFW's name without `KEY_`."""
        code = getattr(glfw, f"KEY_{name}")
        return bool(glfw.get_key(self._handle, code) == glfw.PRESS)

    @property
    def captured(self) -> bool:
        """Whether the mouse is captured: it turns the eye, and the cursor is hidden."""
        return self._captured

    def capture(self, on: bool) -> None:
        """Capture the mouse, or release it."""
        mode = glfw.CURSOR_DISABLED if on else glfw.CURSOR_NORMAL
        glfw.set_input_mode(self._handle, glfw.CURSOR, mode)
        if on and glfw.raw_mouse_motion_supported():
            glfw.set_input_mode(self._handle, glfw.RAW_MOUSE_MOTION, True)
        self._captured = on
        self._last_position = glfw.get_cursor_pos(self._handle)

    @property
    def cursor(self) -> tuple[float, float]:
        """Position of the cursor in the window, -1…1, y up; the center while captured."""
        if self._captured:
            return 0.0, 0.0
        width, height = glfw.get_window_size(self._handle)
        x, y = self.mouse
        return 2 * x / max(width, 1) - 1, 1 - 2 * y / max(height, 1)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the framebuffer, pixels; (0, 0) while minimized."""
        width, height = glfw.get_framebuffer_size(self._handle)
        return width, height

    @property
    def pixels_per_point(self) -> float:
        """Pixels of the framebuffer for each screen coordinate."""
        return self.size[0] / max(glfw.get_window_size(self._handle)[0], 1)

    @property
    def pixel_scale(self) -> float:
        """Pixels per point: 2 on a high-density display."""
        if self._text_scale:
            return self._text_scale
        if self._monitor_scale is None:  # asked many times a frame, and it may be a server far away
            system_scale = float(glfw.get_window_content_scale(self._handle)[1])
            self._monitor_scale = choose_scale(system_scale, *self._monitor_height())
        return self._monitor_scale

    def _monitor_height(self) -> tuple[int, int]:
        """Height of the monitor with the window's middle on it, or of the first: pixels, mm."""
        x, y = glfw.get_window_pos(self._handle)
        width, height = glfw.get_window_size(self._handle)
        x, y = x + width // 2, y + height // 2
        found = (0, 0)
        for monitor in glfw.get_monitors():
            left, top = glfw.get_monitor_pos(monitor)
            size = glfw.get_video_mode(monitor).size
            known = size.height, glfw.get_monitor_physical_size(monitor)[1]
            if left <= x < left + size.width and top <= y < top + size.height:
                return known
            found = found if found[0] else known
        return found

    def show_cursor(self, shape: str) -> None:
        """Set the free cursor's shape: `text`, `across`, `down`, `hand`, or '' for the arrow."""
        if shape == self._cursor_shape:
            return
        if shape and shape not in self._cursors:
            self._cursors[shape] = glfw.create_standard_cursor(_CURSOR_SHAPES[shape])
        glfw.set_cursor(self._handle, self._cursors.get(shape))  # type: ignore[arg-type]
        self._cursor_shape = shape

    @property
    def copied_text(self) -> str:
        """Text in the system's clipboard; '' when there is none."""
        return _text(glfw.get_clipboard_string(self._handle) or "")

    def copy_text(self, text: str) -> None:
        """Put a text into the system's clipboard."""
        glfw.set_clipboard_string(self._handle, text)

    @property
    def closing(self) -> bool:
        """Whether the user has asked to close the window."""
        return bool(glfw.window_should_close(self._handle))

    def set_title(self, title: str) -> None:
        """Set the text of the title bar."""
        glfw.set_window_title(self._handle, title)

    def finish_gpu(self) -> None:
        """Wait until the GPU has drawn everything, while other threads run.

        ctypes releases the interpreter lock, which moderngl does not, and software OpenGL draws
        only when it is waited for.
        """
        if self._finish is None:
            address = glfw.get_proc_address("glFinish")
            kind: Any = ctypes.CFUNCTYPE(None)
            self._finish = kind(address)
        self._finish()

    def set_vsync(self, on: bool) -> None:
        """Turn vertical sync on, if the settings allow it, or off.

        Args:
            on: Whether frames wait for the monitor; off while the headset sets the pace.
        """
        if on != self._vsync_active:
            self._vsync_active = on
            glfw.swap_interval(1 if on and self._vsync else 0)

    def show_picture(self) -> None:
        """Show the drawn frame."""
        glfw.swap_buffers(self._handle)

    def close(self) -> None:
        """Close the window for good."""
        glfw.destroy_window(self._handle)
        glfw.terminate()


def _text(text: str | bytes) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text
