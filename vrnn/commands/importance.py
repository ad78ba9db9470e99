"""How important channels are for a class: shown, compared, and pruned by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vrnn.commands.base import Command, UndoableCommand, check_choice, check_range, following
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.network.importance_measures import (
    IMPORTANCE_MEASURES,
    RANKING_TEXT,
    ImportanceMeasure,
)
from vrnn.network.predictions import ClassScores
from vrnn.scene.importance import pruned_ablations, without
from vrnn.scene.importance_state import ClassNumber, ImportanceState, Part
from vrnn.scene.layer_names import check_network
from vrnn.scene.picking import Hit
from vrnn.scene.state import AblationState, State
from vrnn.scene.world import World

NEEDS_IMPORTANCE = "show the importance for a class first, with Ctrl+I"
NOT_FOUND_YET = "importance is still being computed; try again when it is done"
STEP = 0.05
"""Share of the channels that a key prunes."""


@command(
    "importance.show",
    "Importance: what matters for a class",
    menu=Menu.DISPLAY,
    key="CONTROL+I",
    help="importance: maps that matter little for the predicted class fade",
    pointer="Importance panel",
    controller="board: Importance",
)
@dataclass(frozen=True)
class ShowImportance(UndoableCommand):
    """Show how important each channel is for a class, with what pruning costs, or maps as usual.

    Attributes:
        class_index: Number of the class; none for the one that is answered now.
        network: The number of its network, from 0.
        on: Whether it is shown; none for the other way round.
    """

    class_index: ClassNumber | None = None
    network: int = 0
    on: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.importance
        asks_class = self.class_index is not None
        shown = (asks_class or not now.shown) if self.on is None else self.on
        state = unpruned(state, world)
        now = state.importance
        if not shown:
            return replace(state, importance=replace(now, shown=False))
        check_network(world, self.network)
        number = self.class_index
        if number is None:
            number = answered_class(world, self.network)
        beside = None if now.network != self.network or now.beside == number else now.beside
        importance = replace(
            now, shown=True, network=self.network, class_index=number, beside=beside
        )
        return replace(state, importance=importance)

    def run(self, context: CommandContext) -> None:
        """Show it, if there is a data set."""
        now = context.world.state.importance
        if self.on is not False and (self.on or self.class_index is not None or not now.shown):
            context.workspace.importance.check(self.network)
        super().run(context)

    def message(self, context: CommandContext) -> str:
        """Say what is shown."""
        now = context.world.state.importance
        if not now.shown:
            return "maps as usual"
        name = class_name(context.world, now.network, now.class_index)
        return f"what matters for {name}, by {RANKING_TEXT[now.measure]}; Ctrl+U prunes"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show it for the network that is pointed at, or not any more."""
        now = context.world.state.importance
        slot = now.network if hit is None else hit.slot
        slot = slot if slot in context.world.networks else 0
        if now.shown:
            return cls(network=slot, on=False)
        context.workspace.importance.check(slot)
        answered_class(context.world, slot)
        return cls(network=slot)


def answered_class(world: World, network: int) -> int:
    """Return the class that a network answers now.

    Raises:
        VrnnError: It gives no class scores, or there is no answer yet.
    """
    opened = world.networks.get(network)
    result = None if opened is None else opened.result
    if result is None:
        raise VrnnError("there is no answer yet; put an image in first")
    for output in result.outputs:
        if isinstance(output, ClassScores):
            return int(output.logits.argmax())
    raise VrnnError("importance needs class scores, which this network does not give")


def class_name(world: World, network: int, class_index: int) -> str:
    """Return what people call a class of a network."""
    opened = world.networks.get(network)
    names = () if opened is None else opened.info.class_names
    return names[class_index] if class_index < len(names) else f"class {class_index}"


def unpruned(state: State, world: World) -> State:
    """Return a state in which nothing is pruned.

    Raises:
        VrnnError: It is not known yet what was.
    """
    now = state.importance
    if not now.pruned:
        return state
    others = without(state.ablations, _pruned(now, world))
    return replace(state, ablations=others, importance=replace(now, pruned=0.0))


