"""Long edges of networks that run together: found in a thread of their own, as it takes seconds."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from vrnn.scene.network_placement import find_bundled_edges
from vrnn.scene.placement import BundledEdges, Placement
from vrnn.scene.world import World
from vrnn.workspace.manager import Manager


class EdgeBundleManager(Manager):
    """Finds the bundled edges of each arrangement that is shown with some."""

    def __init__(self, world: World) -> None:
        """Begin with none found.

        Args:
            world: Whose state says how closely edges run together.
        """
        self._world = world
        self._pool: ThreadPoolExecutor | None = None
        self._running: tuple[int, Placement, Future[BundledEdges]] | None = None

    @property
    def pending(self) -> bool:
        """Whether edges that are to be bundled are not yet."""
        return self._running is not None or self._missing() is not None

    def update(self) -> bool:
        """Find what is missing; True when the picture changed."""
        changed = False
        if self._running is not None and self._running[2].done():
            (slot, placement, future), self._running = self._running, None
            changed = self._world.set_bundled_edges(slot, placement, future.result())
        missing = self._missing() if self._running is None else None
        if missing is not None:
            pool = self._pool = self._pool or ThreadPoolExecutor(1, "edge bundles")
            self._running = (*missing, pool.submit(find_bundled_edges, missing[1]))
        return changed

    def _missing(self) -> tuple[int, Placement] | None:
        """A network, and where it stands, whose edges are to be bundled."""
        if not self._world.state.edge_bundling:
            return None
        for slot in self._world.slots:
            placement = self._world.placement_frame(slot).placement
            if self._world.networks[slot].bundled_edges(placement) is None:
                return slot, placement
        return None

    def stop_threads(self) -> None:
        """Stop the thread."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
