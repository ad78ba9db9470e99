"""One step of a training, as it is handed to what reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vrnn.recordings.step_series import StepSeries


@dataclass(frozen=True)
class RecordedStep:
    """A step and the files that its weights are in.

    Attributes:
        folder: The recording, or the folder of checkpoints.
        step: Its number.
        files: Each with the names of the tensors to read from it; None for all in it.
    """

    folder: Path
    step: int
    files: tuple[tuple[Path, tuple[str, ...] | None], ...]


def recorded_step(series: StepSeries, step: int) -> RecordedStep:
    """Return a step of a series.

    Raises:
        VrnnError: There is none, nor one before.
    """
    return RecordedStep(series.folder, step, tuple(series.files_for(step).items()))
