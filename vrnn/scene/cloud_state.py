"""Which cloud of images is shown, and how: a part of the `State`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

from vrnn.errors import VrnnError
from vrnn.network.embedding_methods import Dimensions, EmbeddingMethod
from vrnn.network.image_cloud import PIXELS
from vrnn.storage.limits import Range

CloudColor = Literal["class", "answer", "correct", "own", "none"]
CLOUD_COLORS: tuple[CloudColor, ...] = get_args(CloudColor)
"""What frames and dots are colored by: the class in the data set, what the network answers, whether
that is right, the class of the user's own, or nothing."""
CorrectFilter = Literal["all", "right", "wrong"]
CORRECT_FILTERS: tuple[CorrectFilter, ...] = get_args(CorrectFilter)
"""Which images are seen: all, or those that are answered so."""
NO_CLASS = "no class"
"""In place of a class, for images that are in none."""
MAX_OWN_CLASSES = 11
"""Classes of the user's own, at most: each has a color of its own."""
Part = Annotated[float, Range(0.0, 1.0)]
ImageNumber = Annotated[int, Range(0, 10**9)]


@dataclass(frozen=True)
class OwnClass:
    """Images that the user made a class, out of a selection.

    Attributes:
        name: What the user calls it.
        numbers: Numbers of its images in the data set, ascending. No image is in two.
        network: Number of the network whose data set it is.
    """

    name: str
    numbers: tuple[ImageNumber, ...]
    network: ImageNumber = 0


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
        own: Names of classes of the user's own whose images are seen; () for all.
        marks_input: Whether it is shown where the input lands, with its nearest neighbors.
        selected: Numbers of the images that are selected, ascending.
        own_classes: Classes of the user's own, in the order they were made.
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
    own: tuple[str, ...] = ()
    marks_input: bool = True
    selected: tuple[ImageNumber, ...] = ()
    own_classes: tuple[OwnClass, ...] = ()

    @property
    def own_names(self) -> tuple[str, ...]:
        """Names of the user's own classes of this network's data set, as they were made."""
        return tuple(one.name for one in self.own_classes if one.network == self.network)

    def find_own_class(self, name: str) -> OwnClass:
        """Return a class of the user's own.

        Raises:
            VrnnError: There is none of that name.
        """
        for one in self.own_classes:
            if one.network == self.network and one.name == name:
                return one
        told = ", ".join(self.own_names) or "none; make one of selected images"
        raise VrnnError(f"there is no class '{name}' of your own; there are: {told}")

    def with_own_class(self, made: OwnClass) -> CloudState:
        """Return the state with a class more, whose images are taken out of all others.

        One of the same name is replaced, and one that has no image left is gone.
        """
        kept, taken, is_new = [], set(made.numbers), True
        for one in self.own_classes:
            if one.network != made.network:
                kept.append(one)
            elif one.name == made.name:
                kept.append(made)
                is_new = False
            elif left := tuple(n for n in one.numbers if n not in taken):
                kept.append(replace(one, numbers=left))
        return self._with_classes((*kept, made) if is_new else tuple(kept))

    def without_own_class(self, name: str) -> CloudState:
        """Return the state without a class of the user's own.

        Raises:
            VrnnError: There is none of that name.
        """
        gone = self.find_own_class(name)
        return self._with_classes(tuple(one for one in self.own_classes if one is not gone))

    def _with_classes(self, classes: tuple[OwnClass, ...]) -> CloudState:
        """The state with these classes, and no filter by one that is gone."""
        names = {one.name for one in classes if one.network == self.network} | {NO_CLASS}
        own = tuple(name for name in self.own if name in names)
        return replace(self, own_classes=classes, own=own)


NO_CLOUD = CloudState()
"""There is no cloud."""
