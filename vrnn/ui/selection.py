"""What panels show by themselves: the layer that is pointed at, and what has changed."""

from __future__ import annotations

import time

from vrnn.scene.state import LayerKey
from vrnn.ui.panel_context import PanelContext

DWELL_SECONDS = 0.25
"""Seconds for which a layer is pointed at before it becomes the subject."""


class HoverSelection:
    """Makes what is pointed at for a while the subject."""

    def __init__(self) -> None:
        self._pointed: tuple[LayerKey | None, float] = (None, 0.0)

    def step(self, context: PanelContext) -> None:
        """Look what is pointed at now."""
        hit = context.world.hovered
        key: LayerKey | None = None
        if hit is not None and hit.layer is not None and hit.slot in context.world.networks:
            stand = context.world.networks[hit.slot]
            if hit.node in stand.network.by_id:
                key = (hit.slot, stand.network.by_id[hit.node].name)
        now = time.perf_counter()
        if key != self._pointed[0]:
            self._pointed = (key, now)
        elif context.follows_hover and key is not None and now - self._pointed[1] > DWELL_SECONDS:
            context.subject = key

    def select_now(self, context: PanelContext) -> None:
        """What is pointed at becomes the subject at once."""
        self._pointed = (self._pointed[0], 0.0)
        follows, context.follows_hover = context.follows_hover, True
        self.step(context)
        context.follows_hover = follows


def displayed_state(context: PanelContext) -> object:
    """What panels show that changes without any input to them: panels are made anew when this is
    another."""
    world, feed = context.world, context.workspace.feed
    hit, pictures = world.hovered, context.workspace.features
    pointed = None
    if hit is not None:
        pointed = (hit.layer, hit.channel if hit.layer in pictures.image_sets else -1)
    frames = tuple(id(world.networks[slot].result) for slot in world.slots)
    found = context.subject_layer()
    maps = id(found[3]) if found is not None else 0
    jobs = context.workspace.jobs
    return (
        id(world.state), pointed, frames, maps, feed.progress, tuple(jobs.statuses.values()),
        len(context.workspace.analyses.profiles), context.subject,
        tuple(made.num_finished for made in pictures.image_sets.values()),
    )  # fmt: skip
