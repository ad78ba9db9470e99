"""A pass as one CUDA graph: the model, and the conversion of all its layers; and their portraits.

A pass through a small network on a GPU takes most of its time to be asked for, operation by
operation, from Python; capturing and converting each layer asks for ten times as many. A graph of
all of them is asked for once, and runs the model in less than its plain pass takes (PyTorch,
"CUDA Graphs", https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, pairwise
from typing import Any, TypeVar

import numpy as np
import torch

from vrnn.compute.model_inputs import Inputs, map_leaves
from vrnn.compute.passes.cuda_calls import CudaCalls
from vrnn.compute.passes.device_blocks import (
    PassMemory,
    PassMemoryBlock,
    block_places,
    fill_scaled_block,
    scaled_stats,
)
from vrnn.compute.passes.device_portraits import all_component_scores
from vrnn.compute.passes.graph_pieces import GraphPieces, even_cuts
from vrnn.compute.passes.layer_portraits import LayerFeatures, LayerPortraits
from vrnn.compute.passes.pass_pace import PassPace
from vrnn.compute.passes.replay import Replay
from vrnn.compute.passes.turned_portraits import ScoredLayer
from vrnn.compute.tracing.tensors import list_tensors
from vrnn.network.feature_maps import FeatureMaps, block_size

BRANCHES = 8
"""Portraits that are made at the same time."""
MAX_PIECES, MAX_PORTRAIT_PIECES = 32, 8
"""Into how many graphs the model's pass and the portraits are cut at most."""

S = TypeVar("S")
T = TypeVar("T")
ReadMaps = Callable[[int, torch.Tensor], tuple[torch.Tensor, torch.Tensor | None]]
"""From a node's id and its tensor to its maps and tokens, see `feature_maps.read_maps`."""


@dataclass(frozen=True)
class LayerPlace:
    """What there is of a layer, and where.

    Attributes:
        shape: Channels, height and width of its maps.
        tokens: Number of class and register tokens.
        block: Where its block begins, see `block_places`.
        numbers: Where its numbers begin: the peak, (3, C) statistics, (K, C) tokens.
    """

    shape: tuple[int, int, int]
    tokens: int
    block: int
    numbers: int

    @property
    def stop(self) -> int:
        """Where its numbers end."""
        return self.numbers + 1 + (3 + self.tokens) * self.shape[0]


def layer_places(
    shapes: Mapping[int, tuple[tuple[int, int, int], int]],
) -> tuple[dict[int, LayerPlace], int, int]:
    """Return where the blocks and numbers of layers lie, one layer after the other.

    Args:
        shapes: Channels, height and width of each layer's maps, and its number of tokens.

    Returns:
        The places by node; how many half floats all blocks take, and how many numbers there are.
    """
    blocks, count = block_places({node: shape for node, (shape, _) in shapes.items()})
    places: dict[int, LayerPlace] = {}
    end = 0
    for node, (shape, tokens) in shapes.items():
        places[node] = LayerPlace(shape, tokens, blocks[node], end)
        end = places[node].stop
    return places, count, end


@dataclass(frozen=True, eq=False)
class PassResult:
    """What one run gives.

    Attributes:
        result: What the model returned.
        maps: The maps of all layers, without portraits, whose blocks are on the device.
    """

    result: Any
    maps: dict[int, FeatureMaps]


