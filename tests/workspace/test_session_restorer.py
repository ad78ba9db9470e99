"""What is opened, closed, said and undone when a session is restored."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.worlds import small_world
from vrnn.commands.undo_stack import UndoStack
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.camera import Camera
from vrnn.scene.state import AblationState, InputImage, LayerState, State
from vrnn.workspace.session_restorer import SessionRestorer
from vrnn.workspace.workspace_file import WorkspaceSnapshot

MINE, OTHERS = (ModelSpec("digits"),), (ModelSpec("a"), ModelSpec("b"))
LAYER = "layer1.0.conv1"
MOVED = State().with_layer((0, LAYER), LayerState(offset=(1.0, 0.0, 0.0)))
LONG_AGO = State("conveyor")


class Feed:
    def __init__(self):
        self.awaited, self.unopened, self.closed, self.failures = set(), set(), [], []

    def close(self, slot):
        self.closed.append(slot)


class Worker:
    def __init__(self):
        self.opened, self.reloaded = [], []

    def open(self, specs, detail):
        self.opened.append((specs, detail))

    def reload(self, slot, spec, detail):
        self.reloaded.append((slot, spec, detail))


class Workspace:
    """What a restorer needs, and what it does with it."""

    images = None

    def __init__(self, specs=MINE):
        self.specs, self.detail = specs, "layers"
        self.world, self.network, _ = small_world()
        self.worker, self.feed = Worker(), Feed()
        self.history = UndoStack(State())
        self.history.push("move", LONG_AGO)
        self.input = SimpleNamespace(pixels={}, resolve=self.resolve)
        self.pins = SimpleNamespace(clear=lambda: self.log.append("pins cleared"))
        self.messages, self.log = [], []
        self.training = SimpleNamespace(folder=None, close=lambda: None)
        self.passes_requested = 0
        self.runs_a_pass = False
        self.missing_image = ""

    def resolve(self, image, images):
        if self.missing_image:
            raise VrnnError(self.missing_image)

    def snapshot(self, camera, viewpoints):
        return WorkspaceSnapshot(self.specs, self.detail, self.history.state, camera, viewpoints)

    def apply_state(self, state, move=True):
        self.log.append(state)
        self.passes_requested += self.runs_a_pass

    def run_inference(self, at_once=True):
        self.log.append("pass")


def snapshot_of(state=MOVED, specs=MINE, detail="layers", pixels=None):
    return WorkspaceSnapshot(specs, detail, state, Camera(), {}, pixels=pixels or {})


@pytest.fixture
def workspace():
    return Workspace()


@pytest.fixture
def restorer(workspace):
    made = SessionRestorer(workspace)
    assert made.opening
    workspace.feed.awaited.clear()
    made.on_network_loaded()
    assert workspace.log == []
    return made


def test_all_models_are_awaited_at_first():
    workspace = Workspace(OTHERS)
    restorer = SessionRestorer(workspace)
    assert workspace.feed.awaited == {0, 1}
    workspace.feed.awaited = set()
    assert not restorer.opening


def test_a_session_of_the_same_models_is_restored_at_once(workspace, restorer):
    restorer.restore(snapshot_of(pixels={"x": "pixels"}))
    assert workspace.log == [MOVED]
    assert workspace.input.pixels == {"x": "pixels"}
    assert workspace.history.undo_label == "restore session"
    assert workspace.history.state == MOVED
    assert workspace.history.undo() == LONG_AGO
    assert workspace.worker.opened == []


def test_what_is_so_already_is_no_step(workspace, restorer):
    restorer.restore(snapshot_of(LONG_AGO))
    assert workspace.history.undo_label == "move"
    assert workspace.log == [LONG_AGO]


def test_while_they_are_being_opened_it_waits_for_them(workspace, restorer):
    workspace.feed.awaited = {0}
    restorer.restore(snapshot_of())
    restorer.on_network_loaded()
    assert workspace.log == []
    workspace.feed.awaited = set()
    restorer.on_network_loaded()
    assert workspace.log == [MOVED, "pass"]
    restorer.on_network_loaded()
    assert workspace.log == [MOVED, "pass"]


def test_a_pass_that_the_state_has_asked_for_is_not_asked_for_twice(workspace, restorer):
    workspace.runs_a_pass = True
    restorer.restore_when_loaded(snapshot_of(pixels={"y": 1}))
    restorer.on_network_loaded()
    assert workspace.log == [MOVED]
    assert workspace.input.pixels == {"y": 1}


@pytest.mark.parametrize(("specs", "detail"), [(OTHERS, "layers"), (MINE, "all")])
def test_other_models_are_opened_and_what_was_done_to_the_first_is_forgotten(
    workspace, restorer, specs, detail
):
    restorer.restore(snapshot_of(specs=specs, detail=detail))
    assert workspace.worker.opened == [(specs, detail)]
    assert (workspace.specs, workspace.detail) == (specs, detail)
    assert workspace.feed.awaited == set(range(len(specs)))
    assert workspace.log == []
    workspace.feed.awaited = set()
    restorer.on_network_loaded()
    assert workspace.log == ["pins cleared", MOVED, "pass"]
    assert workspace.history.undo() == State()
    assert workspace.feed.closed == []


def test_models_that_could_not_be_opened_are_closed(workspace, restorer):
    restorer.restore(snapshot_of(specs=OTHERS))
    workspace.feed.awaited, workspace.feed.unopened = set(), {0}
    restorer.on_network_loaded()
    assert workspace.feed.closed == [0]
    assert MOVED.arrangement in [s.arrangement for s in workspace.log if isinstance(s, State)]


def test_where_none_could_be_opened_those_before_come_back(workspace, restorer):
    restorer.restore(snapshot_of(specs=OTHERS, detail="all"))
    workspace.feed.awaited, workspace.feed.unopened = set(), {0, 1}
    restorer.on_network_loaded()
    assert workspace.worker.opened[1:] == [(MINE, "layers")]
    assert (workspace.specs, workspace.detail) == (MINE, "layers")
    assert (workspace.feed.awaited, workspace.feed.unopened) == ({0}, set())
    assert workspace.feed.closed == []
    workspace.feed.awaited = set()
    restorer.on_network_loaded()
    assert workspace.log == [LONG_AGO, "pass"]
    assert workspace.history.undo_label == "move"  # nothing of it is lost


def test_without_models_before_there_is_nothing_to_come_back_to(workspace, restorer):
    workspace.world.remove(0)
    restorer.restore(snapshot_of(specs=OTHERS))
    workspace.feed.awaited, workspace.feed.unopened = set(), {0, 1}
    restorer.on_network_loaded()
    assert len(workspace.worker.opened) == 1
    assert workspace.log == []


def test_a_model_is_opened_anew_with_all_that_was_done(workspace, restorer):
    restorer.reload(0)
    assert workspace.worker.reloaded == [(0, MINE[0], "layers")]
    assert workspace.feed.awaited == {0}
    workspace.feed.awaited = set()
    restorer.on_network_loaded()
    assert workspace.log == [LONG_AGO, "pass"]
    assert workspace.history.undo_label == "move"


@pytest.mark.parametrize(
    ("count", "told"), [(1, "gone0"), (5, "gone0, gone1, gone2, gone3, gone4"), (6, "gone4, …")]
)
def test_layers_that_are_not_there_are_told(workspace, restorer, count, told):
    ablations = tuple(AblationState(0, f"gone{i}", (1,)) for i in range(count))
    restorer.restore(snapshot_of(replace(MOVED, ablations=ablations)))
    assert workspace.log == [MOVED]
    (message,) = workspace.messages
    assert message.startswith("skipped: not in this model: gone0")
    assert message.endswith(told)


def test_an_image_that_is_gone_is_told_and_left_out(workspace, restorer):
    workspace.missing_image = "no such image"
    restorer.restore(snapshot_of(replace(MOVED, input_image=InputImage(number=7))))
    assert workspace.messages == ["no such image"]
    assert workspace.log == [MOVED]


def test_code_that_nobody_has_allowed_is_asked_about_only_where_models_change(
    workspace, restorer, tmp_path
):
    script = tmp_path / "evil.py"
    script.write_text("model = None\n")
    specs = (ModelSpec(str(script)),)
    file = Path("session.json")
    with pytest.raises(VrnnError):
        restorer.check_trusted(snapshot_of(specs=specs), file)
    workspace.specs = specs
    restorer.check_trusted(snapshot_of(specs=specs), file)
    with pytest.raises(VrnnError):
        restorer.check_trusted(snapshot_of(specs=specs, detail="all"), file)
