"""From afar a panel shows its layer picture, near its maps, and the same in both eyes."""

import numpy as np
import pytest

from tests.render.test_stereo import (
    SIZE,
    STEREO_MODES,
    create_target,
    draw_both_eyes,
    draw_flat,
    eyes_at,
)
from tests.support.map_blocks import block
from vrnn.network.feature_maps import block_size
from vrnn.render.picture_store import PICTURE_LEVELS, PICTURE_SIDE, with_levels
from vrnn.render.renderer import Renderer
from vrnn.render.stereo_view import stereo_view
from vrnn.render.uniforms import RenderColors, View
from vrnn.scene.camera import Camera
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.primitives import PANEL, DrawList
from vrnn.scene.visuals.distant_pictures import MIN_DISSOLVE_SIZE, Viewer, picture_part

CELL = 0.1
"""Side of a map on the panels, meters."""
ORANGE = (230, 120, 40)


@pytest.fixture
def renderer(ctx):
    renderer = Renderer(ctx)
    yield renderer
    renderer.release()


def picture(color=ORANGE) -> np.ndarray:
    texels = np.full((PICTURE_SIDE, PICTURE_SIDE, 4), 255, np.uint8)
    texels[..., :3] = color
    return texels


def create_panel(renderer, texels, has_values=False, distance=2.5, fit=(1.0, 1.0)):
    """A panel of 8 × 8 maps that are all at their peak, and a draw list with it."""
    values = np.ones((64, 4, 4), np.float32)
    addresses = renderer.maps.allocate(0, {0: block_size(64, 4, 4)})
    renderer.maps.upload(0, 0, block(values))
    assert renderer.pictures.allocate(0, 2) == 2
    renderer.pictures.upload(0, 0, picture((0, 0, 0)))
    renderer.pictures.upload(0, 1, texels)
    side = 8 * CELL
    panel = np.zeros(1, PANEL)
    panel["origin"] = (-side / 2, 1.6 + side / 2, 0.6 - distance)
    panel["right"], panel["down"] = (side, 0, 0), (0, -side, 0)
    panel["grid"], panel["tile"], panel["base"] = (8, 8, 64), (4, 4), addresses[0][1]
    panel["light"], panel["clip"] = 1, 1
    panel["layer_picture"], panel["picture_fit"] = (2, has_values), (*fit, CELL, MIN_DISSOLVE_SIZE)
    return DrawList(panels={(0, 0): panel})


