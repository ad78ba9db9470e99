"""What can be done to the world: every action, undone and made again, on the default network."""

import json
from importlib.resources import files

import numpy as np
import pytest
from safetensors.numpy import load_file

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.ablation import Ablate, RemoveAblation
from vrnn.commands.display import (
    Fold,
    FoldAllStages,
    SetArrangement,
    SetColorMapping,
    SetFoldDisplay,
)
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.inputs import BrowseImages, DropImage, GrabImage, SetInputImage, SetInputNoise
from vrnn.commands.layers import (
    ArrangeMaps,
    MoveLayer,
    PinLayer,
    ResetLayer,
    ScaleLayer,
    UnpinLayer,
)
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.commands.top_activations import ShowTopActivations
from vrnn.commands.view import HoverLayer
from vrnn.config.loader import load_config
from vrnn.controls.pointer import Pointer
from vrnn.errors import VrnnError
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec
from vrnn.network.predictions import ClassScores
from vrnn.scene.picking import Hit, Ray
from vrnn.workspace.manager import Manager
from vrnn.workspace.workspace_file import load_workspace

LAYER = "stage2.0.conv1"


@pytest.fixture(scope="module")
def opened():
    with OffscreenApp([ModelSpec()], load_config()) as studio:
        yield studio


@pytest.fixture
def studio(opened):
    """As it was at first."""
    if opened.workspace.history.undo_label:
        opened.do(Undo(times=1_000))
    opened.workspace.hand.image = None
    opened.do(HoverLayer())
    return opened


def scores(studio):
    return next(o for o in studio.world.networks[0].result.outputs if isinstance(o, ClassScores))


CHANGES = [
    SetArrangement("conveyor"),
    SetColorMapping(colormap="viridis", symmetric=False, gamma=1.0, clip_percentile=95.0),
    SetColorMapping(normalize_by="network"),
    SetFoldDisplay("strongest"),
    Fold("stage2"),
    Fold("stem.0"),
    FoldAllStages(),
    MoveLayer(LAYER, by=(1.0, 0.5, 0.2)),
    ScaleLayer(LAYER, by=2.0),
    ArrangeMaps(LAYER, form="ring"),
    ArrangeMaps(LAYER, order="entropy", most=5),
    ArrangeMaps(LAYER, form="line", spread=2.0),
    PinLayer(LAYER),
    PinLayer(LAYER, kind="difference"),
    PinLayer(LAYER, beside="stage2.0.add", kind="live"),
    Ablate(LAYER, channels=(1, 2)),
    Ablate(LAYER, position=(3, 3)),
    Ablate(LAYER, value="mean"),
    SetInputImage(number=3),
    SetInputImage(plain="gray"),
    SetInputImage(plain="mean"),
    SetInputNoise("pink", seed=4),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: f"{type(c).__name__}")
def test_each_change_shows_and_can_be_undone_and_done_again(studio, change):
    before_state = studio.world.state
    before = np.asarray(studio.picture("overview", (480, 270))).astype(int)
    studio.do(change)
    after_state = studio.world.state
    after = np.asarray(studio.picture("overview", (480, 270))).astype(int)
    assert after_state != before_state
    assert type(change).__name__ == "SetFoldDisplay" or np.abs(after - before).max() > 12
    studio.do(Undo())
    assert studio.world.state == before_state
    again = np.asarray(studio.picture("overview", (480, 270))).astype(int)
    assert np.abs(again - before).max() <= 1
    studio.do(Redo())
    assert studio.world.state == after_state
    again = np.asarray(studio.picture("overview", (480, 270))).astype(int)
    assert np.abs(again - after).max() <= 1


