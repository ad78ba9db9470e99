#version 410 core
// One layer's feature maps: a rectangle, an instance.
#include "lib/views.glsl"

in vec3 origin;
in vec3 right;
in vec3 down;
in ivec3 grid;
in ivec2 tile;
in int base;
in float gain;
in float light;

out vec2 place;
out vec3 world;
flat out ivec4 maps;    // columns, rows, channels, first texel
flat out ivec2 texels;  // height, width of a map
flat out vec2 tone;     // gain, light

void main() {
    place = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    world = origin + right * place.x + down * place.y;
    maps = ivec4(grid, base);
    texels = tile;
    tone = vec2(gain, light);
    gl_Position = clip_from_world * vec4(world, 1.0);
}
