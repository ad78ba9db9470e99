"""How a feature visualisation is made, and what came of it: plain data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.errors import VrnnError

OBJECTIVES = ("channel", "neuron", "layer", "direction", "difference")
"""What is made larger: the mean of a channel, one position of it, the squares of a whole layer
(DeepDream), the mean along a direction in channel space, or one channel less another."""
SOURCES = ("image", "noise", "grey")
PARAMETRIZATIONS = ("pixels", "fourier")
OPTIMISERS = ("normalised", "adam")


@dataclass(frozen=True)
class Ascent:
    """Settings of a feature visualisation. The defaults are those of the published method (Linse,
    Alshazly and Martinetz 2022, DeepVisionVR, section "feature visualization").

    objective: one of OBJECTIVES; position: (row, column) for `neuron`, None: the middle; direction:
    (C,) weights for `direction`; other: channel that is taken away for `difference`.
    source: what it starts from; parametrization: `pixels`, or `fourier` with decorrelated colours
    (Olah, Mordvintsev and Schubert 2017, https://distill.pub/2017/feature-visualization).
    steps; step_size: of `normalised`, x ← x + step_size · g / (‖g‖₂ + 1e-6) for each picture, or
    the learning rate of `adam`.
    pad: pixels on each side before the others; rotate: degrees at most, 1 at least; scale: at
    most; blur: largest sigma of a 5×5 Gaussian; roll: pixels at most on each axis; the `_chance`s:
    of each happening to a picture in a step; towards: part by which a picture is pulled to the mean
    and deviation of the data after each step; plain_steps: the last, without transformations.
    l1, l2, variation: penalties; diversity: weight of differing from others (with `copies` > 1).
    copies: pictures for each channel; seed: of all that is random.
    """

    objective: str = "channel"
    position: tuple[int, int] | None = None
    direction: tuple[float, ...] = ()
    other: int = 0
    source: str = "image"
    parametrization: str = "pixels"
    optimiser: str = "normalised"
    steps: int = 200
    step_size: float = 20.0
    pad: int = 10
    rotate: float = 10.0
    rotate_chance: float = 0.3
    scale: float = 1.05
    scale_chance: float = 0.05
    blur: float = 0.5
    roll: int = 5
    roll_chance: float = 0.3
    towards: float = 0.05
    plain_steps: int = 10
    l1: float = 0.0
    l2: float = 0.0
    variation: float = 0.0
    diversity: float = 0.0
    copies: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises VrnnError for what cannot be."""
        for name, value, known in (
            ("objective", self.objective, OBJECTIVES),
            ("source", self.source, SOURCES),
            ("parametrization", self.parametrization, PARAMETRIZATIONS),
            ("optimiser", self.optimiser, OPTIMISERS),
        ):
            if value not in known:
                raise VrnnError(f"no {name} '{value}': choose one of {', '.join(known)}")
        for name, low, high in (
            ("steps", 1, 100_000), ("step_size", 1e-9, 1e9), ("pad", 0, 256), ("rotate", 0, 180),
            ("rotate_chance", 0, 1), ("scale", 1, 4), ("scale_chance", 0, 1), ("blur", 0, 10),
            ("roll", 0, 256), ("roll_chance", 0, 1), ("towards", 0, 1), ("plain_steps", 0, 100_000),
            ("l1", 0, 1e9), ("l2", 0, 1e9), ("variation", 0, 1e9), ("diversity", 0, 1e9),
            ("copies", 1, 64), ("seed", 0, 2**31 - 1),
        ):  # fmt: skip
            number = getattr(self, name)
            if not low <= number <= high:
                raise VrnnError(f"{name} should lie between {low:g} and {high:g}, not {number:g}")


@dataclass(frozen=True, eq=False)
class Feature:
    """What one channel of a layer looks for.

    pixels: (H, W, 3) uint8 by the picture's own least and largest value; image: (H, W, 3) uint8 as
    an image that can be put into the network; activation: of the objective on the untransformed
    picture; dead: no step changed the activation, so the picture says nothing; stopped: values
    stopped being finite, the picture is the last good one.
    """

    node: int
    channel: int
    copy: int
    pixels: np.ndarray
    image: np.ndarray
    activation: float
    curve: np.ndarray
    dead: bool = False
    stopped: bool = False
