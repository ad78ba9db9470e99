"""How a feature visualization is made, and what came of it: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args

from vrnn.storage.serialization import Range, check_fields

Objective = Literal["channel", "neuron", "layer", "direction", "difference"]
"""What is made larger: the mean of a channel, one position of it, the squares of a whole layer
(DeepDream), the mean along a direction in channel space, or one channel less another."""
Source = Literal["image", "noise", "gray"]
Parametrization = Literal["pixels", "fourier"]
Optimizer = Literal["normalized_gradient", "adam"]
Precision = Literal["full", "fast"]

OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
SOURCES: tuple[Source, ...] = get_args(Source)
PARAMETRIZATIONS: tuple[Parametrization, ...] = get_args(Parametrization)
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

Chance = Annotated[float, Range(0, 1)]
"""Part of the pictures and steps, 0…1."""
Weight = Annotated[float, Range(0, 1e9)]
"""Of a term of the objective."""


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

    objective: Objective = "channel"
    position: tuple[int, int] | None = None
    direction: tuple[float, ...] = ()
    subtracted_channel: int = 0
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
        """Whether a layer has one picture instead of one for each channel."""
        return self.objective in ("layer", "direction")

    def __post_init__(self) -> None:
        """Raise VrnnError for a setting out of its range."""
        check_fields(self)
