"""Callbacks that watch a model in the trainers of Lightning and of Transformers.

The libraries are asked for only when a callback is made: its class is theirs with these methods.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from vrnn.compute.training.watch import watch_model
from vrnn.compute.training.watcher import Watcher
from vrnn.errors import VrnnError

LIGHTNING = ("lightning.pytorch", "pytorch_lightning")
"""Modules with Lightning's `Callback`, the newer name first."""


class _Watching:
    """Watches from the first to the last step of a trainer."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        inspect.signature(watch_model).bind(None, **settings)  # not only when the training begins
        self._settings = settings
        self._watcher: Watcher | None = None

    def _begin(self, model: Any) -> None:
        if self._watcher is None:
            self._watcher = watch_model(model, **self._settings)

    def _log(self, values: Mapping[str, Any]) -> None:
        if self._watcher is not None:
            self._watcher.log(**{str(name): value for name, value in values.items()})

    def _end(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.close()


class _LightningWatching(_Watching):
    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin to watch."""
        self._begin(pl_module)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log the loss and what the module has logged."""
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        logged = dict(getattr(trainer, "callback_metrics", {}))
        self._log(logged if loss is None else {"loss": loss, **logged})

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Record the last step."""
        self._end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Record the step that the training came to."""
        self._end()


class _TransformersWatching(_Watching):
    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Begin to watch."""
        self._begin(given.get("model"))

    def on_log(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Log the numbers that the trainer logs."""
        logs = given.get("logs") or {}
        self._log({name: v for name, v in logs.items() if isinstance(v, int | float)})

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Record the last step."""
        self._end()


def lightning_callback(**settings: Any) -> Any:
    """Return a callback for Lightning's `Trainer(callbacks=[…])`.

    Args:
        **settings: As for `vrnn.watch`, all but the model.

    Raises:
        VrnnError: Lightning is not installed.
    """
    for name in LIGHTNING:
        try:
            base = import_module(name).Callback
        except (ImportError, AttributeError):
            continue
        return type("WatchCallback", (_LightningWatching, base), {})(settings)
    raise VrnnError("Lightning is not installed; run: pip install 'vrnn[lightning]'")


def transformers_callback(**settings: Any) -> Any:
    """Return a callback for Transformers' `Trainer(callbacks=[…])`.

    Args:
        **settings: As for `vrnn.watch`, all but the model.

    Raises:
        VrnnError: Transformers is not installed.
    """
    try:
        base = import_module("transformers").TrainerCallback
    except (ImportError, AttributeError) as error:
        raise VrnnError(
            "Transformers is not installed; run: pip install 'vrnn[trainer]'"
        ) from error
    return type("WatchCallback", (_TransformersWatching, base), {})(settings)
