"""When a layer's picture is seen in place of its maps, and how large it is on the panel."""

from dataclasses import replace

import numpy as np
import pytest

from tests.scene.test_geometry import world_of
from tests.support import golden_text
from tests.support.networks import residual
from vrnn.network.graph import Node
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import PANEL
from vrnn.scene.state import LayerState, State
from vrnn.scene.visuals.distant_pictures import (
    DistantPicture,
    Viewer,
    detail_size,
    dissolve_size,
    hit_distant_picture,
    overview_distance,
    picture_fit,
    picture_part,
    picture_parts,
    show_distant_pictures,
)


def node(shape, presentation="image"):
    return replace(Node(1, "n", "conv2d", "", "", shape), presentation=presentation)


NODES = {
    "maps": node((8, 4, 6)),
    "one map": node((1, 4, 6)),
    "vector": node((16,)),
    "tokens": node((8, 1, 12), "sequence"),
    "tokens in rows": node((8, 3, 12), "sequence"),
    "a line": node((8, 1, 12)),
    "a column": node((8, 12, 1)),
    "volume": node((8, 4, 6), "volume"),
    "graph": node((8, 5, 5), "graph"),
}


@pytest.mark.parametrize(
    ("name", "grid", "expected"),
    [
        ("maps", (4, 2), 0.5),  # a cell is 0.5 × 1 m
        ("maps", (2, 2), 1.0),
        ("maps", (1, 2), 1.0),
        ("maps", (1, 1), 2 / 5),  # folded: five details across
        ("one map", (1, 1), 2.0),
        ("vector", (8, 2), 4 * 0.25),
        ("vector", (1, 1), 2 / 5),
        ("tokens", (1, 8), 2 / 12),
        ("tokens in rows", (4, 2), 0.5),
        ("a line", (4, 2), 0.5),
    ],
)
def test_what_has_to_be_told_apart(name, grid, expected):
    assert detail_size(NODES[name], (2.0, 2.0), *grid) == pytest.approx(expected)


@pytest.mark.parametrize("name", NODES)
def test_a_picture_keeps_its_shape_but_for_a_little(name):
    one = NODES[name]
    shape = (1, 1, *one.shape)[-2:] if len(one.shape) > 1 else (1, 1)
    for aspect in np.exp(np.linspace(-2, 2, 41)):
        width, height = picture_fit(one, float(aspect))
        stretch = aspect * shape[0] / shape[1]
        is_free = name in ("vector", "tokens", "tokens in rows", "a line", "a column", "graph")
        if is_free or 1 / 1.8 <= stretch <= 1.8:
            assert (width, height) == (1, 1)
        else:
            assert max(width, height) == 1
            assert aspect * width / height == pytest.approx(shape[1] / shape[0])


@pytest.mark.parametrize("stretch", [1.8, 1 / 1.8])
def test_at_most_as_much_is_stretched(stretch):
    square = node((3, 4, 4))
    assert picture_fit(square, stretch) == (1, 1)
    more = stretch * (1.001 if stretch > 1 else 0.999)
    assert min(picture_fit(square, more)) < 0.6


def test_pictures_dissolve_between_12_and_28_pixels():
    rng = np.random.default_rng(0)
    eye = np.array([1.0, 2.0, 3.0])
    viewer = Viewer(eye, 900.0)
    points = eye + rng.normal(size=(200, 3)) * rng.uniform(0.5, 60, (200, 1))
    details = rng.uniform(0.05, 0.5, 200)
    found = picture_parts(details, points, viewer)
    for detail, point, part in zip(details, points, found, strict=True):
        away = np.linalg.norm(eye - point)
        pixels = 900 * detail / away * np.sqrt(abs(eye[2] - point[2]) / away)
        t = min(max((pixels - 12) / 16, 0), 1)
        assert part == pytest.approx(1 - (3 * t**2 - 2 * t**3))
        assert picture_part(float(detail), point, viewer) == pytest.approx(part)
    assert {0.0, 1.0} < set(found.tolist())
    straight = [picture_part(d, eye - (0, 0, 9.0), viewer) for d in (0.12, 0.2, 0.28)]
    assert straight == pytest.approx([1, 0.5, 0])
    assert picture_part(1.0, eye, viewer) >= 0  # at the eye itself


