"""What stands over the input: each name with its own percentage, overlays the right way up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.support.worlds import small_world
from vrnn.network.predictions import ClassScores, Detections, Segmentation
from vrnn.scene.layout.input_margin import IMAGE_SIDE
from vrnn.scene.layout.terrace_steps import PANEL_SCALE
from vrnn.scene.visuals.output_bars import BarSize, score_bars
from vrnn.scene.visuals.output_images import class_colors, segmentation_overlay

NAMES = ("cat", "dog", "owl", "eel", "yak", "bee", "fox")


def scores_of(values):
    return ClassScores(9, np.log(np.array(values)), np.array(values, np.float32))


def lines_of(world):
    """(name, percentage) of each line of scores on the board, from the top: what stands at the
    same height."""
    labels = world.draw_list().labels
    bars = [label for label in labels if label.text.endswith("%") and "." in label.text]
    middle = (min(b.origin[0] for b in bars) + max(b.origin[0] for b in bars)) / 2
    percentages = [label for label in bars if label.origin[0] > middle]  # beside the input: few
    pairs = []
    for percentage in sorted(percentages, key=lambda label: -label.origin[1]):
        beside = [
            label.text
            for label in labels
            if label is not percentage
            and label.height == percentage.height
            and abs(label.origin[1] - percentage.origin[1]) < 1e-6
            and abs(label.origin[2] - percentage.origin[2]) < 1e-6
            and middle < label.origin[0] < percentage.origin[0]
        ]
        assert len(beside) == 1
        pairs.append((beside[0], percentage.text))
    return pairs


@given(st.permutations([0.4, 0.25, 0.15, 0.1, 0.06, 0.03, 0.01]))
def test_each_class_stands_beside_its_own_share_the_best_on_top(shares):
    world, _, _ = small_world([scores_of(shares)], NAMES)
    best = sorted(zip(NAMES, shares, strict=True), key=lambda pair: -pair[1])
    others = lines_of(world)
    assert len(others) >= 2
    assert others == [(name, f"{share:.1%}") for name, share in best[1 : len(others) + 1]]
    heading, share = (
        next(label for label in world.draw_list().labels if label.text == text)
        for text in (best[0][0], f"{best[0][1]:.0%}")
    )
    largest = [one for one in world.draw_list().labels if one.height == share.height]
    assert {heading.text, share.text} <= {one.text for one in largest}


def test_a_bar_is_as_long_as_its_share():
    shares = [0.5, 0.3, 0.2]
    for ranks in (range(3), range(1, 3)):
        size = BarSize(2.0)
        quads, labels = score_bars(scores_of(shares), NAMES, (0.0, 0.0, 0.0), size, ranks)
        lengths = []
        for share in np.array(shares)[ranks]:
            height = next(one.origin[1] for one in labels if one.text == f"{share:.1%}")
            tops = quads["origin"][:, 1]
            near = quads[(tops < height) & (tops > height - 0.08)]
            lengths.append(near["right"][:, 0].min())
        assert lengths == pytest.approx(2.0 * np.array(shares)[ranks], rel=1e-5)


images = arrays.arrays(np.uint8, (6, 9, 3))
classes = arrays.arrays(np.int32, (6, 9), elements=st.integers(0, 4))


@given(images, classes, st.sampled_from([np.flipud, np.fliplr]))
def test_a_flipped_segmentation_of_a_flipped_image_is_flipped(image, found, flip):
    overlay = segmentation_overlay(image, Segmentation(9, found, 5))
    flipped = segmentation_overlay(flip(image), Segmentation(9, flip(found), 5))
    assert np.array_equal(flipped, flip(overlay))


@given(images, classes)
def test_each_pixel_has_the_color_of_its_own_class(image, found):
    overlay = segmentation_overlay(image, Segmentation(9, found, 5)).astype(float)
    colors = class_colors(5).astype(float)
    gray = image.astype(float).mean(-1, keepdims=True)
    assert np.abs(overlay - (0.35 * gray + 0.65 * colors[found])).max() <= 1


def test_a_coarse_segmentation_covers_the_same_part_of_the_image():
    image = np.zeros((8, 12, 3), np.uint8)
    found = np.array([[0, 1, 2], [3, 4, 0]], np.int32)
    overlay = segmentation_overlay(image, Segmentation(9, found, 5))
    expected = np.repeat(np.repeat(0.65 * class_colors(5)[found], 4, 0), 4, 1)
    assert np.abs(overlay - expected).max() <= 1


def test_the_overlay_hangs_the_right_way_up_above_the_image():
    found = np.zeros((32, 32), np.int32)
    found[:8, 16:] = 1  # above, at the right
    world, _, _ = small_world([Segmentation(9, found, 3)])
    image, overlay, _, on_board, _ = world.draw_list().image_quads  # and legends of the two
    assert np.array_equal(on_board.pixels, overlay.pixels)
    for quad in (image, overlay, on_board):
        assert quad.right[0] > 0
        assert quad.right[1:] == (0, 0)
        assert quad.down[1] < 0
        assert (quad.down[0], quad.down[2]) == (0, 0)
    assert overlay.origin[1] + overlay.down[1] > image.origin[1]
    assert np.array_equal(
        overlay.pixels, segmentation_overlay(image.pixels, Segmentation(9, found, 3))
    )
    assert np.array_equal(image.pixels, world.networks[0].result.image)


def test_the_legend_tells_the_share_of_each_class_beside_its_color():
    found = np.zeros((10, 10), np.int32)
    found[:3] = 2
    found[3:4] = 1
    world, _, _ = small_world([Segmentation(9, found, 3)], NAMES)
    lines = ("cat 60%", "owl 30%", "dog 10%")
    texts = [label for label in world.draw_list().labels if label.text in lines]
    _, _, *legends = world.draw_list().image_quads
    for bar, labels in ((legends[0], texts[:3]), (legends[2], texts[3:])):
        assert tuple(label.text for label in labels) == lines
        assert np.array_equal(bar.pixels[:, 0], class_colors(3)[[0, 2, 1]])
        for row, label in enumerate(labels):
            middle = label.origin[1] + label.height / 2
            assert middle == pytest.approx(bar.origin[1] + bar.down[1] * (row + 0.5) / 3)
            assert label.origin[0] > bar.origin[0] + bar.right[0]


def test_a_box_is_where_the_detector_says():
    boxes = np.array([[0.1, 0.2, 0.4, 0.9]], np.float32)
    found = Detections(9, boxes, np.array([2], np.int32), np.array([0.75], np.float32))
    world, _, _ = small_world([found], NAMES)
    drawing = world.draw_list()
    image, on_board = drawing.image_quads
    assert on_board.origin[0] > image.origin[0]
    label = next(label for label in drawing.labels if label.text == "owl 75%")
    left, top = image.origin[0] + 0.1 * image.right[0], image.origin[1] + 0.2 * image.down[1]
    assert label.origin[:2] == pytest.approx((left, top + 0.02), abs=0.03 * PANEL_SCALE)
    near = np.abs(drawing.quads["origin"][:, 2] - label.origin[2]) < 1e-4
    near &= drawing.quads["origin"][:, 0] < image.origin[0] + image.right[0]
    lines = drawing.quads[near]
    low = lines["origin"][:, :2] + np.c_[np.zeros(len(lines)), lines["down"][:, 1]]
    high = lines["origin"][:, :2] + np.c_[lines["right"][:, 0], np.zeros(len(lines))]
    corners = [low[:, 0].min(), high[:, 1].max(), high[:, 0].max(), low[:, 1].min()]
    expected = [
        left, top, image.origin[0] + 0.4 * image.right[0], image.origin[1] + 0.9 * image.down[1],
    ]  # fmt: skip
    assert corners == pytest.approx(expected, abs=0.02)
    assert image.right[0] == pytest.approx(IMAGE_SIDE * world.placement_frame(0).panel_scale(0))


def test_boxes_of_little_confidence_are_left_out():
    boxes = np.array([[0.1, 0.1, 0.4, 0.4], [0.5, 0.5, 0.9, 0.9]], np.float32)
    found = Detections(9, boxes, np.array([0, 1], np.int32), np.array([0.9, 0.1], np.float32))
    world, _, _ = small_world([found], NAMES)
    texts = [label.text for label in world.draw_list().labels]
    assert "cat 90%" in texts
    assert not any(text.startswith("dog") for text in texts)
