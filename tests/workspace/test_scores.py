"""The score is found for what the state shows, again after each change, looked into, exported."""

import csv

import numpy as np
import pytest

from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.ablation import Ablate
from vrnn.commands.edit import Undo
from vrnn.commands.kernel_edits import EditKernel
from vrnn.commands.scoring import ExportScore, ShowScore, ShowScoredImages
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.compute.importance import importance_cache
from vrnn.compute.importance import labeled_images as labeled
from vrnn.compute.scoring import score_cache
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.picking import Hit
from vrnn.scene.visuals.confusion_board import SCORE_VISUAL


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        for module in (importance_cache, score_cache):
            patch.setattr(module, "cache_dir", lambda: folder)
        patch.setattr(labeled, "MAX_IMAGES", 40)
        with OffscreenApp([ModelSpec("digits")], load_config()) as made:
            yield made


@pytest.fixture
def app(opened):
    reset(opened)
    return opened


def shown(app):
    return app.workspace.scores.shown


def test_it_is_found_again_after_each_change(app):
    app.do(ShowScore())
    assert SCORE_VISUAL in app.world.visuals
    assert not shown(app).has_change
    assert shown(app).image_count > len(shown(app).now.labels) == 40
    app.do(Ablate("stage2.1.conv2"))
    app.do(EditKernel("stem.0", output=0))
    assert shown(app).has_change
    assert shown(app).before.accuracy >= shown(app).now.accuracy
    app.do(Undo())
    app.do(Undo())
    assert not shown(app).has_change
    app.do(ShowScore())
    with pytest.raises(VrnnError, match="no score to look at"):
        app.picture("score", (320, 180))
    assert SCORE_VISUAL not in app.world.visuals
    assert shown(app) is None


def test_a_cell_shows_its_images_and_a_click_puts_one_in(app):
    app.do(ShowScore())
    app.do(ShowScoredImages("cell", "now", 3, 3))
    app.picture("score", (320, 180))
    board = app.world.visuals[SCORE_VISUAL]
    count = int(shown(app).now.confusion[3, 3])
    title, numbers = app.workspace.scores.image_numbers()
    assert len(numbers) == count > 0
    assert title.startswith("3, answered 3")
    # The matrix, and a picture of each image.
    assert len(board.image_quads) == 1 + count
    clicked = [r.value for r in board.pick_regions if getattr(r.value, "number", None) is not None]
    app.do(clicked[0])
    assert app.world.state.input_image.number == numbers[0]


def test_pointing_at_a_cell_shows_its_images_for_as_long(app):
    app.do(ShowScore())
    assert app.workspace.scores.image_numbers() is None
    board = app.world.visuals[SCORE_VISUAL]
    region = next(r for r in board.pick_regions if r.value == ShowScoredImages("cell", "now", 5, 5))
    app.world.hover(Hit("cell", 1.0, value=region.value, region=region))
    assert app.workspace.scores.update()
    assert app.workspace.scores.image_numbers()[0].startswith("5, answered 5")
    app.world.hover(None)
    assert app.workspace.scores.update()
    assert app.workspace.scores.image_numbers() is None


def test_a_session_shows_it_again(app, tmp_path):
    app.do(ShowScore())
    app.do(ShowScoredImages("became wrong"))
    app.do(SaveSession(tmp_path / "s.vrnn"))
    app.do(ShowScore(on=False))
    app.do(OpenSession(tmp_path / "s.vrnn"))
    assert shown(app) is not None
    assert app.world.state.score.group == "became wrong"


def test_files(app, tmp_path):
    app.do(ShowScore())
    app.do(Ablate("stage2.1.conv2"))
    app.do(ExportScore(tmp_path / "out"))
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "classes.csv", "confusion-before.csv", "confusion-before.png", "confusion-now.csv",
        "confusion-now.png", "images.csv",
    ]  # fmt: skip
    with (tmp_path / "out" / "confusion-now.csv").open() as file:
        rows = list(csv.reader(file))
    assert np.array_equal(np.array(rows[1:])[:, 1:].astype(int), shown(app).now.confusion)
    with (tmp_path / "out" / "images.csv").open() as file:
        assert len(list(file)) == 41


@pytest.mark.parametrize("command", [ShowScoredImages(), ExportScore(".")])
def test_what_needs_a_score_says_so(app, command):
    with pytest.raises(VrnnError, match="score the data set first"):
        app.do(command)


def test_a_network_without_a_data_set_is_refused(app, monkeypatch):
    monkeypatch.setattr(app.workspace.feed, "datasets", {})
    monkeypatch.setattr(app.workspace.scores._feed, "datasets", {})
    with pytest.raises(VrnnError, match="no data set to score"):
        app.do(ShowScore())
    assert not app.world.state.score.shown
