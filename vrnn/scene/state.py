"""What the user has made of the world: plain data that can be saved, undone and sent.

Layers are known by the slot of their network and their name, so that a state also fits another
version of a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from vrnn.features.settings import FeatureVisSettings
from vrnn.media.synthetic import NoiseSpec
from vrnn.network import statistics
from vrnn.network.results import FILL_VALUES
from vrnn.scene.layout.map_grid import FORMS
from vrnn.scene.layout.registry import arrangement_names
from vrnn.style.colormap import COLOR_RANGES, COLORMAPS, DEFAULT, ColorMapping

ORDERS = (*statistics.ORDERS, "evidence")
"""What the maps of a layer are ordered by; the largest first, except for their index."""
PIN_KINDS = ("live", "kept", "difference")
"""What a pinned copy shows: the layer as it is now, as it was when pinned, or now less then."""
FOLD_DISPLAYS = ("mean", "maximum", "strongest")
"""What a folded layer shows of its maps: their mean, their maximum, or the one with the highest
peak."""
PLAIN_IMAGES = ("gray", "mean")
"""Input images without a file: gray, or the mean of the data set."""

LayerKey = tuple[int, str]
"""Slot of a network, and name of one of its layers or modules."""


@dataclass(frozen=True)
class LayerState:
    """What the user has made of one layer.

    Attributes:
        offset: Meters that it was moved to the right, up and toward the viewer.
        size: Its size, as a multiple of its own, 0.1…10.
        folded: Whether it shows one map for all.
        form: One of FORMS.
        spread: Distance between its maps, as a multiple of the usual one, 1…4.
        order: One of ORDERS.
        most: Only so many of the first maps are shown; 0 for all.
        features: How the feature visualizations are made that it shows in place of its maps; None
            where it shows its maps.
    """

    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    size: float = 1.0
    folded: bool = False
    form: str = "grid"
    spread: float = 1.0
    order: str = "index"
    most: int = 0
    features: FeatureVisSettings | None = None

    @property
    def has_default_maps(self) -> bool:
        """Whether the maps fill one rectangle, all of them, in the order of their numbers."""
        return (self.form, self.spread, self.order, self.most) == ("grid", 1.0, "index", 0)


@dataclass(frozen=True)
class Pin:
    """A pinned copy of a layer.

    Attributes:
        number: Unique among all pins.
        network: Slot of the network.
        layer: Name of the layer that it is a copy of.
        beside: Name of the layer that it hangs above.
        kind: One of PIN_KINDS.
    """

    number: int
    network: int
    layer: str
    beside: str
    kind: str = "kept"


@dataclass(frozen=True)
class AblationState:
    """What is ablated in a layer.

    Attributes:
        network: Slot of the network.
        layer: Name of the layer.
        channels: Channel numbers, () for all.
        position: (row, column) in the maps, None for all.
        value: One of FILL_VALUES.
    """

    network: int
    layer: str
    channels: tuple[int, ...] = ()
    position: tuple[int, int] | None = None
    value: str = "zero"


@dataclass(frozen=True)
class InputImage:
    """Where the image in the networks comes from: at most one of these; without, their own sample.

    Attributes:
        file: An image file.
        number: Of an image in the data set of the first network.
        noise: What noise to use.
        plain: One of PLAIN_IMAGES, or ''.
        pixels: Key of an image that came from elsewhere (the clipboard, a map), or ''.
    """

    FORMER_VALUES: ClassVar[dict[str, dict[str, str]]] = {"plain": {"grey": "gray"}}

    file: Path | None = None
    number: int | None = None
    noise: NoiseSpec | None = None
    plain: str = ""
    pixels: str = ""


_NONE: Mapping[LayerKey, LayerState] = MappingProxyType({})


@dataclass(frozen=True)
class State:
    """All that can be undone.

    Attributes:
        arrangement: Name of a registered arrangement.
        color_mapping: How values become colors.
        fold_display: One of FOLD_DISPLAYS.
        layers: The layers that differ from `LayerState()`.
        folds: Modules that are folded.
        pins: Pinned copies.
        ablations: What is ablated, in the order in which the user did it.
        input_image: What is in the networks.
    """

    FORMER_NAMES: ClassVar[dict[str, str]] = {
        "display": "color_mapping",
        "fold_shows": "fold_display",
        "off": "ablations",
        "picture": "input_image",
    }

    arrangement: str = "terrace"
    color_mapping: ColorMapping = DEFAULT
    fold_display: str = "mean"
    layers: Mapping[LayerKey, LayerState] = field(default_factory=lambda: _NONE)
    folds: frozenset[LayerKey] = frozenset()
    pins: tuple[Pin, ...] = ()
    ablations: tuple[AblationState, ...] = ()
    input_image: InputImage = InputImage()

    def layer(self, key: LayerKey) -> LayerState:
        """Return what the user has made of a layer."""
        return self.layers.get(key, LayerState())

    def with_layer(self, key: LayerKey, layer: LayerState) -> State:
        """Return the same state with one layer changed."""
        layers = {k: v for k, v in self.layers.items() if k != key}
        if layer != LayerState():
            layers[key] = layer
        return replace(self, layers=MappingProxyType(layers))

    def has_same_placement(self, other: State) -> bool:
        """Return whether another state places everything in the world alike."""
        return self._placement_part() == other._placement_part()

    def _placement_part(self) -> State:
        return replace(
            self,
            color_mapping=DEFAULT,
            fold_display=FOLD_DISPLAYS[0],
            pins=(),
            ablations=(),
            input_image=InputImage(),
        )


def validate(state: State) -> str:
    """Return what is wrong in a state, as from a file that was edited; '' when all is well."""
    for name, text, choices in _choices(state):
        if text not in choices:
            return f"{name} should be one of {', '.join(choices)}, not '{text}'"
    for name, number, low, high in _numbers(state):
        if not low <= number <= high:
            return f"{name} should lie between {low:g} and {high:g}, not {number:g}"
    return ""


def _choices(state: State) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Name, value and choices of each field with a closed set of values."""
    yield "arrangement", state.arrangement, arrangement_names()
    yield "colormap", state.color_mapping.colormap, COLORMAPS
    yield "normalize_by", state.color_mapping.normalize_by, COLOR_RANGES
    yield "fold_display", state.fold_display, FOLD_DISPLAYS
    yield "plain", state.input_image.plain, ("", *PLAIN_IMAGES)
    for layer in state.layers.values():
        yield "form", layer.form, FORMS
        yield "order", layer.order, ORDERS
    for pin in state.pins:
        yield "kind", pin.kind, PIN_KINDS
    for ablation in state.ablations:
        yield "value", ablation.value, FILL_VALUES


def _numbers(state: State) -> Iterator[tuple[str, float, float, float]]:
    """Name, value and limits of each field with a number."""
    yield "gamma", state.color_mapping.gamma, 0.25, 4.0
    yield "clip_percentile", state.color_mapping.clip_percentile, 50.0, 100.0
    for layer in state.layers.values():
        yield "size", layer.size, 0.1, 10.0
        yield "spread", layer.spread, 1.0, 4.0
        for value in layer.offset:
            yield "offset", value, -1e4, 1e4
        yield "most", layer.most, 0, 1e9
