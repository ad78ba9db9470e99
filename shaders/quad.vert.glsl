#version 410 core
// Flat rectangles: frames, bars, steps.
#include "lib/eyes.glsl"

in vec3 origin;
in vec3 right;
in vec3 down;
in vec4 top;
in vec4 bottom;

out vec3 world;
out vec4 paint;

void main() {
    vec2 place = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    world = origin + right * place.x + down * place.y;
    paint = mix(top, bottom, place.y);
    gl_Position = seen(world);
}
