"""What the user has made of the world: plain data that can be kept, undone and sent.

Layers are known by their network's number and their name, so that a state also fits another
version of a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from vrnn.features.settings import FeatureVisSettings
from vrnn.media.synthetic import NoiseSpec
from vrnn.style.colormap import COLOR_RANGES, COLORMAPS, DEFAULT, ColorMapping

ARRANGEMENTS = ("terrace", "conveyor")
FORMS = ("grid", "line", "ring")
"""How a layer's maps stand."""
ORDERS = ("index", "mean", "maximum", "entropy", "evidence")
"""What a layer's maps are ordered by; the largest first, except for their index."""
PIN_KINDS = ("live", "kept", "difference")
FOLD_DISPLAYS = ("mean", "maximum", "strongest")
"""What a folded layer shows of its maps: their mean, their maximum, or the one with the highest
peak."""

LayerKey = tuple[int, str]
"""Network and name of a layer, or of a module."""


@dataclass(frozen=True)
class LayerState:
    """What was done to one layer.

    offset: meters that it was moved; size: times its own; folded: shows one map; form: one of
    FORMS; spread: times the usual distance between maps, 1…4; order: one of ORDERS; most: only so
    many of the first maps, 0 for all; features: shows pictures of what its channels look for, made
    so, in place of its maps.
    """

    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    size: float = 1.0
    folded: bool = False
    form: str = "grid"
    spread: float = 1.0
    order: str = "index"
    most: int = 0
    features: FeatureVisSettings | None = None


@dataclass(frozen=True)
class Pin:
    """A double of a layer that stands beside one.

    network, layer: what is shown; beside: the layer that it stands beside; kind: `live` (as the
    layer is now), `kept` (as it was when pinned) or `difference` (now less what was kept).
    """

    number: int
    network: int
    layer: str
    beside: str
    kind: str = "kept"


@dataclass(frozen=True)
class AblationState:
    """What is ablated. channels: () for all; position: (row, column), None for all; value: `zero`
    or `mean`."""

    network: int
    layer: str
    channels: tuple[int, ...] = ()
    position: tuple[int, int] | None = None
    value: str = "zero"


@dataclass(frozen=True)
class InputImage:
    """Where the image in the networks comes from; at most one is given, none: their own sample.

    number: in the first network's data set; plain: `gray` or `mean`; pixels: key of an image that
    came from elsewhere (the clipboard, a map).
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
    """All that can be undone. folds: modules that are folded; layers: those that are not as they
    were."""

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
        """What was done to a layer."""
        return self.layers.get(key, LayerState())

    def with_layer(self, key: LayerKey, layer: LayerState) -> State:
        """The same with one layer otherwise."""
        layers = {k: v for k, v in self.layers.items() if k != key}
        if layer != LayerState():
            layers[key] = layer
        return replace(self, layers=MappingProxyType(layers))


def has_same_placement(state: State, other: State) -> bool:
    """Return whether two states place everything in the world alike."""
    return _placement_part(state) == _placement_part(other)


def _placement_part(state: State) -> State:
    return replace(
        state,
        color_mapping=DEFAULT,
        fold_display="mean",
        pins=(),
        ablations=(),
        input_image=InputImage(),
    )


def validate(state: State) -> str:
    """What in a state, as from an edited file, cannot be; '' when all is well."""
    choices = [
        ("arrangement", state.arrangement, ARRANGEMENTS),
        ("colormap", state.color_mapping.colormap, COLORMAPS),
        ("normalize_by", state.color_mapping.normalize_by, COLOR_RANGES),
        ("fold_display", state.fold_display, FOLD_DISPLAYS),
        ("plain", state.input_image.plain, ("", "gray", "mean")),
    ]
    numbers = [
        ("gamma", state.color_mapping.gamma, 0.25, 4.0),
        ("clip_percentile", state.color_mapping.clip_percentile, 50.0, 100.0),
    ]
    for layer in state.layers.values():
        choices += [("form", layer.form, FORMS), ("order", layer.order, ORDERS)]
        numbers += [("size", layer.size, 0.1, 10.0), ("spread", layer.spread, 1.0, 4.0)]
        numbers += [("offset", value, -1e4, 1e4) for value in layer.offset]
        numbers.append(("most", layer.most, 0, 1e9))
    for pin in state.pins:
        choices.append(("kind", pin.kind, PIN_KINDS))
    for off in state.ablations:
        choices.append(("value", off.value, ("zero", "mean")))
    for name, text, known in choices:
        if text not in known:
            return f"{name} should be one of {', '.join(known)}, not '{text}'"
    for name, number, low, high in numbers:
        if not low <= number <= high:
            return f"{name} should lie between {low:g} and {high:g}, not {number:g}"
    return ""
