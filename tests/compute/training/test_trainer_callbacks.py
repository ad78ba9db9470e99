"""The trainers of Lightning and Transformers watch with one line."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from vrnn.compute.loading.example_file import read_examples
from vrnn.compute.loading.torchvision_compat import watch_torchvision
from vrnn.compute.training.trainer_callbacks import lightning_callback, transformers_callback
from vrnn.errors import VrnnError
from vrnn.recordings.manifest import EXAMPLE
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
    with pytest.raises(VrnnError, match=r"pip install 'vrnn\[lightning\]'"):
        lightning_callback()
    with pytest.raises(VrnnError, match=r"pip install 'vrnn\[trainer\]'"):
        transformers_callback()


def test_a_wrong_setting_is_told_at_once() -> None:
    pytest.importorskip("transformers")
    with pytest.raises(TypeError, match="evry"):
        transformers_callback(evry=10)


def test_transformers_own_trainer(tmp_path: Path) -> None:
    """Its model takes keywords, with labels last."""
    pytest.importorskip("accelerate")
    watch_torchvision()
    transformers = pytest.importorskip("transformers")
    config = transformers.ViTConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        image_size=8, patch_size=4, num_labels=2,
    )  # fmt: skip
    data = [{"pixel_values": torch.rand(3, 8, 8), "labels": i % 2} for i in range(12)]
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"), num_train_epochs=1, per_device_train_batch_size=2, logging_steps=2,
        report_to=[], save_strategy="no", use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    folder = tmp_path / "run"
    callback = transformers_callback(folder=str(folder), every=2, window=False)
    model = transformers.ViTForImageClassification(config)
    trainer = transformers.Trainer(model, arguments, train_dataset=data, callbacks=[callback])
    trainer.train()
    series = open_series(folder)
    assert series.steps == (0, 2, 4, 6)
    assert {"loss", "learning_rate"} <= {curve.name for curve in series.curves()}
    assert [tuple(tensor.shape) for tensor in read_examples(folder / EXAMPLE)[0]] == [(1, 3, 8, 8)]


def test_lightnings_own_trainer(tmp_path: Path) -> None:
    """A module that is never called itself is recorded too."""
    watch_torchvision()
    lightning = pytest.importorskip("lightning")

    class Module(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(3, 2)

        def training_step(self, batch: list[torch.Tensor], number: int) -> torch.Tensor:
            loss = self.net(batch[0]).square().mean()
            self.log("squares", loss)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    data = torch.utils.data.TensorDataset(torch.rand(12, 3))
    callback = lightning_callback(folder=str(tmp_path / "run"), every=2, window=False)
    trainer = lightning.Trainer(
        max_epochs=1, callbacks=[callback], logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, accelerator="cpu",
    )  # fmt: skip
    trainer.fit(Module(), torch.utils.data.DataLoader(data, 2))
    series = open_series(tmp_path / "run")
    assert series.steps == (0, 2, 4, 6)
    assert {"loss", "squares"} <= {curve.name for curve in series.curves()}
