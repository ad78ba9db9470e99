"""Maps for pictures that are saved: whole where they can be seen, and all of one image.

While images stream, maps are made for what the window shows; within budgets, for what is near its
eye. A picture may be larger, or from elsewhere. It waits for the newest pass, and for the maps of
the layers that lack something of what it shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import hypot, tan

from vrnn.compute.worker import Worker
from vrnn.errors import VrnnError
from vrnn.render.screenshot import TILE_SIZE, split_into_tiles
from vrnn.render.uniforms import View
from vrnn.scene.seen_layers import TEXELS_A_PIXEL, Key, LayerSight, levels_beyond
from vrnn.scene.view_cone import ViewCone
from vrnn.workspace.map_uploader import WorkerEventSink

TILE_SIZES = (TILE_SIZE, 1024, 512, 256)
"""Widths and heights of tiles, pixels: in smaller ones fewer layers are seen at once."""
MAX_SECONDS = 600.0
"""A pass of which nothing is heard for so long hangs."""


class PictureMaps:
    """Waits for the maps that a picture shows."""

    def __init__(
        self, worker: Worker, feed: WorkerEventSink, upload: Callable[[], bool],
        on_network_loaded: Callable[[], None],
    ) -> None:  # fmt: skip
        """Begin with nothing asked for.

        Args:
            worker: Makes the maps.
            feed: Takes its events.
            upload: Brings what has arrived into the world.
            on_network_loaded: Called when a network has been opened meanwhile.
        """
        self._worker, self._feed, self._upload = worker, feed, upload
        self._on_network_loaded = on_network_loaded
        self._sight = LayerSight(feed.world)
        self._silent = 0.0  # seconds

    def wait_for_pass(self) -> None:
        """Wait until all that is shown is of the newest image; no other one is asked for meanwhile.

        Raises:
            VrnnError: The model hangs.
        """
        self._silent = 0.0
        self._take(0.0)
        while self._awaits_pass:
            self._take(1.0)

    def tile_size(self, view: View) -> int:
        """Return the largest width and height of tiles whose maps all have room on the GPU, pixels.

        Args:
            view: The whole picture. If not even small tiles have room, it is drawn in large ones.
        """
        gpu = self._feed.residency.gpu
        for size in TILE_SIZES:
            tiles = split_into_tiles(*view.size, size)
            if all(gpu.has_room(self._needed(replace(view, tile=tile))) for tile in tiles):
                return size
        return TILE_SIZES[0]

    def wait(self, view: View) -> list[Key]:
        """Wait for the maps that are seen in a view.

        Args:
            view: The picture, or a tile of it.

        Returns:
            The layers that are coarse in it all the same, as there is no room for their maps, or
            as they cannot be made.

        Raises:
            VrnnError: The model hangs.
        """
        host, gpu, self._silent = self._feed.residency.host, self._feed.residency.gpu, 0.0
        while True:
            needed = self._needed(view)
            lacking = [key for key, lacks in needed.items() if lacks]
            if not lacking:
                for key in needed:
                    host.release(key)
                return []
            if gpu.send(gpu.find_lacking(needed)):
                continue
            missing = [key for key in lacking if host.is_missing(key)]
            if not host.request(missing) and not self._awaits_pass:
                return lacking
            self._take(1.0)

    @property
    def _awaits_pass(self) -> bool:
        """Whether a pass that was asked for is not shown, and is not known to have failed."""
        shown, requested = self._feed.displayed_sequence, self._worker.requested
        is_shown = all(shown.get(slot, -1) >= requested for slot in self._feed.world.slots)
        return not is_shown and self._worker.is_running

    def _take(self, seconds: float) -> None:
        """Take what has happened, after so many seconds at most, into the world."""
        events = self._worker.wait(seconds)
        self._silent = 0.0 if events else self._silent + seconds
        if self._silent > MAX_SECONDS:
            raise VrnnError(f"the model has not answered for {MAX_SECONDS:.0f} s; reload it")
        if self._feed.handle_events(events):
            self._on_network_loaded()
        self._upload()

    def _needed(self, view: View) -> dict[Key, bool]:
        """The layers whose whole maps a view needs, the largest first; whether they are lacking."""
        world, gpu = self._feed.world, self._feed.residency.gpu
        cone = ViewCone.of(view.clip_from_world, view.eye, 0.0, 0.0)
        up = tan(view.camera.fov / 2)
        # What is off the axis is seen at a smaller depth than it is away.
        pixels = view.pixels_per_unit * hypot(1.0, up, up * view.size[0] / view.size[1])
        found: dict[Key, tuple[float, bool]] = {}
        for slot in world.slots:
            network = world.networks[slot]
            seen = self._sight.look(slot, view.eye)
            is_in_view = cone.sees(seen.middles, seen.halves) | seen.is_spread
            for node, angle, in_view, hidden in zip(
                seen.frame.node_ids, seen.angles, is_in_view, seen.hidden, strict=True
            ):
                if not in_view or hidden:
                    continue
                beyond = levels_beyond(
                    network.network.by_id[node].shape, TEXELS_A_PIXEL * pixels * angle
                )
                coarse = network.coarse.get(node)
                is_old = coarse is not None and coarse.probes is not None
                lacks = is_old or network.left_out.get(node, 0) > beyond
                if lacks or gpu.least_levels((slot, node)) > beyond:
                    found[slot, node] = float(angle), lacks
        order = sorted(found, key=lambda key: -found[key][0])
        return {key: found[key][1] for key in order}