@pytest.mark.parametrize(
    ("height", "pixels"), [(540, 900), (1080, 900), (1081, 899.17), (2160, 450)]
)
def test_details_are_as_large_in_larger_pictures(height, pixels):
    scaled = Viewer(np.zeros(3), 900.0).scaled_to(height)
    assert scaled.pixels_per_unit == pytest.approx(pixels, rel=1e-5)


def test_panels_are_told_which_picture_they_show():
    records = np.zeros(3, PANEL)
    records["right"], records["down"] = (3.0, 0, 0), (0, -1.5, 0)
    records["grid"] = (4, 2, 8)
    layers = [replace(NODES["maps"], id=i) for i in range(3)]
    pictures = {0: DistantPicture("mean", 4, True), 2: DistantPicture("portrait", 0, False)}
    show_distant_pictures(records, layers, pictures, 5.0)
    size = dissolve_size(np.sqrt(4.5), 5.0)
    assert records["layer_picture"].tolist() == [[5, 1], [0, 0], [1, 0]]
    fit = picture_fit(layers[0], 2.0)
    np.testing.assert_allclose(records["picture_fit"][0], [*fit, 0.75, size], rtol=1e-6)
    assert not records["picture_fit"][1].any()


@pytest.mark.parametrize("folded", [False, True])
def test_what_is_pointed_at_is_the_picture_where_it_is_seen(folded, regenerate):
    state = State().with_layer((0, "layer1.0.conv1"), LayerState(folded=folded))
    world = world_of(residual(1, 1), [], state)
    frame = world.placement_frame(0)
    picture = DistantPicture("mean", 0, True)
    lines = []
    for layer in frame.placement.network.nodes:
        x, y, z = frame.panel_rect(layer.id)[:3]
        for away in (1, 10, 25, 60, 200):
            for across, down in ((0.0, 0.0), (0.26, 0.99)):
                hit = Hit("layer", 1.0, 0, layer.id, 3, 1, 2, across=across, down=down)
                viewer = Viewer(np.array([x, y, z + away]), 900.0)
                found = hit_distant_picture(hit, picture, layer, frame, np.array([x, y, z]), viewer)
                lines.append(
                    f"{layer.name} from {away} at {across},{down}: channel {found.channel} "
                    f"row {found.row} column {found.column} '{found.picture}'"
                )
    golden_text.check(f"views/distant-hits-{folded}", lines, regenerate)


def test_maps_that_are_apart_are_pointed_at_themselves():
    world = world_of(residual(1, 1))
    frame = world.placement_frame(0)
    layer = frame.placement.network.nodes[1]
    apart = replace(frame, separate_maps={layer.id: None})
    hit = Hit("layer", 1.0, 0, layer.id, 3, 1, 2)
    viewer = Viewer(np.array([0, 0, 900.0]), 900.0)
    picture = DistantPicture("mean", 0, True)
    at = np.zeros(3)
    assert hit_distant_picture(hit, picture, layer, apart, at, viewer) is hit
    assert hit_distant_picture(hit, picture, layer, frame, at, viewer).picture == "mean"


def test_a_small_panel_of_large_maps_is_a_picture_still():
    eye = np.zeros(3)
    viewer, middle = Viewer(eye, 900.0), np.array([0.0, 0.0, -10.0])
    parts = [picture_part(1.0, middle, viewer, side) for side in (2.0, 3.0, 3.3, 3.6, 9.0)]
    assert parts == pytest.approx([1, 1, 0.5, 0, 0])
    assert picture_part(0.1, middle, viewer, 9.0) == 1  # of small maps, however large the panel is


@pytest.mark.parametrize("width", [0.5, 3.0, 12.0])
@pytest.mark.parametrize("pixels", [500.0, 900.0, 4000.0])
def test_in_a_view_of_everything_a_layer_is_its_picture(width, pixels):
    rects = np.array([[x, 0.0, 0.0, width, 2.0] for x in (0.0, width + 1.0)])
    away = overview_distance(rects)
    viewer = Viewer(np.array([width / 2, 1.0, away]), pixels)
    middles = rects[:, :3] + (0.0, 1.0, 0.0)
    side = np.sqrt(2.0 * width)
    size = dissolve_size(side, away)
    assert (picture_parts(np.full(2, side), middles, viewer, side, size) == 1.0).all()
    near = Viewer(middles[0] + (0.0, 0.0, side / size / 1.6), 4000.0)
    assert picture_part(side, middles[0], near, side, size) == 0.0
