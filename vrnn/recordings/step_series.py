"""The steps of a training in a folder that may still grow: a recording, or checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from vrnn.errors import VrnnError
from vrnn.recordings.checkpoint_folder import (
    find_checkpoints,
    read_curves_beside,
    weights_files,
)
from vrnn.recordings.manifest import Manifest, read_manifest
from vrnn.recordings.scalar_table import SCALARS, Curve, read_scalars
from vrnn.recordings.step_files import StepIndex, gradient_file, gradient_steps


class StepSeries(Protocol):
    """The steps of a training.

    Attributes:
        folder: Where they are.
        manifest: What the recording says of itself; None for checkpoints.
    """

    folder: Path
    manifest: Manifest | None

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that can be shown, rising."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what cannot be read."""

    def update(self) -> None:
        """Look for what has been added."""

    def files_for(self, step: int) -> Mapping[Path, tuple[str, ...] | None]:
        """Return which tensors of a step are in which file; None for all in it."""

    def gradients_for(self, step: int) -> tuple[int, Path] | None:
        """Return the last step up to one that has gradients, and their file; None for none."""

    def curves(self) -> tuple[Curve, ...]:
        """Read loss, accuracy and whatever else was logged."""


class RecordedSeries:
    """The steps of a recording."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest: Manifest | None = manifest
        self._index = StepIndex(folder)
        self._curves: tuple[tuple[int, int], tuple[Curve, ...]] | None = None

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that can be shown, rising."""
        return tuple(self._index.names)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what cannot be read."""
        return tuple(self._index.damaged.values())

    def update(self) -> None:
        """Look for what has been added."""
        self._index.update()

    def files_for(self, step: int) -> Mapping[Path, tuple[str, ...] | None]:
        """Return which tensors of a step are in which file."""
        return dict(self._index.files_for(step))

    def gradients_for(self, step: int) -> tuple[int, Path] | None:
        """Return the last step up to one that has gradients, and their file; None for none."""
        before = [known for known in gradient_steps(self.folder) if known <= step]
        return (before[-1], gradient_file(self.folder, before[-1])) if before else None

    def curves(self) -> tuple[Curve, ...]:
        """Read what was logged, where that has changed: it is asked for twice a second."""
        try:
            state = (self.folder / SCALARS).stat()
        except OSError:  # nothing yet, or gone
            return read_scalars(self.folder)
        seen = state.st_size, state.st_mtime_ns
        if self._curves is None or self._curves[0] != seen:
            self._curves = seen, read_scalars(self.folder)
        return self._curves[1]


class CheckpointSeries:
    """The checkpoints in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Manifest | None = None
        self._files: dict[int, Path] = {}
        self.update()

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that can be shown, rising."""
        return tuple(self._files)

    @property
    def notes(self) -> tuple[str, ...]:
        """Nothing: what cannot be read is told when it is shown."""
        return ()

    def update(self) -> None:
        """Look for what has been added."""
        self._files = find_checkpoints(self.folder)

    def files_for(self, step: int) -> Mapping[Path, tuple[str, ...] | None]:
        """Return the files of a checkpoint, or of the newest one before."""
        before = [s for s in self._files if s <= step]
        if not before:
            raise VrnnError(f"the folder '{self.folder}' has no step {step} or earlier")
        return dict.fromkeys(weights_files(self._files[max(before)]))

    def gradients_for(self, step: int) -> None:
        """Return nothing: checkpoints have no gradients."""

    def curves(self) -> tuple[Curve, ...]:
        """Read the scalars beside the checkpoints."""
        return read_curves_beside(self.folder)


def open_series(folder: Path) -> StepSeries:
    """Open a folder with the steps of a training; it may be empty as yet.

    Raises:
        VrnnError: There is no such folder, or it cannot be read.
    """
    if not folder.is_dir():
        raise VrnnError(
            f"there is no folder '{folder}' with a recording or checkpoints; check the path"
        )
    manifest = read_manifest(folder)
    return CheckpointSeries(folder) if manifest is None else RecordedSeries(folder, manifest)
