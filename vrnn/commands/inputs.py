"""Inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vrnn.media.synthetic import Noise
from vrnn.scene.state import (
    Picture,
    State,
)

if TYPE_CHECKING:
    from vrnn.scene.world import World
from vrnn.commands.base import Action, Change, _one_of

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
