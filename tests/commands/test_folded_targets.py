"""Commands whose layer is in a folded module, has moved into one, or is gone."""

import numpy as np
import pytest
from PIL import Image

from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.ablation import Ablate
from vrnn.commands.base import Command
from vrnn.commands.display import Fold, FoldAllStages
from vrnn.commands.export import RecordVideo, SaveImage
from vrnn.commands.inputs import GrabImage
from vrnn.commands.layers import ArrangeMaps, MoveLayer, PinLayer, ResetLayer, ScaleLayer
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.commands.view import FrameLayer, GoToView, HoverLayer
from vrnn.config.loader import load_config
from vrnn.errors import Fault, VrnnError
from vrnn.network.model_code import trust_models
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.visibility import panel_corners
from vrnn.workspace.workspace_file import WorkspaceSnapshot, save_workspace

INSIDE = "stage1.0.conv1"


@pytest.fixture(scope="module")
def studio():
    with OffscreenApp([ModelSpec()], load_config()) as made:
        yield made


@pytest.fixture
def folded(studio):
    reset(studio)
    studio.do(FoldAllStages())
    return studio


def test_one_looks_at_the_module_that_the_layer_is_in(folded):
    world = folded.world
    inside = camera_by_name(world, f"layer:{INSIDE}", 1.5, 0.8)
    assert inside == camera_by_name(world, "layer:stage1", 1.5, 0.8)
    slot, node = 0, world.networks[0].node_ids[INSIDE]
    module = world.node_id(0, "stage1")
    assert world.shown_node(slot, node) == module
    center = panel_corners(world, slot, module).mean(0)
    clip = inside.clip_from_world(1.5) @ np.append(center, 1.0)
    assert np.abs(clip[:2] / clip[3]).max() < 0.2


def commands_at(folder, layer, network=0) -> list[Command]:
    """Every command that names a layer."""
    camera = f"layer:{layer}"
    return [
        GoToView(camera), GoToView(camera, network), FrameLayer(layer, network),
        SaveImage(folder / "a.png", camera, (64, 36)),
        RecordVideo(folder / "video", (camera, "top"), 0.1, 10, (64, 36)),
        HoverLayer(layer, network), HoverLayer(layer, network, 1, (2, 2)),
        MoveLayer(layer, network, (1.0, 0.0, 0.0)), ScaleLayer(layer, network, 2.0),
        ArrangeMaps(layer, network, "line"), ResetLayer(layer, network),
        PinLayer(layer, network), PinLayer(layer, network, kind="difference"),
        Ablate(layer, network), Ablate(layer, network, (1,)), Fold(layer, network),
        GrabImage(layer=layer, network=network),
    ]  # fmt: skip


@pytest.mark.parametrize("layer", [INSIDE, "stage1", "stage3.1.conv2"])
def test_every_command_works_at_a_layer_in_a_folded_module(folded, layer, tmp_path):
    for command in commands_at(tmp_path, layer):
        try:
            folded.do(command)
        except Fault:
            raise
        except VrnnError:
            assert not isinstance(command, GoToView | FrameLayer | SaveImage | RecordVideo)
        folded.picture(size=(64, 36))
        assert folded.world.state == folded.workspace.history.state
    assert Image.open(tmp_path / "a.png").size == (64, 36)


def test_a_network_that_is_not_open_is_told(folded, tmp_path):
    for command in commands_at(tmp_path, INSIDE, network=3):
        if getattr(command, "network", None) == 3:
            with pytest.raises(VrnnError, match="there is no network 3: only 0 is open"):
                folded.do(command)


def test_a_session_with_other_models_is_waited_for(studio, tmp_path):
    reset(studio)
    script = tmp_path / "small.py"
    script.write_text(
        "import torch\nmodel = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(),"
        " torch.nn.Conv2d(4, 5, 3))\ninput_size = (8, 9)\n"
    )
    studio.do(PinLayer(INSIDE))
    studio.do(HoverLayer(INSIDE, channel=3))
    before = studio.world.state
    studio.do(SaveSession(tmp_path / "before.json"))
    small = ModelSpec(str(script))
    trust_models([small])
    for specs in ((small,), (small, ModelSpec()), (ModelSpec(), small)):
        snapshot = WorkspaceSnapshot(specs, "layers", type(before)())
        save_workspace(tmp_path / "other.json", snapshot)
        studio.do(OpenSession(tmp_path / "other.json"))
        assert studio.world.slots == tuple(range(len(specs)))
        titles = [studio.world.networks[slot].info.title for slot in studio.world.slots]
        assert [("small" in title) for title in titles] == [spec is small for spec in specs]
        assert studio.world.hovered is None
        assert not studio.world.state.pins
        with pytest.raises(VrnnError, match="nothing to undo"):
            studio.workspace.undo(1)
        for slot, spec in enumerate(specs):
            layer = "2" if spec is small else INSIDE
            studio.do(Ablate(layer, slot))
            studio.do(PinLayer(layer, slot))
        studio.picture(size=(64, 36))
    studio.do(OpenSession(tmp_path / "before.json"))
    assert studio.world.state == before
    studio.do(FoldAllStages())


def test_models_come_back_when_none_of_a_session_can_be_opened(studio, tmp_path):
    reset(studio)
    studio.do(Ablate(INSIDE))
    before = studio.world.state
    result = studio.world.networks[0].result.outputs
    snapshot = WorkspaceSnapshot((ModelSpec(str(tmp_path / "gone.py")),), "layers", type(before)())
    save_workspace(tmp_path / "gone.json", snapshot)
    with pytest.raises(VrnnError, match=r"gone\.py"):
        studio.do(OpenSession(tmp_path / "gone.json"))
    assert studio.world.state == before
    assert studio.workspace.specs == (ModelSpec("digits"),)
    studio.do(FoldAllStages())
    assert len(studio.world.networks[0].result.outputs) == len(result)


def test_a_camera_whose_layer_is_gone_goes_back_to_the_overview(studio):
    reset(studio)
    studio.do(FoldAllStages())
    studio.do(GoToView("layer:stage1"))
    studio.do(FoldAllStages())  # the module is open, and all its layers are seen
    assert studio.eye() == studio.eye("layer:stage1")
    assert studio.camera == "layer:stage1"
    studio.camera = "layer:gone.with.its.model"
    assert studio.eye() == studio.eye("overview")
    (message,) = studio.workspace.messages
    assert message.startswith("back to the overview: there is no layer 'gone.with.its.model'")
    studio.workspace.messages.clear()
