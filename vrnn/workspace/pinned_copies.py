"""Pinned copies of layers: as they were when pinned, as they are now, or the difference."""

from __future__ import annotations

from collections.abc import Sequence

from vrnn.network.derived_maps import difference
from vrnn.network.feature_maps import FeatureMaps, block_size
from vrnn.network.node_layout import NodeLayout
from vrnn.render.renderer import Renderer
from vrnn.scene.state import Pin
from vrnn.scene.visuals.pinned_layers import PinnedLayer
from vrnn.scene.world import World

FIRST_STORE = 1000
"""Numbers of the copies' map stores on the GPU begin here, beyond those of networks."""
MAPS, LAYOUT = 0, 1
"""Blocks of a store: a copy's maps, and how its graph is drawn."""


class PinnedCopies:
    """Keeps the feature maps of pinned layers and shows the copies in the world."""

    def __init__(self, world: World, renderer: Renderer) -> None:
        self._world, self._renderer = world, renderer
        self._maps_when_pinned: dict[int, FeatureMaps] = {}
        self._sizes: dict[int, dict[int, int]] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of main memory that copies take, less what are maps of the networks."""
        kept = self._maps_when_pinned.values()
        shown = [pin.maps for pin in self._world.pinned_layers.values() if pin.maps is not None]
        own = {id(maps): maps.nbytes for maps in (*kept, *shown)}
        for pin in self._world.pinned_layers.values():
            network = self._world.networks.get(pin.network)
            now = None if network is None else network.maps.get(pin.node.id)
            own.pop(id(now), None)
        return sum(own.values())

    def clear(self) -> None:
        """Remove all copies and forget what they showed, as other models were opened."""
        for store in self._sizes:
            self._renderer.maps.free(store)
        self._sizes.clear()
        self._maps_when_pinned.clear()
        self._world.set_pinned_layers({})

    def update(self, pins: Sequence[Pin]) -> None:
        """Show exactly these copies, with the feature maps of the latest forward pass."""
        layers = {}
        for pin in pins:
            network = self._world.networks.get(pin.network)
            node = network.node_ids.get(pin.layer) if network is not None else None
            if network is None or node is None:
                continue
            now = network.whole_maps(node)
            kept = self._maps_when_pinned.get(pin.number)
            if now is not None and kept is not None and _shape(now) != _shape(kept):
                # Other roles of axes, or other things side by side: they cannot be compared.
                del self._maps_when_pinned[pin.number]
            if now is not None:
                self._maps_when_pinned.setdefault(pin.number, now)
            store = FIRST_STORE + pin.number
            maps = self._maps_of(pin, now)
            layer = network.network.by_id[node]
            lookup = -1
            if maps is not None:
                lookup = self._upload(store, maps, network.network.layout_of(layer))
            caption = {
                "kept": f"{pin.layer} as it was",
                "live": f"{pin.layer} beside",
                "difference": f"{pin.layer}: now − before",
            }[pin.kind]
            layers[pin.number] = PinnedLayer(
                pin.number, pin.network, pin.beside, layer, store, caption, maps, lookup
            )
        for store in self._sizes.keys() - {FIRST_STORE + pin.number for pin in pins}:
            self._renderer.maps.free(store)
            del self._sizes[store]
        self._maps_when_pinned = {
            p.number: self._maps_when_pinned[p.number]
            for p in pins
            if p.number in self._maps_when_pinned
        }
        self._world.set_pinned_layers(layers)

    def _upload(self, store: int, maps: FeatureMaps, layout: NodeLayout | None) -> int:
        """Send a copy's maps to the GPU, and how its graph is drawn. See `PinnedLayer.lookup`."""
        sizes = {MAPS: block_size(maps.channels, maps.height, maps.width)}
        if layout is not None:
            sizes[LAYOUT] = layout.block_size
        if self._sizes.get(store) != sizes:
            self._renderer.maps.allocate(store, sizes)
            self._sizes[store] = sizes
            if layout is not None:
                self._renderer.maps.upload(store, LAYOUT, layout.block())
        self._renderer.maps.upload(store, MAPS, maps.block)
        addresses = self._renderer.maps.addresses(store)
        array, first = addresses.get(LAYOUT, (-1, -1))
        return first if array == addresses[MAPS][0] else -1

    def _maps_of(self, pin: Pin, now: FeatureMaps | None) -> FeatureMaps | None:
        before = self._maps_when_pinned.get(pin.number)
        if now is None or before is None or pin.kind == "live":
            return now
        return difference(now, before) if pin.kind == "difference" else before


def _shape(maps: FeatureMaps) -> tuple[int, int, int]:
    return maps.channels, maps.height, maps.width
