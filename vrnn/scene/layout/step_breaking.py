"""Where units are broken into steps, as a paragraph is broken into lines, for many widths at once.

This is how Knuth and Plass break a paragraph: the best break before each unit, from the best breaks
before all earlier ones. What a step measures does not depend on the width that is tried, so it is
found once for all of them, in arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vrnn.scene.layout.types import LABEL_STRIP

COLUMN_GAP = 0.36
"""Meters from one column to the next in a block."""
BLOCK_GAP = 0.6
"""Meters from one block to the next in a stage."""
STAGE_GAP = 1.0
"""Meters from one stage to the name of the next on the same step."""
RISE = 0.12
"""Free height between a step's highest label and the next step, meters."""
SPLIT_STAGE = 0.4
"""Cost of breaking a stage, in heights of a step."""
SPLIT_BLOCK = 0.6
"""Cost of breaking a block, in heights of a step."""
SHARE_STEP = 0.05
"""Cost of two stages on a step, in heights of a step."""
SHARE_BROKEN = 0.2
"""Cost of a broken stage beside another one on a step, in heights of a step."""
SLACK = 0.25
"""Cost of a step that is empty, in heights of a step."""
MAX_STEP_SCALE = 2.2
"""The panels of a step that is not full grow at most so many times to fill it."""
WIDTHS_RATIO = 1.5
"""Widths are tried together as long as the largest is not so many times the smallest."""
CHUNK = 1 << 16
"""Numbers that are worked on at once, so that they stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class UnitTable:
    """The measures of N units in run order; meters.

    Attributes:
        stage: (N,) number of the stage.
        block: (N,) number of the block.
        width: (N,) of all columns.
        panel_width: (N,) of that, what grows with the panels.
        height: (N,) of the highest column.
        panel_area: (N,) of all panels, square meters.
        name_room: (N,) for the stage's name.
        gap: (N,) free before a unit that is not the first on its step; 0 for the first of all.
    """

    stage: np.ndarray
    block: np.ndarray
    width: np.ndarray
    panel_width: np.ndarray
    height: np.ndarray
    panel_area: np.ndarray
    name_room: np.ndarray
    gap: np.ndarray

    def __len__(self) -> int:
        """Return how many units there are."""
        return len(self.width)


@dataclass(frozen=True, eq=False)
class StepTable:
    """The measures of S steps, whose panels may have grown; meters.

    Attributes:
        width: (S,) of each step's content with the room for names.
        panel_width: (S,) of that, what grows with the panels.
        height: (S,) of the highest unit.
        panel_area: (S,) of all panels, square meters.
    """

    width: np.ndarray
    panel_width: np.ndarray
    height: np.ndarray
    panel_area: np.ndarray

    @classmethod
    def of(cls, units: UnitTable, counts: Sequence[int]) -> StepTable:
        """Return the table of steps that hold so many of the units each."""
        starts = np.r_[0, np.cumsum(counts)[:-1]]
        widths = units.width + units.gap
        widths[starts] = units.width[starts] + units.name_room[starts]
        return cls(
            np.add.reduceat(widths, starts), np.add.reduceat(units.panel_width, starts),
            np.maximum.reduceat(units.height, starts), np.add.reduceat(units.panel_area, starts),
        )  # fmt: skip

    def filled(self, width: float | np.ndarray) -> StepTable:
        """Return the steps with panels that have grown until each is so wide.

        Args:
            width: Of all or of each, meters; a fuller one is left as it is.
        """
        factor = fill_factors(self.width, self.panel_width, width)
        return StepTable(
            self.width + (factor - 1) * self.panel_width, factor * self.panel_width,
            LABEL_STRIP + factor * (self.height - LABEL_STRIP), factor**2 * self.panel_area,
        )  # fmt: skip


def fill_factors(
    row: np.ndarray, panels: np.ndarray, width: float | np.ndarray
) -> np.ndarray:  # fmt: skip
    """Return how many times as large panels are that fill steps.

    Args:
        row: Widths of the steps' contents, meters.
        panels: Of that, what grows with the panels, meters.
        width: Of the steps, meters.
    """
    return np.minimum(MAX_STEP_SCALE, np.maximum(1.0, 1 + (width - row) / panels))


def best_breaks(units: UnitTable, widths: Sequence[float]) -> list[tuple[int, ...]]:
    """Return, for each width, how many units are on each step of the best way to break them.

    The steps have about that width, and the smallest height together once panels fill them.

    Args:
        units: In run order.
        widths: To try, meters.
    """
    found: dict[float, tuple[int, ...]] = {}
    for group in _groups(sorted(set(widths))):
        found.update(zip(group, _breaks(units, np.array(group)), strict=True))
    return [found[width] for width in widths]


def _groups(widths: Sequence[float]) -> Iterator[list[float]]:
    """Parts of ascending widths that are not very different."""
    group: list[float] = []
    for width in widths:
        if group and width > WIDTHS_RATIO * group[0]:
            yield group
            group = []
        group.append(width)
    yield group


def _breaks(units: UnitTable, widths: np.ndarray) -> list[tuple[int, ...]]:
    """The best breaks for (W,) widths."""
    count, most = len(units), _most_on_step(units, float(widths.max()))
    # Costs of all units before each one, behind as many that cannot be; and where that step starts.
    cost = np.full((len(widths), most + count + 1), np.inf)
    cost[:, most] = 0.0
    sizes = np.zeros((count + 1, len(widths)), np.intp)
    which = np.arange(len(widths))
    part = max(1, CHUNK // (len(widths) * most))
    for first in range(1, count + 1, part):
        ends = np.arange(first, min(first + part, count + 1))
        for end, rooms in zip(ends.tolist(), _step_costs(units, ends, most, widths), strict=True):
            # Shorter steps first, which are taken where two cost the same.
            costs = cost[:, end + most - 1 : end - 1 if end > 1 else None : -1][:, :most] + rooms
            best = costs.argmin(1)
            cost[:, end + most] = costs[which, best]
            sizes[end] = best + 1
    return [_counts(sizes[:, i]) for i in range(len(widths))]


def _counts(sizes: np.ndarray) -> tuple[int, ...]:
    """How many units each step has, from how many the last one before each unit has."""
    counts, end = [], len(sizes) - 1
    while end:
        counts.append(int(sizes[end]))
        end -= counts[-1]
    return tuple(reversed(counts))


def _most_on_step(units: UnitTable, width: float) -> int:
    """How many units are at most on a step of a width, or one more."""
    # A step is never narrower than its units and the least gaps between them.
    reached = np.cumsum(units.width + COLUMN_GAP)
    first = np.searchsorted(reached, reached - width - COLUMN_GAP * (1 + 1e-9))
    return min(len(units), int((np.arange(len(units)) - first).max()) + 2)


def _step_costs(units: UnitTable, ends: np.ndarray, most: int, widths: np.ndarray) -> np.ndarray:
    """What steps cost that end before each of (E,) units, one unit on them, two, … `most`.

    Returns:
        (E, W, most) costs in meters, infinite where a step is too wide.
    """
    begins = ends[:, None] - np.arange(1, most + 1)
    here = np.maximum(begins, 0)
    parts = np.empty((len(ends), 2 * most))  # widths and the gaps between them, as they are added
    parts[:, ::2] = np.where(begins >= 0, units.width[here], np.inf)
    parts[:, 1::2] = units.gap[here]
    row = (parts.cumsum(1)[:, ::2] + units.name_room[here])[:, None]
    panels = units.panel_width[here].cumsum(1)[:, None]
    height = np.maximum.accumulate(units.height[here], 1)[:, None]
    factor = fill_factors(row, panels, widths[:, None])
    slack = np.maximum(0.0, 1 - (row + (factor - 1) * panels) / widths[:, None])
    cost = 1 + SLACK * slack * slack
    for price in _break_prices(units, here, ends[:, None]):
        cost += price[:, None]
    cost *= factor * height + RISE
    is_too_wide = row > widths[:, None]
    is_too_wide[..., 0] = False
    cost[is_too_wide] = np.inf
    return cost


def _break_prices(
    units: UnitTable, begins: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, ...]:  # fmt: skip
    """What it costs that stages and blocks are broken, and share steps, in heights of a step."""
    stage, last = units.stage, ends - 1
    after = np.minimum(ends, len(units) - 1)
    is_new_block = units.block[after] != units.block[last]
    price = np.where(is_new_block, SPLIT_STAGE, SPLIT_BLOCK)
    split = np.where(_breaks_a_stage(units, ends), price, 0.0)
    shared = SHARE_STEP * (stage[last] - stage[begins])
    return split, shared, SHARE_BROKEN * are_mixed(units, begins, ends)


def _breaks_a_stage(units: UnitTable, ends: np.ndarray) -> np.ndarray:
    """Whether a stage goes on behind each end; it does not behind the last unit of all."""
    after = np.minimum(ends, len(units) - 1)
    return (ends < len(units)) & (units.stage[after] == units.stage[ends - 1])


def are_mixed(units: UnitTable, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return whether steps hold several stages each, the first or the last of them not whole.

    Args:
        units: In run order.
        begins: The first unit of each step.
        ends: Behind the last one of each, of a shape that broadcasts with `begins`.
    """
    stage = units.stage
    starts_inside = (begins > 0) & (stage[np.maximum(begins - 1, 0)] == stage[begins])
    is_broken = starts_inside | _breaks_a_stage(units, ends)
    return (stage[begins] != stage[ends - 1]) & is_broken


def mixed_share(units: UnitTable, counts: Sequence[int]) -> float:
    """Return the part of the steps on which a broken stage is beside another.

    Args:
        units: In run order.
        counts: How many are on each step.
    """
    ends = np.cumsum(counts)
    return float(are_mixed(units, np.r_[0, ends[:-1]], ends).mean())
