"""What panels show by themselves: the layer that is pointed at, and what has changed."""

from __future__ import annotations

import time

from vrnn.scene.state import Key
from vrnn.ui.panel_context import PanelContext

DWELL = 0.25
"""Seconds for which a layer is pointed at before it becomes the subject."""


class HoverSelection:
    """Makes what is pointed at for a while the subject. on: whether it does."""

    def __init__(self) -> None:
        self.on = True
        self._pointed: tuple[Key | None, float] = (None, 0.0)

    def step(self, desk: PanelContext) -> None:
        """Look what is pointed at now."""
        hit = desk.world.hovered
        key: Key | None = None
        if hit is not None and hit.layer is not None and hit.slot in desk.world.networks:
            stand = desk.world.networks[hit.slot]
            if hit.node in stand.network.by_id:
                key = (hit.slot, stand.network.by_id[hit.node].name)
        now = time.perf_counter()
        if key != self._pointed[0]:
            self._pointed = (key, now)
        elif self.on and key is not None and now - self._pointed[1] > DWELL:
            desk.subject = key

    def pick(self, desk: PanelContext) -> None:
        """What is pointed at becomes the subject at once."""
        self._pointed = (self._pointed[0], 0.0)
        on, self.on = self.on, True
        self.step(desk)
        self.on = on


def changes(desk: PanelContext) -> object:
    """What panels show that changes without any input to them: panels are made anew when this is
    another."""
    world, feed = desk.world, desk.place.feed
    hit, pictures = world.hovered, desk.place.jobs.pictures
    pointed = None
    if hit is not None:
        pointed = (hit.layer, hit.channel if hit.layer in pictures.made else -1)
    frames = tuple(id(world.networks[slot].result) for slot in world.slots)
    found = desk.subject_layer()
    maps = id(found[3]) if found is not None else 0
    jobs = desk.place.jobs
    return (
        id(world.state), pointed, frames, maps, feed.progress, tuple(jobs.rows.values()),
        len(jobs.facts), desk.subject, tuple(made.done for made in pictures.made.values()),
    )  # fmt: skip
