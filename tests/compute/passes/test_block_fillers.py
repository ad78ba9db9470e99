"""Every way to fill a block gives what plain numpy gives; halves and extremes to the bit."""

from __future__ import annotations

import shutil
from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.support.map_blocks import block
from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.compute.passes import (
    coarse_maps,
    feature_maps,
    native_filler,
    native_library,
    torch_filler,
)
from vrnn.compute.passes.feature_maps import FillBlock, fill_feature_maps, to_feature_maps
from vrnn.compute.passes.hidden_maps import HiddenMaps
from vrnn.compute.passes.layer_portraits import LayerPortraits
from vrnn.compute.passes.memory_order import in_known_order
from vrnn.compute.passes.native_library import load_native_library
from vrnn.network.feature_maps import (
    FeatureMaps,
    block_size,
    coarse_block_size,
    pyramid_shapes,
)
from vrnn.network.layer_maps import sample_step

NO_TOKENS = np.zeros((0, 0), np.float32)
TINY = 2.0**-149


def _plain_filler() -> FillBlock:
    """The native code without AVX2 and F16C, as it runs on other processors."""
    library = load_native_library()
    assert library is not None
    return native_filler.NativeFiller(library, is_wide=False).fill_block


def _fillers() -> dict[str, FillBlock]:
    fillers: dict[str, FillBlock] = {"torch": torch_filler.fill_block}
    native = native_filler.load_native_filler()
    if native is not None:
        fillers |= {"native": native.fill_block, "plain": _plain_filler()}
    return fillers


FILLERS = _fillers()


@pytest.fixture(params=FILLERS)
def fill(request, monkeypatch) -> FillBlock:
    """One way to fill a block, which is used for all of them meanwhile."""
    filler = FILLERS[request.param]
    monkeypatch.setattr(feature_maps, "block_filler", lambda device: filler)
    monkeypatch.setattr(coarse_maps, "block_filler", lambda device: filler)
    return filler


