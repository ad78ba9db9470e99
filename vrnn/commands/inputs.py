"""Inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from vrnn.media.synthetic import NoiseSpec
from vrnn.scene.state import (
    InputImage,
    State,
)

if TYPE_CHECKING:
    from vrnn.scene.world import World
from vrnn.commands.base import Command, UndoableCommand, _one_of

# Images.


@dataclass(frozen=True)
class SetInputImage(UndoableCommand):
    """Put an image into the networks: a file, one of the data set, `gray`, `mean` or `sample`, or
    one that is held under a key."""

    FORMER_VALUES: ClassVar[dict[str, dict[str, str]]] = InputImage.FORMER_VALUES

    file: Path | None = None
    number: int | None = None
    plain: str = ""
    pixels: str = ""

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        _one_of("image", self.plain or "sample", ("gray", "mean", "sample"))
        plain = "" if self.plain == "sample" else self.plain
        picture = InputImage(self.file, self.number, None, plain, self.pixels)
        return replace(state, input_image=picture)


@dataclass(frozen=True)
class SetInputNoise(UndoableCommand):
    """Put noise into the networks. See `vrnn.noise.Noise`."""

    kind: str = "gaussian"
    mean: float = 0.5
    std: float = 0.25
    seed: int = 0

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        noise = NoiseSpec(self.kind, self.mean, self.std, self.seed)
        return replace(state, input_image=InputImage(noise=noise))


@dataclass(frozen=True)
class GrabImage(Command):
    """Take an image into the hand: one of the data set, the input (`input`), a map of a layer (or
    the picture that stands in its place), or a source (`gray`, `mean`, `noise`)."""

    FORMER_VALUES: ClassVar[dict[str, dict[str, str]]] = {"source": {"grey": "gray"}}

    number: int | None = None
    source: str = ""
    layer: str = ""
    channel: int = 0
    network: int = 0
    copy: int = 0


@dataclass(frozen=True)
class DropImage(Command):
    """Place what is in the hand into the input, or just let go of it."""

    into_input: bool = True


@dataclass(frozen=True)
class BrowseImages(Command):
    """Turn the wall of thumbnails: pages on, another drawing by seed (-1: the next one), one class
    ('' for all), a search."""

    page: int = 0
    shuffle: int | None = None
    only: str | None = None
    search: str | None = None
