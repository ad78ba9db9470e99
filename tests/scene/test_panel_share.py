"""The overview is full of panels: their share of the picture, computed without drawing it."""

import numpy as np
import pytest

from tests.support.networks import branched, build
from vrnn.network.graph import NetworkInfo
from vrnn.network.predictions import ClassScores
from vrnn.network.results import ForwardResult
from vrnn.scene.layout.picture_aspect import laid_out_aspect
from vrnn.scene.state import State
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.visuals.network_visual import answer_place
from vrnn.scene.world import World
from vrnn.style import font
from vrnn.ui.hud.overlay import LEGEND_BOTTOM, LEGEND_HEIGHT, PICTURE_ROW, HudCanvas

ASPECT = 16 / 9
MAX_FREE = 0.08


def resnet50():
    nodes = [("input", "", (3, 224, 224)), ("conv1", "", (64, 112, 112))]
    nodes.append(("maxpool", "", (64, 56, 56)))
    edges = [(0, 1), (1, 2)]
    for stage, blocks in enumerate((3, 4, 6, 3)):
        inner, side = 64 << stage, 56 >> stage
        for block in range(blocks):
            scope, last = f"layer{stage + 1}.{block}", len(nodes) - 1
            shapes = [inner, inner, 4 * inner] + [4 * inner] * (block == 0)
            names = ("conv1", "conv2", "conv3", "downsample")
            nodes += [
                (f"{scope}.{n}", scope, (c, side, side))
                for n, c in zip(names, shapes, strict=False)
            ]
            nodes.append((f"{scope}.add", scope, (4 * inner, side, side)))
            end = len(nodes) - 1
            edges += [(last, last + 1), (last + 1, last + 2), (last + 2, last + 3), (last + 3, end)]
            edges += [(last, last + 4), (last + 4, end)] if block == 0 else [(last, end)]
    nodes += [("avgpool", "", (2048, 1, 1)), ("fc", "", (1000,))]
    return build(
        nodes, [*edges, (len(nodes) - 3, len(nodes) - 2), (len(nodes) - 2, len(nodes) - 1)]
    )


def mobilenet():
    nodes = [("input", "", (3, 224, 224)), ("features.0", "features.0", (32, 112, 112))]
    plan = [(16, 112)] + [(24, 56)] * 2 + [(32, 28)] * 3 + [(64, 14)] * 7 + [(160, 7)] * 4
    for number, (channels, side) in enumerate(plan, 1):
        scope = f"features.{number}"
        nodes += [(f"{scope}.conv.{i}", scope, (6 * channels, side, side)) for i in (0, 1)]
        nodes.append((f"{scope}.conv.2", scope, (channels, side, side)))
    nodes += [("avgpool", "", (1280, 1, 1)), ("classifier", "", (1000,))]
    return build(nodes, [(i, i + 1) for i in range(len(nodes) - 1)])


def unet():
    nodes, edges, ends = [("input", "", (3, 128, 128))], [], []
    for depth in range(5):
        scope, channels, side = f"down{depth}", 16 << depth, 128 >> depth
        nodes += [(f"{scope}.{i}", scope, (channels, side, side)) for i in range(3)]
        ends.append(len(nodes) - 1)
    for depth in reversed(range(4)):
        scope, channels, side = f"up{depth}", 16 << depth, 128 >> depth
        nodes += [(f"{scope}.{i}", scope, (channels, side, side)) for i in range(4)]
        edges.append((ends[depth], len(nodes) - 3))
    nodes.append(("out", "", (1, 128, 128)))
    return build(nodes, [(i, i + 1) for i in range(len(nodes) - 1)] + edges)


def vit():
    nodes = [("input", "", (3, 224, 224)), ("patches", "", (768, 14, 14))]
    for number in range(12):
        scope = f"blocks.{number}"
        for name, shape in (
            ("norm1", (768, 14, 14)), ("attention", (12, 197, 197)), ("add1", (768, 14, 14)),
            ("norm2", (768, 14, 14)), ("fc1", (3072, 14, 14)), ("fc2", (768, 14, 14)),
            ("add2", (768, 14, 14)),
        ):  # fmt: skip
            nodes.append((f"{scope}.{name}", scope, shape))
    nodes.append(("head", "", (1000,)))
    return build(nodes, [(i, i + 1) for i in range(len(nodes) - 1)])


