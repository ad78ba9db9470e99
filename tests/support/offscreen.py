"""The offscreen program in tests: reset, and waited for."""

from vrnn.commands.undo_stack import UndoStack
from vrnn.scene.state import State


def reset(app):
    """Restore the first state of the world, with nothing to undo."""
    passes = app.workspace.passes_requested
    app.workspace.apply_state(State())
    app.workspace.history = UndoStack(State())
    app.workspace.hand.image = None
    wait_until_shown(app, passes)


def wait_until_shown(app, passes):
    """Wait until everything is shown that was requested since so many forward passes."""
    now = max(app.feed.displayed_sequence.values())
    app._wait(now + 1 if app.workspace.passes_requested > passes else 0)
