"""Importance for classes: asked for by the state, found by jobs, given to the world."""

from __future__ import annotations

import numpy as np

from vrnn.commands.importance import PruneChannels, ShowImportance, class_name
from vrnn.commands.undo_stack import Bookmark, state_of
from vrnn.compute.importance.jobs import ImportanceJob
from vrnn.errors import VrnnError
from vrnn.network.importance import ImportanceResult
from vrnn.network.importance_measures import PruningRanking
from vrnn.scene.importance import NetworkImportance
from vrnn.scene.revealing import Revealed
from vrnn.scene.state import State
from vrnn.scene.visuals.pruning_board import PRUNING_VISUAL, board_size, pruning_board
from vrnn.scene.visuals.scaling import scale_visual
from vrnn.workspace.asked_results import AskedResults
from vrnn.workspace.manager import Manager
from vrnn.workspace.manager_parts import ManagerParts

METERS_ASIDE = 1.8
"""From the room beside the input to the board at the left of it: the name of the row is there."""
READABLE = 0.5
"""Part of the height of a view from which on the board can be read."""
Key = tuple[int, PruningRanking, int | None]
"""Network, ranking and class."""


class ImportanceManager(Manager):
    """Finds the importance that the state shows, and of no other class."""

    def __init__(self, parts: ManagerParts) -> None:
        """Begin with nothing found.

        Args:
            parts: What it works with.
        """
        self._world, self._feed, self._reveal = parts.world, parts.feed, parts.reveal
        self._results = AskedResults[Key, ImportanceResult](parts)
        self._drawn: tuple[object, ...] = ()

    def check(self, network: int) -> None:
        """Check that importance can be found for a network.

        Raises:
            VrnnError: It has no data set.
        """
        if self._feed.datasets.get(network) is None:
            raise VrnnError("no data set to find importance with: start with --data FOLDER")

    def remember(self, before: Bookmark, state: State) -> None:
        """Remember what was before a change, to go back to it when nothing can be found.

        Args:
            before: The history before it.
            state: The state that it gave.
        """
        if state.importance.shown and state.importance != state_of(before).importance:
            self._results.remember(before, state)

    @property
    def pending(self) -> bool:
        """Whether something is still to be found."""
        return self._results.pending

    def classes(self, network: int) -> int:
        """Return how many classes a network is known to have; 0 where that is not known."""
        found = self._world.importance.get(network)
        curve = None if found is None else found.first.curve
        return 0 if curve is None else curve.class_accuracy.shape[1]

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._results.forget()
        self.sync_with_state(self._world.state)

    def on_edits_changed(self) -> None:
        """Forget what was found with other kernels."""
        self.on_network_loaded()

    def on_weights_changed(self) -> None:
        """Find it again with the weights of another step of a training."""
        self.on_network_loaded()

    def sync_with_state(self, state: State) -> None:
        """Find what a state shows, end what nothing shows, and show what is found."""
        self._results.follow(
            self._wanted(state), lambda key: ImportanceJob(key[0], key[1], key[2]), self._take
        )
        self._show(state)

    def _wanted(self, state: State) -> list[Key]:
        now = state.importance
        if not now.shown or now.network not in self._world.networks:
            return []
        slot = now.network
        wanted: list[Key] = [(slot, now.measure, now.class_index)]
        if now.beside is not None:
            wanted.append((slot, now.measure, now.beside))
        return [*wanted, (slot, "magnitude", None), (slot, "random", None)]

    def _take(self, key: Key, result: ImportanceResult) -> None:
        if key[1] == self._world.state.importance.measure:
            self._results.keep_change()
        self._show(self._world.state)

    def _show(self, state: State) -> None:
        """Give the world what is found of what the state shows."""
        now = state.importance
        wanted = self._wanted(state)
        first = self._results.found.get(wanted[0]) if wanted else None
        for slot in [slot for slot in self._world.importance if slot != now.network]:
            self._world.set_importance(slot, None)
        if first is None:
            self._world.set_importance(now.network, None)
            self._draw(state)
            return
        second = None if now.beside is None else self._results.found.get(wanted[1])
        others = (self._results.found.get(key) for key in wanted[-2:])
        curves = tuple(one.curve for one in others if one is not None and one.curve is not None)
        known = self._world.importance.get(now.network)
        if known is None or not _is_same(known, first, second, curves):
            self._world.set_importance(now.network, NetworkImportance(first, second, curves))
        self._draw(state)

    def update(self) -> bool:
        """Follow the answer that the board stands beside; True when the picture changed."""
        if not self._world.importance or self._drawn[1:2] != (None,):
            return False
        self._draw(self._world.state)
        return self._drawn[1] is not None

    def _draw(self, state: State) -> None:
        """Show the board with the curves as it is."""
        now = state.importance
        found = self._world.importance.get(now.network)
        place = None if found is None or not found.curves else self._place(now.network)
        key = (found, place, now.pruned)
        if key == self._drawn:
            return
        appeared = not self._drawn or self._drawn[1] is None
        self._drawn = key
        if found is None or place is None:
            self._world.set_visual(PRUNING_VISUAL, None)
            return
        curves = tuple(c for c in found.curves if c.class_index in (None, now.class_index))
        x, y, z, scale = place
        name = class_name(self._world, now.network, now.class_index)
        title = f"pruning for {name}"
        board = pruning_board(
            curves, now.class_index, title, now.pruned, (x, y, z), PruneChannels,
            ShowImportance(network=now.network, on=False),
        )  # fmt: skip
        self._world.set_visual(PRUNING_VISUAL, scale_visual(board, scale, (x, y, z)))
        if appeared:
            width, height = (scale * side for side in board_size(len(curves)))
            corners = [
                (x + across * width / 2, y + up, z) for across in (-1, 1) for up in (0.0, height)
            ]
            node = self._world.networks[now.network].input_margin.node
            self._reveal(Revealed(now.network, node, np.array(corners), READABLE))

    def _place(self, slot: int) -> tuple[float, float, float, float] | None:
        """The middle of the board's lower edge, and how large it is; None without an input."""
        network = self._world.networks.get(slot)
        if network is None or network.result is None:
            return None
        frame, margin = self._world.at_rest().placement_frame(slot), network.input_margin
        if margin.node not in frame.index:
            return None
        x, y, z, width, _ = frame.panel_rect(margin.node).tolist()
        scale = frame.panel_scale(margin.node)
        aside = margin.left + METERS_ASIDE + board_size(0)[0] / 2
        return x - width / 2 - aside * scale, y, z, scale


def _is_same(
    known: NetworkImportance, first: ImportanceResult, second: ImportanceResult | None,
    curves: tuple[object, ...],
) -> bool:  # fmt: skip
    return (
        known.first is first
        and known.second is second
        and len(known.compared) == len(curves)
        and all(a is b for a, b in zip(known.compared, curves, strict=True))
    )
