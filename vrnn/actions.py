"""Everything that a person can do, as plain commands: keys, mouse, controllers and scripts issue
the same ones.

A `Change` makes another `State` of the world and can be undone; the others (looking, saving, taking
pictures) change nothing that could be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vrnn.errors import VrnnError
from vrnn.features import Ascent
from vrnn.noise import Noise
from vrnn.scene.display import COLOUR_MAPS, SCALES
from vrnn.scene.folding import stages
from vrnn.scene.state import (
    ARRANGEMENTS,
    FOLD_SHOWS,
    FORMS,
    ORDERS,
    PIN_KINDS,
    LayerState,
    Picture,
    Pin,
    State,
    SwitchedOff,
)
from vrnn.scene.viewpoints import find_layer

if TYPE_CHECKING:
    from vrnn.scene.world import World

SMALLEST, LARGEST = 0.1, 10.0
"""Times its own size that a layer can be scaled to."""


@dataclass(frozen=True)
class Action:
    """Something to do."""


@dataclass(frozen=True)
class Change(Action):
    """Something that can be undone."""

    def change(self, state: State, world: World) -> State:
        """The state afterwards. Raises VrnnError when it cannot be done."""
        raise NotImplementedError

    @property
    def said(self) -> str:
        """What was done, for the list of what can be undone."""
        return type(self).__name__


@dataclass(frozen=True)
class LayerChange(Change):
    """A change of one layer. layer: its name, or a part that only one has."""

    layer: str
    network: int = 0

    def change(self, state: State, world: World) -> State:
        """The state with this layer otherwise."""
        key = layer_key(world, self.network, self.layer)
        return state.with_layer(key, self.changed(state.layer(key)))

    def changed(self, layer: LayerState) -> LayerState:
        """The layer afterwards."""
        raise NotImplementedError


def layer_key(world: World, network: int, name: str) -> tuple[int, str]:
    """Network and full name of a layer, also of a folded module. Raises VrnnError."""
    if network not in world.stands:
        raise VrnnError(f"there is no network {network}; they are numbered from 0")
    seen = [node.name for node in world.pose(network).standing.network.nodes]
    if name in seen:
        return network, name
    slot, node = find_layer(world, name, network)
    return slot, world.stands[slot].network.by_id[node].name


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise VrnnError(f"no {what} '{value}': choose one of {', '.join(known)}")


def _between(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise VrnnError(f"{what} should lie between {low:g} and {high:g}, not {value:g}")


# The world.


@dataclass(frozen=True)
class Arrange(Change):
    """Stand the layers in another arrangement; '': the next one."""

    arrangement: str = ""

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        now = ARRANGEMENTS.index(state.arrangement)
        wanted = self.arrangement or ARRANGEMENTS[(now + 1) % len(ARRANGEMENTS)]
        _one_of("arrangement", wanted, ARRANGEMENTS)
        return replace(state, arrangement=wanted)


@dataclass(frozen=True)
class Colour(Change):
    """How values become colours; None leaves a setting as it is. See `Display`."""

    colours: str | None = None
    scale: str | None = None
    symmetric: bool | None = None
    gamma: float | None = None
    clip: float | None = None

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        _one_of("colour map", given.get("colours", "signed"), COLOUR_MAPS)
        _one_of("scale", given.get("scale", "map"), SCALES)
        _between("gamma", given.get("gamma", 1.0), 0.25, 4.0)
        _between("the percentile", given.get("clip", 100.0), 50.0, 100.0)
        return replace(state, display=replace(state.display, **given))


@dataclass(frozen=True)
class FoldShows(Change):
    """What folded layers show: the mean of their maps, the maximum, or the strongest map."""

    shows: str

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        _one_of("map for a fold", self.shows, FOLD_SHOWS)
        return replace(state, fold_shows=self.shows)


@dataclass(frozen=True)
class Fold(Change):
    """Fold a layer or a module into one box, or open it; folded None: the other way round."""

    name: str
    network: int = 0
    folded: bool | None = None

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        slot = self.network
        if slot not in world.stands:
            raise VrnnError(f"there is no network {slot}; they are numbered from 0")
        if self.name in world.stands[slot].modules:
            key = (slot, self.name)
            folded = key not in state.folds if self.folded is None else self.folded
            folds = state.folds | {key} if folded else state.folds - {key}
            return replace(state, folds=folds)
        key = layer_key(world, slot, self.name)
        layer = state.layer(key)
        folded = not layer.folded if self.folded is None else self.folded
        return state.with_layer(key, replace(layer, folded=folded))


@dataclass(frozen=True)
class FoldStages(Change):
    """Fold every stage of all networks into one box each, or open them; None: the other way."""

    folded: bool | None = None

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        keys = {(s, name) for s in world.slots for name in stages(world.stands[s].network)}
        if not keys:
            raise VrnnError("this network has no modules that could be folded")
        folded = not keys <= state.folds if self.folded is None else self.folded
        return replace(state, folds=state.folds | keys if folded else frozenset())


# One layer.


@dataclass(frozen=True)
class Move(LayerChange):
    """Move a layer by metres (right, up, toward the viewer)."""

    by: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def changed(self, layer: LayerState) -> LayerState:
        """The layer afterwards."""
        x, y, z = (a + b for a, b in zip(layer.offset, self.by, strict=True))
        return replace(layer, offset=(x, max(y, -20.0), z))


@dataclass(frozen=True)
class Scale(LayerChange):
    """Make a layer this many times larger than it is now."""

    by: float = 1.0

    def changed(self, layer: LayerState) -> LayerState:
        """The layer afterwards."""
        if not self.by > 0:
            raise VrnnError(f"a layer cannot be scaled by {self.by:g}; give a number above 0")
        return replace(layer, size=min(LARGEST, max(SMALLEST, layer.size * self.by)))


@dataclass(frozen=True)
class Form(LayerChange):
    """How a layer's maps stand and in what order; None leaves it. See `LayerState`."""

    form: str | None = None
    spread: float | None = None
    order: str | None = None
    most: int | None = None

    def changed(self, layer: LayerState) -> LayerState:
        """The layer afterwards."""
        names = ("form", "spread", "order", "most")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        _one_of("form", given.get("form", "grid"), FORMS)
        _one_of("order", given.get("order", "index"), ORDERS)
        _between("spread", given.get("spread", 1.0), 1.0, 4.0)
        if given.get("most", 0) < 0:
            raise VrnnError("the number of maps to show cannot be negative; 0 shows all")
        return replace(layer, **given)


