"""How everything stands and what its colors mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from vrnn.commands.base import (
    Command,
    UndoableCommand,
    check_choice,
    check_range,
    following,
    layer_key,
    layer_name,
    require_layer,
)
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, RadialEntry, Ring, command
from vrnn.errors import VrnnError
from vrnn.network.layer_pictures import find_layer_picture, layer_picture_names
from vrnn.network.layer_pictures import registered as registered_pictures
from vrnn.network.picture_kinds import GIVEN_PICTURES
from vrnn.scene.layer_names import check_network
from vrnn.scene.layout.folding import stage_modules
from vrnn.scene.layout.registry import arrangement_names, find_arrangement, registered
from vrnn.scene.picking import Hit
from vrnn.scene.state import FOLD_DISPLAYS, MAPS_ONLY, FoldDisplay, State
from vrnn.scene.world import World
from vrnn.style.color_mapping import (
    COLOR_RANGE_TEXT,
    COLOR_RANGES,
    COLORMAPS,
    Colormap,
    ColorMapping,
    ColorRange,
)
from vrnn.style.theme_names import THEMES, Theme


@command(
    "display.arrangement",
    "Arrangement",
    menu=Menu.DISPLAY,
    key="TAB",
    help="the next arrangement of the layers",
    radial=RadialEntry(Ring.GENERAL, "arrangement", 5),
    pointer="Display panel",
    controller="menu: arrangement; board: Display",
    former_name="arrange",
    former_key="arrange",
)
@dataclass(frozen=True)
class SetArrangement(UndoableCommand):
    """Stand the layers in another arrangement; '': the next one."""

    arrangement: str = ""

    def apply(self, state: State, world: World) -> State:
        """Give the state so arranged."""
        name = self.arrangement or following(arrangement_names(), state.arrangement)
        return replace(state, arrangement=find_arrangement(name).name)

    def message(self, context: CommandContext) -> str:
        """Say which it is."""
        return context.world.state.arrangement

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetArrangement]]:
        """Yield each arrangement."""
        for arrangement in registered():
            yield f"Arrangement: {arrangement.name}", cls(arrangement.name)


@command(
    "display.color_mapping",
    "Color range: per map, per layer, whole network",
    menu=Menu.DISPLAY,
    key="C",
    help="color range per map, per layer or whole network",
    pointer="Display panel",
    controller="board: Display",
    former_name="colour",
    former_key="scale",
)
@dataclass(frozen=True)
class SetColorMapping(UndoableCommand):
    """Set how values become colors; what is left out stays. See `ColorMapping`.

    Attributes:
        colormap: The color map.
        normalize_by: What the color range spans: `map`, `layer` or `network`.
        symmetric: Whether zero is in the middle of the range.
        gamma: Above 1, weak values step back, 0.25 to 4.
        clip_percentile: The percentile of |values| that already has the full color, 50 to 100.
    """

    FORMER_NAMES: ClassVar[dict[str, str]] = ColorMapping.FORMER_NAMES
    FORMER_VALUES: ClassVar[dict[str, dict[str, str]]] = ColorMapping.FORMER_VALUES

    colormap: Colormap | None = None
    normalize_by: ColorRange | None = None
    symmetric: bool | None = None
    gamma: float | None = None
    clip_percentile: float | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so colored."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        check_choice("color map", given.get("colormap", "signed"), COLORMAPS)
        check_choice("color range", given.get("normalize_by", "map"), COLOR_RANGES)
        check_range("gamma", given.get("gamma", 1.0), 0.25, 4.0)
        check_range("the percentile", given.get("clip_percentile", 100.0), 50.0, 100.0)
        return replace(state, color_mapping=replace(state.color_mapping, **given))

    def message(self, context: CommandContext) -> str:
        """Say what the range spans, where that was set alone."""
        if self != SetColorMapping(normalize_by=self.normalize_by):
            return ""
        return f"color range: {COLOR_RANGE_TEXT[context.world.state.color_mapping.normalize_by]}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Let the range span the next larger part."""
        now = context.world.state.color_mapping.normalize_by
        return cls(normalize_by=following(COLOR_RANGES, now))

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetColorMapping]]:
        """Yield each color map, range and center."""
        for name in COLORMAPS:
            yield f"Color map: {name}", cls(colormap=name)
        for color_range in COLOR_RANGES:
            yield f"Color range: {color_range}", cls(normalize_by=color_range)
        yield "Center colors at zero", cls(symmetric=True)
        yield "Colors from lowest to highest", cls(symmetric=False)


@command(
    "display.folded_layers",
    "Folded layers show",
    pointer="Display panel",
    controller="board: Display",
    former_name="fold_shows",
)
@dataclass(frozen=True)
class SetFoldDisplay(UndoableCommand):
    """Set what folded layers show: the mean of their maps, the maximum, or the strongest map."""

    shows: FoldDisplay

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        check_choice("map for a fold", self.shows, FOLD_DISPLAYS)
        return replace(state, fold_display=self.shows)

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetFoldDisplay]]:
        """Yield each of them."""
        for name in FOLD_DISPLAYS:
            yield f"Folded layers show: {name}", cls(name)


