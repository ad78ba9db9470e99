"""Passes in pieces: where they are cut, what they give, and when they wait. CUDA is a fake."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.support.fake_cuda import FakeCuda
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.passes.captured_passes import CapturedPasses
from vrnn.compute.passes.frame_gate import FrameGate
from vrnn.compute.passes.graph_pieces import bursts, even_cuts
from vrnn.compute.passes.pass_pace import MAX_QUEUED, PassPace
from vrnn.network.model_spec import ModelSpec

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 40, 40, 3), np.uint8)


class Net(nn.Module):
    """Twelve layers, one that writes over its input, and sums of branches."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.blocks = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in range(4))
        self.head = nn.Linear(8, 5)

    def forward(self, image):
        maps = self.stem(image)
        for block in self.blocks:
            maps = (maps + block(maps)).relu_()
        return self.head(maps.mean((2, 3)))


class Model:
    """A model whose device is the fake."""

    def __init__(self, **attributes):
        torch.manual_seed(0)
        self.cuda, self.gate, self.waits = FakeCuda(), FrameGate(), []
        vars(self.cuda).update(attributes)
        self.model = LoadedModel(open_source(ModelSpec(Net().eval(), input_size=(40, 40))), "all")
        model = self.model
        kept = model.passes._current
        self.captured = CapturedPasses(
            model.source.model, model.view, model.replay, kept.portraits, self.gate, self.cuda
        )
        model.passes._kept = replace(kept, captured=self.captured)

    def run(self, image):
        portraits = {}
        result = self.model.run(
            image, lambda node, maps: None, lambda: None, on_portraits=portraits.update
        )
        if self.model.passes.may_capture(result):
            self.model.passes.capture(result)
        return result, portraits


def usual(image):
    torch.manual_seed(0)
    model = LoadedModel(open_source(ModelSpec(Net().eval(), input_size=(40, 40))), "all")
    return model.run(image, lambda node, maps: None, lambda: None)


def agree(result, portraits, wanted):
    assert not isinstance(result.maps[0].stored, np.ndarray)
    for node, layer in wanted.maps.items():
        got = result.maps[node]
        assert got.scale == layer.scale
        assert np.allclose(got.block, layer.block, atol=2e-3 * float(np.abs(layer.block).max()))
        assert np.allclose(got.mean, layer.mean, atol=1e-5 * layer.peak)
        assert (portraits[node].portrait is None) == (layer.portrait is None)
    assert np.allclose(*(r.outputs[0].logits for r in (result, wanted)), atol=1e-5)


def test_without_a_headset_a_pass_is_one_graph_and_gives_what_it_gives_as_usual():
    model = Model()
    for image in IMAGES[:2]:
        model.run(image)
    assert model.captured.refusal == ""
    assert model.captured.current.pieces == 1
    for image in IMAGES[2:]:
        agree(*model.run(image), usual(image))
    assert not any(call[0] == "record" for call in model.cuda.calls)


def test_with_a_headset_it_is_cut_between_layers_and_gives_the_same():
    model = Model()
    model.gate.begin_session()
    for image in IMAGES[:2]:
        model.run(image)
    current = model.captured.current
    layers = len(model.model.view.records)
    assert 4 < current.pieces <= layers
    # All are of one pool of memory, and were captured in the same stream.
    first, *others = model.cuda.graphs[: current.pieces]
    assert first.shared is None
    assert {graph.shared for graph in others} == {first.number}
    assert {graph.stream for graph in others} == {first.stream}
    for image in IMAGES[2:]:
        model.cuda.calls.clear()
        agree(*model.run(image), usual(image))
        replayed = [call[1] for call in model.cuda.calls if call[0] == "replay"]
        assert replayed == list(range(len(model.cuda.graphs)))


def test_what_goes_in_and_what_comes_out_waits_for_the_stream_of_who_asks():
    model = Model()
    for image in IMAGES[:2]:
        model.run(image)
    model.cuda.calls.clear()
    model.captured.run(model.model.inputs, ())
    stream = model.captured.current._stream.name
    assert stream != "usual"
    assert model.cuda.calls == [
        ("wait", stream, "usual"), ("replay", 0, stream), ("synchronize", stream)
    ]  # fmt: skip


def test_each_piece_waits_at_the_gate_and_for_those_before_it():
    model = Model(milliseconds=lambda graph: 5.0)
    model.gate.begin_session()
    for image in IMAGES[:2]:
        model.run(image)
    pieces = model.captured.current.pieces
    model.gate.wait = lambda: model.cuda.calls.append(("gate",))
    model.cuda.calls.clear()
    model.captured.run(model.model.inputs, ())
    asked = [call[0] for call in model.cuda.calls]
    assert asked.count("gate") == asked.count("record") == asked.count("replay") == pieces
    unfinished, most = 1, 0  # one is left of the pass before
    for name in asked:
        unfinished += {"record": 1, "synchronize event": -1}.get(name, 0)
        most = max(most, unfinished)
    assert most == MAX_QUEUED
    before = [asked[index - 1] for index, name in enumerate(asked) if name == "replay"]
    assert set(before) == {"gate"}


