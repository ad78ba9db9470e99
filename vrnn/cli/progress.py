"""The progress bar of work that takes a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm


def progress_bar(total: int, unit: str, quiet: bool) -> tqdm:
    """Return a bar on stderr, shown only where that is a terminal.

    Args:
        total: How many there are to make.
        unit: What several of them are called.
        quiet: Whether to show nothing at all.
    """
    from tqdm import tqdm  # takes 28 ms to import, for nothing in most runs

    return tqdm(total=total, unit=f" {unit}", disable=True if quiet else None, dynamic_ncols=True)
