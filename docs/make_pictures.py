"""Make the pictures in README and the docs: `python docs/make_pictures.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vrnn import screenshot
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.ablation import Ablate
from vrnn.commands.base import Command
from vrnn.commands.channel_paths import ShowChannelPaths
from vrnn.commands.connections import OpenPosition, ShowConnections
from vrnn.commands.display import FoldAllStages
from vrnn.commands.edit import Undo
from vrnn.commands.explain import ShowRelevance
from vrnn.commands.feature_visualization import ShowFeatureVisualization
from vrnn.commands.image_cloud import SetCloudDisplay, ShowImageCloud
from vrnn.commands.kernel_edits import EditKernel
from vrnn.commands.scoring import ShowScore, ShowScoredImages
from vrnn.commands.view import HoverLayer
from vrnn.config.loader import load_config
from vrnn.features.presets import load_presets
from vrnn.network.model_spec import ModelSpec
from vrnn.render.look import render_colors
from vrnn.render.stereo import StereoTarget
from vrnn.render.stereo_view import stereo_view
from vrnn.scene.headset.tracking import Eye, HandInput, Pose, TrackingFrame

MODEL = "imagenet"
"""Really trained; the extra `imagenet` installs it."""
PHOTO = 1
"""Which of the photos that come with vrnn: the cat."""
ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "pictures"

PICTURES: dict[str, dict[str, Any]] = {
    "overview": {"model": MODEL, "image": PHOTO},
    "resnet50": {"model": "examples/resnet50.py"},
    "walk": {"model": MODEL, "image": PHOTO, "camera": "layer:stage2.0.expand"},
    "unet": {"model": "examples/unet.py", "arrange": "by_resolution"},
    "conveyor": {"model": MODEL, "image": PHOTO, "arrange": "conveyor"},
}
"""Arguments of `vrnn.screenshot` for each picture."""

TOUCHED: dict[str, tuple[list[Command], str]] = {
    "folded": ([FoldAllStages()], "overview"),
}
"""What was done to ResNet50, and from where it is seen."""
POINTED = HoverLayer("stage3.1.add", channel=3, position=(12, 14))
CLOUD, CLOUD_COLORS = ShowImageCloud("pool"), SetCloudDisplay(color="answer")
CONNECTIONS: dict[str, list[Command]] = {
    "connections": [ShowConnections("stage1.0.project")],
    "calculation": [OpenPosition("stem.0", channel=7, row=40, column=50)],
}
"""What is shown for each picture of connections."""
EDITED: dict[str, tuple[list[Command], str]] = {
    "edited": (
        [
            EditKernel("stem.0", output=0, content="horizontal sobel"),
            EditKernel("stem.0", output=2, content="gabor", angle=45.0),
        ],
        "layer:stem.0",
    ),
    "score": (
        [
            Ablate("stage2.1.conv2"),
            EditKernel("stem.0", output=0, content="noise"),
            ShowScore(),
            ShowScoredImages("became wrong"),
        ],
        "score",
    ),
    "paths": ([ShowChannelPaths("stage2.1.conv1", 5)], "overview"),
}
"""What was done to the digits' network, and from where it is seen."""
FEATURES = "stage4.1.add"
SHARP = load_presets()["sharp"]
SIDE = np.array([0.032, 0.0, 0.0])
"""From the head's middle to an eye, meters."""
FIELD = tuple(np.radians((-45.0, 50.0, 30.0, -42.0)).tolist())
HANDS = ((-0.25, (-0.12, -0.06, 0.0, 0.99)), (0.0, (-0.02, -0.085, 0.0, 1.0)))
"""Of the left and the right hand: meters to the right, and how it is turned."""
POINTED_FROM = "layer:stage3.1.add"


