"""Ridge plots of the layers near the eye, each drawn once it is near, one a frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from vrnn.recordings.step_ridges import StepRidges
from vrnn.scene.visuals.ridge_cards import RidgePlot, ridge_plot
from vrnn.style.theme_names import Theme

RIDGE_DISTANCE = 10.0
"""Meters from the eye; up to it a ridge plot can be read."""


class Ridges(Protocol):
    """Histograms over the steps of a training of the first network."""

    @property
    def shown(self) -> int | None:
        """The step that is shown; None for the model's own weights."""

    @property
    def pending(self) -> bool:
        """Whether they are being found."""

    def of(self, node: int) -> StepRidges | None:
        """Return those of a layer; None where there are none, or not yet."""


class RidgePlots:
    """Keeps the plots that were drawn.

    Attributes:
        complete: Whether all that were asked for are there.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.complete = True
        self._plots: dict[int, tuple[Theme, RidgePlot]] = {}

    def update(self, nodes: Iterable[int], ridges: Ridges, theme: Theme) -> dict[int, RidgePlot]:
        """Draw at most one that is missing, and return those that there are.

        Args:
            nodes: Layers near the eye.
            ridges: What is plotted.
            theme: Of all colors.
        """
        self.complete = True
        found: dict[int, RidgePlot] = {}
        is_drawn = False
        for node in nodes:
            steps = ridges.of(node)
            if steps is None:
                self.complete &= not ridges.pending
                continue
            known = self._plots.get(node)
            if known is None or known[0] != theme or known[1].ridges is not steps:
                if is_drawn:
                    self.complete = False
                    continue
                known, is_drawn = (theme, ridge_plot(steps, theme)), True
                self._plots[node] = known
            found[node] = known[1]
        return found
