"""Writes a recording: what changed at each kept step, thinned when it grows over a budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from vrnn.compute.training.gradient_sampler import Gradients, packed
from vrnn.errors import VrnnError
from vrnn.recordings.manifest import MANIFEST, Manifest, read_manifest
from vrnn.recordings.scalar_table import append_scalars
from vrnn.recordings.step_files import (
    StepIndex,
    gradient_file,
    recorded_steps,
    step_file,
    total_bytes,
)
from vrnn.recordings.thinning import step_to_drop
from vrnn.storage.atomic import atomic_path, make_folder

Weights = Mapping[str, torch.Tensor]
"""Dense tensors on the CPU, by name."""


class RecordingWriter:
    """Adds steps and scalars to a recording.

    Attributes:
        folder: The recording.
        last_step: The last step that was kept; −1 for none.
    """

    def __init__(self, folder: Path, manifest: Manifest, budget: int) -> None:
        """Begin a recording, or go on with one.

        Args:
            folder: Where it is; created where it is missing.
            manifest: What it is of.
            budget: About how many bytes its steps may take.

        Raises:
            VrnnError: The folder cannot be written, or holds another model's recording.
        """
        make_folder(folder)
        there = read_manifest(folder)
        if there is not None and (there.model, there.parameters) != (
            manifest.model, manifest.parameters,
        ):  # fmt: skip
            raise VrnnError(
                f"'{folder}' holds a recording of another model ({there.model} with "
                f"{there.parameters:,} parameters, not {manifest.model} with "
                f"{manifest.parameters:,}); name another folder"
            )
        manifest.write(folder)
        self.folder, self._budget = folder, budget
        steps = recorded_steps(folder)
        self.last_step = steps[-1] if steps else -1
        self._kept: dict[str, torch.Tensor] = {}
        self._is_first = True
        self._index = StepIndex(folder)

    def write(self, step: int, weights: Weights, gradients: Gradients | None = None) -> None:
        """Keep a step; a file is whole or not there, so a kill loses no other.

        Args:
            step: Its number, larger than all before.
            weights: All that is recorded; copied.
            gradients: Those that led to it, where they are recorded.

        Raises:
            VrnnError: It cannot be written; the recording stays as it was.
        """
        if not (self.folder / MANIFEST).exists():  # later steps hold only what has changed
            raise VrnnError(f"'{self.folder}' was removed while it was written; begin a new one")
        changed = {
            name: tensor
            for name, tensor in weights.items()
            if self._is_first or not _equal(self._kept.get(name), tensor)
        }
        if gradients:  # before the step: one that is there has its gradients
            with atomic_path(gradient_file(self.folder, step)) as temporary:
                _save(packed(gradients), temporary)
        with atomic_path(step_file(self.folder, step)) as temporary:
            _save(changed, temporary)
        self._is_first = False
        for name, tensor in changed.items():
            kept = self._kept.get(name)
            if kept is None or kept.shape != tensor.shape or kept.dtype != tensor.dtype:
                self._kept[name] = tensor.clone()
            else:
                kept.copy_(tensor)
        self.last_step = step
        self._thin()

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Add scalars to the table.

        Raises:
            VrnnError: They cannot be written.
        """
        append_scalars(self.folder, step, values)

    def _thin(self) -> None:
        """Drop steps until the budget holds; what only a dropped one has moves to the next."""
        index = self._index
        index.update()
        steps = list(index.names)
        while total_bytes(self._files(steps)) > self._budget:
            dropped = step_to_drop(steps)
            if dropped is None:
                return
            after = steps[steps.index(dropped) + 1]
            names = set(index.names[dropped]) | set(index.names[after])
            if len(names) > len(index.names[after]):
                merged = _load(step_file(self.folder, dropped))
                merged |= _load(step_file(self.folder, after))
                with atomic_path(step_file(self.folder, after)) as temporary:
                    _save(merged, temporary)
                index.names[after] = tuple(names)
            for file in self._files([dropped]):
                with suppress(OSError):
                    file.unlink()
            steps.remove(dropped)

    def _files(self, steps: Iterable[int]) -> Iterator[Path]:
        """Yield the files of steps, those of gradients also where there are none."""
        for step in steps:
            yield step_file(self.folder, step)
            yield gradient_file(self.folder, step)


def _equal(kept: torch.Tensor | None, tensor: torch.Tensor) -> bool:
    return (
        kept is not None
        and kept.shape == tensor.shape
        and kept.dtype == tensor.dtype
        and torch.equal(kept, tensor)
    )


def _save(tensors: Mapping[str, torch.Tensor], file: Path) -> None:
    """Write tensors; raises OSError where the disk is full."""
    try:
        save_file(dict(tensors), file)
    except SafetensorError as error:
        raise OSError(None, str(error)) from error


def _load(file: Path) -> dict[str, torch.Tensor]:
    try:
        # Copied: the file is mapped, and may be replaced.
        return {name: tensor.clone() for name, tensor in load_file(file).items()}
    except (SafetensorError, OSError) as error:
        raise VrnnError(f"'{file}' cannot be read to thin the recording: {error}") from error
