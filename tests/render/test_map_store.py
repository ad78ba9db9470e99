import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrnn.errors import VrnnError
from vrnn.network.block_addresses import LAYER_ROWS, ROW_TEXELS, assign_addresses
from vrnn.render.map_store import MapStore, split_block


@given(st.lists(st.integers(1, 5 * ROW_TEXELS), max_size=60), st.integers(1, 3))
def test_blocks_never_share_a_texel(sizes, layers):
    addresses = assign_addresses(dict(enumerate(sizes)), max_layers=layers)
    used = set()
    for node, size in enumerate(sizes):
        array, first = addresses[node]
        assert first % ROW_TEXELS == 0
        rows = {
            (array, row) for row in range(first // ROW_TEXELS, (first + size - 1) // ROW_TEXELS + 1)
        }
        assert not rows & used
        assert max(row for _, row in rows) < layers * LAYER_ROWS
        used |= rows


@given(st.integers(0, 3 * LAYER_ROWS), st.integers(1, 3 * ROW_TEXELS * LAYER_ROWS))
def test_boxes_cover_a_block_in_order(row, size):
    boxes = list(split_block(row * ROW_TEXELS, size))
    assert len(boxes) <= 4
    position = 0
    for start, stop, (x, y, layer, width, rows, layers) in boxes:
        assert start == position
        assert stop - start == width * rows * layers
        assert (x, (layer * LAYER_ROWS + y) * ROW_TEXELS) == (0, row * ROW_TEXELS + start)
        assert y + rows <= LAYER_ROWS
        assert layers == 1 or (y == 0 and rows == LAYER_ROWS)
        position = stop
    assert position == size


def test_the_gpu_holds_what_was_uploaded(ctx):
    rng = np.random.default_rng(1)
    sizes = {3: 700, 4: ROW_TEXELS * LAYER_ROWS + 3 * ROW_TEXELS + 17, 9: ROW_TEXELS * 5, 11: 1}
    blocks = {node: rng.random(size).astype(np.float16) for node, size in sizes.items()}
    store = MapStore(ctx, sizes)
    for node, block in blocks.items():
        store.upload(node, block)
    memory = np.frombuffer(store.arrays[0].read(alignment=1), np.float16)
    for node, block in blocks.items():
        _, first = store.addresses[node]
        assert np.array_equal(memory[first : first + len(block)], block)
    store.release()


def test_a_block_of_the_wrong_size_or_dtype_is_rejected(ctx):
    store = MapStore(ctx, {0: 100})
    with pytest.raises(ValueError, match="expected up to 100 half floats"):
        store.upload(0, np.zeros(101, np.float16))
    store.upload(0, np.zeros(99, np.float16))  # coarse maps take less
    with pytest.raises(ValueError, match="float32"):
        store.upload(0, np.zeros(100, np.float32))
    store.release()


def test_memory_is_little_more_than_the_values(ctx):
    sizes = dict.fromkeys(range(40), 64 * 56 * 56)
    store = MapStore(ctx, sizes)
    assert store.bytes <= 1.15 * 2 * sum(sizes.values())
    store.release()


def test_a_layer_too_large_for_a_texture_is_reported_in_a_sentence():
    with pytest.raises(VrnnError, match="--input-size"):
        assign_addresses({0: 2 * ROW_TEXELS * LAYER_ROWS + 1}, max_layers=2)


def test_a_node_has_a_larger_block_beside_its_own_for_a_while(ctx):
    rng = np.random.default_rng(2)
    coarse, larger = rng.random(100).astype(np.float16), rng.random(5_000).astype(np.float16)
    store = MapStore(ctx, {0: 100, 1: 100})
    store.upload(0, coarse)
    before = store.bytes
    for _ in range(2):  # room is used again
        store.add_own(0, larger)
        store.add_own(0, larger[::-1].copy())
        index = store.own_array(0)
        assert index == len(store.arrays) - 1 == 1
        memory = np.frombuffer(store.arrays[index].read(alignment=1), np.float16)
        assert np.array_equal(memory[:5_000], larger[::-1])
        assert store.bytes > before
        with pytest.raises(ValueError, match="expected 5000 half floats"):
            store.add_own(0, coarse)
        store.drop_own(0)
        assert store.bytes == before
    memory = np.frombuffer(store.arrays[0].read(alignment=1), np.float16)
    assert np.array_equal(memory[:100], coarse)
    store.release()
