"""Each texel of a picture has the color, the place and the readout of the value that it stands for.

The network is made so that what each layer gives is known without it: the reference is NumPy.
"""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.support.pictures import Shown, pixel_of, signed_colors
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import SetColorMapping
from vrnn.commands.edit import Undo
from vrnn.commands.inputs import GrabImage, SetInputImage
from vrnn.commands.layers import ArrangeMaps
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.readout import hover_text

HEIGHT, WIDTH = 6, 10
SCRIPT = """
import torch
from torch import nn
class Mix(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.mix = nn.Conv2d(3, 7, 1)
        self.mix.bias.data = torch.tensor([0.9, -0.4, 0.1, 1.5, -1.2, 0.3, 0.6])
        self.head = nn.Linear(7, 4)
    def forward(self, x):
        return self.head(self.mix(x).mean((2, 3)))
model = Mix()
input_size = (6, 10)
mean, std = (0.2, 0.5, 0.7), (0.1, 0.25, 0.4)
"""
TOLERANCE = 8
"""Of 255: half floats, 1024 steps of color, and a little fog."""


@pytest.fixture(scope="module")
def image():
    """(6, 10, 3) uint8, like no flipped or permuted one of itself."""
    return np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    script = tmp_path_factory.mktemp("model") / "mix.py"
    script.write_text(SCRIPT)
    with OffscreenApp([ModelSpec(str(script))], load_config()) as app:
        yield app


@pytest.fixture
def app(opened, image):
    """With the image in, and as it was at first otherwise."""
    if opened.workspace.history.undo_label:
        opened.do(Undo(times=1_000))
    opened.show(image)
    return opened


def expected_input(image):
    """(3, H, W): the input by the script's mean and deviation."""
    mean, std = np.array([0.2, 0.5, 0.7]), np.array([0.1, 0.25, 0.4])
    return ((image / 255 - mean) / std).transpose(2, 0, 1)


def expected_mix(image):
    """(7, H, W): what the convolution gives."""
    torch.manual_seed(3)
    conv = nn.Conv2d(3, 7, 1)
    weight = conv.weight.detach().numpy()[:, :, 0, 0].astype(float)
    bias = np.array([0.9, -0.4, 0.1, 1.5, -1.2, 0.3, 0.6])
    return np.einsum("oc,chw->ohw", weight, expected_input(image)) + bias[:, None, None]


EXPECTED = {"input": expected_input, "mix": expected_mix}
TURNS = {
    "as it is": lambda a: a,
    "left and right": lambda a: a[:, ::-1],
    "up and down": lambda a: a[::-1],
    "colors": lambda a: a[..., [2, 0, 1]],
}


def check_cells(shown, values, order, color_of):
    """Compare the picture, picking and readout of each texel with the values of a channel order."""
    for number, channel in enumerate(order):
        for row in range(HEIGHT):
            for column in range(WIDTH):
                point = shown.point(number, (row, column), (HEIGHT, WIDTH))
                where = f"channel {channel} ({row}, {column})"
                wanted = color_of(channel, values[channel, row, column])
                assert np.abs(shown.color(point) - wanted).max() <= TOLERANCE, where
                hit = shown.pick(point)
                assert (hit.node, hit.channel, hit.row, hit.column) == (
                    *(shown.node, channel, row, column),
                ), where


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("layer", EXPECTED)
def test_a_turned_image_turns_all_pictures_of_it(app, image, layer, turn):
    turned = np.ascontiguousarray(TURNS[turn](image))
    app.show(turned)
    values = EXPECTED[layer](turned)
    shown = Shown(app, layer)
    assert np.allclose(shown.values, values, atol=4e-3)
    peaks = np.abs(values).max((1, 2))
    check_cells(
        shown, values, range(len(values)), lambda c, value: signed_colors(value, peaks[c], 2.0)
    )
    assert np.array_equal(app.world.networks[0].result.image, turned)


@pytest.mark.parametrize("order", ["mean", "maximum"])
def test_ordered_maps_are_drawn_picked_and_read_in_their_order(app, image, order):
    app.do(ArrangeMaps("mix", order=order))
    values = expected_mix(image)
    key = values.mean((1, 2)) if order == "mean" else values.max((1, 2))
    expected = np.argsort(-key)
    assert list(expected) != sorted(expected)
    check_separate_maps(app, values, expected)


@pytest.mark.parametrize("form", ["line", "ring"])
def test_maps_in_another_form_are_drawn_picked_and_read_where_they_are(app, image, form):
    app.do(ArrangeMaps("mix", form=form, order="mean", most=5))
    values = expected_mix(image)
    check_separate_maps(app, values, np.argsort(-values.mean((1, 2)))[:5])


def check_separate_maps(app, values, expected):
    shown = Shown(app, "mix")
    maps = app.world.placement_frame(0).map_placements(shown.node)
    assert list(maps.channels) == list(expected)
    peaks = np.abs(values).max((1, 2))
    for channel, center, size in zip(maps.channels, maps.centers, maps.sizes, strict=True):
        low = shown.rect[:3] + np.array([center[0], center[1], center[2]])
        for row, column in ((0, 0), (0, WIDTH - 1), (HEIGHT - 1, 0), (3, 7)):
            across = ((column + 0.5) / WIDTH - 0.5) * size[0] * 0.94
            down = ((row + 0.5) / HEIGHT - 0.5) * size[1] * 0.94
            point = low + np.array([across, -down, 0.0])
            wanted = signed_colors(values[channel, row, column], peaks[channel], 2.0)
            assert np.abs(shown.color(point) - wanted).max() <= TOLERANCE
            hit = shown.pick(point)
            assert (hit.channel, hit.row, hit.column) == (channel, row, column)
    # From the first to the last, in the direction in which one reads.
    first, second = maps.centers[0], maps.centers[1]
    assert second[0] > first[0]


