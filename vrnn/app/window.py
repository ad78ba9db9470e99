"""The GLFW window: made, listened to, closed. Knows keys and the cursor, nothing of networks."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import glfw

from vrnn.controls.events import (
    Drop,
    InputEvent,
    KeyPress,
    Listener,
    MouseButton,
    MouseLook,
    Redraw,
    Scroll,
)
from vrnn.errors import VrnnError
from vrnn.render.context import REQUIRED

_NAMES = {
    value: name.removeprefix("KEY_")
    for name, value in vars(glfw).items()
    if name.startswith("KEY_") and isinstance(value, int)
}
_BUTTONS = {glfw.MOUSE_BUTTON_LEFT: "left", glfw.MOUSE_BUTTON_RIGHT: "right"}
_MODIFIERS = {
    "SHIFT": glfw.MOD_SHIFT,
    "CONTROL": glfw.MOD_CONTROL,
    "ALT": glfw.MOD_ALT,
    "SUPER": glfw.MOD_SUPER,
}


_SHAPES = {
    "text": glfw.IBEAM_CURSOR,
    "across": glfw.HRESIZE_CURSOR,
    "down": glfw.VRESIZE_CURSOR,
    "hand": glfw.HAND_CURSOR,
}


class Window:
    """An open window whose OpenGL context is current on this thread."""

    listener: Listener | None = None

    def __init__(self, title: str, size: tuple[int, int], fullscreen: bool, vsync: bool) -> None:
        """size: in screen coordinates. Raises VrnnError without a display or OpenGL 4.1."""
        self._inputs: list[InputEvent] = []
        self._captured = self._turning = False
        self._last = (0.0, 0.0)
        self._faults: list[str] = []
        self._finish: Callable[[], None] | None = None
        self._shape, self._shapes = "", dict[str, Any]()
        glfw.set_error_callback(lambda _code, text: self._faults.append(_text(text)))
        if not glfw.init():
            raise VrnnError(
                f"no window can be opened here ({self._fault()}); "
                "write a picture with --screenshot out.png instead"
            )
        self._handle = self._create(title, size, fullscreen)
        glfw.make_context_current(self._handle)
        self._vsync, self._keeps_time = vsync, False
        glfw.swap_interval(0)
        self.set_vsync(True)
        self._listen()

    def _create(self, title: str, size: tuple[int, int], fullscreen: bool) -> Any:
        glfw.window_hint(glfw.CONTEXT_VERSION_MAJOR, REQUIRED // 100)
        glfw.window_hint(glfw.CONTEXT_VERSION_MINOR, REQUIRED // 10 % 10)
        glfw.window_hint(glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE)
        glfw.window_hint(glfw.OPENGL_FORWARD_COMPAT, True)
        glfw.window_hint(glfw.SCALE_TO_MONITOR, True)
        glfw.window_hint(glfw.DEPTH_BITS, 0)  # drawing has a buffer of its own
        monitor = glfw.get_primary_monitor() if fullscreen else None
        if monitor:
            mode = glfw.get_video_mode(monitor)
            size = (mode.size.width, mode.size.height)
        handle = glfw.create_window(*size, title, monitor, None)
        if not handle:
            fault = self._fault()
            glfw.terminate()
            raise VrnnError(
                f"no window with OpenGL 4.1 can be opened ({fault}); update the graphics driver, "
                "or write a picture with --screenshot out.png"
            )
        return handle

    def _fault(self) -> str:
        return self._faults[-1] if self._faults else "GLFW gives no reason"

    def _listen(self) -> None:
        glfw.set_key_callback(self._handle, self._on_key)
        glfw.set_mouse_button_callback(self._handle, self._on_button)
        glfw.set_cursor_pos_callback(self._handle, self._on_cursor)
        glfw.set_drop_callback(self._handle, self._on_drop)  # type: ignore[arg-type]
        glfw.set_scroll_callback(self._handle, self._on_scroll)
        glfw.set_char_callback(self._handle, self._on_text)

        def redraw(*_: Any) -> None:
            self._inputs.append(Redraw())

        glfw.set_framebuffer_size_callback(self._handle, redraw)
        glfw.set_window_refresh_callback(self._handle, redraw)
        glfw.set_window_focus_callback(self._handle, self._on_focus)

    def _on_key(self, _window: Any, key: int, _scan: int, action: int, mods: int) -> None:
        if key not in _NAMES:
            return
        held = frozenset(name for name, bit in _MODIFIERS.items() if mods & bit)
        if self.listener is not None:
            self.listener.key(_NAMES[key], action != glfw.RELEASE, held)
        if action == glfw.PRESS:
            self._inputs.append(KeyPress(_NAMES[key], held))

    def _on_text(self, _window: Any, code: int) -> None:
        if self.listener is not None:
            self.listener.text(code)

    def _on_scroll(self, _window: Any, x: float, y: float) -> None:
        if self.listener is not None:
            self.listener.wheel(x, y)
        self._inputs.append(Scroll(y))

    def _on_button(self, _window: Any, button: int, action: int, _mods: int) -> None:
        if self.listener is not None and not self._captured:
            self.listener.button(button, action == glfw.PRESS)
        if button in _BUTTONS:
            self._inputs.append(MouseButton(_BUTTONS[button], action == glfw.PRESS))
            if button == glfw.MOUSE_BUTTON_RIGHT:
                self._turning = action == glfw.PRESS

    def _on_cursor(self, _window: Any, x: float, y: float) -> None:
        if self._captured or self._turning:
            self._inputs.append(MouseLook(x - self._last[0], y - self._last[1]))
        elif self.listener is not None:
            points = max(glfw.get_window_size(self._handle)[0], 1)
            scale = self.size[0] / points
            self.listener.cursor(x * scale, y * scale)
        self._last = (x, y)

    def _on_drop(self, _window: Any, paths: Any) -> None:
        self._inputs.append(Drop(tuple(paths)))

    def _on_focus(self, _window: Any, focused: int) -> None:
        if self.listener is not None:
            self.listener.focus(bool(focused))
        if not focused:
            self.capture(False)

    def poll_events(self, wait: float) -> list[InputEvent]:
        """What has happened; waits up to so many seconds for something, 0: not at all."""
        if wait > 0:
            glfw.wait_events_timeout(wait)
        else:
            glfw.poll_events()
        taken, self._inputs = self._inputs, []
        return taken

    @property
    def mouse(self) -> tuple[float, float]:
        """Where the mouse is, screen coordinates from the upper left; anywhere while captured."""
        x, y = glfw.get_cursor_pos(self._handle)
        return x, y

    def is_key_down(self, name: str) -> bool:
        """Whether a key is down."""
        code = getattr(glfw, f"KEY_{name}")
        return bool(glfw.get_key(self._handle, code) == glfw.PRESS)

    @property
    def captured(self) -> bool:
        """Whether the mouse turns the eye, with the cursor hidden."""
        return self._captured

    def capture(self, on: bool) -> None:
        """Take the cursor, or free it."""
        mode = glfw.CURSOR_DISABLED if on else glfw.CURSOR_NORMAL
        glfw.set_input_mode(self._handle, glfw.CURSOR, mode)
        if on and glfw.raw_mouse_motion_supported():
            glfw.set_input_mode(self._handle, glfw.RAW_MOUSE_MOTION, True)
        self._captured = on
        self._last = glfw.get_cursor_pos(self._handle)

    @property
    def cursor(self) -> tuple[float, float]:
        """Where the cursor is in the picture, -1…1, y up; the middle while it is captured."""
        if self._captured:
            return 0.0, 0.0
        width, height = glfw.get_window_size(self._handle)
        x, y = glfw.get_cursor_pos(self._handle)
        return 2 * x / max(width, 1) - 1, 1 - 2 * y / max(height, 1)

    @property
    def size(self) -> tuple[int, int]:
        """Of the picture in pixels; (0, 0) while minimized."""
        width, height = glfw.get_framebuffer_size(self._handle)
        return width, height

    @property
    def pixel_scale(self) -> float:
        """Pixels a point: 2 on a high-density display."""
        return float(glfw.get_window_content_scale(self._handle)[1])

    def show_cursor(self, shape: str) -> None:
        """Give the free cursor a shape: `text`, `across`, `down`, `hand`, or '' for the arrow."""
        if shape == self._shape:
            return
        if shape and shape not in self._shapes:
            self._shapes[shape] = glfw.create_standard_cursor(_SHAPES[shape])
        glfw.set_cursor(self._handle, self._shapes.get(shape))  # type: ignore[arg-type]
        self._shape = shape

    @property
    def copied_text(self) -> str:
        """Text in the system's clipboard; '' when there is none."""
        return _text(glfw.get_clipboard_string(self._handle) or "")

    def copy_text(self, text: str) -> None:
        """Put a text into the system's clipboard."""
        glfw.set_clipboard_string(self._handle, text)

    @property
    def closing(self) -> bool:
        """Whether the user asked to close it."""
        return bool(glfw.window_should_close(self._handle))

    def set_title(self, title: str) -> None:
        """Text of the title bar."""
        glfw.set_window_title(self._handle, title)

    def finish_gpu(self) -> None:
        """Wait until all is drawn while other threads go on: ctypes lets go of the interpreter,
        which moderngl does not, and software OpenGL only draws when it is waited for."""
        if self._finish is None:
            address = glfw.get_proc_address("glFinish")
            kind: Any = ctypes.CFUNCTYPE(None)
            self._finish = kind(address)
        self._finish()

    def set_vsync(self, on: bool) -> None:
        """Whether a picture waits for the monitor, if the settings want it at all: not while
        something else sets the pace."""
        if on != self._keeps_time:
            self._keeps_time = on
            glfw.swap_interval(1 if on and self._vsync else 0)

    def show_picture(self) -> None:
        """Put the drawn picture on the screen."""
        glfw.swap_buffers(self._handle)

    def close(self) -> None:
        """Close the window for good."""
        glfw.destroy_window(self._handle)
        glfw.terminate()


def _text(fault: str | bytes) -> str:
    return fault.decode(errors="replace") if isinstance(fault, bytes) else fault
