"""What the colors of feature maps mean: the color map, the range that it spans, and its curve.

The colors themselves are in `vrnn.style.colormap`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args

from vrnn.storage.limits import Range

ColorRange = Literal["map", "layer", "network"]
COLOR_RANGES: tuple[ColorRange, ...] = get_args(ColorRange)
"""What the colors of a map span: its own range, its layer's, or its network's."""
COLOR_RANGE_TEXT: dict[ColorRange, str] = {
    "map": "each map scaled to its own max",
    "layer": "each layer scaled to its own max",
    "network": "one range for the whole network",
}

Colormap = Literal["signed", "orange-blue", "viridis", "magma", "cividis", "gray"]
COLORMAPS: tuple[Colormap, ...] = get_args(Colormap)
"""`signed` has the colors of the settings; the last four are sequential."""


@dataclass(frozen=True)
class ColorMapping:
    """How values become colors, for all maps at once.

    Attributes:
        colormap: The color map.
        normalize_by: What its range spans.
        symmetric: Whether zero is in the middle of the range.
        gamma: Above 1 weak values step back.
        clip_percentile: The percentile of |values| that already has the full color.
    """

    FORMER_NAMES: ClassVar[dict[str, str]] = {
        "colours": "colormap",
        "scale": "normalize_by",
        "clip": "clip_percentile",
    }
    FORMER_VALUES: ClassVar[dict[str, dict[str, str]]] = {"colormap": {"grey": "gray"}}

    colormap: Colormap = "signed"
    normalize_by: ColorRange = "map"
    symmetric: bool = True
    gamma: Annotated[float, Range(0.25, 4.0)] = 2.0
    clip_percentile: Annotated[float, Range(50.0, 100.0)] = 100.0


DEFAULT = ColorMapping()