def test_two_hundred_steps_back_and_forth(studio):
    begun = studio.world.state
    for i in range(200):
        studio.do(MoveLayer(LAYER, by=(0.01 * (i + 1), 0.0, 0.0)))
    moved = studio.world.state
    for _ in range(200):
        studio.do(Undo())
    assert studio.world.state == begun
    with pytest.raises(VrnnError, match="nothing to undo"):
        studio.do(Undo())
    studio.do(Redo(times=200))
    assert studio.world.state == moved
    with pytest.raises(VrnnError, match="nothing to redo"):
        studio.do(Redo())
    assert studio.world.state.layer((0, LAYER)).offset[0] == pytest.approx(201.0)
    studio.do(ResetLayer(LAYER))
    assert (0, LAYER) not in studio.world.state.layers


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (SetArrangement("spiral"), "choose one of terrace, conveyor"),
        (SetColorMapping(colormap="rainbow"), "choose one of signed"),
        (SetColorMapping(gamma=float("nan")), "gamma should lie between"),
        (SetColorMapping(clip_percentile=10.0), "percentile should lie between"),
        (SetFoldDisplay("all"), "choose one of mean"),
        (Fold("nonsense"), "there is no layer 'nonsense'"),
        (Fold("stage2", network=3), "there is no network 3"),
        (MoveLayer("conv", by=(1.0, 0.0, 0.0)), "ambiguous name"),
        (ScaleLayer(LAYER, by=0.0), "cannot be scaled by 0"),
        (ArrangeMaps(LAYER, form="heap"), "choose one of grid"),
        (ArrangeMaps(LAYER, spread=9.0), "spread should lie"),
        (ArrangeMaps(LAYER, most=-1), "cannot be negative"),
        (Ablate(LAYER, channels=(999,)), "no channel 999"),
        (RemoveAblation(7), "there is no 7"),
        (SetInputImage(number=10**6), "no image 1000000"),
        (SetInputImage(plain="pale"), "choose one of gray"),
        (SetInputNoise("brown"), "brown"),
        (GrabImage(number=-1), "no image -1"),
        (GrabImage(source="moon"), "no source 'moon'"),
        (GrabImage(layer=LAYER, channel=500), "no channel 500"),
        (PinLayer(LAYER, kind="old"), "choose one of live"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(studio, action, message):
    before = studio.world.state
    with pytest.raises(VrnnError, match=message):
        studio.do(action)
    studio.feed.failures.clear()
    if studio.world.state != before:  # the worker refused what the state asked for
        studio.do(Undo())
    assert studio.world.state == before


def test_an_image_is_picked_up_carried_and_placed(studio):
    studio.do(GrabImage(number=7))
    assert studio.workspace.hand.image.caption.startswith("#7")
    assert len(studio.workspace.hand.cards("")) == 1
    studio.do(DropImage())
    assert studio.workspace.hand.image is None
    assert studio.world.state.input_image.number == 7
    best = int(np.argmax(scores(studio).logits))
    assert studio.world.true_label == str(best)
    assert any(label.text == f"label: {best}" for label in studio.world.draw_list().labels)
    studio.do(GrabImage(number=2))
    studio.do(DropImage(into_input=False))
    assert studio.world.state.input_image.number == 7


def test_a_map_is_fed_back_into_the_network(studio):
    before = studio.world.networks[0].result.image
    studio.do(GrabImage(layer=LAYER, channel=3))
    held = studio.workspace.hand.image.pixels
    assert held.shape == (16, 16, 3)
    studio.do(DropImage())
    seen = studio.world.networks[0].result.image
    assert not np.array_equal(seen, before)
    studio.do(Undo())
    assert np.array_equal(studio.world.networks[0].result.image, before)


def test_a_click_on_anything_does_what_it_stands_for(studio):
    pointer = Pointer(studio.workspace, studio.dispatcher, lambda: None)
    kinds = {spot.kind: spot for spot in studio.world.pick_regions()}
    assert {"input", "thumbnail", "button", "bracket", "handle", "corner"} <= kinds.keys()
    for kind, wanted in (
        ("input", GrabImage), ("thumbnail", GrabImage), ("button", BrowseImages), ("bracket", Fold),
    ):  # fmt: skip
        spot = kinds[kind]
        middle = np.array(spot.origin) + (np.array(spot.right) + np.array(spot.down)) / 2
        normal = np.cross(spot.down, spot.right)
        eye = middle - normal / np.linalg.norm(normal) * 0.05
        hit = studio.world.pick(eye, normal / np.linalg.norm(normal))
        if hit is None or hit.kind != kind:
            eye = middle + normal / np.linalg.norm(normal) * 0.05
            hit = studio.world.pick(eye, -normal / np.linalg.norm(normal))
        assert hit is not None
        assert hit.kind == kind
        assert isinstance(pointer.command_for(hit), wanted)


@pytest.mark.parametrize("kind", ["layer", "handle", "corner"])
def test_all_of_the_tile_named_input_takes_an_image(studio, kind):
    pointer = Pointer(studio.workspace, studio.dispatcher, lambda: None)
    node = studio.world.networks[0].network.inputs[0]
    hit, ray = Hit(kind, 1.0, 0, node), Ray(np.zeros(3), np.array([0.0, 0.0, -1.0]))
    pointer.press(hit, ray)
    assert pointer.dragging == (kind != "layer")
    pointer.cancel()
    studio.do(GrabImage(2))
    try:
        assert isinstance(pointer.command_for(hit), DropImage)
        assert pointer.command_for(Hit(kind, 1.0, 0, node + 1)) is None
        pointer.press(hit, ray)
        assert not pointer.dragging
    finally:
        studio.do(DropImage(into_input=False))


def test_a_channel_that_is_off_changes_what_follows_and_undo_brings_it_back(studio):
    before = scores(studio).logits.copy()
    studio.do(Ablate(LAYER, channels=tuple(range(16))))
    node = studio.world.networks[0].node_ids[LAYER]
    values = studio.world.networks[0].maps[node].values
    assert (values[:16] == 0).all()
    assert np.abs(values[16:].astype(float)).max() > 0
    assert np.abs(scores(studio).logits - before).max() > 0.01
    studio.do(RemoveAblation())
    assert np.array_equal(scores(studio).logits, before)


def test_doubles_keep_what_was_and_show_what_differs(studio):
    node = studio.world.networks[0].node_ids[LAYER]
    first = studio.world.networks[0].maps[node].values.astype(np.float32)
    studio.do(PinLayer(LAYER, kind="difference"))
    studio.do(SetInputImage(number=9))
    second = studio.world.networks[0].maps[node].values.astype(np.float32)
    pin = next(iter(studio.world.pinned_layers.values()))
    shown = pin.maps.values.astype(np.float32) * pin.maps.scale
    assert np.abs(shown - (second - first)).max() < 0.02
    studio.do(UnpinLayer())
    assert not studio.world.pinned_layers


def test_the_images_that_excite_a_channel_stand_over_its_layer(studio, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    studio.do(ShowTopActivations("stage3.1.add", channel=2))
    said = [label.text for label in studio.world.visuals["top images"].labels]
    assert any("channel 2" in text for text in said)
    assert len(studio.world.visuals["top images"].image_quads) == 9
    studio.do(ShowTopActivations())
    assert "top images" not in studio.world.visuals


def test_maps_are_ordered_by_what_they_say_of_the_class(studio):
    """A global mean and a linear layer follow: evidence is weight times mean, exactly."""
    studio.do(SetInputImage(number=5))
    studio.do(ArrangeMaps("stage3.1.add", order="evidence"))
    network = studio.world.networks[0]
    node = network.node_ids["stage3.1.add"]
    weights = load_file(files("vrnn.default") / "digits.safetensors")["head.weight"]
    best = int(np.argmax(scores(studio).logits))
    evidence = weights[best] * network.maps[node].mean
    assert network.attributions[node] == pytest.approx(evidence, rel=0.02, abs=0.01)
    shown = network.placement(studio.world.state, 0).panel_shapes[node].map_grid.channels
    assert np.diff(evidence[shown]).max() < 0.01  # the largest first
    assert evidence[shown[0]] > 0 > evidence[shown[-1]]


def test_a_place_is_kept_and_restored(studio, tmp_path):
    for change in (
        Fold("stage1"),
        MoveLayer(LAYER, by=(1.0, 2.0, 3.0)),
        SetColorMapping(colormap="magma"),
        Ablate("stem.0", channels=(2,)),
        SetInputImage(number=11),
    ):
        studio.do(change)
    state = studio.world.state
    picture = studio.picture("overview", (480, 270)).tobytes()
    path = tmp_path / "place.json"
    studio.do(SaveSession(path))
    studio.do(Undo(times=5))
    assert studio.world.state != state
    studio.do(OpenSession(path))
    assert studio.world.state == state
    assert studio.picture("overview", (480, 270)).tobytes() == picture
    content = json.loads(path.read_text())
    assert content["state"]["input_image"] == {"number": 11}


def test_a_place_of_another_model_keeps_what_fits(studio, tmp_path, capsys):
    studio.do(Fold("stage1"))
    studio.do(MoveLayer(LAYER, by=(1.0, 0.0, 0.0)))
    path = tmp_path / "place.json"
    studio.do(SaveSession(path))
    text = path.read_text().replace(LAYER, "stage9.conv")
    path.write_text(text)
    studio.do(Undo(times=2))
    studio.do(OpenSession(path))
    assert "stage9.conv" in capsys.readouterr().err
    assert (0, "stage1") in studio.world.state.folds
    assert not studio.world.state.layers


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ('{"vrnn": 1, "mod', "cut short"),
        ("[]", "is not a session that vrnn saved"),
        ('{"vrnn": 99}', "newer vrnn"),
        ('{"vrnn": 1, "models": [{}]}', r"models\[0\] needs model"),
        ('{"vrnn": 1, "state": {"arrangement": "spiral"}}', "one of terrace, conveyor"),
        ('{"vrnn": 1, "state": {"display": {"gamma": 99}}}', "gamma should be a number from 0.25"),
        ('{"vrnn": 1, "state": {"display": {"gamma": "x"}}}', "should be a number"),
        ('{"vrnn": 1, "state": {"folds": 3}}', "should be a list"),
        ('{"vrnn": 1, "state": {"moon": 3}}', "has no 'moon'"),
        ('{"vrnn": 1, "layers": [{"layer": "a", "size": -1}]}', "size should be a number from 0.1"),
        ('{"vrnn": 1, "layers": [{"layer": "a", "offset": [1, 2]}]}', "should be a list"),
        ('{"vrnn": 1, "pixels": {"a": "!!"}}', "cannot be read"),
        ('{"vrnn": 1, "places": {"one": {}}}', "should have whole numbers as keys"),
        ('{"vrnn": 1, "places": {"' + "1" * 5000 + '": {}}}', "should have whole numbers as keys"),
        ("\x00", "cut short"),
        ('{"vrnn": 1}', "names no model"),
        ('{"vrnn": 1, "models": []}', "names no model"),
        ('{"vrnn": -5, "models": [{"model": "default"}]}', "is not a session that vrnn saved"),
        ('{"vrnn": true, "models": [{"model": "default"}]}', "is not a session"),
        ('{"vrnn": 1, "detail": "zzz"}', "detail should be one of layers, modules, all"),
        ('{"vrnn": 1, "camera": {"x": NaN}}', "camera.x should be a number from"),
        ('{"vrnn": 1, "camera": {"fov": 0}}', "camera.fov should be a number from"),
        ('{"vrnn": 1, "models": ' + "[" * 100_000 + "]" * 100_000 + "}", "cut short or was edited"),
        ('{"vrnn": 1, "models": [{"model": "default", "input_size": [0, 9]}]}', "from 1 to"),
        ('{"vrnn": 1, "models": [{"model": "a", "weights": "a\\u0000b"}]}', "no path can have"),
        (
            '{"vrnn": 1, "pixels": {"a": "JSFQUy1BZG9iZS0zLjAgRVBTRi0zLjAK"}}',
            "not an image that can be read; those are PNG",
        ),
    ],
)
def test_a_file_that_was_edited_wrongly_is_told_in_a_sentence(tmp_path, broken, message):
    path = tmp_path / "place.json"
    path.write_text(broken)
    with pytest.raises(VrnnError, match=message):
        load_workspace(path)


