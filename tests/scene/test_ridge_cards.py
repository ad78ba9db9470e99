"""Ridge plots beside layers: what is drawn where, and what they say."""

from __future__ import annotations

import numpy as np

from vrnn.recordings.step_ridges import StepRidges
from vrnn.scene.visuals.ridge_cards import (
    GAP,
    HEIGHT,
    LEAST_TEXT,
    MARGIN,
    STEP_HEIGHT,
    TALL,
    baselines,
    ridge_heights,
    ridge_pixels,
    ridge_plot,
    ridge_visual,
    shown_ridge,
)
from vrnn.style import font
from vrnn.style.theme import ACCENT

PANEL = np.array([2.0, 1.0, -1.0, 1.5, 2.8])
LEFT, RIGHT = np.eye(2).repeat(24, 1) / 24
"""Shares of values that lie in the left half of the bins, and in the right half."""
ROWS = np.stack([LEFT, LEFT, RIGHT, RIGHT])
RIDGES = StepRidges((0, 10, 20, 30), ROWS, (-1.0, 1.0), None, (0.0, 0.0))


def test_ridges_stand_in_the_order_of_steps_and_are_of_one_measure() -> None:
    assert baselines(4)[0] == MARGIN + TALL
    assert (np.diff(baselines(4)) > 0).all()
    heights = ridge_heights(np.stack([LEFT, LEFT / 4]))
    np.testing.assert_allclose(heights[1], heights[0] / 2)  # of the square root
    pixels = ridge_pixels(ROWS, (-1.0, 1.0), "weights", "dark").astype(int)
    tall = len(pixels)
    first = pixels[round(MARGIN * tall) + 3 : round((MARGIN + TALL / 3) * tall)]
    green = (first - pixels[0, 0])[..., 1] > 20
    middle = pixels.shape[1] // 2
    assert green[:, : middle - 12].any()
    assert not green[:, middle + 12 :].any()
    last = (pixels[round(0.75 * tall) :] - pixels[0, 0])[..., 1] > 20
    assert last[:, middle + 12 :].sum() > 2 * last[:, : middle - 12].sum()
    assert ridge_pixels(ROWS, (-1.0, 1.0), "weights", "light").mean() > 120


def test_the_present_step_is_marked() -> None:
    assert [shown_ridge((0, 10, 20), step) for step in (None, 0, 15, 99)] == [-1, 0, 1, 2]
    plot = ridge_plot(RIDGES, "dark")
    assert list(plot.pictures) == ["weights"]
    visual = ridge_visual(PANEL, plot, 25, "stage2.conv1", 0.4)
    (image,) = visual.image_quads
    assert image.origin[1] == PANEL[1] + HEIGHT
    mark = visual.quads[(visual.quads["top"] == np.float32(ACCENT)).all(1)]
    assert len(mark) == 47
    heights = ridge_heights(ROWS)[2]
    base = PANEL[1] + (1 - baselines(4)[2]) * HEIGHT
    middle = mark["origin"][:, 1] + mark["down"][:, 1] / 2
    np.testing.assert_allclose(middle, base + heights[:-1] * TALL * HEIGHT, atol=1e-5)
    texts = [label.text for label in visual.labels]
    assert {"weights", "step 0", "20", "30", "-1", "1", "stage2.conv1"} <= set(texts)
    without = ridge_visual(PANEL, plot, None, "conv1", 0.4)
    assert not (without.quads["top"] == np.float32(ACCENT)).all(1).any()


def test_where_there_is_no_room_none_is_drawn() -> None:
    visual = ridge_visual(PANEL, ridge_plot(RIDGES, "dark"), 0, "conv", 0.1)
    assert not len(visual.quads)
    assert not visual.image_quads


def test_in_a_narrow_gap_text_is_left_out_before_it_gets_too_small_to_read() -> None:
    rows = RIDGES.weights
    ridges = StepRidges((0, 10, 20, 123_456), rows, (-0.00123, 0.00456), rows, (-0.00123, 0.00456))
    plot = ridge_plot(ridges, "dark")
    for room, few in ((0.17, True), (0.5, False)):
        visual = ridge_visual(PANEL, plot, 25, "stage2.conv1", room)
        texts = [label.text for label in visual.labels]
        assert min(label.height for label in visual.labels) >= LEAST_TEXT * STEP_HEIGHT - 1e-9
        assert ("123,456" in texts) != few
        assert any(text.startswith("act") for text in texts)  # cut where it does not fit
        left = PANEL[0] - PANEL[3] / 2 - room - GAP
        for label in visual.labels:
            right = label.origin[0] + font.text_width(label.text) * label.height
            assert left - 1e-6 <= label.origin[0]
            assert right <= left + room + 1e-6
