"""A new image sends a wave through edges and layers in the order in which they ran."""

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.layers import ScaleLayer
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.visuals.wave import SECONDS, wave_light


def lights(world):
    """Light of each panel, in the order in which the layers ran."""
    return np.concatenate(list(world.draw_list().panels.values()))["light"]


def warm(world):
    """Red of each stroke less its blue: how much of the accent it has."""
    color = world.draw_list().strokes["color"]
    return color[:, 0] - color[:, 2]


def test_it_passes_everything_once_from_first_to_last_and_leaves_all_as_it_was():
    world, network, _ = small_world()
    before, strokes = lights(world).copy(), warm(world).copy()
    assert not world.advance(0.1)
    world.send_wave()
    peaks = np.full(len(network.nodes), -1.0)
    brightest = np.zeros(len(network.nodes))
    lit = np.zeros(len(strokes))
    for step in range(99):
        assert world.advance(SECONDS / 100)
        now = lights(world) - before
        peaks[now > brightest] = step
        brightest = np.maximum(brightest, now)
        lit = np.maximum(lit, warm(world) - strokes)
    assert (brightest > 0.9).all()
    assert (np.diff(peaks) > 0).all()
    edges = slice(0, sum(len(r) - 1 for r in world.placement_frame(0).routes))
    assert (lit[edges] > 0.3).mean() > 0.95
    world.advance(SECONDS / 50)
    assert world.wave is None
    assert (lights(world) == before).all()
    assert (warm(world) == strokes).all()
    assert not world.advance(0.1)


@pytest.mark.parametrize("progress", [0.0, 1.0])
def test_at_its_ends_nothing_is_lit(progress):
    assert wave_light(np.linspace(0, 1, 50), progress) == pytest.approx(0.0, abs=1e-9)


def test_where_nothing_moves_there_is_none():
    world, _, _ = small_world()
    world.placement.seconds = 0.0
    world.send_wave()
    assert world.wave is None


def test_putting_an_image_in_sends_one():
    with OffscreenApp((ModelSpec("digits"),), load_config()) as app:
        app.world.placement.seconds = 0.5
        sent = []
        app.world.send_wave = lambda: sent.append(True)
        app.do(ScaleLayer("stage1.0.conv1", 0, 1.5))
        assert sent == []
        app.do(SetInputImage(number=3))
        assert sent == [True]