class CapturedPass:
    """A pass that was captured, and runs again with other inputs of the same kind."""

    def __init__(
        self,
        replay: Replay,
        inputs: Inputs,
        shapes: Mapping[int, tuple[tuple[int, int, int], int]],
        read: ReadMaps,
        portraits: LayerPortraits,
        pace: PassPace,
        is_cut: bool = False,
        cuda: CudaCalls | None = None,
    ) -> None:
        """Capture a pass, after a run of it as usual.

        Args:
            replay: Runs the model.
            inputs: The model's arguments, whose tensors are on one CUDA device.
            shapes: Channels, height and width of each layer's maps, and its number of tokens, in
                the order of the network.
            read: Reads a layer's tensor as maps.
            portraits: Says what portraits are made of.
            pace: Lets the pass wait where it is cut.
            is_cut: Whether it is cut between layers, into graphs of about equal work.
            cuda: Makes streams and graphs.

        Raises:
            RuntimeError: The model does something that a graph cannot hold, or that cannot be cut.
        """
        self._read, self._pace, self._cuda = read, pace, cuda or CudaCalls()
        self._order: list[int] = []  # in which layers run
        self._places, count, end = layer_places(shapes)
        self._inputs = map_leaves(
            inputs, lambda leaf: leaf.clone() if isinstance(leaf, torch.Tensor) else leaf
        )
        self._given = list_tensors(self._inputs)
        device, calls = self._given[0].device, self._cuda
        self._memory = torch.zeros(count, dtype=torch.float16, device=device)
        self._numbers = torch.zeros(end, device=device)
        self._on_host = calls.pinned(end)
        self._branches = [calls.pass_stream(device) for _ in range(BRANCHES)]
        self._stream = calls.pass_stream(device)
        self._pieces = GraphPieces(calls, self._stream)
        self._portrait_pieces = GraphPieces(calls, self._stream)
        self._cuts = self._portrait_cuts = frozenset[int]()
        self._stream.wait_stream(calls.current_stream(device))
        with calls.on(self._stream):
            self._run(replay)
            self._make_scores(portraits)
        self._stream.synchronize()
        if is_cut:
            self._choose_cuts()
        self._result = self._pieces.capture(lambda: self._run(replay))
        layers, self._scores = self._portrait_pieces.capture(lambda: self._make_scores(portraits))
        self._plan = portraits.plan(layers)
        self._scores_on_host = calls.pinned(len(self._scores))
        self._pieces.measure()
        self._portrait_pieces.measure()

    def _choose_cuts(self) -> None:
        """Choose the layers between which the pass is cut, once their order is known."""
        # A layer takes about as long as its values are many, and a little more.
        values = [block_size(*self._places[node].shape) for node in self._order]
        mean = sum(values) / max(1, len(values))
        work = [value + mean for value in values]
        self._cuts = even_cuts(work, MAX_PIECES)
        self._portrait_cuts = even_cuts(work, MAX_PORTRAIT_PIECES)

    @property
    def pieces(self) -> int:
        """How many graphs the model's pass is."""
        return len(self._pieces)

    def _run(self, replay: Replay) -> Any:
        """Run the pass."""
        self._order.clear()
        self._numbers.zero_()
        return replay.run(self._inputs, self._take)

    def _take(self, node: int, tensor: torch.Tensor) -> None:
        """Convert a layer."""
        place = self._places.get(node)
        if place is None:
            return
        if len(self._order) in self._cuts:
            self._pieces.cut()
        self._order.append(node)
        values, tokens = self._read(node, tensor)
        stats = place.numbers + 1
        if values.numel():
            fill_scaled_block(
                self._block(place),
                values if values.is_floating_point() else values.to(torch.float32),
                self._numbers[stats : stats + 3 * place.shape[0]].view(3, -1),
                self._numbers[place.numbers : stats],
            )
        if tokens is not None:
            end = stats + 3 * place.shape[0]
            self._numbers[end : place.stop].view(tokens.shape).copy_(tokens)

    def _block(self, place: LayerPlace) -> torch.Tensor:
        return self._memory[place.block : place.block + block_size(*place.shape)]

    def _make_scores(self, portraits: LayerPortraits) -> tuple[list[ScoredLayer], torch.Tensor]:
        """What the portraits are made of, and all of it one after the other."""
        made: list[ScoredLayer] = []
        parts, end = [self._numbers.new_zeros(1)], 1
        bounds = [0, *sorted(self._portrait_cuts), len(self._order)]
        for begin, stop in pairwise(bounds):
            if begin:
                self._portrait_pieces.cut()
            found: dict[int, LayerFeatures] = {}
            for node in self._order[begin:stop]:
                place = self._places[node]
                channels, height, width = place.shape
                if portraits.is_input_picture(node, channels):
                    made.append(ScoredLayer(node, None))
                    continue
                first = 2 * channels
                values = self._block(place)[first : first + channels * height * width]
                features = portraits.features(node, values.view(place.shape))
                if features is not None:
                    found[node] = features
            scores = all_component_scores([one.values for one in found.values()], self._each)
            for (node, features), own in zip(found.items(), scores, strict=True):
                count, rows, columns = own.shape
                made.append(ScoredLayer(node, (count, rows, columns), end, features.at_positions))
                parts.append(own.reshape(-1))
                end += own.numel()
        return made, torch.cat(parts)

    def _each(self, function: Callable[[S], T], several: Sequence[S]) -> list[T]:
        """Call a function with each of several layers, which do not wait for one another."""
        if not several:
            return []
        for branch in self._branches:
            branch.wait_stream(self._stream)
        made = []
        for one, branch in zip(several, cycle(self._branches), strict=False):
            with self._cuda.on(branch):
                made.append(function(one))
        # A graph, and what all layers are needed for, go on in one stream.
        for branch in self._branches:
            self._stream.wait_stream(branch)
        return made

    def run(self, inputs: Inputs) -> PassResult | None:
        """Run the pass.

        Args:
            inputs: The model's arguments, of the shapes and types that it was captured with.

        Returns:
            What it gave; None where a value is not finite, which only a pass as usual shows.
        """
        # What prepares inputs, and what reads the results, is asked for in the caller's stream.
        self._stream.wait_stream(self._cuda.current_stream(self._memory.device))
        with self._cuda.on(self._stream):
            for static, new in zip(self._given, list_tensors(inputs), strict=True):
                static.copy_(new)
            self._pieces.run(self._pace)
            # The next run writes over the memory.
            memory = PassMemory(self._memory.clone())
            self._on_host.copy_(self._numbers, non_blocking=True)
        self._stream.synchronize()
        numbers = self._on_host.numpy().copy()
        if not np.isfinite(numbers).all():
            return None
        maps: dict[int, FeatureMaps] = {}
        for node in self._order:
            place = self._places[node]
            shape, first = place.shape, place.numbers + 1
            end = first + 3 * shape[0]
            stats, scale = scaled_stats(
                numbers[first:end].reshape(3, shape[0]), float(numbers[place.numbers])
            )
            tokens = numbers[end : place.stop].reshape(-1, shape[0])
            block = PassMemoryBlock(memory, place.block, block_size(*shape))
            maps[node] = FeatureMaps(*shape, block, scale, stats, 0, tokens)
        return PassResult(self._result, maps)

    def run_portraits(self, portraits: LayerPortraits) -> dict[int, np.ndarray | None]:
        """Return the portraits of the layers that have some, of the last run.

        Args:
            portraits: Turns them to agree with one another; its pass has begun.

        Returns:
            See `LayerPortraits.make`, by node id.
        """
        with self._cuda.on(self._stream):
            self._portrait_pieces.run(self._pace)
            self._scores_on_host.copy_(self._scores, non_blocking=True)
        self._stream.synchronize()
        return portraits.make_all(self._plan, self._scores_on_host.numpy())
