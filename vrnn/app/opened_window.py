"""The window as it opens: with the program's name and background, before all else is imported."""

from __future__ import annotations

import time
from dataclasses import dataclass

import moderngl
import numpy as np

from vrnn.app.window import Window
from vrnn.config.options import Options
from vrnn.config.schema import Config
from vrnn.render.context import window_context
from vrnn.style.srgb import encode
from vrnn.style.theme import themed_color


@dataclass(frozen=True)
class OpenedWindow:
    """A window that shows nothing but the background.

    Attributes:
        window: The window.
        ctx: Its OpenGL context.
        shown: When it showed the background, by `time.perf_counter`.
    """

    window: Window
    ctx: moderngl.Context
    shown: float

    def close(self) -> None:
        """Close the window, as nothing came into it."""
        self.ctx.release()
        self.window.close()


def open_window(options: Options, config: Config) -> OpenedWindow:
    """Open the window.

    What this file imports is little: a window stands after a quarter of a second, and the rest of
    the program takes longer to import.

    Args:
        options: The command line.
        config: The settings.

    Raises:
        VrnnError: When there is no window or no OpenGL.
    """
    size = options.window or (config.window.width, config.window.height)
    window = Window("vrnn", size, options.fullscreen, config.window.vsync, config.window.text_scale)
    ctx = window_context()
    theme, background = options.theme or config.render.theme, config.look.background
    shown = background if theme == "dark" else themed_color(background, theme)
    # At once: a new window is black, or shows what lies behind it.
    ctx.screen.clear(*encode(np.array(shown)).tolist())
    window.show_picture()
    return OpenedWindow(window, ctx, time.perf_counter())
