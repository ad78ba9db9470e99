"""Which layers need whole maps: those that somebody has asked for, and those seen from near."""

from __future__ import annotations

import time
from collections.abc import Callable

from vrnn.scene.seen_layers import Key
from vrnn.scene.state import State
from vrnn.scene.world import World

ASKED_SECONDS = 1.0
"""Whole maps are kept so long after somebody has asked for them."""
PORTRAIT = "portrait"
"""The picture from afar that comes with maps, whole or not."""


class AskedLayers:
    """Remembers for a while which layers somebody needs the values of."""

    def __init__(self, world: World, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with none.

        Args:
            world: Whose networks are asked, see `NetworkObject.whole_maps`.
            clock: Gives seconds.
        """
        self._world, self._clock = world, clock
        self._times: dict[Key, float] = {}

    def forget(self) -> None:
        """Take all layers as not asked for."""
        self._times.clear()

    def update(self) -> dict[Key, float]:
        """Return the layers that have been asked for lately, each with when."""
        now = self._clock()
        for slot, network in self._world.networks.items():
            for node in network.asked:
                self._times[slot, node] = now
            network.asked.clear()
        hit = self._world.hovered
        if hit is not None and hit.kind == "layer" and hit.channel >= 0 and not hit.picture:
            self._times[hit.slot, hit.node] = now
        for key in state_layers(self._world):
            self._times[key] = now
        is_recent = {
            key: since
            for key, since in self._times.items()
            if now - since <= ASKED_SECONDS and key[0] in self._world.networks
        }
        self._times = is_recent
        return is_recent


def state_layers(world: World) -> set[Key]:
    """Return the layers whose values the state shows something of, such as an order by entropy."""
    found = set()
    for (slot, name), layer in world.state.layers.items():
        network = world.networks.get(slot)
        if network is None or name not in network.node_ids:
            continue
        if layer.order == "entropy" or layer.picture:
            found.add((slot, network.node_ids[name]))
    if world.state.fold_display != "strongest":
        for slot in world.slots:
            shapes = world.placement_frame(slot).placement.panel_shapes
            found |= {(slot, node) for node, shape in shapes.items() if shape.shows_one_map}
    return found


def needs_all_values(state: State) -> bool:
    """Return whether the values of all layers are shown in some way."""
    is_by_activation = state.paths.shown and state.paths.values != "weight"
    is_other_picture = state.distant_picture not in ("", PORTRAIT)
    return is_by_activation or is_other_picture or state.similarity.shown
