"""The default network, drawn without a screen and compared with pictures that were looked at."""

import numpy as np
import pytest
import torch

import vrnn
from tests.support import golden
from vrnn.app.offscreen import Studio
from vrnn.commands.base import Change
from vrnn.commands.display import Arrange, Colour, Fold, FoldStages
from vrnn.commands.inputs import PickUp, PutDown, PutImage
from vrnn.commands.layers import Form, Move, PinLayer, Scale, SwitchOff
from vrnn.commands.session import Point, Undo
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import is_software

SIZE = (640, 360)


@pytest.fixture(scope="module")
def studio():
    with Studio([ModelSpec()], load_config()) as opened:
        opened.do(PutImage(number=8))
        yield opened


@pytest.mark.parametrize(
    "camera", ["overview", "front", "top", "layer:stage2.0.conv1", "-6,1.7,4,-10,0"]
)
@pytest.mark.parametrize("arrangement", ["terrace", "conveyor"])
def test_cameras(studio, camera, arrangement, regenerate, tmp_path):
    studio.do(Arrange(arrangement))
    while studio.world.advance(1.0):
        continue
    pixels = np.asarray(studio.picture(camera, SIZE))
    name = f"{arrangement}-{camera.split(':')[0].replace(',', '_')}"
    golden.check(name, pixels, regenerate, is_software(studio.context), tmp_path)


@pytest.mark.parametrize("scale", ["layer", "network"])
def test_scales(studio, scale, regenerate, tmp_path):
    studio.do(Arrange("terrace"))
    while studio.world.advance(1.0):
        continue
    studio.do(Colour(scale=scale))
    try:
        pixels = np.asarray(studio.picture("layer:stage3.1.conv2", SIZE))
    finally:
        studio.do(Colour(scale="map"))
    golden.check(f"scale-{scale}", pixels, regenerate, is_software(studio.context), tmp_path)


TOUCHED = {
    "folded": ([FoldStages()], "overview"),
    "forms": (
        [Form("stage1.0.conv1", form="ring"), Form("stage1.0.conv2", form="line", order="mean"),
         Fold("stage1.0.add")],
        "overview",
    ),
    "moved": (
        [Move("stage1.0.conv2", by=(0.4, 1.0, 0.8)), Scale("stage1.0.conv1", by=1.5)],
        "1,2.2,7,0,0",
    ),
    "off": ([SwitchOff("stem.0", channels=(2, 5)), SwitchOff("stage1.0.conv1")], "-1,2.2,6,0,0"),
    "double": ([PinLayer("stem.0", kind="difference"), PutImage(number=3)], "-3,2.6,6,0,0"),
    "carried": ([PickUp(number=11)], "-7,1.7,6,8,0"),
    "pointed": ([Point("stage2.0.conv1", channel=4, position=(6, 8))], "overview"),
    "colours": ([Colour(colours="viridis", symmetric=False)], "layer:stem.0"),
}  # fmt: skip
"""What was done, and from where it is looked at."""


@pytest.mark.parametrize("name", TOUCHED)
def test_what_was_touched(studio, name, regenerate, tmp_path):
    actions, camera = TOUCHED[name]
    studio.do(Arrange("terrace"))
    steps = sum(isinstance(action, Change) for action in actions)
    try:
        for action in actions:
            studio.do(action)
        pixels = np.asarray(studio.picture(camera, SIZE))
    finally:
        if steps:
            studio.do(Undo(times=steps))
        studio.do(PutDown(into_input=False))
        studio.do(Point())
    golden.check(f"touched-{name}", pixels, regenerate, is_software(studio.context), tmp_path)


def test_transparent(studio, regenerate, tmp_path):
    pixels = np.asarray(studio.picture("overview", SIZE, transparent=True))
    assert pixels.shape == (360, 640, 4)
    assert (pixels[..., 3] == 0).mean() > 0.3
    golden.check("transparent", pixels, regenerate, is_software(studio.context), tmp_path)


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
    picture = vrnn.render(net, image, camera="overview", size=(320, 200), input_size=(32, 32))
    assert picture.size == (320, 200)
    assert np.asarray(picture).std() > 5


def test_the_function_and_the_package_of_that_name_live_together():
    import vrnn.render.context

    assert vrnn.render.context.REQUIRED == 410
    assert callable(vrnn.render)
    with pytest.raises(VrnnError, match="no model"):
        vrnn.render("nothing-like-this")
