"""Images of the cloud: filtered, selected, exported, filmed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np

from vrnn.commands.base import Command, UndoableCommand, check_choice
from vrnn.commands.context import CommandContext
from vrnn.commands.export import timestamped
from vrnn.commands.image_cloud import NEEDS_CLOUD
from vrnn.commands.image_cloud_classes import NEEDS_SELECTION
from vrnn.commands.registry import Menu, command
from vrnn.config.choices import Pixels, VideoRate, VideoSeconds
from vrnn.errors import VrnnError
from vrnn.scene.cloud_place import cloud_layers
from vrnn.scene.cloud_state import (
    CORRECT_FILTERS,
    NO_CLASS,
    CorrectFilter,
    ImageNumber,
)
from vrnn.scene.image_cloud import CLOUD_KIND, images_within
from vrnn.scene.picking import Hit
from vrnn.scene.state import State
from vrnn.scene.world import World
from vrnn.storage.limits import Range

FIRST_RADIUS, RADIUS_GROWTH = 0.3, 1.5
"""Radius of a first selection, in coordinates of unit size, and how many times as large the next
one around the same image is."""


@command(
    "cloud.filter",
    "Filter the image cloud",
    pointer="click the legend; Cloud panel",
    controller="trigger on the legend; board: Cloud",
)
@dataclass(frozen=True)
class FilterCloud(UndoableCommand):
    """Show only some images of the cloud; what is left out stays as it is.

    Attributes:
        classes: Names of classes of the data set; () for all.
        answers: Names of classes that the network answers; () for all.
        correct: `right`, `wrong` or `all`.
        own: Names of classes of your own; () for all, `no class` for images in none.
    """

    classes: tuple[str, ...] | None = None
    answers: tuple[str, ...] | None = None
    correct: CorrectFilter | None = None
    own: tuple[str, ...] | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        check_choice("filter", self.correct or "all", CORRECT_FILTERS)
        for name in self.own or ():
            if name != NO_CLASS:
                state.cloud.find_own_class(name)
        given = {name: value for name, value in vars(self).items() if value is not None}
        return replace(state, cloud=replace(state.cloud, **given))

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show those that are answered wrong, then those that are right, then all."""
        now = context.world.state.cloud
        if not now.shown:
            raise VrnnError(NEEDS_CLOUD)
        following: dict[str, CorrectFilter] = {"all": "wrong", "wrong": "right", "right": "all"}
        return cls(correct=following[now.correct])

    @classmethod
    def variants(cls) -> Iterator[tuple[str, FilterCloud]]:
        """Yield those that need no name."""
        yield "Show images answered wrong", cls(correct="wrong")
        yield "Show images answered right", cls(correct="right")
        yield "Show all images of the cloud", cls((), (), "all", ())


