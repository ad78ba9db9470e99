"""Display."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from vrnn.errors import VrnnError
from vrnn.scene.layout.folding import stage_modules
from vrnn.scene.state import (
    ARRANGEMENTS,
    FOLD_DISPLAYS,
    State,
)
from vrnn.style.colormap import COLOR_RANGES, COLORMAPS, ColorMapping

if TYPE_CHECKING:
    from vrnn.scene.world import World
from vrnn.commands.base import UndoableCommand, _between, _one_of, layer_key

# The world.


@dataclass(frozen=True)
class SetArrangement(UndoableCommand):
    """Stand the layers in another arrangement; '': the next one."""

    arrangement: str = ""

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        now = ARRANGEMENTS.index(state.arrangement)
        wanted = self.arrangement or ARRANGEMENTS[(now + 1) % len(ARRANGEMENTS)]
        _one_of("arrangement", wanted, ARRANGEMENTS)
        return replace(state, arrangement=wanted)


@dataclass(frozen=True)
class SetColorMapping(UndoableCommand):
    """How values become colors; None leaves a setting as it is. See `ColorMapping`."""

    FORMER_NAMES: ClassVar[dict[str, str]] = ColorMapping.FORMER_NAMES
    FORMER_VALUES: ClassVar[dict[str, dict[str, str]]] = ColorMapping.FORMER_VALUES

    colormap: str | None = None
    normalize_by: str | None = None
    symmetric: bool | None = None
    gamma: float | None = None
    clip_percentile: float | None = None

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        _one_of("color map", given.get("colormap", "signed"), COLORMAPS)
        _one_of("scale", given.get("normalize_by", "map"), COLOR_RANGES)
        _between("gamma", given.get("gamma", 1.0), 0.25, 4.0)
        _between("the percentile", given.get("clip_percentile", 100.0), 50.0, 100.0)
        return replace(state, color_mapping=replace(state.color_mapping, **given))


@dataclass(frozen=True)
class SetFoldDisplay(UndoableCommand):
    """What folded layers show: the mean of their maps, the maximum, or the strongest map."""

    shows: str

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        _one_of("map for a fold", self.shows, FOLD_DISPLAYS)
        return replace(state, fold_display=self.shows)


@dataclass(frozen=True)
class Fold(UndoableCommand):
    """Fold a layer or a module into one box, or open it; folded None: the other way round."""

    name: str
    network: int = 0
    folded: bool | None = None

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        slot = self.network
        if slot not in world.networks:
            raise VrnnError(f"there is no network {slot}; they are numbered from 0")
        if self.name in world.networks[slot].modules:
            key = (slot, self.name)
            folded = key not in state.folds if self.folded is None else self.folded
            folds = state.folds | {key} if folded else state.folds - {key}
            return replace(state, folds=folds)
        key = layer_key(world, slot, self.name)
        layer = state.layer(key)
        folded = not layer.folded if self.folded is None else self.folded
        return state.with_layer(key, replace(layer, folded=folded))


@dataclass(frozen=True)
class FoldAllStages(UndoableCommand):
    """Fold every stage of all networks into one box each, or open them; None: the other way."""

    folded: bool | None = None

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        keys = {(s, name) for s in world.slots for name in stage_modules(world.networks[s].network)}
        if not keys:
            raise VrnnError("this network has no modules that could be folded")
        folded = not keys <= state.folds if self.folded is None else self.folded
        return replace(state, folds=state.folds | keys if folded else frozenset())
