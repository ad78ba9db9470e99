"""What a box of positions means that was dragged over a layer or the input."""

from __future__ import annotations

from vrnn.commands.base import Command
from vrnn.commands.relevance_conditions import RestrictRelevanceToRegion
from vrnn.commands.similarity import HoldReference
from vrnn.scene.dragged_region import DraggedRegion
from vrnn.scene.world import World


def region_command(world: World, region: DraggedRegion) -> Command:
    """Return the command that a box of positions is for.

    While similarity is shown, it is what all positions are compared with; else relevance flows
    through it only.

    Args:
        world: Tells what is shown.
        region: The box.
    """
    row, column, rows, columns = region.box
    if world.state.similarity.shown:
        return HoldReference(region.layer, row, column, rows, columns, region.network)
    box = row, column, row + rows, column + columns
    return RestrictRelevanceToRegion(region.layer, box, region.network)
