"""How faithful explanations are: pixels are flipped, and two methods stand side by side.

What was measured stands on a card above the input, and in the Relevance panel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from vrnn.commands.explain import MeasureFaithfulness
from vrnn.commands.undo_stack import Bookmark, state_of
from vrnn.compute.analysis.explanation_job import ExplanationJob, PixelFlippingJob
from vrnn.explanations.relevance_maps import RelevanceMaps
from vrnn.explanations.results import Explanation, FlippingCurves
from vrnn.scene.relevance import NetworkRelevance, draw_over
from vrnn.scene.revealing import Revealed
from vrnn.scene.state import State
from vrnn.scene.visuals.faithfulness_card import ShownMethod, card_size, faithfulness_card
from vrnn.scene.visuals.scaling import scale_visual
from vrnn.style.text import number_text
from vrnn.workspace.manager import Manager
from vrnn.workspace.manager_parts import ManagerParts
from vrnn.workspace.relevance import RelevanceManager

VISUAL = "faithfulness"
"""Name of the card among the world's visuals."""
METERS_ABOVE = 0.6
"""From the room beside the input to the card above it."""
BELOW = 2.2
"""Meters of what is below the card that come into view with it: the input."""
READABLE = 0.5
"""Part of the height of a view from which on the card and the input below it can be read."""
METERS_NEARER = 0.3
"""From the plane of the input to the card."""


@dataclass(frozen=True, eq=False)
class MeasuredMethod:
    """An explanation that is compared or measured.

    Attributes:
        method: Its method.
        explanation: What it found; None as long as it runs.
        curves: What flipping pixels does; None as long as that is not known.
        failure: Why there is none; '' if there is.
        is_measuring: Whether pixels are being flipped.
    """

    method: str
    explanation: Explanation | None = None
    curves: FlippingCurves | None = None
    failure: str = ""
    is_measuring: bool = False

    @property
    def note(self) -> str:
        """What is said in the place of what is missing."""
        if self.failure:
            return self.failure
        if self.explanation is None:
            return "being found"
        return "flipping pixels" if self.is_measuring else ""


@dataclass(frozen=True)
class _Question:
    """What is measured and compared.

    Attributes:
        shown: The explanation that is shown; one that is shown again is another.
        beside: The other method; '' for none.
    """

    shown: NetworkRelevance
    beside: str


