"""Layer pictures: what can take the place of a layer's maps, such as their mean.

    @layer_picture("mean", title="Mean of all maps")
    def mean_picture(maps: FeatureMaps) -> LayerPicture:
        values = maps.values.astype(np.float32) * np.float32(maps.scale)
        return LayerPicture(values.mean(0, keepdims=True))

A layer shows the picture whose name is in `LayerState.picture`. It is made of the layer's maps
after each forward pass. A picture that takes longer, or needs more than the maps, is registered
without a function and given by `World.set_layer_picture` when it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vrnn.errors import VrnnError
from vrnn.network.derived_maps import from_array, from_image
from vrnn.network.feature_maps import FeatureMaps
from vrnn.style.color_mapping import ColorMapping


@dataclass(frozen=True, eq=False)
class LayerPicture:
    """What takes the place of a layer's maps.

    Attributes:
        values: (K, H, W) float32, K maps in the colors of the world; or (H, W, 3) uint8 sRGB, an
            image. H and W need not be those of the layer, but row and column are to mean the same
            part of it.
        caption: Text under the layer's name; '' for the title of the kind.
        color_mapping: Colors of the values, where they are not those of the world.
        made: The maps, where they are made already; None for those of the values.

    Raises:
        VrnnError: When the values have another shape or dtype, or there are none.
    """

    values: np.ndarray
    caption: str = ""
    color_mapping: ColorMapping | None = None
    made: FeatureMaps | None = None

    def __post_init__(self) -> None:
        values = self.values
        is_image = values.ndim == 3 and values.dtype == np.uint8 and values.shape[2] == 3
        are_maps = values.ndim == 3 and values.dtype == np.float32
        if not (is_image or are_maps) or not values.size:
            raise VrnnError(
                "a layer picture should be (K, H, W) float32 or (H, W, 3) uint8, "
                f"not {values.shape} {values.dtype}"
            )

    @property
    def is_rgb(self) -> bool:
        """Whether it is an image, and not maps."""
        return self.values.dtype == np.uint8

    @cached_property
    def maps(self) -> FeatureMaps:
        """The maps as they are stored; of an image, linear red, green and blue."""
        if self.made is not None:
            return self.made
        if self.is_rgb:
            return from_image(self.values)
        return from_array(self.values)


MakePicture = Callable[[FeatureMaps], LayerPicture | None]
"""Makes a layer picture of a layer's maps; None where there is nothing to show but the maps. It
runs between two frames, so it has to be quick."""


@dataclass(frozen=True)
class LayerPictureKind:
    """Everything that is declared of a kind of layer picture.

    Attributes:
        name: How the state and files call it.
        title: What the user reads.
        make: Makes it of a layer's maps; None where pictures are given in another way.
        legend: What it shows and what its colors mean, a short text; '' for its title.
    """

    name: str
    title: str
    make: MakePicture | None = None
    legend: str = ""

    @property
    def legend_text(self) -> str:
        """The title with the legend, as a person reads it."""
        return f"{self.title.lower()}: {self.legend}" if self.legend else self.title.lower()


_KINDS: dict[str, LayerPictureKind] = {}


def register_layer_picture(
    name: str, title: str, make: MakePicture | None = None, legend: str = ""
) -> None:
    """Register a kind of layer picture.

    Args:
        name: How the state and files call it, unique.
        title: What the user reads, in sentence case.
        make: Makes it of a layer's maps; None for pictures that `World.set_layer_picture` gives.
        legend: What it shows and what its colors mean, a short text.

    Raises:
        VrnnError: When the name is taken.
    """
    if not name or name in _KINDS:
        raise VrnnError(f"a layer picture needs a name of its own, not '{name}'")
    _KINDS[name] = LayerPictureKind(name, title, make, legend)


def layer_picture(
    name: str, *, title: str, legend: str = ""
) -> Callable[[MakePicture], MakePicture]:
    """Register the function that the decorator stands before; see `register_layer_picture`."""

    def register(make: MakePicture) -> MakePicture:
        register_layer_picture(name, title, make, legend)
        return make

    return register


def registered() -> tuple[LayerPictureKind, ...]:
    """Return every kind of layer picture in the order of registration."""
    return tuple(_KINDS.values())


def layer_picture_names() -> tuple[str, ...]:
    """Return the name of every kind in the order of registration."""
    return tuple(_KINDS)


def find_layer_picture(name: str) -> LayerPictureKind:
    """Return a kind of layer picture by its name.

    Raises:
        VrnnError: When there is none of that name.
    """
    if name not in _KINDS:
        known = ", ".join(_KINDS) or "none"
        raise VrnnError(f"no layer picture '{name}'; known are {known}")
    return _KINDS[name]