def middle(pixels):
    height, width = pixels.shape[:2]
    return pixels[height // 2, width // 2]


def view_at(distance):
    camera = Camera(0.0, 1.6, 0.6, 0.0, 0.0, np.radians(70))
    view = View(camera, SIZE, 1e6)
    return view, view.pixels_per_unit * CELL / distance


def test_from_afar_the_picture_is_seen_and_near_the_maps(renderer):
    far_away, near = 2.9, 0.4
    for distance, expected in ((far_away, ORANGE), (near, (255, 247, 232))):
        view, cell_pixels = view_at(distance)
        assert cell_pixels < 12 or cell_pixels > 28
        pixels = draw_flat(renderer, create_panel(renderer, picture(), distance=distance), view)
        shown = pixels[SIZE[1] // 2 + 2 : SIZE[1] // 2 + 8, SIZE[0] // 2 + 2 : SIZE[0] // 2 + 8]
        assert np.abs(shown.reshape(-1, 3).max(0) - expected).max() <= 4


def test_between_them_one_dissolves_into_the_other_as_picking_says(renderer):
    orange, parts = [], []
    for distance in (1.6, 1.3, 1.1, 0.95, 0.8):
        view, _ = view_at(distance)
        pixels = draw_flat(renderer, create_panel(renderer, picture(), distance=distance), view)
        bright = pixels.reshape(-1, 3)
        bright = bright[bright[:, 0] > 100]
        # Blue is 40 in the picture and 232 in a map.
        orange.append(float(bright[:, 2].max()))
        viewer = Viewer(view.eye, view.pixels_per_unit)
        parts.append(picture_part(CELL, np.array([0, 1.6, 0.6 - distance]), viewer))
    assert orange == sorted(orange)
    assert parts == sorted(parts, reverse=True)
    assert 0.0 < parts[2] < 1.0
    assert orange[-1] - orange[0] > 40


@pytest.mark.parametrize("mode", ["auto", *STEREO_MODES])
@pytest.mark.parametrize("distance", [2.9, 0.9, 0.4])
def test_both_eyes_see_the_same_part_of_it(ctx, renderer, mode, distance):
    create_target(ctx, mode).release()
    draw_list = create_panel(renderer, picture(), distance=distance)
    eyes = eyes_at(eye_distance=0.064)
    left, right = draw_both_eyes(renderer, draw_list, stereo_view(eyes, Rig(), SIZE, 1e6), mode)
    means = [pixels[pixels.max(-1) > 60].mean(0) for pixels in (left, right)]
    assert np.abs(means[0] - means[1]).max() < 3
    if distance == 2.9:
        assert np.abs(middle(left) - ORANGE).max() <= 4
        assert np.abs(middle(right) - ORANGE).max() <= 4


def test_values_have_the_colors_of_the_world(renderer):
    colors = RenderColors()
    texels = np.full((PICTURE_SIDE, PICTURE_SIDE, 4), 255, np.uint8)
    texels[..., :3] = 0  # the lowest value
    view, _ = view_at(2.9)
    pixels = draw_flat(renderer, create_panel(renderer, texels, True, 2.9), view)
    assert middle(pixels)[2] > 240
    assert middle(pixels)[0] < 120
    texels[..., 3] = 0  # not finite
    pixels = draw_flat(renderer, create_panel(renderer, texels, True, 2.9), view)
    assert colors.not_finite[0] == 1.0
    assert middle(pixels)[0] > 240
    assert middle(pixels)[1] < 90


def test_a_picture_takes_only_its_part_of_a_wide_panel(renderer):
    view, _ = view_at(2.9)
    pixels = draw_flat(renderer, create_panel(renderer, picture(), False, 2.9, (0.4, 1.0)), view)
    row = pixels[SIZE[1] // 2]
    is_orange = (np.abs(row - ORANGE) <= 6).all(-1)
    whole = draw_flat(renderer, create_panel(renderer, picture(), False, 2.9), view)
    all_of_it = (np.abs(whole[SIZE[1] // 2] - ORANGE) <= 6).all(-1)
    assert is_orange.sum() == pytest.approx(0.4 * all_of_it.sum(), abs=2)


def test_a_panel_without_a_picture_shows_its_maps_at_any_distance(renderer):
    view, _ = view_at(2.9)
    draw_list = create_panel(renderer, picture(), distance=2.9)
    draw_list.panels[0, 0]["layer_picture"] = 0
    assert middle(draw_flat(renderer, draw_list, view))[2] > 150


def test_coarser_levels_are_means():
    texels = np.random.default_rng(0).integers(0, 255, (PICTURE_SIDE,) * 2 + (4,), np.uint8)
    levels = with_levels(texels)
    top, side = 0, PICTURE_SIDE
    for _ in range(PICTURE_LEVELS - 1):
        side //= 2
        level = levels[top : top + side, PICTURE_SIDE : PICTURE_SIDE + side].astype(float)
        top += side
        blocks = texels.reshape(side, PICTURE_SIDE // side, side, PICTURE_SIDE // side, 4)
        assert np.abs(level - blocks.mean((1, 3))).max() <= 2


def test_networks_beyond_the_limit_have_room_for_some(ctx, renderer):
    limit = ctx.info["GL_MAX_ARRAY_TEXTURE_LAYERS"]
    assert renderer.pictures.allocate(3, 10**6) <= min(2048, limit)
    assert 3 in renderer.pictures.slots
    renderer.pictures.free(3)
    assert 3 not in renderer.pictures.slots
