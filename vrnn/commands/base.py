"""What every command is: a frozen data class that keys, mouse, controllers, panels, files and
scripts make alike, and that does its own work.

An `UndoableCommand` gives the next `State` of the world; any other runs on a `CommandContext`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Self, TypeVar

import numpy as np

from vrnn.commands.context import CommandContext
from vrnn.errors import VrnnError
from vrnn.scene.layer_names import check_network, find_layer
from vrnn.scene.picking import Hit
from vrnn.scene.state import LayerKey, LayerState, State
from vrnn.scene.world import World
from vrnn.storage.serialization import check_fields

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Command:
    """Something that a person can do."""

    def __post_init__(self) -> None:
        """Raise VrnnError when a number is out of the range that its field declares."""
        check_fields(self, choices=False)

    def run(self, context: CommandContext) -> None:
        """Do it.

        Raises:
            VrnnError: When it cannot be done; everything is then as before.
        """
        raise NotImplementedError

    def message(self, context: CommandContext) -> str:
        """What to tell the user once it is done; '' for nothing."""
        return ""

    @property
    def written_file(self) -> Path | None:
        """The file that it writes, which `--play` then prints; None for none."""
        return None

    @property
    def read_session(self) -> Path | None:
        """The session file that it opens; None for none."""
        return None

    @property
    def read_image(self) -> Path | None:
        """The image file that it puts in, which no output may overwrite; None for none."""
        return None

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Make the command that its key or menu entry means at this moment.

        Args:
            context: What the command will run on.
            hit: What is pointed at; None for nothing.
            precise: Whether the finer variant is wanted (`Shift` is held).

        Raises:
            VrnnError: When it can do nothing now, saying what it needs: menus show that.
        """
        needed = [f.name for f in fields(cls) if f.default is MISSING]
        if needed:
            raise VrnnError(f"it needs {', '.join(needed)}: use it from a script")
        return cls()

    @classmethod
    def variants(cls) -> Iterator[tuple[str, Self]]:
        """Yield title and command of each ready-made form, for the palette; none by default."""
        return iter(())


@dataclass(frozen=True)
class UndoableCommand(Command):
    """A change of the world's state, which can be undone."""

    def apply(self, state: State, world: World) -> State:
        """Give the state afterwards.

        Raises:
            VrnnError: When it cannot be done.
        """
        raise NotImplementedError

    def run(self, context: CommandContext) -> None:
        """Push the change on the undo stack and show it."""
        context.workspace.apply_command(self)

    @property
    def moved_layer(self) -> LayerKey | None:
        """Network and name of the layer that it moves or scales, and does nothing else to."""
        return None

    def outline(self, placement: np.ndarray) -> np.ndarray:
        """Give where the layer that it moves or scales would be, for a quick preview.

        Args:
            placement: (5,) x, y, z, width, height of the layer's panel without the change, meters.
        """
        return placement


@dataclass(frozen=True)
class LayerCommand(UndoableCommand):
    """A change of one layer.

    Attributes:
        layer: Its name, or a part that only one layer's name has.
        network: The number of its network, from 0.
    """

    layer: str
    network: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state with this layer changed."""
        key = layer_key(world, self.network, self.layer)
        return state.with_layer(key, self.changed(state.layer(key)))

    def changed(self, layer: LayerState) -> LayerState:
        """Give the layer's state afterwards."""
        raise NotImplementedError


def layer_key(world: World, network: int, name: str) -> tuple[int, str]:
    """Find a layer, or the folded module that stands for it, by a name or a part of one.

    Returns:
        The network's number and the full name.

    Raises:
        VrnnError: When there is no such network or layer, or several layers have that part.
    """
    check_network(world, network)
    visible = [node.name for node in world.placement_frame(network).placement.network.nodes]
    if name in visible:
        return network, name
    slot, node = find_layer(world, name, network)
    return slot, world.networks[slot].network.by_id[node].name


def operation_key(world: World, network: int, name: str) -> tuple[int, str]:
    """Find a layer as `layer_key` does; a folded module stands for its last operation.

    Returns:
        The network's number, and the full name of a layer of the network.

    Raises:
        VrnnError: When there is no such network or layer, or several layers have that part.
    """
    slot, found = layer_key(world, network, name)
    node = world.node_id(slot, found)
    assert node is not None
    return slot, world.networks[slot].network.by_id[node].name


def layer_name(world: World, hit: Hit) -> str:
    """The full name of the layer that is pointed at."""
    return world.networks[hit.slot].network.by_id[hit.node].name


def require_layer(hit: Hit | None, purpose: str) -> Hit:
    """Give the hit if it is on a layer.

    Args:
        hit: What is pointed at.
        purpose: How the refusal goes on: "point at …".

    Raises:
        VrnnError: When nothing, or no layer, is pointed at.
    """
    if hit is None or hit.layer is None:
        raise VrnnError(f"point at {purpose}")
    return hit


def check_choice(what: str, value: str, known: tuple[str, ...]) -> None:
    """Raise VrnnError unless a value is one of those known."""
    if value not in known:
        raise VrnnError(f"no {what} '{value}': choose one of {', '.join(known)}")


def following(choices: Sequence[Choice], now: Choice) -> Choice:
    """Return what comes behind one of several choices; the first one behind the last."""
    return choices[(choices.index(now) + 1) % len(choices)]


def check_range(what: str, value: float, low: float, high: float) -> None:
    """Raise VrnnError unless a number lies between two others."""
    if not low <= value <= high:
        raise VrnnError(f"{what} should lie between {low:g} and {high:g}, not {value:g}")
