"""Sessions of the window: saved, opened, and autosaved for the next start."""

from __future__ import annotations

import time
from pathlib import Path

from vrnn.app.navigator import WindowNavigator
from vrnn.commands.context import SessionActions
from vrnn.controls.fly_camera import FlyCamera
from vrnn.errors import VrnnError
from vrnn.workspace.autosave import Autosave, autosave_path
from vrnn.workspace.workspace import Workspace
from vrnn.workspace.workspace_file import WorkspaceSnapshot, load_workspace, save_workspace


class WindowSessions(SessionActions):
    """Saves and opens sessions, and autosaves the present one."""

    def __init__(
        self, workspace: Workspace, fly_camera: FlyCamera, navigator: WindowNavigator
    ) -> None:
        self._workspace, self._fly_camera, self._navigator = workspace, fly_camera, navigator
        self._path = autosave_path(workspace.specs, workspace.detail)
        self._autosave = Autosave(self._path)
        self._first_state = workspace.history.state

    @property
    def has_last(self) -> bool:
        """Whether there is a last session to restore."""
        return self._path is not None and self._path.is_file()

    def _snapshot(self) -> WorkspaceSnapshot:
        return self._workspace.snapshot(self._fly_camera.camera, self._navigator.viewpoints)

    def save(self, file: Path) -> None:
        """Write the session. See `save_workspace`."""
        save_workspace(file, self._snapshot())

    def open(self, file: Path) -> None:
        """Restore the session of a file. See `load_workspace`."""
        snapshot = load_workspace(file)
        self._navigator.viewpoints.update(snapshot.viewpoints)
        self._workspace.restore(snapshot)
        if snapshot.camera is not None:
            self._navigator.fly(snapshot.camera)

    def restore_when_loaded(self, snapshot: WorkspaceSnapshot) -> None:
        """Restore a session as soon as its models, which are being opened, have loaded."""
        self._workspace.restore_when_loaded(snapshot)
        self._navigator.viewpoints.update(snapshot.viewpoints)
        if snapshot.camera is not None:
            self._navigator.jump(snapshot.camera)

    def restore_last(self) -> None:
        """Restore the last session of these models.

        Raises:
            VrnnError: When there is none.
        """
        if self._path is None or not self._path.is_file():
            raise VrnnError("there is no earlier session in which something was changed")
        self.open(self._path)

    @property
    def _changed(self) -> bool:
        return self._workspace.history.state is not self._first_state

    def advance(self) -> None:
        """Autosave a moment after a change."""
        if self._changed:
            now = time.perf_counter()
            self._autosave.update(now, self._workspace.history.state, self._snapshot)

    def finish(self) -> None:
        """Autosave for the last time, as the program ends."""
        self._autosave.finish(self._snapshot, self._changed)
