"""Similarity on the main thread: kept up with the pointer, a bounded time each frame."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from vrnn.network.derived_maps import colored_block
from vrnn.network.feature_maps import FeatureMaps, block_size
from vrnn.network.matching_positions import Point, spread_over_input
from vrnn.network.similarity import stretch, stretch_range
from vrnn.render.renderer import Renderer
from vrnn.scene.compared_region import (
    Box,
    input_ends,
    input_size,
    matching_box,
    mean_vector,
    pointed_region,
)
from vrnn.scene.picking import Hit
from vrnn.scene.similarity import FIRST_SIMILARITY_STORE, LayerSimilarity, NetworkSimilarity
from vrnn.scene.similarity_readout import SimilarityLegend, similarity_legend
from vrnn.scene.similarity_state import Region, SimilarityState
from vrnn.scene.state import State
from vrnn.scene.world import World
from vrnn.style.similarity_colors import (
    color_numbers,
    linear_similarity_table,
    overlay_similarity,
)
from vrnn.workspace.manager import Manager
from vrnn.workspace.vector_groups import (
    BYTES_A_VALUE,
    MAX_KEPT_VALUES,
    VectorGroup,
    group_layers,
)

SMOOTH_SIDE = 64
"""Pixels that the longer side of a smooth picture has at least."""
MIN_FOCUS_SIDE = 4
"""Height and width from which on a layer is seen over the input before one was pointed at."""

Key = tuple[int, int]
"""Slot and node."""


class SimilarityManager(Manager):
    """Compares all positions with what the pointer is at, the layer it is at first.

    Attributes:
        compared: What is compared with; None as long as nothing is.
        focus: Slot and node of the layer that lies over the input.
    """

    def __init__(
        self, world: World, renderer: Renderer, free_bytes: Callable[[], float] = lambda: np.inf
    ) -> None:
        """Begin with nothing compared.

        Args:
            world: Whose state says what is shown.
            renderer: Takes the pictures.
            free_bytes: Returns the bytes of main memory that vectors may take; beyond these they
                are found at each move.
        """
        self._free_bytes = free_bytes
        self._world, self._renderer = world, renderer
        self.compared: Region | None = None
        self.focus: Key | None = None
        self._groups: list[VectorGroup] = []
        self._maps: dict[Key, FeatureMaps] = {}
        self._kept: dict[Key, np.ndarray] | None = None
        self._smooth = False
        self._version = 0
        self._question: tuple[object, ...] = ()
        self._new_layers: set[int] = set()
        self._channels: dict[Key, int] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of main memory that vectors take."""
        kept = () if self._kept is None else self._kept.values()
        return sum(group.nbytes for group in self._groups) + sum(one.nbytes for one in kept)

    def sync_with_state(self, state: State) -> None:
        """Take away what a state does not show any more."""
        if not state.similarity.shown:
            self._clear()
        if not state.similarity.kept:
            self._kept = None

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._clear()

    def show_channel(self, slot: int, node: int, channel: int | None) -> None:
        """Show one channel of a layer in place of its similarity; None for similarity again."""
        if self._channels.get((slot, node)) == channel:
            return
        if channel is None:
            self._channels.pop((slot, node), None)
        else:
            self._channels[slot, node] = channel
        shown = self._world.similarity.get(slot)
        if shown is not None:
            shown.channels = {n: c for (s, n), c in self._channels.items() if s == slot}
            self._world.set_similarity(slot, shown)

    def compare(self, max_seconds: float = float("inf")) -> bool:
        """Compare what the pointer is at, the layer that it is in whatever time that takes.

        Args:
            max_seconds: About how long.

        Returns:
            Whether all layers show it.
        """
        state = self._world.state.similarity
        if not state.shown or not self._world.networks:
            return True
        until = time.perf_counter() + max_seconds
        self._follow_maps(state.smooth)
        self._follow_pointer(state)
        if self.compared is None:
            return True
        question = (self.compared, _answer_part(state), self._kept is not None)
        if question != self._question:
            self._question = question
            self._version += 1
        waiting = [group for group in self._groups if group.version != self._version]
        if not waiting:
            return True
        waiting.sort(key=lambda group: (self.focus_in(group) is None, group.version))
        ends = self._ends(self.compared)
        for group in waiting:
            self._show(group, ends, state)
            group.version = self._version
            if time.perf_counter() > until:
                break
        for slot in self._new_layers:
            self._world.set_similarity(slot, self._world.similarity[slot])
        self._new_layers.clear()
        return all(group.version == self._version for group in self._groups)

    def legend(self, hit: Hit | None) -> SimilarityLegend | None:
        """Return what the legend says; see `similarity_legend`."""
        return similarity_legend(self._world, self.compared, self.focus, hit)

    def focus_in(self, group: VectorGroup) -> int | None:
        """Return the number in a group of the layer that lies over the input; None if not there."""
        if self.focus is None or self.focus[0] != group.slot:
            return None
        return group.nodes.index(self.focus[1]) if self.focus[1] in group.nodes else None

    def vector(self, region: Region) -> np.ndarray | None:
        """Return the mean feature vector (C,) of a region; None where its layer is not there."""
        network = self._world.networks.get(region.network)
        if network is None or region.layer not in network.node_ids:
            return None
        maps = network.maps.get(network.node_ids[region.layer])
        if maps is None or region.row + region.rows > maps.height:
            return None
        if region.column + region.columns > maps.width:
            return None
        return mean_vector(maps, (region.row, region.column, region.rows, region.columns))

    def matching(self, region: Region, layer: str) -> Region | None:
        """Return which positions of another layer of the same network match a region."""
        network = self._world.networks.get(region.network)
        if network is None or not {region.layer, layer} <= network.node_ids.keys():
            return None
        node = network.node_ids[layer]
        if network.node_ids[region.layer] not in network.maps or node not in network.maps:
            return None
        return Region(
            region.network, layer, *matching_box(input_ends(region, network), node, network)
        )

    # What is compared.

    def _follow_maps(self, smooth: bool) -> None:
        """Gather layers anew where maps have arrived."""
        maps = {
            (slot, node): found
            for slot, network in self._world.networks.items()
            for node, found in network.maps.items()
        }
        if maps.keys() != self._maps.keys() or smooth != self._smooth:
            if maps.keys() != self._maps.keys():
                self._kept = None
            networks = self._world.networks
            most = min(MAX_KEPT_VALUES, self._free_bytes() / BYTES_A_VALUE) / len(networks)
            self._groups = [
                group
                for slot, network in networks.items()
                for group in group_layers(slot, network, most)
            ]
            self._allocate(smooth)
        else:
            changed = {key for key, found in maps.items() if found is not self._maps[key]}
            if not changed:
                return
            self._groups = [
                self._renewed(group)
                if any((group.slot, node) in changed for node in group.nodes)
                else group
                for group in self._groups
            ]
        self._maps = maps

    def _renewed(self, group: VectorGroup) -> VectorGroup:
        layers = tuple(self._world.networks[group.slot].maps[node] for node in group.nodes)
        return VectorGroup(group.slot, group.nodes, layers, group.keeps)

    def _follow_pointer(self, state: SimilarityState) -> None:
        """Find what is compared with: what the state holds, else what is pointed at."""
        if state.kept and self._kept is not None:
            return
        region = state.reference or pointed_region(self._world, self._world.hovered)
        if region is not None and not self._has(region):
            region = None
        if region is None and (self.compared is None or not self._has(self.compared)):
            region = self._first_region()
        if region is not None and region != self.compared:
            self.compared = region
            network = self._world.networks[region.network]
            node = network.node_ids[region.layer]
            if node not in network.network.inputs or self.focus is None:
                self.focus = (region.network, node)
        if state.kept and self._kept is None and self.compared is not None:
            self._keep(self.compared)

    def _has(self, region: Region) -> bool:
        vector = self.vector(region)
        return vector is not None and self._is_compared(region)

    def _is_compared(self, region: Region) -> bool:
        node = self._world.networks[region.network].node_ids[region.layer]
        return any(g.slot == region.network and node in g.nodes for g in self._groups)

    def _first_region(self) -> Region | None:
        """The middle of the last layer whose positions are seen well, before one is pointed at."""
        found = None
        for slot in self._world.slots:
            network = self._world.networks[slot]
            for node in network.network.nodes:
                maps = network.maps.get(node.id)
                if maps is not None and min(maps.height, maps.width) >= MIN_FOCUS_SIDE:
                    found = Region(slot, node.name, maps.height // 2, maps.width // 2)
            if found is not None:
                break
        return found

    def _ends(self, region: Region) -> tuple[Point, Point]:
        return input_ends(region, self._world.networks[region.network])

    def _keep(self, region: Region) -> None:
        """Keep the vectors of all layers as they are with this image."""
        ends = self._ends(region)
        self._kept = {}
        for group in self._groups:
            network = self._world.networks[group.slot]
            for node, maps in zip(group.nodes, group.maps, strict=True):
                self._kept[group.slot, node] = mean_vector(maps, matching_box(ends, node, network))

    # What is shown.

    def _show(self, group: VectorGroup, ends: tuple[Point, Point], state: SimilarityState) -> None:
        """Compare the layers of a group, and send their pictures to the GPU."""
        network = self._world.networks[group.slot]
        shown = self._world.similarity.get(group.slot)
        if shown is None:
            return
        boxes: list[Box] = [matching_box(ends, node, network) for node in group.nodes]
        kept = None
        if self._kept is not None:
            vectors = self._kept
            kept = {node: vectors[group.slot, node] for node in group.nodes}
        found = group.compare(boxes, state.measure, kept)
        table = linear_similarity_table(state.colormap)
        for node, box, values in zip(group.nodes, boxes, found, strict=True):
            span = stretch_range(values, state.measure, state.stretched)
            parts = stretch(values, span)
            if self.focus == (group.slot, node):
                self._show_over_input(group.slot, node, parts, state)
            pixels = _smoothed(parts) if state.smooth else parts
            block = colored_block(pixels, lambda parts: table[color_numbers(parts)])
            self._renderer.maps.upload(FIRST_SIMILARITY_STORE + group.slot, node, block)
            if node not in shown.layers:
                self._new_layers.add(group.slot)
            height, width = pixels.shape
            shown.layers[node] = LayerSimilarity(values, span, box, (height, width))

    def _show_over_input(
        self, slot: int, node: int, parts: np.ndarray, state: SimilarityState
    ) -> None:
        network = self._world.networks[slot]
        if network.result is None or not state.overlay or not network.info.takes_images:
            self._world.set_input_overlay(slot, None)
            return
        image = network.result.image
        field = network.receptive_fields.get(node)
        over = spread_over_input(parts, field, input_size(network), state.smooth)
        drawn = overlay_similarity(image, over, state.colormap, state.opacity, state.gray)
        for other in [s for s in self._world.input_overlays if s != slot]:
            self._world.set_input_overlay(other, None)
        self._world.set_input_overlay(slot, drawn)

    def _allocate(self, smooth: bool) -> None:
        """Allocate room for the pictures of all layers, where nothing is shown yet."""
        self._smooth = smooth
        for slot in {*self._world.similarity, *self._world.networks}:
            self._remove(slot)
            sizes = {
                node: block_size(3, *picture_shape(group.shape, smooth))
                for group in self._groups
                if group.slot == slot
                for node in group.nodes
            }
            if sizes:
                addresses = self._renderer.maps.allocate(FIRST_SIMILARITY_STORE + slot, sizes)
                self._world.set_similarity(slot, NetworkSimilarity(slot, dict(addresses)))

    def _remove(self, slot: int) -> None:
        self._renderer.maps.free(FIRST_SIMILARITY_STORE + slot)
        self._world.set_similarity(slot, None)
        self._world.set_input_overlay(slot, None)

    def _clear(self) -> None:
        """Show maps again."""
        for slot in {*self._world.similarity, *self._world.input_overlays}:
            self._remove(slot)
        self._groups, self._maps, self._kept, self._question = [], {}, None, ()
        self.compared = self.focus = None
        self._channels.clear()


def picture_shape(shape: tuple[int, int], smooth: bool) -> tuple[int, int]:
    """Return height and width of the picture of a layer's similarity.

    Args:
        shape: Height and width of its maps.
        smooth: Whether positions are blended.
    """
    factor = -(-SMOOTH_SIDE // max(shape)) if smooth else 1
    return shape[0] * factor, shape[1] * factor


def _smoothed(parts: np.ndarray) -> np.ndarray:
    """Stretched similarities with others between them, in the shape of `picture_shape`."""
    height, width = picture_shape((parts.shape[0], parts.shape[1]), True)
    picture = Image.fromarray(parts)
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))


def _answer_part(state: SimilarityState) -> SimilarityState:
    """What of a state the pictures depend on."""
    return replace(state, reference=None, pins=())
