"""What can be put into a network beside images: sounds, volumes, videos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Sound:
    """A sound.

    Attributes:
        samples: (C, N) float32, -1…1.
        rate: Samples per second.
    """

    samples: np.ndarray
    rate: int


@dataclass(frozen=True, eq=False)
class Volume:
    """Numbers on a grid: a scan, or any array of numbers.

    Attributes:
        values: (D, H, W) or (C, D, H, W) float32; or another array that is the very input.
    """

    values: np.ndarray


@dataclass(frozen=True, eq=False)
class Video:
    """Frames of a video.

    Attributes:
        frames: (T, H, W, 3) uint8 sRGB.
    """

    frames: np.ndarray


@dataclass(frozen=True)
class Example:
    """One of several images that a model was watched with, as it goes in.

    Attributes:
        number: Which, from 0.
    """

    number: int


Media = np.ndarray | Sound | Volume | Video | Example
"""(H, W, 3) uint8 sRGB, an image; or one of the others."""
