"""What must hold at any moment, whatever the monkey has done."""

from __future__ import annotations

import moderngl
import numpy as np

from vrnn.storage.fault_log import fault_log
from vrnn.workspace.workspace import Workspace


class Found(BaseException):
    """The monkey has found something; not an Exception, so that nothing takes it for a fault."""


def check(workspace: Workspace, ctx: moderngl.Context, previewing: bool) -> None:
    """Look for faults, OpenGL's errors, and a world that is not what its history says.

    Args:
        workspace: The open document.
        ctx: Its OpenGL context.
        previewing: Whether a change is being made by hand: the world is then ahead.

    Raises:
        Found: Something is wrong.
    """
    if fault_log.faults:
        raise Found(f"a fault: {fault_log.file.read_text(encoding='utf-8')}")
    error = ctx.error
    if error != "GL_NO_ERROR":
        raise Found(f"OpenGL says {error}")
    rects = [workspace.world.placement_frame(s).panel_rects for s in workspace.world.slots]
    if not all(np.isfinite(each).all() for each in rects):
        raise Found("a layer is nowhere")
    if not previewing and workspace.world.state != workspace.history.state:
        raise Found(
            f"the world is not what its history says:\n{workspace.world.state}\n"
            f"{workspace.history.state}"
        )
