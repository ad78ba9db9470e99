"""Other models and the session that they were left in: opened, and restored once they are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from vrnn.commands.undo_stack import UndoStack
from vrnn.compute.worker import Worker
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.model_code import check_trusted
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.camera import Camera
from vrnn.scene.state import InputImage, State
from vrnn.scene.world import World
from vrnn.workspace.input_source import InputSource
from vrnn.workspace.map_uploader import WorkerEventSink
from vrnn.workspace.pinned_copies import PinnedCopies
from vrnn.workspace.training import TrainingManager
from vrnn.workspace.workspace_file import WorkspaceSnapshot, drop_missing_layers


class RestoredWorkspace(Protocol):
    """What `SessionRestorer` needs of `vrnn.workspace.workspace.Workspace`."""

    specs: tuple[ModelSpec, ...]
    detail: str
    worker: Worker
    world: World
    feed: WorkerEventSink
    history: UndoStack
    input: InputSource
    pins: PinnedCopies
    training: TrainingManager
    messages: list[str]

    @property
    def passes_requested(self) -> int:
        """How many times the worker was asked to run an image."""

    @property
    def images(self) -> ImageSet | None:
        """The first network's data set; None for none."""

    def snapshot(self, camera: Camera, viewpoints: Mapping[int, Camera]) -> WorkspaceSnapshot:
        """Collect everything that a session file holds."""

    def apply_state(self, state: State, move: bool = True) -> None:
        """Show a state, and request the forward passes and images that it needs."""

    def run_inference(self, at_once: bool = True) -> None:
        """Run the input image through all networks."""


class SessionRestorer:
    """Opens the models of a session and restores its state as soon as they have loaded."""

    def __init__(self, workspace: RestoredWorkspace) -> None:
        """Begin while the first models are being opened.

        Args:
            workspace: Where they are opened.
        """
        self._workspace = workspace
        self._state_when_loaded: State | None = None
        self._fallback: WorkspaceSnapshot | None = None
        workspace.feed.awaited = set(range(len(workspace.specs)))

    @property
    def opening(self) -> bool:
        """Whether models are being opened."""
        return bool(self._workspace.feed.awaited)

    def check_trusted(self, snapshot: WorkspaceSnapshot, file: Path) -> None:
        """Raise UntrustedCodeError where a session's file names code that nobody has allowed."""
        if (snapshot.models, snapshot.detail) != (self._workspace.specs, self._workspace.detail):
            check_trusted(snapshot.models, file)

    def restore(self, snapshot: WorkspaceSnapshot) -> None:
        """Restore a session; layers that the models do not have are listed in `messages`."""
        workspace = self._workspace
        workspace.input.pixels.update(snapshot.pixels)
        self._open_recording(snapshot)
        if snapshot.models == workspace.specs and snapshot.detail == workspace.detail:
            if self.opening:  # its layers are not known yet
                self._state_when_loaded = snapshot.state
            else:
                self._restore(snapshot.state)
            return
        before = workspace.snapshot(Camera(), {})
        self._open(snapshot)
        self._fallback = before if workspace.world.slots else None

    def reload(self, slot: int) -> None:
        """Open one of the models anew, as its script has changed; everything stays as it is."""
        workspace = self._workspace
        self._state_when_loaded = workspace.history.state
        failures = workspace.feed.failures  # what was wrong may be right now, or is told again
        failures[:] = [failure for failure in failures if failure.slot != slot]
        workspace.feed.awaited = {slot}
        workspace.worker.reload(slot, workspace.specs[slot], workspace.detail)

    def restore_when_loaded(self, snapshot: WorkspaceSnapshot) -> None:
        """Restore a session as soon as its networks, which are being opened, have loaded."""
        self._workspace.input.pixels.update(snapshot.pixels)
        self._open_recording(snapshot)
        self._state_when_loaded = snapshot.state

    def on_network_loaded(self) -> None:
        """Restore the session after the last network has loaded, or could not be opened.

        Where none of its models could be opened, those before it are opened anew.
        """
        if self.opening:
            return
        workspace = self._workspace
        state, self._state_when_loaded = self._state_when_loaded, None
        fallback, self._fallback = self._fallback, None
        opened = set(range(len(workspace.specs))) - workspace.feed.unopened
        if not opened and fallback is not None:
            self._open(fallback)
            return
        for slot in set(workspace.world.slots) - opened:
            workspace.feed.close(slot)
        if state is not None and opened:
            if fallback is not None:  # what was done to other models cannot be undone in these
                workspace.history = UndoStack(State())
                workspace.pins.clear()
            passes = workspace.passes_requested
            self._restore(state)
            if workspace.passes_requested == passes:  # opening has run the image alone
                workspace.run_inference()

    def _open_recording(self, snapshot: WorkspaceSnapshot) -> None:
        """Open the training of a session; one that is open stays only with the same models."""
        training, folder = self._workspace.training, snapshot.recording
        if folder is None and snapshot.models == self._workspace.specs:
            return
        if folder is None:
            training.close()
            return
        if training.folder is not None and folder.resolve() == training.folder.resolve():
            return
        training.close()
        try:
            training.open(folder)
        except VrnnError as error:
            self._workspace.messages.append(f"{error}; the model's own weights are shown")

    def _open(self, snapshot: WorkspaceSnapshot) -> None:
        workspace = self._workspace
        workspace.specs, workspace.detail = snapshot.models, snapshot.detail
        self._state_when_loaded = snapshot.state
        workspace.feed.awaited, workspace.feed.unopened = set(range(len(workspace.specs))), set()
        workspace.worker.open(snapshot.models, snapshot.detail)

    def _restore(self, state: State) -> None:
        workspace = self._workspace
        try:
            workspace.input.resolve(state.input_image, workspace.images)
        except VrnnError as error:
            workspace.messages.append(str(error))
            state = replace(state, input_image=InputImage())
        fitting, missing = drop_missing_layers(state, workspace.world)
        if missing:
            some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
            workspace.messages.append(f"skipped: not in this model: {some}")
        if fitting != workspace.history.state:
            workspace.history.push("restore session", fitting)
        workspace.apply_state(fitting)