def test_folding_while_a_pass_runs(studio):
    """However often modules fold meanwhile, what is shown at last is of the newest image."""
    seen = {}
    for number in (2, 3):
        studio.do(SetInputImage(number=number))
        seen[number] = scores(studio).logits.copy()
    assert np.abs(seen[2] - seen[3]).max() > 0.1
    for number in (0, 1, 4, 5, 6, 3):
        studio.dispatcher.execute(SetInputImage(number=number))
        studio.dispatcher.execute(Fold("stage2"))
        studio.workspace.content.upload()
    assert studio.world.state.folds == frozenset()  # six times
    studio.do(Fold("stage2"))
    newest = studio.workspace.passes_requested
    while max(studio.feed.displayed_sequence.values()) < 0 or not studio.workspace.content.upload():
        pass
    studio.show(3)
    assert studio.workspace.passes_requested > newest
    assert studio.world.state.input_image.number == 3
    assert studio.world.state.folds == {(0, "stage2")}
    assert np.array_equal(scores(studio).logits, seen[3])
    shown = {node.name for node in studio.world.networks[0].placement(
        studio.world.state, 0).network.nodes}  # fmt: skip
    assert "stage2.0.conv1" not in shown
    assert "stage1.0.conv1" in shown


def test_the_wall_turns_filters_and_finds(studio):
    def tiles():
        return [
            s.value.number
            for s in studio.world.pick_regions()
            if s.kind == "thumbnail" and s.value.number is not None
        ]

    first = tiles()
    assert len(first) == 16
    studio.do(BrowseImages(page=1))
    assert not set(first) & set(tiles())
    studio.do(BrowseImages(only="4"))
    images = studio.workspace.images
    assert {images.label(n) for n in tiles()} == {4}
    studio.do(BrowseImages(search="#123"))
    assert 123 in tiles()
    with pytest.raises(VrnnError, match="no image #99999"):
        studio.do(BrowseImages(search="#99999"))
    studio.do(BrowseImages(shuffle=0, search=""))


