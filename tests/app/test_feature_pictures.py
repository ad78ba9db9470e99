"""Feature visualizations stand where their channel does: the right way up, in their own colors."""

from itertools import chain

import numpy as np
import pytest
from PIL import Image

from tests.support.feature_images import HEIGHT, WIDTH, known_optimizer, known_pixels
from tests.support.pictures import Shown
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import SetColorMapping
from vrnn.commands.edit import Undo
from vrnn.commands.export import ExportLayers
from vrnn.commands.feature_visualization import ShowFeatureVisualization
from vrnn.commands.inputs import DropImage, GrabImage
from vrnn.config.loader import load_config
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec

CHANNELS = 7
SETTINGS = FeatureVisSettings(source="gray", steps=4)
SCRIPT = """
import torch
from torch import nn
torch.manual_seed({seed})
model = nn.Sequential(nn.Conv2d(3, 7, 1), nn.Conv2d(7, 4, 3))
input_size = (6, 10)
mean, std = (0.2, 0.5, 0.7), (0.1, 0.25, 0.4)
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(tmp_path / "cache"))
    path = tmp_path / "net.py"
    path.write_text(SCRIPT.format(seed=0))
    return path


@pytest.fixture
def made(monkeypatch):
    """Which channels were asked for, each time."""
    optimize = known_optimizer()
    monkeypatch.setattr("vrnn.compute.features.optimizer.optimize", optimize)
    return optimize.calls


@pytest.fixture
def app(script, made):
    with OffscreenApp([ModelSpec(str(script))], load_config()) as opened:
        yield opened


def check_pictures(app, order=range(CHANNELS), sample=0, seed=0):
    """Each picture is where its channel's map would be, and looks like itself."""
    shown = Shown(app, "0")
    for number, channel in enumerate(order):
        expected = known_pixels(channel, sample, seed).astype(int)
        for row in range(HEIGHT):
            for column in range(WIDTH):
                point = shown.point(number, (row, column), (HEIGHT, WIDTH))
                color = shown.color(point)
                assert np.abs(color - expected[row, column]).max() <= 4, (channel, row, column)


def test_each_channel_has_its_own_picture_the_right_way_up(app, made):
    app.do(ShowFeatureVisualization("0", settings=SETTINGS))
    assert sorted(chain.from_iterable(made)) == list(range(CHANNELS))
    check_pictures(app)
    (image_set,) = app.workspace.features.image_sets.values()
    assert image_set.job_number == 0  # no longer one that could be paused or canceled
    app.do(SetColorMapping(colormap="viridis", gamma=1.0))
    check_pictures(app)  # they have colors of their own


def test_they_are_the_same_from_the_disk(app, script, made):
    app.do(ShowFeatureVisualization("0", settings=SETTINGS))
    made.clear()
    with OffscreenApp([ModelSpec(str(script))], load_config()) as other:
        other.do(ShowFeatureVisualization("0", settings=SETTINGS))
        assert list(chain.from_iterable(made)) == []
        check_pictures(other)


@pytest.mark.parametrize("other", ["weights", "settings", "layer"])
def test_what_was_made_for_something_else_is_made_again(app, script, made, monkeypatch, other):
    """Other weights of the same network above all: its pictures would be of another training."""
    app.do(ShowFeatureVisualization("0", settings=SETTINGS))
    optimize = known_optimizer(seed=5)
    monkeypatch.setattr("vrnn.compute.features.optimizer.optimize", optimize)
    settings, layer, channels = SETTINGS, "0", CHANNELS
    if other == "weights":
        script.write_text(SCRIPT.format(seed=1))
    elif other == "settings":
        settings = FeatureVisSettings(source="gray", steps=5)
    else:
        layer, channels = "1", 4
    with OffscreenApp([ModelSpec(str(script))], load_config()) as second:
        second.do(ShowFeatureVisualization(layer, settings=settings))
        assert sorted(chain.from_iterable(optimize.calls)) == list(range(channels))
        if layer == "0":
            check_pictures(second, seed=5)


def test_pictures_that_begin_with_an_image_are_made_again_for_another(app, made):
    settings = FeatureVisSettings(source="image", steps=4)
    for value, again in ((10, CHANNELS), (200, CHANNELS), (10, 0)):
        app.show(np.full((HEIGHT, WIDTH, 3), value, np.uint8))
        made.clear()
        app.do(ShowFeatureVisualization("0", settings=settings))
        assert len(list(chain.from_iterable(made))) == again
        app.do(Undo())


@pytest.mark.parametrize("channel", [0, 3, 6])
def test_one_in_the_hand_is_that_of_its_channel(app, channel):
    app.do(ShowFeatureVisualization("0", settings=SETTINGS))
    app.do(GrabImage(layer="0", channel=channel))
    assert f"channel {channel}" in app.workspace.hand.image.caption
    app.do(DropImage())
    # What is put in is the image itself, not the one that is stretched for display.
    expected = known_pixels(channel, 0, seed=1)
    assert np.array_equal(app.world.networks[0].result.image, expected)


def test_exported_pictures_are_those_that_are_shown(app, tmp_path):
    app.do(ShowFeatureVisualization("0", settings=SETTINGS))
    app.do(ExportLayers(tmp_path / "out", "0", 0, ("features",)))
    files = sorted((tmp_path / "out").glob("*-features/*.png"))
    assert [int(file.stem) for file in files] == list(range(CHANNELS))
    for channel, file in enumerate(files):
        assert np.array_equal(np.asarray(Image.open(file)), known_pixels(channel))


def test_the_command_writes_the_picture_of_each_channel(script, tmp_path, monkeypatch):
    from vrnn.cli.main import main

    monkeypatch.setattr("vrnn.cli.feature_batch.optimize", known_optimizer())
    words = ["features", "--model", str(script), "--layers", "0", "--out", str(tmp_path / "out")]
    assert main([*words, "--quiet", "--set", "steps=4"]) == 0
    files = sorted((tmp_path / "out").glob("*/[0-9]*.png"))
    assert [int(file.stem) for file in files] == list(range(CHANNELS))
    for channel, file in enumerate(files):
        assert np.array_equal(np.asarray(Image.open(file).convert("RGB")), known_pixels(channel))
