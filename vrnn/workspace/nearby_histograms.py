"""What is only worked out for layers that one stands near: their histograms."""

from __future__ import annotations

import time

import numpy as np

from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.results import Histogram, LayerProfile
from vrnn.network.statistics import layer_histogram
from vrnn.scene.primitives import QUAD, Visual
from vrnn.scene.visuals.histograms import NUM_BINS, histogram_visual
from vrnn.scene.world import World

MAX_DISTANCE = 14.0
"""Meters from the eye; beyond, nothing of a histogram can be read."""
MAX_SECONDS_A_FRAME = 0.004
"""That may be spent on it in one frame."""


class NearbyHistograms:
    """Keeps the histograms of layers near the eye as their maps are now."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, int], tuple[FeatureMaps, Histogram]] = {}
        self._drawn: object = None
        self.complete = False

    def update(
        self, world: World, eye: np.ndarray, profiles: dict[tuple[int, int], LayerProfile]
    ) -> Visual | None:
        """Go on for a moment; what stands beside the layers now, None while it is as it was."""
        wanted = self._wanted(world, eye)
        end = time.perf_counter() + MAX_SECONDS_A_FRAME
        self.complete = True
        for slot, node in wanted:
            maps = world.networks[slot].maps[node]
            if (slot, node) not in self._made or self._made[slot, node][0] is not maps:
                if time.perf_counter() > end:
                    self.complete = False
                    break
                self._made[slot, node] = (maps, layer_histogram(maps, NUM_BINS))
        shown = [key for key in wanted if key in self._made]
        places = {key: world.placement_frame(key[0]).panel_rect(key[1]) for key in shown}
        drawn = [
            (key, id(self._made[key][1]), places[key].tobytes(), key in profiles) for key in shown
        ]
        if drawn == self._drawn:
            return None
        self._drawn = drawn
        parts = []
        for key in shown:
            weights = profiles[key].weights if key in profiles else None
            parts.append(histogram_visual(places[key], self._made[key][1], weights))
        return Visual(
            np.concatenate([np.zeros(0, QUAD), *(part.quads for part in parts)]),
            tuple(label for part in parts for label in part.labels),
        )

    @property
    def any_shown(self) -> bool:
        """Whether any layer is near."""
        return bool(self._drawn)

    def _wanted(self, world: World, eye: np.ndarray) -> list[tuple[int, int]]:
        """Layers within reach whose maps are there, the nearest first."""
        found = []
        for slot in world.slots:
            pose, stand = world.placement_frame(slot), world.networks[slot]
            away = np.linalg.norm(pose.panel_rects[:, :3] - eye, axis=1)
            for i in np.flatnonzero(away < MAX_DISTANCE):
                node = pose.node_ids[i]
                face = pose.placement.panel_shapes.get(node)
                if node not in stand.maps or face is None or face.shows_one_map:
                    continue
                if stand.maps[node].height * stand.maps[node].width > 1:
                    found.append((float(away[i]), slot, node))
        return [(slot, node) for _, slot, node in sorted(found)]
