"""The parts of the window, passed on as one object."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.app.window import Window
from vrnn.app.window_view import WindowView
from vrnn.controls.fly_camera import FlyCamera
from vrnn.render.renderer import Renderer
from vrnn.scene.world import World
from vrnn.ui.window_host import WindowGui
from vrnn.workspace.workspace import Workspace


@dataclass(frozen=True)
class WindowParts:
    """The window with what it shows.

    Attributes:
        window: The GLFW window.
        workspace: The open document.
        renderer: Draws it.
        fly_camera: Where the eye is.
        gui: The panels.
        view: The world's picture between the panels.
    """

    window: Window
    workspace: Workspace
    renderer: Renderer
    fly_camera: FlyCamera
    gui: WindowGui
    view: WindowView

    @property
    def world(self) -> World:
        """The world of the workspace."""
        return self.workspace.world
