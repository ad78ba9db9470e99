"""What goes into the networks, and the image in the hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal, get_args

from vrnn.commands.base import Command, UndoableCommand, check_choice
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.commands.workspace_actions import ImageSelection
from vrnn.errors import VrnnError
from vrnn.media.clipboard import clipboard_image
from vrnn.media.synthetic import NoiseKind, NoiseSpec
from vrnn.scene.picking import Hit
from vrnn.scene.state import InputImage, PlainImage, State
from vrnn.scene.world import World

PlainInput = Literal["gray", "mean", "sample"]
PLAIN_INPUTS: tuple[PlainInput, ...] = get_args(PlainInput)
"""Inputs by name: middle gray, the mean of the data set, or the networks' own samples."""


@command(
    "input.set_image",
    "Set input image",
    pointer="drop a file; Images panel; palette",
    controller="trigger on the wall, then on the input; board: Images, Find",
    former_name="put_image",
)
@dataclass(frozen=True)
class SetInputImage(UndoableCommand):
    """Put an image into the networks.

    Attributes:
        file: An image file.
        number: Of an image of the data set, from 0.
        plain: `gray`, `mean` or `sample`.
        pixels: The key of an image that is remembered.
        example: Number of an image that the training was watched with, from 0.
    """

    FORMER_VALUES: ClassVar[dict[str, dict[str, str]]] = InputImage.FORMER_VALUES

    file: Path | None = None
    number: int | None = None
    plain: PlainInput | Literal[""] = ""
    pixels: str = ""
    example: int | None = None

    @property
    def read_image(self) -> Path | None:
        """The image file that it puts in."""
        return self.file

    def apply(self, state: State, world: World) -> State:
        """Give the state with this image."""
        check_choice("image", self.plain or "sample", PLAIN_INPUTS)
        plain: PlainImage = "" if self.plain == "sample" else self.plain
        image = InputImage(self.file, self.number, None, plain, self.pixels, self.example)
        return replace(state, input_image=image)

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetInputImage]]:
        """Yield the images that every network has."""
        yield "Use blank gray", cls(plain="gray")
        yield "Use the mean image", cls(plain="mean")
        yield "Use the first image", cls(plain="sample")


@command(
    "input.set_noise",
    "Set input noise",
    pointer="the wall; Images panel",
    controller="the wall; board: Images",
    former_name="put_noise",
)
@dataclass(frozen=True)
class SetInputNoise(UndoableCommand):
    """Use noise as the input. See `vrnn.media.synthetic.NoiseSpec`."""

    kind: NoiseKind = "gaussian"
    mean: float = 0.5
    std: float = 0.25
    seed: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state with this noise."""
        noise = NoiseSpec(self.kind, self.mean, self.std, self.seed)
        return replace(state, input_image=InputImage(noise=noise))

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetInputNoise]]:
        """Yield two kinds."""
        yield "Use noise", cls()
        yield "Use pink noise", cls("pink")


@dataclass(frozen=True)
class _StepImage(Command):
    """Put in the image that many further in the list that was given, or in the data set."""

    step: ClassVar[int]

    def run(self, context: CommandContext) -> None:
        """Put it in."""
        image, _ = context.workspace.adjacent_image(self.step)
        context.workspace.apply_command(
            SetInputImage(image.file, image.number, pixels=image.pixels, example=image.example)
        )

    def message(self, context: CommandContext) -> str:
        """Say which it is."""
        return context.workspace.adjacent_image(0)[1]

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Check that there are several images."""
        context.workspace.adjacent_image(0)
        return cls()


@command("input.next", "Next image", menu=Menu.INPUT, key="N", former_key="next_image")
@dataclass(frozen=True)
class NextImage(_StepImage):
    """Put in the next image of those given, or of the data set."""

    step = 1


@command("input.previous", "Previous image", menu=Menu.INPUT, key="B", former_key="previous_image")
@dataclass(frozen=True)
class PreviousImage(_StepImage):
    """Put in the image before."""

    step = -1


@command(
    "input.paste",
    "Paste image",
    menu=Menu.INPUT,
    key="CONTROL+V",
    help="use the image on the clipboard as the input",
)
@dataclass(frozen=True)
class PasteImage(Command):
    """Put the clipboard's image in."""

    def run(self, context: CommandContext) -> None:
        """Read the clipboard and put its image in."""
        pixels = clipboard_image()
        if pixels is None:
            raise VrnnError("there is no image on the clipboard")
        key = context.workspace.input.remember(pixels)
        context.workspace.apply_command(SetInputImage(pixels=key))


@command(
    "input.grab", "Grab an image", pointer="click", controller="trigger", former_name="pick_up"
)
@dataclass(frozen=True)
class GrabImage(Command):
    """Take an image into the hand.

    Attributes:
        number: Of an image of the data set, from 0.
        source: `input`, `gray`, `mean`, `noise`, `uniform`, `gaussian` or `pink`.
        layer, channel, network: A map of a layer, or the image that stands in its place.
        copy: Which of several feature visualizations of the channel.
    """

    FORMER_VALUES: ClassVar[dict[str, dict[str, str]]] = {"source": {"grey": "gray"}}

    number: int | None = None
    source: str = ""
    layer: str = ""
    channel: int = 0
    network: int = 0
    copy: int = 0

    def run(self, context: CommandContext) -> None:
        """Take it."""
        context.workspace.hand.grab(ImageSelection(**vars(self)))


@command(
    "input.drop",
    "Drop the held image",
    pointer="click the input; `Esc` lets go",
    controller="trigger on the input, or let go of it there; B or Y, or tap empty space",
    former_name="put_down",
)
@dataclass(frozen=True)
class DropImage(Command):
    """Put what is in the hand into the input, or just let go of it."""

    into_input: bool = True

    def run(self, context: CommandContext) -> None:
        """Drop it."""
        context.workspace.hand.drop(self.into_input)


@command(
    "input.browse",
    "Browse images",
    pointer="buttons on the wall; Images panel",
    controller="buttons on the wall; board: Images",
    former_name="wall",
)
@dataclass(frozen=True)
class BrowseImages(Command):
    """Page through the image wall.

    Attributes:
        page: Pages to advance.
        shuffle: The seed of another drawing; -1 for the next one.
        only: One class; '' for all.
        search: What to look for.
    """

    page: int = 0
    shuffle: int | None = None
    only: str | None = None
    search: str | None = None

    def run(self, context: CommandContext) -> None:
        """Turn it."""
        context.workspace.content.browse(self.page, self.shuffle, self.only, self.search)
