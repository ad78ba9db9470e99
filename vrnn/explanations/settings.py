"""Settings of an explanation, as plain data with ranges that are checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, get_args

from vrnn.explanations.conditions import Condition
from vrnn.explanations.targets import Target
from vrnn.network.results import Ablation
from vrnn.storage.limits import Range
from vrnn.storage.serialization import check_fields

GradientMethod = Literal[
    "saliency", "integrated-gradients", "smooth-grad", "guided-backprop", "grad-cam",
    "grad-cam++", "layer-cam", "attention-rollout", "occlusion",
]  # fmt: skip
GRADIENT_METHODS: tuple[GradientMethod, ...] = get_args(GradientMethod)
"""Methods beside the composites of layer-wise relevance propagation."""
Baseline = Literal["black", "gray", "blur", "zero"]
"""What stands for no evidence: an image, or inputs that are 0."""
BASELINES: tuple[Baseline, ...] = get_args(Baseline)


@dataclass(frozen=True)
class ExplanationSettings:
    """How an explanation is made.

    Attributes:
        method: Name of a composite, or one of GRADIENT_METHODS.
        target: What is explained.
        conditions: Channels and regions that relevance may flow through.
        composites: A file of the user's own composites; None for none.
        layer: The layer of Grad-CAM, Grad-CAM++ and LayerCAM; '' for the last one with maps.
        baseline: What integrated gradients begin with, occlusion puts in, or the flipping of
            pixels: one of BASELINES, or an image file.
        steps: Of integrated gradients.
        samples: Of SmoothGrad.
        noise: Of SmoothGrad, standard deviation as a share of the range of the input.
        patch: Side of what is occluded, pixels.
        stride: Pixels between two patches.
        seed: Of random numbers.
        ablations: What is ablated in the network that is explained.

    Raises:
        VrnnError: A value is not allowed.
    """

    method: str = "epsilon-plus"
    target: Target = field(default_factory=Target)
    conditions: tuple[Condition, ...] = ()
    composites: Path | None = None
    layer: str = ""
    baseline: str = "black"
    steps: Annotated[int, Range(1, 10_000)] = 32
    samples: Annotated[int, Range(1, 10_000)] = 25
    noise: Annotated[float, Range(0, 10)] = 0.15
    patch: Annotated[int, Range(1, 4096)] = 16
    stride: Annotated[int, Range(1, 4096)] = 8
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0
    ablations: tuple[Ablation, ...] = ()

    def __post_init__(self) -> None:
        """Check all values."""
        check_fields(self)
