"""Feature cubes: an array of H × W positions with C values each, from a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vrnn.errors import VrnnError

MAX_CUBE_VALUES = 1 << 28
"""Values of a cube; as many as a layer of 1 GB."""
MAX_CUBE_BYTES = 2 << 30
"""Of a file, and of all that an archive holds."""
MAX_CUBE_SIDE = 16384
"""Rows, columns and channels."""


@dataclass(frozen=True, eq=False)
class FeatureCube:
    """The feature maps of one layer, or a hyperspectral image.

    Attributes:
        name: What it is called.
        values: (C, H, W) float32.
        overlay: (H', W', 3) uint8 sRGB, an image of the same scene; None for none.
    """

    name: str
    values: np.ndarray
    overlay: np.ndarray | None = None

    def picture(self) -> np.ndarray:
        """Return the overlay, or else the mean over channels in gray, (H, W, 3) uint8 sRGB."""
        if self.overlay is not None:
            return self.overlay
        mean = np.nan_to_num(self.values.mean(0, dtype=np.float64))
        low, high = float(mean.min()), float(mean.max())
        part = (mean - low) / (high - low) if high > low else np.full(mean.shape, 0.5)
        return np.repeat(np.rint(part * 255).astype(np.uint8)[..., None], 3, -1)


def check_cube_shape(shape: tuple[int, ...], path: Path) -> None:
    """Check height, width and number of channels of a cube before it is read.

    Raises:
        VrnnError: It is no cube, empty, or too large.
    """
    told = "×".join(map(str, shape)) or "a single value"
    if len(shape) != 3:
        raise VrnnError(f"'{path}' is {told}, but a cube is height × width × channels")
    if min(shape) < 1:
        raise VrnnError(f"the cube in '{path}' is {told}, which is empty")
    if max(shape) > MAX_CUBE_SIDE or int(np.prod(shape, dtype=np.int64)) > MAX_CUBE_VALUES:
        raise VrnnError(
            f"the cube in '{path}' is {told}, more than {MAX_CUBE_VALUES // 10**6} million values "
            f"or {MAX_CUBE_SIDE:,} a side; cut it first"
        )
