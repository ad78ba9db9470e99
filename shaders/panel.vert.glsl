#version 410 core
// One layer's feature maps: a rectangle, an instance.
#include "lib/eyes.glsl"

in vec3 origin;
in vec3 right;
in vec3 down;
in ivec3 grid;
in ivec2 tile;
in int base;
in int first;
in vec2 range;
in float clip;
in float light;
in float border;

out vec2 place;
out vec3 world;
flat out ivec4 maps;    // columns, rows, channels, first texel
flat out ivec3 texels;  // height, width of a map; channel in the first cell
flat out vec3 span;     // of the colors: low, high, the part of it that has all of them
flat out vec2 tone;     // light, 1 where the border is lit up

// Whether the whole panel is beyond one side of the view.
bool outside() {
    vec3 over = vec3(1.0), under = vec3(1.0);  // stay 1 while all corners are beyond
    for (int i = 0; i < 4; ++i) {
        vec2 corner = mix(vec2(-0.1), vec2(1.1), vec2(i & 1, i >> 1));
        vec4 at = seen(origin + right * corner.x + down * corner.y);
        over *= step(at.www, at.xyz);
        under *= step(at.xyz, -at.www);
    }
    return any(greaterThan(max(over, under), vec3(0.5)));
}

void main() {
    vec2 around = abs(border) / vec2(length(right), length(down));
    place = mix(-around, 1.0 + around, vec2(gl_VertexID & 1, gl_VertexID >> 1));
    world = origin + right * place.x + down * place.y;
    maps = ivec4(grid, base);
    texels = ivec3(tile, first);
    span = vec3(range, clip);
    tone = vec2(light, border < 0.0 ? 1.0 : 0.0);
    gl_Position = outside() ? vec4(2.0, 2.0, 2.0, 1.0) : seen(world);
}
