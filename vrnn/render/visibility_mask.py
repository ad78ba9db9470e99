"""Visibility masks: the parts of a headset's pictures that its lenses hide."""

from __future__ import annotations

from collections.abc import Sequence

import moderngl
import numpy as np

from vrnn.render.shaders import compile_program


class VisibilityMask:
    """Sets the depth of what no eye gets to see to the nearest, so that nothing is drawn there."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._program: moderngl.Program | None = None
        self._meshes: list[tuple[moderngl.Buffer, moderngl.VertexArray] | None] = [None, None]

    def set_triangles(self, masks: Sequence[np.ndarray]) -> None:
        """Replace the masks.

        Args:
            masks: Of each eye (N, 3, 2) triangles, as tangents to the right and up; an empty
                sequence hides nothing.
        """
        self._release_meshes()
        for eye, triangles in enumerate(masks):
            if not len(triangles):
                continue
            if self._program is None:
                self._program = compile_program(self._ctx, "visibility_mask")
            buffer = self._ctx.buffer(np.ascontiguousarray(triangles, np.float32).tobytes())
            vertex_array = self._ctx.vertex_array(self._program, [(buffer, "2f", "tangents")])
            self._meshes[eye] = (buffer, vertex_array)

    def hides_anything(self, eye: int) -> bool:
        """Tell whether any part of an eye's picture is hidden."""
        return self._meshes[eye] is not None

    def draw(self, eye: int, fov_tangents: Sequence[float]) -> None:
        """Draw an eye's mask into the layer that is bound.

        Args:
            eye: 0 left, 1 right.
            fov_tangents: To the left, right, upper and lower edge of the picture.
        """
        mesh = self._meshes[eye]
        if mesh is None or self._program is None:
            return
        self._ctx.enable(moderngl.DEPTH_TEST)
        self._ctx.disable(moderngl.BLEND | moderngl.CULL_FACE)
        self._program["fov_tangents"] = tuple(float(tangent) for tangent in fov_tangents)
        mesh[1].render(moderngl.TRIANGLES)

    def _release_meshes(self) -> None:
        for mesh in self._meshes:
            if mesh is not None:
                mesh[1].release()
                mesh[0].release()
        self._meshes = [None, None]

    def release(self) -> None:
        """Release the meshes and the program."""
        self._release_meshes()
        if self._program is not None:
            self._program.release()
            self._program = None