def densenet121():
    nodes, edges = [("input", "", (3, 224, 224)), ("conv0", "", (64, 112, 112))], [(0, 1)]
    channels = 64
    for stage, count in enumerate((6, 12, 24, 16)):
        side, ends = 56 >> stage, [len(nodes) - 1]
        for layer in range(count):
            scope = f"denseblock{stage + 1}.denselayer{layer + 1}"
            nodes.append((f"{scope}.cat", scope, (channels + 32 * layer, side, side)))
            edges += [(end, len(nodes) - 1) for end in ends]
            nodes += [(f"{scope}.conv{i}", scope, (c, side, side)) for i, c in ((1, 128), (2, 32))]
            edges += [(len(nodes) - 3, len(nodes) - 2), (len(nodes) - 2, len(nodes) - 1)]
            ends.append(len(nodes) - 1)
        channels = (channels + 32 * count) // 2
        nodes.append((f"transition{stage + 1}", "", (channels, side // 2 or 1, side // 2 or 1)))
        edges += [(end, len(nodes) - 1) for end in ends]
    nodes.append(("classifier", "", (1000,)))
    return build(nodes, [*edges, (len(nodes) - 2, len(nodes) - 1)])


def swin():
    nodes = [("input", "", (3, 224, 224)), ("patches", "", (96, 56, 56))]
    for stage, count in enumerate((2, 2, 6, 2)):
        channels, side = 96 << stage, 56 >> stage
        for number in range(count):
            scope = f"features.{2 * stage + 1}.{number}"
            for name, factor in (("norm1", 1), ("qkv", 3), ("proj", 1), ("norm2", 1), ("mlp", 4)):
                nodes.append((f"{scope}.{name}", scope, (factor * channels, side, side)))
    nodes += [("norm", "", (768, 7, 7)), ("head", "", (1000,))]
    return build(nodes, [(i, i + 1) for i in range(len(nodes) - 1)])


def efficientnet_b7():
    nodes = [("input", "", (3, 224, 224)), ("features.0", "features.0", (64, 112, 112))]
    plan = ((4, 32, 112), (7, 48, 56), (7, 80, 28), (10, 160, 14), (10, 224, 14), (13, 384, 7))
    for number, (count, channels, side) in enumerate(plan, 1):
        for block in range(count):
            scope = f"features.{number}.{block}"
            for name, factor in (("expand", 6), ("depthwise", 6), ("scale", 6), ("project", 1)):
                nodes.append((f"{scope}.{name}", scope, (factor * channels, side, side)))
    nodes += [("avgpool", "", (2560, 1, 1)), ("classifier", "", (1000,))]
    return build(nodes, [(i, i + 1) for i in range(len(nodes) - 1)])


def opened(network):
    world = World()
    world.open(0, network, NetworkInfo(network.name, (), True, 1000))
    world.set_result(0, ForwardResult(1, np.zeros((224, 224, 3), np.uint8), {}, (), 0.1))
    return world


def projected(world, points, aspect=ASPECT):
    camera = camera_by_name(world, "overview", aspect, np.pi / 4)
    clip = np.c_[points, np.ones(len(points))] @ camera.clip_from_world(aspect).T
    return clip[:, :2] / clip[:, 3:]


def panel_share(world, aspect=ASPECT):
    """Areas of all panels in the picture, as nothing hides anything, over that of the picture."""
    x, y, z, width, height = world.placement_frame(0).panel_rects.T.astype(float)
    corners = [
        projected(world, np.stack([x + a * width / 2, y + b * height, z], 1), aspect)
        for a, b in ((-1, 0), (1, 0), (1, 1), (-1, 1))
    ]
    area = 0.0
    for one, two in zip(corners, [*corners[1:], corners[0]], strict=True):
        area += (one[:, 0] * two[:, 1] - two[:, 0] * one[:, 1]).sum() / 2
    return area / 4


@pytest.mark.parametrize(
    ("network", "share"),
    [
        (resnet50(), 0.48), (mobilenet(), 0.46), (unet(), 0.30), (vit(), 0.54),
        (densenet121(), 0.40), (swin(), 0.46), (branched(9), 0.20), (efficientnet_b7(), 0.40),
    ],
)  # fmt: skip
def test_panels_fill_the_overview(network, share):
    assert panel_share(opened(network)) > share


@pytest.mark.parametrize("arrangement", ["terrace", "conveyor", "by resolution"])
@pytest.mark.parametrize("network", [resnet50(), unet(), branched(9)])
def test_panels_fill_a_narrow_view_that_they_are_laid_out_for(network, arrangement):
    world = opened(network)
    world.set_state(State(arrangement), move=False)
    before = panel_share(world, 0.9)
    world.set_aspect(laid_out_aspect(0.9), move=False)
    assert panel_share(world, 0.9) > 1.25 * before


@pytest.mark.parametrize("arrangement", ["terrace", "conveyor", "by resolution"])
@pytest.mark.parametrize("network", [resnet50(), mobilenet(), unet(), vit()])
def test_little_is_free_at_each_side(network, arrangement):
    world = opened(network)
    world.set_state(State(arrangement), move=False)
    ends = projected(world, world.corners())
    low, high = ends.min(0), ends.max(0)
    free = MAX_FREE if arrangement == "terrace" else 0.09
    assert (low < -1 + 2 * free).all()
    assert (high > 1 - 2 * free).all()
    assert np.abs(ends).max() <= 1


@pytest.mark.parametrize("network", [resnet50(), mobilenet(), unet(), vit()])
def test_the_legend_at_the_lower_side_covers_no_panel(network):
    world = opened(network)
    x, y, z, width, _ = world.placement_frame(0).panel_rects.T.astype(float)
    low = np.concatenate([np.stack([x + side * width / 2, y, z], 1) for side in (-1, 1)])
    for size in ((1920, 1080), (1000, 640), (3840, 2160)):
        canvas = HudCanvas(size)
        top = 1 - 2 * (LEGEND_HEIGHT + PICTURE_ROW + LEGEND_BOTTOM) / canvas.height
        assert (projected(world, low, size[0] / size[1])[:, 1] > -top).all()


@pytest.mark.parametrize("arrangement", ["terrace", "conveyor", "by resolution"])
@pytest.mark.parametrize("network", [resnet50(), mobilenet(), unet(), vit()])
def test_the_answer_and_the_names_of_rows_are_readable_in_a_small_window(network, arrangement):
    world = World(State(arrangement))
    world.open(0, network, NetworkInfo(network.name, (), True, 1000))
    shares = np.full(1000, 0.0009, np.float32)
    answer = ClassScores(network.outputs[0], np.log(shares), shares)
    world.set_result(0, ForwardResult(1, np.zeros((224, 224, 3), np.uint8), {}, (answer,), 0.1))
    (x, y, z), (width, height) = answer_place(world.placement_frame(0))
    labels = world.draw_list().labels
    board = [
        label for label in labels
        if x <= label.origin[0] <= x + width and y <= label.origin[1] <= y + height
        and abs(label.origin[2] - z) < 0.5
    ]  # fmt: skip
    names = [label for label in labels if label.until < 1e6 and label.up == (0.0, 1.0, 0.0)]
    assert len(board) >= 3
    assert len(names) >= 3
    for found, least in ((board, 7.4), (names, 7.4)):
        for field_of_view in (np.pi / 4, np.pi / 3):
            assert min(capital_pixels(world, label, field_of_view) for label in found) > least


def capital_pixels(world, label, field_of_view):
    """Height of a capital letter in a picture of everything of 1280 x 720 pixels."""
    camera = camera_by_name(world, "overview", ASPECT, field_of_view)
    foot = np.array(label.origin)
    ends = np.array([foot, foot + np.array(label.up) * label.height])
    clip = np.c_[ends, np.ones(2)] @ camera.clip_from_world(ASPECT).T
    flat = clip[:, :2] / clip[:, 3:] * (640, 360)
    return float(np.linalg.norm(flat[1] - flat[0]))


@pytest.mark.parametrize("arrangement", ["terrace", "conveyor", "by resolution"])
@pytest.mark.parametrize("network", [resnet50(), mobilenet(), unet(), vit()])
def test_the_name_of_a_row_lies_on_no_panel(network, arrangement):
    world = opened(network)
    world.set_state(State(arrangement), move=False)
    names = [
        label for label in world.draw_list().labels
        if label.until < 1e6 and label.up == (0.0, 1.0, 0.0)
    ]  # fmt: skip
    x, y, z, width, height = world.placement_frame(0).panel_rects.T.astype(float)
    corners = np.stack([
        projected(world, np.stack([x + a * width / 2, y + b * height, z], 1))
        for a, b in ((-1, 0), (1, 0), (1, 1), (-1, 1))
    ])  # fmt: skip
    assert names
    for label in names:
        start, along = np.array(label.origin), np.array(label.right)
        length = font.text_width(label.text) * label.height
        points = start + np.linspace(0.0, length, 12)[:, None] * along
        points = np.concatenate([points, points + np.array(label.up) * label.height])
        for point in projected(world, points):
            edges = np.roll(corners, -1, 0) - corners
            away = point - corners
            sides = edges[..., 0] * away[..., 1] - edges[..., 1] * away[..., 0]
            assert not (sides > 0).all(0).any(), label.text
