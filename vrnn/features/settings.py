"""Settings of feature visualization, as plain data with ranges that are checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args

from vrnn.storage.limits import Range
from vrnn.storage.serialization import check_fields

Objective = Literal["channel", "neuron", "layer", "direction", "difference"]
"""What is maximized: the mean of a channel, one position of it, the mean square of a whole layer
(DeepDream), the mean along a direction in channel space, or one channel minus another."""
Source = Literal["image", "noise", "gray"]
"""What an optimization starts from."""
Parametrization = Literal["pixels", "fourier"]
"""What the optimizer changes: pixels, or the Fourier spectrum of decorrelated colors."""
Optimizer = Literal["normalized_gradient", "adam"]
Precision = Literal["full", "fast"]
"""float32, or bfloat16 where the processor has units for it."""

OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
SOURCES: tuple[Source, ...] = get_args(Source)
PARAMETRIZATIONS: tuple[Parametrization, ...] = get_args(Parametrization)
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

Chance = Annotated[float, Range(0, 1)]
"""A probability or a share, 0…1."""
Weight = Annotated[float, Range(0, 1e9)]
"""Weight of a term of the objective."""

Index = Annotated[int, Range(0, 10**9)]
"""Number of a channel, a row or a column, from 0."""


@dataclass(frozen=True)
class FeatureVisSettings:
    """Settings of a feature visualization.

    The defaults are those of the published method (Linse, Alshazly and Martinetz 2022,
    DeepVisionVR, section "feature visualization").

    Attributes:
        objective: What is maximized, one of OBJECTIVES.
        position: (row, column) for `neuron`; None for the middle of the map.
        direction: (C,) weights for `direction`.
        subtracted_channel: The channel that is subtracted for `difference`.
        source: What the optimization starts from, one of SOURCES.
        parametrization: `pixels`, or `fourier` with decorrelated colors (Olah, Mordvintsev and
            Schubert 2017, https://distill.pub/2017/feature-visualization).
        optimizer: One of OPTIMIZERS.
        steps: Number of optimization steps.
        step_size: For `normalized_gradient`, x ← x + step_size · g / (‖g‖₂ + 1e-6) for each image;
            for `adam`, the learning rate.
        pad: Pixels added on each side before the other transformations.
        rotate: Greatest rotation in degrees; the least is 1.
        rotate_chance: Probability that an image is rotated in a step.
        scale: Greatest factor of enlargement.
        scale_chance: Probability that an image is enlarged in a step.
        blur: Greatest sigma, in pixels, of a 5×5 Gaussian.
        roll: Greatest shift in pixels along each axis.
        roll_chance: Probability that an image is shifted along an axis in a step.
        mean_pull: Share, 0…1, by which an image is pulled to the mean and the standard deviation
            of the data after each step.
        untransformed_steps: Number of final steps without transformations.
        l1: Weight of the L1 penalty.
        l2: Weight of the L2 penalty.
        total_variation: Weight of the total variation penalty.
        diversity: Weight of differing from the channel's other samples (with
            `samples_per_channel` > 1).
        samples_per_channel: Images for each channel.
        seed: Seed of all random numbers.
        precision: `full` (float32), or `fast`: bfloat16 where the processor has units for it.

    Raises:
        VrnnError: A value is not allowed.
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

    objective: Objective = "channel"
    position: tuple[Index, Index] | None = None
    direction: tuple[Annotated[float, Range(-1e9, 1e9)], ...] = ()
    subtracted_channel: Index = 0
    source: Source = "image"
    parametrization: Parametrization = "pixels"
    optimizer: Optimizer = "normalized_gradient"
    steps: Annotated[int, Range(1, 100_000)] = 200
    step_size: Annotated[float, Range(1e-9, 1e9)] = 20.0
    pad: Annotated[int, Range(0, 256)] = 10
    rotate: Annotated[float, Range(0, 180)] = 10.0
    rotate_chance: Chance = 0.3
    scale: Annotated[float, Range(1, 4)] = 1.05
    scale_chance: Chance = 0.05
    blur: Annotated[float, Range(0, 10)] = 0.5
    roll: Annotated[int, Range(0, 256)] = 5
    roll_chance: Chance = 0.3
    mean_pull: Chance = 0.05
    untransformed_steps: Annotated[int, Range(0, 100_000)] = 10
    l1: Weight = 0.0
    l2: Weight = 0.0
    total_variation: Weight = 0.0
    diversity: Weight = 0.0
    samples_per_channel: Annotated[int, Range(1, 64)] = 1
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0
    precision: Precision = "fast"

    @property
    def is_whole_layer(self) -> bool:
        """Whether a layer has one image instead of one for each channel."""
        return self.objective in ("layer", "direction")

    def __post_init__(self) -> None:
        """Check all values."""
        check_fields(self)
