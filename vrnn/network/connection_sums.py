"""Values of a layer as sums over the maps that feed it, and what each pair of maps gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from vrnn.errors import VrnnError
from vrnn.network.connection_windows import mean_window_values, window_places, window_values
from vrnn.network.connections import ConnectionPart, LayerConnections, Position

ConnectionValues = Literal["weight", "contribution"]
"""What ribbons show: the kernels, or weight × activation on the mean over the layer's positions."""
CONNECTION_VALUES: tuple[ConnectionValues, ...] = get_args(ConnectionValues)


@dataclass(frozen=True, eq=False)
class MapSum:
    """What one input map gives to one value of a layer.

    Attributes:
        part: Number of the part.
        input: Number of the map in it.
        places: (K, axes) int where in the map each weight lies, perhaps outside.
        inside: (K,) bool whether each counts.
        activations: (K,) float32, 0 where it does not.
        weights: (K,) float32.
    """

    part: int
    input: int
    places: np.ndarray
    inside: np.ndarray
    activations: np.ndarray
    weights: np.ndarray

    @property
    def products(self) -> np.ndarray:
        """(K,) float32, weight × activation."""
        return self.weights * self.activations

    @property
    def total(self) -> float:
        """Their sum."""
        return float(self.products.sum(dtype=np.float64))


@dataclass(frozen=True, eq=False)
class PositionSum:
    """One value of a layer with all its calculations.

    Attributes:
        channel: The map.
        position: Where in it.
        maps: What each input map gives, all of them.
        bias: What is added.
        steps: Name and value behind each of the layer's operations, the first behind the sum.
    """

    channel: int
    position: Position
    maps: tuple[MapSum, ...]
    bias: float
    steps: tuple[tuple[str, float], ...]

    @property
    def total(self) -> float:
        """The sum over all maps, without bias."""
        return float(sum(one.total for one in self.maps))

    def strongest(self, count: int) -> tuple[MapSum, ...]:
        """Return the maps that give most, either way, the strongest first."""
        return tuple(sorted(self.maps, key=lambda one: -abs(one.total))[:count])


def position_sum(layer: LayerConnections, channel: int, position: Position) -> PositionSum:
    """Return one value of a layer with all its calculations.

    Raises:
        VrnnError: There is no such value.
    """
    sizes = layer.positions
    is_there = len(position) == len(sizes) and all(
        0 <= p < size for p, size in zip(position, sizes, strict=True)
    )
    if not is_there or not 0 <= channel < layer.outputs:
        shape = " × ".join(map(str, sizes))
        raise VrnnError(
            f"{layer.name} has {layer.outputs} maps of {shape} positions; there is no position "
            f"{position} of map {channel}, choose one of these, counted from 0"
        )
    maps = _attention_maps if layer.kind == "attention" else _window_maps
    steps = tuple((one.operation, float(one.maps[channel][position])) for one in layer.steps)
    bias = layer.bias_of(channel, position)
    return PositionSum(channel, position, tuple(maps(layer, channel, position)), bias, steps)


def _window_maps(layer: LayerConnections, channel: int, position: Position) -> list[MapSum]:
    found = []
    for number, part in enumerate(layer.parts):
        output = channel - part.first_output
        if not 0 <= output < part.outputs:
            continue
        first = int(part.first_input(output))
        inputs = slice(first, first + part.fan_in)
        places, inside = window_places(part.window, position, part.maps.shape[1:])
        values = window_values(part, position, inputs)
        for j, activations in enumerate(values):
            weights = part.kernels[output, j].reshape(-1)
            weights = _used_weights(part, weights, activations, inside, output, position)
            found.append(MapSum(number, first + j, places, inside, activations, weights))
    return found


def _used_weights(
    part: ConnectionPart, weights: np.ndarray, activations: np.ndarray, inside: np.ndarray,
    output: int, position: Position,
) -> np.ndarray:  # fmt: skip
    """(K,) the weights that count at one position."""
    weights = np.broadcast_to(weights, activations.shape)
    if part.is_maximum:
        chosen = np.zeros(len(weights), np.float32)
        chosen[np.where(inside, activations, -np.inf).argmax()] = 1
        return chosen
    if part.gains is not None:
        weights = weights * part.gains[min(output, len(part.gains) - 1)][position]
    return weights


def _attention_maps(layer: LayerConnections, head: int, position: Position) -> list[MapSum]:
    """Query · key, dimension by dimension: one map each of the query's part."""
    queries, keys = layer.parts[0], layer.parts[1]
    width = queries.fan_in
    row, column = position
    found = []
    first = int(keys.first_input(head))
    for j in range(width):
        number = head * width + j
        scale = float(queries.kernels.flat[0])
        weight = keys.maps[first + j, column] * scale
        activation = queries.maps[number, row]
        found.append(
            MapSum(
                0, number, np.array([[row]]), np.ones(1, bool),
                np.array([activation], np.float32), np.array([weight], np.float32),
            )
        )  # fmt: skip
    return found


