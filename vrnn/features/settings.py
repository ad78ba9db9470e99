"""How a feature visualization is made, and what came of it: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vrnn.errors import VrnnError

OBJECTIVES = ("channel", "neuron", "layer", "direction", "difference")
"""What is made larger: the mean of a channel, one position of it, the squares of a whole layer
(DeepDream), the mean along a direction in channel space, or one channel less another."""
SOURCES = ("image", "noise", "gray")
PARAMETRIZATIONS = ("pixels", "fourier")
OPTIMIZERS = ("normalized_gradient", "adam")
PRECISIONS = ("full", "fast")


@dataclass(frozen=True)
class FeatureVisSettings:
    """Settings of a feature visualization. The defaults are those of the published method (Linse,
    Alshazly and Martinetz 2022, DeepVisionVR, section "feature visualization").

    objective: one of OBJECTIVES; position: (row, column) for `neuron`, None: the middle; direction:
    (C,) weights for `direction`; subtracted_channel: channel that is taken away for `difference`.
    source: what it starts from; parametrization: `pixels`, or `fourier` with decorrelated colors
    (Olah, Mordvintsev and Schubert 2017, https://distill.pub/2017/feature-visualization).
    steps; step_size: of `normalized_gradient`, x ← x + step_size · g / (‖g‖₂ + 1e-6) for each
    picture, or the learning rate of `adam`.
    pad: pixels on each side before the others; rotate: degrees at most, 1 at least; scale: at
    most; blur: largest sigma of a 5×5 Gaussian; roll: pixels at most on each axis; the `_chance`s:
    of each happening to a picture in a step; mean_pull: part by which a picture is pulled to
    the mean and deviation of the data after each step; untransformed_steps: the last, without
    transformations.
    l1, l2, total_variation: penalties; diversity: weight of differing from others (with
    `samples_per_channel` > 1).
    samples_per_channel: pictures for each channel; seed: of all that is random.
    precision: `full` (float32), or `fast`: bfloat16 where the processor has units for it.
    """

    FORMER_NAMES: ClassVar[dict[str, str]] = {
        "other": "subtracted_channel",
        "optimiser": "optimizer",
        "towards": "mean_pull",
        "plain_steps": "untransformed_steps",
        "variation": "total_variation",
        "copies": "samples_per_channel",
    }
    FORMER_VALUES: ClassVar[dict[str, dict[str, str]]] = {
        "optimizer": {"normalised": "normalized_gradient"},
        "source": {"grey": "gray"},
    }

    objective: str = "channel"
    position: tuple[int, int] | None = None
    direction: tuple[float, ...] = ()
    subtracted_channel: int = 0
    source: str = "image"
    parametrization: str = "pixels"
    optimizer: str = "normalized_gradient"
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
    mean_pull: float = 0.05
    untransformed_steps: int = 10
    l1: float = 0.0
    l2: float = 0.0
    total_variation: float = 0.0
    diversity: float = 0.0
    samples_per_channel: int = 1
    seed: int = 0
    precision: str = "fast"

    @property
    def is_whole_layer(self) -> bool:
        """Whether a layer has one picture instead of one for each channel."""
        return self.objective in ("layer", "direction")

    def __post_init__(self) -> None:
        """Raises VrnnError for what cannot be."""
        for name, value, known in (
            ("objective", self.objective, OBJECTIVES),
            ("source", self.source, SOURCES),
            ("parametrization", self.parametrization, PARAMETRIZATIONS),
            ("optimizer", self.optimizer, OPTIMIZERS),
            ("precision", self.precision, PRECISIONS),
        ):
            if value not in known:
                raise VrnnError(f"no {name} '{value}': choose one of {', '.join(known)}")
        for name, low, high in (
            ("steps", 1, 100_000), ("step_size", 1e-9, 1e9), ("pad", 0, 256), ("rotate", 0, 180),
            ("rotate_chance", 0, 1), ("scale", 1, 4), ("scale_chance", 0, 1), ("blur", 0, 10),
            ("roll", 0, 256), ("roll_chance", 0, 1), ("mean_pull", 0, 1),
            ("untransformed_steps", 0, 100_000),
            ("l1", 0, 1e9), ("l2", 0, 1e9), ("total_variation", 0, 1e9), ("diversity", 0, 1e9),
            ("samples_per_channel", 1, 64), ("seed", 0, 2**31 - 1),
        ):  # fmt: skip
            number = getattr(self, name)
            if not low <= number <= high:
                raise VrnnError(f"{name} should lie between {low:g} and {high:g}, not {number:g}")
