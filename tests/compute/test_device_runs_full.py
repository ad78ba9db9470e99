"""A device that runs full in the middle of a pass: what can be given up is, and nothing is lost."""

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute import fill_pass, forward_passes
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.passes import device_blocks, hidden_maps
from vrnn.compute.passes.captured_pass import PassResult
from vrnn.compute.passes.device_room import NOTE, DeviceRoom, OutOfMemory
from vrnn.network.model_spec import ModelSpec

IMAGE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


class Fills(nn.Module):
    """A model whose device has no room for so many of its passes."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, 2), nn.Conv2d(8, 20, 3)
        self.full = 0

    def forward(self, image):
        maps = self.first(image)
        if self.full:
            self.full -= 1
            raise OutOfMemory("CUDA out of memory")
        return self.second(maps.relu()).mean((2, 3))


def opened():
    torch.manual_seed(0)
    return LoadedModel(open_source(ModelSpec(Fills().eval(), input_size=(32, 32))), "all")


def run(model, **more):
    handed = {}
    result = model.run(IMAGE, lambda node, maps: handed.update({node: maps}), list, **more)
    return result, handed


def same(one, other):
    assert one.keys() == other.keys()
    for node, maps in one.items():
        assert np.array_equal(maps.block, other[node].block)
        assert (maps.portrait is None) == (other[node].portrait is None)
        if maps.portrait is not None:
            assert np.array_equal(maps.portrait, other[node].portrait)


def fails(monkeypatch, name, at, module=forward_passes):
    """Let the conversion of one layer find no memory, the so-manieth."""
    convert, calls = getattr(module, name), []

    def full(*args):
        calls.append(1)
        if len(calls) == at:
            raise OutOfMemory("CUDA out of memory")
        return convert(*args)

    monkeypatch.setattr(module, name, full)


@pytest.mark.parametrize("at", [1, 2, 5])
def test_in_the_conversion_of_a_layer(monkeypatch, at):
    wanted, wanted_handed = run(opened())
    model = opened()
    fails(monkeypatch, "to_feature_maps", at)
    result, handed = run(model)
    same(result.maps, wanted.maps)
    same(handed, wanted_handed)
    assert model.passes.room.is_short
    assert model.passes.room.take_note() == NOTE
    assert model.passes.room.take_note() == ""
    same(run(model)[0].maps, wanted.maps)
    assert model.passes.room.take_note() == ""


def test_in_the_conversion_of_a_coarse_layer(monkeypatch):
    model = opened()
    left_out = {node.id: 1 for node in model.network.nodes if node.presentation == "image"}
    wanted = run(opened(), left_out=left_out)[1]
    fails(monkeypatch, "fill_coarse_maps", 2, hidden_maps)
    same(run(model, left_out=left_out)[1], wanted)


def test_in_the_model_itself_once():
    wanted = run(opened())[0]
    model = opened()
    model.source.model.full = 1
    same(run(model)[0].maps, wanted.maps)
    assert model.passes.room.take_note() == NOTE


def test_in_the_model_itself_again_and_again():
    wanted = run(opened())[0]
    model = opened()
    model.source.model.full = 2
    with pytest.raises(OutOfMemory):
        run(model)
    same(run(model)[0].maps, wanted.maps)


def test_in_a_captured_pass_and_in_its_portraits():
    wanted = run(opened())[0]

    class Captured:
        def run(self, inputs):
            return PassResult(None, dict(wanted.maps))

        def run_portraits(self, portraits):
            raise OutOfMemory("CUDA out of memory")

    model = opened()
    run(model)
    model.captured._key = model.captured._key_of(model.inputs, ())
    model.captured.current = Captured()
    same(run(model)[0].maps, wanted.maps)
    assert model.captured.current is None
    assert model.captured.refusal == "the device's memory is full"
    assert not model.captured.is_due


def test_in_the_maps_that_are_made_again(monkeypatch):
    wanted = run(opened())[0]
    model = opened()
    run(model)
    nodes = sorted(wanted.maps)
    for at in (1, 3):
        fails(monkeypatch, "to_feature_maps", at, fill_pass)
        model.passes.room.is_short = False
        made = {}
        model.fill(nodes, lambda node, maps, made=made: made.update({node: maps}), list)
        assert made.keys() == wanted.maps.keys()
        assert all(np.array_equal(made[n].block, wanted.maps[n].block) for n in nodes)
        assert model.passes.room.take_note() == NOTE


def test_maps_are_converted_on_the_processor_once_it_is_short():
    dropped = []
    room = DeviceRoom(dropped.append)
    tensor = torch.empty(3, device="meta")
    assert room.place(tensor) is tensor
    assert room.make()
    assert not room.make()
    assert dropped == ["the device's memory is full"] * 2


def test_values_of_a_pass_are_read_without_memory_that_a_device_writes_into(monkeypatch):
    class OfDevice:
        """Values that say that a GPU has them."""

        device, dtype, is_cuda = torch.device("cuda", 0), torch.float16, True

        def __len__(self):
            return 4

        def cpu(self):
            return torch.arange(4).half()

    def full(*args, pin_memory=False, **more):
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(torch, "empty", full)
    assert device_blocks._to_host(OfDevice()).tolist() == [0, 1, 2, 3]
