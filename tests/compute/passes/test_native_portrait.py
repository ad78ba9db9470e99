"""Portraits by native code are those by numpy."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from vrnn.compute.passes import followed_portraits, portraits
from vrnn.compute.passes.followed_portraits import FollowedPortraits
from vrnn.compute.passes.native_library import load_native_library
from vrnn.compute.passes.native_portrait import NativePortrait, load_native_portrait
from vrnn.compute.passes.portraits import PortraitMaker

WAYS = ("native", "plain") if load_native_portrait() else ()


def native(way: str) -> NativePortrait:
    library = load_native_library()
    assert library is not None
    made = load_native_portrait() if way == "native" else NativePortrait(library, is_wide=False)
    assert made is not None
    return made


def features(channels: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """(C, H, W) float32: a few directions that vary over the image, and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(height, width, 2)
    waves = np.stack([np.sin(7 * x + 2 * y), np.cos(5 * y - x) * 0.7, np.sin(9 * x * y) * 0.5])
    mixed = np.tensordot(rng.normal(size=(channels, 3)), waves, 1)
    return (mixed + 0.05 * rng.normal(size=mixed.shape) + 0.3).astype(np.float32)


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_where_there_is_a_compiler_there_are_both_ways():
    assert WAYS


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "shape",
    [(64, 56, 56), (5, 112, 90), (300, 13, 17), (7, 1, 40), (2, 9, 9), (3, 6, 5), (600, 7, 7)],
)
@pytest.mark.parametrize("is_turned", [False, True], ids=["maps", "side by side"])
def test_a_stream_has_the_same_portraits_as_by_numpy(way, shape, is_turned, monkeypatch):
    image = np.random.default_rng(1).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    made = {}
    for name in (way, "numpy"):
        used = None if name == "numpy" else native(way)
        monkeypatch.setattr(portraits, "load_native_portrait", lambda used=used: used)
        maker = PortraitMaker({1: [0]})
        made[name] = []
        for frame in range(3):
            maker.begin(image, continues=frame > 0)
            for node in (0, 1):
                # As frames follow one another: another one would amplify float32's rounding.
                values = features(*shape, seed=node) + 0.1 * features(*shape, seed=9 + frame)
                maps = torch.from_numpy(values)
                if is_turned and used is not None:
                    maps = maps.permute(1, 2, 0).contiguous().permute(2, 0, 1)
                made[name].append(maker.make(node, maps).astype(int))
    difference = np.abs(np.stack(made[way]) - np.stack(made["numpy"]))
    assert difference.max() <= 2
    assert difference.mean() < 0.1


@pytest.mark.parametrize("way", WAYS)
def test_a_basis_has_rows_of_length_one_and_scores_are_products_with_it(way):
    flat = torch.from_numpy(features(37, 20, 23).reshape(37, -1))
    before = np.random.default_rng(2).normal(size=(3, 37)).astype(np.float32)
    basis, scores = native(way).scores(flat, slice(1, None, 3), 2, None, before)
    assert np.allclose(np.linalg.norm(basis, axis=1), 1, atol=1e-5)
    assert np.allclose(scores, basis @ flat.numpy(), atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
def test_what_is_not_finite_or_too_large_is_left_to_numpy_or_shows_in_the_scores(way, value):
    values = features(8, 12, 12)
    values[3] = value
    before = np.ones((3, 8), np.float32)
    made = native(way).scores(
        torch.from_numpy(values.reshape(8, -1)), slice(0, None, 1), 1, None, before
    )
    assert made is None or not np.isfinite(made[1].sum()) or value == 3e38


@pytest.mark.parametrize("way", WAYS)
def test_directions_without_agreement_are_left_to_numpy(way):
    scores = features(3, 10, 10).reshape(3, -1)
    gray = np.repeat(scores[:1] - scores[:1].mean(), 3, 0)
    settings = (56.0, 1e-3, 1e-5)
    assert native(way).colors(scores.copy(), gray, *settings) is None
    assert native(way).colors(scores.copy(), np.full_like(scores, np.nan), *settings) is None
    assert native(way).colors(np.full_like(scores, np.inf), scores, *settings) is None
    assert native(way).colors(scores.copy(), scores, *settings) is not None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(64, 112, 112), (2048, 7, 7), (300, 29, 31)])
def test_threads_that_share_a_portrait_change_no_bit_of_it(way, shape, monkeypatch):
    image = np.random.default_rng(1).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    used = native(way)
    monkeypatch.setattr(portraits, "load_native_portrait", lambda: used)
    before, made = torch.get_num_threads(), {}
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            maker = PortraitMaker({1: [0]})
            made[threads] = []
            for frame in range(2):
                maker.begin(image, continues=frame > 0)
                maps = torch.from_numpy(features(*shape, seed=frame))
                made[threads].append(maker.make(0, maps))
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(made[1], made[3])
    assert np.std(made[1]) > 10


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(64, 56, 56), (600, 7, 7), (5, 13, 17), (9, 70, 90), (2, 9, 9)])
def test_a_stream_followed_in_one_call_has_the_same_bits(way, shape, monkeypatch):
    image = np.random.default_rng(1).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    used = native(way)
    monkeypatch.setattr(portraits, "load_native_portrait", lambda: used)
    monkeypatch.setattr(followed_portraits, "is_wide_cpu", lambda: way == "native")
    made, calls = {}, []
    follow = FollowedPortraits.follow

    def watched(*given):
        calls.append(follow(*given))
        return calls[-1]

    for name in ("one call", "several"):
        never = lambda *_: None  # noqa: E731
        monkeypatch.setattr(FollowedPortraits, "follow", never if name == "several" else watched)
        maker = PortraitMaker({1: [0], 2: [0, 1]})
        made[name] = []
        for frame in range(4):
            maker.begin(image, continues=frame > 0)
            if frame == 3:
                maker.begin(image[::-1], continues=True)  # another picture of the same frame
            for node in range(3):
                values = features(*shape, seed=node) + 0.1 * features(*shape, seed=9 + frame)
                made[name].append(maker.make(node, torch.from_numpy(values)))
    np.testing.assert_array_equal(made["one call"], made["several"])
    # From the third frame on; two channels have no third direction, which takes more work.
    assert sum(call is not None for call in calls) == (6 if shape[0] > 2 else 0)


def test_a_layer_that_is_made_in_steps_in_each_frame_takes_no_more_memory():
    image = np.random.default_rng(1).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    maker, sizes = PortraitMaker({}), []
    for frame in range(6):
        maker.begin(image, continues=frame > 0)
        maker.make(0, torch.from_numpy(features(2, 9, 9, seed=frame)))  # without a third direction
        values = features(5, 9, 9, seed=frame)
        values[:, 4, 4] = np.nan if frame % 2 else 0.0
        maker.make(1, torch.from_numpy(values))
        sizes.append(len(maker._followed._levels))
    assert sizes[2] > 0
    assert len(set(sizes[2:])) == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [(12, 20), (7, 9), (30, 41), (5, 56), (1, 1)])
def test_pictures_of_any_size_are_resized_as_by_torch(way, size, monkeypatch):
    monkeypatch.setattr(portraits, "load_native_portrait", lambda: None)
    for other in [(12, 20), (24, 40), (31, 17), (7, 9), (1, 3)]:
        picture = features(3, *other)
        wanted = portraits._resized(picture, size)
        made = native(way).resize(picture, size)
        assert np.abs(made - wanted).max() <= 1e-5 * np.abs(wanted).max()
