"""GLSL from the package's `shaders/` folder: includes, constants, errors with file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from importlib.resources import files

import moderngl

VIEWS_BINDING = 0
"""Of the uniform block that all shaders of the world read."""


class StereoMode(Enum):
    """How one draw reaches the pictures of both eyes, or of the only one."""

    SINGLE = ""
    LAYERS = "LAYERS"
    """Each instance is drawn twice; the vertex shader chooses the layer."""
    MULTIVIEW = "MULTIVIEW"
    """The driver runs the vertex shader for both layers."""

    @property
    def instances_per_record(self) -> int:
        """Instances to draw for each record."""
        return 2 if self is StereoMode.LAYERS else 1


INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"\s*$')


class Shader:
    """A program, compiled for each way of drawing when it is first asked for."""

    def __init__(
        self, ctx: moderngl.Context, name: str, defines: Mapping[str, float] | None = None,
        samplers: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        """samplers: texture units by name. Raises RuntimeError as `program` does."""
        self._ctx, self._name = ctx, name
        self._defines, self._samplers = dict(defines or {}), dict(samplers or {})
        self._programs: dict[StereoMode, moderngl.Program] = {}
        self.program_for(StereoMode.SINGLE)

    def program_for(self, way: StereoMode) -> moderngl.Program:
        """The program for this way of drawing."""
        if way not in self._programs:
            own = {way.value: 1.0} if way.value else {}
            made = compile_program(self._ctx, self._name, {**self._defines, **own})
            for name, unit in self._samplers.items():
                made[name] = unit
            self._programs[way] = made
        return self._programs[way]

    def release(self) -> None:
        """Give all of them back."""
        for made in self._programs.values():
            made.release()
        self._programs.clear()


def compile_program(
    ctx: moderngl.Context,
    name: str,
    defines: Mapping[str, float] | None = None,
) -> moderngl.Program:
    """Compile `shaders/NAME.vert.glsl` and `shaders/NAME.frag.glsl`.

    defines: constants put after the version line. Raises RuntimeError with `file:line: message` for
    what the driver said.
    """
    vertex, vertex_lines = preprocess(f"{name}.vert.glsl", defines or {})
    fragment, fragment_lines = preprocess(f"{name}.frag.glsl", defines or {})
    try:
        made = ctx.program(vertex_shader=vertex, fragment_shader=fragment)
    except moderngl.Error as error:
        lines = fragment_lines if "fragment_shader" in str(error) else vertex_lines
        raise RuntimeError(locate_errors(str(error), lines)) from None
    block = made.get("Views", None)
    if isinstance(block, moderngl.UniformBlock):
        block.binding = VIEWS_BINDING
    return made


def preprocess(name: str, defines: Mapping[str, float]) -> tuple[str, list[str]]:
    """One file with its includes in place, and for each line of it its `file:line`."""
    text: list[str] = []
    where: list[str] = []
    for number, line in enumerate(_read(name).splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            inner, inner_where = preprocess(match[1], {})
            text += inner.splitlines()
            where += inner_where
            continue
        text.append(line)
        where.append(f"{name}:{number}")
        if line.startswith("#version"):
            for key, value in defines.items():
                text.append(f"#define {key} {value}")
                where.append(f"{name}:{number}")
    return "\n".join(text) + "\n", where


def locate_errors(message: str, where: list[str]) -> str:
    """The driver's message with its line numbers turned into `file:line`."""

    def name(match: re.Match[str]) -> str:
        line = int(match[1])
        return where[line - 1] + ":" if 0 < line <= len(where) else match[0]

    return re.sub(r"0[:(](\d+)\)?(?:\(\d+\))?:", name, message)


def _read(name: str) -> str:
    return files("vrnn.shaders").joinpath(name).read_text(encoding="utf-8")
