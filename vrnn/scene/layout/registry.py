"""The registry of arrangements: a function that places a network, by its name.

    @arrangement("terrace", title="Terrace", overview=(0.0, -17.0))
    def terrace(network: Network, footprints: Mapping[int, Footprint], aspect: float) -> Layout:
        ...

One that does not care for the shape of the picture leaves `aspect` out.

Whatever offers arrangements reads `registered()`; nothing else has to be changed for a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import signature

from vrnn.errors import VrnnError
from vrnn.network.graph import Network
from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT
from vrnn.scene.layout.types import Footprint, Layout

PlaceNetwork = Callable[..., Layout]
"""Places a network of at least one node; see `arrange` for the footprints and, as `aspect`, the
width / height of the picture."""


@dataclass(frozen=True)
class Arrangement:
    """Everything that is declared of an arrangement.

    Attributes:
        name: How files, scripts and the command line call it, unique.
        title: What the user reads, in sentence case.
        overview: Yaw and pitch, in degrees, of the camera that shows the whole network.
        place: Places a network.
        fits_aspect: Whether it is also given the width / height of the picture.
    """

    name: str
    title: str
    overview: tuple[float, float]
    place: PlaceNetwork
    fits_aspect: bool


_ARRANGEMENTS: dict[str, Arrangement] = {}


def arrangement(
    name: str, *, title: str, overview: tuple[float, float] = (0.0, -17.0)
) -> Callable[[PlaceNetwork], PlaceNetwork]:
    """Register the function that the decorator stands before.

    The same network and footprints have to give the same layout.

    Args:
        name: How files, scripts and the command line call it, unique.
        title: What the user reads, in sentence case.
        overview: Yaw and pitch, in degrees, of the camera that shows the whole network.

    Returns:
        A decorator that returns the function as it is.

    Raises:
        VrnnError: When the name is taken.
    """
    if name in _ARRANGEMENTS:
        raise VrnnError(f"there is already an arrangement '{name}'")

    def register(place: PlaceNetwork) -> PlaceNetwork:
        fits_aspect = "aspect" in signature(place).parameters
        _ARRANGEMENTS[name] = Arrangement(name, title, overview, place, fits_aspect)
        return place

    return register


def registered() -> tuple[Arrangement, ...]:
    """Return every arrangement in the order of registration; the first is the default."""
    return tuple(_ARRANGEMENTS.values())


def arrangement_names() -> tuple[str, ...]:
    """Return the name of every arrangement in the order of registration."""
    return tuple(_ARRANGEMENTS)


def find_arrangement(name: str) -> Arrangement:
    """Return an arrangement by its name, in which hyphens may stand for spaces.

    Raises:
        VrnnError: When there is none of that name.
    """
    name = name if name in _ARRANGEMENTS else name.replace("-", " ").replace("_", " ")
    if name not in _ARRANGEMENTS:
        known = ", ".join(_ARRANGEMENTS)
        raise VrnnError(f"no arrangement '{name}': choose one of {known}")
    return _ARRANGEMENTS[name]


def arrange(
    network: Network, footprints: Mapping[int, Footprint], name: str, aspect: float = PICTURE_ASPECT
) -> Layout:
    """Place every node of a network and route every edge.

    Args:
        network: The network.
        footprints: The room that each node needs, by node id.
        name: Of the arrangement.
        aspect: Width / height of the picture that it is to fill.

    Raises:
        VrnnError: When there is no such arrangement, or a node has no footprint.
    """
    found = find_arrangement(name)
    missing = [node.name for node in network.nodes if node.id not in footprints]
    if missing:
        raise VrnnError(f"layer '{missing[0]}' has no size: give a Footprint for every node")
    if not network.nodes:
        return Layout({}, (), (), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    if not found.fits_aspect:
        return found.place(network, footprints)
    return replace(found.place(network, footprints, aspect=aspect), aspect=aspect)
