"""Make the pictures in README and the docs: `python docs/make_pictures.py [NAME…]`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vrnn import screenshot
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.ablation import Ablate
from vrnn.commands.base import Command
from vrnn.commands.channel_paths import ShowChannelPaths
from vrnn.commands.comparison import ShowCka, ShowDifferences
from vrnn.commands.connections import OpenPosition, ShowConnections
from vrnn.commands.display import FoldAllStages
from vrnn.commands.edit import Undo
from vrnn.commands.explain import ShowRelevance
from vrnn.commands.feature_visualization import ShowFeatureVisualization
from vrnn.commands.image_cloud import SetCloudDisplay, ShowImageCloud
from vrnn.commands.kernel_edits import EditKernel
from vrnn.commands.scoring import ShowScore, ShowScoredImages
from vrnn.commands.training_values import ShowLayerValues
from vrnn.commands.view import HoverLayer
from vrnn.config.loader import load_config
from vrnn.export.matrix_picture import draw_matrix
from vrnn.export.png import write_png
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
SIZE = (1600, 900)

PICTURES: dict[str, dict[str, Any]] = {
    "overview": {"model": MODEL, "image": PHOTO},
    "resnet50": {"model": "examples/resnet50.py"},
    "walk": {"model": MODEL, "image": PHOTO, "camera": "layer:stage2.0.expand"},
    "unet": {"model": "examples/unet.py", "arrange": "by_resolution"},
    "conveyor": {"model": MODEL, "image": PHOTO, "arrange": "conveyor"},
}
"""Arguments of `vrnn.screenshot` for each picture."""

Shown = tuple[Sequence[Command], str]
"""Commands, and from where a picture is taken after them."""
OF_RESNET50: dict[str, Shown] = {"folded": ([FoldAllStages()], "overview")}
OF_DIGITS: dict[str, Shown] = {
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
FEATURES = "stage4.1.add"
OF_PHOTOS: dict[str, Shown] = {
    "features": (
        [ShowFeatureVisualization(FEATURES, settings=load_presets()["sharp"])],
        f"layer:{FEATURES}",
    ),
    "relevance": ([ShowRelevance()], "overview"),
    "cloud": ([ShowImageCloud("pool"), SetCloudDisplay(color="answer")], "cloud"),
    "connections": ([ShowConnections("stage1.0.project")], "connections"),
    "calculation": ([OpenPosition("stem.0", channel=7, row=40, column=50)], "connections"),
}
POINTED = HoverLayer("stage3.1.add", channel=3, position=(12, 14))
NAMES = (
    *PICTURES,
    *OF_RESNET50,
    *OF_DIGITS,
    *OF_PHOTOS,
    "compare",
    "gradients",
    "pointed",
    "headset",
)
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


def disturbed_digits(folder: Path) -> Path:
    """Write the weights of the network for digits with noise in its last stage.

    Args:
        folder: Where to.

    Returns:
        The safetensors file.
    """
    import torch
    from safetensors.torch import save_file

    from vrnn.compute.loading.source import open_source

    torch.manual_seed(0)
    weights = dict(open_source(ModelSpec("digits")).model.state_dict())
    for name, tensor in weights.items():
        if name.startswith("stage3") and tensor.ndim > 1:
            weights[name] = tensor + 0.8 * tensor.std() * torch.randn_like(tensor)
    file = folder / "disturbed.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, file)
    return file


Drawn = Iterator[tuple[str, Image.Image]]
"""Names and pictures."""


def as_opened(wanted: Set[str]) -> Drawn:
    """Models as `vrnn.screenshot` draws them."""
    for name in PICTURES.keys() & wanted:
        arguments = PICTURES[name]
        model = arguments["model"]
        if model.endswith(".py"):
            model = str(ROOT / model)
        yield name, screenshot(**{**arguments, "model": model, "size": SIZE})


def after_commands(model: str, shown: Mapping[str, Shown], wanted: Set[str]) -> Drawn:
    """A model after commands, which are undone before those of the next picture."""
    if not shown.keys() & wanted:
        return
    image = PHOTO if model == MODEL else None
    with OffscreenApp([ModelSpec(model)], load_config(), image=image) as studio:
        for name, (commands, camera) in shown.items():
            if name in wanted:
                for command in commands:
                    studio.do(command)
                yield name, studio.picture(camera, SIZE)
                studio.do(Undo(times=len(commands)))


def compared(wanted: Set[str]) -> Drawn:
    """Two networks side by side."""
    if "compare" not in wanted:
        return
    with tempfile.TemporaryDirectory() as name:
        specs = [ModelSpec("digits"), ModelSpec("digits", weights=disturbed_digits(Path(name)))]
        with OffscreenApp(specs, load_config()) as studio:
            studio.do(ShowDifferences())
            studio.do(ShowCka())
            yield "compare", studio.picture("overview", (1600, 560))
            path = FOLDER / "cka.png"
            write_png(path, draw_matrix(*studio.workspace.comparison.shown_cka()))
            print(path.relative_to(ROOT), flush=True)


def trained(wanted: Set[str]) -> Drawn:
    """The gradients of the network for digits, trained from the start."""
    if "gradients" not in wanted:
        return
    import torch

    from vrnn.compute.loading.source import open_source
    from vrnn.compute.training.watch import watch_model
    from vrnn.recordings.manifest import EXAMPLE

    torch.manual_seed(0)
    source = open_source(ModelSpec("digits"))
    data = source.dataset
    assert data is not None
    inputs = [next(iter(source.prepare(data.image(i)).inputs)) for i in range(len(data))]
    images = torch.cat(inputs)
    labels = torch.tensor([data.label(i) for i in range(len(data))])
    for module in source.model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    optimizer = torch.optim.Adam(source.model.parameters(), lr=1e-3)
    source.model.train()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        with watch_model(source.model, images[:8], every=20, folder=folder, window=False):
            for _ in range(60):
                some = torch.randint(len(images), (32,))
                loss = torch.nn.functional.cross_entropy(source.model(images[some]), labels[some])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        spec = ModelSpec("digits", example=folder / EXAMPLE)
        with OffscreenApp([spec], load_config()) as studio:
            studio.open_training(folder, 60)
            studio.do(ShowLayerValues("gradients"))
            yield "gradients", studio.picture("overview", SIZE)


def pointed_at(wanted: Set[str]) -> Drawn:
    """What is pointed at by a mouse and by a hand, which stays pointed at."""
    if not {"pointed", "headset"} & wanted:
        return
    with OffscreenApp([ModelSpec(MODEL)], load_config(), image=PHOTO) as studio:
        studio.do(POINTED)
        yield "pointed", studio.picture(POINTED_FROM, SIZE)
        yield "headset", Image.fromarray(in_a_headset(studio))


def main() -> None:
    """Write those that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(NAMES)} (all)")
    wanted = set(parser.parse_args().names) or set(NAMES)
    if unknown := wanted - set(NAMES):
        parser.error(f"no picture is called {', '.join(sorted(unknown))}")
    FOLDER.mkdir(exist_ok=True)
    for name, picture in chain(
        as_opened(wanted),
        after_commands(str(ROOT / "examples/resnet50.py"), OF_RESNET50, wanted),
        after_commands("digits", OF_DIGITS, wanted),
        after_commands(MODEL, OF_PHOTOS, wanted),
        compared(wanted),
        trained(wanted),
        pointed_at(wanted),
    ):
        path = FOLDER / f"{name}.jpg"
        picture.save(path, quality=88, optimize=True)
        print(path.relative_to(ROOT), flush=True)


if __name__ == "__main__":
    main()
