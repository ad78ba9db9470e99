"""Maps on their way to the GPU: in which order, how many bytes a frame, and what is done when."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.map_blocks import feature_maps
from tests.support.networks import chain
from vrnn.compute.jobs import JobDone
from vrnn.compute.worker_events import (
    ForwardComplete,
    GraphNotes,
    LoadingProgress,
    MapsReady,
    NetworkLoaded,
    WorkerFailure,
)
from vrnn.network.block_addresses import assign_addresses
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import NetworkInfo
from vrnn.network.results import ForwardResult
from vrnn.scene.world import World
from vrnn.workspace.map_uploader import WorkerEventSink

NETWORK = chain(8)


class Maps:
    budget = 1 << 40

    def __init__(self):
        self.uploaded = []
        self.freed = []
        self.sizes = {}

    def allocate(self, slot, sizes):
        self.sizes[slot] = sizes

    def addresses(self, slot):
        return assign_addresses(self.sizes[slot])

    def upload(self, slot, key, block):
        self.uploaded.append((slot, key))

    def free(self, slot):
        self.freed.append(slot)


class Pictures:
    def allocate(self, slot, count):
        return count

    def upload(self, slot, number, texels):
        pass

    def free(self, slot):
        pass


@pytest.fixture
def sink():
    renderer = SimpleNamespace(maps=Maps(), pictures=Pictures())
    made = WorkerEventSink(World(seconds=0), renderer)
    made.told = []
    made.notify = made.told.append
    return made


def info(title="net", notes=()):
    return NetworkInfo(title, (), True, 1, notes=notes)


def loaded(slot=0, **named):
    return NetworkLoaded(slot, NETWORK, info(**named), None, {})


def maps_of(slot=0, number=0):
    rng = np.random.default_rng(number)
    maps = {
        node.id: feature_maps(rng.normal(size=map_shape(node.shape)).astype(np.float32))
        for node in NETWORK.nodes
    }
    return MapsReady(slot, maps), maps


def result(maps, note=""):
    return ForwardResult(1, np.zeros((4, 4, 3), np.uint8), maps, (), 0.1, note=note)


def frames(sink, budget, in_view=()):
    """Which layers were sent in each call until all are there."""
    found = []
    for _ in range(99):
        before = len(sink.renderer.maps.uploaded)
        is_complete = sink.upload(budget, in_view)
        found.append([key for _, key in sink.renderer.maps.uploaded[before:]])
        if is_complete:
            return found
    raise AssertionError("never complete")


def test_a_call_sends_maps_until_its_bytes_are_used_up(sink):
    ready, maps = maps_of()
    sizes = [maps[node.id].block.nbytes for node in NETWORK.nodes]
    for budget in (1, sizes[0], sizes[0] + 1, 3 * max(sizes), float("inf")):
        sink.handle_events([loaded(), ready, ForwardComplete(0, result(maps), 7)])
        expected, left = [], list(NETWORK.by_id)
        while left:
            sent, part = 0, []
            while left and sent < budget:
                part.append(left.pop(0))
                sent += maps[part[-1]].block.nbytes
            expected.append(part)
        assert [part for part in frames(sink, budget) if part] == expected
        assert sink.displayed_sequence == {0: 7}


def test_layers_in_view_come_first_within_two_calls_and_all_within_ten(sink):
    ready, maps = maps_of()
    nodes = list(NETWORK.by_id)
    for seen in ([nodes[5]], nodes[3:7], nodes):
        sink.handle_events([loaded(), ready, ForwardComplete(0, result(maps), 1)])
        found = frames(sink, 1, {(0, node) for node in seen})
        sent = [key for part in found for key in part]
        assert sorted(sent[: len(seen)]) == sorted(seen)
        in_view = sum(maps[node].block.nbytes for node in seen)
        whole = sum(m.block.nbytes for m in maps.values())
        first = sum(maps[key].block.nbytes for key in found[0])
        assert first >= max(in_view / 2, whole / 10)
        last = max(i for i, part in enumerate(found) if set(part) & set(seen))
        assert last <= 1
        assert len([part for part in found if part]) <= 10


def test_a_result_is_shown_when_all_of_its_maps_are_there(sink):
    ready, maps = maps_of()
    sink.handle_events([loaded(), ready, ForwardComplete(0, result(maps), 5)])
    assert sink.has_pending
    sink.upload(1)
    assert sink.world.networks[0].result is None
    assert sink.displayed_sequence == {}
    sink.upload()
    assert sink.world.networks[0].result is not None
    assert sink.displayed_sequence == {0: 5}
    assert sink.passes == 1


def test_newer_maps_take_the_place_of_those_that_wait(sink):
    ready, _ = maps_of()
    newer, maps = maps_of(number=1)
    sink.handle_events([loaded(), ready, newer, ForwardComplete(0, result(maps), 2)])
    sink.upload()
    assert len(sink.renderer.maps.uploaded) == len(NETWORK.nodes)
    assert all(sink.world.networks[0].maps[node] is own for node, own in maps.items())


def test_a_network_that_is_closed_leaves_nothing(sink):
    ready, maps = maps_of()
    sink.handle_events([loaded(), loaded(1), ready, maps_of(1)[0]])
    sink.handle_events([ForwardComplete(0, result(maps), 2), ForwardComplete(1, result(maps), 2)])
    sink.close(0)
    assert sink.renderer.maps.freed == [0]
    sink.upload()
    assert {slot for slot, _ in sink.renderer.maps.uploaded} == {1}
    assert sink.displayed_sequence == {1: 2}
    assert list(sink.world.slots) == [1]


def test_what_the_worker_says_is_kept(sink):
    sink.awaited = {0, 1, 2}
    assert not sink.handle_events([LoadingProgress(0, "reading weights")])
    assert sink.progress == "reading weights"
    assert sink.handle_events([loaded(notes=("half of it",))])
    assert sink.awaited == {1, 2}
    sink.handle_events([GraphNotes(0, "net", ("one", "two"))])
    assert sink.notes == ["net: half of it", "net: one", "net: two"]
    failure = WorkerFailure(1, "no file", "", opening=True)
    assert sink.handle_events([failure])
    assert (sink.awaited, sink.unopened, sink.progress) == ({2}, {1}, "")
    assert not sink.handle_events([WorkerFailure(0, "a pass failed", "")])
    assert sink.handle_events([WorkerFailure(2, "a script has a fault", "")])
    assert (sink.awaited, sink.unopened) == (set(), {1})
    sink.awaited = {0, 2}
    assert sink.handle_events([WorkerFailure(None, "none opens", "", opening=True)])
    assert (sink.awaited, sink.unopened) == (set(), {0, 1, 2})
    assert [one.message for one in sink.failures][:2] == ["no file", "a pass failed"]
    done = JobDone(3, None, None)
    assert not sink.handle_events([done])
    assert sink.job_events == [done]


def test_a_note_on_passes_is_told_once_in_a_row(sink):
    _, maps = maps_of()
    sink.handle_events([loaded(), loaded(1)])
    for slot, note in ((0, "a"), (0, "a"), (1, "a"), (0, ""), (0, "a"), (0, "b")):
        sink.handle_events([ForwardComplete(slot, result(maps, note), 1)])
    assert sink.told == ["a", "a", "a", "b"]


def test_portraits_that_come_later_are_shown_and_nothing_is_sent_again(sink):
    event, maps = maps_of()
    sink.handle_events([loaded(), event])
    sink.upload(1)  # the first layer is sent, the others wait
    assert len(sink.renderer.maps.uploaded) == 1
    assert not sink.world.distant_pictures.get(0)
    portrait = np.full((4, 4, 3), 77, np.uint8)
    later = {node: replace(layer, portrait=portrait) for node, layer in maps.items()}
    sink.handle_events([MapsReady(0, later, are_portraits_new=True)])
    assert all(m.portrait is None or m.portrait is portrait for m in maps.values())
    sink.upload()
    assert len(sink.renderer.maps.uploaded) == len(NETWORK.nodes)
    network = sink.world.networks[0]
    assert all(layer.portrait is portrait for layer in network.maps.values())
    assert set(sink.world.distant_pictures[0]) == set(network.maps)
    sink.handle_events([MapsReady(5, later, are_portraits_new=True)])  # of a network that is gone


def test_what_lies_on_the_device_comes_from_there_before_all_else(sink):
    _, maps = maps_of()
    on_device = {n: replace(layer, stored=Block(layer.block)) for n, layer in maps.items()}
    sink.handle_events([loaded(), MapsReady(0, on_device)])
    sink.renderer.maps.upload_from_device = lambda slot, blocks: sent.append(list(blocks)) or True
    sent = []
    assert sink.upload(1)
    assert sent == [list(maps)]
    assert not sink.renderer.maps.uploaded
    assert set(sink.world.networks[0].maps) == set(maps)
    sink.handle_events([MapsReady(0, on_device)])
    sink.renderer.maps.upload_from_device = lambda slot, blocks: False
    sink.upload()
    assert [key for _, key in sink.renderer.maps.uploaded] == list(maps), "else by way of the host"


class Block:
    """A block on a device."""

    address, device = 0, 0

    def __init__(self, values):
        self.values, self.size = values, values.size

    def read(self, start, stop):
        return self.values[start:stop]
