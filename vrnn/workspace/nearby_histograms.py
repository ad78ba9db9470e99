"""Histograms beside the layers near the eye, computed within a time budget each frame."""

from __future__ import annotations

import time

import numpy as np

from vrnn.network.results import Histogram, LayerProfile
from vrnn.network.statistics import layer_histogram
from vrnn.scene.primitives import QUAD, Visual
from vrnn.scene.visuals.histograms import NUM_BINS, histogram_visual, room_beside
from vrnn.scene.world import World

MAX_DISTANCE = 14.0
"""Meters from the eye; beyond it, a histogram cannot be read."""
MAX_SECONDS_A_FRAME = 0.004
"""Seconds that one frame may spend on computing histograms."""


class NearbyHistograms:
    """Keeps the histograms of layers near the eye up to date with their feature maps.

    Attributes:
        complete: Whether all histograms within reach are computed.
    """

    def __init__(self) -> None:
        # By their statistics, which stay the same object when maps are dropped and made again.
        self._histograms: dict[tuple[int, int], tuple[np.ndarray, Histogram]] = {}
        self._drawn_key: object = None
        self._any_shown = False
        self.complete = False

    def update(
        self, world: World, eye: np.ndarray, profiles: dict[tuple[int, int], LayerProfile]
    ) -> Visual | None:
        """Compute missing histograms for at most `MAX_SECONDS_A_FRAME`.

        Args:
            world: Whose layers are looked at.
            eye: (3,) position of the eye, meters.
            profiles: Weights of layers, by network and node; those that are known.

        Returns:
            The histograms to draw; None while they are unchanged.
        """
        nearby = self._nearby_layers(world, eye)
        end = time.perf_counter() + MAX_SECONDS_A_FRAME
        self.complete = True
        for slot, node in nearby:
            stats = world.networks[slot].all_maps[node].channel_stats
            if (slot, node) not in self._histograms or self._histograms[slot, node][0] is not stats:
                maps = world.networks[slot].whole_maps(node)
                if time.perf_counter() > end:
                    self.complete = False
                    break
                if maps is not None:
                    self._histograms[slot, node] = (stats, layer_histogram(maps, NUM_BINS))
        shown = [key for key in nearby if key in self._histograms]
        frames = {slot: world.placement_frame(slot) for slot, _ in shown}
        drawn_key = (
            [(key, id(self._histograms[key][1]), key in profiles) for key in shown],
            [frame.panel_rects.tobytes() for frame in frames.values()],
        )
        if drawn_key == self._drawn_key:
            return None
        self._drawn_key, self._any_shown = drawn_key, bool(shown)
        parts = []
        for key in shown:
            weights = profiles[key].weights if key in profiles else None
            slot, node = key
            rect, name = frames[slot].panel_rect(node), world.visible_node(slot, node).name
            room = room_beside(rect, frames[slot].panel_rects)
            parts.append(histogram_visual(rect, self._histograms[key][1], weights, name, room))
        return Visual(
            np.concatenate([np.zeros(0, QUAD), *(part.quads for part in parts)]),
            tuple(label for part in parts for label in part.labels),
        )

    @property
    def any_shown(self) -> bool:
        """Whether any histogram is shown."""
        return self._any_shown

    def _nearby_layers(self, world: World, eye: np.ndarray) -> list[tuple[int, int]]:
        """Network and node of layers within reach that have maps, the nearest first."""
        layers = []
        for slot in world.slots:
            frame, network = world.placement_frame(slot), world.networks[slot]
            distance = np.linalg.norm(frame.panel_rects[:, :3] - eye, axis=1)
            for i in np.flatnonzero(distance < MAX_DISTANCE):
                node = frame.node_ids[i]
                shape = frame.placement.panel_shapes.get(node)
                maps = network.layer_maps(node)
                if maps is None or shape is None or shape.shows_one_map:
                    continue
                if maps.height * maps.width > 1:
                    layers.append((float(distance[i]), slot, node))
        return [(slot, node) for _, slot, node in sorted(layers)]
