#version 410 core
// One color image.
#include "lib/eyes.glsl"

uniform vec3 origin;
uniform vec3 right;
uniform vec3 down;

out vec2 place;
out vec3 world;

void main() {
    place = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    world = origin + right * place.x + down * place.y;
    gl_Position = seen(world);
}
