"""How much main memory there is, and how much of it feature maps may take."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)  # fmt: skip
"""Where Linux says how much a container may have, `max` for all."""
SHARE = 0.25
"""Part of the machine's memory that whole maps may take."""
LEAST_BYTES = 256 * 2**20
"""What whole maps may take on any machine."""


def host_bytes() -> int:
    """Return the bytes of main memory that this process may use.

    Returns:
        Those of the machine or, where that is less, of the container; 8 GiB where the system does
        not tell.
    """
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # as on Windows
        total = 8 << 30
    for path in CGROUP_LIMITS:
        try:
            text = path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text.isdigit():
            total = min(total, int(text))
    return total


def host_map_bytes(megabytes: float = 0.0) -> int:
    """Return how many bytes whole feature maps may take in main memory.

    Args:
        megabytes: As the settings have it; 0 for what suits the machine.
    """
    if megabytes:
        return int(megabytes * 2**20)
    return max(LEAST_BYTES, int(SHARE * host_bytes()))
