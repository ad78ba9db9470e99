"""Scores of data sets: asked for by the state, found by jobs, shown on a board."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from vrnn.commands.inputs import SetInputImage
from vrnn.commands.scoring import ShowScore, ShowScoredImages
from vrnn.commands.undo_stack import Bookmark, state_of
from vrnn.compute.scoring.jobs import ScoreJob
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.media.thumbnails import ThumbnailLoader
from vrnn.network.dataset_score import ImageGroup, ScoreComparison, Side
from vrnn.network.kernel_edits import KernelEdit
from vrnn.network.results import Ablation
from vrnn.scene.revealing import Revealed
from vrnn.scene.score_state import ScoreState
from vrnn.scene.state import State
from vrnn.scene.visuals.confusion_board import (
    CELL_KIND,
    MAX_THUMBNAILS,
    SCORE_VISUAL,
    CellImages,
    ConfusionBoard,
    class_text,
    confusion_board,
    matrix_text,
    score_lines,
)
from vrnn.scene.visuals.scaling import scale_visual
from vrnn.workspace.asked_results import AskedResults
from vrnn.workspace.manager import Manager
from vrnn.workspace.manager_parts import ManagerParts

METERS_ASIDE = 1.8
"""From the room beside the input to the board at the left of it: the name of the row is there."""
PRUNING_ROOM = 3.6
"""Meters more where the board with pruning curves stands there."""
READABLE = 0.6
"""Part of the height of a view from which on the board can be read."""
Key = tuple[int, tuple[KernelEdit, ...], tuple[Ablation, ...]]
"""Network, edits and ablations."""
Chosen = tuple[ImageGroup, Side, int, int]


class ScoreManager(Manager):
    """Scores the data set as the state asks, again after each edit and ablation."""

    def __init__(self, parts: ManagerParts) -> None:
        """Begin with nothing found.

        Args:
            parts: What it works with.
        """
        self._world, self._feed = parts.world, parts.feed
        self._notify, self._reveal = parts.notify, parts.reveal
        self._results = AskedResults[Key, ScoreComparison](parts)
        self._latest: tuple[int, ScoreComparison] | None = None
        self._thumbnails: tuple[int, ThumbnailLoader] | None = None
        self._loaded: dict[int, np.ndarray] = {}
        self._drawn: tuple[object, ...] = ()

    def check(self, network: int) -> None:
        """Check that a network has a data set.

        Raises:
            VrnnError: It has none.
        """
        if self._feed.datasets.get(network) is None:
            raise VrnnError("no data set to score: start with --data FOLDER")

    def remember(self, before: Bookmark, state: State) -> None:
        """Remember what was before a change, to go back to it when nothing can be found."""
        if state.score.shown and state.score != state_of(before).score:
            self._results.remember(before, state)

    @property
    def pending(self) -> bool:
        """Whether something is still to come."""
        waits = self._thumbnails is not None and self._thumbnails[1].waiting > 0
        return self._results.pending or waits

    @property
    def is_stale(self) -> bool:
        """Whether what is shown is of other edits or ablations: it is being found anew."""
        return self._key(self._world.state) not in self._results.found

    @property
    def shown(self) -> ScoreComparison | None:
        """What is shown now; None for nothing."""
        now = self._world.state.score
        if not now.shown:
            return None
        found = self._results.found.get(self._key(self._world.state))
        if found is not None:
            return found
        is_same = self._latest is not None and self._latest[0] == now.network
        return self._latest[1] if is_same and self._latest is not None else None

    def names(self) -> tuple[str, ...]:
        """Names of the classes of the network that is scored."""
        opened = self._world.networks.get(self._world.state.score.network)
        return () if opened is None else tuple(opened.info.class_names)

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._results.forget()
        self._latest = None
        self.stop_threads()
        self.sync_with_state(self._world.state)

    def on_weights_changed(self) -> None:
        """Find it again with the weights of another step of a training."""
        self.on_network_loaded()

    def stop_threads(self) -> None:
        """Stop the threads that load thumbnails."""
        if self._thumbnails is not None:
            self._thumbnails[1].close()
        self._thumbnails, self._loaded = None, {}

    def _key(self, state: State) -> Key:
        slot = state.score.network
        ablations = tuple(
            Ablation(one.layer, one.channels, one.position, one.value)
            for one in state.ablations
            if one.network == slot
        )
        return slot, state.edits.get(slot, ()), ablations

    def sync_with_state(self, state: State) -> None:
        """Find what a state shows, end what nothing shows, and show what is found."""
        now = state.score
        is_wanted = now.shown and now.network in self._world.networks
        wanted = [self._key(state)] if is_wanted else []
        self._results.follow(wanted, lambda key: ScoreJob(key[0], key[2]), self._take)
        self._draw()

    def _take(self, key: Key, found: ScoreComparison) -> None:
        self._latest = (key[0], found)
        self._results.keep_change()
        if found.skipped:
            image, reason = found.skipped[0]
            count = len(found.skipped)
            self._notify(f"{count} images are left out, such as image {image}: {reason}")

    def result(self) -> tuple[ScoreComparison, ImageSet]:
        """Return what is shown, and the images that it is of.

        Raises:
            VrnnError: It is not found yet.
        """
        found, dataset = self.shown, self._feed.datasets.get(self._world.state.score.network)
        if found is None or dataset is None or self.is_stale:
            raise VrnnError("the data set is still being scored; try again when that is done")
        return found, dataset

    # The board.

    def update(self) -> bool:
        """Show the images of what is pointed at; True when the picture changed."""
        if not self._world.state.score.shown and not self._drawn:
            return False
        if self._thumbnails is not None:
            arrived = self._thumbnails[1].take()
            if arrived:
                self._loaded = {**self._loaded, **arrived}
        return self._draw()

    def _chosen(self, now: ScoreState) -> Chosen | None:
        """What is pointed at on the board, else what the state shows."""
        hit = self._world.hovered
        if hit is not None and hit.kind == CELL_KIND:
            told: ShowScoredImages = hit.value
            return cast(ImageGroup, told.group), told.side, told.label, told.answer
        if now.group == "":
            return None
        return now.group, now.side, now.label, now.answer

    def image_numbers(self) -> tuple[str, np.ndarray] | None:
        """Return what the images that are shown have in common, and their numbers."""
        now, found = self._world.state.score, self.shown
        chosen = self._chosen(now)
        if found is None or chosen is None:
            return None
        group, side, label, answer = chosen
        if max(label, answer) >= found.now.classes:
            return None
        numbers = found.images(*chosen)
        text: str = group
        if group == "cell":
            names = self.names()
            label_text, answer_text = class_text(names, label), class_text(names, answer)
            text = f"{label_text}, answered {answer_text}"
            text += " before" if side == "before" else ""
        count = f"{len(numbers):,} image{'' if len(numbers) == 1 else 's'}"
        return f"{text}: {count}", numbers

    def put_in(self, number: int) -> SetInputImage | None:
        """Return what puts an image of the data set in; None where that is not possible."""
        slot = self._world.state.score.network
        dataset = self._feed.datasets.get(slot)
        if slot == 0:
            return SetInputImage(number=number)
        if dataset is not None and number < len(dataset.files):
            return SetInputImage(file=Path(dataset.files[number]))
        return None

    def _images(self, dataset: ImageSet) -> CellImages | None:
        told = self.image_numbers()
        if told is None:
            return None
        title, numbers = told
        slot = self._world.state.score.network
        if self._thumbnails is None or self._thumbnails[0] != slot:
            self.stop_threads()
            self._thumbnails = slot, ThumbnailLoader(dataset)
        some = numbers[:MAX_THUMBNAILS].tolist()
        self._thumbnails[1].request(some)
        found = self.shown
        assert found is not None
        places = {number: place for place, number in enumerate(found.now.numbers.tolist())}
        captions = []
        for number in some:
            place = places[number]
            answer = class_text(self.names(), int(found.now.answers[place]))
            captions.append(f"#{number} → {answer}, {found.now.confidences[place]:.0%}")
        title += f", the first {len(some)}" if len(some) < len(numbers) else ""
        return CellImages(
            title, tuple(self._loaded.get(n) for n in some), tuple(captions),
            tuple(self.put_in(n) for n in some),
        )  # fmt: skip

    def _draw(self) -> bool:
        """Show the board as it is; True when it changed."""
        now, found = self._world.state.score, self.shown
        place = None if found is None else self._place(now.network)
        dataset = self._feed.datasets.get(now.network)
        if found is None or place is None or dataset is None:
            had, self._drawn = bool(self._drawn), ()
            if had:
                self._world.set_visual(SCORE_VISUAL, None)
            return had
        chosen = self._chosen(now)
        images = self._images(dataset)
        key = (
            found, place, chosen, self.is_stale,
            () if images is None else tuple(map(id, images.pixels)),
        )  # fmt: skip
        if key == self._drawn:
            return False
        appeared, self._drawn = not self._drawn, key
        selected = None
        if chosen is not None and chosen[0] == "cell":
            selected = chosen[1:]
        told = [matrix_text(found), "framed: what changed" if found.has_change else ""]
        lines = (*score_lines(found, self.names()), "; ".join(filter(None, told)))
        lines = (*lines, "being scored again …") if self.is_stale else lines
        board = ConfusionBoard(found, self.names(), lines, selected, images)
        x, y, z, scale = place
        x -= board.size[0] / 2 * scale

        def select(group: ImageGroup, side: Side, label: int, answer: int) -> Any:
            return ShowScoredImages(group, side, label, answer)

        close = ShowScore(now.network, False)
        visual = scale_visual(confusion_board(board, (x, y, z), select, close), scale, (x, y, z))
        self._world.set_visual(SCORE_VISUAL, visual)
        if appeared:
            width, height = (scale * side for side in board.size)
            corners = [
                (x + across * width / 2, y + up, z) for across in (-1, 1) for up in (0.0, height)
            ]
            node = self._world.networks[now.network].input_margin.node
            self._reveal(Revealed(now.network, node, np.array(corners), READABLE))
        return True

    def _place(self, slot: int) -> tuple[float, float, float, float] | None:
        """The right end of the board's lower edge, and how large it is; None without an input."""
        network = self._world.networks.get(slot)
        if network is None:
            return None
        frame, margin = self._world.at_rest().placement_frame(slot), network.input_margin
        if margin.node not in frame.index:
            return None
        x, y, z, width, _ = frame.panel_rect(margin.node).tolist()
        scale = frame.panel_scale(margin.node)
        aside = margin.left + METERS_ASIDE
        aside += PRUNING_ROOM if self._world.state.importance.shown else 0.0
        return x - width / 2 - aside * scale, y, z, scale
