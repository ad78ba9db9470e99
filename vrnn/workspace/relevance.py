"""Relevance on the main thread: asked for, uploaded a part each frame, and shown in the world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from vrnn.commands.undo_stack import Bookmark
from vrnn.compute.analysis.explanation_job import ExplanationJob
from vrnn.errors import VrnnError
from vrnn.explanations.relevance_maps import RelevanceMaps
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import parse_target
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.layer_pictures import LayerPicture
from vrnn.network.picture_kinds import RELEVANCE_PICTURE, bars
from vrnn.network.results import Ablation
from vrnn.render.renderer import Renderer
from vrnn.scene.network_object import folded_map_id
from vrnn.scene.primitives import FIRST_RELEVANCE_STORE
from vrnn.scene.relevance import NetworkRelevance
from vrnn.scene.relevance_state import RelevanceState
from vrnn.scene.state import State
from vrnn.scene.world import World
from vrnn.style.relevance_colors import color_relevance
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.manager import Manager

NOT_OVER = (
    "relevance stands in place of maps that are not whole on the GPU; for relevance over them, "
    "set a larger map_memory_mb"
)


class RelevanceManager(Manager):
    """Keeps the relevance that is shown up with the input, the target and the method.

    The relevance before stays until the new one is there, dimmed.

    Attributes:
        failure: Why the last explanation failed; '' when it did not.
    """

    def __init__(
        self, world: World, renderer: Renderer, jobs: JobManager, notify: Callable[[str], None],
        roll_back: Callable[[Bookmark], None],
    ) -> None:  # fmt: skip
        """Begin with nothing explained.

        Args:
            world: Whose state says what is explained.
            renderer: Takes the maps.
            jobs: Run the explanations.
            notify: Shows the user a sentence.
            roll_back: Makes everything as it was at a bookmark of the history.
        """
        self._roll_back = roll_back
        self._asked: tuple[Bookmark, State] | None = None
        self.failure = ""
        self._world, self._renderer, self._jobs, self._notify = world, renderer, jobs, notify
        self._told_over = False
        self._job: int | None = None
        self._asks_again = self._awaits_pass = False
        self._question: tuple[object, ...] | None = None
        self._pending: dict[int, FeatureMaps] = {}
        self._arriving: NetworkRelevance | None = None
        self._sizes: dict[int, dict[int, int]] = {}
        self._scaled: tuple[object, ...] = ()

    @property
    def running(self) -> bool:
        """Whether relevance is being found, or on its way to the GPU."""
        return self._job is not None or self._arriving is not None

    @property
    def shown(self) -> NetworkRelevance | None:
        """What is shown; None for nothing."""
        return self._world.relevance.get(self._world.state.relevance.network)

    def remember(self, before: Bookmark, state: State) -> None:
        """Remember what was before a change, to go back to it when what it asks cannot be answered.

        Args:
            before: The history before it.
            state: The state that it gave.
        """
        if state.relevance.shown:
            self._asked = (before, state)

    def sync_with_state(self, state: State) -> None:
        """Show what a state wants explained, and nothing else."""
        wanted = state.relevance
        if not wanted.shown:
            self._stop()
            return
        if wanted.question != self._question:
            if self._question is not None and self._question[0] != wanted.network:
                self._clear()
            self._question, self.failure = wanted.question, ""
            self._ask()
        network = self._world.networks.get(wanted.network)
        lacks = wanted.placement == "over" and network is not None and bool(network.left_out)
        if lacks and not self._told_over:
            self._notify(NOT_OVER)
        self._told_over = lacks
        self._update_pictures()

    def on_pass_requested(self, at_once: bool) -> None:
        """Let what is shown step back, as another image or ablation goes in.

        Args:
            at_once: Whether nothing may come before it; else, as with a stream, an explanation that
                runs is finished first.
        """
        if not self._world.state.relevance.shown:
            return
        self._awaits_pass = True
        if at_once:
            self._cancel()
            self._mark_stale()

    def on_pass_complete(self) -> None:
        """Explain the new answer."""
        self._awaits_pass = False
        if not self._world.state.relevance.shown:
            return
        if self._job is not None:
            self._asks_again = True
        else:
            self._ask()

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._cancel()
        self._clear()
        self._question = None
        self._awaits_pass = True

    def on_edits_changed(self) -> None:
        """Forget what was found with other kernels."""
        self.on_network_loaded()

    def _ask(self) -> None:
        state = self._world.state.relevance
        network = self._world.networks.get(state.network)
        self._cancel()
        self._mark_stale()
        if network is None or network.result is None or self._awaits_pass:
            return
        try:
            settings = self.settings(state.network)
        except VrnnError as error:
            self._fail(str(error))
            return
        self._job = self._jobs.start(
            ExplanationJob(state.network, settings),
            lambda result: self._take(state.network, cast(RelevanceMaps, result)),
            on_end=self._on_end, on_failed=self._fail,
        )  # fmt: skip

    def settings(self, slot: int) -> ExplanationSettings:
        """Return how a network is explained: as it is shown, with what is ablated."""
        network = self._world.networks[slot]
        ablations = () if network.result is None else network.result.ablations
        return explanation_settings(
            self._world.state.relevance, network.info.class_names, ablations
        )  # fmt: skip

    def _on_end(self) -> None:
        self._job = None
        if self._asks_again:
            self._asks_again = False
            self._ask()

    def _fail(self, reason: str) -> None:
        if reason != self.failure:
            self._notify(reason)
        self.failure = reason
        self._clear()
        asked, self._asked = self._asked, None
        if asked is not None and asked[1] is self._world.state:
            self._roll_back(asked[0])

    def _take(self, slot: int, found: RelevanceMaps) -> None:
        """Begin to upload what was found."""
        self._asked = None
        blocks = {folded_map_id(node): maps for node, maps in found.pictures.items()}
        blocks |= found.maps
        sizes = {key: maps.block.size for key, maps in blocks.items()}
        store = FIRST_RELEVANCE_STORE + slot
        self.failure = ""
        if sizes and self._sizes.get(slot) != sizes:
            self._remove(slot)  # what is shown lies there
            try:
                self._renderer.maps.allocate(store, sizes)
            except VrnnError as error:
                self._fail(str(error))
                return
            self._sizes[slot] = sizes
        addresses = dict(self._renderer.maps.addresses(store)) if sizes else {}
        self._pending = blocks
        self._arriving = NetworkRelevance(slot, found, addresses)

    def upload(self, max_bytes: float = float("inf")) -> bool:
        """Send what has arrived to the GPU, and show it when all of it is there.

        Args:
            max_bytes: About how much.

        Returns:
            Whether everything that has arrived is shown.
        """
        arriving, sent = self._arriving, 0
        if arriving is None:
            return True
        while self._pending and sent < max_bytes:
            key = next(iter(self._pending))
            block = self._pending.pop(key).block
            self._renderer.maps.upload(arriving.store, key, block)
            sent += block.nbytes
        if self._pending:
            return False
        self._arriving = None
        is_stale = self._job is not None or self._awaits_pass
        self._world.set_relevance(arriving.slot, replace(arriving, is_stale=is_stale))
        self._scaled = ()
        self._update_pictures()
        return True

    def _update_pictures(self) -> None:
        """Give the world the pictures of layers that are seen from afar."""
        shown, state = self.shown, self._world.state.relevance
        key = (shown and shown.found, state.normalize_by)
        if shown is None or key == self._scaled:
            return
        self._scaled = key
        slot = shown.slot
        for node in self._world.networks[slot].network.by_id:
            picture = distant_picture(shown, node, state)
            self._world.set_layer_picture(slot, node, RELEVANCE_PICTURE, picture)

    def _mark_stale(self) -> None:
        shown = self.shown
        if shown is not None and not shown.is_stale:
            self._world.set_relevance(shown.slot, replace(shown, is_stale=True))

    def _cancel(self) -> None:
        self._asks_again = False
        if self._job is not None:
            self._jobs.cancel(self._job)
            self._job = None

    def _stop(self) -> None:
        self._cancel()
        self._clear()
        self._question, self.failure = None, ""

    def _clear(self) -> None:
        self._arriving, self._pending, self._scaled = None, {}, ()
        for slot in {*self._sizes, *self._world.relevance}:
            self._remove(slot)

    def _remove(self, slot: int) -> None:
        """Take what is shown of a network away."""
        if self._sizes.pop(slot, None) is not None:
            self._renderer.maps.free(FIRST_RELEVANCE_STORE + slot)
        self._world.set_relevance(slot, None)


def explanation_settings(
    state: RelevanceState, class_names: tuple[str, ...], ablations: Sequence[Ablation] = ()
) -> ExplanationSettings:
    """Return the settings of the explanation that a state wants.

    Args:
        state: What is explained.
        class_names: Of the network.
        ablations: What is ablated in it.

    Raises:
        VrnnError: The target is none.
    """
    target = parse_target(state.target, class_names)
    return ExplanationSettings(
        state.method, target, state.conditions, ablations=tuple(ablations)
    )  # fmt: skip


def distant_picture(
    shown: NetworkRelevance, node: int, state: RelevanceState
) -> LayerPicture | None:
    """Return the relevance of a layer as it is seen from afar; None for a layer without.

    Args:
        shown: What is shown.
        node: Id of the layer.
        state: How it is seen.
    """
    scale = shown.scale(node, state.normalize_by)
    if scale is None:
        return None
    maps = shown.found.maps.get(node)
    picture = shown.found.pictures[node]
    values = picture.values[0].astype(np.float32) * np.float32(picture.scale)
    peak = scale.picture
    if scale.positions == 1 and maps is not None and (drawn := bars(maps)) is not None:
        values, peak = drawn.values[0], scale.maps
    return LayerPicture(color_relevance(np.nan_to_num(values), peak))
