#version 410 core
// One colour image.
#include "lib/views.glsl"

uniform vec3 origin;
uniform vec3 right;
uniform vec3 down;

out vec2 place;
out vec3 world;

void main() {
    place = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    world = origin + right * place.x + down * place.y;
    gl_Position = clip_from_world * vec4(world, 1.0);
}