@dataclass(frozen=True)
class ShowFeatures(LayerChange):
    """Show pictures of what a layer's channels look for in place of its maps, made so; settings
    none: its maps again. See docs/features.md for the settings."""

    settings: Ascent | None = None

    def changed(self, layer: LayerState) -> LayerState:
        """The layer afterwards."""
        return replace(layer, features=self.settings, folded=False)


@dataclass(frozen=True)
class Reset(LayerChange):
    """Put a layer back as it was at first."""

    def changed(self, layer: LayerState) -> LayerState:
        """The layer afterwards."""
        return LayerState()


@dataclass(frozen=True)
class PinLayer(Change):
    """Stand a double of a layer beside a layer (itself where none is named). See `Pin`."""

    layer: str
    network: int = 0
    beside: str = ""
    kind: str = "kept"

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        _one_of("kind of double", self.kind, PIN_KINDS)
        network, layer = layer_key(world, self.network, self.layer)
        beside = layer_key(world, self.network, self.beside)[1] if self.beside else layer
        number = max((pin.number for pin in state.pins), default=0) + 1
        pin = Pin(number, network, layer, beside, self.kind)
        return replace(state, pins=(*(p for p in state.pins if p.beside != beside), pin))


@dataclass(frozen=True)
class Unpin(Change):
    """Take a double away; 0: all."""

    number: int = 0

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        pins = tuple(p for p in state.pins if self.number and p.number != self.number)
        return replace(state, pins=pins)


@dataclass(frozen=True)
class SwitchOff(Change):
    """Switch channels, a position in all of them, or the whole layer off; what is off already is
    switched on again. See `SwitchedOff`."""

    layer: str
    network: int = 0
    channels: tuple[int, ...] = ()
    position: tuple[int, int] | None = None
    value: str = "zero"

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        _one_of("value", self.value, ("zero", "mean"))
        network, layer = layer_key(world, self.network, self.layer)
        node = world.stands[network].ids[layer]
        count, *_ = world.stands[network].network.by_id[node].shape
        wrong = [c for c in self.channels if not 0 <= c < count]
        if wrong:
            raise VrnnError(f"'{layer}' has channels 0 to {count - 1}, no channel {wrong[0]}")
        one = SwitchedOff(network, layer, self.channels, self.position, self.value)
        if one in state.off:
            return replace(state, off=tuple(o for o in state.off if o != one))
        return replace(state, off=(*state.off, one))


@dataclass(frozen=True)
class SwitchOn(Change):
    """Switch something on again, by its number in the list from 1; 0: everything."""

    number: int = 0

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        if not 0 <= self.number <= len(state.off):
            raise VrnnError(f"{len(state.off)} things are switched off; there is no {self.number}")
        off = tuple(o for i, o in enumerate(state.off, 1) if self.number and i != self.number)
        return replace(state, off=off)


