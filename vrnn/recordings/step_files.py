"""The steps of a recording as files: each holds the tensors that changed since the step before."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from vrnn.errors import VrnnError
from vrnn.storage.input_file import reason

MAX_HEADER = 64 << 20
"""Bytes of a safetensors header."""
_NAME = re.compile(r"step-(\d{1,15})\.safetensors")
_GRADIENTS = re.compile(r"gradients-(\d{1,15})\.safetensors")


def step_file(folder: Path, step: int) -> Path:
    """Return where a recording keeps what changed at a step."""
    return folder / f"step-{step:010}.safetensors"


def gradient_file(folder: Path, step: int) -> Path:
    """Return where a recording keeps the gradients of a step."""
    return folder / f"gradients-{step:010}.safetensors"


def recorded_steps(folder: Path) -> tuple[int, ...]:
    """Return the steps that a recording has kept, rising.

    Raises:
        VrnnError: The folder cannot be read.
    """
    return _numbers(folder, _NAME)


def gradient_steps(folder: Path) -> tuple[int, ...]:
    """Return the steps whose gradients a recording has kept, rising.

    Raises:
        VrnnError: The folder cannot be read.
    """
    return _numbers(folder, _GRADIENTS)


def _numbers(folder: Path, pattern: re.Pattern[str]) -> tuple[int, ...]:
    """The numbers in the names of a folder's files that fit a pattern, rising."""
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError as error:
        raise VrnnError(f"cannot read the folder '{folder}': {reason(error)}") from error
    return tuple(sorted(int(match[1]) for name in names if (match := pattern.fullmatch(name))))


def tensor_names(file: Path) -> tuple[str, ...]:
    """Return the names of the tensors in a safetensors file, from its header alone.

    Raises:
        VrnnError: It is cut short, or no safetensors.
    """
    problem = f"'{file}' is cut short or damaged; it is left out"
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > MAX_HEADER or 8 + length > size:
                raise VrnnError(problem)
            header = json.loads(stream.read(length))
        ends = [entry["data_offsets"][1] for n, entry in header.items() if n != "__metadata__"]
    except OSError as error:
        raise VrnnError(f"cannot read '{file}': {reason(error)}") from error
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise VrnnError(problem) from error
    if 8 + length + max(ends, default=0) > size:
        raise VrnnError(problem)
    return tuple(name for name in header if name != "__metadata__")


class StepIndex:
    """In which file of a recording each tensor of a step is.

    Attributes:
        folder: The recording.
        names: The tensors in the file of each step that can be read.
        damaged: Why other files cannot be read, by step.
    """

    folder: Path

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[int, tuple[str, ...]] = {}
        self.damaged: dict[int, str] = {}
        self.update()

    def update(self) -> None:
        """Look for new files, and forget those that thinning has removed.

        Raises:
            VrnnError: The folder cannot be read.
        """
        steps = recorded_steps(self.folder)
        self.names = {step: self.names[step] for step in steps if step in self.names}
        for step in steps:
            if step not in self.names and step not in self.damaged:
                try:
                    self.names[step] = tensor_names(step_file(self.folder, step))
                except VrnnError as error:
                    self.damaged[step] = str(error)
        self.names = {step: self.names[step] for step in sorted(self.names)}

    def files_for(self, step: int) -> Mapping[Path, tuple[str, ...]]:
        """Return which tensors of a step are read from which file.

        Args:
            step: One of those recorded; the newest of those before it counts where it is missing.

        Raises:
            VrnnError: There is none so early.
        """
        found: dict[Path, tuple[str, ...]] = {}
        seen: set[str] = set()
        for earlier in sorted((s for s in self.names if s <= step), reverse=True):
            names = tuple(name for name in self.names[earlier] if name not in seen)
            if names:
                found[step_file(self.folder, earlier)] = names
                seen.update(names)
        if not found:
            raise VrnnError(f"the recording '{self.folder}' has no step {step} or earlier")
        return found


def total_bytes(files: Iterable[Path]) -> int:
    """Return how many bytes files have together; those that are gone count nothing."""
    total = 0
    for file in files:
        try:
            total += file.stat().st_size
        except OSError:  # thinned meanwhile
            continue
    return total
