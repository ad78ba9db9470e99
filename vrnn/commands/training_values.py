"""What the layers of a network show: activations, weights, or gradients of a training."""

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
from vrnn.scene.training_pictures import layers_with_kernels, with_training
from vrnn.scene.training_state import LayerValues, StepReference
from vrnn.scene.world import World

ORDER: tuple[LayerValues, ...] = get_args(LayerValues)


@command(
    "training.values",
    "Weights, gradients or activations",
    menu=Menu.DISPLAY,
    pointer="time line",
    controller="board: Training",
)
@dataclass(frozen=True)
class ShowLayerValues(UndoableCommand):
    """Show the activations, the weights or the gradients of all layers that have kernels.

    Attributes:
        values: `activations`, `weights` or `gradients`; none for the next of these.
        since: The step that they are compared with: `first`, `previous`, or nothing to show them as
            they are. Gradients are always as they are.
    """

    values: LayerValues | None = None
    since: StepReference = ""

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.training.values
        values = following(ORDER, now) if self.values is None else self.values
        if not world.networks:
            raise VrnnError("no network is open yet")
        if values != "activations" and not layers_with_kernels(world):
            raise VrnnError("no layer of this network has kernels that can be shown")
        since = "" if values == "gradients" else self.since
        return with_training(state, replace(state.training, values=values, difference=since), world)

    def run(self, context: CommandContext) -> None:
        """Show them, where they are known."""
        training = context.workspace.training
        if self.since:
            training.check(None)
        if self.values == "gradients":
            training.check_gradients()
        super().run(context)

    def message(self, context: CommandContext) -> str:
        """Say what is shown."""
        return f"layers show {context.world.state.training.values}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show the next of activations, weights and, where there are some, gradients."""
        if context.world.state.training.values == "weights":
            try:
                context.workspace.training.check_gradients()
            except VrnnError:
                return cls("activations")
        return cls()

    @classmethod
    def variants(cls) -> Iterator[tuple[str, ShowLayerValues]]:
        """Yield all three, and how weights have changed."""
        yield "Activations: maps as usual", cls("activations")
        yield "Weights in place of maps", cls("weights")
        yield "Gradients in place of maps", cls("gradients")
        yield "Change of weights since the first step of the training", cls("weights", "first")
        yield "Change of weights since the previous step", cls("weights", "previous")
