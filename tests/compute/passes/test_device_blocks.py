"""Blocks that a device makes while nobody waits, as far as the processor can show it.

The kernels run in Triton's interpreter where Triton is; on a GPU the whole pass is compared.
"""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vrnn.compute.passes.device_blocks import (
    FETCH_ALL_SHARE,
    PassMemory,
    PassMemoryBlock,
    block_places,
    fill_scaled_block,
    scaled_stats,
)
from vrnn.compute.passes.feature_maps import fill_feature_maps, scale_exponent
from vrnn.network.block_addresses import ROW_TEXELS
from vrnn.network.feature_maps import FeatureMaps, block_size

side = st.integers(1, 40)
KERNELS = """
import numpy as np, torch
from vrnn.compute.passes.feature_maps import fill_feature_maps, scale_exponent
from vrnn.compute.passes.fused_blocks import fill_by_kernels
from vrnn.network.feature_maps import block_size
random = torch.Generator().manual_seed(0)
device = "cuda" if torch.cuda.is_available() else "cpu"
for shape in [(3, 1, 1), (2, 4, 4), (3, 7, 7), (2, 17, 30), (1, 65, 130), (1, 1, 300), (1, 70, 3)]:
    for size in (1.0, 1e-5, 1e6, 0.0):
        maps = (torch.randn(shape, generator=random) * size).transpose(1, 2).contiguous()
        maps = maps.transpose(1, 2)
        half = torch.full((block_size(*shape),), torch.nan, dtype=torch.float16, device=device)
        stats, peak = torch.zeros(3, shape[0], device=device), torch.zeros(1, device=device)
        fill_by_kernels(half, maps.to(device), stats, peak)
        half, stats, peak = half.cpu(), stats.cpu(), peak.cpu()
        wanted = fill_feature_maps(maps, np.zeros((0, shape[0]), np.float32))
        assert wanted.scale == 2.0 ** scale_exponent(float(peak))
        block = wanted.block.astype(np.float32)
        assert np.abs(half.numpy() - block).max() <= 1e-3 * np.abs(block).max(), (shape, size)
        error = np.abs(stats.numpy() / wanted.scale - wanted.channel_stats).max()
        assert error <= 1e-5 * np.abs(wanted.channel_stats).max(), (shape, size)
"""


def filled(maps: torch.Tensor) -> FeatureMaps:
    """The maps as a device makes them, with the block on the host."""
    channels, height, width = maps.shape
    half = torch.zeros(block_size(channels, height, width), dtype=torch.float16)
    stats, peak = torch.zeros(3, channels), torch.zeros(1)
    fill_scaled_block(half, maps, stats, peak)
    found, scale = scaled_stats(stats.numpy(), float(peak))
    return FeatureMaps(channels, height, width, half.numpy(), scale, found)


@given(st.integers(1, 4), side, side, st.sampled_from((1.0, 1e-5, 3e6, 0.0, 1e-38)))
def test_a_device_makes_the_blocks_that_are_made_as_usual(channels, height, width, size):
    random = torch.Generator().manual_seed(channels * 10_000 + height * 100 + width)
    maps = torch.randn(channels, height, width, generator=random) * size
    made = filled(maps)
    wanted = fill_feature_maps(maps, np.zeros((0, channels), np.float32))
    assert made.scale == wanted.scale
    assert np.array_equal(made.block, wanted.block)
    assert np.allclose(made.low, wanted.low, rtol=1e-6, atol=1e-44)
    assert np.allclose(made.mean, wanted.mean, rtol=1e-4, atol=1e-6 * size)


def test_what_is_not_finite_marks_the_numbers():
    for value in (np.nan, np.inf, -np.inf):
        maps = torch.ones(2, 5, 5)
        maps[1, 2, 3] = value
        stats, peak = torch.zeros(3, 2), torch.zeros(1)
        fill_scaled_block(torch.zeros(block_size(2, 5, 5), dtype=torch.float16), maps, stats, peak)
        assert not np.isfinite([*stats.numpy().ravel(), float(peak)]).all()


@pytest.mark.parametrize("peak", [1e-45, 1e-39, 1e-30, 3e38])
def test_no_scale_is_beyond_a_float32(peak):
    maps = fill_feature_maps(torch.full((1, 2, 2), peak), np.zeros((0, 1), np.float32))
    assert maps.scale == 2.0 ** scale_exponent(peak)
    assert np.isfinite(maps.block).all()
    assert maps.highest == pytest.approx(peak, rel=1e-3)


def test_the_kernels_or_where_there_is_no_gpu_their_interpreter():
    pytest.importorskip("triton")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    if not torch.cuda.is_available():
        environment["TRITON_INTERPRET"] = "1"
    done = subprocess.run(
        [sys.executable, "-c", KERNELS],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_block_is_read_only_when_somebody_looks():
    values = np.arange(4 * ROW_TEXELS * FETCH_ALL_SHARE, dtype=np.float32).astype(np.float16)
    memory = PassMemory(torch.from_numpy(values))
    size = block_size(1, 8, 8)
    maps = FeatureMaps(
        1, 8, 8, PassMemoryBlock(memory, ROW_TEXELS, size), 1.0, np.zeros((3, 1), np.float32)
    )
    assert maps.size == size
    assert "block" not in vars(maps)
    assert np.array_equal(maps.level(1)[0, 0], values[[ROW_TEXELS + size - 1]])
    assert np.array_equal(maps.coarse_block(1)[:2], values[ROW_TEXELS : ROW_TEXELS + 2])
    assert "block" not in vars(maps)
    assert np.array_equal(maps.block, values[ROW_TEXELS : ROW_TEXELS + size])


def test_who_reads_much_gets_all_at_once():
    values = torch.arange(1024, dtype=torch.float32).half()
    memory = PassMemory(values)
    first = memory.read(0, 8)
    values[0] = 77
    assert memory.read(0, 1)[0] == 77, "few are fetched each time"
    memory.read(0, 1024)
    values[0] = 78
    assert memory.read(0, 1)[0] == 77, "all of them were fetched before"
    assert len(first) == 8


def test_blocks_lie_as_they_do_in_textures():
    places, count = block_places({3: (2, 5, 5), 9: (700, 1, 1), 4: (1, 1, 1)})
    sizes = {3: block_size(2, 5, 5), 9: 3 * 700, 4: 3}
    assert places == {3: 0, 9: ROW_TEXELS, 4: ROW_TEXELS * (1 + -(-sizes[9] // ROW_TEXELS))}
    assert count == places[4] + 3
