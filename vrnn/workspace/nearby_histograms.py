"""Histograms beside the layers near the eye, computed within a time budget each frame."""

from __future__ import annotations

import time

import numpy as np

from vrnn.network.results import Histogram, LayerProfile
from vrnn.network.statistics import layer_histogram
from vrnn.scene.primitives import QUAD, Visual
from vrnn.scene.visuals.histograms import NUM_BINS, histogram_visual, room_beside
from vrnn.scene.visuals.ridge_cards import PITCH as RIDGE_PITCH
from vrnn.scene.visuals.ridge_cards import ridge_visual
from vrnn.scene.world import World
from vrnn.workspace.ridge_plots import RIDGE_DISTANCE, RidgePlots, Ridges

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
        self._plots = RidgePlots()
        self._drawn_key: object = None
        self._any_shown = False
        self.complete = False

    def update(
        self, world: World, eye: np.ndarray, profiles: dict[tuple[int, int], LayerProfile],
        ridges: Ridges,
    ) -> Visual | None:  # fmt: skip
        """Compute missing histograms for at most `MAX_SECONDS_A_FRAME`.

        Where a training is open, the nearest layers show them over its steps.

        Args:
            world: Whose layers are looked at.
            eye: (3,) position of the eye, meters.
            profiles: Weights of layers, by network and node; those that are known.
            ridges: Histograms over the steps of a training of the first network.

        Returns:
            The histograms to draw; None while they are unchanged.
        """
        layers = self._nearby_layers(world, eye)
        nearby = [(slot, node) for _, slot, node in layers]
        near = [node for distance, slot, node in layers if slot == 0 and distance < RIDGE_DISTANCE]
        plotted = self._plots.update(near, ridges, world.state.theme)
        self._compute_missing(world, nearby)
        self.complete &= self._plots.complete
        shown = [key for key in nearby if key in self._histograms]
        frames = {slot: world.placement_frame(slot) for slot, _ in shown}
        weights = {key: profiles[key].weights for key in shown if key in profiles}
        drawn_key = (
            [(key, id(self._histograms[key][1]), id(weights.get(key))) for key in shown],
            [frame.panel_rects.tobytes() for frame in frames.values()],
            [(node, id(plot)) for node, plot in plotted.items()],
            ridges.shown if plotted else None,
        )
        if drawn_key == self._drawn_key:
            return None
        self._drawn_key, self._any_shown = drawn_key, bool(shown)
        parts = []
        for slot, node in shown:
            frame, name = frames[slot], world.visible_node(slot, node).name
            rect = frame.panel_rect(node)
            if slot == 0 and node in plotted:
                room = room_beside(rect, frame.panel_rects, 2 * RIDGE_PITCH)
                parts.append(ridge_visual(rect, plotted[node], ridges.shown, name, room))
                continue
            room, (_, histogram) = (
                room_beside(rect, frame.panel_rects),
                self._histograms[slot, node],
            )
            parts.append(histogram_visual(rect, histogram, weights.get((slot, node)), name, room))
        return Visual(
            np.concatenate([np.zeros(0, QUAD), *(part.quads for part in parts)]),
            tuple(label for part in parts for label in part.labels),
            tuple(image for part in parts for image in part.image_quads),
        )

    def _compute_missing(self, world: World, nearby: list[tuple[int, int]]) -> None:
        """Compute histograms of maps that have none yet, for at most `MAX_SECONDS_A_FRAME`."""
        end = time.perf_counter() + MAX_SECONDS_A_FRAME
        self.complete = True
        for slot, node in nearby:
            stats = world.networks[slot].all_maps[node].channel_stats
            known = self._histograms.get((slot, node))
            if known is not None and known[0] is stats:
                continue
            maps = world.networks[slot].whole_maps(node)
            if time.perf_counter() > end:
                self.complete = False
                return
            if maps is not None:
                self._histograms[slot, node] = (stats, layer_histogram(maps, NUM_BINS))

    @property
    def any_shown(self) -> bool:
        """Whether any histogram is shown."""
        return self._any_shown

    def _nearby_layers(self, world: World, eye: np.ndarray) -> list[tuple[float, int, int]]:
        """Distance, network and node of layers within reach that have maps, the nearest first."""
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
        return sorted(layers)
