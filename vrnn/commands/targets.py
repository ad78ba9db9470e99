"""What can be done to the layer that is pointed at, as actions: for keys, the mouse and hands."""

from __future__ import annotations

from collections.abc import Callable

from vrnn.commands.base import Action
from vrnn.commands.display import Fold
from vrnn.commands.layers import PinLayer, Reset, ShowFeatures, SwitchOff, Unpin
from vrnn.commands.session import FindTop, Look
from vrnn.errors import VrnnError
from vrnn.features.presets import presets
from vrnn.features.settings import Ascent
from vrnn.scene.picking import Hit
from vrnn.scene.world import World


def name_of(world: World, hit: Hit) -> str:
    """The layer's name."""
    return world.stands[hit.slot].network.by_id[hit.node].name


def needed(hit: Hit | None, for_what: str) -> Hit:
    """The hit, when it is on a layer. Raises VrnnError saying what it is needed for."""
    if hit is None or hit.layer is None:
        raise VrnnError(f"point at {for_what}")
    return hit


def top_images(world: World, hit: Hit | None) -> Action:
    """Show the images that excite the channel most; none any more where no layer is pointed at."""
    if hit is None or hit.layer is None:
        return FindTop()
    return FindTop(name_of(world, hit), max(hit.channel, 0), hit.slot)


def switched(world: World, hit: Hit | None, one_position: bool = False) -> Action:
    """Switch the channel off, or on again; or only one position of all. Raises VrnnError."""
    hit = needed(hit, "a channel to switch it off, or on again")
    channels = (hit.channel,) if hit.channel >= 0 else ()
    position = (hit.row, hit.column) if one_position else None
    return SwitchOff(name_of(world, hit), hit.slot, channels, position)


def doubled(world: World, hit: Hit | None) -> Action:
    """Keep a double of the layer; then the difference to it; then none. Raises VrnnError."""
    hit = needed(hit, "a layer to keep a double of it as it is now")
    name = name_of(world, hit)
    mine = [pin for pin in world.state.pins if pin.beside == name]
    kinds = ("kept", "difference", "")
    kind = kinds[(kinds.index(mine[0].kind) + 1) % 3] if mine else "kept"
    return PinLayer(name, hit.slot, kind=kind) if kind else Unpin(mine[0].number)


def pictured(world: World, hit: Hit | None, settings: Ascent | None = None) -> Action:
    """Show what the layer's channels look for, made so (None: quickly); or its maps again. Raises
    VrnnError."""
    hit = needed(hit, "a layer to see what its channels look for")
    name = name_of(world, hit)
    shown = world.state.layer((hit.slot, name)).features is not None
    return ShowFeatures(name, hit.slot, None if shown else settings or presets()["quick"])


def folded(world: World, hit: Hit | None) -> Action:
    """Fold the layer, or open it or the module that it stands for. Raises VrnnError."""
    hit = needed(hit, "a layer to fold it")
    boxes = world.pose(hit.slot).standing.folded.boxes
    return Fold(boxes.get(hit.node, name_of(world, hit)), hit.slot)


def gone_to(world: World, hit: Hit | None) -> Action:
    """Go before the layer. Raises VrnnError."""
    hit = needed(hit, "a layer to go there")
    return Look(f"layer:{world.seen(hit.slot, hit.node).name}", hit.slot)


def put_back(world: World, hit: Hit | None) -> Action:
    """Put the layer back as it was at first. Raises VrnnError."""
    hit = needed(hit, "a layer to put it back")
    return Reset(world.seen(hit.slot, hit.node).name, hit.slot)


Doing = Callable[[World, Hit | None], Action]
"""What makes an action of what is pointed at."""