@pytest.fixture
def torch_threads():
    """torch with two threads, and afterwards with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_where_there_is_a_compiler_native_code_is_used():
    native = native_filler.load_native_filler()
    assert native is not None
    assert native.is_wide == (torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512"))
    assert feature_maps.block_filler(torch.device("cpu")) == native.fill_block
    assert feature_maps.block_filler(torch.device("meta")) is torch_filler.fill_block


def filled(
    fill: FillBlock, values: np.ndarray, factor: float = 1.0
) -> tuple[np.ndarray, np.ndarray, float]:
    """The block, the statistics and the peak of (C, H, W) float32 maps."""
    channels, *size = values.shape
    made = torch.full((block_size(*values.shape),), torch.nan, dtype=torch.float16)
    flat = torch.from_numpy(values).view(channels, -1)
    stats, peak = fill(made, flat, (size[0], size[1]), factor)
    return made.numpy(), stats.numpy(), peak


def assert_is_block_of(
    values: np.ndarray, made: tuple[np.ndarray, np.ndarray, float], factor: float = 1.0
) -> None:
    got, stats, peak = made
    values = values * np.float32(factor)
    channels = len(values)
    exact = 2 * channels + values.size
    want = block(values)
    assert np.array_equal(got[:exact], want[:exact])
    top = np.abs(values).max()
    # A mean may round to the half float beside.
    assert np.allclose(
        got[exact:].astype(np.float32), want[exact:].astype(np.float32), 2**-9, top * 2**-20
    )
    flat = values.reshape(channels, -1)
    assert np.array_equal(stats[:2], [flat.min(1), flat.max(1)])
    assert np.allclose(stats[2], flat.mean(1, dtype=np.float64), 1e-5, top * 1e-6)
    assert peak == top


def random_maps(channels: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(channels, height, width)).astype(np.float32)


@pytest.mark.parametrize("name", FILLERS)
@given(
    st.integers(1, 6), st.integers(1, 70), st.integers(1, 70), st.integers(0, 99),
    st.sampled_from([1.0, 0.25, 1024.0]),
)  # fmt: skip
def test_any_size_is_as_in_numpy(name, channels, height, width, seed, factor):
    values = random_maps(channels, height, width, seed)
    assert_is_block_of(values, filled(FILLERS[name], values, factor), factor)


@pytest.mark.parametrize("shape", [(3, 70, 33), (2, 1, 90), (2, 90, 1), (4, 7, 7), (5, 1, 1)])
@pytest.mark.parametrize("left_out", [1, 2, 3, 4])
def test_the_finest_levels_can_be_left_out(fill, shape, left_out):
    levels = pyramid_shapes(*shape[1:])
    values = random_maps(*shape)
    whole, stats, peak = filled(fill, values)
    coarse = torch.full((coarse_block_size(*shape, left_out) + 8,), 7.0, dtype=torch.float16)
    flat = torch.from_numpy(values).view(len(values), -1)
    got = fill(coarse, flat, shape[1:], 1.0, left_out)
    ranges = 2 * shape[0]
    first = ranges + shape[0] * sum(h * w for h, w in levels[:left_out])
    assert np.array_equal(coarse[:-8], np.concatenate([whole[:ranges], whole[first:]]))
    assert (coarse[-8:] == 7).all()  # nothing is written behind it
    assert np.array_equal(got[0], stats)
    assert got[1] == peak


@pytest.mark.parametrize("shape", [(3, 70, 33), (40, 14, 14), (5, 1, 1), (21, 7, 7), (2, 512, 300)])
@pytest.mark.parametrize("left_out", [0, 1])
def test_the_sample_comes_with_the_same_read(fill, shape, left_out):
    values = random_maps(*shape)
    flat = torch.from_numpy(values).view(len(values), -1)
    want = values.reshape(-1)[:: sample_step(values.size)].astype(np.float16)
    made = torch.empty(coarse_block_size(*shape, left_out), dtype=torch.float16)
    sample = torch.full((want.size + 8,), 7.0, dtype=torch.float16)
    fill(made, flat, shape[1:], 1.0, left_out, sample[:-8])
    assert np.array_equal(sample[:-8].numpy(), want)
    assert (sample[-8:] == 7).all()


@pytest.mark.skipif("native" not in FILLERS, reason="there is no native code")
@given(
    st.integers(8, 20), st.integers(1, 40), st.integers(1, 40), st.integers(0, 2),
    st.sampled_from([np.nan, np.inf, 1.0]),
)  # fmt: skip
def test_eight_small_maps_at_once_are_the_same_bits_as_one_by_one(
    channels, height, width, left_out, value
):
    shape = channels, height, width
    left_out = min(left_out, len(pyramid_shapes(height, width)) - 1)
    values = random_maps(*shape)
    values[channels // 2, height // 2, width // 3] = value
    flat, made = torch.from_numpy(values).view(channels, -1), []
    for rows in (slice(None), *(slice(c, c + 1) for c in range(channels))):
        part = flat[rows]
        one = torch.empty(
            coarse_block_size(len(part), height, width, left_out), dtype=torch.float16
        )
        stats, peak = FILLERS["native"](one, part, (height, width), 1.0, left_out)
        made.append((one, stats, peak))
    (whole, stats, peak), *single = made
    assert np.isfinite(peak) == np.isfinite(value)
    if np.isfinite(value):
        assert torch.equal(stats, torch.cat([one[1] for one in single], 1))
        assert peak == max(one[2] for one in single)
        first = 2 * channels
        for h, w in pyramid_shapes(height, width)[left_out:]:
            level = whole[first : first + channels * h * w].view(channels, -1)
            at = 2 + (first - 2 * channels) // channels
            assert torch.equal(level, torch.stack([one[0][at : at + h * w] for one in single]))
            first += channels * h * w


def test_coarse_maps_of_any_order_in_memory_are_those_of_the_whole_ones(fill):
    numbers = torch.from_numpy(random_maps(12, 20, 18))
    layout = MapLayout.plain(tuple(numbers.shape))
    for tensor in (
        numbers[None].to(memory_format=torch.channels_last),
        numbers.transpose(1, 2).contiguous().transpose(1, 2)[None],
        numbers[None].half(),
        torch.zeros_like(numbers)[None],
    ):
        whole = to_feature_maps(tensor, layout).coarse(1)
        maker = HiddenMaps(cast(LayerPortraits, None), {})  # none is hidden
        coarse = maker.make(0, tensor, layout, None, lambda maps: None, 1)
        assert np.array_equal(coarse.block, whole.block)
        assert np.array_equal(coarse.sample, whole.sample)
        assert np.array_equal(coarse.channel_stats, whole.channel_stats)


@pytest.mark.parametrize(
    "shape",
    [
        (2, 1, 5000),
        (2, 5000, 1),
        (1, 3, 4099),
        (3, 129, 131),
        (700, 1, 1),
        (1, 257, 256),
        (90, 9, 100),
    ],
)
def test_long_lines_and_large_maps(fill, shape):
    values = random_maps(*shape)
    assert_is_block_of(values, filled(fill, values))


def test_every_half_float_and_what_lies_between_is_rounded_to_even(fill):
    # All bit patterns of float32 in steps of a prime: signs, exponents, ties, subnormals, NaN.
    bits = np.arange(0, 2**32, 1021, np.uint64).astype(np.uint32)
    halves = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    ties = (halves[:-1] + halves[1:]) / 2
    others = np.array([65519.99, 65520, 65521], np.float32)
    values = np.concatenate([bits.view(np.float32), halves, ties, -ties, others])[None, None]
    got = filled(fill, values)[0][2 : 2 + values.size]
    want = torch.from_numpy(values[0, 0]).half().numpy()
    assert np.array_equal(np.isnan(got), np.isnan(want))
    is_number = ~np.isnan(want)
    assert np.array_equal(got.view(np.uint16)[is_number], want.view(np.uint16)[is_number])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 5, 40, 63, -1])
@pytest.mark.parametrize("shape", [(2, 9, 11), (2, 1, 100), (2, 100, 1), (1, 80, 80)])
def test_one_value_that_is_not_finite_makes_the_peak_so(fill, value, place, shape):
    values = random_maps(*shape)
    values[-1].reshape(-1)[place] = value
    assert not np.isfinite(filled(fill, values)[2])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_vector_with_one_value_that_is_not_finite_has_no_finite_peak(fill, value):
    values = random_maps(70, 1, 1)
    values[41] = value
    assert not np.isfinite(filled(fill, values)[2])


def same_maps(one: FeatureMaps, other: FeatureMaps) -> None:
    assert (one.scale, one.not_finite) == (other.scale, other.not_finite)
    exact = 2 * one.channels + one.values.size
    assert np.array_equal(one.block[:exact], other.block[:exact], equal_nan=True)
    first, second = (m.block[exact:].astype(np.float32) for m in (one, other))
    assert np.allclose(first, second, 2**-9, 2**-9, equal_nan=True)
    assert np.array_equal(one.channel_stats[:2], other.channel_stats[:2])
    assert np.allclose(one.channel_stats[2], other.channel_stats[2], 1e-5, 1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_layer_with_values_that_are_not_finite_is_the_same_by_any_way(fill, value, monkeypatch):
    values = random_maps(4, 21, 18)
    values[0, 3, 4:9] = value
    values[1, 8:16, 8:12] = value
    values[2] = value
    values[3] *= 1e6
    maps = fill_feature_maps(torch.from_numpy(values), NO_TOKENS)
    assert maps.not_finite == (~np.isfinite(values)).sum()
    assert np.array_equal(np.isnan(maps.values), ~np.isfinite(values))
    monkeypatch.setattr(feature_maps, "block_filler", lambda device: torch_filler.fill_block)
    same_maps(maps, fill_feature_maps(torch.from_numpy(values), NO_TOKENS))


@pytest.mark.parametrize("peak", [TINY, 1e-42, 1e-38, 1e-30, 1e-9, 1e9, 1e30, 3.4028235e38])
def test_tiny_and_huge_peaks(fill, peak):
    values = np.zeros((2, 17, 19), np.float32)
    values[0] = peak
    values[1, 2, 3] = -peak
    maps = fill_feature_maps(torch.from_numpy(values), NO_TOKENS)
    real = maps.values.astype(np.float64) * maps.scale
    assert np.allclose(real, values, 2**-10, 0)
    assert np.isfinite(maps.block).all()
    assert (maps.low == [values[0, 0, 0], -values[0, 0, 0]]).all()
    assert maps.mean[0] == pytest.approx(values[0, 0, 0], rel=1e-5)


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int32, torch.uint8, torch.bool]
)
def test_any_type_and_order_in_memory(fill, dtype):
    numbers = torch.from_numpy(random_maps(5, 12, 10) * 4).abs().to(dtype)
    values = numbers.float().numpy()
    layout = MapLayout.plain(values.shape)
    for tensor in (
        numbers[None],
        numbers.transpose(1, 2).contiguous().transpose(1, 2)[None],
        numbers[None].to(memory_format=torch.channels_last),
        torch.stack([numbers, numbers], -1)[None, ..., 1],
        numbers.flip(0).flip(0)[None],
    ):
        maps = to_feature_maps(tensor, layout)
        assert_is_block_of(values, (maps.block, maps.channel_stats, maps.peak))


def test_the_maps_themselves_stay_as_they_are(fill):
    values = random_maps(3, 30, 30) * np.float32(1e6)
    before = values.copy()
    fill_feature_maps(torch.from_numpy(values), NO_TOKENS)
    assert np.array_equal(values, before)


@pytest.mark.usefixtures("torch_threads")
@pytest.mark.parametrize("shape", [(64, 56, 56), (3, 300, 301), (4000, 7, 7), (200000, 1, 1)])
def test_threads_give_the_same_bits_as_one(fill, shape):
    values = random_maps(*shape)
    several = filled(fill, values)
    torch.set_num_threads(1)
    one = filled(fill, values)
    assert np.array_equal(several[0], one[0])
    assert np.array_equal(several[1], one[1])


def test_a_library_of_another_version_is_not_used(monkeypatch):
    if "native" not in FILLERS:
        pytest.skip("there is no native code")
    monkeypatch.setattr(native_library, "VERSION", native_library.VERSION + 1)
    assert load_native_library.__wrapped__() is None


@pytest.mark.parametrize("content", [None, b"not a library"])
def test_a_library_that_is_none_is_not_used(monkeypatch, tmp_path, content):
    path = tmp_path / "native.bin"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(native_library, "LIBRARY", path)
    assert load_native_library.__wrapped__() is None


def _side_by_side(maps: torch.Tensor) -> torch.Tensor:
    """The same (C, H, W) maps with the channels of a position side by side in memory."""
    return maps.permute(1, 2, 0).contiguous().permute(2, 0, 1)


@pytest.mark.parametrize("is_wide", [True, False])
@pytest.mark.parametrize("left_out", [0, 2])
@pytest.mark.parametrize(
    "shape", [(3, 5, 7), (8, 14, 14), (21, 7, 7), (64, 56, 56), (33, 20, 70), (5, 2, 1), (7, 1, 9)]
)
def test_channels_side_by_side_are_read_as_they_lie(torch_threads, shape, left_out, is_wide):
    native = native_filler.load_native_filler()
    if native is None or (is_wide and not native.is_wide):
        pytest.skip("there is no such native code")
    library = load_native_library()
    assert library is not None
    fill = native_filler.NativeFiller(library, is_wide).fill_block
    torch.manual_seed(0)
    maps = torch.randn(shape)
    channels, height, width = shape
    found = []
    for values in (maps, _side_by_side(maps)):
        flat = in_known_order(values).reshape(channels, height * width)
        half = torch.zeros(coarse_block_size(*shape, left_out), dtype=torch.float16)
        sample = torch.zeros(-(-flat.numel() // sample_step(flat.numel())), dtype=torch.float16)
        stats, peak = fill(half, flat, (height, width), 1.0, left_out, sample)
        found.append((half, sample, stats, torch.tensor(peak)))
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


def test_no_copy_is_made_of_channels_that_lie_side_by_side():
    if load_native_library() is None:
        pytest.skip("there is no native code")
    turned = _side_by_side(torch.randn(8, 6, 5))
    assert in_known_order(turned) is turned
    assert in_known_order(turned[:, :, 1:]).is_contiguous()
    assert in_known_order(turned[::2]).is_contiguous()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e-30, 1e30])
def test_rare_values_that_lie_side_by_side_give_what_they_give_otherwise(fill, bad):
    torch.manual_seed(1)
    maps = torch.randn(9, 12, 11) if not 0 < bad < 1 else torch.randn(9, 12, 11) * bad
    maps[3, 4, 5] = bad
    plain, turned = (fill_feature_maps(m, NO_TOKENS) for m in (maps, _side_by_side(maps)))
    assert plain.scale == turned.scale
    assert plain.not_finite == turned.not_finite
    np.testing.assert_array_equal(plain.block, turned.block)
    np.testing.assert_array_equal(plain.channel_stats, turned.channel_stats)
