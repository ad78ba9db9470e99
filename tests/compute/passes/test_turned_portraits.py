"""All portraits of a pass in one call, beside the same layer by layer."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from tests.support.fake_cuda import FakeCuda
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.passes import portraits as portraits_module
from vrnn.compute.passes.captured_passes import CapturedPasses
from vrnn.compute.passes.device_portraits import component_scores
from vrnn.compute.passes.layer_portraits import LayerPortraits
from vrnn.compute.passes.native_portrait import NativePortrait, load_native_portrait
from vrnn.compute.passes.turned_portraits import ScoredLayer
from vrnn.network.model_spec import ModelSpec

needs_native = pytest.mark.skipif(load_native_portrait() is None, reason="there is no native code")


class Residual(nn.Module):
    """Layers whose portraits have 30×40 and 15×20 pixels, skips, and one with a single channel."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.blocks = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in range(4))
        self.down = nn.ModuleList(nn.Conv2d(8, 8, 1, 2) for _ in range(2))
        self.single, self.head = nn.Conv2d(8, 1, 1), nn.Conv2d(1, 6, 3, padding=1)

    def forward(self, image):
        maps = self.stem(image).relu()
        for down, one, other in zip(self.down, self.blocks[:2], self.blocks[2:], strict=True):
            maps = (maps + other(one(maps).relu())).relu()
            maps = down(maps)
        # Up again, beside a map in gray that feeds others.
        maps = nn.functional.interpolate(maps, scale_factor=2.0)
        return self.head(self.single(maps)).mean((2, 3))


class Dense(nn.Module):
    """Each layer takes the results of all before it."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3 + 6 * n, 6, 3, padding=1) for n in range(5))
        self.end = nn.Conv2d(33, 9, 3, 2)

    def forward(self, image):
        known = [image]
        for layer in self.layers:
            known.append(layer(torch.cat(known, 1)).relu())
        return self.end(torch.cat(known, 1)).mean((2, 3))


class Attending(nn.Module):
    """Patches of an image that attend to one another; a layer whose positions are none of it."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 10, 10)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(16, 2, 24, batch_first=True, norm_first=True)
            for _ in range(2)
        )
        self.along = nn.Linear(48, 7)

    def forward(self, image):
        tokens = self.patches(image).flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        return self.along(tokens.transpose(1, 2)).mean(1)


def opened(model):
    torch.manual_seed(2)
    spec = ModelSpec(model().eval(), input_size=(60, 80))
    return LoadedModel(open_source(spec), "all")


def picture(seed, gray=False):
    """(60, 80, 3) uint8, smooth."""
    coarse = torch.from_numpy(np.random.default_rng(seed).random((1, 3, 5, 7)))
    if gray:
        coarse = coarse.mean(1, keepdim=True).expand(1, 3, 5, 7)
    smooth = nn.functional.interpolate(coarse, (60, 80), mode="bicubic")[0].clamp(0, 1)
    return np.ascontiguousarray((smooth * 255).byte().permute(1, 2, 0).numpy())


def scored(model, image):
    """What a device would make of each layer of a pass, in run order, and all scores."""
    made, parts, end = [], [np.zeros(1, np.float32)], 1
    reader = LayerPortraits(model.view)

    def take(node, maps):
        nonlocal end
        values = torch.from_numpy(maps.values.astype(np.float32) * np.float32(maps.scale))
        if reader.is_input_picture(node, len(values)):
            made.append(ScoredLayer(node, None))
            return
        found = reader.features(node, values)
        if found is None:
            return
        scores = component_scores(found.values).numpy()
        made.append(ScoredLayer(node, scores.shape, end, found.at_positions))
        parts.append(scores.reshape(-1))
        end += scores.size

    result = model.run(image, take, lambda: None)
    return made, np.concatenate(parts), result.image


def layer_by_layer(portraits, layers, scores):
    return {
        layer.node: portraits.make_of_scores(
            layer.node,
            None if layer.shape is None else layer.part_of(scores).reshape(layer.shape),
            layer.is_source,
        )
        for layer in layers
    }


def same(made, wanted):
    assert made.keys() == wanted.keys()
    for node, portrait in wanted.items():
        if portrait is None:
            assert made[node] is None
            continue
        assert made[node].shape == portrait.shape
        # What rounds to the byte beside.
        assert np.abs(made[node].astype(int) - portrait).max() <= 1


