"""What commands offer, refuse and change where there are samples, slices and several networks."""

import pytest
import torch
from torch import nn

from tests.commands import test_offers
from tests.support import golden_text
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.axes import (
    ForgetAxisRoles,
    SetAxisRoles,
    ShowIndex,
    ShowNext,
    ShowSideBySide,
)
from vrnn.commands.edit import Undo
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec


class Volumes(nn.Module):
    """Two samples of a volume, and what becomes of each slice."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv3d(1, 4, 3, padding=1), nn.Conv3d(4, 3, 3, padding=1)
        self.example_input_array = torch.linspace(-1, 1, 2 * 4 * 12 * 10).view(2, 1, 4, 12, 10)

    def forward(self, x):
        return self.second(self.first(x).relu())


class Words(nn.Module):
    """A text, and a vector for each token."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.table, self.last = nn.Embedding(9, 6), nn.Linear(6, 9)
        self.example_input_array = torch.arange(7)[None]

    def forward(self, ids):
        return self.last(self.table(ids).tanh())


MODELS = {"volumes": ([Volumes], "first"), "words": ([Words], "last"),
          "both": ([Volumes, Words], "second")}  # fmt: skip
SCENES = {
    "at first": [],
    "another sample": [ShowIndex("batch", index=1)],
    "the next slice": [ShowNext("depth")],
    "all slices": [ShowSideBySide("depth")],
    "other roles": [SetAxisRoles("first", axes=("batch", "channel", "time", "height", "width"))],
    "forgotten roles": [
        SetAxisRoles("first", axes=("batch", "channel", "time", "height", "width")),
        ForgetAxisRoles("first"),
    ],
}  # fmt: skip
CASES = [(model, "at first") for model in MODELS] + [
    ("volumes", scene) for scene in list(SCENES)[1:]
]  # fmt: skip
SHOWN = ("axes.", "input.", "output.", "layer.", "view.", "display.")
"""Beginnings of the names of commands of which something else is told than for pictures."""


@pytest.fixture(scope="module")
def apps():
    """Programs by the name of what is open in them, each opened once."""
    opened = {}

    def app_of(name):
        if name not in opened:
            specs = [ModelSpec(build()) for build in MODELS[name][0]]
            opened[name] = OffscreenApp(specs, load_config()).__enter__()
        return opened[name]

    yield app_of
    for app in opened.values():
        app.__exit__(None, None, None)


@pytest.mark.parametrize(("model", "scene"), CASES)
def test_what_commands_offer_and_change(apps, monkeypatch, model, scene, regenerate):
    app = apps(model)
    if app.workspace.history.undo_label:
        app.do(Undo(times=1_000))
    monkeypatch.setattr(test_offers, "LAYER", MODELS[model][1])
    for command in SCENES[scene]:
        app.do(command)
    found = test_offers.blocks(app, with_variants=False)
    lines = [f"undo '{app.workspace.history.undo_label}'", str(app.world.state.choices)]
    for name, block in found.items():
        if name.startswith(SHOWN if scene == "at first" else "axes."):
            lines += [f"# {name}", *block]
    golden_text.check(f"commands/{model}-{scene.replace(' ', '-')}", lines, regenerate)
