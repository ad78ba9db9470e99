"""Python's garbage collector: it rests until torch is imported.

Imports make hundreds of thousands of objects that stay. To look through them again and again takes
a seventh of the time from the command to the first maps.
"""

from __future__ import annotations

import gc
import sys

_is_resting = False


def rest() -> None:
    """Collect no garbage until `wake`. Does nothing if torch is there already."""
    global _is_resting
    if gc.isenabled() and "torch" not in sys.modules:
        gc.disable()
        _is_resting = True


def wake() -> None:
    """Collect garbage again after `rest`, but not among the objects that are there now."""
    global _is_resting
    if _is_resting:
        _is_resting = False
        gc.freeze()
        gc.enable()
