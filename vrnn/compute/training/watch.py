"""Starts to watch a model: its recording, the example beside it, and the window."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from torch import nn

from vrnn.compute.training.example_file import write_example
from vrnn.compute.training.watch_window import open_window
from vrnn.compute.training.watcher import Watcher
from vrnn.errors import VrnnError

DEFAULT_EVERY = 10
DEFAULT_BUDGET_MB = 1024.0


def watch_model(
    model: Any, example: Any = None, *, every: int = DEFAULT_EVERY, names: str = "*",
    folder: Path | None = None, source: str = "", window: bool = True,
    budget_mb: float = DEFAULT_BUDGET_MB,
) -> Watcher:  # fmt: skip
    """Begin to watch a model while it is trained. See `vrnn.watch` for arguments and errors."""
    if not isinstance(model, nn.Module):
        raise VrnnError(f"watch a torch.nn.Module, not {type(model).__name__}")
    if every < 1 or not budget_mb > 0:
        raise VrnnError("every and budget_mb should be larger than 0")
    place = folder or default_folder(type(model).__name__)
    watcher = Watcher(model, place, source, every, names, int(budget_mb * 2**20))
    if watcher.folder is None:  # another process of the training records
        return watcher
    if example is not None:
        write_example(watcher.folder, example)
    if window:
        open_window(watcher.folder)
    return watcher


def default_folder(name: str) -> Path:
    """Return a folder for a recording that does not exist yet.

    Args:
        name: Of the model.
    """
    when = datetime.now().strftime("%Y%m%d-%H%M%S")
    plain = re.sub(r"\W+", "-", name)
    folder = Path("recordings") / f"{plain}-{when}"
    number = 2
    while folder.exists():
        folder = folder.with_name(f"{plain}-{when}-{number}")
        number += 1
    return folder