@command(
    "display.theme",
    "Theme: dark, light",
    menu=Menu.DISPLAY,
    help="dark colors, or light ones for print and projectors",
    pointer="Display panel",
    controller="board: Display",
)
@dataclass(frozen=True)
class SetTheme(UndoableCommand):
    """Set the theme of all colors: `dark` or `light`; none: the other one."""

    theme: Theme | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so colored."""
        other = following(THEMES, state.theme)
        check_choice("theme", self.theme or other, THEMES)
        return replace(state, theme=self.theme or other)

    def message(self, context: CommandContext) -> str:
        """Say which it is."""
        return f"{context.world.state.theme} theme"

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetTheme]]:
        """Yield both."""
        for theme in THEMES:
            yield f"Theme: {theme}", cls(theme)


@command(
    "display.layer_pictures",
    "Layer pictures: portrait, mean map, strongest map, maps only",
    menu=Menu.DISPLAY,
    key="L",
    help="what layers show from afar: portrait, mean map, strongest map, or maps only",
    pointer="Display panel",
    controller="board: Display",
)
@dataclass(frozen=True)
class SetLayerPictures(UndoableCommand):
    """Set which picture layers show from afar in place of their maps; none: the next one.

    Attributes:
        picture: Name of a kind, such as `portrait`; `maps` for maps at any distance.
    """

    picture: str = ""

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        names = (*layer_picture_names(), MAPS_ONLY)
        given = {kind for _, _, kind in world.layer_pictures}
        made = {kind.name for kind in registered_pictures() if kind.make is not None}
        offered = [name for name in names if name in made | given - GIVEN_PICTURES]
        offered.append(MAPS_ONLY)
        now = state.distant_picture or MAPS_ONLY
        number = offered.index(now) + 1 if now in offered else 0
        chosen = offered[number % len(offered)]
        picture = self.picture or chosen
        check_choice("layer picture", picture, names)
        return replace(state, distant_picture="" if picture == MAPS_ONLY else picture)

    def message(self, context: CommandContext) -> str:
        """Say what is seen from afar."""
        kind = context.world.state.distant_picture
        text = find_layer_picture(kind).legend_text if kind else "maps only"
        return f"from afar: {text}"

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetLayerPictures]]:
        """Yield each kind of picture, and none."""
        for kind in registered_pictures():
            if kind.name in GIVEN_PICTURES:  # they come and go with commands of their own
                continue
            yield f"Layer pictures: {kind.title.lower()}", cls(kind.name)
        yield "Layer pictures: maps only", cls(MAPS_ONLY)


@command(
    "display.edge_bundling",
    "Edges: bundled, or each by its own way",
    menu=Menu.DISPLAY,
    help="bundle the long edges of networks, or let each go by its own way",
    pointer="Display panel",
    controller="board: Display",
)
@dataclass(frozen=True)
class SetEdgeBundling(UndoableCommand):
    """Set how closely the long edges of networks run together; their ends stay.

    Attributes:
        bundling: From 0 for a way of its own each to 1; none: the other end of these.
    """

    bundling: float | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        bundling = self.bundling
        if bundling is None:
            bundling = 0.0 if state.edge_bundling else 1.0
        check_range("bundling", bundling, 0.0, 1.0)
        return replace(state, edge_bundling=float(bundling))

    def message(self, context: CommandContext) -> str:
        """Say how edges run."""
        bundling = context.world.state.edge_bundling
        return "long edges are bundled" if bundling else "each edge goes by its own way"

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetEdgeBundling]]:
        """Yield both ends."""
        yield "Edges: bundled", cls(1.0)
        yield "Edges: each by its own way", cls(0.0)


@command(
    "layer.fold",
    "Fold layer or module",
    menu=Menu.LAYER,
    radial=RadialEntry(Ring.LAYER, "fold", 2),
    pointer="double-click; a bracket; Layer and Model panels",
    controller="trigger twice on a layer, once on a bracket; menu: fold; board: Layer, Model",
    former_name="fold",
)
@dataclass(frozen=True)
class Fold(UndoableCommand):
    """Fold a layer or a module into one box, or open it.

    Attributes:
        name: Of a module, of a layer, or a part that only one layer's name has.
        network: The number of its network, from 0.
        folded: Whether it is folded; None for the other way round.
    """

    name: str
    network: int = 0
    folded: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state with it folded or open."""
        slot = self.network
        check_network(world, slot)
        if self.name in world.networks[slot].modules:
            key = (slot, self.name)
            folded = key not in state.folds if self.folded is None else self.folded
            folds = state.folds | {key} if folded else state.folds - {key}
            return replace(state, folds=folds)
        key = layer_key(world, slot, self.name)
        layer = state.layer(key)
        folded = not layer.folded if self.folded is None else self.folded
        return state.with_layer(key, replace(layer, folded=folded))

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Fold the layer that is pointed at, or open it or the module that it stands for."""
        hit = require_layer(hit, "a layer to fold it")
        boxes = context.world.placement_frame(hit.slot).placement.folded.folded_modules
        return cls(boxes.get(hit.node, layer_name(context.world, hit)), hit.slot)


@command(
    "display.fold_stages",
    "Fold or unfold all stages",
    menu=Menu.DISPLAY,
    key="G",
    help="fold all stages, or unfold them",
    radial=RadialEntry(Ring.GENERAL, "fold stages", 3),
    pointer="Display panel",
    controller="menu: fold stages; board: Display",
    former_name="fold_stages",
    former_key="fold",
)
@dataclass(frozen=True)
class FoldAllStages(UndoableCommand):
    """Fold every stage of all networks into one box each, or open them; none: the other way."""

    folded: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state with all stages folded or open."""
        keys = {(s, name) for s in world.slots for name in stage_modules(world.networks[s].network)}
        if not keys:
            raise VrnnError("this network has no modules that could be folded")
        folded = not keys <= state.folds if self.folded is None else self.folded
        return replace(state, folds=state.folds | keys if folded else frozenset())
