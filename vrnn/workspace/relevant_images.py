"""The images that are most relevant to a channel, beside those that excite it most."""

from __future__ import annotations

from vrnn.compute.analysis.relevant_images_job import RelevantImagesJob
from vrnn.compute.jobs import Job
from vrnn.explanations.settings import GRADIENT_METHODS
from vrnn.scene.layer_names import find_layer
from vrnn.workspace.manager_parts import ManagerParts
from vrnn.workspace.relevance import RelevanceManager
from vrnn.workspace.top_activations import ImageRequest, TopActivationsCard

Wanted = tuple[tuple[str, int, int], tuple[object, ...]]
"""Layer, channel and network, and what is explained."""
GAP = 0.2
"""Between both cards, meters."""


class RelevantImagesCard(TopActivationsCard):
    """Shows the most relevant images of the channel whose top activations are shown."""

    visual = "relevant images"

    def __init__(
        self, parts: ManagerParts, relevance: RelevanceManager, activations: TopActivationsCard
    ) -> None:
        """Create a hidden card.

        Args:
            parts: What it works with.
            relevance: How images are explained.
            activations: The card beside which this one stands.
        """
        super().__init__(parts)
        self._relevance, self._activations = relevance, activations
        self._wanted: Wanted | None = None

    def update(self) -> bool:
        """Follow what the other card shows, while its network is explained by a composite."""
        wanted = self._find_wanted()
        if wanted != self._wanted:
            self._wanted = wanted
            self.show(*(("", 0, 0) if wanted is None else wanted[0]))
        return super().update()

    @property
    def pending(self) -> bool:
        """Whether images are still searched for."""
        if self._find_wanted() != self._wanted:
            return True
        if self.shown is None:
            return False
        layer, _, network = self.shown
        return self._jobs.is_running(self._job(*find_layer(self._world, layer, network)))

    def _find_wanted(self) -> Wanted | None:
        state, shown = self._world.state.relevance, self._activations.shown
        is_explained = state.shown and state.method not in GRADIENT_METHODS
        if not is_explained or shown is None or shown[2] != state.network:
            return None
        return None if self._relevance.shown is None else (shown, state.question)

    def _job(self, slot: int, node: int) -> Job:
        return RelevantImagesJob(slot, node, self._relevance.settings(slot))

    def _title(self, request: ImageRequest) -> str:
        shown = self._relevance.shown
        if shown is None or not self._world.state.relevance.target:
            return "use it most for their class"
        return f"use it most for {shown.found.explanation.target}"

    def _across(self, half: float) -> float:
        return self._activations.width / 2 + GAP + half

    def _caption(self, value: float) -> str:
        return f"{value:.1%}".replace("-", "−")
