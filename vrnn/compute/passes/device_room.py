"""What is done where a model's device runs full: what need not be there is given up.

The model has to run there; its maps can as well be converted on the processor, which takes longer.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

OutOfMemory = torch.cuda.OutOfMemoryError
"""What torch raises where a device has no memory left."""
NOTE = (
    "the device's memory is full: from now on passes run one operation after the other, and maps "
    "are converted on the processor, which takes longer"
)


class DeviceRoom:
    """Whether maps are converted where the model runs, and what is told when that changes.

    Attributes:
        is_short: Whether the device has run full: maps are converted on the processor.
    """

    def __init__(self, drop: Callable[[str], None]) -> None:
        """Begin with room.

        Args:
            drop: Gives up what can be made again, such as a captured pass, for a reason.
        """
        self._drop = drop
        self._untold = ""
        self.is_short = False

    def make(self) -> bool:
        """Make room where a device has run full; returns whether there is another way to go on.

        Where the maps are converted on the processor already, the model itself has no room.
        """
        self._drop("the device's memory is full")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if self.is_short:
            return False
        self.is_short, self._untold = True, NOTE
        return True

    def place(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return a tensor where its maps are to be converted."""
        return tensor.cpu() if self.is_short else tensor

    def take_note(self) -> str:
        """Return what is to be told, once; '' for nothing."""
        note, self._untold = self._untold, ""
        return note
