"""What an output of a network is shown as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vrnn.commands.base import Command, UndoableCommand, check_choice
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.network.output_decoding import fitting_kinds
from vrnn.network.predictions import KIND_TEXT, OUTPUT_KINDS, Output, OutputKind
from vrnn.scene.output_choices import output_beside_input, show_as, shown_outputs
from vrnn.scene.picking import Hit
from vrnn.scene.state import State
from vrnn.scene.world import World


@command(
    "output.show_as",
    "Show output as its next kind",
    menu=Menu.DISPLAY,
    pointer="Predictions panel",
    controller="board: Predictions",
)
@dataclass(frozen=True)
class ShowOutputAs(UndoableCommand):
    """Show an output as class scores, a segmentation, depth, a picture or another kind.

    Attributes:
        kind: One of the kinds that its shape allows; none for what the evidence says.
        output: Its name in the model's result, such as `logits`; '' for the one that is drawn
            beside the input.
        network: The number of its network, from 0.
    """

    kind: OutputKind | None = None
    output: str = ""
    network: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state with the output so."""
        output = find_output(state, world, self.network, self.output)
        if self.kind is not None:
            check_choice("kind of output", self.kind, OUTPUT_KINDS)
            show_as(output, self.kind)
        return state.with_output_kind(self.network, output.name, self.kind)

    def message(self, context: CommandContext) -> str:
        """Say what it is shown as."""
        output = find_output(context.world.state, context.world, self.network, self.output)
        return f"{output.name}: {KIND_TEXT[self.kind or output.kind]}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show the output beside the input as the next kind that its shape allows."""
        world = context.world
        network = min(world.networks, default=0) if hit is None else hit.slot
        output = find_output(world.state, world, network, "")
        kinds = fitting_kinds(output)
        if len(kinds) < 2:
            raise VrnnError(f"'{output.name}' can only be shown as {KIND_TEXT[output.kind]}")
        chosen = world.state.output_kind(network, output.name) or output.kind
        now = kinds.index(chosen) if chosen in kinds else -1
        return cls(kinds[(now + 1) % len(kinds)], output.name, network)

    @classmethod
    def variants(cls) -> Iterator[tuple[str, ShowOutputAs]]:
        """Yield each kind for the output beside the input."""
        for kind in OUTPUT_KINDS:
            if kind != "detections":
                yield f"Show output as {KIND_TEXT[kind]}", cls(kind)
        yield "Show output as found", cls()


def find_output(state: State, world: World, network: int, name: str) -> Output:
    """Find an output of a network by its name.

    Args:
        state: Whose choices decide which output is beside the input.
        world: Holds the networks.
        network: Number of the network.
        name: Its name; '' for the one beside the input.

    Returns:
        The output as it was decoded, whatever it is shown as.

    Raises:
        VrnnError: There is no such network or output, or no pass has run.
    """
    if network not in world.networks:
        raise VrnnError(f"there is no network {network}; they are numbered from 0")
    result = world.networks[network].result
    if result is None:
        raise VrnnError("the outputs are not computed yet; try again in a moment")
    if not name:
        beside = output_beside_input(shown_outputs(result, state, network))
        name = beside.name if beside is not None else ""
    found = next((output for output in result.outputs if output.name == name), None)
    if found is None:
        names = ", ".join(output.name for output in result.outputs) or "none that can be decoded"
        raise VrnnError(f"there is no output '{name}'; this network has {names}")
    return found
