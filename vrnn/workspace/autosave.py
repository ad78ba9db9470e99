"""Autosave: each visit is written as it goes on, so that a crash loses nothing.

A visit has a file of its own, which is replaced as a whole: what an earlier visit has left stays
until five newer ones have come.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from vrnn.commands.context import Visit
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.storage.atomic import make_folder
from vrnn.storage.log import logger
from vrnn.storage.paths import state_dir
from vrnn.workspace.workspace_file import WorkspaceSnapshot, save_workspace

MIN_INTERVAL = 0.1
"""Seconds between two writes at least, while things change."""
MOVING_INTERVAL = 2.0
"""Seconds between two writes while nothing but the camera moves."""
KEPT_VISITS = 5
"""Earlier visits that are kept of the same models."""
OTHER_VISITS = 5
"""Visits of other models that are offered too."""
MAX_PART_AGE = 60.0
"""Seconds after which a half-written file was left by a program that is gone."""


class VisitFolder:
    """The files of the visits of these models, opened from the current folder."""

    def __init__(self, specs: tuple[ModelSpec, ...], detail: str) -> None:
        """Find the files.

        Args:
            specs: The models.
            detail: How finely their graphs are shown.
        """
        models = [(s.model, s.weights, s.data, s.input_size) for s in specs]
        identity = repr(models) + detail + _working_folder()
        self._folder = state_dir()
        self._stem = f"last-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
        started = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
        self.file = self._folder / f"{self._stem}-{started}-{os.getpid()}.json"

    def visits(self) -> tuple[Visit, ...]:
        """Return the earlier visits of these models, the latest first, and then those of others."""
        found = [visit for file in self._files("last-*.json") if (visit := _read(file)) is not None]
        mine = [visit for visit in found if visit.file.name.startswith(self._stem)]
        others = [visit for visit in found if not visit.file.name.startswith(self._stem)]
        return (*mine[:KEPT_VISITS], *others[:OTHER_VISITS])

    @property
    def has_visits(self) -> bool:
        """Whether there is an earlier visit of these models."""
        return bool(self._files(f"{self._stem}*.json"))

    def _files(self, pattern: str) -> list[Path]:
        """Files of visits but the present one, the latest first."""
        times = {file: _time(file) for file in self._folder.glob(pattern) if file != self.file}
        return sorted(times, key=lambda file: times[file], reverse=True)

    def sweep(self) -> None:
        """Make the folder, and remove visits that are too old and what was only half written."""
        make_folder(self._folder)
        old = self._files(f"{self._stem}*.json")[KEPT_VISITS:]
        parts = self._folder.glob(".last-*.part*")
        old += [file for file in parts if time.time() - _time(file) > MAX_PART_AGE]
        for file in old:
            file.unlink(missing_ok=True)


def _working_folder() -> str:
    """The current folder; '' when it was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _time(file: Path) -> float:
    """When a file was written; 0 for one that is gone."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _read(file: Path) -> Visit | None:
    """What is said of a visit in a list; None for a file that is none."""
    try:
        table: Any = json.loads(file.read_text(encoding="utf-8"))
        models = [_title(entry["model"]) for entry in table["models"]]
        return Visit(file, _time(file), " and ".join(models), int(table.get("changes", 0)))
    except (OSError, ValueError, TypeError, KeyError, RecursionError, AttributeError):
        return None


def _title(model: str) -> str:
    """A model's name without where it comes from: `resnet50` of `torchvision:resnet50`."""
    _, colon, name = model.rpartition(":")
    if colon and not name.endswith(".py"):
        return name
    return Path(model).stem


@dataclass(frozen=True)
class VisitContent:
    """What a visit consists of, to see whether it has to be written.

    Attributes:
        state: The state; compared by identity.
        viewpoints: The stored cameras.
        camera: Where the eye is.
    """

    state: object
    viewpoints: Mapping[int, object]
    camera: object

    def has_changed(self, before: VisitContent) -> bool:
        """Whether more than the camera differs."""
        return self.state is not before.state or self.viewpoints != before.viewpoints


class Autosave:
    """Decides when a visit is written, and writes it in a thread of its own."""

    def __init__(self, folder: VisitFolder | None, content: VisitContent) -> None:
        """Create an autosave. Nothing is written as long as nothing changes.

        Args:
            folder: Where to; None for nowhere.
            content: As it is at first.
        """
        self._folder = folder
        self._written = self._last = content
        self._put_at = -1.0
        self._wake = threading.Condition()
        self._waiting: WorkspaceSnapshot | None = None
        self._ended = False
        self._thread: threading.Thread | None = None

    def ignore_camera(self, camera: object) -> None:
        """Take a camera as written, as nobody has moved it there."""
        self._written = replace(self._written, camera=camera)

    def update(
        self, now: float, content: VisitContent, make_snapshot: Callable[[], WorkspaceSnapshot]
    ) -> None:
        """Write the visit if something changed or the camera came to rest; called each frame.

        Args:
            now: The time, seconds.
            content: As it is now.
            make_snapshot: Returns what is written.
        """
        before, self._last = self._last, content
        has_changed = content.has_changed(self._written)
        if self._folder is None or not (has_changed or content.camera != self._written.camera):
            return
        is_moving = content.camera != before.camera
        interval = MOVING_INTERVAL if is_moving and not has_changed else MIN_INTERVAL
        if self._thread is not None and now - self._put_at < interval:
            return
        self._written, self._put_at = content, now
        self._put(make_snapshot())

    def _put(self, snapshot: WorkspaceSnapshot) -> None:
        with self._wake:
            self._waiting = snapshot  # one that still waits is older
            self._wake.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="vrnn-autosave", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        assert self._folder is not None
        told = swept = False
        while True:
            with self._wake:
                while self._waiting is None and not self._ended:
                    self._wake.wait()
                snapshot, self._waiting = self._waiting, None
            if snapshot is None:
                return
            try:
                if not swept:
                    self._folder.sweep()
                    swept = True
                save_workspace(self._folder.file, snapshot)
            except (VrnnError, OSError) as error:
                if not told:
                    logger.warning("the session is not autosaved: %s", error)
                told = True

    def finish(self, content: VisitContent, make_snapshot: Callable[[], WorkspaceSnapshot]) -> None:
        """Write for the last time, as the visit ends. Arguments as for `update`."""
        is_new = content.has_changed(self._written) or content.camera != self._written.camera
        if self._folder is not None and is_new:
            self._put(make_snapshot())
        with self._wake:
            self._ended = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