@pytest.fixture(params=["native", "numpy"])
def way(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(portraits_module, "load_native_portrait", lambda: None)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("model", [Residual, Dense, Attending])
@pytest.mark.parametrize("gray", [False, True])
def test_all_at_once_have_the_colors_that_they_have_layer_by_layer(model, gray):
    loaded = opened(model)
    one, other = LayerPortraits(loaded.view), LayerPortraits(loaded.view)
    plan = None
    for frame in range(3):
        layers, scores, seen = scored(loaded, picture(frame, gray))
        plan = plan or one.plan(layers)
        assert tuple(layers) == plan.layers
        for portraits in (one, other):
            portraits.begin(seen, continues=frame > 0)
        before = scores.copy()
        made, wanted = one.make_all(plan, scores), layer_by_layer(other, layers, scores)
        assert np.array_equal(scores, before)
        same(made, wanted)
    assert sum(portrait is not None for portrait in made.values()) >= 5
    if not gray:
        assert all(p.std() > 5 for p in made.values() if p is not None)


def test_networks_have_what_is_to_be_turned():
    layers, _, _ = scored(opened(Residual), picture(0))
    assert {layer.shape[0] for layer in layers if layer.shape} == {1, 3}
    # Smaller behind larger, and larger behind smaller.
    sizes = [layer.shape[1] for layer in layers if layer.shape]
    assert {one - other for one, other in pairwise(sizes)} == {0, 15, -15}
    layers, _, _ = scored(opened(Attending), picture(0))
    assert {layer.is_source for layer in layers} == {True, False}


@pytest.mark.usefixtures("way")
def test_images_of_other_sizes_and_scores_that_are_not_finite_or_flat():
    loaded = opened(Residual)
    layers, scores, _ = scored(loaded, picture(0))
    for number, layer in enumerate(layer for layer in layers if layer.shape):
        part = layer.part_of(scores)
        if number == 1:
            part[::7] = np.nan
        if number == 2:
            part[:] = 3.0
        if number == 3:  # nothing but rounding
            part[:] = 3e4 + 1e-3 * np.random.default_rng(1).random(part.size)
        if number == 4:
            part[3] = np.inf
    one, other = LayerPortraits(loaded.view), LayerPortraits(loaded.view)
    plan = one.plan(layers)
    for seen in (picture(0), picture(0)[:31, :17], picture(1)[::2]):
        for portraits in (one, other):
            portraits.begin(np.ascontiguousarray(seen))
        made = one.make_all(plan, scores)
        same(made, layer_by_layer(other, layers, scores))
        flat = [layer.node for layer in layers if layer.shape][2:4]
        assert all((made[node] == 128).all() for node in flat)


@needs_native
def test_colors_of_all_layers_are_found_without_waiting_for_each(monkeypatch):
    """Counts what is asked for: it is the same for eight layers and for forty."""
    counts, turns, turn = [], [], NativePortrait.turn
    monkeypatch.setattr(NativePortrait, "turn", lambda *given: turns.append(1) or turn(*given))
    for length in (8, 40):
        torch.manual_seed(0)
        chain = nn.Sequential(
            *[nn.Conv2d(3 if not n else 5, 5, 3, padding=1) for n in range(length)]
        )
        loaded = LoadedModel(open_source(ModelSpec(chain.eval(), input_size=(20, 24))), "all")
        cuda = FakeCuda()
        kept = loaded.passes._current
        made = CapturedPasses(
            loaded.source.model, loaded.view, loaded.replay, kept.portraits, cuda=cuda
        )
        loaded.passes._kept = replace(kept, captured=made)
        for seed in range(2):
            result = loaded.run(picture(seed)[:20, :24], lambda node, maps: None, list)
        loaded.passes.capture(result)
        captured = loaded.captured.current
        captured.run(loaded.inputs)
        kept.portraits.begin(picture(3))
        turns.clear()
        cuda.calls.clear()
        for graph in cuda.graphs:  # what is in it runs on the device
            graph.held.clear()
        with Operations() as asked:
            found = captured.run_portraits(kept.portraits)
        assert len(found) == length + 1
        counts.append((asked.count, len(turns), [call[0] for call in cuda.calls]))
    assert counts[0] == counts[1]
    assert counts[0][1] == 1
    assert counts[0][2] == ["replay", "synchronize"]
    assert counts[0][0] < 10


class Operations(TorchDispatchMode):
    """Counts operations of torch."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += 1
        return func(*args, **(kwargs or {}))
