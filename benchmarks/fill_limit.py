"""How long a GPU takes to fill as many pixels as a stereo picture has, and do nothing else."""

from __future__ import annotations

import moderngl
import numpy as np

from vrnn.render import gl_raw
from vrnn.render.render_target import RenderTarget

VERTEX = """#version 410
void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    gl_Position = vec4(4.0 * corner - 1.0, 0.0, 1.0);
}"""
FRAGMENT = """#version 410
uniform sampler2DArray maps;
out vec4 color;
void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    color = vec4(vec3(texelFetch(maps, ivec3(pixel & 1023, 0), 0).r), 1.0);
}"""
REPEATS = 40


def fill_milliseconds(ctx: moderngl.Context, size: tuple[int, int], samples: int) -> float:
    """Return the GPU's milliseconds for both eyes: clear, one texel a pixel, and resolve.

    Args:
        ctx: The context.
        size: Width and height of one eye's picture, pixels.
        samples: Of multisampling.
    """
    target = RenderTarget(ctx, (2 * size[0], size[1]), samples)
    program = ctx.program(vertex_shader=VERTEX, fragment_shader=FRAGMENT)
    triangle = ctx.vertex_array(program, [])
    maps = ctx.texture_array((1024, 1024, 1), 1, dtype="f2")
    maps.filter = (moderngl.NEAREST, moderngl.NEAREST)
    gl = gl_raw.RawGL()
    query = gl.create("Queries")
    taken = []
    for _ in range(REPEATS):
        gl.BeginQuery(gl_raw.TIME_ELAPSED, query)
        target.begin((0.0, 0.0, 0.0, 1.0))
        maps.use(0)
        triangle.render(moderngl.TRIANGLES, vertices=3)
        target.end()
        gl.EndQuery(gl_raw.TIME_ELAPSED)
        ctx.finish()
        taken.append((gl.query_nanoseconds(query) or 0) / 1e6)
    gl.delete("Queries", query)
    for thing in (triangle, program, maps, target):
        thing.release()
    return float(np.median(taken))
