"""Networks side by side: one pointer for all, and what differs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from vrnn.commands.base import Command, UndoableCommand
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.network.picture_kinds import DIFFERENCE_PICTURE
from vrnn.scene.comparison_state import NetworkNumber
from vrnn.scene.layer_names import check_network, find_layer
from vrnn.scene.picking import Hit
from vrnn.scene.state import State
from vrnn.scene.world import World

ONE_NETWORK = (
    "only one network is open, so there is nothing to compare it with; start with --model A "
    "--model B"
)


def check_several(world: World) -> None:
    """Raise VrnnError unless several networks are open."""
    if len(world.slots) < 2:
        raise VrnnError(ONE_NETWORK if world.slots else "no network is open yet")


@command(
    "compare.link",
    "One pointer and view for all networks",
    menu=Menu.VIEW,
    key="CONTROL+H",
    help="mark what you point at in all networks; go to the layers of all at once",
    pointer="Compare panel",
    controller="board: Compare",
)
@dataclass(frozen=True)
class LinkNetworks(UndoableCommand):
    """Mark what is pointed at in all networks, and frame matched layers of all, or of one only.

    Attributes:
        on: Whether they are linked; none for the other way round.
    """

    on: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.comparison
        linked = not now.linked if self.on is None else self.on
        if linked:
            check_several(world)
        return replace(state, comparison=replace(now, linked=linked))

    def message(self, context: CommandContext) -> str:
        """Say whether they are."""
        linked = context.world.state.comparison.linked
        return "one pointer for all networks" if linked else "a pointer for each network"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Link them or not."""
        check_several(context.world)
        return cls()


@command(
    "compare.differences",
    "Differences from the other network's maps",
    menu=Menu.DISPLAY,
    key="CONTROL+O",
    help="maps of the second network show by how much they differ from those of the first",
    pointer="Compare panel",
    controller="board: Compare",
)
@dataclass(frozen=True)
class ShowDifferences(UndoableCommand):
    """Show by how much maps of one network differ from those of the matching layers of another.

    Attributes:
        layer: Name of a layer; '' for all that match one of the other network.
        network: The number of its network, from 0; none for the second that is compared.
        on: Whether differences are shown; none for the other way round.
    """

    layer: str = ""
    network: int | None = None
    on: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.comparison
        slot = now.second if self.network is None else self.network
        shown = [
            key for key, one in state.layers.items()
            if one.picture == DIFFERENCE_PICTURE and key[0] == slot and self.layer in ("", key[1])
        ]  # fmt: skip
        if self.on is False or (self.on is None and shown):
            for key in shown:
                state = state.with_layer(key, replace(state.layer(key), picture=""))
            return state
        check_several(world)
        check_network(world, slot)
        other = now.first if slot != now.first else now.second
        check_network(world, other)
        matching = world.matcher.matching(world.networks, slot, other)
        network = world.networks[slot].network
        names = [
            network.by_id[pair.first].name
            for pair in matching.pairs
            if pair.first not in network.inputs
        ]
        if self.layer:
            node = find_layer(world, self.layer, slot)[1]
            name = world.visible_node(slot, node).name
            if name not in names:
                raise VrnnError(f"no layer of network {other} matches '{name}'; choose another")
            names = [name]
        if not names:
            raise VrnnError(f"no layer of network {slot} matches one of network {other}")
        for name in names:
            layer = replace(state.layer((slot, name)), picture=DIFFERENCE_PICTURE)
            state = state.with_layer((slot, name), layer)
        return state

    def message(self, context: CommandContext) -> str:
        """Say what the colors mean, or that maps are shown."""
        pictures = {layer.picture for layer in context.world.state.layers.values()}
        if DIFFERENCE_PICTURE not in pictures:
            return "maps as usual"
        return "difference of maps: orange more, blue less than in the other network"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show those of all layers, or none."""
        check_several(context.world)
        return cls()


@command(
    "compare.cka",
    "Similarity of layers (CKA)",
    menu=Menu.DISPLAY,
    key="CONTROL+X",
    help="a board with the similarity of the layers of two networks over the data set",
    pointer="Compare panel",
    controller="board: Compare",
)
@dataclass(frozen=True)
class ShowCka(UndoableCommand):
    """Show linear CKA of all layers of two networks on a board, found over the data set as a job.

    Attributes:
        on: Whether it is shown; none for the other way round.
    """

    on: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.comparison
        shown = not now.cka if self.on is None else self.on
        if shown:
            check_several(world)
            check_network(world, now.first)
            check_network(world, now.second)
        return replace(state, comparison=replace(now, cka=shown))

    def run(self, context: CommandContext) -> None:
        """Refuse where there is no data set, else make the change."""
        self._check(context)
        super().run(context)

    def _check(self, context: CommandContext) -> None:
        now = context.world.state.comparison
        if self.on or (self.on is None and not now.cka):
            check_several(context.world)
            context.workspace.comparison.check(now.first, now.second)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show it, or not."""
        made = cls()
        made._check(context)
        return made


@command("compare.networks", "Choose the networks that are compared", pointer="Compare panel")
@dataclass(frozen=True)
class ChooseNetworks(UndoableCommand):
    """Choose which two of several networks are compared.

    Attributes:
        first: Number of the network that the other is compared with, from 0.
        second: Number of the other.
    """

    first: NetworkNumber = 0
    second: NetworkNumber = 1

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        check_several(world)
        check_network(world, self.first)
        check_network(world, self.second)
        if self.first == self.second:
            raise VrnnError(f"network {self.first} cannot be compared with itself; choose two")
        now = replace(state.comparison, first=self.first, second=self.second)
        return replace(state, comparison=now)


@command("compare.scores", "Score both networks over the data set", pointer="Compare panel")
@dataclass(frozen=True)
class CompareScores(Command):
    """Ask both networks for the class of each image of the data set, as a job."""

    def run(self, context: CommandContext) -> None:
        """Begin."""
        check_several(context.world)
        context.workspace.comparison.find_answers()

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Begin, if there are two networks and a data set."""
        check_several(context.world)
        now = context.world.state.comparison
        context.workspace.comparison.check(now.first, now.second)
        return cls()


@command("compare.save_cka", "Save CKA", pointer="Compare panel")
@dataclass(frozen=True)
class SaveCka(Command):
    """Write the CKA that is shown into a folder: `cka.csv`, and `cka.png` with names.

    Attributes:
        folder: The folder.
    """

    folder: Path = Path("compared")

    def run(self, context: CommandContext) -> None:
        """Write it."""
        context.exporter.save_cka(self.folder, *context.workspace.comparison.shown_cka())

    def message(self, context: CommandContext) -> str:
        """Say where."""
        return f"CKA saved in {self.folder}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Write it, if it is shown."""
        if not context.world.state.comparison.cka:
            raise VrnnError("show the similarity of layers (CKA) of two networks first")
        return cls()