class Faithfulness(Manager):
    """Measures the explanation that is shown, and the one that it is compared with.

    Attributes:
        methods: What is measured: that which is shown first, then the other.
    """

    def __init__(self, parts: ManagerParts, relevance: RelevanceManager) -> None:
        """Begin with nothing measured.

        Args:
            parts: What it works with.
            relevance: What is explained.
        """
        self._world, self._jobs, self._relevance = parts.world, parts.jobs, relevance
        self._notify, self._reveal = parts.notify, parts.reveal
        self._roll_back = parts.roll_back
        self._asked: tuple[Bookmark, State] | None = None
        self.methods: tuple[MeasuredMethod, ...] = ()
        self.is_live = False
        self._question: _Question | None = None
        self._running: set[int] = set()
        self._drawn: tuple[object, ...] = ()

    def remember(self, before: Bookmark, state: State) -> None:
        """Remember what was before a change, to go back to it when a method cannot be compared.

        Args:
            before: The history before it.
            state: The state that it gave.
        """
        beside = state.relevance.beside
        if beside and beside != state_of(before).relevance.beside:
            self._asked = (before, state)

    @property
    def measuring(self) -> bool:
        """Whether pixels are being flipped."""
        return any(one.is_measuring for one in self.methods)

    @property
    def pending(self) -> bool:
        """Whether something is still to be found."""
        return bool(self._running) or self._wanted() != self._question

    def update(self) -> bool:
        """Follow what is shown and compared; True when the picture changed."""
        wanted = self._wanted()
        if wanted != self._question:
            self._cancel()
            self._question, self.methods = wanted, ()
            if wanted is not None:
                explanation = wanted.shown.found.explanation
                self.methods = (MeasuredMethod(explanation.method, explanation),)
                if wanted.beside:
                    self.methods = (*self.methods, MeasuredMethod(wanted.beside))
                    self._explain(wanted)
                self._flip(0)
        return self._draw()

    def _wanted(self) -> _Question | None:
        """What is to be measured and compared."""
        state, shown = self._world.state.relevance, self._relevance.shown
        if shown is None or not state.shown or not (state.measured or state.beside):
            return None
        if shown.is_stale or self._relevance.running:
            return self._question  # the last one stays until the new one is there
        beside = "" if state.beside == shown.found.explanation.method else state.beside
        return _Question(shown, beside)

    def _explain(self, question: _Question) -> None:
        """Explain with the other method, then measure that."""
        shown, method = question.shown, question.beside
        settings = replace(self._relevance.settings(shown.slot), method=method)
        numbers: list[int] = []

        def take(result: object) -> None:
            if self._question == question:
                self._asked = None
                explanation = cast(RelevanceMaps, result).explanation
                self._set(1, replace(self.methods[1], explanation=explanation))
                self._flip(1)

        def fail(reason: str) -> None:
            if self._question == question:
                self._notify(reason)
                self._set(1, replace(self.methods[1], failure=reason))
                asked, self._asked = self._asked, None
                if asked is not None and asked[1] is self._world.state:
                    self._roll_back(asked[0])

        numbers.append(self._jobs.start(
            ExplanationJob(shown.slot, settings, keeps_layers=False), take,
            on_end=lambda: self._running.discard(numbers[0]), on_failed=fail,
        ))  # fmt: skip
        self._running.add(numbers[0])

    def _flip(self, number: int) -> None:
        """Measure one of the methods, but not while another image comes with each frame."""
        one, question = self.methods[number], self._question
        if one.explanation is None or question is None or self.is_live:
            return
        if one.explanation.heatmap is None:
            self._set(number, replace(one, failure="no image, so no pixels to take away"))
            return
        slot = question.shown.slot
        settings = replace(self._relevance.settings(slot), method=one.method, conditions=())
        self._set(number, replace(one, curves=None, is_measuring=True))
        numbers: list[int] = []

        def take(result: object) -> None:
            if self._is_current(number, one):
                curves = cast(FlippingCurves, result)
                self._set(number, replace(self.methods[number], curves=curves))

        def end() -> None:
            self._running.discard(numbers[0])
            if self._is_current(number, one):
                self._set(number, replace(self.methods[number], is_measuring=False))

        numbers.append(self._jobs.start(
            PixelFlippingJob(slot, one.explanation, settings), take, on_end=end
        ))  # fmt: skip
        self._running.add(numbers[0])

    def _is_current(self, number: int, one: MeasuredMethod) -> bool:
        return (
            number < len(self.methods) and self.methods[number].explanation is one.explanation
        )  # fmt: skip

    def _set(self, number: int, one: MeasuredMethod) -> None:
        methods = list(self.methods)
        methods[number] = one
        self.methods = tuple(methods)

    def _cancel(self) -> None:
        for number in tuple(self._running):
            self._jobs.cancel(number)
        self._running.clear()

    def _draw(self) -> bool:
        """Show the card as it is; True when it changed."""
        question, state = self._question, self._world.state.relevance
        of = None if question is None else question.shown
        place = None if of is None or not self.methods else self._place(of)
        key = (self.methods, place, state.opacity, state.smooth, of is not None and of.slot)
        if key == self._drawn:
            return False
        appeared = not self._drawn or self._drawn[1] is None
        self._drawn = key
        if of is None or place is None:
            self._world.set_visual(VISUAL, None)
            return True
        result = self._world.networks[of.slot].result
        assert result is not None
        image = of.found.explanation.image
        image = result.image if image is None else image
        size = image.shape[0], image.shape[1]
        shown = [
            ShownMethod(one.method, self._overlay(one, image), one.curves, one.note)
            for one in self.methods
        ]
        explanation = of.found.explanation
        title = f"{explanation.target} = {number_text(explanation.value)}"
        x, y, z, scale = place
        card = faithfulness_card(shown, size, title, MeasureFaithfulness(on=False), (x, y, z))
        self._world.set_visual(VISUAL, scale_visual(card, scale, (x, y, z)))
        if appeared:
            width, height = (scale * side for side in card_size(shown, size))
            corners = [
                (x + across * width / 2, y + up, z)
                for across in (-1, 1) for up in (-BELOW * scale, height)
            ]  # fmt: skip
            node = self._world.networks[of.slot].input_margin.node
            self._reveal(Revealed(of.slot, node, np.array(corners), READABLE))
        return True

    def _overlay(self, one: MeasuredMethod, image: np.ndarray) -> np.ndarray | None:
        if one.explanation is None or one.explanation.heatmap is None:
            return None
        return draw_over(image, one.explanation.heatmap, self._world.state.relevance)

    def _place(self, of: NetworkRelevance) -> tuple[float, float, float, float] | None:
        """The middle of the card's lower edge, and how large it is; None without an input."""
        network = self._world.networks.get(of.slot)
        if network is None or network.result is None:
            return None
        frame, margin = self._world.placement_frame(of.slot), network.input_margin
        if margin.node not in frame.index:
            return None
        x, y, z, width, _ = frame.panel_rect(margin.node).tolist()
        scale = frame.panel_scale(margin.node)
        middle = x - width / 2 - (margin.gap + margin.width / 2) * scale
        above = (margin.height + METERS_ABOVE) * scale
        return middle, y + above, z + METERS_NEARER, scale
