"""Layers by the names that people write: of a layer, a part of one, a module or a stage."""

from __future__ import annotations

import difflib

from vrnn.errors import VrnnError
from vrnn.scene.world import World

MAX_NAMES = 6
"""Layers of a similar name that a message lists."""


def find_layer(world: World, name: str, network: int | None = None) -> tuple[int, int]:
    """Return slot and node of a layer.

    Args:
        world: The world.
        name: Of the layer, a part of it that only one has, or that of a folded module.
        network: Slot of the only network to look in; None for all.

    Raises:
        VrnnError: When there is no such layer, or several.
    """
    if network is not None:
        check_network(world, network)
    slots = world.slots if network is None else (network,)
    for slot in slots:
        folded = world.placement_frame(slot).placement.folded.folded_modules
        for node, module in folded.items():
            if module == name:
                return slot, node
    names = {
        (slot, node.id): node.name for slot in slots for node in world.networks[slot].network.nodes
    }
    exact = [key for key, value in names.items() if value == name]
    if exact:
        return exact[0]
    partial = [key for key, value in names.items() if name.lower() in value.lower()]
    if len(partial) == 1:
        return partial[0]
    if partial:
        some = ", ".join(names[key] for key in partial[:MAX_NAMES])
        more = ", …" if len(partial) > MAX_NAMES else ""
        raise VrnnError(
            f"ambiguous name '{name}': {len(partial)} layers have it in theirs ({some}{more})"
        )
    close = difflib.get_close_matches(name, list(names.values()), 4, 0.4)
    hint = f"close to it: {', '.join(close)}" if close else "`vrnn graph` lists them all"
    raise VrnnError(f"there is no layer '{name}'; {hint}")


def check_network(world: World, network: int) -> None:
    """Raise VrnnError unless a network is open."""
    if network not in world.networks:
        several = len(world.slots) > 1
        known = f"{world.slots[0]} to {world.slots[-1]} are open" if several else "only 0 is open"
        raise VrnnError(
            f"there is no network {network}: {known}" if world.slots else "no network is open yet"
        )


def stage_names(world: World, slot: int) -> tuple[str, ...]:
    """Return the names of a network's stages as they stand at its rows, each once."""
    rows = world.placement_frame(slot).placement.layout.rows
    return tuple(dict.fromkeys(row.name for row in rows if row.name))


def nodes_of_part(world: World, slot: int, name: str) -> tuple[int, ...]:
    """Return the layers of a module or of a stage, as the names in the world have it.

    Args:
        world: The world.
        slot: The network.
        name: Of the module, the end of it that only one has (`denseblock2`), or that of a stage.

    Returns:
        Node ids; none where there is no such part.
    """
    modules = world.networks[slot].modules
    if name in modules:
        return tuple(modules[name])
    rows = world.placement_frame(slot).placement.layout.rows
    stage = tuple(node for row in rows if row.name == name for node in row.node_ids)
    if stage:
        return stage
    ends = [module for module in modules if module.endswith(f".{name}")]
    return tuple(modules[ends[0]]) if len(ends) == 1 else ()
