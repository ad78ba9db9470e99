"""What managers of the workspace work with: they find by jobs what the state shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vrnn.commands.undo_stack import Bookmark
from vrnn.scene.revealing import Revealed
from vrnn.scene.world import World
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.map_uploader import WorkerEventSink


@dataclass(frozen=True, eq=False)
class ManagerParts:
    """Parts of the workspace.

    Attributes:
        world: Whose state says what is shown.
        jobs: Run the passes.
        feed: Knows the data sets, and which pass is shown.
        notify: Shows the user a sentence.
        reveal: Brings into view what has appeared.
        roll_back: Makes everything as it was at a bookmark of the history.
    """

    world: World
    jobs: JobManager
    feed: WorkerEventSink
    notify: Callable[[str], None]
    reveal: Callable[[Revealed], None]
    roll_back: Callable[[Bookmark], None]