def test_short_pieces_are_asked_for_together():
    model = Model(milliseconds=lambda graph: 0.01)
    model.gate.begin_session()
    for image in IMAGES[:2]:
        model.run(image)
    assert model.captured.current.pieces > 4
    model.cuda.calls.clear()
    model.captured.run(model.model.inputs, ())
    assert [call[0] for call in model.cuda.calls].count("record") == 0


def test_where_it_cannot_be_cut_it_is_one_graph():
    model = Model(refuses_cuts=True)
    model.gate.begin_session()
    for image in IMAGES[:2]:
        model.run(image)
    assert model.captured.refusal == ""
    assert model.captured.current.pieces == 1
    assert model.cuda.capturing is None
    agree(*model.run(IMAGES[2]), usual(IMAGES[2]))


def test_what_a_graph_cannot_hold_runs_as_usual_and_leaves_no_capture_behind():
    model = Model(refused=[torch.ops.aten.addmm.default])
    model.gate.begin_session()
    for image in IMAGES[:3]:
        result, _ = model.run(image)
        assert isinstance(result.maps[0].stored, np.ndarray)
    assert "cannot hold its pass (operation not permitted" in model.captured.refusal
    assert model.cuda.capturing is None
    assert model.cuda.current is model.cuda.usual


def test_a_headset_that_comes_or_goes_has_the_pass_captured_anew():
    model = Model()
    for image in IMAGES[:2]:
        model.run(image)
    assert model.captured.current.pieces == 1
    model.gate.begin_session()
    assert isinstance(model.run(IMAGES[2])[0].maps[0].stored, np.ndarray)
    model.run(IMAGES[3])
    assert model.captured.current.pieces > 1
    model.gate.end_session()
    model.run(IMAGES[2])
    model.run(IMAGES[3])
    assert model.captured.current.pieces == 1


def test_a_pass_as_usual_waits_behind_each_layer_while_there_is_a_headset():
    cuda, gate, order = FakeCuda(), FrameGate(), []
    gate.wait = lambda: order.append("gate")
    take = PassPace(gate, cuda).after_each(lambda node, tensor: order.append(node))
    tensor = torch.zeros(1)
    take(1, tensor)
    assert order == [1]
    gate.begin_session()
    for node in (2, 3):
        take(node, tensor)
    assert order == [1, 2, "gate", 3, "gate"]
    cuda.capturing = object()
    take(4, tensor)
    cuda.capturing, cuda.holds = None, lambda tensor: False
    take(5, tensor)
    assert order[5:] == [4, 5]


@given(st.lists(st.floats(0.01, 5), min_size=1, max_size=40), st.floats(0.1, 6))
def test_bursts_hold_all_pieces_in_order_and_are_no_longer_than_one_or_what_is_allowed(
    seconds, most
):
    made = bursts(seconds, most)
    assert [index for burst in made for index in burst] == list(range(len(seconds)))
    for burst in made:
        total = sum(seconds[index] for index in burst)
        assert len(burst) == 1 or total <= most * (1 + 1e-9)
    for one, other in pairwise(made):
        assert sum(seconds[i] for i in one) + seconds[other[0]] > most * (1 - 1e-9)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=200), st.integers(1, 40))
def test_cuts_are_behind_layers_and_make_pieces_of_about_equal_work(work, pieces):
    cuts = sorted(even_cuts(work, pieces))
    assert len(cuts) < pieces
    assert all(0 < cut < len(work) for cut in cuts)
    parts = [work[a:b] for a, b in zip([0, *cuts], [*cuts, len(work)], strict=True)]
    assert all(sum(part) <= sum(work) / pieces + max(work) for part in parts)


def test_the_numbers_of_cuts():
    assert even_cuts([1, 1, 1, 1], 2) == {2}
    assert even_cuts([1, 1, 1, 1], 9) == {1, 2, 3}
    assert even_cuts([9, 1, 1, 1], 4) == {1}
    assert even_cuts([], 4) == frozenset()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_real_graph_in_pieces_gives_the_same():
    torch.manual_seed(0)
    spec = ModelSpec(Net().eval(), input_size=(40, 40), device="cuda")
    gate = FrameGate()
    gate.begin_session()
    model = LoadedModel(open_source(spec), "all", gate)
    for image in IMAGES[:2]:
        result = model.run(image, lambda node, maps: None, lambda: None)
        if model.passes.may_capture(result):
            model.passes.capture(result)
    assert model.captured.current.pieces > 4
    for image in IMAGES[2:]:
        portraits = {}
        result = model.run(
            image, lambda node, maps: None, lambda: None, on_portraits=portraits.update
        )
        agree(result, portraits, usual(image))
