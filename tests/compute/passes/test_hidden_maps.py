"""Maps behind portraits are renewed in turn while images stream, and exact once one stays."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.compute.passes.coarse_maps import fill_coarse_maps
from vrnn.compute.passes.feature_maps import chosen_maps
from vrnn.compute.passes.hidden_maps import TURNS, HiddenMaps
from vrnn.compute.passes.layer_portraits import LayerPortraits
from vrnn.network.feature_maps import CoarseMaps, probe_step
from vrnn.network.layer_maps import LayerMaps
from vrnn.network.model_spec import ModelSpec

LAYOUT = MapLayout((6, 33, 57), (-1, 6, 33, 57), (1,), (2,), (3,))
LAYERS = range(20)


class Portraits:
    """Tells of odd values, as `LayerPortraits` does, and makes no portraits."""

    def has_odd_values(self, node: int, maps: torch.Tensor) -> bool:
        return not bool(torch.isfinite(maps).all())


def new_maker() -> HiddenMaps:
    return HiddenMaps(cast(LayerPortraits, Portraits()), {})


def tensors(frame: int, dtype: torch.dtype = torch.float32) -> dict[int, torch.Tensor]:
    torch.manual_seed(frame)
    return {node: torch.randn(1, 6, 33, 57).to(dtype) for node in LAYERS}


def run(
    maker: HiddenMaps,
    values: dict[int, torch.Tensor],
    hidden: range = LAYERS,
    continues: bool = True,
) -> dict[int, CoarseMaps]:
    maker.begin(hidden, continues)

    def picture(maps: torch.Tensor) -> np.ndarray:
        return np.full((1, 1, 3), int(maps[0, 0, 0] * 20) % 256, np.uint8)

    return {n: maker.make(n, t, LAYOUT, None, picture, 2) for n, t in values.items()}


def exact(tensor: torch.Tensor) -> CoarseMaps:
    values, tokens = chosen_maps(tensor, LAYOUT)
    return fill_coarse_maps(values, tokens, None, 2)


def assert_is(made: CoarseMaps, tensor: torch.Tensor) -> None:
    wanted = exact(tensor)
    np.testing.assert_array_equal(made.block, wanted.block)
    np.testing.assert_array_equal(made.channel_stats, wanted.channel_stats)
    np.testing.assert_array_equal(made.sample, wanted.sample)
    assert made.not_finite == wanted.not_finite
    assert made.probes is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_the_first_frame_is_exact_and_each_layer_is_again_in_as_many_frames(dtype):
    maker, made_in = new_maker(), dict.fromkeys(LAYERS, 0)
    for node, maps in run(maker, tensors(0, dtype)).items():
        assert_is(maps, tensors(0, dtype)[node])
    for frame in range(1, TURNS + 1):
        values = tensors(frame, dtype)
        for node, maps in run(maker, values).items():
            assert maps.portrait is not None
            assert maps.portrait[0, 0, 0] == int(values[node].float()[0, 0, 0, 0] * 20) % 256
            if maps.probes is None:
                made_in[node] += 1
                assert_is(maps, values[node])
                continue
            flat = values[node].float().reshape(-1)
            np.testing.assert_array_equal(maps.probes, flat[:: probe_step(flat.numel())])
    assert set(made_in.values()) == {1}


def test_what_is_seen_or_is_no_frame_of_a_stream_is_exact():
    maker = new_maker()
    run(maker, tensors(0))
    for node, maps in run(maker, tensors(1), range(3)).items():
        assert node < 3 or maps.probes is None
        if node >= 3:
            assert_is(maps, tensors(1)[node])
    for node, maps in run(maker, tensors(2), continues=False).items():
        assert_is(maps, tensors(2)[node])
    for node, maps in run(maker, tensors(3)).items():
        assert_is(maps, tensors(3)[node])  # nothing is known of a stream before


def test_tensors_that_are_not_contiguous_and_written_over_later():
    maker = new_maker()
    for frame in range(3):
        values = {n: t.permute(0, 1, 3, 2).contiguous().permute(0, 1, 3, 2) for n, t in
                  tensors(frame).items()}  # fmt: skip
        made = run(maker, values)
        for tensor in values.values():
            tensor.fill_(7.0)
        for node, maps in made.items():
            if maps.probes is None:
                assert_is(maps, tensors(frame)[node])
            else:
                flat = tensors(frame)[node].reshape(-1)
                np.testing.assert_array_equal(maps.probes, flat[:: probe_step(flat.numel())])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_layer_with_values_that_are_not_finite_is_made_until_it_has_none(value):
    maker, odd = new_maker(), tensors(0)
    odd[3][0, 2, 5, 5] = value
    assert run(maker, odd)[3].not_finite == 1
    for frame in (1, 2):
        values = tensors(frame)
        maps = run(maker, values)[3]
        if frame == 1:
            assert_is(maps, values[3])


class Odd(nn.Module):
    """One of its layers divides by zero where a pixel of the image is black."""

    def __init__(self, layer: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.ModuleList(
            [nn.Conv2d(3, 8, 3), nn.Conv2d(8, 1, 3), nn.Conv2d(1, 40, 3, 4), nn.Conv2d(40, 9, 3)]
        )
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        is_black = (x.amax(1) <= 0).any()
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number == self.layer:
                odd = torch.zeros_like(x)
                odd[:, -1, 7, 9] = torch.where(is_black, torch.inf, 0.0)
                x = x - odd
            if number < 3:
                x = torch.nan_to_num(x, neginf=0.0) if number > self.layer else x
        return x.mean((2, 3))


@pytest.mark.parametrize("layer", range(4))
def test_a_value_that_is_not_finite_is_counted_in_its_own_frame(layer):
    model = LoadedModel(open_source(ModelSpec(Odd(layer).eval(), input_size=(90, 90))), "all")
    kinds = {node.id: node.presentation for node in model.network.nodes}
    hidden = [node for node, kind in kinds.items() if kind == "image"]
    white = np.full((90, 90, 3), 255, np.uint8)
    white[::3, 1::4] = (250, 240, 255)
    black = white.copy()
    black[40, 40] = 0
    counted = []
    for image in (white, white, white, black, white, white):
        found: dict[int, LayerMaps] = {}
        model.run(
            image, lambda node, maps, found=found: found.update({node: maps}), list,
            continues=True, left_out=dict.fromkeys(hidden, 1), hidden=hidden,
        )  # fmt: skip
        exact: dict[int, LayerMaps] = {}
        model.fill(hidden, lambda node, maps, exact=exact: exact.update({node: maps}), list)
        wanted = {node: exact[node].not_finite for node in hidden}
        assert {node: found[node].not_finite for node in hidden} == wanted
        counted.append(sum(wanted.values()))
        reused = [node for node in hidden if getattr(found[node], "probes", None) is not None]
        assert reused or len(counted) == 1
    assert [count > 0 for count in counted] == [False] * 3 + [True] + [False] * 2


def test_maps_of_another_size_are_made():
    maker = new_maker()
    run(maker, tensors(0))
    maker.begin(LAYERS, True)
    layout = MapLayout((6, 9, 40), (-1, 6, 9, 40), (1,), (2,), (3,))
    tensor = torch.randn(1, 6, 9, 40)
    made = [maker.make(n, tensor, layout, None, lambda maps: None, 2) for n in LAYERS]
    assert all(maps.probes is None and maps.height == 9 for maps in made)


class Orders(nn.Module):
    """Layers whose channels lie side by side, and others, a large and a single map, and tokens."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 12, 3, padding=1)
        self.second = nn.Conv2d(12, 16, 3, 4)
        self.third = nn.Conv2d(16, 16, 1).to(memory_format=torch.channels_last)
        self.single = nn.Conv2d(16, 1, 1)
        self.tokens = nn.Linear(16, 20)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.second(self.first(x))
        y = self.third(x.to(memory_format=torch.channels_last))
        x = (x + y.relu()) * self.single(y)
        return self.tokens(x.flatten(2).mT).mean(1)


