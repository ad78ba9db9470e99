"""Which step of a recorded training is shown: a part of the `State`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from vrnn.storage.limits import Range

Step = Annotated[int, Range(0, 10**15)]
StepReference = Literal["", "first", "previous"]
"""The step that maps are compared with: none, the first one, or the one before that is shown."""

LayerValues = Literal["activations", "weights", "gradients"]
"""What layers show: their maps, their kernels, or the gradients of these."""


@dataclass(frozen=True)
class TrainingState:
    """Which weights the first network has.

    Attributes:
        step: The step of the training that is shown; None for the model's own weights.
        follow: Whether the newest step is shown in its place, as steps come.
        difference: By how much maps, or kernels, have changed since which step is shown in place of
            them.
        values: What layers show.
    """

    step: Step | None = None
    follow: bool = False
    difference: StepReference = ""
    values: LayerValues = "activations"


NO_TRAINING = TrainingState()
"""The model's own weights."""
