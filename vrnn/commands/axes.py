"""Which sample, frame or slice is shown, and what the axes of a layer's tensor hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType

from vrnn.commands.base import (
    Command,
    UndoableCommand,
    check_choice,
    layer_key,
    layer_name,
    operation_key,
    require_layer,
)
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.network.axes import (
    AXIS_ROLES,
    CHOICE_NAMES,
    CHOICE_PLURALS,
    CHOICE_ROLES,
    AxisRole,
    default_index,
)
from vrnn.scene.picking import Hit
from vrnn.scene.state import LayerState, State
from vrnn.scene.world import World

REPEATED_ROLES: frozenset[AxisRole] = frozenset({"other", "token", "head"})
"""Roles that several axes of one tensor may have."""


@dataclass(frozen=True)
class _Choice(UndoableCommand):
    """A change of which index of some axes is shown.

    Attributes:
        role: Of the axes: `batch` (samples), `time` (frames), `depth` (slices) or `other`; none for
            the first of these of which the network has several.
        network: The number of the network, from 0.
    """

    role: AxisRole | None = None
    network: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state with the other index."""
        role, count = choice_axis(world, self.network, self.role)
        present = state.shown_index(self.network, role, count)
        index = self.chosen(present, role, count)
        return state.with_shown_index(self.network, role, count, index)

    def chosen(self, present: int | None, role: AxisRole, count: int) -> int | None:
        """Give the index afterwards; None for all side by side.

        Args:
            present: The index that is shown now.
            role: Of the axes.
            count: Length of the longest of them.
        """
        raise NotImplementedError

    def message(self, context: CommandContext) -> str:
        """Say which is shown."""
        role, count = choice_axis(context.world, self.network, self.role)
        index = context.world.state.shown_index(self.network, role, count)
        return choice_text(role, index, count)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Choose in the network that is pointed at, first among the axes of the layer."""
        network = min(context.world.networks, default=0) if hit is None else hit.slot
        role, _ = choice_axis(context.world, network, _role_at(context.world, hit))
        return cls(role=role, network=network)


@command(
    "axes.show_index",
    "Show sample, frame or slice",
    pointer="Layer panel",
    controller="board: Layer",
)
@dataclass(frozen=True)
class ShowIndex(_Choice):
    """Show one sample of a batch, frame of a video or slice of a volume in all layers.

    Attributes:
        role: Of the axes: `batch` (samples), `time` (frames), `depth` (slices) or `other`; none for
            the first of these of which the network has several.
        network: The number of the network, from 0.
        index: The sample, frame or slice, from 0.
    """

    index: int = 0

    def chosen(self, present: int | None, role: AxisRole, count: int) -> int | None:
        """Give the index."""
        if not 0 <= self.index < count:
            what = CHOICE_NAMES[role]
            raise VrnnError(f"there is no {what} {self.index}; choose one from 0 to {count - 1}")
        return self.index


@command(
    "axes.show_next",
    "Show next sample, frame or slice",
    menu=Menu.INPUT,
    key="PERIOD",
    help="the next sample of a batch, frame of a video or slice of a volume",
    pointer="Layer panel",
    controller="board: Layer",
)
@dataclass(frozen=True)
class ShowNext(_Choice):
    """Show the next sample, frame or slice; after the last one the first."""

    def chosen(self, present: int | None, role: AxisRole, count: int) -> int | None:
        """Give the index after the present one."""
        return 0 if present is None else (present + 1) % count


@command(
    "axes.show_previous",
    "Show previous sample, frame or slice",
    menu=Menu.INPUT,
    key="COMMA",
    help="the previous sample, frame or slice",
    pointer="Layer panel",
    controller="board: Layer",
)
@dataclass(frozen=True)
class ShowPrevious(_Choice):
    """Show the sample, frame or slice before; before the first one the last."""

    def chosen(self, present: int | None, role: AxisRole, count: int) -> int | None:
        """Give the index before the present one."""
        return count - 1 if present is None else (present - 1) % count


@command(
    "axes.show_side_by_side",
    "Show samples, frames or slices side by side",
    menu=Menu.INPUT,
    pointer="Layer panel",
    controller="board: Layer",
)
@dataclass(frozen=True)
class ShowSideBySide(_Choice):
    """Show all samples, frames or slices side by side, or only one again.

    Attributes:
        role: Of the axes: `batch` (samples), `time` (frames), `depth` (slices) or `other`; none for
            the first of these of which the network has several.
        network: The number of the network, from 0.
        on: Whether all are shown; none for the other way round.
    """

    on: bool | None = None

    def chosen(self, present: int | None, role: AxisRole, count: int) -> int | None:
        """Give none for all, or the first index."""
        on = present is not None if self.on is None else self.on
        if on:
            return None
        return default_index(role, count) if present is None else present


@command(
    "axes.set_roles",
    "Set what the axes of a layer hold",
    pointer="Layer panel",
    controller="board: Layer",
)
@dataclass(frozen=True)
class SetAxisRoles(UndoableCommand):
    """Set what each axis of a layer's tensor holds, where it was not found out or not rightly.

    Attributes:
        layer: Its name, or a part that only one layer's name has.
        network: The number of its network, from 0.
        axes: The role of each axis, the batch included: `batch`, `channel`, `height`, `width`,
            `depth`, `time`, `token`, `head`, `query`, `key`, `node` or `other`.
    """

    layer: str
    network: int = 0
    axes: tuple[AxisRole, ...] = ()

    def apply(self, state: State, world: World) -> State:
        """Give the state with these roles."""
        key = operation_key(world, self.network, self.layer)
        network = world.networks[key[0]]
        count = len(network.network.by_id[network.node_ids[key[1]]].axes)
        if not self.axes or (count and len(self.axes) != count):
            raise VrnnError(
                f"'{key[1]}' has {count} axes, not {len(self.axes)}; give the role of each one"
            )
        for role in self.axes:
            check_choice("axis role", role, AXIS_ROLES)
            if role not in REPEATED_ROLES and self.axes.count(role) > 1:
                raise VrnnError(f"only one axis of '{key[1]}' can be its {role}")
        return state.with_layer(key, replace(state.layer(key), axes=self.axes))


@command(
    "axes.forget_roles",
    "Reset the axes of a layer",
    menu=Menu.LAYER,
    pointer="Layer panel",
    controller="board: Layer",
)
@dataclass(frozen=True)
class ForgetAxisRoles(UndoableCommand):
    """Take back what the user set for the axes of a layer, so that those found hold again.

    Attributes:
        layer: Its name, or a part that only one layer's name has; '' for all layers.
        network: The number of its network, from 0.
    """

    layer: str = ""
    network: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state without these roles."""
        if self.layer:
            key = layer_key(world, self.network, self.layer)
            return state.with_layer(key, replace(state.layer(key), axes=()))
        layers = {key: replace(layer, axes=()) for key, layer in state.layers.items()}
        changed = {key: layer for key, layer in layers.items() if layer != LayerState()}
        return replace(state, layers=MappingProxyType(changed))

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Forget those of the layer that is pointed at."""
        hit = require_layer(hit, "a layer to reset its axes")
        name = layer_name(context.world, hit)
        if not context.world.state.layer((hit.slot, name)).axes:
            raise VrnnError("nothing was set for the axes of this layer")
        return cls(name, hit.slot)

    @classmethod
    def variants(cls) -> Iterator[tuple[str, ForgetAxisRoles]]:
        """Yield the one that forgets all."""
        yield "Reset the axes of all layers", cls()


def choice_axis(world: World, network: int, role: AxisRole | None) -> tuple[AxisRole, int]:
    """Find axes of which one index is shown.

    Args:
        world: Holds the networks.
        network: The number of the network.
        role: Of the axes; None for the first in the order of samples, frames, slices, others.

    Returns:
        Their role, and the length of the longest.

    Raises:
        VrnnError: The network has none.
    """
    if network not in world.networks:
        raise VrnnError(f"there is no network {network}; they are numbered from 0")
    counts = world.networks[network].network.choice_counts
    if role is None:
        role = next((known for known in CHOICE_NAMES if known in counts), None)
    if role is None:
        raise VrnnError(
            "there is nothing to choose: this network has one sample, and no frames or slices"
        )
    if role not in CHOICE_ROLES:
        known = ", ".join(CHOICE_NAMES)
        raise VrnnError(f"of an axis with the role '{role}' all is shown: choose one of {known}")
    if role not in counts:
        others = " and ".join(CHOICE_PLURALS[known] for known in counts)
        only = f", only {others}" if others else ""
        raise VrnnError(f"this network has no {CHOICE_PLURALS[role]} to choose from{only}")
    return role, counts[role]


def choice_text(role: AxisRole, index: int | None, count: int) -> str:
    """Return what is shown of some axes: `frame 3 (0 to 7)`, or `8 frames side by side`."""
    if index is None:
        return f"{count} {CHOICE_PLURALS[role]} side by side"
    return f"{CHOICE_NAMES[role]} {index} (0 to {count - 1})"


def _role_at(world: World, hit: Hit | None) -> AxisRole | None:
    """The role of the first axis of which a layer shows one index; None without such a layer."""
    if hit is None or hit.layer is None or hit.slot not in world.networks:
        return None
    node = world.visible_node(hit.slot, hit.node)
    counts = world.networks[hit.slot].network.choice_counts
    return next((node.axes[i].role for i in node.choices if node.axes[i].role in counts), None)
