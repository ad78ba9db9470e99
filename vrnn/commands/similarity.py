"""Where else: every position compared with the one that is pointed at, held, or pinned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vrnn.commands.base import Command, UndoableCommand, check_choice, following, operation_key
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.network.similarity import MEASURES, Measure
from vrnn.scene.compared_region import check_region, pointed_region
from vrnn.scene.picking import Hit
from vrnn.scene.similarity_state import MAX_PINS, Region
from vrnn.scene.state import State
from vrnn.scene.world import World
from vrnn.style.similarity_colors import SIMILARITY_COLORMAPS, SimilarityColormap

NEEDS_SIMILARITY = "show similarity first, with Y"
POINT_AT = "point at a position of a layer with rows and columns, or of the input"


@command(
    "similarity.show",
    "Similarity: where else the network sees this",
    menu=Menu.DISPLAY,
    key="Y",
    help="similarity: how like the position at the pointer every other is, in all layers",
    pointer="Similarity panel",
    controller="board: Similarity",
)
@dataclass(frozen=True)
class ShowSimilarity(UndoableCommand):
    """Compare every position of all layers with the one at the pointer, or show maps again.

    Attributes:
        on: Whether they are compared; none for the other way round.
    """

    on: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.similarity
        shown = not now.shown if self.on is None else self.on
        return replace(state, similarity=replace(now, shown=shown))

    def message(self, context: CommandContext) -> str:
        """Say what is compared."""
        now = context.world.state.similarity
        if not now.shown:
            return "similarity hidden"
        if now.reference is None:
            return "similarity to the position at the pointer; I holds it, H pins it"
        return f"similarity to {now.reference.text} of {now.reference.layer}"


@dataclass(frozen=True)
class _RegionCommand(UndoableCommand):
    """What acts on a position or a box of positions of a layer.

    Attributes:
        layer: Its name, or a part that only one layer's name has; '' for none.
        row: Of the position, or the first of the box.
        column: Of the position, or the first of the box.
        rows: Number of rows of the box.
        columns: Number of columns of the box.
        network: The number of its network, from 0.
    """

    layer: str = ""
    row: int = 0
    column: int = 0
    rows: int = 1
    columns: int = 1
    network: int = 0

    def region(self, world: World) -> Region:
        """Return the positions, checked.

        Raises:
            VrnnError: There is no such layer, or nothing there that can be compared.
        """
        if min(self.row, self.column) < 0 or min(self.rows, self.columns) < 1:
            raise VrnnError(
                f"row {self.row}, column {self.column}, {self.rows} rows and {self.columns} "
                "columns are no box; rows and columns count from 0, and a box has at least 1 each"
            )
        slot, name = operation_key(world, self.network, self.layer)
        region = Region(slot, name, self.row, self.column, self.rows, self.columns)
        check_region(world, region)
        return region


@command(
    "similarity.reference",
    "Hold the reference position",
    menu=Menu.LAYER,
    key="I",
    help="similarity: hold the position at the pointer; at another the box; again: follow it",
    pointer="Ctrl+drag over a map or the input; Similarity panel",
    controller="board: Similarity",
)
@dataclass(frozen=True)
class HoldReference(_RegionCommand):
    """Compare with this position, or with the mean of this box, wherever the pointer goes.

    Pointed at a position it takes that one; at a second one of the layer, the box between both; in
    the box, or without a layer, what the pointer is at again.
    """

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.similarity
        region = self.region(world) if self.layer else None
        shown = now.shown or region is not None
        kept = now.kept and region is not None and region == now.reference
        similarity = replace(now, shown=shown, reference=region, kept=kept)
        return replace(state, similarity=similarity)

    def message(self, context: CommandContext) -> str:
        """Say what it is compared with."""
        held = context.world.state.similarity.reference
        if held is None:
            return "similarity to the position at the pointer"
        what = "the mean of " if held.rows * held.columns > 1 else ""
        return f"similarity to {what}{held.text} of {held.layer}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Take the position that is pointed at, or the box up to it."""
        held = context.world.state.similarity.reference
        pointed = pointed_region(context.world, hit)
        if pointed is None:
            if held is not None:
                return cls()
            raise VrnnError(POINT_AT)
        arguments = pointed.layer, pointed.row, pointed.column
        if held is None or (held.network, held.layer) != (pointed.network, pointed.layer):
            return cls(*arguments, network=pointed.network)
        bottom, right = held.row + held.rows, held.column + held.columns
        if held.row <= pointed.row < bottom and held.column <= pointed.column < right:
            return cls()
        top, left = min(held.row, pointed.row), min(held.column, pointed.column)
        bottom, right = max(bottom, pointed.row + 1), max(right, pointed.column + 1)
        return cls(held.layer, top, left, bottom - top, right - left, held.network)


