"""The Compare panel says what differs between two networks, or why nothing is compared."""

from __future__ import annotations

import pytest
import torch
from imgui_bundle import imgui
from torch import nn

from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.comparison import LinkNetworks
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panels import comparison
from vrnn.ui.panels.comparison import ComparePanel


def model(channels: int = 4) -> nn.Module:
    """Return a small classifier; of other channels, its weights cannot be compared."""
    torch.manual_seed(0)
    made = nn.Sequential(
        nn.Conv2d(1, channels, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(channels, 3),
    )  # fmt: skip
    made.example_input = torch.rand(1, 1, 12, 12)
    return made


def drawn(monkeypatch: pytest.MonkeyPatch, app: OffscreenApp, subject: tuple[int, str] | None):
    """Draw the panel, and return the lines of text that it has beside its widgets."""
    told: list[str] = []
    for name in ("wrapped_text", "muted_text"):
        monkeypatch.setattr(comparison, name, lambda text, *_: told.append(text))
    context = PanelContext(app.workspace, app.dispatcher, told.append, subject=subject)
    before, created = imgui.get_current_context(), imgui.create_context()
    imgui.set_current_context(created)
    io = imgui.get_io()
    io.set_ini_filename("")
    io.backend_flags |= imgui.BackendFlags_.renderer_has_textures.value
    io.display_size = imgui.ImVec2(800, 1200)
    try:
        imgui.new_frame()
        imgui.begin("panel")
        ComparePanel().draw(context)
        imgui.end()
        imgui.render()
    finally:
        imgui.destroy_context(created)
        if before is not None:
            imgui.set_current_context(before)
    return told


@pytest.fixture
def child() -> nn.Module:
    """A model whose convolution is that of `model`, with all weights half as large."""
    made = model()
    with torch.no_grad():
        made[0].weight *= 0.5
    return made


def test_what_differs_is_said(monkeypatch: pytest.MonkeyPatch, child: nn.Module) -> None:
    with OffscreenApp([ModelSpec(model()), ModelSpec(child)], load_config()) as app:
        reset(app)
        assert "comparing, see Jobs" in drawn(monkeypatch, app, (0, "0"))
        app.do(LinkNetworks())  # a command waits for the jobs
        told = drawn(monkeypatch, app, (1, "0"))
        assert "weights: |Δw| / |w| = 0.5" in told
        assert any(text.startswith("channels that changed most: ") for text in told)
        assert any(text.startswith("maps of this image: correlation ") for text in told)


def test_other_shapes_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with OffscreenApp([ModelSpec(model()), ModelSpec(model(6))], load_config()) as app:
        drawn(monkeypatch, app, (0, "0"))
        app.do(LinkNetworks())
        told = drawn(monkeypatch, app, (0, "0"))
        assert "its weights have other shapes: 4×1×3×3 and 6×1×3×3" in told


def test_one_network_has_nothing_to_be_compared_with(monkeypatch: pytest.MonkeyPatch) -> None:
    with OffscreenApp([ModelSpec(model())], load_config()) as app:
        (told,) = drawn(monkeypatch, app, None)
        assert told.startswith("Only one network is open, so there is nothing to compare it with")
