"""The Training panel and the time line say what is shown of a recorded training."""

from __future__ import annotations

import time
from math import inf
from pathlib import Path

import pytest
import torch
from imgui_bundle import imgui
from torch import nn

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.training import GoToStep
from vrnn.commands.training_difference import ShowStepDifference
from vrnn.compute.training.watch import watch_model
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.recordings.manifest import EXAMPLE
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panels import training, training_examples
from vrnn.ui.panels.training import TrainingPanel
from vrnn.ui.timeline import draw_timeline, timeline_height

AREA = (0, 0, 1200, 800)


def model() -> nn.Module:
    """Return a small classifier."""
    torch.manual_seed(0)
    made = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    )
    made.example_input = torch.rand(1, 1, 12, 12)
    return made


def record(folder: Path, names: str) -> None:
    """Record two steps of a training."""
    net = model()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(2):
        with watch_model(net, every=1, names=names, folder=folder, window=False) as watcher:
            loss = net(torch.rand(2, 1, 12, 12)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watcher.log(loss=loss)


def drawn(
    monkeypatch: pytest.MonkeyPatch, app: OffscreenApp, subject: tuple[int, str] | None
) -> list[str]:
    """Draw the panel and the time line; return the lines of text of the panel."""
    told: list[str] = []
    for name in ("wrapped_text", "muted_text"):
        monkeypatch.setattr(training, name, lambda text, *_: told.append(text))
    monkeypatch.setattr(training_examples, "muted_text", lambda text, *_: told.append(text))
    context = PanelContext(
        app.workspace, app.dispatcher, told.append, subject=subject,
        make_texture=lambda pixels: imgui.ImTextureRef(1),
    )  # fmt: skip
    before, created = imgui.get_current_context(), imgui.create_context()
    imgui.set_current_context(created)
    io = imgui.get_io()
    io.set_ini_filename("")
    io.backend_flags |= imgui.BackendFlags_.renderer_has_textures.value
    io.display_size = imgui.ImVec2(1200, 1200)
    try:
        imgui.new_frame()
        imgui.begin("panel")
        TrainingPanel().draw(context)
        imgui.end()
        draw_timeline(context, AREA)
        assert timeline_height(context, AREA) > 0 or app.workspace.training.folder is None
        imgui.render()
    finally:
        imgui.destroy_context(created)
        if before is not None:
            imgui.set_current_context(before)
    return told


def test_the_change_of_weights_is_found_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path / "run", "*")
    monkeypatch.setattr("vrnn.workspace.training.REST_SECONDS", 0.0)
    with OffscreenApp([ModelSpec(model())], load_config()) as app:
        app.open_training(tmp_path / "run", 2)
        app.do(ShowStepDifference("previous"))
        until = time.monotonic() + 20
        while time.monotonic() < until:
            told = drawn(monkeypatch, app, (0, "0"))
            if any(text.startswith("weights: |Δw| / |w| = ") for text in told):
                break
            app.advance(0.05, inf, app.eye())  # as in each frame of the window
            time.sleep(0.01)
        else:
            pytest.fail(f"it was not found: {told}")
        assert "step 2 (3 of 3 recorded)" in told
        assert not any(text.startswith("only weights called") for text in told)
        told = drawn(monkeypatch, app, (0, "2"))
        assert "weights: found when a step is shown for a moment" in told


def test_weights_that_were_not_kept_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path / "run", "4.*")
    with OffscreenApp([ModelSpec(model())], load_config()) as app:
        assert drawn(monkeypatch, app, None)[0].startswith("No training is open")
        app.open_training(tmp_path / "run", 1)
        app.do(GoToStep(2))
        assert (
            "only weights called '4.*' were kept after the first step: all others are shown as at "
            "step 0"
        ) in drawn(monkeypatch, app, None)


def test_the_answers_to_all_images_are_found_for_the_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, images = model(), [torch.rand(1, 12, 12) for _ in range(3)]
    with watch_model(net, images, every=1, folder=tmp_path / "run", window=False):
        net(torch.stack(images)).square().mean().backward()
        torch.optim.SGD(net.parameters(), lr=0.5).step()
    monkeypatch.setattr("vrnn.workspace.training.REST_SECONDS", 0.0)
    spec = ModelSpec(net, example=tmp_path / "run" / EXAMPLE)
    with OffscreenApp([spec], load_config()) as app:
        app.open_training(tmp_path / "run", 1)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            told = drawn(monkeypatch, app, None)
            found, is_current = app.workspace.example_answers.known()
            if is_current:
                break
            assert "answers: found when a step is shown for a moment" in told
            app.advance(0.05, inf, app.eye())
            time.sleep(0.01)
        assert [len(answer.classes) for answer in found] == [3, 3, 3]
        assert not any(text.startswith("answers") for text in drawn(monkeypatch, app, None))
