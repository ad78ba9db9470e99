"""Choosing a sample, frame or slice, and saying what axes hold."""

import json

import pytest

from tests.support.networks import residual, video
from tests.support.worlds import INFO
from vrnn.commands.axes import (
    ForgetAxisRoles,
    SetAxisRoles,
    ShowIndex,
    ShowNext,
    ShowPrevious,
    ShowSideBySide,
    choice_text,
)
from vrnn.commands.layers import ResetLayer
from vrnn.commands.script import command_from_table
from vrnn.commands.undo_stack import UndoStack
from vrnn.errors import VrnnError
from vrnn.network.axes import AxisChoice
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.picking import Hit
from vrnn.scene.state import LayerState, State
from vrnn.scene.world import World
from vrnn.workspace.workspace_file import (
    WorkspaceSnapshot,
    drop_missing_layers,
    load_workspace,
    save_workspace,
)

ROLES = ("batch", "depth", "channel", "height", "width")


@pytest.fixture
def world():
    world = World()
    world.open(0, video(), INFO)
    world.open(1, residual(1), INFO)
    return world


def test_a_frame_is_chosen_and_its_neighbors_are_one_step_away(world):
    state = ShowIndex("time", 0, 6).apply(State(), world)
    assert state.shown_index(0, "time", 8) == 6
    assert state.shown_index(0, "batch", 8) == 0
    state = ShowNext("time").apply(state, world)
    assert state.shown_index(0, "time", 8) == 7
    assert ShowNext("time").apply(state, world) == State()  # the first again
    assert ShowPrevious("time").apply(State(), world).shown_index(0, "time", 8) == 7
    assert ShowPrevious("time").chosen(None, "time", 8) == 7
    assert ShowPrevious("time").chosen(0, "time", 8) == 7
    assert ShowPrevious("time").chosen(5, "time", 8) == 4


def test_samples_come_before_frames_where_no_axis_is_named(world):
    state = ShowNext().apply(State(), world)
    assert state.choices == {0: (AxisChoice("batch", 1),)}


def test_a_volume_begins_with_its_middle_slice():
    assert State().shown_index(0, "depth", 9) == 4
    state = State().with_shown_index(0, "depth", 9, 0)
    assert state.shown_index(0, "depth", 9) == 0
    assert state.with_shown_index(0, "depth", 9, 4) == State()


def test_all_side_by_side_and_one_again(world):
    state = ShowIndex("time", 0, 3).apply(State(), world)
    both = ShowSideBySide("time").apply(state, world)
    assert both.shown_index(0, "time", 8) is None
    assert ShowSideBySide("time").apply(both, world).shown_index(0, "time", 8) == 0
    assert ShowSideBySide("time", 0, True).apply(both, world) == both
    assert ShowNext("time").apply(both, world).shown_index(0, "time", 8) == 0


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (ShowIndex("time", 0, 8), "there is no frame 8; choose one from 0 to 7"),
        (ShowIndex("time", 0, -1), "there is no frame -1"),
        (ShowIndex("depth", 0, 0), "no slices to choose from, only samples and frames"),
        (ShowIndex("width", 0, 0), "choose one of batch, depth, time, other"),
        (ShowNext(network=1), "nothing to choose"),
        (ShowNext(network=5), "there is no network 5"),
        (SetAxisRoles("conv1", 0, ("batch",)), "'conv1' has 5 axes, not 1"),
        (SetAxisRoles("conv1", 0, ("batch", *ROLES[:1], *ROLES[2:])), "can be its batch"),
    ],
)
def test_what_cannot_be_chosen_is_told(world, command, message):
    with pytest.raises(VrnnError, match=message):
        command.apply(State(), world)


def test_the_axis_of_the_layer_that_is_pointed_at_comes_first(world):
    class Context:
        def __init__(self):
            self.world = world

    assert ShowNext.for_hit(Context(), Hit("layer", 1.0, 0, 2)) == ShowNext("batch", 0)
    assert ShowNext.for_hit(Context(), None) == ShowNext("batch", 0)
    with pytest.raises(VrnnError, match="nothing to choose"):
        ShowNext.for_hit(Context(), Hit("layer", 1.0, 1, 2))


def test_roles_of_a_layer_are_set_forgotten_and_undone(world):
    history = UndoStack(State())
    state = SetAxisRoles("conv1", 0, ROLES).apply(State(), world)
    history.push("set", state)
    assert state.axis_roles() == {0: {"conv1": ROLES}}
    assert ForgetAxisRoles("conv1").apply(state, world) == State()
    assert ForgetAxisRoles().apply(state, world).layers == {}
    assert ResetLayer("conv1").apply(state, world).layers == {}
    assert history.undo(1) == State()


def test_neither_moves_a_layer(world):
    state = SetAxisRoles("conv1", 0, ROLES).apply(ShowNext().apply(State(), world), world)
    assert state.has_same_placement(State())
    changed, plain = (world.networks[0].placement(s, 0) for s in (state, State()))
    assert (changed.panel_rects == plain.panel_rects).all()


def test_files_name_them(world, tmp_path):
    table = {"do": "axes.show_index", "role": "time", "index": 3}
    assert command_from_table(table, tmp_path) == ShowIndex("time", 0, 3)
    table = {"do": "axes.set_roles", "layer": "conv1", "axes": list(ROLES)}
    assert command_from_table(table, tmp_path) == SetAxisRoles("conv1", 0, ROLES)
    with pytest.raises(VrnnError, match="one of batch, channel"):
        command_from_table({"do": "axes.show_index", "role": "frames"}, tmp_path)


def test_a_session_keeps_choices_and_roles(world, tmp_path):
    state = ShowIndex("time", 0, 6).apply(State(), world)
    state = ShowSideBySide("batch").apply(state, world)
    state = SetAxisRoles("conv1", 0, ROLES).apply(state, world)
    path = tmp_path / "session.json"
    save_workspace(path, WorkspaceSnapshot((ModelSpec(),), "layers", state))
    assert load_workspace(path).state == state
    table = json.loads(path.read_text())  # as builds before wrote it
    del table["state"]["choices"]
    for layer in table["layers"]:
        del layer["axes"]
    path.write_text(json.dumps(table))
    assert load_workspace(path).state.choices == {}


def test_what_another_model_does_not_have_is_left_out(world):
    state = ShowIndex("time", 0, 6).apply(State(), world)
    state = state.with_shown_index(0, "batch", 2, 7)
    state = state.with_shown_index(3, "batch", 2, 1)
    state = state.with_layer((0, "conv1"), LayerState(axes=("batch", "channel")))
    fitted, missing = drop_missing_layers(state, world)
    assert fitted.choices == {0: (AxisChoice("time", 6),)}
    assert fitted.layers == {}
    assert missing == ()


def test_what_is_shown_is_told():
    assert choice_text("time", 3, 8) == "frame 3 (0 to 7)"
    assert choice_text("depth", None, 8) == "8 slices side by side"
