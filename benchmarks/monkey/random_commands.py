"""Random commands of the registry: mostly sensible, sometimes not."""

from __future__ import annotations

import contextlib
import random
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from vrnn.commands.base import Command
from vrnn.commands.registry import CommandInfo, registered
from vrnn.errors import VrnnError
from vrnn.features.presets import load_presets
from vrnn.features.settings import FeatureVisSettings
from vrnn.scene.world import World

LEFT_OUT = ("export.video", "headset.use")
"""Commands that take minutes, or need a device."""
ODD_NUMBERS = (0.0, -1.0, 0.5, 3.0, 1e-9, 1e9, float("nan"), float("inf"))
CAMERAS = ("overview", "front", "top", "1,2,3,4,5", "nan,0,0,0,0", "nowhere", "layer:", "")
ODD = 0.15
"""How often a value is not one that makes sense."""


class CommandMaker:
    """Makes random commands for a world."""

    def __init__(self, rng: random.Random, folder: Path) -> None:
        """Create a maker.

        Args:
            rng: The source of chance.
            folder: Where commands may read and write files.
        """
        self._rng, self._folder = rng, folder

    def command(self, world: World) -> Command:
        """Make one whose fields are what they should be."""
        while True:
            info, given = self.choose(world)
            ready = [command for _, command in info.kind.variants()]
            if ready and self._rng.random() < 0.3:
                return self._rng.choice(ready)
            with contextlib.suppress(VrnnError):
                return info.kind(**given)

    def choose(self, world: World) -> tuple[CommandInfo, dict[str, Any]]:
        """Choose one, with fields that it may refuse."""
        info = self._rng.choice([info for info in registered() if info.name not in LEFT_OUT])
        return info, self._fields(info, world)

    def _fields(self, info: CommandInfo, world: World) -> dict[str, Any]:
        hints = get_type_hints(info.kind, include_extras=True)
        given = {}
        for field in fields(info.kind):
            optional = field.default is not MISSING or field.default_factory is not MISSING
            if optional and self._rng.random() < 0.5:
                continue
            given[field.name] = self._value(field.name, hints[field.name], world)
        return given

    def _value(self, name: str, kind: Any, world: World) -> Any:
        rng = self._rng
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        if name in ("layer", "name", "beside", "layers"):
            return self._layer(world)
        if name in ("camera", "cameras"):
            camera = rng.choice(CAMERAS)
            return f"layer:{self._layer(world)}" if rng.random() < 0.5 else camera
        if name == "network":
            return rng.choice((0, 0, 0, 0, 1, 7, -1)) if kind is int else rng.choice((None, 0, 1))
        if name == "size":
            return (rng.choice((1, 64, 300)), rng.choice((1, 64, 200)))
        if kind is Path or kind == Path | None:
            return self._folder / rng.choice(("a.png", "b.json", "missing.png", "text.txt", "out"))
        if kind == FeatureVisSettings | None:
            return None if rng.random() < 0.4 else load_presets()["quick"]
        return self._plain(kind, world)

    def _plain(self, kind: Any, world: World) -> Any:
        rng, origin, arguments = self._rng, get_origin(kind), get_args(kind)
        if origin is Annotated:
            return self._plain(arguments[0], world)
        if origin is Literal:
            return rng.choice(arguments)
        if origin in (typing.Union, types.UnionType):
            return self._plain(rng.choice(arguments), world)
        if origin is tuple:
            several = arguments[:1] * rng.randrange(4) if arguments[-1] is ... else arguments
            return tuple(self._plain(each, world) for each in several)
        if kind is bool:
            return rng.random() < 0.5
        if kind is int:
            return rng.choice((-1, 10**9)) if rng.random() < ODD else rng.randrange(20)
        if kind is float:
            return rng.choice(ODD_NUMBERS) if rng.random() < ODD else rng.uniform(0.0, 4.0)
        if kind is str:
            return rng.choice(("", "gray", "input", "zero", "terrace", "é", "x" * 300, "\x00"))
        if is_dataclass(kind) or kind is type(None):
            return None
        raise TypeError(f"the monkey knows no values for {kind}")

    def _layer(self, world: World) -> str:
        """The name of a layer, of a module, or of nothing."""
        rng = self._rng
        if not world.slots or rng.random() < ODD:
            return rng.choice(("", "conv", "no such layer", "*", "stage1.*"))
        network = world.networks[rng.choice(world.slots)]
        names = [node.name for node in network.network.nodes]
        if network.modules and rng.random() < 0.3:
            names = list(network.modules)
        return rng.choice(names)