@dataclass(frozen=True, eq=False)
class PairValues:
    """What the pairs of maps of one part carry.

    Attributes:
        values: (O, J) float32 with sign: the sum of the kernel, or what the pair gives.
        sizes: (O, J) float32, 0 or more: the sum of the kernel's |weights|, or what the pair gives
            without its sign.
        not_finite: Number of pairs that have no finite value; their size is 0.
    """

    values: np.ndarray
    sizes: np.ndarray
    not_finite: int


def pair_values(
    layer: LayerConnections, values: ConnectionValues, position: tuple[int, Position] | None = None
) -> tuple[PairValues, ...]:
    """Return what the pairs of each part carry.

    Contributions of all pairs to a map sum to its mean before bias, norm and activation, and with a
    position to the value there.

    Args:
        layer: The layer.
        values: What is asked for.
        position: A map and a position in it, whose contributions are asked for, those of other maps
            being at the same position; None for the mean over all.
    """
    found = []
    for part in layer.parts:
        if values == "weight":
            axes = tuple(range(2, part.kernels.ndim))
            signed = part.kernels.sum(axes, dtype=np.float32)
            sizes = _absolute_sums(part.kernels, axes)
        else:
            signed = _contributions(layer, part, None if position is None else position[1])
            sizes = np.abs(signed)
        bad = ~(np.isfinite(signed) & np.isfinite(sizes))
        count = int(bad.sum())
        if count:
            sizes = np.where(bad, np.float32(0), sizes)
        found.append(PairValues(signed, sizes, count))
    return tuple(found)


def _absolute_sums(kernels: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Sums of absolute values, a few output maps at a time: of huge kernels no copy is made."""
    sums = np.empty(kernels.shape[:2], np.float32)
    step = max(1, (1 << 22) // max(kernels[0].size, 1)) if len(kernels) else 1
    for first in range(0, len(kernels), step):
        some = slice(first, first + step)
        sums[some] = np.abs(kernels[some]).sum(axes)
    return sums


def _contributions(
    layer: LayerConnections, part: ConnectionPart, position: Position | None
) -> np.ndarray:
    """(O, J) what each pair gives at a position, or on the mean."""
    if layer.kind == "attention":
        return _attention_contributions(layer, part, position)
    if part.is_maximum or part.gains is not None or part.window.adaptive:
        return _pointwise_contributions(layer, part, position)
    if position is None:
        seen = mean_window_values(part, layer.positions)
    else:
        seen = window_values(part, position)
    grouped = seen.reshape(part.groups, part.fan_in, -1)
    kernels = part.kernels.reshape(part.groups, part.outputs // part.groups, part.fan_in, -1)
    return np.einsum("gojk,gjk->goj", kernels, grouped).reshape(part.outputs, part.fan_in)


def _pointwise_contributions(
    layer: LayerConnections, part: ConnectionPart, position: Position | None
) -> np.ndarray:
    """Of a part that alone gives each map: what the result is without bias."""
    maps = layer.steps[0].maps
    if layer.bias is not None:
        bias = layer.bias.reshape(*layer.bias.shape, *[1] * (maps.ndim - layer.bias.ndim))
        maps = maps - bias
    if position is not None:
        return np.stack([one[position] for one in maps]).astype(np.float32)[:, None]
    flat = maps.reshape(len(maps), -1)
    return flat.mean(1, dtype=np.float64).astype(np.float32)[:, None]


def _attention_contributions(
    layer: LayerConnections, part: ConnectionPart, position: Position | None
) -> np.ndarray:
    """(heads, width): what each dimension gives to scores; of values, what the heads hand on."""
    queries, keys = layer.parts[0], layer.parts[1]
    heads, width = queries.outputs, queries.fan_in
    if part.role == "value":
        weights = layer.steps[-1].maps
        attended = weights.mean(1) if position is None else weights[:, position[0]]
        maps = part.maps.reshape(-1, part.fan_in, part.maps.shape[1])
        maps = np.repeat(maps, heads // len(maps), 0)
        return np.einsum("hk,hjk->hj", attended, maps)
    scale = float(queries.kernels.flat[0])
    q = queries.maps.reshape(heads, width, -1)
    k = keys.maps.reshape(-1, width, keys.maps.shape[1])
    k = np.repeat(k, heads // len(k), 0)
    if position is None:
        return (q.mean(2) * k.mean(2) * scale).astype(np.float32)
    return q[:, :, position[0]] * k[:, :, position[1]] * scale
