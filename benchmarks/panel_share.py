"""The share of the overview that panels cover, for well-known networks in each arrangement.

    python -m benchmarks.panel_share

For a wide view, and for the narrow one that panels of the window leave: there beside what the same
panels cover where they are laid out for a wide view. Nothing is drawn; weights are random.
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks.timing import format_table
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.network.graph import Network, NetworkInfo
from vrnn.network.model_spec import ModelSpec
from vrnn.network.results import ForwardResult
from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT, laid_out_aspect
from vrnn.scene.layout.registry import arrangement_names
from vrnn.scene.state import State
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.world import World

MODELS = {
    "ResNet50": "torchvision:resnet50",
    "DenseNet121": "torchvision:densenet121",
    "ViT-B/16": "torchvision:vit_b_16",
    "Swin-T": "torchvision:swin_t",
    "U-Net": "examples/unet.py",
    "GoogLeNet": "torchvision:googlenet",
    "EfficientNet-B7": "torchvision:efficientnet_b7",
    "MobileNetV3": "torchvision:mobilenet_v3_large",
}
NARROW = 640 / 690
"""Width / height of the view in a window of 1280×720 with its panels."""
FIELD_OF_VIEW = np.pi / 3


def panel_share(world: World, aspect: float) -> float:
    """Return the share of a picture of the whole network that its panels cover, as none hides any.

    Args:
        world: With one network.
        aspect: Width / height of the picture.
    """
    camera = camera_by_name(world, "overview", aspect, FIELD_OF_VIEW)
    x, y, z, width, height = world.placement_frame(0).panel_rects.T.astype(float)
    corners = []
    for across, up in ((-0.5, 0), (0.5, 0), (0.5, 1), (-0.5, 1)):
        points = np.stack([x + across * width, y + up * height, z, np.ones(len(x))], 1)
        clip = points @ camera.clip_from_world(aspect).T
        corners.append(clip[:, :2] / clip[:, 3:])
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    double = sum((a[:, 0] * b[:, 1] - b[:, 0] * a[:, 1]).sum() for a, b in pairs)
    return float(double) / 8


def shares(network: Network) -> list[str]:
    """Return the shares of a network as they are printed."""
    world = World(seconds=0)
    world.open(0, network, NetworkInfo(network.name, (), True, 1000))
    world.set_result(0, ForwardResult(1, np.zeros((224, 224, 3), np.uint8), {}, (), 0.1))
    told = []
    for name in arrangement_names():
        world.set_state(State(name), move=False)
        world.set_aspect(PICTURE_ASPECT, move=False)
        wide, narrow = panel_share(world, PICTURE_ASPECT), panel_share(world, NARROW)
        world.set_aspect(laid_out_aspect(NARROW), move=False)
        told += [f"{wide:.0%}", f"{panel_share(world, NARROW):.0%} ({narrow:.0%})"]
    return told


def main() -> int:
    """Print the table."""
    columns = [f"{name}, {view}" for name in arrangement_names() for view in ("wide", "narrow")]
    rows = [("covered by panels", *columns)]
    for title, name in MODELS.items():
        spec = ModelSpec(name if name.endswith(".py") else f"{name}@random")
        rows.append((title, *shares(LoadedModel(open_source(spec), "layers").network)))
    print(format_table(rows))
    print("\nin brackets: laid out for a wide view")
    return 0


if __name__ == "__main__":
    sys.exit(main())
