"""Relevance through a part of the network only: through channels, or a region, of layers.

Concept relevance propagation (Achtibat et al. 2023, https://doi.org/10.1038/s42256-023-00711-8).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vrnn.commands.base import (
    Command,
    UndoableCommand,
    layer_name,
    operation_key,
    require_layer,
)
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.explanations.conditions import Condition
from vrnn.network.feature_maps import map_shape
from vrnn.scene.picking import Hit
from vrnn.scene.state import State
from vrnn.scene.world import World


@command(
    "explain.restrict",
    "Relevance through this channel only",
    menu=Menu.LAYER,
    pointer="Relevance and Layer panels",
    controller="board: Relevance, Layer",
)
@dataclass(frozen=True)
class RestrictRelevance(UndoableCommand):
    """Let relevance flow through some channels of a layer only; the same again lets all through.

    Attributes:
        layer: Its name, or a part that only one layer's name has; '' to let everything through.
        channels: Their numbers.
        network: The number of its network, from 0.
    """

    layer: str = ""
    channels: tuple[int, ...] = ()
    network: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state with these channels added, or taken away."""
        now = state.relevance
        if not self.layer:
            return replace(state, relevance=replace(now, conditions=()))
        network, name, shape = _layer_shape(world, self.network, self.layer)
        if not self.channels:
            raise VrnnError(f"'{name}' needs channels: give some of 0 to {shape[0] - 1}")
        before = _condition(state, network, name)
        kept = tuple(sorted(set(before.channels) ^ set(self.channels)))
        return _with_condition(state, network, replace(before, channels=kept), shape)

    def message(self, context: CommandContext) -> str:
        """Say what relevance flows through."""
        return _message(context)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Restrict relevance to the channel that is pointed at."""
        hit = require_layer(hit, "a map of a layer to see the relevance that flows through it")
        if hit.channel < 0:
            raise VrnnError("point at one map of the layer, from near")
        return cls(layer_name(context.world, hit), (hit.channel,), hit.slot)

    @classmethod
    def variants(cls) -> Iterator[tuple[str, RestrictRelevance]]:
        """Yield the one that lets everything through."""
        yield "Relevance through everything", cls()


@command(
    "explain.region",
    "Relevance through this region only",
    menu=Menu.LAYER,
    pointer="Ctrl+drag over a map or the input; Relevance panel",
    controller="board: Relevance",
)
@dataclass(frozen=True)
class RestrictRelevanceToRegion(UndoableCommand):
    """Let relevance flow through some positions of a layer only; the same again lets all through.

    Pointed at a position it takes that one; at a second one, the box between both; inside of the
    box, all positions again.

    Attributes:
        layer: Its name, or a part that only one layer's name has.
        region: Row and column where it begins, row and column where it ends, the last two
            exclusive; () for all positions.
        network: The number of its network, from 0.
    """

    layer: str = ""
    region: tuple[int, ...] = ()
    network: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state with this region."""
        network, name, shape = _layer_shape(world, self.network, self.layer)
        before = _condition(state, network, name)
        region = () if self.region == before.region else self.region
        return _with_condition(state, network, replace(before, region=region), shape)

    def message(self, context: CommandContext) -> str:
        """Say what relevance flows through."""
        return _message(context)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Take the position that is pointed at, or the box up to it."""
        hit = require_layer(hit, "a position of a layer to see the relevance that flows through it")
        name = layer_name(context.world, hit)
        before = _condition(context.world.state, hit.slot, name).region
        if not before:
            return cls(name, (hit.row, hit.column, hit.row + 1, hit.column + 1), hit.slot)
        top, left, bottom, right = before
        if top <= hit.row < bottom and left <= hit.column < right:
            return cls(name, (), hit.slot)
        box = (
            min(top, hit.row), min(left, hit.column),
            max(bottom, hit.row + 1), max(right, hit.column + 1),
        )  # fmt: skip
        return cls(name, box, hit.slot)


def _layer_shape(world: World, network: int, layer: str) -> tuple[int, str, tuple[int, int, int]]:
    """Number of the network, name of the layer, and channels, rows and columns of its maps."""
    slot, name = operation_key(world, network, layer)
    node = world.networks[slot].network.by_id[world.networks[slot].node_ids[name]]
    return slot, name, map_shape(node.shape)


def _condition(state: State, network: int, name: str) -> Condition:
    now = state.relevance
    conditions = now.conditions if network == now.network else ()
    return next((one for one in conditions if one.layer == name), Condition(name))


def _with_condition(
    state: State, network: int, condition: Condition, shape: tuple[int, int, int]
) -> State:
    condition.check_fits(*shape)
    now = state.relevance
    is_same = network == now.network
    kept = [one for one in now.conditions if one.layer != condition.layer] if is_same else []
    if condition.channels or condition.region:
        kept.append(condition)
    relevance = replace(
        now, shown=True, network=network, target=now.target if is_same else "",
        conditions=tuple(kept),
    )  # fmt: skip
    return replace(state, relevance=relevance)


def _message(context: CommandContext) -> str:
    conditions = context.world.state.relevance.conditions
    return f"relevance through {conditions_text(conditions) or 'everything'}"


def conditions_text(conditions: Sequence[Condition]) -> str:
    """Return what relevance may flow through, in words; '' for everything."""
    return " and ".join(one.text for one in conditions)
