"""What an explanation found, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from vrnn.errors import VrnnError
from vrnn.style.relevance_colors import color_relevance, overlay_relevance

if TYPE_CHECKING:
    from PIL.Image import Image

SinkKind = Literal[
    "bias", "epsilon", "constant", "activation", "softmax", "no rule", "condition", "integers",
    "rounding",
]  # fmt: skip
"""Where relevance ends before it reaches the input: in a bias; in what stabilizes a denominator; in
another constant, such as a class token or a position embedding; in an activation that is not zero
at zero; in a softmax; in an operation without a rule, which has the plain gradient; in channels
that a condition leaves out; in integers, which have no gradient; in rounding of numbers."""


@dataclass(frozen=True)
class Sink:
    """A place where relevance ends.

    Attributes:
        kind: What it is.
        node: Id of the node it is in; -1 for none that is shown.
        name: What holds it, such as the path of a parameter; '' where the node says it all.
        amount: How much ends there, in units of the target.
    """

    kind: SinkKind
    node: int
    name: str
    amount: float


@dataclass(frozen=True, eq=False)
class LayerRelevance:
    """The relevance of one layer.

    Attributes:
        node: Id of its node.
        name: Its name.
        maps: (C, H, W) float32 of each value of its maps, of the first sample or frame where there
            are several; class tokens aside.
        channels: (C,) float32 sums over all positions, class tokens too.
        total: Sum of all.
    """

    node: int
    name: str
    maps: np.ndarray
    channels: np.ndarray
    total: float

    @property
    def picture(self) -> np.ndarray:
        """(H, W) float32: the sum over channels at each position."""
        picture: np.ndarray = self.maps.sum(0)
        return picture

    def ranking(self) -> np.ndarray:
        """Return the channels, (C,) int64, those that speak most for the target first."""
        order: np.ndarray = np.argsort(-self.channels, kind="stable")
        return order


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model gave an answer.

    Attributes:
        method: Its name.
        target: What is explained, as people read it.
        value: The target's value.
        inputs: The relevance of each input in its own shape and with its batch, by its name.
        heatmap: (H, W) float32 of the input: the sum over channels; None where it is no image.
        image: (H, W, 3) uint8, what went in; None where it is no image.
        layers: Of each layer that was asked for, by its name.
        totals: Sum of the relevance of each layer, by its name.
        edges: How much flows along each edge, by the ids of its source and its target.
        sinks: Where relevance ends, the greatest first.
        fallbacks: How many operations had no rule, or no gradient, by what was done.
        conserves: Whether inputs and sinks should sum to the value.
        notes: Sentences for the user.
    """

    method: str
    target: str
    value: float
    inputs: Mapping[str, np.ndarray]
    heatmap: np.ndarray | None = None
    image: np.ndarray | None = None
    layers: Mapping[str, LayerRelevance] = field(default_factory=dict)
    totals: Mapping[str, float] = field(default_factory=dict)
    edges: Mapping[tuple[int, int], float] = field(default_factory=dict)
    sinks: tuple[Sink, ...] = ()
    fallbacks: Mapping[str, int] = field(default_factory=dict)
    conserves: bool = False
    notes: tuple[str, ...] = ()

    @property
    def arrived(self) -> float:
        """How much relevance the inputs have, in units of the target."""
        return float(sum(np.sum(values, dtype=np.float64) for values in self.inputs.values()))

    def picture(self, opacity: float = 1.0) -> Image:
        """Return the relevance of the input over the image, as a Pillow image.

        Args:
            opacity: Of the relevance, 0…1.

        Raises:
            VrnnError: The input is no image.
        """
        from PIL import Image

        if self.heatmap is None:
            raise VrnnError(f"{self.method} gave no map of an image here, so there is no picture")
        if self.image is None or self.image.shape[:2] != self.heatmap.shape:
            return Image.fromarray(color_relevance(self.heatmap))
        return Image.fromarray(overlay_relevance(self.image, self.heatmap, opacity))

    def sums_by_sink(self) -> dict[str, float]:
        """Return how much ended in each kind of sink."""
        sums: dict[str, float] = {}
        for sink in self.sinks:
            sums[sink.kind] = sums.get(sink.kind, 0.0) + sink.amount
        return sums


@dataclass(frozen=True, eq=False)
class FlippingCurves:
    """How the target changes as pixels are taken away or put in, those that matter most first.

    Attributes:
        shares: (K,) float32 shares of the pixels, from 0 to 1.
        deletion: (K,) float32 values of the target without them.
        insertion: (K,) float32 values of the target with nothing but them.
        random: (K,) float32 values without pixels in random order.
        baseline: What takes their place.
    """

    shares: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray
    random: np.ndarray
    baseline: str

    def areas(self) -> dict[str, float]:
        """Return the area below each curve, in units of the target."""
        curves = {"deletion": self.deletion, "insertion": self.insertion, "random": self.random}
        return {name: float(np.trapezoid(c, self.shares)) for name, c in curves.items()}