def test_what_is_followed_with_little_work_is_the_same_as_in_steps(monkeypatch):
    images = np.random.default_rng(0).integers(0, 255, (8, 90, 90, 3)).astype(np.uint8)
    counts = []

    def stream() -> list[dict[int, LayerMaps]]:
        torch.manual_seed(0)
        model = LoadedModel(open_source(ModelSpec(Orders().eval(), input_size=(90, 90))), "all")
        hidden = [node.id for node in model.network.nodes if len(node.shape) == 3]
        frames = []
        for image in images:
            frames.append({})
            model.run(
                image, lambda node, maps: frames[-1].update({node: maps}), list, continues=True,
                left_out=dict.fromkeys(hidden, 1), hidden=hidden,
            )  # fmt: skip
        return frames

    follow = HiddenMaps.follow

    def counted(*given):
        found = follow(*given)
        counts.append(found is not None)
        return found

    monkeypatch.setattr(HiddenMaps, "follow", counted)
    quick = stream()
    monkeypatch.setattr(HiddenMaps, "follow", lambda *given: None)
    for found, wanted in zip(quick, stream(), strict=True):
        assert list(found) == list(wanted)
        for node, maps in found.items():
            other = wanted[node]
            np.testing.assert_array_equal(maps.portrait, other.portrait)
            np.testing.assert_array_equal(
                maps.read_block(0, maps.size), other.read_block(0, maps.size)
            )
            if isinstance(maps, CoarseMaps):
                np.testing.assert_array_equal(maps.probes, other.probes)
    assert sum(counts) > 10
