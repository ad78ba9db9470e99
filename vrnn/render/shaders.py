"""GLSL from the package's `shaders/` folder: includes, constants, errors with file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from importlib.resources import files

import moderngl

from vrnn.storage.interrupts import hold_interrupt

VIEWS_BINDING = 0
"""Binding point of the uniform block that all shaders of the world read."""
INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"\s*$')
"""Matches an include line; its group is the file, relative to `shaders/`."""


class StereoMode(Enum):
    """How one draw call reaches the pictures of both eyes; the value is the shaders' define."""

    SINGLE = ""
    """There is one picture."""
    LAYERS = "LAYERS"
    """Each instance is drawn twice; the vertex shader chooses the layer."""
    MULTIVIEW = "MULTIVIEW"
    """The driver runs the vertex shader for both layers."""

    @property
    def instances_per_record(self) -> int:
        """Instances to draw for each record."""
        return 2 if self is StereoMode.LAYERS else 1


class Shader:
    """A program, compiled for each stereo mode when that is first asked for."""

    def __init__(
        self, ctx: moderngl.Context, name: str, defines: Mapping[str, float] | None = None,
        samplers: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        """Compile the program for a single picture.

        Args:
            ctx: The context to compile in.
            name: Of the two files; see `compile_program`.
            defines: Constants by name.
            samplers: Texture units by the names of the shader's samplers.

        Raises:
            RuntimeError: The driver refuses the source; see `compile_program`.
        """
        self._ctx, self._name = ctx, name
        self._defines, self._samplers = dict(defines or {}), dict(samplers or {})
        self._programs: dict[StereoMode, moderngl.Program] = {}
        self.program_for(StereoMode.SINGLE)

    def program_for(self, mode: StereoMode) -> moderngl.Program:
        """Return the program for a stereo mode.

        Raises:
            RuntimeError: The driver refuses the source; see `compile_program`.
        """
        if mode not in self._programs:
            mode_define = {mode.value: 1.0} if mode.value else {}
            program = compile_program(self._ctx, self._name, {**self._defines, **mode_define})
            for name, unit in self._samplers.items():
                program[name] = unit
            self._programs[mode] = program
        return self._programs[mode]

    def release(self) -> None:
        """Release the programs of all modes."""
        for program in self._programs.values():
            program.release()
        self._programs.clear()


def compile_program(
    ctx: moderngl.Context,
    name: str,
    defines: Mapping[str, float] | None = None,
) -> moderngl.Program:
    """Compile `shaders/NAME.vert.glsl` and `shaders/NAME.frag.glsl`.

    Args:
        ctx: The context to compile in.
        name: The part of the file names before the first dot.
        defines: Constants by name, put after the version line.

    Raises:
        RuntimeError: The driver refuses the source; the message has `file:line:` for its places.
    """
    vertex, vertex_lines = preprocess(f"{name}.vert.glsl", defines or {})
    fragment, fragment_lines = preprocess(f"{name}.frag.glsl", defines or {})
    try:
        with hold_interrupt():
            program = ctx.program(vertex_shader=vertex, fragment_shader=fragment)
    except moderngl.Error as error:
        lines = fragment_lines if "fragment_shader" in str(error) else vertex_lines
        raise RuntimeError(locate_errors(str(error), lines)) from None
    block = program.get("Views", None)
    if isinstance(block, moderngl.UniformBlock):
        block.binding = VIEWS_BINDING
    return program


def preprocess(name: str, defines: Mapping[str, float]) -> tuple[str, list[str]]:
    """Read a file, put its includes in place and add constants.

    Args:
        name: The file, relative to `shaders/`.
        defines: Constants by name, put after the version line.

    Returns:
        The source, and for each line of it the `file:line` that it comes from.
    """
    text: list[str] = []
    origins: list[str] = []
    for number, line in enumerate(_read(name).splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            included, included_origins = preprocess(match[1], {})
            text += included.splitlines()
            origins += included_origins
            continue
        text.append(line)
        origins.append(f"{name}:{number}")
        if line.startswith("#version"):
            for key, value in defines.items():
                text.append(f"#define {key} {value}")
                origins.append(f"{name}:{number}")
    return "\n".join(text) + "\n", origins


def locate_errors(message: str, origins: list[str]) -> str:
    """Replace the line numbers in a driver's message by `file:line`.

    Args:
        message: The message.
        origins: The `file:line` of each line of the source.
    """

    def origin(match: re.Match[str]) -> str:
        line = int(match[1])
        return origins[line - 1] + ":" if 0 < line <= len(origins) else match[0]

    return re.sub(r"0[:(](\d+)\)?(?:\(\d+\))?:", origin, message)


def _read(name: str) -> str:
    return files("vrnn.shaders").joinpath(name).read_text(encoding="utf-8")
