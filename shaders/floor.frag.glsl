#version 410 core
// Lines every metre and every five, one pixel wide, gone before they would shimmer.
#include "lib/views.glsl"

in vec3 world;
out vec4 colour;

float lines(float spacing) {
    vec2 at = world.xz / spacing;
    vec2 pixel = max(fwidth(at), 1e-5);
    vec2 away = abs(fract(at - 0.5) - 0.5) / pixel;
    vec2 cover = clamp(1.2 - away, 0.0, 1.0) * clamp(1.0 - pixel * 4.0, 0.0, 1.0);
    return max(cover.x, cover.y);
}

void main() {
    float strength = max(0.35 * lines(1.0), lines(5.0));
    float near = exp(-pow(distance(world.xz, eye.xz) / 70.0, 2.0));
    float alpha = strength * near * clearness(world) * 0.15;
    if (alpha < 0.004) discard;
    colour = vec4(0.35, 0.45, 0.65, alpha);
}
