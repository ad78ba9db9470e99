"""The cloud of images in the world: picking, lassos, spheres, chains of layers."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.networks import chain
from vrnn.network.image_cloud import PIXELS
from vrnn.scene.camera import Camera
from vrnn.scene.cloud_place import cloud_chain, cloud_layers
from vrnn.scene.image_cloud import (
    CLOUD_KIND,
    CloudPlace,
    DrawnCloud,
    cloud_extent,
    images_in_polygon,
    images_within,
)

PLACE = CloudPlace((30.0, 4.0, 0.0), 6.0, 0.4)


def cloud_of(positions):
    positions = np.asarray(positions, np.float32)
    numbers = np.arange(len(positions)) * 3
    return DrawnCloud(0, numbers, PLACE.to_world(positions), PLACE.thumbnail, positions)


def spread(seed, count, dimensions):
    return np.random.default_rng(seed).normal(size=(count, dimensions))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2, 3]), st.integers(1, 60))
def test_a_ray_hits_the_nearest_image_that_it_passes(seed, dimensions, count):
    cloud = cloud_of(spread(seed, count, dimensions))
    random = np.random.default_rng(seed + 1)
    eye = np.array([30.0, 4.0, 0.0]) + random.normal(size=3) * 3 + [0, 0, 12]
    row = int(random.integers(count))
    direction = cloud.centers[row].astype(float) - eye
    direction /= np.linalg.norm(direction)
    hit = cloud.pick(eye, direction)
    # One by one: the square around the ray's foot point.
    expected = None
    for i in range(count):
        away = cloud.centers[i].astype(float) - eye
        depth = away @ direction
        beside = np.abs(away - depth * direction).max()
        if beside <= cloud.side / 2 and depth > 0 and (expected is None or depth < expected[0]):
            expected = depth, i
    assert hit is not None
    assert (hit.kind, hit.value) == (CLOUD_KIND, int(cloud.numbers[expected[1]]))
    assert hit.distance == pytest.approx(expected[0], rel=1e-4)


def test_a_ray_that_passes_no_image_hits_nothing():
    cloud = cloud_of([[0, 0], [1, 1]])
    assert cloud.pick(np.array([30.0, 4.0, 9.0]), np.array([0.0, 0.0, 1.0])) is None
    assert cloud.pick(np.array([30.6, 4.0, 9.0]), np.array([0.0, 0.0, -1.0])) is None
    assert cloud_of(np.zeros((0, 2))).pick(np.zeros(3), np.array([0.0, 0.0, -1.0])) is None


def test_a_dot_too_small_to_be_hit_is_hit_beside_it():
    cloud = cloud_of([[0, 0]])
    eye, beside = np.array([30.0, 4.0, 300.0]), np.array([30.9, 4.0, 0.0])
    direction = (beside - eye) / np.linalg.norm(beside - eye)
    assert cloud.pick(eye, direction) is None
    assert cloud.pick(eye, direction, 600.0).value == 0


def test_a_lasso_selects_what_it_surrounds():
    cloud = cloud_of([[-1.5, 0], [0, 0], [1.5, 0], [0, 1.5]])
    clip = Camera(30.0, 4.0, 12.0, 0.0, 0.0, 0.9).clip_from_world(1.0)
    left = [(-1, -1), (-0.15, -1), (-0.15, 1), (-1, 1)]
    assert images_in_polygon(cloud, clip, left).tolist() == [0]
    everything = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    assert images_in_polygon(cloud, clip, everything).tolist() == [0, 3, 6, 9]
    # A ring around the middle one, drawn twice: the image inside is outside.
    ring = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1), (-0.1, -0.1), (-0.1, 0.1), (0.1, 0.1),
            (0.1, -0.1), (-0.1, -0.1)]  # fmt: skip
    assert images_in_polygon(cloud, clip, ring).tolist() == [0, 6, 9]
    assert not len(images_in_polygon(cloud, clip, left[:2]))
    behind = Camera(30.0, 4.0, -12.0, 0.0, 0.0, 0.9).clip_from_world(1.0)
    assert not len(images_in_polygon(cloud, behind, everything))


def test_a_sphere_selects_what_is_near_in_the_cloud():
    cloud = cloud_of([[0, 0], [0.2, 0], [0, 0.4], [2, 2]])
    assert images_within(cloud, 0, 0.3).tolist() == [0, 3]
    assert images_within(cloud, 0, 0.4).tolist() == [0, 3, 6]
    assert not len(images_within(cloud, 1, 9.0))  # there is no image 1


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2, 3]), st.integers(1, 500), st.integers(0, 9))
def test_at_most_one_percent_of_the_images_are_put_at_the_edge(seed, dimensions, count, far):
    positions = spread(seed, count, dimensions).astype(np.float32)
    positions[:far] *= 100
    extent = cloud_extent(positions)
    seen, beyond = extent.place(positions), extent.is_beyond(positions)
    assert beyond.sum() <= max(1, count // 100)
    assert np.abs(seen).max() <= 1
    near = (positions - extent.middle) / extent.reach
    np.testing.assert_allclose(seen[~beyond], near[~beyond], atol=1e-4)
    if count > 1 and not beyond.any():  # all room is used, along one axis at least
        assert np.ptp(seen, axis=0).max() == pytest.approx(2, abs=1e-4)


def extent_of(*positions):
    extent = cloud_extent(np.array(positions, np.float32).reshape(-1, 2))
    return *extent.middle.tolist(), extent.reach


def test_images_that_are_not_far_from_others_keep_their_places():
    assert extent_of([0, 1], [0.5, 0], [1.4, 0]) == pytest.approx((0.7, 0.5, 0.7))
    assert extent_of([0, 1], [0.5, 0], [1.6, 0]) == pytest.approx((0.25, 0.5, 0.5))
    assert extent_of([0, 0], [0, 0], [1.6, 0]) == pytest.approx((0.8, 0, 0.8))
    assert extent_of([0.0, 3.0])[:2] == (0, 3)
    assert extent_of() == (0, 0, 1)
    assert extent_of([0, 0], [0, 0])[2] > 0


def test_one_slides_along_the_layers_from_the_pixels_on():
    network = chain(9)
    layers = cloud_layers(network)
    order = [node.name for node in network.nodes]
    assert layers[0] == PIXELS
    places = [order.index(name) for name in layers[1:]]
    assert all(a < b for a, b in pairwise(places))
    anchor, last = layers[2], layers[-1]
    assert cloud_chain(network, anchor, last) == layers[2:]
    assert cloud_chain(network, anchor, PIXELS) == layers[2::-1]
    assert cloud_chain(network, anchor, anchor) == (anchor,)
    assert cloud_chain(network, anchor, "nowhere") == ("nowhere",)
