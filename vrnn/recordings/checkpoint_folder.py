"""Folders of checkpoints as training programs leave them, and the scalars beside them.

Known names: `checkpoint-500/` with its files (Transformers), `epoch=3-step=1200.ckpt` (Lightning),
`step_100.pt`, `model-0003.safetensors`, and any other name of a weights file with a number in it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from vrnn.errors import VrnnError
from vrnn.recordings.event_file import event_files, read_events
from vrnn.recordings.scalar_table import MAX_TABLE_BYTES, Curve, curves_of
from vrnn.storage.input_file import read_text, reason

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin")
"""Of weights files."""
IN_FOLDER = (
    "model.safetensors.index.json", "pytorch_model.bin.index.json", "model.safetensors",
    "pytorch_model.bin", "model.pt", "model.pth",
)  # fmt: skip
"""Files with the weights in a folder that is a checkpoint, the best first."""
OTHERS = re.compile(
    r"optim|sched|scaler|rng|training_args|random_state|example|gradients", re.IGNORECASE
)
"""Parts of the names of files that hold no weights of the model."""
STEP = re.compile(
    r"(?:step|iter(?:ation)?|checkpoint|ckpt|batch)s?[=_\-.]?(\d{1,15})", re.IGNORECASE
)
EPOCH = re.compile(r"ep(?:och)?s?[=_\-.]?(\d{1,15})", re.IGNORECASE)
NUMBER = re.compile(r"\d{1,15}")
MAX_SHARDS = 1000


def find_checkpoints(folder: Path) -> dict[int, Path]:
    """Find the checkpoints in a folder, or in the folder `checkpoints` in it.

    Args:
        folder: The folder.

    Returns:
        The weights file, or the index of its parts, by step (or by epoch, or other number, where
        names tell no step), rising. Files without a number are left out where others have one.

    Raises:
        VrnnError: The folder cannot be read.
    """
    try:
        entries = sorted(folder.iterdir())
        inner = folder / "checkpoints"
        if inner.is_dir():
            entries += sorted(inner.iterdir())
        files = [(entry.name, file) for entry in entries if (file := _weights_file(entry))]
    except OSError as error:
        raise VrnnError(f"cannot read the folder '{folder}': {reason(error)}") from error
    for pattern in (STEP, EPOCH, NUMBER):
        found = {}
        for name, file in files:
            numbers = pattern.findall(name)
            if numbers:
                found[int(numbers[-1])] = file
        if found and (len(found) > 1 or pattern is NUMBER or len(files) == 1):
            return dict(sorted(found.items()))
    try:
        by_time = sorted((file for _, file in files), key=lambda file: file.stat().st_mtime_ns)
    except OSError as error:
        raise VrnnError(f"cannot read the folder '{folder}': {reason(error)}") from error
    return dict(enumerate(by_time))


def _weights_file(entry: Path) -> Path | None:
    """The file with the weights of what may be a checkpoint; None where it is none."""
    if entry.is_dir():
        return next((entry / name for name in IN_FOLDER if (entry / name).is_file()), None)
    is_weights = entry.suffix in SUFFIXES and not OTHERS.search(entry.name)
    return entry if is_weights and entry.is_file() and not entry.name.startswith(".") else None


def weights_files(file: Path) -> tuple[Path, ...]:
    """Return the files that together hold a checkpoint: the file, or the parts of an index.

    Raises:
        VrnnError: The index cannot be read, or names files elsewhere.
    """
    if file.suffix != ".json":
        return (file,)
    text = read_text(file, "the checkpoint's index")
    try:
        names = sorted({str(name) for name in json.loads(text)["weight_map"].values()})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise VrnnError(f"the checkpoint's index '{file}' is damaged; save it again") from error
    if len(names) > MAX_SHARDS or any(Path(name).name != name for name in names):
        raise VrnnError(f"the checkpoint's index '{file}' names files outside its folder")
    return tuple(file.parent / name for name in names)


def read_curves_beside(folder: Path) -> tuple[Curve, ...]:
    """Read the scalars that lie beside checkpoints.

    They come from TensorBoard's event files in the folder, below it, or where it is called
    `checkpoints`, beside it; from Lightning's `metrics.csv`; or from Transformers'
    `trainer_state.json`.

    Raises:
        VrnnError: One of these files cannot be read.
    """
    around = folder.parent if folder.name == "checkpoints" else folder
    rows = [row for file in event_files(around) for row in read_events(file)]
    if not rows:
        rows = [*_metrics_rows(around / "metrics.csv"), *_trainer_rows(around)]
    return curves_of(rows)


def _metrics_rows(file: Path) -> Iterator[tuple[int, str, float]]:
    if not file.is_file():
        return
    text = read_text(file, "the metrics", MAX_TABLE_BYTES)
    for row in csv.DictReader(io.StringIO(text)):
        try:
            step = int(row.get("step") or "")
        except ValueError:
            continue
        for name, value in row.items():
            if name not in ("step", "epoch") and isinstance(name, str) and isinstance(value, str):
                try:
                    yield step, name, float(value)
                except ValueError:
                    continue


def _trainer_rows(folder: Path) -> Iterator[tuple[int, str, float]]:
    files = [*folder.glob("checkpoint-*/trainer_state.json"), *folder.glob("trainer_state.json")]
    if not files:
        return
    newest = max(files, key=lambda file: file.stat().st_mtime_ns)
    text = read_text(newest, "the trainer's state", MAX_TABLE_BYTES)
    try:
        for entry in json.loads(text)["log_history"]:
            for name, value in entry.items():
                if name not in ("step", "epoch") and isinstance(value, int | float):
                    yield int(entry["step"]), name, float(value)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise VrnnError(f"'{newest}' is damaged; remove it to go on without its curves") from error
