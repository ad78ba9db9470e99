"""Which cloud of images is shown, and how: a part of the `State`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from vrnn.network.embedding_methods import Dimensions, EmbeddingMethod
from vrnn.network.image_cloud import PIXELS
from vrnn.storage.limits import Range

CloudColor = Literal["class", "answer", "correct", "none"]
CLOUD_COLORS: tuple[CloudColor, ...] = get_args(CloudColor)
"""What frames and dots are colored by: the class in the data set, what the network answers, whether
that is right, or nothing."""
CorrectFilter = Literal["all", "right", "wrong"]
CORRECT_FILTERS: tuple[CorrectFilter, ...] = get_args(CorrectFilter)
"""Which images are seen: all, or those that are answered so."""
Part = Annotated[float, Range(0.0, 1.0)]
ImageNumber = Annotated[int, Range(0, 10**9)]


@dataclass(frozen=True)
class CloudState:
    """A data set as a cloud beside its network.

    Attributes:
        shown: Whether it is shown.
        network: Number of the network.
        anchor: The layer whose cloud was shown first, or the pixels: those of other layers are
            placed from it, layer by layer, so that images drift.
        layer: The layer whose cloud is shown, or the pixels.
        position: Where in the maps features are taken, as parts of width and height; None for the
            means of the maps.
        method: How images are placed.
        dimensions: In how many dimensions.
        color: What frames and dots are colored by.
        classes: Names of classes of the data set whose images are seen; () for all.
        answers: Names of classes that the network answers whose images are seen; () for all.
        correct: Whether only those are seen that are answered right, or wrong.
        marks_input: Whether it is shown where the input lands, with its nearest neighbors.
        selected: Numbers of the images that are selected, ascending.
    """

    shown: bool = False
    network: ImageNumber = 0
    anchor: str = PIXELS
    layer: str = PIXELS
    position: tuple[Part, Part] | None = None
    method: EmbeddingMethod = "pca"
    dimensions: Dimensions = 2
    color: CloudColor = "class"
    classes: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    correct: CorrectFilter = "all"
    marks_input: bool = True
    selected: tuple[ImageNumber, ...] = ()


NO_CLOUD = CloudState()
"""There is no cloud."""
