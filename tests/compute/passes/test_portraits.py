"""Portraits of layers: whose colors they have, and what leaves them as they are."""

import numpy as np
import pytest
import torch

from vrnn.compute.passes import portraits
from vrnn.compute.passes.native_portrait import load_native_portrait
from vrnn.compute.passes.portrait_colors import CONTRAST
from vrnn.compute.passes.portrait_components import FLAT, inverse_roots
from vrnn.compute.passes.portrait_sampling import MAX_SIDE
from vrnn.compute.passes.portraits import PortraitMaker


@pytest.fixture(autouse=True, params=["native", "numpy"] if load_native_portrait() else ["numpy"])
def _way(request, monkeypatch):
    """Every test by native code, where it was compiled, and without it."""
    if request.param == "numpy":
        monkeypatch.setattr(portraits, "load_native_portrait", lambda: None)


def image(side=40, seed=0) -> np.ndarray:
    """Smooth noise, so that nearby positions are alike as in a photograph."""
    coarse = torch.from_numpy(np.random.default_rng(seed).random((1, 3, 6, 6)))
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic")
    return (smooth[0].clamp(0, 1) * 255).byte().permute(1, 2, 0).contiguous().numpy()


def features(picture: np.ndarray, channels=32, seed=1) -> torch.Tensor:
    """(C, H, W): random mixtures of the colors, and channels that hardly vary."""
    mixture = torch.from_numpy(np.random.default_rng(seed).standard_normal((channels, 3))).float()
    pixels = torch.from_numpy(picture.transpose(2, 0, 1).copy()).float()
    noise = 0.01 * torch.randn(channels, *picture.shape[:2], generator=torch.manual_seed(seed))
    return torch.tensordot(mixture, pixels / 255, 1) + noise


def portrait(maps, picture=None, sources=None) -> np.ndarray:
    maker = PortraitMaker({})
    maker.begin(image() if picture is None else picture)
    return maker.make(0, maps)


def correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of each color."""
    pairs = zip(a.reshape(-1, 3).T, b.reshape(-1, 3).T, strict=True)
    return np.array([np.corrcoef(x, y)[0, 1] for x, y in pairs])


def test_a_layer_that_knows_the_colors_shows_them():
    seen = image()
    # The colors of noise vary independently, so whitening them changes them little.
    assert correlations(portrait(features(seen)), seen).min() > 0.95


@pytest.mark.parametrize("change", ["channels", "signs", "scale", "offset"])
def test_what_the_features_are_called_changes_nothing(change):
    seen = image()
    maps = features(seen)
    changed = {
        "channels": maps[torch.randperm(len(maps), generator=torch.manual_seed(3))],
        "signs": -maps,
        "scale": maps * 1e-3,
        "offset": maps + 5.0,
    }[change]
    gap = np.abs(portrait(maps).astype(int) - portrait(changed).astype(int))
    assert gap.max() <= 6


@pytest.mark.parametrize("axis", [0, 1])
def test_a_flipped_image_gives_the_flipped_portrait(axis):
    seen = image()
    flipped = np.ascontiguousarray(np.flip(seen, axis))
    found = portrait(features(seen).flip(axis + 1), flipped)
    assert np.abs(found.astype(int) - np.flip(portrait(features(seen)), axis)).max() <= 6


def test_colors_follow_the_layers_that_feed_a_layer_and_not_the_image():
    seen = image()
    maker = PortraitMaker({1: (0,), 2: (0, 1)})
    maker.begin(seen)
    swapped = np.ascontiguousarray(seen[..., ::-1])
    first = maker.make(0, features(seen))
    second = maker.make(1, features(seen, 64, 5))
    third = maker.make(2, features(swapped, 16, 6))
    for found in (second, third):
        assert correlations(found, first).min() > 0.95


def test_the_next_pass_of_the_same_image_gives_the_same_portrait():
    maker, maps = PortraitMaker({}), features(image())
    pictures = []
    for _ in range(3):
        maker.begin(image(), continues=True)
        pictures.append(maker.make(0, maps).astype(int))
    assert np.abs(pictures[1] - pictures[0]).max() <= 3
    assert np.abs(pictures[2] - pictures[1]).max() <= 3


def test_a_single_channel_is_its_map_in_gray():
    row = torch.linspace(0, 1, 20).expand(1, 10, 20).contiguous()
    found = portrait(row)
    assert (found == found[..., :1]).all()
    assert (np.diff(found[0, :, 0].astype(int)) > 0).all()


def test_two_channels_vary_in_two_directions():
    two = torch.from_numpy(image().transpose(2, 0, 1)[:2].copy()).float()
    found = portrait(two).reshape(-1, 3) / 255 - 0.5
    strengths = np.linalg.svd(found - found.mean(0), compute_uv=False)
    assert strengths[1] > 0.5 * strengths[0]
    assert strengths[2] < 0.02 * strengths[0]


def test_a_layer_with_one_value_everywhere_is_gray():
    assert (portrait(torch.full((8, 5, 5), 3.0)) == 128).all()
    assert (portrait(torch.zeros(1, 5, 5)) == 128).all()


def test_values_that_are_not_finite_do_not_spread():
    seen = image()
    maps = features(seen)
    maps[3, 10, 10] = torch.nan
    maps[5, 20, 20] = torch.inf
    assert correlations(portrait(maps), seen).min() > 0.9
    assert (portrait(torch.full((8, 5, 5), torch.nan)) == 128).all()


def test_large_maps_are_averaged_down_and_small_ones_are_not():
    assert portrait(torch.randn(4, 300, 70)).shape == (50, 35, 3)
    assert portrait(torch.randn(4, MAX_SIDE, 3)).shape == (MAX_SIDE, 3, 3)


def test_the_contrast_is_one_and_the_same():
    found = portrait(torch.randn(16, 40, 40, generator=torch.manual_seed(0)))
    np.testing.assert_allclose(found.reshape(-1, 3).std(0), 255 * CONTRAST, rtol=0.1)


def test_an_image_has_the_same_portrait_whatever_came_before():
    maps = features(image())
    fresh, used = PortraitMaker({}), PortraitMaker({})
    used.begin(image(seed=7))
    used.make(0, features(image(seed=7)))
    for maker in (fresh, used):
        maker.begin(image())
    np.testing.assert_array_equal(fresh.make(0, maps), used.make(0, maps))


def test_colors_do_not_flicker_in_a_stream():
    """A slowly changing image changes its portrait slowly, though components come close."""
    first, last = (features(image(), 48, 3), features(image(seed=4), 48, 9))
    maker, before, jumps = PortraitMaker({}), None, []
    for t in np.linspace(0, 1, 40):
        seen = ((1 - t) * image() + t * image(seed=4)).astype(np.uint8)
        maker.begin(seen, continues=True)
        now = maker.make(0, float(1 - t) * first + float(t) * last).astype(int)
        if before is not None:
            jumps.append(np.abs(now - before).mean())
        before = now
    assert max(jumps) < 20
    assert np.median(jumps) < 8


def test_components_are_nearly_the_principal_ones():
    generator = torch.manual_seed(2)
    spread = torch.diag(torch.linspace(3, 0.3, 24))
    maps = (spread @ torch.randn(24, 900, generator=generator)).reshape(24, 30, 30)
    maker = PortraitMaker({})
    maker.begin(image(30))
    maker.make(0, maps)
    flat = maps.reshape(24, -1)
    flat = flat - flat.mean(1, keepdim=True)
    covariance = flat @ flat.T
    basis = torch.from_numpy(maker._bases[0])
    explained = torch.trace(basis @ covariance @ basis.T)
    assert explained > 0.85 * torch.linalg.eigvalsh(covariance)[-3:].sum()


@pytest.mark.parametrize("scale", [1e-14, 1e-10, 1e10, 1e14, 1e33])
def test_tiny_and_huge_features_have_the_same_portrait(scale):
    seen = image()
    gap = np.abs(portrait(features(seen) * scale).astype(int) - portrait(features(seen)))
    assert gap.max() <= 6


def test_directions_count_by_their_extent_beside_the_largest():
    for values in ((1e-12, 1e-10, 1.0), (1e-10, 1e-8, 1.0), (0.5, 1.0, 2.0), (0.0, 0.0, 0.0)):
        inverse, vectors = inverse_roots(np.diag(values))
        truth = [1 / v**0.5 if v > FLAT * max(values) else 0.0 for v in values]
        assert inverse == pytest.approx(truth)
        assert np.abs(vectors) == pytest.approx(np.eye(3))


def shared_directions(found: np.ndarray, maps: torch.Tensor) -> float:
    """Share of a portrait that lies in the first three principal components, 0…1."""
    flat = maps.flatten(1).double().numpy()
    components = np.linalg.svd(flat - flat.mean(1, keepdims=True), full_matrices=False)[2][:3]
    colors = found.reshape(-1, 3).T.astype(float)
    colors -= colors.mean(1, keepdims=True)
    return float((colors @ components.T @ components * colors).sum() / (colors**2).sum())


def test_in_a_stream_portraits_come_nearer_to_the_components_with_each_frame():
    generator = torch.manual_seed(11)
    strengths = torch.tensor([2.0] * 3 + [1.0] * 61)
    maps = torch.randn(64, 30, 30, generator=generator) * strengths[:, None, None]
    maker, shares = PortraitMaker({}), []
    for _ in range(12):
        maker.begin(image(30), continues=True)
        shares.append(shared_directions(maker.make(0, maps), maps))
    assert shares[-1] > shares[0] + 0.1
    assert shares[-1] > 0.9


def test_in_a_stream_a_layer_may_come_to_have_other_channels():
    maker = PortraitMaker({})
    for channels in (32, 12, 32):
        maker.begin(image(), continues=True)
        found = maker.make(0, features(image(), channels))
        assert correlations(found, image()).min() > 0.9


def test_a_gray_image_has_the_same_portrait_whatever_the_last_bits_are():
    """It says nothing of hues: these are to come from the layer, and not from rounding."""
    gray = np.repeat(image().mean(2, keepdims=True).astype(np.uint8), 3, 2)
    maps = features(image())
    noise = torch.randn(maps.shape, generator=torch.manual_seed(8))
    usual = portrait(maps, gray).astype(int)
    assert np.abs(portrait(maps * (1 + 1e-6 * noise), gray) - usual).max() <= 3
    hues = usual - usual.mean(2, keepdims=True)
    assert np.abs(hues).max() > 40


def test_without_a_target_the_largest_component_is_brightness_and_its_rare_side_is_bright():
    black = np.zeros((30, 30, 3), np.uint8)
    strengths = torch.tensor([3.0, 1.5, 0.7])[:, None, None]
    maps = torch.randn(3, 30, 30, generator=torch.manual_seed(4)) * strengths
    maps[0] = maps[0].abs() * torch.where(torch.rand(30, 30) < 0.1, 9.0, 1.0)
    found = portrait(maps, black).astype(float).mean(2).ravel()
    assert np.corrcoef(found, maps[0].ravel())[0, 1] > 0.9
