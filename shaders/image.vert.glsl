#version 410 core
// One color image.
#include "lib/project.glsl"

uniform vec3 origin;
uniform vec3 right;
uniform vec3 down;

out vec2 uv;
out vec3 world_position;

void main() {
    uv = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    world_position = origin + right * uv.x + down * uv.y;
    gl_Position = project(world_position);
}
