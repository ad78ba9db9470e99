"""Where each layer stands: the entry to the arrangements."""

from __future__ import annotations

from collections.abc import Mapping

from vrnn.errors import VrnnError
from vrnn.network.graph import Network
from vrnn.scene.layout.conveyor import conveyor
from vrnn.scene.layout.terrace import terrace
from vrnn.scene.layout.types import (
    LABEL_STRIP,
    Footprint,
    Layout,
    PanelPlacement,
    Route,
    TerraceRow,
)

__all__ = [
    "ARRANGEMENTS",
    "LABEL_STRIP",
    "Footprint",
    "Layout",
    "PanelPlacement",
    "Route",
    "TerraceRow",
    "arrange",
]

ARRANGEMENTS = {"terrace": terrace, "conveyor": conveyor}
"""Every arrangement by its name; the first is the usual one."""


def arrange(
    network: Network, footprints: Mapping[int, Footprint], arrangement: str = "terrace"
) -> Layout:
    """Place every node of a network and route every edge. The same input gives the same layout.

    footprints: the room each node needs, by node id.
    Raises VrnnError when there is no such arrangement or a node has no footprint.
    """
    if arrangement not in ARRANGEMENTS:
        known = ", ".join(ARRANGEMENTS)
        raise VrnnError(f"no arrangement '{arrangement}': choose one of {known}")
    missing = [node.name for node in network.nodes if node.id not in footprints]
    if missing:
        raise VrnnError(f"layer '{missing[0]}' has no size: give a Footprint for every node")
    if not network.nodes:
        return Layout({}, (), (), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    return ARRANGEMENTS[arrangement](network, footprints)
