"""What the legend says while maps are compared with those of another network."""

from __future__ import annotations

from vrnn.network.comparison import distinct_titles
from vrnn.network.picture_kinds import DIFFERENCE_PICTURE
from vrnn.scene.world import World


def difference_legend(world: World) -> tuple[str, str] | None:
    """Return what is compared, and what its colors span; None while nothing is."""
    now = world.state.comparison
    slots = {
        slot for (slot, _), layer in world.state.layers.items()
        if layer.picture == DIFFERENCE_PICTURE
    }  # fmt: skip
    if not slots & {now.first, now.second} or not {now.first, now.second} <= world.networks.keys():
        return None
    titles = distinct_titles(*(world.networks[s].info.title for s in (now.first, now.second)))
    own, other = titles if now.first in slots and now.second not in slots else titles[::-1]
    return f"maps of {own} less those of {other}", "each layer scaled to its own max"
