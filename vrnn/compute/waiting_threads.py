"""How long threads of torch stay awake between two operations, where these run on GNU's OpenMP.

By default they spin for milliseconds. That suits a program that does nothing else: here they would
take the cores from what converts maps and draws, and two of them that are put on one core may stay
there, each waiting for the other, fifty times as slow.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

SPIN_COUNT = 3000
"""Rounds that a thread waits awake, some ten microseconds: as long as Python takes from one
operation to the next."""
SETTINGS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
"""Environment variables by which the user may have said it."""


def sleep_soon(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let these threads sleep soon; for a process that is vrnn's own, before torch is imported.

    Args:
        environment: Of the process.
    """
    if not any(name in environment for name in SETTINGS):
        environment[SETTINGS[0]] = str(SPIN_COUNT)
