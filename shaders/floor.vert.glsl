#version 410 core
// The floor: a square under the eye.
#include "lib/project.glsl"
#include "lib/theme.glsl"

out vec3 world_position;
flat out vec3 line_color;

const float REACH = 110.0;  // meters, as in floor.frag.glsl

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
    world_position = vec3(eye.x + corner.x * REACH, 0.0, eye.z - corner.y * REACH);
    line_color = themed(vec3(0.35, 0.45, 0.65));
    gl_Position = project(world_position);
}
