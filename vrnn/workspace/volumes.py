"""The whole volume of the channel that the Layer panel looks at, and its three planes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from vrnn.compute.analysis.volume import VolumeJob
from vrnn.network.results import Ablation
from vrnn.scene.world import World
from vrnn.style.color_mapping import ColorMapping
from vrnn.style.colormap import apply, lookup_table, symmetric_range
from vrnn.style.theme_names import Theme
from vrnn.workspace.held_image import MapColors
from vrnn.workspace.job_manager import JobManager


@dataclass(frozen=True, eq=False)
class VolumePlanes:
    """Three planes through a volume that meet in one value.

    Attributes:
        shape: (D, H, W) of the volume.
        position: (slice, row, column) in which they meet.
        images: (H, W, 3), (D, W, 3) and (D, H, 3) uint8 sRGB: the slice, the plane of the row, the
            plane of the column.
    """

    shape: tuple[int, int, int]
    position: tuple[int, int, int]
    images: tuple[np.ndarray, np.ndarray, np.ndarray]


class VolumeViews:
    """Has the volume of one channel read by a job, whenever it may have changed."""

    def __init__(self, world: World, jobs: JobManager, colors: MapColors) -> None:
        """Begin with nothing read.

        Args:
            world: Whose layers are looked at.
            jobs: Runs the job.
            colors: Of negative, positive and not finite values.
        """
        self._world, self._jobs, self._colors = world, jobs, colors
        self._requested: object = None
        self._layer: tuple[int, int, int] | None = None
        self._volume: np.ndarray | None = None
        self._planes: tuple[object, VolumePlanes] | None = None

    def planes(
        self, slot: int, node: int, channel: int, position: tuple[int, int, int]
    ) -> VolumePlanes | None:
        """Return three planes through a channel; None until its volume is there.

        Args:
            slot: Number of the network.
            node: Id of the layer.
            channel: Number of the channel.
            position: (slice, row, column) in which they meet; brought into the volume.

        Returns:
            The same object as long as nothing changes.
        """
        self._request(slot, node, channel)
        if self._volume is None or self._layer != (slot, node, channel):
            return None
        depth, height, width = self._volume.shape
        last = (depth - 1, height - 1, width - 1)
        at = cast(
            tuple[int, int, int],
            tuple(min(max(p, 0), end) for p, end in zip(position, last, strict=True)),
        )
        mapping, theme = self._world.state.color_mapping, self._world.state.theme
        key = (id(self._volume), at, mapping, theme)
        if self._planes is None or self._planes[0] != key:
            images = self._draw(self._volume, at, mapping, theme)
            self._planes = (key, VolumePlanes((depth, height, width), at, images))
        return self._planes[1]

    def _request(self, slot: int, node: int, channel: int) -> None:
        network, state = self._world.networks[slot], self._world.state
        if network.result is None:
            return
        choices = tuple(c for c in state.choices.get(slot, ()) if c.role != "depth")
        ablations = tuple(
            Ablation(a.layer, a.channels, a.position, a.value)
            for a in state.ablations
            if a.network == slot
        )
        job = VolumeJob(slot, node, channel, choices, ablations)
        key = (job, network.result.sequence, id(network))
        if key == self._requested or self._jobs.is_running(job):
            return
        self._requested = key
        self._jobs.start(job, lambda result: self._set_volume((slot, node, channel), result))

    def _set_volume(self, layer: tuple[int, int, int], result: object) -> None:
        self._layer, self._volume = layer, cast(np.ndarray, result)

    def _draw(
        self, volume: np.ndarray, at: tuple[int, int, int], mapping: ColorMapping, theme: Theme
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        finite = volume[np.isfinite(volume)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        if mapping.symmetric:
            low, high = symmetric_range(low, high)
        negative, positive, not_finite = self._colors
        table = lookup_table(replace(mapping, normalize_by="map"), negative, positive, theme)
        planes = (volume[at[0]], volume[:, at[1]], volume[:, :, at[2]])
        first, second, third = (
            np.ascontiguousarray(apply(plane, low, high, table, not_finite)) for plane in planes
        )
        return first, second, third