def _pruned(now: ImportanceState, world: World) -> tuple[AblationState, ...]:
    """The ablations of what is pruned."""
    opened, found = world.networks.get(now.network), world.importance.get(now.network)
    if opened is None or found is None or found.first.curve is None:
        raise VrnnError(NOT_FOUND_YET)
    return pruned_ablations(opened.network, now.network, found.first.curve, now.pruned)


@command(
    "importance.display",
    "Measure, classes and fading of importance",
    pointer="Importance panel",
    controller="board: Importance",
)
@dataclass(frozen=True)
class SetImportanceDisplay(UndoableCommand):
    """Set which importance is shown and how; what is left out stays.

    Attributes:
        measure: `gamma`, `relevance` or `gradient`.
        class_index: Number of the class.
        beside: Number of a second class, whose importance is compared; −1 for none.
        fade: How far fades what does not matter at all, 0…1.
        threshold: Importance below which maps fade as far, 0…1.
    """

    measure: ImportanceMeasure | None = None
    class_index: ClassNumber | None = None
    beside: int | None = None
    fade: Part | None = None
    threshold: Part | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        if not state.importance.shown:
            raise VrnnError(NEEDS_IMPORTANCE)
        if self.measure is not None:
            check_choice("measure", self.measure, IMPORTANCE_MEASURES)
        for name in ("fade", "threshold"):
            value = getattr(self, name)
            if value is not None:
                check_range(name, value, 0.0, 1.0)
        if self.measure is not None or self.class_index is not None:
            state = unpruned(state, world)
        given = {name: value for name, value in vars(self).items() if value is not None}
        if self.beside is not None:
            given["beside"] = None if self.beside < 0 else self.beside
        importance = replace(state.importance, **given)
        if importance.beside == importance.class_index:
            importance = replace(importance, beside=None)
        return replace(state, importance=importance)

    def message(self, context: CommandContext) -> str:
        """Say by what it is found, where that was set alone."""
        if self.measure is not None and self == SetImportanceDisplay(measure=self.measure):
            return f"importance by {RANKING_TEXT[self.measure]}"
        return ""

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Find it by the next measure."""
        now = context.world.state.importance
        if not now.shown:
            raise VrnnError(NEEDS_IMPORTANCE)
        return cls(measure=following(IMPORTANCE_MEASURES, now.measure))

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetImportanceDisplay]]:
        """Yield each measure."""
        for measure in IMPORTANCE_MEASURES:
            yield f"Importance by {RANKING_TEXT[measure]}", cls(measure=measure)
        yield "Importance for one class alone", cls(beside=-1)


@command(
    "importance.prune",
    "Prune the least important channels",
    menu=Menu.DISPLAY,
    key="CONTROL+U",
    help="importance: prune 5 % more of the channels; with Shift: less",
    pointer="the board with the curves; Importance panel",
    controller="point at the board with the curves",
)
@dataclass(frozen=True)
class PruneChannels(UndoableCommand):
    """Set a share of the channels to zero, the least important first; all after them changes.

    Attributes:
        share: Of all channels that have an importance, 0…1.
    """

    share: Part = 0.0

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        check_range("share", self.share, 0.0, 1.0)
        now = state.importance
        if not now.shown:
            raise VrnnError(NEEDS_IMPORTANCE)
        rest = unpruned(state, world)
        importance = replace(now, pruned=self.share)
        ablations = (*rest.ablations, *_pruned(importance, world))
        return replace(rest, ablations=ablations, importance=importance)

    def message(self, context: CommandContext) -> str:
        """Say how much is pruned."""
        return f"{self.share:.0%} of the channels pruned"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Prune a little more; precisely: less."""
        now = context.world.state.importance
        if not now.shown:
            raise VrnnError(NEEDS_IMPORTANCE)
        if now.network not in context.world.importance:
            raise VrnnError(NOT_FOUND_YET)
        share = now.pruned + (-STEP if precise else STEP)
        return cls(min(max(round(share, 4), 0.0), 1.0))

    @classmethod
    def variants(cls) -> Iterator[tuple[str, PruneChannels]]:
        """Yield that of none."""
        yield "No pruning", cls(0.0)
