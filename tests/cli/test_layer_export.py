"""`vrnn export` of more maps than there is room for: layer by layer, and the same files."""

import gc

import numpy as np
import pytest
import torch

from vrnn.cli import layer_export
from vrnn.compute import model_passes
from vrnn.compute.loading.source import open_source
from vrnn.config.options import ExportOptions
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.model_spec import ModelSpec

BLOCKS, CHANNELS, SIDE = 12, 16, 64
SCRIPT = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(3, {channels}, 1),
    *(nn.Sequential(nn.Conv2d({channels}, {channels}, 1), nn.Tanh()) for _ in range({blocks})),
)
"""
VARYING = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.passes = 0
        self.layers = nn.ModuleList(nn.Conv2d(3, 3, 1) for _ in range(6))

    def forward(self, x):
        self.passes += 1
        for layer in self.layers[: 2 + self.passes % 3]:
            x = layer(x)
        return x

model = Net()
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(SCRIPT.format(channels=CHANNELS, blocks=BLOCKS))
    return path


def maps_in_memory() -> list[FeatureMaps]:
    """All maps that there are."""
    return [one for one in gc.get_objects() if type(one) is FeatureMaps]


def exported(script, out, budget, monkeypatch, **options):
    """The files that are written within a budget of bytes, and the most bytes of maps at once."""
    monkeypatch.setattr(layer_export, "host_map_bytes", lambda megabytes: budget)
    most = 0
    write = layer_export.export_layer

    kept = maps_in_memory()  # of other tests; kept, so that no map gets the number of another
    others = {id(one) for one in kept}

    def watched(*arguments, **named):
        nonlocal most
        most = max(most, sum(one.nbytes for one in maps_in_memory() if id(one) not in others))
        return write(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(layer_export, "export_layer", watched)
        patched.setattr(model_passes, "BATCH_BYTES", 1 << 14)
        layer_export.export_models(
            ExportOptions(
                models=(str(script),),
                input_size=(SIDE, SIDE),
                out=out,
                detail="all",
                quiet=True,
                **options,
            )
        )
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}, most


def test_files_are_the_same_and_few_maps_are_in_memory_at_once(script, tmp_path, monkeypatch):
    kinds = ("values", "histograms")
    whole, all_bytes = exported(script, tmp_path / "whole", 2**30, monkeypatch, formats=kinds)
    largest = 2 * CHANNELS * SIDE * SIDE * 1.1
    assert all_bytes > 2 * BLOCKS * 0.9 * largest
    budget = int(6 * largest)
    found, most = exported(script, tmp_path / "bounded", budget, monkeypatch, formats=kinds)
    assert found == whole
    assert len(found) == 2 * (2 + 2 * BLOCKS)
    assert most <= layer_export.UNREAD_SHARE * budget + 2 * largest
    tiny, most = exported(script, tmp_path / "tiny", 1, monkeypatch, formats=kinds)
    assert tiny == whole
    assert most <= 3 * largest  # one layer after the other


def test_only_the_layers_that_are_asked_for_are_made_whole(script, tmp_path, monkeypatch):
    whole = []
    made = model_passes._MapBatch.add

    def add(batch, node, maps):
        whole.append(node) if isinstance(maps, FeatureMaps) else None
        made(batch, node, maps)

    monkeypatch.setattr(model_passes._MapBatch, "add", add)
    found, _ = exported(
        script, tmp_path / "out", 1, monkeypatch, layers="5*", formats=("values",), ifealid=8
    )
    assert len(found) == 4
    assert sum(name.endswith("-ifealid.zip") for name in found) == 2
    assert len(set(whole)) == 2


def test_a_model_of_another_path_in_each_pass_gives_the_files_of_one_pass(tmp_path, monkeypatch):
    path = tmp_path / "net.py"
    path.write_text(VARYING)
    found, _ = exported(path, tmp_path / "out", 1, monkeypatch, formats=("values",))
    layers = [np.load(tmp_path / "out" / name) for name in found]
    assert 3 <= len(layers) <= 5
    model = open_source(ModelSpec(str(path), input_size=(SIDE, SIDE))).model
    for layer, before, after in zip(model.layers, layers, layers[1:], strict=False):
        with torch.no_grad():
            assert np.abs(layer(torch.from_numpy(before)).numpy() - after).max() < 5e-3
