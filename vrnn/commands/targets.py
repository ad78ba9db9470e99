"""What can be done to the layer that is pointed at, as actions: for keys, the mouse and hands."""

from __future__ import annotations

from collections.abc import Callable

from vrnn.commands.base import Command
from vrnn.commands.display import Fold
from vrnn.commands.layers import Ablate, PinLayer, ResetLayer, ShowFeatureVisualization, UnpinLayer
from vrnn.commands.session import GoToView, ShowTopActivations
from vrnn.errors import VrnnError
from vrnn.features.presets import presets
from vrnn.features.settings import FeatureVisSettings
from vrnn.scene.picking import Hit
from vrnn.scene.world import World


def layer_name(world: World, hit: Hit) -> str:
    """The layer's name."""
    return world.networks[hit.slot].network.by_id[hit.node].name


def require_layer(hit: Hit | None, for_what: str) -> Hit:
    """The hit, when it is on a layer. Raises VrnnError saying what it is needed for."""
    if hit is None or hit.layer is None:
        raise VrnnError(f"point at {for_what}")
    return hit


def show_top_activations(world: World, hit: Hit | None) -> Command:
    """Show the images that excite the channel most; none any more where no layer is pointed at."""
    if hit is None or hit.layer is None:
        return ShowTopActivations()
    return ShowTopActivations(layer_name(world, hit), max(hit.channel, 0), hit.slot)


def ablate(world: World, hit: Hit | None, one_position: bool = False) -> Command:
    """Switch the channel off, or on again; or only one position of all. Raises VrnnError."""
    hit = require_layer(hit, "a channel to switch it off, or on again")
    channels = (hit.channel,) if hit.channel >= 0 else ()
    position = (hit.row, hit.column) if one_position else None
    return Ablate(layer_name(world, hit), hit.slot, channels, position)


def cycle_pin(world: World, hit: Hit | None) -> Command:
    """Keep a double of the layer; then the difference to it; then none. Raises VrnnError."""
    hit = require_layer(hit, "a layer to keep a double of it as it is now")
    name = layer_name(world, hit)
    mine = [pin for pin in world.state.pins if pin.beside == name]
    kinds = ("kept", "difference", "")
    kind = kinds[(kinds.index(mine[0].kind) + 1) % 3] if mine else "kept"
    return PinLayer(name, hit.slot, kind=kind) if kind else UnpinLayer(mine[0].number)


def toggle_feature_visualization(
    world: World, hit: Hit | None, settings: FeatureVisSettings | None = None
) -> Command:
    """Show what the layer's channels look for, made so (None: quickly); or its maps again. Raises
    VrnnError."""
    hit = require_layer(hit, "a layer to see what its channels look for")
    name = layer_name(world, hit)
    shown = world.state.layer((hit.slot, name)).features is not None
    return ShowFeatureVisualization(
        name, hit.slot, None if shown else settings or presets()["quick"]
    )


def toggle_fold(world: World, hit: Hit | None) -> Command:
    """Fold the layer, or open it or the module that it stands for. Raises VrnnError."""
    hit = require_layer(hit, "a layer to fold it")
    boxes = world.placement_frame(hit.slot).placement.folded.folded_modules
    return Fold(boxes.get(hit.node, layer_name(world, hit)), hit.slot)


def go_to_layer(world: World, hit: Hit | None) -> Command:
    """Go before the layer. Raises VrnnError."""
    hit = require_layer(hit, "a layer to go there")
    return GoToView(f"layer:{world.visible_node(hit.slot, hit.node).name}", hit.slot)


def reset_layer(world: World, hit: Hit | None) -> Command:
    """Put the layer back as it was at first. Raises VrnnError."""
    hit = require_layer(hit, "a layer to put it back")
    return ResetLayer(world.visible_node(hit.slot, hit.node).name, hit.slot)


CommandFactory = Callable[[World, Hit | None], Command]
"""What makes an action of what is pointed at."""
