"""Which step of a recorded training is shown: a part of the `State`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from vrnn.storage.limits import Range

Step = Annotated[int, Range(0, 10**15)]


@dataclass(frozen=True)
class TrainingState:
    """Which weights the first network has.

    Attributes:
        step: The step of the training that is shown; None for the model's own weights.
        follow: Whether the newest step is shown in its place, as steps come.
    """

    step: Step | None = None
    follow: bool = False


NO_TRAINING = TrainingState()
"""The model's own weights."""
