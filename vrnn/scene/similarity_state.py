"""What similarity is shown, and how: a part of the `State`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from vrnn.network.similarity import Measure
from vrnn.storage.limits import Range
from vrnn.style.similarity_colors import SimilarityColormap

MAX_PINS = 12
"""Pinned positions, beyond which bar charts are too narrow to be read."""
Number = Annotated[int, Range(0, 10**9)]


@dataclass(frozen=True)
class Region:
    """A position of a layer, or a box of them.

    Attributes:
        network: Number of the network.
        layer: Name of the layer.
        row: First row.
        column: First column.
        rows: Number of rows.
        columns: Number of columns.
    """

    network: int
    layer: str
    row: Number
    column: Number
    rows: Annotated[int, Range(1, 10**9)] = 1
    columns: Annotated[int, Range(1, 10**9)] = 1

    @property
    def text(self) -> str:
        """Which positions, in words: `(3, 4)`, or `(3, 4) to (5, 8)`."""
        first = f"({self.row}, {self.column})"
        if self.rows == self.columns == 1:
            return first
        return f"{first} to ({self.row + self.rows - 1}, {self.column + self.columns - 1})"


@dataclass(frozen=True)
class SimilarityState:
    """What every position is compared with, and how that is seen.

    Attributes:
        shown: Whether similarity is shown.
        reference: What is compared with; None for what the pointer is at.
        measure: What says how similar two vectors are.
        stretched: Whether the colors of each layer span the similarities that it has.
        colormap: Of similarity.
        smooth: Whether positions are blended, on panels and over the input.
        overlay: Whether the similarity of the layer that is compared in lies over the input.
        opacity: Added to the opacity of that, 0…1.
        gray: Whether the input is gray under it.
        kept: Whether the vectors that are compared with stay those of the image that was in the
            network when that was set, so that another image is compared with it.
        pins: Pinned positions, beside whose vectors that of the reference stands.
    """

    shown: bool = False
    reference: Region | None = None
    measure: Measure = "angular"
    stretched: bool = True
    colormap: SimilarityColormap = "fire"
    smooth: bool = False
    overlay: bool = True
    opacity: Annotated[float, Range(0.0, 1.0)] = 0.0
    gray: bool = True
    kept: bool = False
    pins: tuple[Region, ...] = ()


NO_SIMILARITY = SimilarityState()
"""Nothing is compared."""
