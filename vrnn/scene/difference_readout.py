"""What the legend says while maps are compared with another network's, or another step's."""

from __future__ import annotations

from vrnn.network.comparison import distinct_titles
from vrnn.network.picture_kinds import DIFFERENCE_PICTURE, STEP_PICTURE
from vrnn.scene.world import World

CHANGED_VISUAL = "changed layers"
"""The frames around layers whose weights differ most."""
SPAN = "each layer scaled to its own max"
"""What the colors of differences span."""


def difference_legend(world: World) -> tuple[str, str] | None:
    """Return what is compared, and what its colors span; None while nothing is."""
    to = world.state.training.difference
    if to and any(layer.picture == STEP_PICTURE for layer in world.state.layers.values()):
        since = "the first step" if to == "first" else "the step before"
        return f"maps less those at {since} of the training", SPAN
    now = world.state.comparison
    slots = {
        slot for (slot, _), layer in world.state.layers.items()
        if layer.picture == DIFFERENCE_PICTURE
    }  # fmt: skip
    if not slots & {now.first, now.second} or not {now.first, now.second} <= world.networks.keys():
        return None
    titles = distinct_titles(*(world.networks[s].info.title for s in (now.first, now.second)))
    own, other = titles if now.first in slots and now.second not in slots else titles[::-1]
    framed = "; framed: weights changed most" if CHANGED_VISUAL in world.visuals else ""
    return f"maps of {own} less those of {other}", f"{SPAN}{framed}"
