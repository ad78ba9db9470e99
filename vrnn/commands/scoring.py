"""The score of a whole data set: shown, looked into, written as files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from vrnn.commands.base import Command, UndoableCommand, check_choice
from vrnn.commands.context import CommandContext
from vrnn.commands.export import timestamped
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.network.dataset_score import IMAGE_GROUPS, ImageGroup, Side
from vrnn.scene.layer_names import check_network
from vrnn.scene.picking import Hit
from vrnn.scene.score_state import NO_SCORE, Number
from vrnn.scene.state import State
from vrnn.scene.world import World

NEEDS_SCORE = "score the data set first, with Ctrl+M"
SIDES: tuple[Side, ...] = ("before", "now")


@command(
    "score.show",
    "Score the data set",
    menu=Menu.DISPLAY,
    key="CONTROL+M",
    help="score the whole data set, before edits and ablations and with them: confusion matrix",
    pointer="Data set score panel",
    controller="board: Data set score",
)
@dataclass(frozen=True)
class ShowScore(UndoableCommand):
    """Score the whole data set and show its confusion matrix beside the network, or hide it.

    Attributes:
        network: The number of its network, from 0.
        on: Whether it is shown; none for the other way round.
    """

    network: int = 0
    on: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        check_network(world, self.network)
        now = state.score
        is_here = now.shown and now.network == self.network
        shown = not is_here if self.on is None else self.on
        if not shown:
            return replace(state, score=NO_SCORE)
        return (
            state
            if is_here
            else replace(state, score=replace(NO_SCORE, shown=True, network=self.network))
        )

    def run(self, context: CommandContext) -> None:
        """Show it, if there is a data set."""
        if self.apply(context.world.state, context.world).score.shown:
            context.workspace.scores.check(self.network)
        super().run(context)

    def message(self, context: CommandContext) -> str:
        """Say what is shown."""
        return "the data set is scored" if context.world.state.score.shown else "score hidden"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show it for the network that is pointed at, or hide it."""
        now = context.world.state.score
        slot = now.network if hit is None or now.shown else hit.slot
        slot = slot if slot in context.world.networks else 0
        if not now.shown:
            context.workspace.scores.check(slot)
        return cls(slot)


@command(
    "score.images",
    "Images of a cell of the confusion matrix",
    pointer="click a cell of the confusion matrix",
    controller="trigger on a cell of the confusion matrix",
)
@dataclass(frozen=True)
class ShowScoredImages(UndoableCommand):
    """Show the images of a cell of the confusion matrix, or those whose answers changed.

    Attributes:
        group: `cell`, `became wrong`, `became right`; '' for none.
        side: Of a cell: `before` edits and ablations, or `now`.
        label: Of a cell: the number of the class of its images.
        answer: Of a cell: the number of the class that is answered.
    """

    group: ImageGroup | Literal[""] = "cell"
    side: Side = "now"
    label: Number = 0
    answer: Number = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        if not state.score.shown:
            raise VrnnError(NEEDS_SCORE)
        check_choice("group", self.group, (*IMAGE_GROUPS, ""))
        check_choice("side", self.side, SIDES)
        score = replace(
            state.score, group=self.group, side=self.side, label=self.label, answer=self.answer
        )
        return replace(state, score=score)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show those that became wrong."""
        if not context.world.state.score.shown:
            raise VrnnError(NEEDS_SCORE)
        return cls("became wrong")


@command(
    "score.export",
    "Export the score of the data set",
    menu=Menu.SESSION,
    pointer="Session menu; Data set score panel",
    controller="board: Session",
)
@dataclass(frozen=True)
class ExportScore(Command):
    """Write the score that is shown as CSV files and pictures.

    Attributes:
        folder: Where to.
    """

    folder: Path

    def run(self, context: CommandContext) -> None:
        """Write them."""
        if not context.world.state.score.shown:
            raise VrnnError(NEEDS_SCORE)
        context.exporter.export_score(self.folder)

    def message(self, context: CommandContext) -> str:
        """Say where they are."""
        return f"score written to {self.folder.resolve()}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Write a folder named by the time."""
        if not context.world.state.score.shown:
            raise VrnnError(NEEDS_SCORE)
        return cls(timestamped("-score"))