def test_the_readout_tells_the_value_that_is_drawn(app, image):
    values = expected_mix(image)
    shown = Shown(app, "mix")
    for channel, row, column in ((0, 0, 9), (3, 5, 0), (6, 2, 7), (4, 1, 8)):
        hit = shown.pick(shown.point(channel, (row, column), (HEIGHT, WIDTH)))
        app.workspace.hover(hit)
        text = hover_text(app.world)
        assert f"channel {channel} ({row}, {column}) = " in text
        assert float(text.rsplit("= ")[1]) == pytest.approx(
            values[channel, row, column], rel=2e-3, abs=2e-3
        )
    app.workspace.hover(None)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 3.5])
def test_gamma_is_the_power_of_the_value(app, image, gamma):
    app.do(SetColorMapping(gamma=gamma))
    values = expected_mix(image)
    peaks = np.abs(values).max((1, 2))
    check_cells(Shown(app, "mix"), values, range(7), lambda c, v: signed_colors(v, peaks[c], gamma))


@pytest.mark.parametrize("percentile", [50.0, 80.0, 95.0])
@pytest.mark.parametrize("span", ["map", "layer"])
def test_values_above_the_percentile_have_the_full_color(app, image, percentile, span):
    app.do(SetColorMapping(clip_percentile=percentile, normalize_by=span))
    values = expected_mix(image)
    strength = np.sort(np.abs(values).ravel())
    clip = strength[round(percentile / 100 * (strength.size - 1))] / strength[-1]
    assert clip < 0.9
    peaks = np.abs(values).max((1, 2)) if span == "map" else np.full(7, strength[-1])
    check_cells(
        Shown(app, "mix"), values, range(7), lambda c, v: signed_colors(v, peaks[c] * clip, 2.0)
    )


@pytest.mark.parametrize("span", ["layer", "network"])
def test_colors_span_what_is_asked_for(app, image, span):
    app.do(SetColorMapping(normalize_by=span))
    values = expected_mix(image)
    peak = np.abs(values).max()
    if span == "network":  # three of four layers have their typical peak below the full color
        layers = [m.values.astype(float) * m.scale for m in app.world.networks[0].maps.values()]
        typical = [np.median(np.abs(layer).max((1, 2))) for layer in layers]
        peak = np.quantile(typical, 0.75)
    check_cells(
        Shown(app, "mix"), values, range(7),
        lambda c, v: signed_colors(np.clip(v, -peak, peak), peak, 2.0),
    )  # fmt: skip


def test_a_range_that_is_not_symmetric_goes_from_the_least_to_the_largest(app, image):
    app.do(SetColorMapping(colormap="gray", symmetric=False))
    values = expected_mix(image)
    low, high = values.min((1, 2)), values.max((1, 2))

    def gray(channel, value):
        part = (value - low[channel]) / (high[channel] - low[channel])
        return np.full(3, 255 * part)

    # Gray codes rise evenly with a power of 2.2, which is not quite sRGB's.
    shown = Shown(app, "mix")
    for channel in range(7):
        for row, column in ((0, 0), (5, 9), (2, 3), (4, 8)):
            point = shown.point(channel, (row, column), (HEIGHT, WIDTH))
            wanted = gray(channel, values[channel, row, column])
            assert np.abs(shown.color(point) - wanted).max() <= 8


def test_a_map_is_taken_in_hand_as_it_is_drawn(app, image):
    values = expected_mix(image)[3]
    app.do(GrabImage(layer="mix", channel=3))
    held = app.workspace.hand.image.pixels.astype(int)
    app.workspace.hand.image = None
    assert held.shape == (HEIGHT, WIDTH, 3)
    wanted = signed_colors(values, np.abs(values).max(), 2.0)
    assert np.abs(held - wanted).max() <= TOLERANCE


def test_the_image_over_the_network_is_the_one_that_was_put_in(app, image, tmp_path):
    """Its own pixels, where they were: from an array, and from a file."""
    Image.fromarray(image).save(tmp_path / "in.png")
    app.do(SetInputImage(file=tmp_path / "in.png"))
    assert np.array_equal(app.world.networks[0].result.image, image)
    region = next(r for r in app.world.pick_regions() if r.kind == "input")
    origin, right, down = (np.array(v) for v in (region.origin, region.right, region.down))
    middle = origin + (right + down) / 2
    distance = 1.4 * max(np.linalg.norm(right), np.linalg.norm(down))
    name = f"{middle[0]},{middle[1]},{middle[2] + distance},0,0"
    pixels = np.asarray(app.picture(name, (960, 540), legend=False)).astype(int)
    camera = app.eye(name, 960 / 540)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            point = origin + right * (column + 0.5) / WIDTH + down * (row + 0.5) / HEIGHT
            assert np.abs(pixels[pixel_of(camera, point)] - image[row, column]).max() <= 3
