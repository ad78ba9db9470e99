"""What an ablation sets values to, as the maps and the scores show it."""

import numpy as np
import pytest

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.ablation import Ablate, RemoveAblation
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.layers import MoveLayer
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec

SCRIPT = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.first.bias.data.fill_(1.5)
        self.relu = nn.ReLU(inplace=True)
        self.second = nn.Conv2d(6, 5, 3, padding=1)
        self.second.bias.data.fill_(0.7)
        self.head = nn.Linear(5, 4)
    def forward(self, x):
        x = self.relu(self.first(x))
        x = self.second(x)
        x += 0.25
        return self.head(x.mean((2, 3)))
model = Net()
input_size = (6, 10)
mean, std = (0.5,) * 3, (0.5,) * 3
class_names = list("abcd")
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    script = tmp_path_factory.mktemp("net") / "net.py"
    script.write_text(SCRIPT)
    image = np.random.default_rng(0).integers(0, 256, (6, 10, 3), np.uint8)
    with OffscreenApp([ModelSpec(str(script))], load_config(), "all", image=image) as app:
        yield app


@pytest.fixture
def app(opened):
    if opened.workspace.history.undo_label:
        opened.do(Undo(times=1_000))
    return opened


def values(app, layer):
    network = app.world.networks[0]
    maps = network.maps[network.node_ids[layer]]
    return maps.values.astype(float) * maps.scale


def layer_names(app):
    return [n.name for n in app.world.networks[0].network.nodes if n.operation != "input"]


def scores(app):
    return app.world.networks[0].result.outputs[0].logits.copy()


def wide_layers(app):
    """Layers of more than one value a map."""
    return [name for name in layer_names(app) if values(app, name).shape[1:] == (6, 10)]


@pytest.mark.parametrize("number", range(4))
def test_by_mean_each_channel_is_its_own_mean_and_not_zero(app, number):
    name = wide_layers(app)[number]
    before = values(app, name)
    first_scores = scores(app)
    app.do(Ablate(name, channels=(0, 2), value="mean"))
    after = values(app, name)
    for channel in (0, 2):
        assert abs(before[channel].mean()) > 0.05
        assert np.ptp(after[channel]) < 1e-3
        assert after[channel].mean() == pytest.approx(before[channel].mean(), abs=5e-3)
    assert np.array_equal(after[1], before[1])
    by_mean = scores(app)
    app.do(RemoveAblation())
    assert np.array_equal(scores(app), first_scores)
    app.do(Ablate(name, channels=(0, 2)))
    assert (values(app, name)[[0, 2]] == 0).all()
    assert np.abs(scores(app) - by_mean).max() > 1e-3
    assert np.abs(scores(app) - first_scores).max() > 1e-3


def test_one_position_is_row_and_column(app):
    before = values(app, "second")
    app.do(Ablate("second", channels=(1,), position=(4, 7)))
    after = values(app, "second")
    changed = np.argwhere(after != before)
    assert changed.tolist() == [[1, 4, 7]]
    assert after[1, 4, 7] == 0
    app.do(RemoveAblation())
    app.do(Ablate("second", channels=(1,), position=(4, 7), value="mean"))
    assert values(app, "second")[1, 4, 7] == pytest.approx(before[1].mean(), abs=5e-3)


def test_all_channels_are_those_of_the_layer(app):
    app.do(Ablate("first"))
    assert (values(app, "first") == 0).all()


def test_several_are_undone_one_by_one_and_together(app):
    names = [scores(app)]
    for channel in range(4):
        app.do(Ablate("first", channels=(channel,), value="mean"))
        names.append(scores(app))
    app.do(MoveLayer("first", by=(1.0, 0.0, 0.0)))
    app.do(Undo(times=3))
    assert np.array_equal(scores(app), names[2])
    assert app.world.state.ablations[-1].channels in ((1,), (0, 1))
    app.do(Redo(times=2))
    assert np.array_equal(scores(app), names[4])
    app.do(Undo(times=4))
    assert np.array_equal(scores(app), names[0])
    assert not app.world.state.ablations
