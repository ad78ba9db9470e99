"""Which connections are shown, how far they are opened, and how: a part of the `State`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from vrnn.network.connection_sums import ConnectionValues
from vrnn.storage.limits import Range
from vrnn.style.connection_colors import ConnectionPalette

LEVELS = ("to one center", "map to map", "one filter", "one position")
"""The levels of opening, 0 to 3 (Sietzen and Waldner 2021, expansion levels)."""
MAX_LEVEL = len(LEVELS) - 1
Number = Annotated[int, Range(0, 10**9)]


@dataclass(frozen=True)
class ConnectionState:
    """The connections between a layer and those that feed it.

    Attributes:
        shown: Whether they are shown.
        network: Number of the network.
        layer: Name of the layer.
        opening: How far they are opened, 0…3, see LEVELS; between two levels they move.
        values: What ribbons show.
        share: The strongest part of all that is drawn, 0…1; 0 for as many as are told apart.
        bundling: How closely ribbons run together, 0…1: from straight to bundled.
        palette: Of weights.
        channel: The map of the layer that is opened to one filter.
        row: Of the position that is opened to all its calculations.
        column: Of that position.
        running: Whether the window slides on by itself.
        kernel_sheet: Whether all kernels of the layer stand beside each other over it.
    """

    shown: bool = False
    network: int = 0
    layer: str = ""
    opening: Annotated[float, Range(0.0, 3.0)] = 1.0
    values: ConnectionValues = "weight"
    share: Annotated[float, Range(0.0, 1.0)] = 0.0
    bundling: Annotated[float, Range(0.0, 1.0)] = 0.8
    palette: ConnectionPalette = "red-blue"
    channel: Number = 0
    row: Number = 0
    column: Number = 0
    running: bool = False
    kernel_sheet: bool = False


NO_CONNECTIONS = ConnectionState()
"""None are shown."""
