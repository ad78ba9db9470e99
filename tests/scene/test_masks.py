"""The masks of a detector lie over the input picture."""

import numpy as np

from vrnn.network.predictions import Detections
from vrnn.scene.visuals.output_images import class_colors, mask_overlay


def detections(masks, scores=(0.9, 0.8, 0.1)):
    count = len(scores)
    return Detections(
        0, np.zeros((count, 4), np.float32), np.ones(count, np.int32),
        np.array(scores, np.float32), masks,
    )  # fmt: skip


def test_each_mask_has_its_color_and_the_picture_shows_through():
    image = np.full((8, 12, 3), 100, np.uint8)
    masks = np.zeros((3, 4, 6), bool)
    masks[0, :2, :3], masks[1, 2:, 3:], masks[2] = True, True, True
    mixed = mask_overlay(image, detections(masks), 2)
    colors = class_colors(25)[1:].astype(float)
    assert np.abs(mixed[0, 0] - (100 + colors[0]) / 2).max() <= 1
    assert np.abs(mixed[7, 11] - (100 + colors[1]) / 2).max() <= 1
    assert (mixed[0, 11] == 100).all(), "the third box is not drawn, nor is its mask"
    assert (image == 100).all()


def test_the_best_mask_is_on_top():
    masks = np.ones((2, 2, 2), bool)
    image = np.zeros((2, 2, 3), np.uint8)
    both = mask_overlay(image, detections(masks, (0.9, 0.8)), 2)
    first, second = class_colors(25)[1:3].astype(float)
    assert np.abs(both - (first / 2 + second / 4)).max() <= 1
    assert (mask_overlay(image, detections(None), 3) == 0).all()
