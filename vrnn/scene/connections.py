"""The connections that are shown: which, and from where to where in the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.network.connection_sums import ConnectionValues
from vrnn.network.connections import LayerConnections
from vrnn.network.strongest_pairs import StrongestPairs
from vrnn.scene.importance import NetworkImportance
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.ribbon_net import RibbonNet, Ribbons

NEARER = 0.02
"""Meters from a panel to where ribbons begin."""


@dataclass(frozen=True, eq=False)
class MapPlaces:
    """Where the maps of a layer stand.

    Attributes:
        centers: (C, 3) float32 meters, NaN for maps that are not shown.
        sizes: (C, 2) float32 width and height, meters.
    """

    centers: np.ndarray
    sizes: np.ndarray

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The lower left corner and the upper right one of all, (3,) each."""
        half = np.concatenate([self.sizes / 2, np.zeros((len(self.sizes), 1))], 1)
        low, high = self.centers - half, self.centers + half
        return np.nanmin(low, 0), np.nanmax(high, 0)


@dataclass(frozen=True, eq=False)
class ConnectionPlaces:
    """Where the ends of a layer's connections stand.

    Attributes:
        target: Maps of the layer.
        sources: Maps of each part's source; None where it is not shown.
    """

    target: MapPlaces
    sources: tuple[MapPlaces | None, ...]

    def is_same(self, other: ConnectionPlaces) -> bool:
        """Return whether all stand where those of another are."""
        pairs = zip((self.target, *self.sources), (other.target, *other.sources), strict=True)
        return all(_is_same(a, b) for a, b in pairs)


@dataclass(frozen=True, eq=False)
class RibbonQuestion:
    """What ribbons map to map depend on.

    Attributes:
        layer: What was read.
        places: Where they end.
        values: What they show.
        count: How many there are at most.
        bundling: How closely they run together, 0…1.
        importance: By what they are wider or narrower; None for their own size alone.
    """

    layer: LayerConnections
    places: ConnectionPlaces
    values: ConnectionValues
    count: int
    bundling: float
    importance: NetworkImportance | None = None

    def is_same(self, other: RibbonQuestion) -> bool:
        """Return whether another has the same answer."""
        own = self.values, self.count, self.bundling
        return (
            own == (other.values, other.count, other.bundling)
            and self.layer is other.layer
            and self.importance is other.importance
            and self.places.is_same(other.places)
        )


@dataclass(frozen=True, eq=False)
class ShownConnections:
    """Connections as they are drawn.

    Attributes:
        slot: The network.
        layer: What was read.
        places: Where they end.
        question: What the ribbons were made for.
        pairs: The pairs that are drawn map to map, those of maps that are not shown among them.
        net: Their ribbons; None where there are none.
        filter_pairs: The strongest pairs of the map that is opened.
        filter_net: Their ribbons, straight.
        which: (N,) int, those of `pairs` that have ribbons: both their maps are shown.
        filter_which: The same of `filter_pairs`.
        sheet: (H, W, 3) uint8 sRGB, all kernels, and what they are; None where they are not shown.
    """

    slot: int
    layer: LayerConnections
    places: ConnectionPlaces
    question: RibbonQuestion
    pairs: StrongestPairs
    net: RibbonNet | None
    filter_pairs: StrongestPairs
    filter_net: RibbonNet | None
    which: np.ndarray
    filter_which: np.ndarray
    sheet: tuple[np.ndarray, str] | None = None


def connection_bounds(shown: ShownConnections) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower left and the upper right corner of the panels, (3,) meters each."""
    places = [shown.places.target, *(s for s in shown.places.sources if s is not None)]
    bounds = [one.bounds for one in places]
    return np.min([low for low, _ in bounds], 0), np.max([high for _, high in bounds], 0)


def connection_places(frame: PlacementFrame, layer: LayerConnections) -> ConnectionPlaces | None:
    """Return where a layer's connections end; None where the layer itself is folded away."""
    target = map_places(frame, layer.node, layer.outputs)
    if target is None:
        return None
    sources = tuple(
        map_places(frame, part.source, _source_count(frame, part.source, len(part.maps)))
        for part in layer.parts
    )
    return ConnectionPlaces(target, sources)


def _source_count(frame: PlacementFrame, node: int, count: int) -> int:
    known = frame.placement.network.by_id.get(node)
    return count if known is None or not known.shape else known.shape[0]


