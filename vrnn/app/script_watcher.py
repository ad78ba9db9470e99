"""Loads a model anew when its script, or a file beside it that the script imports, is saved."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from vrnn.workspace.workspace import Workspace

INTERVAL_SECONDS = 0.4
"""Seconds between two looks at the files."""


class ScriptWatcher:
    """Looks at the files of all open models from time to time."""

    def __init__(
        self, workspace: Workspace, before_reload: Callable[[int], None] = lambda slot: None
    ) -> None:
        """Create a watcher.

        Args:
            workspace: Whose models are watched.
            before_reload: Called with the number of a network that is about to be loaded anew.
        """
        self._workspace, self._before_reload = workspace, before_reload
        self._next = 0.0
        self._versions: dict[Path, tuple[int, int]] = {}
        self._changed: dict[Path, tuple[int, int]] = {}

    def poll(self) -> None:
        """Load what has changed, once it has stayed the same between two looks."""
        now = time.perf_counter()
        if now < self._next or self._workspace.restorer.opening:
            return
        self._next = now + INTERVAL_SECONDS
        for slot in self._workspace.world.slots:
            files = self._workspace.world.networks[slot].info.source_files
            # All are looked at: a file that was saved with others is not to load it once more.
            saved = [file for file in files if self._was_saved(file)]
            if saved:
                self._before_reload(slot)
                self._workspace.restorer.reload(slot)
                return

    def _was_saved(self, file: Path) -> bool:
        try:
            status = file.stat()
        except OSError:  # an editor may write another file and rename it
            return False
        version = (status.st_mtime_ns, status.st_size)
        known = self._versions.setdefault(file, version)
        if version == known:
            self._changed.pop(file, None)
            return False
        if self._changed.get(file) != version:  # it may be half written
            self._changed[file] = version
            return False
        self._versions[file] = version
        return True
