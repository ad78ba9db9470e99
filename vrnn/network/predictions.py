"""Predictions of a network: its outputs, each as what it is, and why it is taken for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Literal, get_args

import numpy as np

OutputKind = Literal[
    "scores",
    "independent",
    "segmentation",
    "detections",
    "depth",
    "flow",
    "picture",
    "noise",
    "waveform",
    "embedding",
    "numbers",
    "maps",
]
OUTPUT_KINDS: tuple[OutputKind, ...] = get_args(OutputKind)
"""What an output can be: `scores` exclude each other (softmax), `independent` ones do not
(sigmoid); `noise` is what a denoiser predicts; `numbers` are measured quantities, as of a
regression; `maps` are any values at positions, of which nothing else is known."""
KIND_TEXT: Mapping[OutputKind, str] = MappingProxyType(
    {
        "scores": "class scores",
        "independent": "independent scores (sigmoid)",
        "segmentation": "segmentation",
        "detections": "detections",
        "depth": "depth",
        "flow": "optical flow",
        "picture": "picture",
        "noise": "noise",
        "waveform": "waveform",
        "embedding": "embedding",
        "numbers": "numbers",
        "maps": "maps",
    }
)
"""What people read for each kind."""
TIE = 1e-5
"""Part of a probability by which another one has to be smaller, so that it is not as high."""
Activation = Literal["softmax", "sigmoid"]
"""`softmax`: probabilities of classes that exclude each other; `sigmoid`: of independent ones."""


@dataclass(frozen=True, eq=False)
class Output:
    """One output of a model for one sample.

    Attributes:
        node: Id of the output.
        name: Where it is in the model's result, unique there: `logits`, `output 2`.
        evidence: Why it is taken for what it is.
        is_sure: Whether the evidence leaves no doubt.
        values: What the model gave, float32, or int32 for class numbers: (K,) numbers, (C, T)
            channels of a signal, or (K, H, W) maps; None for what several tensors make up.
        is_activated: Whether the model itself has applied a softmax or sigmoid.
        image_shape: (C, H, W) of the image that (K,) numbers may be the pixels of; None for none.
    """

    kind: ClassVar[OutputKind] = "maps"

    node: int
    name: str = field(default="output", kw_only=True)
    evidence: str = field(default="", kw_only=True)
    is_sure: bool = field(default=True, kw_only=True)
    values: np.ndarray | None = field(default=None, kw_only=True)
    is_activated: bool = field(default=False, kw_only=True)
    image_shape: tuple[int, int, int] | None = field(default=None, kw_only=True)


@dataclass(frozen=True, eq=False)
class ClassScores(Output):
    """The scores of a classifier.

    Attributes:
        logits: (K,) float32.
        probabilities: (K,) float32; with sum 1 where `activation` is `softmax`.
        activation: How logits are probabilities.
    """

    kind: ClassVar[OutputKind] = "scores"

    logits: np.ndarray
    probabilities: np.ndarray
    activation: Activation = "softmax"

    @property
    def leader(self) -> int | None:
        """The class with the highest score; None where another one has as high a score."""
        best = np.argsort(-self.probabilities, kind="stable")[:2]
        if not len(best):
            return None
        first, last = self.probabilities[best[0]], self.probabilities[best[-1]]
        return None if len(best) > 1 and last >= first * (1 - TIE) else int(best[0])


@dataclass(frozen=True, eq=False)
class Values(Output):
    """Measured quantities, as of a regression.

    Attributes:
        numbers: (K,) float32.
    """

    kind: ClassVar[OutputKind] = "numbers"

    numbers: np.ndarray


@dataclass(frozen=True, eq=False)
class Embedding(Output):
    """A vector whose single numbers mean nothing by themselves.

    Attributes:
        vector: (K,) float32.
    """

    kind: ClassVar[OutputKind] = "embedding"

    vector: np.ndarray


@dataclass(frozen=True, eq=False)
class Segmentation(Output):
    """The class of each position.

    Attributes:
        classes: (H, W) int32.
        count: Number of classes.
    """

    kind: ClassVar[OutputKind] = "segmentation"

    classes: np.ndarray
    count: int


@dataclass(frozen=True, eq=False)
class Detections(Output):
    """The boxes of a detector.

    Attributes:
        boxes: (K, 4) float32, left, top, right, bottom as fractions 0…1 of the input image.
        labels: (K,) int32 classes.
        scores: (K,) float32, the best first.
        masks: (M, h, w) bool, which parts of the input image belong to each of the first M boxes;
            None where the detector gives none.
    """

    kind: ClassVar[OutputKind] = "detections"

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    masks: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class DepthMap(Output):
    """One quantity at each position, such as a depth or a disparity.

    Attributes:
        depth: (H, W) float32.
        low: The least finite value.
        high: The largest finite value.
    """

    kind: ClassVar[OutputKind] = "depth"

    depth: np.ndarray
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class FlowField(Output):
    """How far each position of an image moves.

    Attributes:
        vectors: (2, H, W) float32, to the right and downward, pixels of the output.
        longest: Length of the longest vector.
    """

    kind: ClassVar[OutputKind] = "flow"

    vectors: np.ndarray
    longest: float


@dataclass(frozen=True, eq=False)
class ImageOutput(Output):
    """A picture that the model made.

    Attributes:
        pixels: (H, W, 3) uint8 sRGB.
        low: Value that is black.
        high: Value that is white.
    """

    kind: ClassVar[OutputKind] = "picture"

    pixels: np.ndarray
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class NoiseOutput(ImageOutput):
    """What a denoiser predicts, such as the noise in its input: zero is gray."""

    kind: ClassVar[OutputKind] = "noise"


@dataclass(frozen=True, eq=False)
class Waveform(Output):
    """A signal over time.

    Attributes:
        samples: (C, T) float32.
        peak: The largest magnitude.
    """

    kind: ClassVar[OutputKind] = "waveform"

    samples: np.ndarray
    peak: float


@dataclass(frozen=True, eq=False)
class Maps(Output):
    """Values at positions, of which nothing more is known: the output's layer shows them.

    Attributes:
        shape: Of the values.
        low: The least finite value.
        high: The largest finite value.
    """

    kind: ClassVar[OutputKind] = "maps"

    shape: tuple[int, ...]
    low: float
    high: float


def caption(output: Output) -> str:
    """Return what an output is taken for, and why: `taken for class scores: ends in softmax`.

    Args:
        output: Any output.
    """
    is_independent = isinstance(output, ClassScores) and output.activation == "sigmoid"
    text = KIND_TEXT["independent" if is_independent else output.kind]
    verb = text if output.is_sure else f"taken for {text}"
    return f"{verb}: {output.evidence}" if output.evidence else verb
