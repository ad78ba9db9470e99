#version 410 core
#include "lib/views.glsl"

#if THIN
in vec4 fill;
noperspective in float across_pixels;
noperspective in vec2 end_pixels;
out vec4 color;

void main() {
    float inside = min(1.1 - abs(across_pixels), 1.1 + min(end_pixels.x, end_pixels.y));
    color = vec4(fill.rgb, fill.a * clamp(inside, 0.0, 1.0));
}
#else
in float fog_left;
in vec2 position;
flat in vec3 shape;
flat in vec4 fill;
flat in vec2 stream;
out vec4 color;

const float PERIOD = 1.5, SPEED = 1.1;  // of the light that runs along an edge: meters, meters a second

void main() {
    float signed_distance;  // meters, negative inside
    if (shape.z > 0.5) {
        signed_distance = abs(position.y) - shape.y * (1.0 - clamp(position.x / shape.x, 0.0, 1.0));
    } else {
        vec2 nearest = vec2(clamp(position.x, 0.0, shape.x), 0.0);
        signed_distance = distance(position, nearest) - shape.y;
    }
    float coverage = clamp(0.5 - signed_distance / max(fwidth(signed_distance), 1e-6), 0.0, 1.0);
    float alpha = fill.a * coverage * fog_left;
    if (alpha < 0.004) discard;
    // Light that runs against the arrow, from the answer to the input: a short front and a long tail.
    float phase = fract((stream.x + position.x) / PERIOD + positive.w * SPEED / PERIOD);
    float pulse = mix(1.0, 0.55 + 0.95 * pow(1.0 - phase, 3.0) * smoothstep(0.0, 0.1, phase), stream.y);
    color = vec4(fill.rgb * pulse, alpha);
}
#endif
