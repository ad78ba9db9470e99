"""What the user has made of the world: plain data that can be kept, undone and sent.

Layers are known by their network's number and their name, so that a state also fits another
version of a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from vrnn.noise import Noise
from vrnn.scene.display import USUAL, Display

ARRANGEMENTS = ("terrace", "conveyor")
FORMS = ("grid", "line", "ring")
"""How a layer's maps stand."""
ORDERS = ("index", "mean", "maximum", "entropy", "evidence")
"""What a layer's maps are ordered by; the largest first, except for their index."""
FOLD_SHOWS = ("mean", "maximum", "strongest")
"""What a folded layer shows of its maps: their mean, their maximum, or the one with the highest
peak."""

Key = tuple[int, str]
"""Network and name of a layer, or of a module."""


@dataclass(frozen=True)
class LayerState:
    """What was done to one layer.

    offset: metres that it was moved; size: times its own; folded: shows one map; form: one of
    FORMS; spread: times the usual distance between maps, 1…4; order: one of ORDERS; most: only so
    many of the first maps, 0 for all.
    """

    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    size: float = 1.0
    folded: bool = False
    form: str = "grid"
    spread: float = 1.0
    order: str = "index"
    most: int = 0


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
class SwitchedOff:
    """What is ablated. channels: () for all; position: (row, column), None for all; value: `zero`
    or `mean`."""

    network: int
    layer: str
    channels: tuple[int, ...] = ()
    position: tuple[int, int] | None = None
    value: str = "zero"


@dataclass(frozen=True)
class Picture:
    """Where the image in the networks comes from; at most one is given, none: their own sample.

    number: in the first network's data set; plain: `grey` or `mean`; pixels: key of an image that
    came from elsewhere (the clipboard, a map).
    """

    file: Path | None = None
    number: int | None = None
    noise: Noise | None = None
    plain: str = ""
    pixels: str = ""


_NONE: Mapping[Key, LayerState] = MappingProxyType({})


@dataclass(frozen=True)
class State:
    """All that can be undone. folds: modules that are folded; layers: those that are not as they
    were."""

    arrangement: str = "terrace"
    display: Display = USUAL
    fold_shows: str = "mean"
    layers: Mapping[Key, LayerState] = field(default_factory=lambda: _NONE)
    folds: frozenset[Key] = frozenset()
    pins: tuple[Pin, ...] = ()
    off: tuple[SwitchedOff, ...] = ()
    picture: Picture = Picture()

    def layer(self, key: Key) -> LayerState:
        """What was done to a layer."""
        return self.layers.get(key, LayerState())

    def with_layer(self, key: Key, layer: LayerState) -> State:
        """The same with one layer otherwise."""
        layers = {k: v for k, v in self.layers.items() if k != key}
        if layer != LayerState():
            layers[key] = layer
        return replace(self, layers=MappingProxyType(layers))