@command(
    "cloud.select",
    "Select images of the cloud",
    menu=Menu.DISPLAY,
    key="CONTROL+A",
    help="image cloud: select around the image you point at, again: more; elsewhere: none",
    pointer="Ctrl and drag around images",
    controller="board: Cloud",
)
@dataclass(frozen=True)
class SelectImages(UndoableCommand):
    """Select images of the cloud, to count, list and export them.

    Attributes:
        numbers: Numbers of images of the data set.
        around: The number of an image, around which all within `radius` are selected too.
        radius: In parts of the cloud's size: 1 is the mean distance from its middle.
        adds: Whether those that are selected already stay so.
        own_class: The name of a class of your own, all of whose images are selected too.
    """

    numbers: tuple[ImageNumber, ...] = ()
    around: ImageNumber | None = None
    radius: Annotated[float, Range(0.0, 100.0)] = FIRST_RADIUS
    adds: bool = False
    own_class: str = ""

    def apply(self, state: State, world: World) -> State:
        """Give the state with them selected."""
        cloud = world.image_cloud
        chosen = set(self.numbers)
        if self.around is not None:
            if cloud is None:
                raise VrnnError(NEEDS_CLOUD)
            if cloud.row_of(self.around) is None:
                raise VrnnError(f"image {self.around} is not in the cloud, or filtered out")
            chosen |= set(images_within(cloud, self.around, self.radius).tolist())
        if self.own_class:
            chosen |= set(state.cloud.find_own_class(self.own_class).numbers)
        if self.adds:
            chosen |= set(state.cloud.selected)
        return replace(state, cloud=replace(state.cloud, selected=tuple(sorted(chosen))))

    def message(self, context: CommandContext) -> str:
        """Say how many, and of which classes."""
        count = len(context.world.state.cloud.selected)
        if not count:
            return "no image is selected"
        counts = context.workspace.image_cloud.selection.counts()[:4]
        classes = ", ".join(f"{name} ({number:,})" for name, number in counts)
        return f"{count:,} selected: {classes}" if classes else f"{count:,} selected"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Select around the image that is pointed at, more when it is selected already."""
        cloud, now = context.world.image_cloud, context.world.state.cloud
        if cloud is None:
            raise VrnnError(NEEDS_CLOUD)
        if hit is None or hit.kind != CLOUD_KIND:
            if not now.selected:
                raise VrnnError("point at an image of the cloud")
            return cls()
        number, radius = int(hit.value), FIRST_RADIUS
        row = cloud.row_of(number)
        if number in now.selected and row is not None and not precise:
            rows = np.flatnonzero(np.isin(cloud.numbers, now.selected))
            away = np.linalg.norm(cloud.positions[rows] - cloud.positions[row], axis=1)
            radius = max(FIRST_RADIUS, round(float(away.max()) * RADIUS_GROWTH, 4))
        return cls((), number, min(radius, 100.0), precise)

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SelectImages]]:
        """Yield none."""
        yield "Select no image of the cloud", cls()


@command(
    "cloud.export_selection",
    "Export the selected images' names",
    menu=Menu.SESSION,
    pointer="Cloud panel",
    controller="board: Cloud",
)
@dataclass(frozen=True)
class ExportSelection(Command):
    """Write name, classes and answer of the selected images of the cloud as a CSV table.

    Attributes:
        file: Where to.
    """

    file: Path

    def run(self, context: CommandContext) -> None:
        """Write it."""
        context.workspace.image_cloud.selection.export(self.file)

    def message(self, context: CommandContext) -> str:
        """Say where it is."""
        return f"names saved to {self.file.resolve()}"

    @property
    def written_file(self) -> Path:
        """The table."""
        return self.file

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Write a file named by the time."""
        if not context.world.state.cloud.selected:
            raise VrnnError(NEEDS_SELECTION)
        return cls(timestamped("-images.csv"))


@command(
    "cloud.film",
    "Record the image cloud along the layers",
    menu=Menu.SESSION,
    pointer="Cloud panel",
    controller="board: Cloud",
)
@dataclass(frozen=True)
class FilmCloud(Command):
    """Write a video in which the images move from one layer's cloud to the next.

    Attributes:
        file: A video file, or a folder for numbered PNGs.
        layers: Where they pass; () for all that one slides along.
        camera: Its name, see `view.go_to`; '' for here.
        seconds: From one layer to the next.
        rate: Images a second.
        size: Width and height in pixels.
    """

    file: Path
    layers: tuple[str, ...] = ()
    camera: str = "cloud"
    seconds: VideoSeconds = 1.5
    rate: VideoRate = 30.0
    size: tuple[Pixels, Pixels] = (1280, 720)

    def run(self, context: CommandContext) -> None:
        """Write it."""
        layers = _layers_along(context)
        for layer in self.layers:
            if layer not in layers:
                raise VrnnError(f"one slides along {', '.join(layers)}, not to '{layer}'")
        if len(self.layers or layers) < 2:
            raise VrnnError("a video of the cloud needs at least two layers; name more")
        layers = self.layers or layers
        context.exporter.film_cloud(
            self.file, layers, self.camera, self.seconds, self.rate, self.size
        )

    @property
    def written_file(self) -> Path:
        """The video."""
        return self.file

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Film from here, into a folder named by the time."""
        _layers_along(context)
        return cls(timestamped("-cloud"), camera="")


def _layers_along(context: CommandContext) -> tuple[str, ...]:
    """The layers that one slides along.

    Raises:
        VrnnError: There is no cloud.
    """
    now = context.world.state.cloud
    if not now.shown or context.world.image_cloud is None:
        raise VrnnError(NEEDS_CLOUD)
    return cloud_layers(context.world.networks[now.network].network, now.anchor)