def map_places(frame: PlacementFrame, node: int, count: int) -> MapPlaces | None:
    """Return where the maps of a layer stand; those of a folded module are its panel's middle.

    Args:
        frame: Where the layers are.
        node: Its id.
        count: Number of its maps.
    """
    shown = frame.placement.folded.representative.get(node, node)
    if shown not in frame.index:
        return None
    rect = frame.panel_rect(shown).astype(np.float32)
    corner = rect[:3] + np.array([0, 0, NEARER], np.float32)
    centers = np.full((count, 3), np.nan, np.float32)
    sizes = np.zeros((count, 2), np.float32)
    shape = frame.placement.panel_shapes.get(shown)
    if shown != node or shape is None or shape.shows_one_map:
        centers[:] = corner + np.array([0, rect[4] / 2, 0], np.float32)
        sizes[:] = rect[3:5]
        return MapPlaces(centers, sizes)
    placed = frame.map_placements(node)
    is_known = placed.channels < count
    centers[placed.channels[is_known]] = corner + placed.centers[is_known]
    sizes[placed.channels[is_known]] = placed.sizes[is_known]
    return MapPlaces(centers, sizes)


def _is_same(a: MapPlaces | None, b: MapPlaces | None) -> bool:
    if a is None or b is None:
        return a is b
    return np.array_equal(a.centers, b.centers, equal_nan=True) and np.array_equal(a.sizes, b.sizes)


def ribbons_of(
    layer: LayerConnections, places: ConnectionPlaces, pairs: StrongestPairs,
    importance: NetworkImportance | None = None,
) -> tuple[Ribbons, np.ndarray]:  # fmt: skip
    """Return the ribbons of pairs whose maps are both shown.

    Args:
        layer: What was read.
        places: Where its connections end.
        pairs: The pairs.
        importance: Of the channels of both ends, by which sizes are multiplied where it is known.

    Returns:
        The ribbons, and (N,) int: which of the pairs they are.
    """
    starts = np.full((len(pairs), 3), np.nan, np.float32)
    for number, (part, source) in enumerate(zip(layer.parts, places.sources, strict=True)):
        own = pairs.parts == number
        if source is None or not own.any():
            continue
        inputs = pairs.inputs[own]
        maps = part.source_maps[inputs] if len(part.source_maps) else inputs
        known = (maps >= 0) & (maps < len(source.centers))
        found = np.full((len(inputs), 3), np.nan, np.float32)
        found[known] = source.centers[maps[known]]
        if not known.all():  # of no map of the panel: they begin along its lower edge
            found[~known] = _along_edge(source, inputs[~known], len(part.maps))
        starts[own] = found
    ends = places.target.centers[pairs.outputs] if len(pairs) else np.zeros((0, 3), np.float32)
    which = np.flatnonzero(np.isfinite(starts).all(1) & np.isfinite(ends).all(1))
    sizes = pairs.sizes if importance is None else pairs.sizes * _weight(layer, pairs, importance)
    return Ribbons(starts[which], ends[which], pairs.values[which], sizes[which]), which


def _weight(
    layer: LayerConnections, pairs: StrongestPairs, importance: NetworkImportance
) -> np.ndarray:
    """(N,) float32 0…1: the product of the importance of both ends, 1 for one that has none."""
    known = importance.either()
    found = np.ones(len(pairs), np.float32)
    own = known.get(layer.node)
    if own is not None and len(own) == layer.outputs:
        found *= own[pairs.outputs]
    for number, part in enumerate(layer.parts):
        values, is_own = known.get(part.source), pairs.parts == number
        if values is None or not is_own.any():
            continue
        inputs = pairs.inputs[is_own]
        maps = part.source_maps[inputs] if len(part.source_maps) else inputs
        is_there = (maps >= 0) & (maps < len(values))
        found[is_own] *= np.where(is_there, values[np.where(is_there, maps, 0)], 1)
    return found


def _along_edge(source: MapPlaces, inputs: np.ndarray, count: int) -> np.ndarray:
    low, high = source.bounds
    parts = ((inputs + 0.5) / max(count, 1)).astype(np.float32)
    places = np.tile(low, (len(inputs), 1)).astype(np.float32)
    places[:, 0] += parts * (high[0] - low[0])
    return places