@command(
    "similarity.pin",
    "Pin this position to compare its vector",
    menu=Menu.LAYER,
    key="H",
    help="similarity: pin a position, whose feature vector is a bar chart; again: remove it",
    pointer="Similarity panel",
    controller="board: Similarity",
)
@dataclass(frozen=True)
class PinPosition(_RegionCommand):
    """Keep the feature vector of this position in the Similarity panel; the same again removes it.

    Without a layer, all are removed.
    """

    def apply(self, state: State, world: World) -> State:
        """Give the state with it pinned, or not any more."""
        now = state.similarity
        if not self.layer:
            return replace(state, similarity=replace(now, pins=()))
        region = self.region(world)
        if region in now.pins:
            pins = tuple(pin for pin in now.pins if pin != region)
        elif len(now.pins) >= MAX_PINS:
            raise VrnnError(f"{MAX_PINS} positions are pinned already; remove one first")
        else:
            pins = (*now.pins, region)
        return replace(state, similarity=replace(now, shown=True, pins=pins))

    def message(self, context: CommandContext) -> str:
        """Say how many there are."""
        count = len(context.world.state.similarity.pins)
        return f"{count} pinned positions" if count != 1 else "1 pinned position"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Pin what is pointed at, or what is held."""
        region = pointed_region(context.world, hit) or context.world.state.similarity.reference
        if region is None:
            raise VrnnError(POINT_AT)
        return cls(
            region.layer, region.row, region.column, region.rows, region.columns, region.network
        )

    @classmethod
    def variants(cls) -> Iterator[tuple[str, PinPosition]]:
        """Yield the removal of all."""
        yield "Remove all pinned positions", cls()


@command(
    "similarity.display",
    "Measure and colors of similarity",
    pointer="Similarity panel",
    controller="board: Similarity",
)
@dataclass(frozen=True)
class SetSimilarityDisplay(UndoableCommand):
    """Set how positions are compared and how that is seen; what is left out stays.

    Attributes:
        measure: `angular` as IFeaLiD has it, `cosine`, `euclidean`, `manhattan`, `dot` or
            `fractional`.
        stretched: Whether the colors of each layer span the similarities that it has.
        colormap: `fire`, `viridis`, `magma`, `cividis` or `gray`.
        smooth: Whether positions are blended.
        overlay: Whether the layer that is pointed at lies over the input.
        opacity: Added to the opacity of that, from the similarity itself at 0 to opaque at 1.
        gray: Whether the input is gray under it.
        kept: Whether other images are compared with the vectors of this image.
    """

    measure: Measure | None = None
    stretched: bool | None = None
    colormap: SimilarityColormap | None = None
    smooth: bool | None = None
    overlay: bool | None = None
    opacity: float | None = None
    gray: bool | None = None
    kept: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        check_choice("measure", given.get("measure", "angular"), MEASURES)
        check_choice("color map", given.get("colormap", "fire"), SIMILARITY_COLORMAPS)
        return replace(state, similarity=replace(state.similarity, **given))

    def message(self, context: CommandContext) -> str:
        """Say by which measure, or with which image, where that was set alone."""
        if self.measure is not None and self == SetSimilarityDisplay(measure=self.measure):
            return f"similarity: {self.measure}"
        if self == SetSimilarityDisplay(kept=True):
            return "similarity to this image from now on: put in another"
        return ""

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Compare by the next measure."""
        now = context.world.state.similarity
        if not now.shown:
            raise VrnnError(NEEDS_SIMILARITY)
        return cls(measure=following(MEASURES, now.measure))

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetSimilarityDisplay]]:
        """Yield each measure and color map."""
        for measure in MEASURES:
            yield f"Similarity: {measure}", cls(measure=measure)
        for colormap in SIMILARITY_COLORMAPS:
            yield f"Colors of similarity: {colormap}", cls(colormap=colormap)
        yield "Similarity: stretched to each layer", cls(stretched=True)
        yield "Similarity: not stretched", cls(stretched=False)
        yield "Similarity: sharp", cls(smooth=False)
        yield "Similarity: smooth", cls(smooth=True)
        yield "Similarity to this image in others", cls(kept=True)
        yield "Similarity within each image", cls(kept=False)
