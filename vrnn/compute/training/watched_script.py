"""Runs a training script as it is, and watches the model that its first optimizer trains."""

from __future__ import annotations

import os
import runpy
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn
from torch.nn.modules import module as hooks
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook

from vrnn.compute.loading.torchvision_compat import watch_torchvision
from vrnn.compute.training.example_hook import first_samples
from vrnn.compute.training.spawned_training import watched_processes
from vrnn.compute.training.watch import watch_model
from vrnn.compute.training.watcher import Watcher, is_first_process
from vrnn.errors import VrnnError
from vrnn.storage.log import logger

COMPILE_WARNING = r"Using `torch.compile\(module\)` when there are global hooks"
NOTHING_TRAINED = 1
"""Exit code of a script that ended well without a step of an optimizer."""


class ModelFinder:
    """Finds the model of a training at its first step, and begins to watch it.

    Attributes:
        watcher: Watches it; None until it is found.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        """Listen to all modules and optimizers.

        Args:
            settings: As for `watch_model`.
        """
        self.watcher: Watcher | None = None
        self._settings = settings
        self._depth = 0
        self._called: dict[int, tuple[nn.Module, Any]] = {}
        self._is_found = False
        self._stepping: Optimizer | None = None
        # Of a script that is run as it is, this would say what only vrnn has brought about.
        warnings.filterwarnings("ignore", COMPILE_WARNING, UserWarning)
        self._on_passes = [
            hooks.register_module_forward_pre_hook(self._enter),
            hooks.register_module_forward_hook(self._leave, always_call=True),
        ]
        self._on_step = register_optimizer_step_pre_hook(self._before_step)

    def stop(self) -> None:
        """Listen no more; not to be called in a hook of an optimizer."""
        self._leave_passes()
        self._on_step.remove()

    def _leave_passes(self) -> None:
        for hook in self._on_passes:
            hook.remove()
        self._on_passes.clear()

    def _enter(self, module: nn.Module, arguments: Any) -> None:
        if self._depth == 0 and id(module) not in self._called:
            self._called[id(module)] = (module, first_samples(module, arguments, {}))
            if self._stepping is not None:
                self._find(self._stepping)
        self._depth += 1

    def _leave(self, module: nn.Module, arguments: Any, result: Any) -> None:
        self._depth -= 1

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if self._is_found:  # a hook that is removed while torch goes through them would end that
            return
        self._find(optimizer)
        # One that is given a closure runs the first pass within its step.
        self._stepping = None if self._is_found else optimizer

    def _find(self, optimizer: Optimizer) -> None:
        """Watch the model that an optimizer trains, if it has been called."""
        trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
        counts = {
            key: sum(id(p) in trained for p in module.parameters())
            for key, (module, _) in self._called.items()
        }
        best = max(counts, key=counts.__getitem__, default=None)
        if best is None or not counts[best]:
            return
        model, example = self._called[best]
        self._is_found = True
        self._leave_passes()
        self._called.clear()
        try:
            self.watcher = watch_model(model, example, **self._settings)
        except VrnnError as error:  # the training goes on unwatched
            logger.warning(str(error))


@contextmanager
def watched(settings: dict[str, Any]) -> Iterator[ModelFinder]:
    """Watch the model that is trained meanwhile, and tell at the end where it was recorded.

    Args:
        settings: As for `watch_model`.
    """
    finder = ModelFinder(settings)
    try:
        yield finder
    finally:
        finder.stop()
        if finder.watcher is not None:
            finder.watcher.close()
            if finder.watcher.folder is not None:
                logger.warning(f"recorded in {finder.watcher.folder}")


def run_watched(script: Path, arguments: Sequence[str], **settings: Any) -> int:
    """Run a script as `python script.py` would, and watch the model that it trains.

    Args:
        script: The script; or the name of a module, which is run as `python -m` would.
        arguments: Its arguments.
        **settings: As for `watch_model`.

    Returns:
        The exit code: the script's own, or 1 where it fails.
    """
    watch_torchvision()
    sys.argv = [str(script), *arguments]
    is_file = script.is_file()
    sys.path.insert(0, str(script.resolve().parent) if is_file else os.getcwd())
    code = 0
    with watched(settings) as finder, watched_processes(partial(watched, settings)) as started:
        try:
            if is_file:
                runpy.run_path(str(script), run_name="__main__")
            else:
                runpy.run_module(str(script), run_name="__main__", alter_sys=True)
        except SystemExit as ended:
            code = _exit_code(ended)
        except Exception as error:
            _print_traceback(error)
            code = 1
    if finder.watcher is None and not started and code == 0 and is_first_process():
        logger.warning(f"'{script}' ended without a step of a torch optimizer: nothing was watched")
        return NOTHING_TRAINED
    return code


def _exit_code(ended: SystemExit) -> int:
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    print(ended.code, file=sys.stderr)  # as Python does
    return 1


def _print_traceback(error: Exception) -> None:
    """Print the traceback of a script's error, as Python would without what runs it."""
    frames = error.__traceback__
    own = (os.path.abspath(__file__), "<frozen runpy>")
    while frames is not None and frames.tb_frame.f_code.co_filename in own:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames)
