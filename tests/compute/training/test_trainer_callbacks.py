"""The trainers of Lightning and Transformers watch with one line."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from vrnn.compute.training.trainer_callbacks import lightning_callback, transformers_callback
from vrnn.errors import VrnnError
from vrnn.recordings.step_series import open_series


def step(model: nn.Module) -> torch.Tensor:
    loss = model(torch.ones(2, 3)).square().mean()
    loss.backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    return loss.detach()


def test_transformers_calls_it(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    callback = transformers_callback(folder=tmp_path, every=1, window=False)
    model, state = nn.Linear(3, 1), transformers.TrainerState()
    handler = transformers.trainer_callback.CallbackHandler([callback], model, None, None, None)
    control = transformers.TrainerControl()
    handler.on_train_begin(None, state, control)
    step(model)
    handler.on_step_end(None, state, control)
    handler.on_log(None, state, control, {"loss": 0.5, "note": "no number"})
    handler.on_train_end(None, state, control)
    series = open_series(tmp_path)
    assert series.steps == (0, 1)
    assert {curve.name for curve in series.curves()} == {"gradient norm", "loss"}


def test_a_trainer_like_lightnings_calls_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in has Lightning's names where Lightning is not installed."""

    class Callback:
        def on_validation_start(self, trainer: object, module: object) -> None:
            """Be one of the many that are not overridden."""

    stand_in = ModuleType("lightning.pytorch")
    stand_in.Callback = Callback  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lightning", ModuleType("lightning"))
    monkeypatch.setitem(sys.modules, "lightning.pytorch", stand_in)
    callback = lightning_callback(folder=tmp_path, every=1, window=False)
    assert isinstance(callback, Callback)
    model = nn.Linear(3, 1)
    trainer = SimpleNamespace(callback_metrics={"acc": torch.tensor(0.5)})
    callback.on_train_start(trainer, model)
    callback.on_train_batch_end(trainer, model, {"loss": step(model)}, None, 0)
    callback.on_exception(trainer, model, KeyboardInterrupt())
    callback.on_train_end(trainer, model)
    series = open_series(tmp_path)
    assert series.steps[-1] == 1
    assert {curve.name for curve in series.curves()} >= {"loss", "acc"}


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lightning", "lightning.pytorch", "pytorch_lightning", "transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(VrnnError, match="pip install lightning"):
        lightning_callback()
    with pytest.raises(VrnnError, match="pip install transformers"):
        transformers_callback()
