"""Connections on the main thread: read by a job, laid out in a thread of their own."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import cast

import numpy as np

from vrnn.commands.undo_stack import Bookmark, state_of
from vrnn.compute.analysis.connections_job import ConnectionsJob
from vrnn.network.connections import LayerConnections
from vrnn.network.results import Ablation
from vrnn.scene.connection_state import ConnectionState
from vrnn.scene.connections import (
    ConnectionPlaces,
    ShownConnections,
    connection_bounds,
    connection_places,
)
from vrnn.scene.revealing import Revealed
from vrnn.scene.shown_connections import ribbon_count, show_connections
from vrnn.scene.state import State
from vrnn.scene.visuals.connection_caption import caption_height
from vrnn.scene.visuals.connections import board_bounds
from vrnn.workspace.manager import Manager
from vrnn.workspace.manager_parts import ManagerParts

Key = tuple[int, str]
"""Slot and name of a layer."""
MIN_HEIGHT = 0.3
"""Part of a view's height from which on connections are told apart."""
MIN_BOARD_HEIGHT = 0.7
"""The same of the board with all calculations and the panels below it."""
CAPTION_ROOM = 6.0
"""Room for the lines over the board, in their capital heights."""
BOARD_OPENING = 2.5
"""Opening from which on the board is brought into view."""


class ConnectionManager(Manager):
    """Keeps the connections that the state asks for up with it.

    Attributes:
        layer: What was read of the layer; None as long as nothing was.
    """

    def __init__(self, parts: ManagerParts) -> None:
        """Begin with none shown.

        Args:
            parts: What it works with.
        """
        self._world, self._jobs, self._reveal = parts.world, parts.jobs, parts.reveal
        self._notify, self._roll_back = parts.notify, parts.roll_back
        self._before: tuple[Bookmark, State] | None = None
        self.layer: LayerConnections | None = None
        self._key: Key | None = None
        self._asked: Key | None = None
        self._is_stale = False
        self._job: int | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._future: Future[ShownConnections] | None = None
        self._built: tuple[object, ...] = ()
        self._places: ConnectionPlaces | None = None
        self._revealed: tuple[int, bool] | None = None

    @property
    def pending(self) -> bool:
        """Whether something that is to be shown is not there yet."""
        state = self._world.state.connections
        if not state.shown or not state.layer:
            return False
        if self._job is not None or self._future is not None:
            return True
        if self.layer is None or self._key != _key_of(state):
            return self._asked != _key_of(state)  # what failed is not asked for again
        return not self._world.is_moving and not self._is_built(state)

    def remember(self, before: Bookmark, state: State) -> None:
        """Remember what was before a change, to go back to it when a layer cannot be read.

        Args:
            before: The history before it.
            state: The state that it gave.
        """
        now = state.connections
        is_new = now != state_of(before).connections and _key_of(now) != self._key
        if now.shown and is_new:
            self._before = (before, state)

    def sync_with_state(self, state: State) -> None:
        """Take away what a state does not show any more."""
        now = state.connections
        if not now.shown or _key_of(now) != self._asked:
            self._forget()

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._forget()

    def on_pass_complete(self) -> None:
        """Read again what goes through the connections."""
        self._is_stale = True

    def update(self) -> bool:
        """Ask for what is missing and take what has arrived; True when the picture changed."""
        state = self._world.state.connections
        if not state.shown or not state.layer or state.network not in self._world.networks:
            return False
        self._read(state)
        if self.layer is None or self._world.is_moving:
            had = self._world.connections is not None and self._world.is_moving
            if had:  # they are laid out anew where the layers come to rest
                self._world.set_connections(None)
                self._built = ()
            return had
        changed = self._lay_out(state, self.layer)
        shown = self._world.connections
        if shown is not None and shown.layer is self.layer:
            self._bring_into_view(shown, state)
        return changed

    def _read(self, state: ConnectionState) -> None:
        """Start a job where the layer is another one, or has other values now."""
        key = _key_of(state)
        if self._job is not None or (self._asked == key and not self._is_stale):
            return
        if self._asked == key and self.layer is None:
            return  # it failed
        if self._world.node_id(*key) is None:
            return
        self._asked, self._is_stale = key, False
        ablations = tuple(
            Ablation(one.layer, one.channels, one.position, one.value)
            for one in self._world.state.ablations
            if one.network == state.network
        )

        def take(result: object) -> None:
            if self._asked == key:
                self.layer, self._key = cast(LayerConnections, result), key
                self._before = None

        def fail(reason: str) -> None:
            before, self._before = self._before, None
            self._notify(reason)
            if before is not None and before[1] is self._world.state:
                self._roll_back(before[0])

        job = ConnectionsJob(state.network, state.layer, ablations)
        self._job = self._jobs.start(job, take, on_end=self._on_job_end, on_failed=fail)

    def _on_job_end(self) -> None:
        self._job = None

    def _lay_out(self, state: ConnectionState, layer: LayerConnections) -> bool:
        changed = False
        if self._future is not None and self._future.done():
            future, self._future = self._future, None
            shown = future.result()
            if shown.layer is layer or shown.layer.node == layer.node:
                self._world.set_connections(shown)
                changed = True
        if self._future is None and not self._is_built(state):
            frame = self._world.placement_frame(state.network)
            places = connection_places(frame, layer)
            if places is None:
                return changed
            self._built, self._places = self._question(state), places
            pool = self._pool = self._pool or ThreadPoolExecutor(1, "connections")
            self._future = pool.submit(
                show_connections,
                state.network,
                layer,
                places,
                state,
                self._world.connections,
                self._world.importance.get(state.network),
            )
        return changed

    def _question(self, state: ConnectionState) -> tuple[object, ...]:
        """What the layout depends on, apart from how it is drawn."""
        assert self.layer is not None
        return (
            self.layer, state.values, ribbon_count(state, self.layer.pair_count), state.bundling,
            state.channel, state.kernel_sheet and state.palette,
            self._world.importance.get(state.network),
        )  # fmt: skip

    def _is_built(self, state: ConnectionState) -> bool:
        if self.layer is None or not self._built or self._built != self._question(state):
            return False
        places = connection_places(self._world.placement_frame(state.network), self.layer)
        if places is None or self._places is None:
            return places is None
        return places.is_same(self._places)

    def _bring_into_view(self, shown: ShownConnections, state: ConnectionState) -> None:
        """Bring into view what was not shown before: another layer's, or the calculations."""
        has_board = state.opening > BOARD_OPENING
        if self._revealed == (shown.layer.node, has_board):
            return
        was_board = self._revealed == (shown.layer.node, True)
        self._revealed = shown.layer.node, has_board
        if was_board:
            return
        low, high = connection_bounds(shown)
        if has_board:
            board_low, board_high = board_bounds(shown, state)
            low = np.array([board_low[0], low[1], high[2]])
            top = board_high[1] + CAPTION_ROOM * caption_height(shown)
            high = np.array([board_high[0], top, high[2]])
        corners = np.array([(x, y, high[2]) for x in (low[0], high[0]) for y in (low[1], high[1])])
        height = MIN_BOARD_HEIGHT if has_board else MIN_HEIGHT
        self._reveal(Revealed(shown.slot, -1, corners.astype(float), height))

    def _forget(self) -> None:
        if self._job is not None:
            self._jobs.cancel(self._job)
        self.layer = self._key = self._asked = None
        self._revealed = None
        self._built = ()
        self._world.set_connections(None)

    def stop_threads(self) -> None:
        """Stop the thread that lays ribbons out."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


def _key_of(state: ConnectionState) -> Key:
    return state.network, state.layer