# Images.


@dataclass(frozen=True)
class PutImage(Change):
    """Put an image into the networks: a file, one of the data set, `grey`, `mean` or `sample`, or
    one that is held under a key."""

    file: Path | None = None
    number: int | None = None
    plain: str = ""
    pixels: str = ""

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        _one_of("image", self.plain or "sample", ("grey", "mean", "sample"))
        plain = "" if self.plain == "sample" else self.plain
        picture = Picture(self.file, self.number, None, plain, self.pixels)
        return replace(state, picture=picture)


@dataclass(frozen=True)
class PutNoise(Change):
    """Put noise into the networks. See `vrnn.noise.Noise`."""

    kind: str = "gaussian"
    mean: float = 0.5
    std: float = 0.25
    seed: int = 0

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        noise = Noise(self.kind, self.mean, self.std, self.seed)
        return replace(state, picture=Picture(noise=noise))


# What changes nothing.


@dataclass(frozen=True)
class Undo(Action):
    """Take the last change back, or the last `times`."""

    times: int = 1


@dataclass(frozen=True)
class Redo(Action):
    """Make a change again that was taken back."""

    times: int = 1


@dataclass(frozen=True)
class Look(Action):
    """Go somewhere: `overview`, `front`, `top`, `layer:NAME` or `x,y,z,yaw,pitch`. network: of the
    layer; None: the only one that has it."""

    camera: str
    network: int | None = None


@dataclass(frozen=True)
class Point(Action):
    """Point at a layer, and at a position in one of its maps; '': at nothing."""

    layer: str = ""
    network: int = 0
    channel: int = -1
    position: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class PickUp(Action):
    """Take an image into the hand: one of the data set, the input (`input`), a map of a layer (or
    the picture that stands in its place), or a source (`grey`, `mean`, `noise`)."""

    number: int | None = None
    source: str = ""
    layer: str = ""
    channel: int = 0
    network: int = 0
    copy: int = 0


@dataclass(frozen=True)
class PutDown(Action):
    """Place what is in the hand into the input, or just let go of it."""

    into_input: bool = True


@dataclass(frozen=True)
class Wall(Action):
    """Turn the wall of thumbnails: pages on, another drawing by seed (-1: the next one), one class
    ('' for all), a search."""

    page: int = 0
    shuffle: int | None = None
    only: str | None = None
    search: str | None = None


@dataclass(frozen=True)
class TakePicture(Action):
    """Write a PNG of what is seen, from here or from another camera.

    size: (width, height); kind: `flat`, `panorama` (all around, size is its width) or `stereo`
    (what two eyes see, side by side, each of that size).
    """

    file: Path
    camera: str = ""
    size: tuple[int, int] = (1920, 1080)
    transparent: bool = False
    kind: str = "flat"


@dataclass(frozen=True)
class TakeFilm(Action):
    """Fly through some cameras and write a video, or numbered PNGs into a folder.

    seconds: from one camera to the next; rate: pictures a second; size: (width, height).
    """

    file: Path
    cameras: tuple[str, ...]
    seconds: float = 3.0
    rate: float = 30.0
    size: tuple[int, int] = (1280, 720)


@dataclass(frozen=True)
class Export(Action):
    """Write layers as files: `sheet` (PNG), `values` (.npy), `histograms` (CSV), and `features`
    (PNG, of layers that show what their channels look for). layers: a pattern such as
    `layer1.*`."""

    folder: Path
    layers: str = "*"
    network: int = 0
    what: tuple[str, ...] = ("sheet", "values", "histograms")


@dataclass(frozen=True)
class FindTop(Action):
    """Show the images of the data set that excite a channel most; layer '': show none any more."""

    layer: str = ""
    channel: int = 0
    network: int = 0


@dataclass(frozen=True)
class Cancel(Action):
    """End a job, by its number; 0: all."""

    number: int = 0


@dataclass(frozen=True)
class Pause(Action):
    """Let a job rest, by its number, or go on with it; 0: all."""

    number: int = 0
    paused: bool = True


@dataclass(frozen=True)
class UseHeadset(Action):
    """Go into the headset, also again after it was lost, or leave it; None: the other way."""

    on: bool | None = None


@dataclass(frozen=True)
class Save(Action):
    """Keep the whole place in a file."""

    file: Path


@dataclass(frozen=True)
class Restore(Action):
    """Make the place as a file has it."""

    file: Path


@dataclass(frozen=True)
class Wait(Action):
    """In a script: let time go on until nothing moves and all is shown; at least so long."""

    seconds: float = 0.0
