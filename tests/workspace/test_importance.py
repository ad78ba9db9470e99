"""Importance is found for what the state shows, pruned by, and refused where there is none."""

import numpy as np
import pytest

from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.edit import Undo
from vrnn.commands.importance import PruneChannels, SetImportanceDisplay, ShowImportance
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.compute.importance import importance_cache
from vrnn.compute.importance import labeled_images as labeled
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.visuals.pruning_board import PRUNING_VISUAL


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setattr(importance_cache, "cache_dir", lambda: folder)
        patch.setattr(labeled, "MAX_IMAGES", 40)
        with OffscreenApp([ModelSpec()], load_config()) as made:
            yield made


@pytest.fixture
def app(opened):
    reset(opened)
    return opened


def importance(app):
    return app.world.importance[0]


def test_it_is_found_for_the_class_that_is_answered(app):
    app.do(ShowImportance())
    answered = int(app.world.networks[0].result.outputs[0].logits.argmax())
    assert app.world.state.importance.class_index == answered
    found = importance(app)
    assert found.first.importance.class_index == answered
    assert [curve.ranking for curve in found.curves] == ["gradient", "magnitude", "random"]
    assert PRUNING_VISUAL in app.world.visuals
    app.do(ShowImportance())
    assert not app.world.importance
    assert PRUNING_VISUAL not in app.world.visuals


def test_maps_fade_in_the_picture(app):
    before = np.asarray(app.picture("front", (320, 180))).astype(int)
    app.do(ShowImportance(3))
    app.do(SetImportanceDisplay(fade=1.0, threshold=1.0))
    faded = np.asarray(app.picture("front", (320, 180))).astype(int)
    app.do(SetImportanceDisplay(fade=0.0, threshold=0.0))
    whole = np.asarray(app.picture("front", (320, 180))).astype(int)
    assert faded.sum() < 0.9 * whole.sum()
    assert before.shape == whole.shape


def test_two_classes(app):
    app.do(ShowImportance(3))
    app.do(SetImportanceDisplay(beside=8))
    found = importance(app)
    assert found.second.importance.class_index == 8
    app.do(SetImportanceDisplay(beside=-1))
    assert importance(app).second is None


def test_pruning_changes_the_answer_and_goes_back(app):
    app.do(ShowImportance(3))
    logits = app.world.networks[0].result.outputs[0].logits.copy()
    app.do(PruneChannels(0.5))
    result = app.world.networks[0].result
    curve = importance(app).first.curve
    assert sum(len(one.channels) for one in result.ablations) == len(curve.pruned(0.5))
    assert not np.allclose(result.outputs[0].logits, logits)
    app.do(PruneChannels(0.0))
    assert np.allclose(app.world.networks[0].result.outputs[0].logits, logits)
    app.do(Undo())
    assert app.world.state.importance.pruned == 0.5
    app.do(SetImportanceDisplay(class_index=4))
    assert app.world.state.ablations == ()


def test_a_session_shows_it_again(app, tmp_path):
    app.do(ShowImportance(3))
    app.do(PruneChannels(0.25))
    state = app.world.state
    app.do(SaveSession(tmp_path / "visit.vrnn"))
    reset(app)
    app.do(OpenSession(tmp_path / "visit.vrnn"))
    assert app.world.state.importance == state.importance
    assert app.world.state.ablations == state.ablations
    assert importance(app).first.importance.class_index == 3
    app.do(ShowImportance(on=False))
    assert app.world.state.ablations == ()


def test_a_class_that_does_not_exist_is_refused_and_nothing_changes(app):
    with pytest.raises(VrnnError, match="show the importance for a class first"):
        app.do(PruneChannels(0.5))
    with pytest.raises(VrnnError, match="digits has classes 0 to 9, no class 12"):
        app.do(ShowImportance(12))
    assert not app.world.state.importance.shown


def test_without_a_data_set(app):
    dataset = app.feed.datasets.pop(0)
    try:
        with pytest.raises(VrnnError, match="no data set to find importance with"):
            app.do(ShowImportance())
    finally:
        app.feed.datasets[0] = dataset