def in_a_headset(studio: OffscreenApp) -> np.ndarray:
    """(H, W, 3) uint8: what a left eye sees while the right hand points at a layer."""
    config = load_config()
    head = Pose(np.array([0.0, 1.65, 0.0]))
    aims = [Pose(np.array([x, 1.3, -0.4]), np.array(turned)) for x, turned in HANDS]
    hands = (HandInput(aims[0], aims[0], active=True), HandInput(aims[1], aims[1], active=True))
    eyes = (Eye(Pose(head.position - SIDE), FIELD), Eye(Pose(head.position + SIDE), FIELD))
    with studio.hand_controller(config, None) as guide:
        for number in range(40):
            guide.update(tracked := TrackingFrame(number / 90, head, eyes, hands, True), 1 / 90)
            guide.prepare_next_frame()
        near, front = guide.draw(tracked)
        target = StereoTarget(studio.gl_context, (1600, 1080), samples=4)
        view = stereo_view(eyes, guide.rig, target.size, 120.0, render_colors(config))
        studio._renderer.draw_eyes(target, view, studio.world.draw_list(), near, front)
        seen = target.read_pixels(0)[..., :3]
        target.release()
    return seen


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name, arguments in PICTURES.items():
        model = arguments["model"]
        if model.endswith(".py"):
            model = str(ROOT / model)
        picture = screenshot(**{**arguments, "model": model, "size": (1600, 900)})
        path = FOLDER / f"{name}.jpg"
        picture.save(path, quality=88, optimize=True)
        print(path.relative_to(ROOT))
    with OffscreenApp([ModelSpec(str(ROOT / "examples/resnet50.py"))], load_config()) as studio:
        for name, (actions, camera) in TOUCHED.items():
            for action in actions:
                studio.do(action)
            path = FOLDER / f"{name}.jpg"
            studio.picture(camera, (1600, 900)).save(path, quality=88, optimize=True)
            print(path.relative_to(ROOT))
    with OffscreenApp([ModelSpec("digits")], load_config()) as studio:
        for name, (actions, camera) in EDITED.items():
            for action in actions:
                studio.do(action)
            path = FOLDER / f"{name}.jpg"
            studio.picture(camera, (1600, 900)).save(path, quality=88, optimize=True)
            print(path.relative_to(ROOT))
            studio.do(Undo(times=len(actions)))
    with OffscreenApp([ModelSpec(MODEL)], load_config(), image=PHOTO) as studio:
        studio.do(ShowFeatureVisualization(FEATURES, settings=SHARP))
        path = FOLDER / "features.jpg"
        picture = studio.picture(f"layer:{FEATURES}", (1600, 900))
        picture.save(path, quality=88, optimize=True)
        print(path.relative_to(ROOT))
        studio.do(Undo())
        studio.do(ShowRelevance())
        path = FOLDER / "relevance.jpg"
        studio.picture("overview", (1600, 900)).save(path, quality=88, optimize=True)
        print(path.relative_to(ROOT))
        studio.do(Undo())
        studio.do(CLOUD)
        studio.do(CLOUD_COLORS)
        path = FOLDER / "cloud.jpg"
        studio.picture("cloud", (1600, 900)).save(path, quality=88, optimize=True)
        print(path.relative_to(ROOT))
        studio.do(Undo(times=2))
        for name, actions in CONNECTIONS.items():
            for action in actions:
                studio.do(action)
            path = FOLDER / f"{name}.jpg"
            studio.picture("connections", (1600, 900)).save(path, quality=88, optimize=True)
            print(path.relative_to(ROOT))
            studio.do(Undo(times=len(actions)))
        studio.do(POINTED)
        path = FOLDER / "pointed.jpg"
        studio.picture(POINTED_FROM, (1600, 900)).save(path, quality=88, optimize=True)
        print(path.relative_to(ROOT))
        # The last: what a hand points at stays pointed at.
        path = FOLDER / "headset.jpg"
        Image.fromarray(in_a_headset(studio)).save(path, quality=88, optimize=True)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
