"""The running program: the window's loop, the headset's, and the one without a screen."""

from __future__ import annotations

import os

# In a Wayland session GLFW's wheel would load a library without X11, whose functions Dear ImGui's
# asks for: importing it fails. With X11 both work there, through Xwayland.
os.environ.setdefault("PYGLFW_LIBRARY_VARIANT", "x11")
