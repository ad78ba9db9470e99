"""Whether the strongest sources and targets of a channel light up: a part of the `State`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from vrnn.network.channel_paths import PathValues
from vrnn.storage.limits import Range

MAX_STRONGEST = 20
"""Channels of a layer that light up at most."""
Strongest = Annotated[int, Range(1, MAX_STRONGEST)]


@dataclass(frozen=True)
class PathState:
    """The strongest sources and targets of a channel.

    Attributes:
        shown: Whether they light up.
        network: Number of the network of the channel that is shown while none is pointed at.
        layer: Name of its layer; '' for none.
        channel: That channel.
        values: What links are measured by.
        strongest: How many channels of each layer light up.
    """

    shown: bool = False
    network: Annotated[int, Range(0, 10**9)] = 0
    layer: str = ""
    channel: Annotated[int, Range(0, 10**9)] = 0
    values: PathValues = "weight"
    strongest: Strongest = 3


NO_PATHS = PathState()
"""None light up."""
