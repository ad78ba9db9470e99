"""What panels show by themselves: the layer that is pointed at, and what has changed."""

from __future__ import annotations

import time

from vrnn.scene.state import Key
from vrnn.ui.panel_context import Desk

DWELL = 0.25
"""Seconds for which a layer is pointed at before it becomes the subject."""


class Follow:
    """Makes what is pointed at for a while the subject. on: whether it does."""

    def __init__(self) -> None:
        self.on = True
        self._pointed: tuple[Key | None, float] = (None, 0.0)

    def step(self, desk: Desk) -> None:
        """Look what is pointed at now."""
        hit = desk.world.pointed
        key: Key | None = None
        if hit is not None and hit.layer is not None and hit.slot in desk.world.stands:
            stand = desk.world.stands[hit.slot]
            if hit.node in stand.network.by_id:
                key = (hit.slot, stand.network.by_id[hit.node].name)
        now = time.perf_counter()
        if key != self._pointed[0]:
            self._pointed = (key, now)
        elif self.on and key is not None and now - self._pointed[1] > DWELL:
            desk.subject = key

    def pick(self, desk: Desk) -> None:
        """What is pointed at becomes the subject at once."""
        self._pointed = (self._pointed[0], 0.0)
        on, self.on = self.on, True
        self.step(desk)
        self.on = on


def changes(desk: Desk) -> object:
    """What panels show that changes without any input to them: panels are made anew when this is
    another."""
    world, feed = desk.world, desk.place.feed
    hit, pictures = world.pointed, desk.place.jobs.pictures
    pointed = None
    if hit is not None:
        pointed = (hit.layer, hit.channel if hit.layer in pictures.made else -1)
    frames = tuple(id(world.stands[slot].frame) for slot in world.slots)
    found = desk.found()
    maps = id(found[3]) if found is not None else 0
    jobs = desk.place.jobs
    return (
        id(world.state), pointed, frames, maps, feed.progress, tuple(jobs.rows.values()),
        len(jobs.facts), desk.subject, tuple(made.done for made in pictures.made.values()),
    )  # fmt: skip
