"""The subject of the panels follows the pointer; panels are rebuilt when their content changes."""

from __future__ import annotations

import time

from vrnn.scene.state import LayerKey
from vrnn.ui.panel_context import PanelContext

DWELL_SECONDS = 0.25
"""Seconds for which a layer is hovered before it becomes the subject."""


class HoverSelection:
    """Makes the layer that is hovered for a while the subject."""

    def __init__(self) -> None:
        self._hovered: tuple[LayerKey | None, float] = (None, 0.0)

    def step(self, context: PanelContext) -> None:
        """Update the subject from what is hovered now."""
        hit = context.world.hovered
        key: LayerKey | None = None
        if hit is not None and hit.layer is not None and hit.slot in context.world.networks:
            network = context.world.networks[hit.slot].network
            if hit.node in network.by_id:
                key = (hit.slot, network.by_id[hit.node].name)
        now = time.perf_counter()
        if key != self._hovered[0]:
            self._hovered = (key, now)
        elif context.follows_hover and key is not None and now - self._hovered[1] > DWELL_SECONDS:
            context.subject = key

    def select_now(self, context: PanelContext) -> None:
        """Make the hovered layer the subject at once."""
        self._hovered = (self._hovered[0], 0.0)
        follows, context.follows_hover = context.follows_hover, True
        self.step(context)
        context.follows_hover = follows


def displayed_state(context: PanelContext) -> object:
    """Summarize what panels show that changes without input to them.

    Returns:
        A value to compare: panels are rebuilt when it differs from the last one.
    """
    world, feed = context.world, context.workspace.feed
    hit, image_sets = world.hovered, context.workspace.features.image_sets
    hovered = None
    if hit is not None:
        hovered = (hit.layer, hit.channel if hit.layer in image_sets else -1)
    results = tuple(id(world.networks[slot].result) for slot in world.slots)
    subject = context.subject_layer()
    maps = id(subject[3]) if subject is not None else 0
    jobs, training = context.workspace.jobs, context.workspace.training
    return (
        id(world.state), hovered, results, maps, feed.progress, tuple(jobs.statuses.values()),
        len(context.workspace.analyses.profiles), context.subject,
        tuple(image_set.num_finished for image_set in image_sets.values()),
        training.steps, training.shown, training.playing, id(training.curves),
    )  # fmt: skip
