"""A training over time: which recorded step is shown, and its playback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

from vrnn.commands.base import Command, UndoableCommand, check_range
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.scene.picking import Hit
from vrnn.scene.state import State
from vrnn.scene.training_state import Step
from vrnn.scene.world import World
from vrnn.storage.limits import Range

NEEDS_TRAINING = "no training is open: start with --recording FOLDER, or vrnn watch"
Speed = Annotated[float, Range(0.1, 100.0)]
"""Recorded steps per second."""


@command(
    "training.go_to_step",
    "Next step of the training",
    menu=Menu.INPUT,
    key="CONTROL+J",
    help="training: next recorded step",
    pointer="time line",
    controller="board: Training",
)
@dataclass(frozen=True)
class GoToStep(UndoableCommand):
    """Show the network as it was at a step of its training, or with its own weights.

    Attributes:
        step: The step; the newest recorded one up to it is shown. None for the model's own weights.
    """

    step: Step | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        if self.step is not None:
            check_range("the step", self.step, 0, 10**15)
        return replace(state, training=replace(state.training, step=self.step, follow=False))

    def run(self, context: CommandContext) -> None:
        """Show it, where there is such a step."""
        context.workspace.training.check(self.step)
        super().run(context)

    def message(self, context: CommandContext) -> str:
        """Say which step is shown."""
        return context.workspace.training.text

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Go to the next recorded step; precisely: to the one before."""
        training = context.workspace.training
        if not training.steps:
            raise VrnnError(NEEDS_TRAINING)
        now = training.shown
        if precise:
            steps = [step for step in training.steps if now is None or step < now]
            return cls(steps[-1] if steps else training.steps[0])
        steps = [step for step in training.steps if now is None or step > now]
        return cls(steps[0] if steps else training.steps[-1])


@command(
    "training.previous_step",
    "Previous step of the training",
    menu=Menu.INPUT,
    key="CONTROL+SHIFT+J",
    help="training: previous recorded step",
    pointer="time line",
    controller="board: Training",
)
@dataclass(frozen=True)
class GoToPreviousStep(Command):
    """Show the network as it was at the recorded step before the one that is shown."""

    def run(self, context: CommandContext) -> None:
        """Show it, as a change that can be undone."""
        GoToStep.for_hit(context, None, precise=True).run(context)

    def message(self, context: CommandContext) -> str:
        """Say which step is shown."""
        return context.workspace.training.text

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Go there, if a training is open."""
        GoToStep.for_hit(context, None, precise=True)
        return cls()


@command(
    "training.follow",
    "Follow the training: newest step",
    menu=Menu.INPUT,
    key="CONTROL+T",
    help="training: follow the newest step, or stay",
    pointer="time line",
    controller="board: Training",
)
@dataclass(frozen=True)
class FollowTraining(UndoableCommand):
    """Show the newest step of the training as it comes, or stay at the one that is shown.

    Attributes:
        on: Whether it is followed; none for the other way round.
        step: The step to stay at, where it is not followed.
    """

    on: bool | None = None
    step: Step | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        follows = not state.training.follow if self.on is None else self.on
        step = state.training.step if self.step is None else self.step
        return replace(state, training=replace(state.training, step=step, follow=follows))

    def run(self, context: CommandContext) -> None:
        """Follow it, if there is one."""
        context.workspace.training.check(None)
        super().run(context)

    def message(self, context: CommandContext) -> str:
        """Say what is shown."""
        return context.workspace.training.text

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Follow, or stay at what is shown."""
        training = context.workspace.training
        training.check(None)
        return cls(not context.world.state.training.follow, training.shown)


@command(
    "training.play",
    "Play or pause the training",
    menu=Menu.INPUT,
    key="CONTROL+B",
    help="training: play its steps, or pause",
    pointer="time line",
    controller="board: Training",
)
@dataclass(frozen=True)
class PlayTraining(Command):
    """Play the recorded steps one after the other, or pause; set of it what is given.

    Attributes:
        on: Whether it plays; none for the other way round, or, with a speed or loop, as it is.
        speed: Recorded steps per second, as far as the model is fast enough.
        loop: Whether it begins again at the end.
    """

    on: bool | None = None
    speed: Speed | None = None
    loop: bool | None = None

    def run(self, context: CommandContext) -> None:
        """Do it."""
        context.workspace.training.check(None)
        context.workspace.training.play(self.on, self.speed, self.loop)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Play or pause, if a training is open."""
        context.workspace.training.check(None)
        return cls()

    @classmethod
    def variants(cls) -> Iterator[tuple[str, PlayTraining]]:
        """Yield both ways of ending."""
        yield "Play the training in a loop", cls(True, loop=True)
        yield "Play the training once", cls(True, loop=False)
