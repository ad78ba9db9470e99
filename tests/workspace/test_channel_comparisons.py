"""Channels are compared by jobs for what the state shows, and stand in groups beside their tree."""

import numpy as np
import pytest

from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.channels import GroupChannels, ShowComponents
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.layers import ArrangeMaps, ResetLayer
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.commands.view import HoverLayer
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import map_shape
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.picking import Hit
from vrnn.scene.visuals.channel_trees import channel_trees, group_rows
from vrnn.ui.panels.layer_groups import comparison_rows, named

LAYER = "stage2.0.conv1"


@pytest.fixture(scope="module")
def opened():
    with OffscreenApp([ModelSpec()], load_config()) as made:
        yield made


@pytest.fixture
def app(opened, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    reset(opened)
    return opened


def node_of(app, layer=LAYER):
    return app.world.networks[0].node_ids[layer]


def shape_of(app, layer=LAYER):
    return app.world.networks[0].placement(app.world.state, 0).panel_shapes[node_of(app, layer)]


def correlations(app, layer=LAYER):
    maps = app.world.networks[0].maps[node_of(app, layer)]
    return np.corrcoef(maps.values.reshape(maps.channels, -1).astype(float))


def test_maps_stand_in_groups_that_go_together(app):
    app.do(GroupChannels(LAYER, groups=4))
    shape, r = shape_of(app), correlations(app)
    order, numbers = shape.map_grid.channels, shape.groups.numbers
    assert sorted(order.tolist()) == list(range(32))
    assert numbers.tolist() == sorted(numbers.tolist())
    assert numbers[-1] == 3
    ranked = r[np.ix_(order, order)]
    same = numbers[:, None] == numbers
    assert ranked[same & ~np.eye(32, dtype=bool)].mean() > ranked[~same].mean() + 0.1
    app.do(GroupChannels(LAYER, on=False))
    assert shape_of(app).map_grid is None
    app.do(Undo())
    assert shape_of(app).map_grid.channels.tolist() == order.tolist()
    app.do(Redo())
    app.do(ResetLayer(LAYER))


def test_another_image_is_compared_anew_and_maps_move_there(app):
    app.do(GroupChannels(LAYER))
    before = shape_of(app).map_grid.channels
    app.do(SetInputImage(number=7))
    groups = app.workspace.channels.found(0, node_of(app))
    np.testing.assert_allclose(
        np.corrcoef(groups.std, np.sqrt(np.diag(np.cov(flat(app)))))[0, 1], 1, atol=1e-6
    )
    assert shape_of(app).map_grid.channels.tolist() == groups.order.tolist() != before.tolist()


def flat(app):
    maps = app.world.networks[0].maps[node_of(app)]
    return maps.values.reshape(maps.channels, -1).astype(float)


def test_the_maps_move_in_an_eased_motion(app):
    app.world.placement.seconds = 0.8
    try:
        app.do(GroupChannels(LAYER))
        assert app.world.is_moving
        app.world.advance(0.2)
        start = app.world.placement_frame(0).separate_maps[node_of(app)].centers.copy()
        app.world.advance(0.2)
        then = app.world.placement_frame(0).separate_maps[node_of(app)].centers.copy()
        assert np.abs(then - start).max() > 0.01
        app.world.advance(1.0)
        assert not app.world.is_moving
    finally:
        app.world.placement.seconds = 0.0


def test_a_tree_stands_beside_the_groups(app):
    app.do(GroupChannels(LAYER, groups=5))
    frame = app.world.placement_frame(0)
    tree = channel_trees(frame)
    assert len(tree.quads) == 3 * 4  # of each fork
    sizes = np.bincount(shape_of(app).groups.numbers)
    assert [label.text for label in tree.labels] == [str(size) for size in sizes]
    x, y, _, width, height = frame.panel_rect(node_of(app)).tolist()
    left = x - width / 2
    first = x + frame.separate_maps[node_of(app)].centers[:, 0].min()
    for quad in tree.quads:
        assert left <= quad["origin"][0]
        assert quad["origin"][0] + quad["right"][0] < first
        assert y <= quad["origin"][1] <= y + height + 1e-3
    app.do(ArrangeMaps(LAYER, form="line"))
    line = channel_trees(app.world.placement_frame(0))
    assert len(line.quads) == 3 * 4
    app.do(ArrangeMaps(LAYER, form="ring"))
    assert not len(channel_trees(app.world.placement_frame(0)).quads)
    app.do(ArrangeMaps(LAYER, form="grid", most=5))
    assert not len(channel_trees(app.world.placement_frame(0)).quads)  # not all are shown


def test_components_are_pictures_in_place_of_the_maps(app):
    app.do(ShowComponents(LAYER))
    node = node_of(app)
    uploaded = app.world.uploaded_pictures[0, node]
    assert uploaded.kind == "components"
    values = flat(app)
    own = np.linalg.eigvalsh(np.cov(values, bias=True))[::-1]
    variances = uploaded.picture.values.reshape(12, -1).var(1)
    np.testing.assert_allclose(variances, own[:12], rtol=1e-3)
    assert uploaded.title.startswith(f"12 principal components: {own[0] / own.sum():.0%}")
    app.do(SetInputImage(number=3))
    assert app.world.uploaded_pictures[0, node].picture is not uploaded.picture
    app.do(ShowComponents(LAYER, on=False))
    assert (0, node) not in app.world.uploaded_pictures


def test_over_the_data_set_a_vector_has_groups_too(app):
    app.do(GroupChannels("pool", over="data set"))
    groups = app.workspace.channels.found(0, node_of(app, "pool"))
    assert groups.image_count == 359
    rows = dict(comparison_rows(groups))
    assert rows["compared over"] == "359 images of the data set"
    app.do(ArrangeMaps("pool", order="variation"))
    shown = shape_of(app, "pool").map_grid.channels
    assert np.diff(groups.variation[shown]).max() <= 0


def test_a_session_keeps_groups(app, tmp_path):
    app.do(GroupChannels(LAYER, groups=3))
    order = shape_of(app).map_grid.channels.tolist()
    app.do(SaveSession(tmp_path / "groups.json"))
    app.do(ResetLayer(LAYER))
    app.do(OpenSession(tmp_path / "groups.json"))
    assert shape_of(app).map_grid.channels.tolist() == order
    assert app.world.state.layer((0, LAYER)).groups == 3


def test_what_cannot_be_compared_is_told_once_and_maps_stay(app):
    with pytest.raises(VrnnError, match="compare over the data set"):
        app.do(GroupChannels("head"))
    assert app.workspace.channels.failures
    order = shape_of(app, "head").map_grid.channels
    assert order.tolist() == list(range(10))
    app.do(HoverLayer())  # nothing is tried again
    app.do(GroupChannels("head", over="data set"))
    assert not app.workspace.channels.failures


def test_the_key_groups_and_takes_back_what_is_pointed_at(app):
    hit = Hit("layer", 1.0, 0, node_of(app), 0)
    context = app.dispatcher.context
    assert GroupChannels.for_hit(context, hit) == GroupChannels(LAYER, 0, over="image")
    assert GroupChannels.for_hit(context, hit, precise=True).over == "data set"
    app.do(GroupChannels(LAYER))
    assert GroupChannels.for_hit(context, hit) == GroupChannels(LAYER, 0, on=False)
    with pytest.raises(VrnnError, match="point at a layer"):
        GroupChannels.for_hit(context, None)
    single = next(n for n in app.world.networks[0].network.nodes if map_shape(n.shape)[0] == 1)
    with pytest.raises(VrnnError, match="has one channel"):
        ShowComponents.for_hit(context, Hit("layer", 1.0, 0, single.id, 0))


@pytest.mark.parametrize(
    "wrong", [GroupChannels(LAYER, over="both"), ShowComponents(LAYER, over="none")]
)
def test_a_wrong_comparison_is_refused(app, wrong):
    with pytest.raises(VrnnError, match="choose one of image, data set"):
        app.do(wrong)
    with pytest.raises(VrnnError, match="number of groups"):
        app.do(GroupChannels(LAYER, groups=65))


def test_what_groups_hold_is_told(app):
    app.do(GroupChannels(LAYER, groups=2))
    groups = app.workspace.channels.found(0, node_of(app))
    rows = group_rows(groups, 2)
    assert len(rows) == 2
    assert sorted(channel for _, channels in rows for channel in channels) == sorted(groups.live)
    assert named(range(14)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more"
