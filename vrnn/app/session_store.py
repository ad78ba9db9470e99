"""Sessions of the window: saved, opened, and autosaved visit by visit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from vrnn.app.navigator import WindowNavigator
from vrnn.commands.context import SessionActions, Visit
from vrnn.controls.fly_camera import FlyCamera
from vrnn.scene.layout.picture_aspect import laid_out_aspect
from vrnn.storage import trusted_code
from vrnn.workspace.autosave import Autosave, VisitContent, VisitFolder
from vrnn.workspace.workspace import Workspace
from vrnn.workspace.workspace_file import WorkspaceSnapshot, load_workspace, save_workspace


class WindowSessions(SessionActions):
    """Saves and opens sessions, and autosaves the present one."""

    def __init__(
        self, workspace: Workspace, fly_camera: FlyCamera, navigator: WindowNavigator
    ) -> None:
        self._workspace, self._fly_camera, self._navigator = workspace, fly_camera, navigator
        self._begin()

    def _begin(self) -> None:
        """Begin a visit of the present models."""
        workspace = self._workspace
        self._models = workspace.specs, workspace.detail
        # Models that were given as objects in Python cannot be named in a file.
        named = all(isinstance(spec.model, str) for spec in workspace.specs)
        self._folder = VisitFolder(*self._models) if named else None
        self._autosave = Autosave(self._folder, self._content())

    @property
    def has_last(self) -> bool:
        """Whether there is a last session to restore."""
        return self._folder is not None and self._folder.has_visits

    def _content(self) -> VisitContent:
        viewpoints = dict(self._navigator.viewpoints)
        return VisitContent(self._workspace.history.state, viewpoints, self._fly_camera.camera)

    def _snapshot(self) -> WorkspaceSnapshot:
        viewpoints = dict(self._navigator.viewpoints)  # it is written in a thread
        return self._workspace.snapshot(self._fly_camera.camera, viewpoints)

    def save(self, file: Path) -> None:
        """Write the session. See `save_workspace`."""
        save_workspace(file, self._snapshot())

    def open(self, file: Path) -> None:
        """Restore the session of a file. See `load_workspace`."""
        snapshot = load_workspace(file)
        self._workspace.restorer.check_trusted(snapshot, file)
        self._navigator.viewpoints.update(snapshot.viewpoints)
        self._workspace.restorer.restore(snapshot)
        if snapshot.camera is not None:
            self._lay_out_as(snapshot)
            self._navigator.fly(snapshot.camera)

    def trust(self, digests: Sequence[str]) -> None:
        """Allow code that a session names, as the user was asked."""
        for digest in digests:
            trusted_code.trust(digest)

    def restore_when_loaded(self, snapshot: WorkspaceSnapshot) -> None:
        """Restore a session as soon as its models, which are being opened, have loaded."""
        self._workspace.restorer.restore_when_loaded(snapshot)
        self._navigator.viewpoints.update(snapshot.viewpoints)
        if snapshot.camera is not None:
            self._lay_out_as(snapshot)
            self._navigator.jump(snapshot.camera)

    def _lay_out_as(self, snapshot: WorkspaceSnapshot) -> None:
        """Lay networks out for the same shape of picture, as cameras fit only then."""
        self._workspace.world.set_aspect(laid_out_aspect(snapshot.aspect))

    def visits(self) -> tuple[Visit, ...]:
        """Return the earlier visits of these models, the latest first, and then those of others."""
        return () if self._folder is None else self._folder.visits()

    def advance(self) -> None:
        """Autosave what has changed since the last frame."""
        if self._workspace.restorer.opening:
            return
        if (self._workspace.specs, self._workspace.detail) != self._models:
            self.finish()
            self._begin()
        content = self._content()
        if not (self._navigator.user_has_moved or self._navigator.follows_head):
            self._autosave.ignore_camera(content.camera)  # the first view is nobody's choice
        self._autosave.update(time.perf_counter(), content, self._snapshot)

    def finish(self) -> None:
        """Autosave for the last time, as the program ends."""
        self._autosave.finish(self._content(), self._snapshot)
