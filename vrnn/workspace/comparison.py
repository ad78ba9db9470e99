"""Two networks compared: weights and CKA found by jobs, differences of maps kept up with them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

import numpy as np

from vrnn.commands.comparison import ShowCka
from vrnn.commands.undo_stack import Bookmark, state_of
from vrnn.compute.comparison.jobs import CkaJob, ComparedAnswersJob, WeightDifferencesJob
from vrnn.errors import VrnnError
from vrnn.network.cka import CkaMatrix
from vrnn.network.comparison import ComparedAnswers, distinct_titles
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.map_difference import difference_picture
from vrnn.network.picture_kinds import DIFFERENCE_PICTURE
from vrnn.network.weight_difference import WeightDifference
from vrnn.scene.linked_networks import matched_layers
from vrnn.scene.revealing import Revealed
from vrnn.scene.state import State
from vrnn.scene.visuals.cka_board import CKA_VISUAL, board_size, cka_board
from vrnn.scene.visuals.scaling import scale_visual
from vrnn.workspace.asked_results import AskedResults
from vrnn.workspace.manager import Manager
from vrnn.workspace.manager_parts import ManagerParts

METERS_ASIDE = 2.0
"""From the networks to the board at the right of them."""
READABLE = 0.5
"""Part of the height of a view from which on the board can be read."""
Pair = tuple[int, int]
"""Both networks."""
Key = tuple[int, int]
"""Slot and node."""


class ComparisonManager(Manager):
    """Finds what the state and the Compare panel show of two networks."""

    def __init__(self, parts: ManagerParts) -> None:
        """Begin with nothing found.

        Args:
            parts: What it works with.
        """
        self._world, self._jobs, self._feed = parts.world, parts.jobs, parts.feed
        self._notify, self._reveal = parts.notify, parts.reveal
        self._weights: dict[Pair, Mapping[int, WeightDifference] | None] = {}
        self._cka = AskedResults[Pair, CkaMatrix](parts)
        self._answers: dict[Pair, ComparedAnswers | None] = {}
        self._pictured: dict[Key, tuple[FeatureMaps, FeatureMaps]] = {}
        self._drawn: tuple[object, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether CKA is still to be found."""
        return self._cka.pending

    def check(self, first: int, second: int) -> None:
        """Check that layers of two networks can be compared over images.

        Raises:
            VrnnError: Neither has a data set.
        """
        if all(self._feed.datasets.get(slot) is None for slot in (first, second)):
            raise VrnnError(
                "neither network has a data set to compare layers over: start with --data FOLDER"
            )

    def remember(self, before: Bookmark, state: State) -> None:
        """Remember what was before a change, to go back to it when nothing can be found.

        Args:
            before: The history before it.
            state: The state that it gave.
        """
        if state.comparison.cka and not state_of(before).comparison.cka:
            self._cka.remember(before, state)

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._weights.clear()
        self._answers.clear()
        self._cka.forget()
        self._pictured.clear()
        self.sync_with_state(self._world.state)

    def on_edits_changed(self) -> None:
        """Forget what was found with other kernels."""
        self.on_network_loaded()

    def on_weights_changed(self) -> None:
        """Find it again with the weights of another step of a training."""
        self.on_network_loaded()

    def weights(self, first: int, second: int) -> Mapping[int, WeightDifference] | None:
        """Return the difference of weights by node id of the first network.

        What is asked for is found; until then it is None.

        Args:
            first: Slot of a network.
            second: Slot of another.
        """
        pair = first, second
        if pair not in self._weights:
            self._weights[pair] = None

            def take(result: object) -> None:
                found = cast(tuple[WeightDifference, ...], result)
                self._weights[pair] = MappingProxyType({one.first: one for one in found})

            def fail(reason: str) -> None:
                self._weights[pair] = MappingProxyType({})
                self._notify(reason)

            self._jobs.start(WeightDifferencesJob(first, second), take, on_failed=fail)
        return self._weights[pair]

    def answers(self, first: int, second: int) -> ComparedAnswers | None:
        """Return what two networks answer to all images; None as long as it is not known."""
        return self._answers.get((first, second))

    def find_answers(self) -> None:
        """Ask both networks that are compared for the class of each image of the data set.

        Raises:
            VrnnError: Neither has a data set.
        """
        now = self._world.state.comparison
        pair = now.first, now.second
        self.check(*pair)
        self._answers[pair] = None

        def take(result: object) -> None:
            self._answers[pair] = found = cast(ComparedAnswers, result)
            titles = self._titles(pair)
            parts = (f"{t} {part:.1%}" for t, part in zip(titles, found.accuracy, strict=True))
            self._notify(f"right of {len(found.numbers):,} images: {', '.join(parts)}")

        self._jobs.start(ComparedAnswersJob(*pair), take)

    def matrix(self, first: int, second: int) -> CkaMatrix | None:
        """Return CKA of two networks; None as long as it is not known."""
        return self._cka.found.get((first, second))

    def shown_cka(self) -> tuple[CkaMatrix, tuple[str, str]]:
        """Return the CKA that is shown, and the names of both networks.

        Raises:
            VrnnError: None is shown.
        """
        now = self._world.state.comparison
        matrix = self.matrix(now.first, now.second)
        if matrix is None:
            raise VrnnError("no CKA is known yet; show it with compare.cka and wait for its job")
        return matrix, self._titles((now.first, now.second))

    def sync_with_state(self, state: State) -> None:
        """Find what a state shows, end what nothing shows, and show what is found."""
        now = state.comparison
        pair = now.first, now.second
        shown = now.cka and set(pair) <= self._world.networks.keys()
        self._cka.follow([pair] if shown else [], lambda key: CkaJob(*key), self._take_cka)
        self._draw_board(pair if shown else None)
        self.on_maps_shown()

    def _take_cka(self, pair: Pair, matrix: CkaMatrix) -> None:
        self._cka.keep_change()
        for note in matrix.notes(self._titles(pair)):
            self._notify(note)
        self.sync_with_state(self._world.state)

    def _titles(self, pair: Pair) -> tuple[str, str]:
        first, second = (self._world.networks[slot].info.title for slot in pair)
        return distinct_titles(first, second)

    def update(self) -> bool:
        """Follow the networks that the board stands beside; True when the picture changed."""
        now = self._world.state.comparison
        if not now.cka or self._drawn:
            return False
        self._draw_board((now.first, now.second))
        return bool(self._drawn)

    def _draw_board(self, pair: Pair | None) -> None:
        matrix = None if pair is None else self._cka.found.get(pair)
        place = None if matrix is None else self._place(matrix)
        if pair is None or matrix is None or place is None:
            if self._drawn:
                self._world.set_visual(CKA_VISUAL, None)
            self._drawn = ()
            return
        key = matrix, pair, place
        if key == self._drawn:
            return
        appeared, self._drawn = not self._drawn, key
        x, y, z, scale = place
        board = cka_board(matrix, self._titles(pair), (x, y, z), ShowCka(on=False), pair)
        self._world.set_visual(CKA_VISUAL, scale_visual(board, scale, (x, y, z)))
        if appeared:
            width, height = (scale * side for side in board_size(matrix))
            corners = [(x + a * width / 2, y + up, z) for a in (-1, 1) for up in (0.0, height)]
            self._reveal(Revealed(pair[1], -1, np.array(corners), READABLE))

    def _place(self, matrix: CkaMatrix) -> tuple[float, float, float, float] | None:
        """The middle of the board's lower edge, right of all networks, and how large it is."""
        world = self._world.at_rest()
        slot = world.slots[-1]
        frame, margin = world.placement_frame(slot), world.networks[slot].input_margin
        if margin.node not in frame.index:
            return None
        _, y, z, _, _ = frame.panel_rect(margin.node).tolist()
        scale = frame.panel_scale(margin.node)
        rects = np.concatenate([world.placement_frame(s).panel_rects for s in world.slots])
        right = float((rects[:, 0] + rects[:, 3] / 2).max())
        return right + (METERS_ASIDE + board_size(matrix)[0] / 2) * scale, y, z, scale

    def on_pass_complete(self) -> None:
        """Compare the maps of the new image."""
        self.on_maps_shown()

    def on_maps_shown(self) -> None:
        """Make the differences of maps that the state shows."""
        wanted = self._wanted()
        for key in self._pictured.keys() - wanted.keys():
            del self._pictured[key]
            self._world.set_layer_picture(*key, DIFFERENCE_PICTURE, None)
        for key, (slot, node) in wanted.items():
            networks = self._world.networks
            first, second = networks[slot].whole_maps(node), networks[key[0]].whole_maps(key[1])
            if first is None or second is None:
                continue
            known = self._pictured.get(key)
            if known is None or known[0] is not first or known[1] is not second:
                self._pictured[key] = first, second
                name = self._titles((slot, key[0]))[0]
                picture = difference_picture(first, second, name)
                self._world.set_layer_picture(*key, DIFFERENCE_PICTURE, picture)

    def _wanted(self) -> dict[Key, Key]:
        """The layers that show a difference, each with the layer that it is to."""
        wanted = {}
        now = self._world.state.comparison
        for (slot, name), layer in self._world.state.layers.items():
            network = self._world.networks.get(slot)
            if layer.picture != DIFFERENCE_PICTURE or network is None:
                continue
            node = network.node_ids.get(name)
            other = now.first if slot != now.first else now.second
            matched = {} if node is None else matched_layers(self._world, slot, node)
            if node is not None and other in matched:
                wanted[slot, node] = other, matched[other]
        return wanted
