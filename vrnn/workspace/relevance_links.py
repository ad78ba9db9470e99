"""Where the relevance at the pointer came from and went to: asked for when the pointer rests."""

from __future__ import annotations

import time
from typing import cast

from vrnn.compute.analysis.relevance_links_job import RelevanceLinksJob
from vrnn.explanations.conditions import Condition
from vrnn.explanations.links import RelevanceLinks
from vrnn.explanations.relevance_maps import RelevanceMaps
from vrnn.scene.relevance import PointedLinks
from vrnn.scene.relevance_links import pointed_part
from vrnn.scene.world import World
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.manager import Manager
from vrnn.workspace.relevance import RelevanceManager

REST_SECONDS = 0.12
"""How long the pointer rests before a pass is run for what it is at."""
Question = tuple[int, Condition, RelevanceMaps]


class RelevanceLinkFinder(Manager):
    """Follows the relevance of what is pointed at to the neighboring layers.

    Attributes:
        rest_seconds: How long the pointer rests before it is followed.
    """

    def __init__(self, world: World, jobs: JobManager, relevance: RelevanceManager) -> None:
        """Begin with nothing pointed at.

        Args:
            world: Where something is pointed at.
            jobs: Run the passes.
            relevance: Knows how it is explained.
        """
        self._world, self._jobs, self._relevance = world, jobs, relevance
        self.rest_seconds = REST_SECONDS
        self._question: Question | None = None
        self._since = 0.0
        self._is_asked = False
        self._job: int | None = None

    @property
    def pending(self) -> bool:
        """Whether what is pointed at is still to be followed."""
        return self._question is not None and (not self._is_asked or self._job is not None)

    def update(self) -> bool:
        """Look at what is pointed at; True when the picture changed."""
        question = self._pointed()
        now = time.perf_counter()
        if not _is_same(question, self._question):
            had_links = self._world.relevance_links is not None
            self._cancel()
            self._question, self._since, self._is_asked = question, now, False
            self._world.relevance_links = None
            return had_links
        if question is None or self._is_asked or now - self._since < self.rest_seconds:
            return False
        self._is_asked = True
        slot, part, _ = question
        job = RelevanceLinksJob(slot, self._relevance.settings(slot), part)

        def take(result: object) -> None:
            if _is_same(self._question, question):
                links = cast(RelevanceLinks, result)
                self._world.relevance_links = PointedLinks(slot, part, links)

        self._job = self._jobs.start(job, take, on_end=self._on_end)
        return False

    def _on_end(self) -> None:
        self._job = None

    def _pointed(self) -> Question | None:
        hit = self._world.hovered
        part = pointed_part(self._world, hit)
        if part is None or hit is None or self._relevance.running:
            return None
        return hit.slot, part, self._world.relevance[hit.slot].found

    def _cancel(self) -> None:
        if self._job is not None:
            self._jobs.cancel(self._job)
            self._job = None


def _is_same(a: Question | None, b: Question | None) -> bool:
    if a is None or b is None:
        return a is b
    return a[:2] == b[:2] and a[2] is b[2]
