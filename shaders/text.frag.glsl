#version 410 core
#include "lib/views.glsl"

uniform sampler2D atlas;  // 0.5 on the outline, rising inward, SPREAD texels from 0.5 to 1
in vec2 uv;
in float fog_left;
flat in vec4 fill;
out vec4 color;

void main() {
    float inside = texture(atlas, uv).r - 0.5;
    vec2 texels = fwidth(uv) * vec2(textureSize(atlas, 0));
    float pixel = max(texels.x, texels.y) / (2.0 * SPREAD);  // of the stored range, in one pixel
    float coverage = clamp(inside / max(pixel, 1e-4) + 0.5, 0.0, 1.0);
    // A letter that is small loses its thin strokes: give it some of the weight back.
    coverage = mix(coverage, smoothstep(-0.25, 0.25, inside), clamp(pixel * 2.0 - 0.5, 0.0, 0.6));
    float alpha = fill.a * coverage * fog_left;
    if (alpha < 0.004) discard;
    color = vec4(fill.rgb, alpha);
}
