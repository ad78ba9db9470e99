"""Starts to watch a model: its recording, the example beside it, and the window."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from vrnn.compute.loading.example_file import write_example
from vrnn.compute.training.example_hook import on_first_pass
from vrnn.compute.training.model_origin import find_origin
from vrnn.compute.training.watch_window import open_window
from vrnn.compute.training.watcher import Watcher, unwrapped
from vrnn.errors import VrnnError
from vrnn.storage.log import logger

DEFAULT_EVERY = 10
MIN_BUDGET_MB, MAX_BUDGET_MB = 16.0, 1024.0
USUAL_STEPS = 24
"""Whole steps that a recording has room for, between these bounds, where no budget is given."""


def watch_model(
    model: Any, example: Any = None, *, every: int = DEFAULT_EVERY, names: str = "*",
    folder: str | Path | None = None, source: Any = "", window: bool = True,
    budget_mb: float | None = None, gradients: bool = True,
) -> Watcher:  # fmt: skip
    """Begin to watch a model while it is trained. See `vrnn.watch` for arguments and errors."""
    if not isinstance(model, nn.Module):
        raise VrnnError(f"watch a torch.nn.Module, not {type(model).__name__}")
    if every < 1 or (budget_mb is not None and not budget_mb > 0):
        raise VrnnError("every and budget_mb should be larger than 0")
    inner = unwrapped(model)
    place = Path(folder) if folder else default_folder(type(inner).__name__)
    source = str(source) or find_origin(inner)
    budget = _usual_budget(inner) if budget_mb is None else budget_mb
    watcher = Watcher(model, place, source, every, names, int(budget * 2**20), gradients)
    if watcher.folder is None:  # another process of the training records
        return watcher
    show: Callable[[Path], object] = open_window if window else _open_nothing
    if window and not source:
        show = partial(_tell_how_to_show, type(inner).__name__)
    if example is not None:
        _keep_example(watcher.folder, example)
        show(watcher.folder)
        return watcher
    here = watcher.folder

    def use(sample: Any) -> None:
        try:
            if sample is not None:
                _keep_example(here, sample)
        except VrnnError as error:  # the window then takes an input of its own
            logger.warning(str(error))
        show(here)

    watcher.on_first_step = on_first_pass(inner, use)
    return watcher


def _keep_example(folder: Path, example: Any) -> None:
    """Write what goes in in the window; what is not kept of it is told."""
    note = write_example(folder, example)
    if note:
        logger.warning(note)


def _usual_budget(model: nn.Module) -> float:
    """Megabytes that a recording may take where nobody says how many."""
    one = sum(p.numel() * p.element_size() for p in model.parameters()) / 2**20
    return min(max(USUAL_STEPS * one, MIN_BUDGET_MB), MAX_BUDGET_MB)


def _open_nothing(folder: Path) -> None:
    """Only record."""


def _tell_how_to_show(name: str, folder: Path) -> None:
    logger.warning(
        f"no window: how {name} is built is not known; see it with: "
        f"vrnn watch {folder} --model MODEL (or give source=MODEL)"
    )


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
