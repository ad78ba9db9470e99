"""Similarity that follows the pointer, step by step, without a GPU."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.commands.similarity import HoldReference, PinPosition
from vrnn.errors import VrnnError
from vrnn.network.block_addresses import assign_addresses
from vrnn.network.derived_maps import from_array
from vrnn.scene.picking import Hit
from vrnn.scene.similarity_marks import similarity_marks
from vrnn.scene.similarity_readout import similarity_legend, similarity_text
from vrnn.scene.similarity_state import Region, SimilarityState
from vrnn.scene.state import State
from vrnn.workspace.similarity import SimilarityManager


class Maps:
    """What is kept on the GPU."""

    def __init__(self):
        self.sizes, self.blocks, self.freed = {}, {}, []

    def allocate(self, store, sizes):
        self.sizes[store] = dict(sizes)
        return assign_addresses(sizes)

    def upload(self, store, node, block):
        assert block.dtype == np.float16
        assert block.shape == (self.sizes[store][node],)
        self.blocks[store, node] = block

    def free(self, store):
        self.sizes.pop(store, None)


class Bench:
    def __init__(self):
        self.world, self.network, self.maps = small_world()
        self.gpu = Maps()
        self.manager = SimilarityManager(self.world, SimpleNamespace(maps=self.gpu))

    def see(self, **how):
        state = State(similarity=SimilarityState(**{"shown": True, **how}))
        self.world.set_state(state, move=False)
        self.manager.sync_with_state(state)
        return self.manager.compare()

    def point(self, node, row, column):
        self.world.hover(Hit("layer", 1.0, 0, node, 0, row, column))

    @property
    def layers(self):
        return self.world.similarity[0].layers

    @property
    def spatial(self):
        return [node for node, maps in self.maps.items() if maps.height * maps.width > 1]


def test_every_layer_with_positions_is_compared_with_the_one_at_the_pointer():
    bench = Bench()
    node = bench.spatial[2]
    bench.point(node, 3, 5)
    assert bench.see()
    assert sorted(bench.layers) == sorted(bench.spatial)
    found = bench.layers[node]
    assert found.reference == (3, 5, 1, 1)
    assert found.values[3, 5] == found.values.max() == pytest.approx(1)
    assert found.span[0] == found.values.min()


def test_a_step_of_the_pointer_shows_its_own_layer_at_once_and_the_others_in_turn():
    bench = Bench()
    bench.see()
    node = bench.spatial[-1]
    before = dict(bench.layers)
    bench.point(node, 1, 1)
    complete = bench.manager.compare(0.0)
    assert bench.layers[node] is not before[node]
    calls = 1
    while not complete:
        complete, calls = bench.manager.compare(0.0), calls + 1
        assert calls < 100
    assert all(bench.layers[n] is not before[n] for n in bench.spatial)


def test_what_stands_still_is_not_compared_again():
    bench = Bench()
    bench.see()
    before = dict(bench.layers)
    assert bench.manager.compare()
    assert bench.layers == before


def test_a_held_box_is_compared_wherever_the_pointer_goes():
    bench = Bench()
    name = bench.network.by_id[bench.spatial[1]].name
    held = Region(0, name, 2, 1, 3, 2)
    bench.point(bench.spatial[2], 0, 0)
    bench.see(reference=held)
    assert bench.manager.compared == held
    assert bench.layers[bench.spatial[1]].reference == (2, 1, 3, 2)


def test_new_maps_are_compared_anew_with_the_vectors_of_their_own_image():
    bench = Bench()
    bench.see()
    node = bench.spatial[1]
    maps = bench.maps[node]
    new = np.random.default_rng(3).normal(size=maps.values.shape).astype(np.float32)
    bench.world.add_maps(0, {node: from_array(new)})
    before = bench.layers[node].values.copy()
    assert bench.manager.compare()
    assert not np.array_equal(bench.layers[node].values, before)
    assert bench.layers[node].values.max() == pytest.approx(1)


def test_kept_vectors_are_those_of_the_image_before():
    bench = Bench()
    node = bench.spatial[2]
    bench.point(node, 3, 5)
    bench.see(kept=True, measure="cosine")
    vector = bench.maps[node].values[:, 3, 5].astype(np.float64)
    new = np.random.default_rng(4).normal(size=bench.maps[node].values.shape).astype(np.float16)
    bench.world.add_maps(0, {node: from_array(new)})
    bench.point(node, 0, 0)
    assert bench.manager.compare()
    other = new.astype(np.float64).reshape(len(new), -1)
    expected = vector @ other / np.linalg.norm(vector) / np.linalg.norm(other, axis=0)
    np.testing.assert_allclose(bench.layers[node].values.ravel(), expected, atol=1e-5)


def test_smooth_pictures_have_more_pixels_and_maps_come_back():
    bench = Bench()
    bench.see(smooth=True)
    small = bench.spatial[-1]
    height, width = bench.layers[small].pixels
    assert (height, width) > bench.layers[small].values.shape
    assert max(height, width) >= 64
    bench.see(shown=False)
    assert not bench.world.similarity
    assert not bench.world.input_overlays
    assert not bench.gpu.sizes


def test_the_layer_of_the_pointer_lies_over_the_input():
    bench = Bench()
    image = bench.world.networks[0].result.image
    bench.see(opacity=1.0)
    over = bench.world.input_overlays[0]
    assert over.shape == image.shape
    bench.see(overlay=False)
    assert 0 not in bench.world.input_overlays


def test_a_channel_takes_the_place_of_similarity_while_its_bar_is_pointed_at():
    bench = Bench()
    bench.see()
    node = bench.spatial[1]
    bench.manager.show_channel(0, node, 3)
    assert bench.world.similarity[0].channels == {node: 3}
    bench.manager.show_channel(0, node, None)
    assert bench.world.similarity[0].channels == {}


def test_the_readout_tells_the_similarity_at_the_pointer():
    bench = Bench()
    node = bench.spatial[2]
    bench.point(node, 3, 5)
    bench.see()
    hit = Hit("layer", 1.0, 0, node, -1, 3, 5, picture="similarity")
    assert similarity_text(bench.world, hit) == "   similarity of (3, 5) to (3, 5) = 1.000"


def test_a_layer_that_is_not_whole_in_memory_is_left_out_and_told():
    bench = Bench()
    reference, other = bench.spatial[2], bench.spatial[-1]
    bench.world.networks[0].add_maps({other: bench.maps[other].coarse(1)})
    bench.point(reference, 3, 5)
    bench.see()
    assert other not in bench.layers
    hit = Hit("layer", 1.0, 0, other, -1, 3, 5, picture="similarity")
    assert "not compared: its whole maps are not in memory" in similarity_text(bench.world, hit)
    legend = similarity_legend(bench.world, bench.manager.compared, None, None)
    assert "without 1 layer that is not whole in memory" in legend.title


@pytest.mark.parametrize("make", [HoldReference, PinPosition])
def test_what_cannot_be_compared_is_refused(make):
    bench = Bench()
    single = next(n for n, m in bench.maps.items() if m.height * m.width == 1)
    names = {n: bench.network.by_id[n].name for n in bench.maps}
    with pytest.raises(VrnnError, match="has one position, so nothing in it can be compared"):
        make(names[single]).apply(State(), bench.world)
    first = bench.spatial[1]
    with pytest.raises(VrnnError, match=r"has rows 0 to \d+ and columns 0 to \d+, so there is no"):
        make(names[first], 0, 10_000).apply(State(), bench.world)
    with pytest.raises(VrnnError, match="rows and columns count from 0"):
        make(names[first], -1, 0).apply(State(), bench.world)
    values = np.ones(bench.maps[first].values.shape, np.float32)
    values[:3, 2, 2] = np.nan
    bench.world.add_maps(0, {first: from_array(values)})
    with pytest.raises(VrnnError, match=r"3 of the \d+ values at \(2, 2\) .* are NaN or infinite"):
        make(names[first], 2, 2).apply(State(), bench.world)
    assert make(names[first], 2, 3).apply(State(), bench.world).similarity.shown


def test_a_pin_goes_when_it_is_pinned_again_and_there_are_not_too_many():
    bench = Bench()
    name = bench.network.by_id[bench.spatial[1]].name
    state = State()
    for column in range(12):
        state = PinPosition(name, 0, column).apply(state, bench.world)
    with pytest.raises(VrnnError, match="12 positions are pinned already"):
        PinPosition(name, 1, 0).apply(state, bench.world)
    assert len(PinPosition(name, 0, 3).apply(state, bench.world).similarity.pins) == 11
    assert PinPosition().apply(state, bench.world).similarity.pins == ()


def test_pins_are_framed_on_their_layer_and_on_the_one_that_is_pointed_at():
    bench = Bench()
    first, other = bench.spatial[1], bench.spatial[-1]
    name = bench.network.by_id[first].name
    bench.see(pins=(Region(0, name, 0, 0), Region(0, name, 3, 2, 2, 2)))
    frames = list(similarity_marks(bench.world))
    assert len(frames) == 2
    (one, color), (box, _) = frames
    assert color != frames[1][1]
    assert box.right[0] == pytest.approx(2 * one.right[0])
    x, y, _, width, height = bench.world.placement_frame(0).panel_rect(first)
    assert one.origin[:2] == pytest.approx((x - width / 2, y + height))
    bench.point(other, 0, 0)
    assert len(list(similarity_marks(bench.world))) == 4
    bench.see(shown=False)
    assert not list(similarity_marks(bench.world))


def test_a_pointer_at_what_is_not_finite_is_told():
    bench = Bench()
    node = bench.spatial[2]
    maps = bench.maps[node]
    values = maps.values.astype(np.float32)
    values[1, 3, 5] = np.nan
    bench.world.add_maps(0, {node: from_array(values)})
    bench.point(node, 3, 5)
    bench.see()
    name = bench.network.by_id[node].name
    legend = bench.manager.legend(bench.world.hovered)
    assert legend.title == f"(3, 5) of {name} has values that are NaN or infinite"
    assert "point elsewhere" in legend.span
    told = similarity_text(bench.world, bench.world.hovered)
    assert told == "   the values at (3, 5) are NaN or infinite: nothing to compare with"
    bench.point(node, 3, 6)
    bench.manager.compare()
    assert "NaN" not in bench.manager.legend(bench.world.hovered).title


def test_vectors_are_kept_where_there_is_room_and_count():
    kept, found = Bench(), Bench()
    found.manager._free_bytes = lambda: 0.0
    for bench in (kept, found):
        assert bench.see()
        bench.point(bench.spatial[0], 1, 1)
        assert bench.see()
    assert kept.manager.nbytes > 0
    assert found.manager.nbytes == 0
    assert found.layers.keys() == kept.layers.keys()
    for node, layer in found.layers.items():
        np.testing.assert_allclose(layer.values, kept.layers[node].values, atol=1e-6)
    kept.manager.sync_with_state(State())
    assert kept.manager.nbytes == 0
