#version 410 core
#include "lib/views.glsl"

in vec3 world;
in vec2 place;
flat in vec3 shape;
flat in vec4 paint;
out vec4 color;

void main() {
    float beyond;
    if (shape.z > 0.5) {
        beyond = abs(place.y) - shape.y * (1.0 - clamp(place.x / shape.x, 0.0, 1.0));
    } else {
        vec2 nearest = vec2(clamp(place.x, 0.0, shape.x), 0.0);
        beyond = distance(place, nearest) - shape.y;
    }
    float cover = clamp(0.5 - beyond / max(fwidth(beyond), 1e-6), 0.0, 1.0);
    float alpha = paint.a * cover * clearness(world);
    if (alpha < 0.004) discard;
    color = vec4(paint.rgb, alpha);
}
