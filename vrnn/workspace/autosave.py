"""Where the last visit ended: written a moment after each change, so that a crash loses nothing."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.storage.atomic import make_folder
from vrnn.storage.paths import state_dir
from vrnn.workspace.workspace_file import WorkspaceSnapshot, save_workspace

DELAY_SECONDS = 1.0
"""After a change, with no other, it is written."""


def autosave_path(specs: tuple[ModelSpec, ...], detail: str) -> Path | None:
    """The file of these models; None for those given as objects in Python."""
    if not all(isinstance(spec.model, str) for spec in specs):
        return None
    named = repr([(s.model, s.weights, s.data, s.input_size) for s in specs]) + detail + os.getcwd()
    return state_dir() / f"last-{hashlib.sha256(named.encode()).hexdigest()[:16]}.json"


class Autosave:
    """Writes the place in a thread of its own."""

    def __init__(self, path: Path | None) -> None:
        """path: None for nowhere."""
        self._path = path
        self._thread: threading.Thread | None = None
        self._seen: object = None
        self._since = 0.0

    def update(
        self, now: float, state: object, make_snapshot: Callable[[], WorkspaceSnapshot]
    ) -> None:
        """Write when the state has been the same for a while and is not written yet.

        now: seconds; kept: makes what is written.
        """
        if self._path is None or state is self._seen:
            return
        if self._since == 0.0:
            self._since = now
        if now - self._since < DELAY_SECONDS or (
            self._thread is not None and self._thread.is_alive()
        ):
            return
        self._seen, self._since = state, 0.0
        self._thread = threading.Thread(target=self._write, args=(make_snapshot(),), daemon=True)
        self._thread.start()

    def _write(self, snapshot: WorkspaceSnapshot) -> None:
        assert self._path is not None
        try:
            make_folder(self._path.parent)
            save_workspace(self._path, snapshot)
        except VrnnError as error:
            print(f"vrnn: {error}", file=sys.stderr)

    def finish(self, make_snapshot: Callable[[], WorkspaceSnapshot], changed: bool) -> None:
        """Write the last time, at the end of a visit in which something was changed."""
        if self._thread is not None:
            self._thread.join()
        if self._path is not None and changed:
            self._write(make_snapshot())
