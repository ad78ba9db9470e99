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
in float kind;

out vec4 fill;
out vec2 shadow_position;  // -1...1 in a shadow, else 0

void main() {
    vec2 uv = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    vec3 world_position = origin + right * uv.x + down * uv.y;
    fill = mix(top, bottom, uv.y);
    if (kind < 0.5 || kind > 2.5) fill.rgb = themed(fill.rgb);
    shadow_position = kind > 1.5 && kind < 2.5 ? uv * 2.0 - 1.0 : vec2(0.0);
    fill.rgb = mix(background.rgb, fill.rgb, fog_transmittance(world_position));
    gl_Position = project(world_position);
}
