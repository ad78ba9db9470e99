"""Autosave of the session: written a moment after each change, so that a crash loses nothing."""

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
"""Seconds without another change after which the session is written."""


def autosave_path(specs: tuple[ModelSpec, ...], detail: str) -> Path | None:
    """Return the autosave file of these models, opened from the current folder.

    Args:
        specs: The models.
        detail: How finely their graphs are shown.

    Returns:
        The file; None for models that were given as objects in Python.
    """
    if not all(isinstance(spec.model, str) for spec in specs):
        return None
    identity = (
        repr([(s.model, s.weights, s.data, s.input_size) for s in specs]) + detail + os.getcwd()
    )
    return state_dir() / f"last-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.json"


class Autosave:
    """Writes the session in a thread of its own."""

    def __init__(self, path: Path | None) -> None:
        """Create an autosave.

        Args:
            path: The file; None to write nothing.
        """
        self._path = path
        self._thread: threading.Thread | None = None
        self._written_state: object = None
        self._changed_at = 0.0

    def update(
        self, now: float, state: object, make_snapshot: Callable[[], WorkspaceSnapshot]
    ) -> None:
        """Write the session if its state is new and has not changed for `DELAY_SECONDS`.

        Args:
            now: The time, seconds.
            state: The present state; compared by identity.
            make_snapshot: Returns what is written.
        """
        if self._path is None or state is self._written_state:
            return
        if self._changed_at == 0.0:
            self._changed_at = now
        if now - self._changed_at < DELAY_SECONDS or (
            self._thread is not None and self._thread.is_alive()
        ):
            return
        self._written_state, self._changed_at = state, 0.0
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
        """Write for the last time, as the program ends.

        Args:
            make_snapshot: Returns what is written.
            changed: Whether anything was changed; else nothing is written.
        """
        if self._thread is not None:
            self._thread.join()
        if self._path is not None and changed:
            self._write(make_snapshot())
