"""Two networks compared in a world: differences, the board with CKA, undo, and refusals."""

import csv

import numpy as np
import pytest
from safetensors.torch import save_file

from tests.support.few_digits import few_digits
from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.comparison import (
    ChooseNetworks,
    CompareScores,
    LinkNetworks,
    SaveCka,
    ShowCka,
    ShowDifferences,
)
from vrnn.commands.edit import Undo
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.compute.comparison import cka_steps
from vrnn.compute.loading.source import open_source
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.cka_pointing import pair_lines, pair_marks, pointed_pair
from vrnn.scene.difference_readout import CHANGED_VISUAL, difference_legend
from vrnn.scene.map_areas import panel_area
from vrnn.scene.picking import Hit
from vrnn.scene.state import LayerState
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.visuals.cka_board import CKA_KIND, CKA_VISUAL


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    weights = dict(open_source(ModelSpec("digits")).model.state_dict())
    weights["stage3.0.conv1.weight"] = weights["stage3.0.conv1.weight"] * -1
    save_file({name: value.clone() for name, value in weights.items()}, folder / "b.safetensors")
    data = few_digits(folder / "few", 12).data
    specs = [ModelSpec("digits", data=data), ModelSpec("digits", weights=folder / "b.safetensors")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cka_steps, "cache_dir", lambda: folder / "cache")
        with OffscreenApp(specs, load_config()) as made:
            yield made


@pytest.fixture
def app(opened):
    reset(opened)
    return opened


def node_of(app, slot, name):
    return app.world.networks[slot].node_ids[name]


def test_differences_take_the_place_of_the_maps_of_the_second_network(app):
    before = np.asarray(app.picture("layer:stage3.0.conv1", (320, 180)))
    app.do(ShowDifferences())
    shown = {key for key, layer in app.world.state.layers.items() if layer.picture}
    assert {slot for slot, _ in shown} == {1}
    assert (1, "input") not in shown
    assert len(shown) == len(app.world.networks[1].network.nodes) - 1
    pictures = app.world.layer_pictures
    assert pictures[1, node_of(app, 1, "stem.0"), "difference"].caption == (
        "the same as in digits (first)"
    )
    node = node_of(app, 1, "stage3.0.conv1")
    changed = pictures[1, node, "difference"].values
    maps = [app.world.networks[slot].maps[node] for slot in (0, 1)]
    expected = maps[1].values.astype(np.float32) * maps[1].scale
    expected -= maps[0].values.astype(np.float32) * maps[0].scale
    np.testing.assert_allclose(changed, expected, atol=1e-3)
    legend = difference_legend(app.world)
    title, span = legend.title, legend.span
    assert title == "maps of digits (second) less those of digits (first)"
    assert span.startswith("each layer scaled to its own max")
    app.do(ShowDifferences())
    assert not app.world.state.layers
    assert difference_legend(app.world) is None
    assert not any(kind == "difference" for _, _, kind in app.world.layer_pictures)
    np.testing.assert_array_equal(before, app.picture("layer:stage3.0.conv1", (320, 180)))


def test_one_layer_shows_its_difference(app):
    app.do(ShowDifferences("stage3.0.conv1", 0))
    assert dict(app.world.state.layers) == {(0, "stage3.0.conv1"): LayerState(picture="difference")}
    app.do(ShowDifferences("stage3.0.conv1", 0, on=False))
    assert not app.world.state.layers


