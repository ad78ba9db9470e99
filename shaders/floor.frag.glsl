#version 410 core
// Lines every meter and every five, one pixel wide, gone before they would shimmer.
#include "lib/views.glsl"

in vec3 world;
out vec4 color;

const float REACH = 110.0;  // meters to where the last line ends; see floor.vert.glsl

float lines(vec2 at, vec2 pixel) {
    vec2 away = abs(fract(at - 0.5) - 0.5) / pixel;
    vec2 cover = clamp(1.2 - away, 0.0, 1.0) * clamp(1.0 - pixel * 4.0, 0.0, 1.0);
    return max(cover.x, cover.y);
}

void main() {
    vec2 from_eye = world.xz - eye.xz;
    float left = max(1.0 - dot(from_eye, from_eye) / (REACH * REACH), 0.0);
    vec2 pixel = max(fwidth(world.xz), 1e-5);
    float strength = max(0.35 * lines(world.xz, pixel), lines(world.xz * 0.2, pixel * 0.2));
    float alpha = 0.15 * strength * left * left * left;
    if (alpha < 0.004) discard;  // most of the floor: blending costs more than finding out
    color = vec4(0.35, 0.45, 0.65, alpha);
}
