"""Watches a model while it is trained: snapshots at some steps, written by a thread of their own.

The training never waits. A snapshot is copied between two steps; when the thread still writes one,
a newer one takes the place of any that waits. What goes wrong ends the recording with one sentence,
not the training.
"""

from __future__ import annotations

import atexit
import fnmatch
import math
import multiprocessing
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from vrnn.compute.script_opening import is_opening_script
from vrnn.compute.training.gradient_sampler import Gradients, GradientSampler
from vrnn.compute.training.optimizer_rounds import OptimizerRounds
from vrnn.compute.training.recording_writer import RecordingWriter
from vrnn.errors import VrnnError, error_text
from vrnn.recordings.manifest import Manifest
from vrnn.storage.log import logger

GRADIENT_NORM = "gradient norm"
"""Curve of the length of the whole gradient at kept steps."""
CLOSE_SECONDS = 60.0
"""How long the end of the training waits for the last snapshot to be written."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Copies of a step, on their way to the thread that writes, or memory for the next.

    Attributes:
        step: Its number.
        weights: By name.
        gradients: By name; see `GradientSampler`.
        has_gradients: Whether they are of this step.
    """

    step: int
    weights: dict[str, torch.Tensor]
    gradients: Gradients
    has_gradients: bool = False


class Watcher:
    """Records a model while it is trained; use it in a `with`, or let the program's end close it.

    Attributes:
        folder: The recording; None where another process of the training records, or vrnn runs the
            script to open its model.
        step: How many steps the training has taken.
        problem: Why the recording has ended; '' while it goes on.
        on_first_step: Called after the next step, once.
    """

    def __init__(
        self, model: nn.Module, folder: Path, source: str, every: int, names: str, budget: int,
        gradients: bool = True,
    ) -> None:  # fmt: skip
        """Begin to watch; the weights are recorded as they are now.

        Args:
            model: The model.
            folder: Where the recording is written.
            source: What `vrnn --model` opens to show it; '' for unknown.
            every: A step in so many is kept.
            names: A pattern that names of recorded weights fit; all are recorded at the start.
            budget: About how many bytes the recording may take.
            gradients: Whether gradients of kernels are kept with the weights.

        Raises:
            VrnnError: The folder cannot be written, or nothing can be recorded.
        """
        self.folder: Path | None = None
        self.step, self.problem = 0, ""
        self.on_first_step: Callable[[], None] | None = None
        self._model, self._every, self._names = unwrapped(model), every, names
        self._wake = threading.Condition()
        self._pending: Snapshot | None = None
        self._scalars: deque[tuple[int, str, Any]] = deque()
        self._free: list[Snapshot] = []
        self._is_closed = False
        self._trains_model: weakref.WeakKeyDictionary[Optimizer, bool] = weakref.WeakKeyDictionary()
        self._rounds = OptimizerRounds()
        self._last_asked, self._told_not_finite = 0, False
        self._thread: threading.Thread | None = None
        self._hook: Any = None
        if not is_first_process() or is_opening_script():
            return
        shapes = self._shapes()
        if not shapes:
            raise VrnnError(
                f"{type(self._model).__name__} has no weights that can be recorded here: they are "
                "missing, on the meta device, or spread over processes; watch the whole model"
            )
        if not fnmatch.filter(shapes, names):
            raise VrnnError(f"no weight is called like '{names}'; there is: {next(iter(shapes))}")
        self._shown_shapes = shapes
        count = sum(p.numel() for p in self._model.parameters())
        self._gradients = GradientSampler(self._model, names) if gradients else None
        manifest = Manifest(type(self._model).__name__, source, names, every, count, gradients)
        self._writer = RecordingWriter(folder, manifest, budget)
        self.folder, self._process = folder, os.getpid()
        self.step = max(self._writer.last_step, 0)
        if self._writer.last_step < 0:
            self._writer.write(0, self._copy("*", {}))
        self._hook = register_optimizer_step_post_hook(self._after_step)
        self._thread = threading.Thread(target=self._write_all, name="vrnn-recording", daemon=True)
        self._thread.start()
        atexit.register(self.close)
        if multiprocessing.parent_process() is not None:  # such a process ends without `atexit`
            Finalize(None, self.close, exitpriority=0)

    def log(self, **values: Any) -> None:
        """Add values to the curves at the present step.

        Args:
            **values: Numbers or tensors with one value, such as `loss=loss`; they are read later.
        """
        if self._thread is None or self.problem:
            return
        with self._wake:
            for name, value in values.items():
                value = value.detach() if isinstance(value, torch.Tensor) else value
                self._scalars.append((self.step, name, value))
            self._wake.notify()

    def close(self) -> None:
        """Record the last step and end; the training may go on unwatched."""
        if self._thread is None or self._process != os.getpid():
            return
        atexit.unregister(self.close)
        if self._hook is not None:
            self._hook.remove()
            self._hook = None
        self.step += self._rounds.is_begun
        if self.step > self._last_asked and not self.problem:
            self._take_snapshot()
        with self._wake:
            self._is_closed = True
            self._wake.notify()
        self._thread.join(CLOSE_SECONDS)
        self._thread = None

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # In the thread of the training.

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if self._process != os.getpid() or self.problem or not self._trains(optimizer):
            return
        if not self._rounds.ends_with(optimizer):
            return
        self.step += 1
        called, self.on_first_step = self.on_first_step, None
        if called is not None:
            called()
        if self.step % self._every:
            return
        try:
            self._take_snapshot(has_gradients=True)
            self._log_gradient_norm()  # unless the recording has ended
        except Exception as error:  # a watcher that fails ends no training
            self._end(f"step {self.step} cannot be recorded: {error_text(error)}")

    def _trains(self, optimizer: Optimizer) -> bool:
        """Whether an optimizer changes the model, or some other one."""
        if optimizer not in self._trains_model:
            own = {id(p) for p in self._model.parameters()}
            groups = optimizer.param_groups
            trains = any(id(p) in own for group in groups for p in group["params"])
            self._trains_model[optimizer] = trains
        return self._trains_model[optimizer]

    def _log_gradient_norm(self) -> None:
        if self.problem:
            return
        found = [p.grad for p in self._model.parameters() if p.grad is not None]
        dense = [gradient for gradient in found if gradient.layout == torch.strided]
        if dense:
            with torch.no_grad():
                self.log(**{GRADIENT_NORM: nn.utils.get_total_norm(dense)})

    def _shapes(self) -> dict[str, torch.Size]:
        state = self._model.state_dict()
        return {name: tensor.shape for name, tensor in state.items() if _can_record(tensor)}

    def _copy(self, names: str, buffers: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Copy the weights to the CPU, into memory that an earlier snapshot has left."""
        state = self._model.state_dict()
        copied = {}
        for name, tensor in state.items():
            if not _can_record(tensor) or not fnmatch.fnmatchcase(name, names):
                continue
            buffer = buffers.get(name)
            if buffer is None or buffer.shape != tensor.shape or buffer.dtype != tensor.dtype:
                buffer = torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu")
            copied[name] = buffer.copy_(tensor.detach())
        return copied

    def _take_snapshot(self, has_gradients: bool = False) -> None:
        """Copy the present step for the thread that writes.

        Args:
            has_gradients: Whether gradients are those of this step: later they may be of another.
        """
        if self._shapes() != self._shown_shapes:
            self._end(
                f"the model has changed its weights' names or shapes, or has moved where they "
                f"cannot be read, at step {self.step}; call vrnn.watch again with another folder"
            )
            return
        with self._wake:  # one that waits is given up for this one
            if self._pending is not None:
                self._free.append(self._pending)
                self._pending = None
            old = self._free.pop() if self._free else Snapshot(0, {}, {})
        sampler = self._gradients if has_gradients else None
        with torch.no_grad():
            weights = self._copy(self._names, old.weights)
            gradients = old.gradients if sampler is None else sampler.copy(old.gradients)
        with self._wake:
            self._pending = Snapshot(self.step, weights, gradients, sampler is not None)
            self._wake.notify()
        self._last_asked = self.step

    def _end(self, reason: str) -> None:
        """End the recording, and tell why once."""
        if not self.problem:
            self.problem = reason
            logger.warning(f"the recording '{self.folder}' has ended: {reason}")

    # In the thread that writes.

    def _write_all(self) -> None:
        while True:
            with self._wake:
                while not (self._pending or self._scalars or self._is_closed):
                    self._wake.wait()
                pending, self._pending = self._pending, None
                scalars = list(self._scalars)
                self._scalars.clear()
                if self._is_closed and pending is None and not scalars:
                    return
            if self.problem:
                continue
            try:
                self._log(scalars)
                if pending is not None:
                    gradients = pending.gradients if pending.has_gradients else None
                    self._writer.write(pending.step, pending.weights, gradients)
            except Exception as error:  # a full disk, or a folder that was removed
                self._end(error_text(error))
            if pending is not None:
                with self._wake:
                    self._free.append(pending)

    def _log(self, scalars: list[tuple[int, str, Any]]) -> None:
        by_step: dict[int, dict[str, float]] = {}
        for step, name, value in scalars:
            try:
                number = float(value)
            except (TypeError, ValueError, RuntimeError):
                logger.warning(f"'{name}' is no number and is not recorded")
                continue
            if not math.isfinite(number) and not self._told_not_finite:
                self._told_not_finite = True
                logger.warning(f"{name} is not finite at step {step}: the training diverges")
            by_step.setdefault(step, {})[name] = number
        for step, values in by_step.items():
            self._writer.log(step, values)


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the model inside what spreads it over devices or compiles it."""
    for _ in range(4):
        inner = getattr(model, "_orig_mod", None)
        if inner is None and type(model).__name__.endswith("DataParallel"):
            inner = getattr(model, "module", None)
        if not isinstance(inner, nn.Module):
            break
        model = inner
    return model


def is_first_process() -> bool:
    """Whether this process is the one of a training that records: rank 0, or the only one."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank() == 0
    return os.environ.get("RANK", "0") == "0"


def _can_record(tensor: Any) -> bool:
    return (
        isinstance(tensor, torch.Tensor)
        and tensor.layout == torch.strided
        and not tensor.is_meta
        and not tensor.is_quantized
        and not hasattr(tensor, "full_tensor")  # a part of one that is spread over processes
    )