def test_the_board_shows_cka_and_marks_the_layers_of_a_cell(app, tmp_path):
    app.do(ShowCka())
    matrix = app.workspace.comparison.matrix(0, 1)
    assert matrix.images == 12
    rows = dict(zip(matrix.rows, np.diag(matrix.values), strict=True))
    assert rows["stage2.0.conv1"] == pytest.approx(1, abs=1e-5)
    assert rows["stage3.0.conv1"] < 0.99
    region = next(r for r in app.world.visuals[CKA_VISUAL].pick_regions if r.kind == CKA_KIND)
    count = len(matrix.rows)
    across, down = 2.5 / count, 1 - 0.5 / count
    hit = Hit(CKA_KIND, 1.0, 0, -1, value=region.value, across=across, down=down, region=region)
    app.workspace.hover(hit)
    pair = pointed_pair(hit)
    assert pair.layers == ((0, matrix.rows[0]), (1, matrix.columns[2]))
    assert pair_lines(pair) == (
        f"CKA = {matrix.values[0, 2]:.3f}", f"network 0: {matrix.rows[0]}",
        f"network 1: {matrix.columns[2]}",
    )  # fmt: skip
    first, second = pair_marks(app.world)
    assert first.origin == panel_area(app.world, 0, node_of(app, 0, matrix.rows[0])).origin
    assert second.origin == panel_area(app.world, 1, node_of(app, 1, matrix.columns[2])).origin
    app.do(SaveCka(tmp_path / "saved"))
    with (tmp_path / "saved" / "cka.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.reader(file))
    assert tuple(table[0][1:]) == matrix.columns
    assert float(table[1][3]) == pytest.approx(matrix.values[0, 2], abs=1e-5)
    picture = app.picture("cka", (640, 360))
    assert len(picture.convert("RGB").getcolors(1 << 20)) > 200
    app.do(Undo())
    assert CKA_VISUAL not in app.world.visuals
    with pytest.raises(VrnnError, match=r"there is no board with CKA; show it .* with Ctrl\+X"):
        camera_by_name(app.world, "cka", 1.6, 1.0)


def test_a_session_keeps_what_is_compared(app, tmp_path):
    app.do(LinkNetworks())
    app.do(ShowDifferences("stem.0", 1))
    app.do(SaveSession(tmp_path / "two.json"))
    before = app.world.state
    app.do(Undo(times=2))
    assert not app.world.state.comparison.linked
    app.do(OpenSession(tmp_path / "two.json"))
    assert app.world.state.comparison == before.comparison
    assert app.world.state.layers == before.layers


def test_weights_are_compared_when_asked_for(app):
    app.workspace.comparison.on_network_loaded()  # forgets them
    assert app.workspace.comparison.weights(0, 1) is None
    app.do(LinkNetworks())  # a command waits for the jobs
    found = app.workspace.comparison.weights(0, 1)
    by_name = {app.world.networks[0].network.by_id[n].name: one for n, one in found.items()}
    assert by_name["stage3.0.conv1"].relative == pytest.approx(2)
    assert by_name["stem.0"].relative == 0


def test_what_cannot_be_compared_is_refused(app):
    with pytest.raises(VrnnError, match="there is no network 2"):
        app.do(ChooseNetworks(0, 2))
    with pytest.raises(VrnnError, match="network 1 cannot be compared with itself"):
        app.do(ChooseNetworks(1, 1))
    with pytest.raises(VrnnError, match="there is no layer 'nothing'"):
        app.do(ShowDifferences("nothing"))


def test_one_network_alone_is_refused(tmp_path):
    with OffscreenApp([ModelSpec("digits")], load_config()) as alone:
        with pytest.raises(VrnnError, match="no CKA is known yet"):
            alone.do(SaveCka())
        for command in (LinkNetworks(), ShowDifferences(), ShowCka(), ChooseNetworks()):
            with pytest.raises(VrnnError, match="only one network is open"):
                alone.do(command)


def test_layers_whose_weights_differ_are_framed_in_both_networks(app):
    app.do(ShowDifferences())
    while app.workspace.comparison.weights(0, 1) is None or app.workspace.jobs.statuses:
        app.picture("overview", (160, 90))
    app.picture("overview", (160, 90))
    quads = app.world.visuals[CHANGED_VISUAL].quads
    assert len(quads) == 2 * 4  # a frame of four lines around the one layer that differs
    assert "framed: weights changed most" in difference_legend(app.world).span
    app.do(ShowDifferences(on=False))
    app.picture("overview", (160, 90))
    assert CHANGED_VISUAL not in app.world.visuals


def test_both_networks_are_scored_over_the_data_set(app):
    app.do(CompareScores())
    while app.workspace.comparison.answers(0, 1) is None:
        app.picture("overview", (160, 90))
    found = app.workspace.comparison.answers(0, 1)
    assert len(found.numbers) == 12
    assert sum(found.counts) == 12
    assert found.accuracy[0] > found.accuracy[1]  # the second one's last stage is disturbed
