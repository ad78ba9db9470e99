"""By how much the maps of a network have changed since another step of its training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

from vrnn.commands.base import Command, UndoableCommand, following
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.scene.picking import Hit
from vrnn.scene.state import State
from vrnn.scene.training_pictures import with_training
from vrnn.scene.training_state import StepReference
from vrnn.scene.world import World

ORDER: tuple[StepReference, ...] = get_args(StepReference)


@command(
    "training.difference",
    "Change since the first or previous step",
    menu=Menu.DISPLAY,
    key="CONTROL+W",
    help="training: by how much maps changed since the first, or the previous, step",
    pointer="time line",
    controller="board: Training",
)
@dataclass(frozen=True)
class ShowStepDifference(UndoableCommand):
    """Show by how much maps changed since the first or the previous recorded step, or maps.

    Where layers show weights, it is these.

    Attributes:
        to: The step: `first`, `previous`, or nothing for maps; none for the next of these.
    """

    to: StepReference | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.training.difference
        to = following(ORDER, now) if self.to is None else self.to
        if to and 0 not in world.networks:
            raise VrnnError("no network is open yet")
        values = state.training.values
        values = "activations" if values == "gradients" else values
        return with_training(state, replace(state.training, difference=to, values=values), world)

    def run(self, context: CommandContext) -> None:
        """Show it, if a training is open."""
        if self.to != "":
            context.workspace.training.check(None)
        super().run(context)

    def message(self, context: CommandContext) -> str:
        """Say what the colors mean, or that maps are shown."""
        training = context.world.state.training
        to = training.difference
        if not to:
            return "maps as usual" if training.values == "activations" else "weights as they are"
        what = "" if training.values == "activations" else "weights: "
        return f"{what}change since the {to} step: orange more, blue less"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show the next of first, previous, and maps, if a training is open."""
        context.workspace.training.check(None)
        return cls()

    @classmethod
    def variants(cls) -> Iterator[tuple[str, ShowStepDifference]]:
        """Yield all three."""
        yield "Change since the first step of the training", cls("first")
        yield "Change since the previous step of the training", cls("previous")
        yield "Maps in place of what the training changed", cls("")
