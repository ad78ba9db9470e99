import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.support.map_blocks import block
from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.compute.passes.feature_maps import to_feature_maps

side = st.integers(1, 70)


def made(channels, height, width, size=1.0):
    rng = np.random.default_rng(channels * 1000 + height * 70 + width)
    return (rng.normal(size=(channels, height, width)) * size).astype(np.float32)


def same(maps, values):
    """Whether a block holds these values, its pyramid and peaks to half precision."""
    expected = block(values / np.float32(maps.scale)).astype(np.float32)
    peak = np.abs(expected).max()
    assert np.abs(maps.block.astype(np.float32) - expected).max() <= peak * 2**-10
    flat = values.reshape(len(values), -1).astype(np.float64)
    top = np.abs(flat).max()
    for got, want in (
        (maps.low, flat.min(1)), (maps.high, flat.max(1)),
        (maps.mean, flat.mean(1)), (maps.std, flat.std(1)),
    ):  # fmt: skip
        assert np.abs(got - want).max() <= top * 1e-3
    assert maps.not_finite == 0


@given(st.integers(1, 40), side, side)
def test_blocks_are_those_of_plain_numpy(channels, height, width):
    values = made(channels, height, width)
    same(
        to_feature_maps(torch.from_numpy(values)[None], MapLayout.plain(values.shape)),
        values,
    )


@pytest.mark.parametrize("size", [1e-30, 1e-6, 1.0, 3e4, 1e9, 1e30])
def test_any_magnitude_keeps_its_precision(size):
    values = made(5, 13, 9, size)
    maps = to_feature_maps(torch.from_numpy(values)[None], MapLayout.plain(values.shape))
    same(maps, values)
    assert np.log2(maps.scale) == round(np.log2(maps.scale))


def test_channels_at_the_end_and_tokens_with_extra_ones():
    values = made(6, 4, 5)
    last = torch.from_numpy(values.transpose(1, 2, 0).copy())[None]
    same(
        to_feature_maps(
            last, MapLayout((6, 4, 5), (-1, 4, 5, 6), (3,), (1,), (2,), sample_place=0)
        ),
        values,
    )
    tokens = torch.from_numpy(values.reshape(6, 20).T.copy())
    extra = torch.arange(12.0).reshape(2, 6)
    maps = to_feature_maps(
        torch.cat([extra, tokens])[None],
        MapLayout((6, 4, 5), (-1, 4, 5, 6), (3,), (1,), (2,), (), (1, 3), 2, 0, 0),
    )
    same(maps, values)
    assert np.array_equal(maps.extra_tokens, extra.numpy())


def test_only_the_first_sample_is_shown_and_later_writes_do_not_show():
    values = made(3, 8, 8)
    batch = torch.stack([torch.from_numpy(values), torch.full((3, 8, 8), 9.0)])
    maps = to_feature_maps(batch, MapLayout.plain((3, 8, 8)))
    batch.zero_()
    same(maps, values)


def test_a_view_that_does_not_lie_in_order():
    values = made(4, 6, 8)
    turned = torch.from_numpy(values.transpose(0, 2, 1).copy())[None].transpose(2, 3)
    same(to_feature_maps(turned, MapLayout.plain((4, 6, 8))), values)


def test_what_is_not_finite_is_marked_counted_and_kept_out_of_the_statistics():
    values = made(3, 5, 6)
    values[0, 0, 0], values[0, 1, 1], values[1, 2, 2] = np.nan, np.inf, -np.inf
    values[2] = np.nan
    maps = to_feature_maps(torch.from_numpy(values)[None], MapLayout.plain((3, 5, 6)))
    assert maps.not_finite == 3 + 30
    assert np.array_equal(np.isnan(maps.values), ~np.isfinite(values))
    good = [channel[np.isfinite(channel)] for channel in values]
    for channel in (0, 1):
        assert maps.low[channel] == good[channel].min()
        assert maps.high[channel] == good[channel].max()
        assert maps.mean[channel] == pytest.approx(good[channel].mean(), abs=1e-5)
        assert maps.std[channel] == pytest.approx(good[channel].std(), abs=1e-3)
    assert (maps.low[2], maps.high[2], maps.mean[2], maps.std[2]) == (0, 0, 0, 0)
    count = 3 * 5 * 6
    assert np.isfinite(maps.block[:6]).all()
    coarser = maps.block[6 + count : 6 + count + 3 * 2 * 2].reshape(3, 4)
    assert np.isfinite(coarser[:2]).all()  # few are not: the mean is of the others
    assert np.isnan(coarser[2]).all()
    assert np.isnan(maps.block[-1])


@pytest.mark.parametrize(
    "dtype",
    [torch.bool, torch.int64, torch.float16, torch.bfloat16, torch.float64, torch.complex64],
)
def test_any_kind_of_number(dtype):
    values = (made(3, 4, 4) > 0).astype(np.float32)
    same(
        to_feature_maps(torch.from_numpy(values).to(dtype)[None], MapLayout.plain((3, 4, 4))),
        values,
    )


def test_all_zero_vectors_single_values_and_nothing_at_all():
    for shape in ((4, 7, 7), (10, 1, 1), (1, 1, 1), (2, 1, 50)):
        same(
            to_feature_maps(torch.zeros(1, *shape), MapLayout.plain(shape)),
            np.zeros(shape, np.float32),
        )
    empty = to_feature_maps(torch.zeros(1, 3, 0, 4), MapLayout.plain((3, 0, 4)))
    assert empty.not_finite == 0


@pytest.mark.parametrize(("peak", "scale"), [
    (2.0**-6, 1.0), (0.999 * 2.0**-6, 2.0**-18), (100.0, 1.0), (2.0**15, 1.0),
    (1.001 * 2.0**15, 2.0**4), (0.0, 1.0), (2.0**-40, 2.0**-51), (1e30, 2.0**88),
])  # fmt: skip
def test_only_what_half_floats_cannot_hold_well_is_scaled(peak, scale):
    values = np.zeros((2, 3, 4), np.float32)
    for sign in (1, -1):
        values[1, 2, 3] = sign * peak
        maps = to_feature_maps(torch.from_numpy(values)[None], MapLayout.plain(values.shape))
        assert maps.scale == scale
        assert peak in (0.0, 100.0) or scale == 1.0 or 2**11 <= peak / maps.scale < 2**12


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64])
def test_a_layer_without_any_sample_has_maps_of_nan(dtype):
    # Boxes of an image in which nothing was found: (4, 0), one box shown at a time.
    layout = MapLayout((4, 1, 1), (4, 0), (0,), (), (), ((1,),))
    maps = to_feature_maps(torch.zeros(4, 0, dtype=dtype), layout)
    assert maps.values.shape == (4, 1, 1)
    assert np.isnan(maps.values).all()
    assert maps.not_finite == 4
