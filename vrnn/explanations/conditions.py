"""Conditions: which channels and positions of a layer relevance may flow through."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from vrnn.errors import VrnnError
from vrnn.storage.limits import Range

Index = Annotated[int, Range(0, 10**9)]
FORM = "layer3.0.conv1 #4,17 or layer3.0.conv1 #4 @2-5,0-3"
MAX_NAMED = 6
"""Channels that are named; more are counted."""


@dataclass(frozen=True)
class Condition:
    """What of a layer relevance may flow through; all else of it is left out.

    Concept relevance propagation (Achtibat et al. 2023, https://arxiv.org/abs/2206.03208).

    Attributes:
        layer: Name of the layer.
        channels: Their numbers; () for all.
        region: (top, left, bottom, right) in rows and columns of its maps, the last two exclusive;
            () for all positions.
    """

    layer: str
    channels: tuple[Index, ...] = ()
    region: tuple[Index, ...] = ()

    def __post_init__(self) -> None:
        """Check the region.

        Raises:
            VrnnError: It is none.
        """
        if self.region and (
            len(self.region) != 4
            or min(self.region) < 0
            or self.region[0] >= self.region[2]
            or self.region[1] >= self.region[3]
        ):
            raise VrnnError(
                f"a region is (top, left, bottom, right) with top < bottom and left < right, "
                f"counted from 0, not {self.region}"
            )

    @property
    def text(self) -> str:
        """What people read, such as `layer3.0.conv1 channels 4, 17 at rows 2–5, columns 0–3`."""
        parts = [self.layer]
        if self.channels:
            numbers = ", ".join(map(str, self.channels[:MAX_NAMED]))
            numbers += "…" if len(self.channels) > MAX_NAMED else ""
            parts.append(f"channel{'s' * (len(self.channels) > 1)} {numbers}")
        if self.region:
            parts.append(self.region_text)
        return " ".join(parts)

    @property
    def region_text(self) -> str:
        """What people read of the region; '' for all positions."""
        if not self.region:
            return ""
        top, left, bottom, right = self.region
        rows = f"row {top}" if bottom == top + 1 else f"rows {top}–{bottom - 1}"
        columns = f"column {left}" if right == left + 1 else f"columns {left}–{right - 1}"
        return f"at {rows}, {columns}"

    def check_fits(self, channels: int, height: int, width: int) -> None:
        """Check that a layer has all this.

        Args:
            channels: How many it has.
            height: Rows of its maps.
            width: Columns of its maps.

        Raises:
            VrnnError: It does not.
        """
        wrong = [c for c in self.channels if not 0 <= c < channels]
        if wrong:
            raise VrnnError(
                f"'{self.layer}' has channels 0 to {channels - 1}, no channel {wrong[0]}"
            )
        if self.region and (self.region[2] > height or self.region[3] > width):
            raise VrnnError(
                f"'{self.layer}' has rows 0 to {height - 1} and columns 0 to {width - 1}, nothing "
                f"{self.region_text}"
            )


def parse_condition(text: str) -> Condition:
    """Read a condition as people write it.

    Args:
        text: Such as `layer3.0.conv1 #4,17`, `layer3 @2-5,0-3` (rows, then columns) or both.

    Raises:
        VrnnError: It is none.
    """
    match = re.fullmatch(
        r"\s*(.+?)\s*(?:#\s*(\d{1,9}(?:\s*,\s*\d{1,9})*))?"
        r"\s*(?:@\s*(\d{1,6})(?:\s*-\s*(\d{1,6}))?\s*,\s*(\d{1,6})(?:\s*-\s*(\d{1,6}))?)?\s*",
        text, re.ASCII,
    )  # fmt: skip
    if match is None or (match[2] is None and match[3] is None) or "#" in match[1]:
        raise VrnnError(f"'{text}' should be a layer with channels or a region, such as {FORM}")
    channels = tuple(int(n) for n in match[2].split(",")) if match[2] else ()
    region: tuple[int, ...] = ()
    if match[3] is not None:
        top, left = int(match[3]), int(match[5])
        region = (top, left, int(match[4] or top) + 1, int(match[6] or left) + 1)
    return Condition(match[1], channels, region)
