"""Choosing what an output is shown as."""

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.commands.outputs import ShowOutputAs
from vrnn.commands.script import command_from_table
from vrnn.commands.undo_stack import UndoStack
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.network.output_decoding import decode
from vrnn.network.predictions import FlowField, ImageOutput, Segmentation, Values
from vrnn.scene.output_choices import shown_outputs
from vrnn.scene.state import OutputChoice, State
from vrnn.workspace.workspace_file import WorkspaceSnapshot, load_workspace, save_workspace


@pytest.fixture
def world():
    values = np.array([0.1, 2.0, -1.0], np.float32)
    maps = np.random.default_rng(0).normal(size=(2, 16, 16)).astype(np.float32)
    world, _, _ = small_world(
        [
            decode("scores", values, 9, name="logits", evidence="3 numbers", is_sure=False),
            decode("segmentation", maps, 9, name="maps"),
        ]
    )
    return world


def shown(world, state):
    world.set_state(state)
    return shown_outputs(world.networks[0].result, state, 0)


def test_an_output_is_shown_as_chosen_until_that_is_undone(world):
    stack = UndoStack(State())
    command = ShowOutputAs("numbers")
    stack.push("show", command.apply(State(), world))
    numbers, other = shown(world, stack.state)
    assert isinstance(numbers, Values)
    assert numbers.numbers.tolist() == pytest.approx([0.1, 2.0, -1.0])
    assert isinstance(other, Segmentation)
    texts = [label.text for label in world.draw_list().labels]
    assert {"value 0", "-1", "2"} <= set(texts)
    assert "dog" not in texts
    stack.undo(1)
    assert shown(world, stack.state)[0].kind == "scores"
    texts = [label.text for label in world.draw_list().labels]
    assert "dog" in texts
    assert any("taken for class scores: 3 numbers" in text for text in texts)


def test_an_output_of_several_is_named(world):
    state = ShowOutputAs("flow", "maps").apply(State(), world)
    assert isinstance(shown(world, state)[1], FlowField)
    state = ShowOutputAs("picture", "maps").apply(state, world)
    assert isinstance(shown(world, state)[1], ImageOutput)
    assert state.output_choices == (OutputChoice(0, "maps", "picture"),)
    assert ShowOutputAs(None, "maps").apply(state, world) == State()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (ShowOutputAs("depth"), "cannot be shown as depth; it can as class scores"),
        (ShowOutputAs("numbers", "boxes"), "no output 'boxes'; this network has logits, maps"),
        (ShowOutputAs("colors"), "no kind of output 'colors'"),
        (ShowOutputAs("numbers", network=3), "no network 3"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(world, command, words):
    with pytest.raises(VrnnError, match=words):
        command.apply(State(), world)


def test_a_choice_is_kept_in_the_session_and_read_from_a_script(world, tmp_path):
    state = ShowOutputAs("embedding", "logits").apply(State(), world)
    path = tmp_path / "session.json"
    save_workspace(path, WorkspaceSnapshot((ModelSpec("default"),), "layers", state))
    assert load_workspace(path).state == state
    table = {"do": "output.show_as", "kind": "embedding", "output": "logits"}
    assert command_from_table(table, tmp_path) == ShowOutputAs("embedding", "logits")


def test_a_choice_moves_nothing():
    assert State().has_same_placement(State(output_choices=(OutputChoice(0, "a", "maps"),)))
