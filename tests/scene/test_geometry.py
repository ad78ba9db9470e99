"""Where everything in the world stands, how large it is and in which color, against golden text."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support import geometry, golden_text
from tests.support.map_blocks import feature_maps
from tests.support.networks import branched, chain, residual, video
from tests.support.presented import audio_network, graph_network, text_network
from tests.support.worlds import small_world
from vrnn.network.block_addresses import assign_addresses
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Annotation, NetworkInfo
from vrnn.network.layer_pictures import LayerPicture
from vrnn.network.predictions import (
    ClassScores,
    DepthMap,
    Detections,
    Embedding,
    FlowField,
    ImageOutput,
    Maps,
    NoiseOutput,
    Segmentation,
    Values,
    Waveform,
)
from vrnn.network.results import ForwardResult, Histogram
from vrnn.scene.camera import Camera
from vrnn.scene.layout.input_margin import input_margin
from vrnn.scene.picking import Hit
from vrnn.scene.state import AblationState, LayerState, State
from vrnn.scene.viewpoints import camera_by_name, near_and_fog, start_camera
from vrnn.scene.visuals.card import ImageCard, hud_cards
from vrnn.scene.visuals.feature_panels import FeatureTiles
from vrnn.scene.visuals.histograms import histogram_visual
from vrnn.scene.visuals.image_wall import THUMBNAIL_PIXELS, WallButton, WallTile, wall_visual
from vrnn.scene.visuals.layer_pictures import UploadedPicture
from vrnn.scene.visuals.output_images import color_bar, flow_legend
from vrnn.scene.visuals.pinned_layers import PinnedLayer
from vrnn.scene.visuals.predictions import prediction_visual
from vrnn.scene.visuals.top_images import draw_region, top_images_visual
from vrnn.scene.world import World
from vrnn.style.color_mapping import ColorMapping

SCORES = ClassScores(
    9, np.log(np.array([0.7, 0.25, 0.05], np.float32)), np.array([0.7, 0.25, 0.05], np.float32)
)
UNSURE = {"is_sure": False, "evidence": "ten numbers of any sign, which nothing follows"}


def ramp(*shape, low=-1.0, high=1.0):
    """Numbers from one to another."""
    return np.linspace(low, high, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def image(height=40, width=60):
    """(H, W, 3) uint8: brighter to the right in red, downward in green."""
    red = np.broadcast_to(np.linspace(0, 250, width), (height, width))
    green = np.broadcast_to(np.linspace(10, 200, height)[:, None], (height, width))
    return np.stack([red, green, np.full_like(red, 70)], -1).astype(np.uint8)


def world_of(network, outputs=(), state=None, token_names=(), world=None):
    """A world with a network whose maps and predictions have arrived."""
    world = world or World(seconds=0)
    slot = len(world.networks)
    info = NetworkInfo(
        network.name, ("cat", "dog", "owl"), slot == 0, 1234, token_names=token_names
    )
    world.set_addresses(slot, assign_addresses(world.open(slot, network, info)))
    maps = {}
    for node in network.nodes:
        shape = map_shape(node.shape)
        maps[node.id] = feature_maps(ramp(*shape, low=-1 - node.id, high=2 + 0.5 * node.id))
    world.add_maps(slot, maps)
    world.set_result(slot, ForwardResult(1, image(), maps, tuple(outputs), 0.1))
    if state is not None:
        world.set_state(state, move=False)
    return world


def changed(**layers):
    """The first state with changed layers, by the last part of their name."""
    state = State()
    for name, layer in layers.items():
        state = state.with_layer((0, f"layer1.0.{name}"), layer)
    return state


def middle_of_a_move():
    world, _, _ = small_world([SCORES])
    world.set_state(State("conveyor", folds=frozenset({(0, "layer2")})))
    for _ in range(20):
        world.advance(1 / 60)
    return world


def hovered():
    world = world_of(residual(2, 2), [SCORES])
    world.hover(Hit("layer", 3.0, 0, 3))
    return world


def with_pins():
    world = world_of(residual(1, 1), [SCORES])
    network = world.networks[0].network
    maps = world.networks[0].maps[network.nodes[2].id]
    name = network.nodes[3].name
    world.set_pinned_layers(
        {
            1: PinnedLayer(1, 0, name, network.nodes[2], 100, "as it was", maps),
            2: PinnedLayer(2, 0, network.nodes[0].name, network.nodes[4], 101, "difference"),
        }
    )
    return world


def with_feature_images():
    world = world_of(residual(1, 1), [SCORES])
    some = {(channel, sample): (sample, 64 * channel) for channel in (0, 5) for sample in (0, 1, 2)}
    world.set_feature_tiles(0, 2, FeatureTiles(200, (64, 48), some, 3))
    world.set_feature_tiles(0, 3, FeatureTiles(201, (64, 96), {(0, 0): (0, 7)}, 1, True))
    return world


def with_a_picture():
    state = State().with_layer((0, "layer1.0.conv1"), LayerState(picture="mean"))
    world = world_of(residual(1, 1), [SCORES], state)
    uploaded = UploadedPicture("mean", LayerPicture(ramp(3, 8, 12), "three means"), 300)
    world.set_uploaded_picture(0, 2, uploaded)
    return world


def annotated():
    network = residual(1, 1)
    notes = (Annotation(3, "the only block"), Annotation(1, "from pixels to edges"))
    return world_of(replace(network, annotations=notes), [SCORES])


def with_labeled_edges():
    network = branched(1)
    edges = tuple(
        replace(edge, label=f"take_{i}") if i % 3 == 0 else edge
        for i, edge in enumerate(network.edges)
    )
    return world_of(replace(network, edges=edges))


WORLDS = {
    "terrace": lambda: world_of(residual(3, 2), [SCORES]),
    "conveyor": lambda: world_of(residual(2, 2), [SCORES], State("conveyor")),
    "branches": lambda: world_of(branched(), [SCORES]),
    "branches-conveyor": lambda: world_of(branched(1), [], State("conveyor")),
    "chain": lambda: world_of(chain(9)),
    "two-networks": lambda: world_of(chain(3), world=world_of(residual(1, 1), [SCORES])),
    "text": lambda: world_of(text_network(), token_names=tuple(f"word{i}" for i in range(12))),
    "audio": lambda: world_of(audio_network()),
    "graph": lambda: world_of(graph_network()),
    "video": lambda: world_of(video()),
    "folded": lambda: world_of(
        residual(2, 2), [SCORES], State(folds=frozenset({(0, "layer1"), (0, "layer2.1")}))
    ),
    "forms": lambda: world_of(
        residual(1, 1),
        [SCORES],
        changed(
            conv1=LayerState(form="ring", most=9),
            conv2=LayerState(form="line", spread=1.5, order="mean"),
            add=LayerState(folded=True),
        ),
    ),
    "moved": lambda: world_of(
        residual(1, 1),
        [SCORES],
        changed(conv1=LayerState(offset=(0.5, 1.0, 0.25)), conv2=LayerState(size=1.5)),
    ),
    "ablated": lambda: world_of(
        residual(1, 1),
        [SCORES],
        State(
            ablations=(
                AblationState(0, "layer1.0.conv1", (2, 5)),
                AblationState(0, "layer1.0.conv2"),
                AblationState(1, "conv1"),
            )
        ),
    ),
    "scale-of-layers": lambda: world_of(
        residual(1, 1), [], State(color_mapping=ColorMapping(normalize_by="layer", symmetric=False))
    ),
    "scale-of-the-network": lambda: world_of(
        residual(1, 1),
        [],
        State(color_mapping=ColorMapping(normalize_by="network", clip_percentile=98.0)),
    ),
    "in-a-move": middle_of_a_move,
    "hovered": hovered,
    "pins": with_pins,
    "feature-images": with_feature_images,
    "layer-picture": with_a_picture,
    "annotations": annotated,
    "edge-labels": with_labeled_edges,
}
"""Worlds by the name of their golden file."""


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_stands_as_it_was_approved(name, regenerate):
    world = WORLDS[name]()
    lines = geometry.draw_list_lines(world.draw_list())
    lines += [geometry.region_line(region) for region in world.pick_regions()]
    golden_text.check(f"geometry/world-{name}", lines, regenerate)


OUTPUTS = {
    "scores": SCORES,
    "unsure-scores": replace(SCORES, activation="sigmoid", **UNSURE),
    "numbers": Values(9, np.array([1.5, -0.25, 20.0, 0.0, 3.0, 7.0], np.float32), **UNSURE),
    "positive-numbers": Values(9, np.array([1.5, 0.25], np.float32)),
    "segmentation": Segmentation(9, (np.arange(24 * 36).reshape(24, 36) // 200).astype("i4"), 5),
    "detections": Detections(
        9,
        np.array([[0.1, 0.2, 0.5, 0.9], [-0.2, 0.5, 0.3, 1.4], [0, 0, 1, 1]], np.float32),
        np.array([0, 2, 1], np.int32),
        np.array([0.9, 0.5, 0.1], np.float32),
    ),
    "depth": DepthMap(9, ramp(12, 16, low=0.5, high=3), 0.5, 3.0),
    "flow": FlowField(9, np.stack([ramp(12, 16), -ramp(16, 12).T]), 1.4),
    "picture": ImageOutput(9, image(30, 20), -1.0, 1.0),
    "unit-picture": ImageOutput(9, image(60, 60), 0.0, 1.0),
    "noise": NoiseOutput(9, image(20, 30), -3.0, 3.0),
    "waveform": Waveform(9, np.sin(ramp(3, 900, high=40)), 1.0),
    "short-waveform": Waveform(9, np.array([[0.0, 1.0, -2.0]], np.float32), 2.0),
    "embedding": Embedding(9, ramp(50, low=-2, high=3), **UNSURE),
    "map": Maps(9, (1, 12, 16), -1.0, 1.0, values=ramp(1, 12, 16)),
    "maps": Maps(9, (7, 12, 16), -1.0, 1.0, **UNSURE),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_is_drawn_as_it_was_approved(name, regenerate):
    output = OUTPUTS[name]
    network = residual(1, 1) if name in ("scores", "numbers", "waveform") else video()
    note = "the image was cut to its middle, then made smaller" if name == "depth" else ""
    result = ForwardResult(1, image(), {}, (output,), 0.1, note=note)
    visual = prediction_visual(
        input_margin(network), result, (output,), ("cat", "dog", "owl"), (1.0, 2.0, 0.5), 1,
        "dog" if name == "scores" else "",
    )  # fmt: skip
    golden_text.check(f"geometry/output-{name}", geometry.visual_lines(visual), regenerate)


def test_legends_of_outputs(regenerate):
    lines = [geometry.pixels_text(flow_legend()), geometry.pixels_text(color_bar(OUTPUTS["depth"]))]
    lines.append(geometry.pixels_text(color_bar(OUTPUTS["map"])))
    golden_text.check("geometry/legends", lines, regenerate)


def test_the_image_wall(regenerate):
    pixels = image(THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
    tiles = [WallTile(pixels if i % 2 else None, f"class {i}", i, i == 3) for i in range(6)]
    sources = [WallTile(pixels, "noise", "noise"), WallTile(pixels, "a very long name" * 3, "x")]
    buttons = [WallButton("previous", "back"), WallButton("next", "on")]
    walls = [
        wall_visual(tiles, sources, buttons, "Data", (1.0, 0.5, 2.0)),
        wall_visual([], sources, [], "Images", (0.0, 0.0, 0.0)),
        wall_visual(tiles[:4], [], buttons, "Data", (0.0, 0.0, 0.0)),
    ]
    lines = [line for wall in walls for line in geometry.visual_lines(wall)]
    golden_text.check("geometry/image-wall", lines, regenerate)


def test_cards_of_top_activations(regenerate):
    images = [draw_region(image(64, 64), (8, 20, 30, 21)), *[image(32, 32)] * 6]
    captions = [f"{i}" for i in range(7)]
    lines = geometry.visual_lines(
        top_images_visual(images, captions, captions, "top", "close", (1.0, 2.0, 3.0))
    )
    lines += geometry.visual_lines(top_images_visual([], [], [], "top", "close", (0.0, 1.0, 0.0)))
    golden_text.check("geometry/top-images", lines, regenerate)


def test_histograms_beside_a_layer(regenerate):
    values = Histogram(-1.0, 3.0, np.array([0, 1, 10, 100, 5, 0, 2, 1]), 0, 0, 0.5, 0.25)
    positive = Histogram(0.0, 0.0, np.array([0, 0, 0, 0]))
    rect = np.array([2.0, 1.0, -1.0, 1.5, 0.8])
    lines = geometry.visual_lines(histogram_visual(rect, values, values))
    lines += geometry.visual_lines(histogram_visual(rect, positive, None))
    golden_text.check("geometry/histograms", lines, regenerate)


@pytest.mark.parametrize("at", [(0.0, 0.0), (0.95, 0.9), (-0.95, -0.95)])
def test_cards_before_the_eye(at, regenerate):
    camera = Camera(1.0, 1.7, 2.0, 0.4, -0.2, np.radians(60))
    cards = [
        ImageCard(image(20, 30), ("layer1.conv", "channel 3, 0.25"), marked_pixel=(4, 9)),
        ImageCard(image(8, 2), smooth=True, side=0.2, marked_pixel=(7, 1)),
    ]
    lines = geometry.draw_list_lines(hud_cards(cards, camera, 16 / 9, *at))
    golden_text.check(f"geometry/cards-{at[0]:g}", lines, regenerate)


CAMERAS = (
    "overview",
    "front",
    "top",
    "layer:conv1",
    "layer:layer2.0.add",
    "layer:layer1",
    "1,2,3,40,-20",
)


@pytest.mark.parametrize("arrangement", ["terrace", "conveyor", "by resolution"])
def test_cameras_stand_as_they_were_approved(arrangement, regenerate):
    world = world_of(residual(2, 2), [SCORES], State(arrangement))
    lines = []
    for name in CAMERAS:
        for aspect in (1.0, 16 / 9):
            camera = camera_by_name(world, name, aspect, np.radians(60))
            numbers = np.array([*camera.position, camera.yaw, camera.pitch, camera.fov])
            lines.append(f"{name} {numbers.round(3).tolist()} {near_and_fog(world, camera)}")
    lines.append(str(start_camera(world, 1.0)))
    golden_text.check(f"geometry/cameras-{arrangement}".replace(" ", "-"), lines, regenerate)


@pytest.mark.parametrize("at", [(0.0, -0.9), (0.5, -0.95), (0.9, -0.5)])
def test_a_card_leaves_the_legend_free(at):
    legend = (1.2, 0.85, 0.55, 0.14)  # lower right, in heights of the view
    cards = [ImageCard(image(20, 30), ("layer1.conv",))]
    camera = Camera(fov=np.radians(60))
    list_ = hud_cards(cards, camera, 16 / 9, *at, taken=(legend,))
    quad = list_.quads[0]
    corners = np.array([quad["origin"], quad["origin"] + quad["right"] + quad["down"]])
    clip = np.concatenate([corners, np.ones((2, 1))], 1) @ camera.clip_from_world(16 / 9).T
    x, y = (clip[:, :2] / clip[:, 3:]).T
    left, right = (x + 1) / 2 * 16 / 9
    top, bottom = (1 - y) / 2
    assert right <= legend[0] or left >= legend[0] + legend[2] or bottom <= legend[1]
    assert -1e-6 <= left < right <= 16 / 9
    assert -1e-6 <= top < bottom <= 1


@pytest.mark.parametrize("x", [-0.9, -0.3, 0.0, 0.5, 0.99])
def test_a_card_that_fits_on_no_side_begins_at_the_left_edge_of_the_view(x):
    camera, aspect = Camera(fov=np.radians(60)), 0.4
    card = ImageCard(image(8, 8), ("a line that is wider than the window",), side=0.2)
    origin = hud_cards([card], camera, aspect, x, 0.0).quads[0]["origin"]
    clip = camera.clip_from_world(aspect) @ np.array([*origin, 1.0])
    left = (clip[0] / clip[3] + 1) / 2 * aspect
    assert 0.009 < left < 0.03
