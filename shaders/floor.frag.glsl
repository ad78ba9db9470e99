#version 410 core
// Grid lines every meter and every five, one pixel wide, faded out before they would shimmer.
#include "lib/views.glsl"

in vec3 world_position;
flat in vec3 line_color;
out vec4 color;

const float REACH = 110.0;  // meters to where the last line ends; see floor.vert.glsl

float lines(vec2 position, vec2 pixel) {
    vec2 away = abs(fract(position - 0.5) - 0.5) / pixel;
    vec2 coverage = clamp(1.2 - away, 0.0, 1.0) * clamp(1.0 - pixel * 4.0, 0.0, 1.0);
    return max(coverage.x, coverage.y);
}

void main() {
    vec2 from_eye = world_position.xz - eye.xz;
    float fade = max(1.0 - dot(from_eye, from_eye) / (REACH * REACH), 0.0);
    vec2 pixel = max(fwidth(world_position.xz), 1e-5);
    float strength = max(0.35 * lines(world_position.xz, pixel), lines(world_position.xz * 0.2, pixel * 0.2));
    float alpha = 0.15 * strength * fade * fade * fade;
    if (alpha < 0.004) discard;  // most of the floor: blending costs more than this test
    color = vec4(line_color, alpha);
}
