"""What marks whatever is pointed at, and where names of layers lead, as golden text."""

import numpy as np
import pytest

from tests.scene.test_geometry import SCORES, with_feature_images, with_pins, world_of
from tests.support import geometry, golden_text
from tests.support.networks import branched, residual
from vrnn.errors import VrnnError
from vrnn.scene.camera import Camera
from vrnn.scene.layer_names import check_network, find_layer, nodes_of_part, stage_names
from vrnn.scene.picking import Hit
from vrnn.scene.pointer_marks import image_targets, pointer_marks
from vrnn.scene.state import LayerState, State
from vrnn.scene.viewpoints import camera_by_name, near_and_fog
from vrnn.scene.visuals.distant_pictures import Viewer

WORLDS = {
    "usual": lambda: world_of(residual(1, 2), [SCORES]),
    "folded": lambda: world_of(residual(1, 2), [SCORES], State(folds=frozenset({(0, "layer1.0")}))),
    "one-map": lambda: world_of(
        residual(1, 2), [], State().with_layer((0, "layer1.0.conv1"), LayerState(folded=True))
    ),
    "two": lambda: world_of(branched(1), world=world_of(residual(1, 1), [SCORES])),
    "pins": with_pins,
    "features": with_feature_images,
}
VIEWERS = (Viewer(np.array([1.0, 2.0, 6.0]), 800.0), Viewer(np.array([-30.0, 9.0, 80.0]), 800.0))


def hits(world):
    """Things of all kinds that can be pointed at."""
    yield "nothing", None
    kinds = {}
    for region in world.pick_regions():
        kinds.setdefault(region.kind, region)
    for kind, region in kinds.items():
        yield kind, Hit(kind, 1.0, region.slot, region.node, value=region.value, region=region)
    for slot in world.slots:
        for node in world.networks[slot].network.nodes[:3]:
            for channel in (-1, 0, 2, 10**6):
                yield f"layer {channel}", Hit("layer", 1.0, slot, node.id, channel, 0, 1)
            for kind in ("handle", "corner", "features"):
                yield kind, Hit(kind, 1.0, slot, node.id)


@pytest.mark.parametrize("name", WORLDS)
def test_marks_are_as_they_were_approved(name, regenerate):
    world = WORLDS[name]()
    lines = [geometry.region_line(region) for region in image_targets(world)]
    for what, hit in hits(world):
        world.hover(hit)
        for viewer in VIEWERS if name == "usual" else VIEWERS[:1]:
            for holds in (False, True) if what in ("nothing", "bracket", "class") else (False,):
                marks = pointer_marks(world, viewer, holds)
                lines += [f"{what} {holds}:", *map(mark_line, marks)]
    golden_text.check(f"geometry/marks-{name}", lines, regenerate)


def mark_line(mark):
    edges = " ".join(golden_text.numbers(mark[name]) for name in ("origin", "right", "down"))
    return f"  {edges} {golden_text.numbers(mark['top'])}"


NAMES = (
    "conv1", "layer1.0.conv1", "layer1.0", "layer1", "0", "1", "LAYER1.0.CONV1", "conv", "add",
    "layer", "nothing like it", "", "fc", "image", "layr1.0.conv", "branch1", "mixed0", "block0",
)  # fmt: skip


def told(attempt):
    try:
        return str(attempt())
    except VrnnError as error:
        return f"refused: {error}"


def camera_text(camera):
    return golden_text.numbers((*camera.position, camera.yaw, camera.pitch, camera.fov))


@pytest.mark.parametrize("name", ["usual", "folded", "two"])
def test_names_lead_where_they_did(name, regenerate):
    world = WORLDS[name]()
    lines = [f"stages {[stage_names(world, slot) for slot in world.slots]}"]
    for text in NAMES:
        for network in (None, 0, 1):
            found = told(lambda t=text, n=network: find_layer(world, t, n))
            lines.append(f"'{text}' in {network}: {found}")
        parts = [nodes_of_part(world, slot, text) for slot in world.slots]
        lines.append(f"  parts {parts}")
        for aspect in (0.6, 16 / 9):
            for fov in (0.4, 1.0):
                lines.append("  seen " + told(
                    lambda t=text, a=aspect, f=fov: camera_text(
                        camera_by_name(world, f"layer:{t}", a, f)
                    )
                ))  # fmt: skip
    for text in ("overview", "top", "front", "1,2,3,4,5", "1,2,3,4,95", "1,2,3,4,-95", "1,2", "a"):
        found = told(lambda t=text: camera_text(camera_by_name(world, t, 1.5, 1.0)))
        lines.append(f"{text}: {found}")
    lines += [f"network {n}: {told(lambda n=n: check_network(world, n))}" for n in (-1, 0, 1, 2)]
    for place in ((0, 1.7, 5), (0, 0.01, 0), (9, 40, 300), (0, -1, 0), (2, 1.0, -1.0)):
        lines.append(f"from {place}: {golden_text.numbers(near_and_fog(world, Camera(*place)))}")
    golden_text.check(f"views/names-{name}", lines, regenerate)
