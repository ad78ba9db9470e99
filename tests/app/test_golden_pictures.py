"""The default network, drawn without a screen and compared with pictures that were looked at."""

import numpy as np
import pytest
import torch

import vrnn
import vrnn.api
from tests.support import golden
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.ablation import Ablate
from vrnn.commands.base import UndoableCommand
from vrnn.commands.display import Fold, FoldAllStages, SetArrangement, SetColorMapping
from vrnn.commands.edit import Undo
from vrnn.commands.inputs import DropImage, GrabImage, SetInputImage
from vrnn.commands.layers import ArrangeMaps, MoveLayer, PinLayer, ScaleLayer
from vrnn.commands.view import HoverLayer
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import is_software

SIZE = (640, 360)


@pytest.fixture(scope="module")
def studio():
    with OffscreenApp([ModelSpec()], load_config()) as opened:
        opened.do(SetInputImage(number=8))
        yield opened


@pytest.mark.parametrize(
    "camera", ["overview", "front", "top", "layer:stage2.0.conv1", "-6,1.7,4,-10,0"]
)
@pytest.mark.parametrize("arrangement", ["terrace", "conveyor"])
def test_cameras(studio, camera, arrangement, regenerate, tmp_path):
    studio.do(SetArrangement(arrangement))
    while studio.world.advance(1.0):
        continue
    pixels = np.asarray(studio.picture(camera, SIZE))
    name = f"{arrangement}-{camera.split(':')[0].replace(',', '_')}"
    golden.check(name, pixels, regenerate, is_software(studio.gl_context), tmp_path)


@pytest.mark.parametrize("scale", ["layer", "network"])
def test_scales(studio, scale, regenerate, tmp_path):
    studio.do(SetArrangement("terrace"))
    while studio.world.advance(1.0):
        continue
    studio.do(SetColorMapping(normalize_by=scale))
    try:
        pixels = np.asarray(studio.picture("layer:stage3.1.conv2", SIZE))
    finally:
        studio.do(SetColorMapping(normalize_by="map"))
    golden.check(f"scale-{scale}", pixels, regenerate, is_software(studio.gl_context), tmp_path)


TOUCHED = {
    "folded": ([FoldAllStages()], "overview"),
    "forms": (
        [ArrangeMaps("stage1.0.conv1", form="ring"),
         ArrangeMaps("stage1.0.conv2", form="line", order="mean"),
         Fold("stage1.0.add")],
        "overview",
    ),
    "moved": (
        [MoveLayer("stage1.0.conv2", by=(0.4, 1.0, 0.8)), ScaleLayer("stage1.0.conv1", by=1.5)],
        "1,2.2,7,0,0",
    ),
    "off": ([Ablate("stem.0", channels=(2, 5)), Ablate("stage1.0.conv1")], "-1,2.2,6,0,0"),
    "double": ([PinLayer("stem.0", kind="difference"), SetInputImage(number=3)], "-3,2.6,6,0,0"),
    "carried": ([GrabImage(number=11)], "-7,1.7,6,8,0"),
    "pointed": ([HoverLayer("stage2.0.conv1", channel=4, position=(6, 8))], "overview"),
    "colors": ([SetColorMapping(colormap="viridis", symmetric=False)], "layer:stem.0"),
}  # fmt: skip
"""What was done, and from where it is looked at."""


@pytest.mark.parametrize("name", TOUCHED)
def test_what_was_touched(studio, name, regenerate, tmp_path):
    actions, camera = TOUCHED[name]
    studio.do(SetArrangement("terrace"))
    steps = sum(isinstance(action, UndoableCommand) for action in actions)
    try:
        for action in actions:
            studio.do(action)
        pixels = np.asarray(studio.picture(camera, SIZE))
    finally:
        if steps:
            studio.do(Undo(times=steps))
        studio.do(DropImage(into_input=False))
        studio.do(HoverLayer())
    golden.check(f"touched-{name}", pixels, regenerate, is_software(studio.gl_context), tmp_path)


def test_transparent(studio, regenerate, tmp_path):
    pixels = np.asarray(studio.picture("overview", SIZE, transparent=True))
    assert pixels.shape == (360, 640, 4)
    assert (pixels[..., 3] == 0).mean() > 0.3
    golden.check("transparent", pixels, regenerate, is_software(studio.gl_context), tmp_path)


def test_another_image_gives_another_picture_and_the_same_one_the_same_bytes(studio):
    first = studio.picture("overview", SIZE).tobytes()
    studio.show(1)
    assert studio.picture("overview", SIZE).tobytes() != first
    studio.show(8)
    assert studio.picture("overview", SIZE).tobytes() == first


def test_an_unknown_camera_is_told(studio):
    with pytest.raises(VrnnError, match="overview, front, top"):
        studio.picture("sideways", SIZE)


def test_from_python():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Conv2d(8, 4, 3))
    image = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    picture = vrnn.screenshot(net, image, camera="overview", size=(320, 200), input_size=(32, 32))
    assert picture.size == (320, 200)
    assert np.asarray(picture).std() > 5


def test_the_former_name_still_answers():
    with (
        pytest.warns(DeprecationWarning, match=r"vrnn\.screenshot"),
        pytest.raises(VrnnError, match="no model"),
    ):
        vrnn.api.render("nothing-like-this")
