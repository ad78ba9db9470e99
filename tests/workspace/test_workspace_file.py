"""A session file holds everything: whatever state there is comes back entirely."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.support.values import names, objects_of
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.layers import PinLayer
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.config.loader import load_config
from vrnn.explanations.conditions import Condition
from vrnn.features.settings import FeatureVisSettings
from vrnn.media.synthetic import NoiseSpec
from vrnn.network.layer_pictures import layer_picture_names
from vrnn.network.model_spec import ModelSpec, name_default
from vrnn.scene.camera import Camera
from vrnn.scene.layout.registry import arrangement_names
from vrnn.scene.state import InputImage, LayerState, State
from vrnn.workspace.workspace_file import WorkspaceSnapshot, load_workspace, save_workspace

FIXED = {
    (Condition, "region"): st.sampled_from([(), (0, 1, 2, 3), (4, 0, 9, 1)]),
    (State, "arrangement"): st.sampled_from(arrangement_names()),
    (LayerState, "picture"): st.sampled_from(("", *layer_picture_names())),
    (State, "distant_picture"): st.sampled_from(("", *layer_picture_names())),
    (ModelSpec, "model"): st.sampled_from(["digits", "torchvision:resnet18", "package.nets:make"]),
    (NoiseSpec, "std"): st.floats(0, 10),
    (NoiseSpec, "seed"): st.integers(0, 2**31),
    (Camera, "fov"): st.floats(0.2, 2),
}


@st.composite
def states(draw):
    """Any state; a layer that nothing was done to is in none."""
    state = draw(objects_of(State, FIXED))
    for key, layer in state.layers.items():
        state = state.with_layer(key, layer)
    return state


@st.composite
def snapshots(draw):
    models = objects_of(ModelSpec, FIXED).map(name_default)
    pixels = arrays.arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 4), st.just(3)))
    return WorkspaceSnapshot(
        tuple(draw(st.lists(models, min_size=1, max_size=2))),
        draw(st.sampled_from(["layers", "modules", "all"])),
        draw(states()),
        draw(st.none() | objects_of(Camera, FIXED)),
        draw(st.dictionaries(st.integers(0, 9), objects_of(Camera, FIXED), max_size=3)),
        draw(st.dictionaries(names, pixels, max_size=2)),
    )


@settings(max_examples=100)
@given(snapshots())
def test_all_of_a_session_comes_back(tmp_path_factory, snapshot):
    path = tmp_path_factory.getbasetemp() / "session.json"
    save_workspace(path, snapshot)
    again = load_workspace(path)
    for field in fields(WorkspaceSnapshot):
        if field.name != "pixels":
            assert getattr(again, field.name) == getattr(snapshot, field.name), field.name
    assert again.pixels.keys() == snapshot.pixels.keys()
    for key, pixels in snapshot.pixels.items():
        assert np.array_equal(again.pixels[key], pixels)


@pytest.mark.parametrize("kind", [State, LayerState, FeatureVisSettings, InputImage, Camera])
def test_the_sessions_of_the_test_hold_other_values_in_every_field(kind):
    """Else a field that is not written would not be missed."""
    found = set()

    @settings(max_examples=100, database=None)
    @given(objects_of(kind, FIXED))
    def look(value):
        for field in fields(kind):
            default = getattr(kind(), field.name)
            if getattr(value, field.name) != default:
                found.add(field.name)

    look()
    assert found >= {field.name for field in fields(kind)}


@pytest.fixture(scope="module")
def app():
    with OffscreenApp([ModelSpec()], load_config()) as opened:
        yield opened


def test_what_is_open_is_what_the_file_holds(app, tmp_path):
    """Through the workspace itself: pins, an image without a file, the camera, another model."""
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    app.show(pixels)
    app.do(PinLayer("stem.0", kind="kept"))
    app.do(PinLayer("stage1.0.conv1", beside="stage1.0.conv2", kind="difference"))
    app.camera = "front"
    eye = app.eye()
    state = app.world.state
    assert len(state.pins) == 2
    assert state.input_image.pixels
    app.do(SaveSession(tmp_path / "session.json"))
    snapshot = load_workspace(tmp_path / "session.json")
    assert snapshot.state == state
    assert snapshot.models == (ModelSpec("digits"),)
    assert snapshot.camera == eye
    assert np.array_equal(snapshot.pixels[state.input_image.pixels], pixels)
    with OffscreenApp([ModelSpec()], load_config()) as other:
        other.do(OpenSession(tmp_path / "session.json"))
        assert other.world.state == state
        seen = [each.world.networks[0].result.image for each in (app, other)]
        assert np.array_equal(*seen)
        assert set(other.world.pinned_layers) == set(app.world.pinned_layers)


def test_relative_files_are_found_from_another_folder(tmp_path, monkeypatch):
    (tmp_path / "one").mkdir()
    monkeypatch.chdir(tmp_path / "one")
    (tmp_path / "one" / "image.png").touch()
    image = InputImage(file=Path("image.png"))
    snapshot = WorkspaceSnapshot((ModelSpec("digits"),), "layers", State(input_image=image))
    save_workspace(tmp_path / "session.json", snapshot)
    monkeypatch.chdir(tmp_path)
    again = load_workspace(tmp_path / "session.json")
    assert again == replace(
        snapshot, state=State(input_image=InputImage(file=tmp_path / "one" / "image.png"))
    )