def test_what_was_previewed_is_done_once(studio):
    before = studio.world.state.layer((0, "stem.0"))
    change = MoveLayer("stem.0", 0, (0.5, 0.0, 0.0))
    studio.workspace.preview(change)
    studio.dispatcher.execute(change)
    assert studio.world.state.layer((0, "stem.0")).offset[0] == before.offset[0] + 0.5
    studio.workspace.preview(change)
    studio.dispatcher.execute(
        MoveLayer("stem.0", 0, (0.0, 0.0, 0.0))
    )  # dragged back to where it was
    assert studio.world.state.layer((0, "stem.0")).offset[0] == before.offset[0] + 0.5
    studio.dispatcher.execute(Undo())
    assert studio.world.state.layer((0, "stem.0")) == before


def test_a_session_of_an_older_build_opens_as_it_was(studio, root):
    """What version 0.1 wrote, with the names that it had."""
    snapshot = load_workspace(root / "tests/data/session-0.1.json")
    mapping = snapshot.state.color_mapping
    assert (mapping.colormap, mapping.normalize_by, mapping.gamma) == ("gray", "layer", 1.5)
    assert mapping.clip_percentile == 99.0
    assert snapshot.state.fold_display == "maximum"
    assert snapshot.state.folds == {(0, "stage1")}
    assert [pin.layer for pin in snapshot.state.pins] == ["stage2.1.conv1"]
    assert [a.channels for a in snapshot.state.ablations] == [(3, 5), ()]
    assert snapshot.state.ablations[1].value == "mean"
    assert snapshot.state.input_image.plain == "gray"
    settings = snapshot.state.layer((0, "stage2.0.conv2")).features
    assert settings == FeatureVisSettings(
        source="gray", optimizer="adam", mean_pull=0.1, untransformed_steps=3,
        total_variation=0.001, samples_per_channel=2, steps=2, subtracted_channel=1,
    )  # fmt: skip
    ring = snapshot.state.layer((0, "stage2.0.conv1"))
    assert (ring.form, ring.order, ring.most) == ("ring", "mean", 12)
    assert snapshot.state.layer((0, "stem.0")).offset == (0.5, 0.25, 0.0)
    assert snapshot.viewpoints[2].z == 5.0
    assert snapshot.camera.yaw == 0.1
    studio.do(OpenSession(root / "tests/data/session-0.1.json"))
    assert studio.world.state == snapshot.state


def test_every_manager_is_told_what_happens(studio, monkeypatch):
    workspace, told = studio.workspace, []
    all_managers = [part for part in vars(workspace).values() if isinstance(part, Manager)]
    assert len(all_managers) == len(workspace.managers) > 20
    for manager in all_managers:
        for event in ("remember", "sync_with_state", "on_pass_requested", "on_pass_complete"):
            monkeypatch.setattr(
                manager, event, lambda *_, key=(manager, event): told.append(key), raising=True
            )
    studio.do(SetInputImage(number=2))
    assert {manager for manager, event in told if event == "remember"} == set(all_managers)
    order = [told.index((manager, "remember")) for manager in all_managers]
    assert order == sorted(order)
    for event in ("sync_with_state", "on_pass_requested", "on_pass_complete"):
        assert {manager for manager, heard in told if heard == event} == set(all_managers)
    monkeypatch.undo()
    studio.do(Undo())
