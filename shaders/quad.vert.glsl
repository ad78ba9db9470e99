#version 410 core
// Flat rectangles with a gradient: frames, bars, steps. One instance each, QUAD in
// vrnn/scene/primitives.py.
#include "lib/project.glsl"
#include "lib/theme.glsl"

in vec3 origin;
in vec3 right;
in vec3 down;
in vec4 top;
in vec4 bottom;
in float fixed_colors;

out vec3 world_position;
out vec4 fill;

void main() {
    vec2 uv = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    world_position = origin + right * uv.x + down * uv.y;
    fill = mix(top, bottom, uv.y);
    if (fixed_colors < 0.5) fill.rgb = themed(fill.rgb);
    gl_Position = project(world_position);
}
