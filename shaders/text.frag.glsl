#version 410 core
#include "lib/views.glsl"

uniform sampler2D atlas;  // 0.5 on the outline, rising inward, SPREAD texels from 0.5 to 1
in vec2 place;
in vec3 world;
flat in vec4 paint;
out vec4 color;

void main() {
    float inside = texture(atlas, place).r - 0.5;
    vec2 texels = fwidth(place) * vec2(textureSize(atlas, 0));
    float pixel = max(texels.x, texels.y) / (2.0 * SPREAD);  // of the stored range, in one pixel
    float cover = clamp(inside / max(pixel, 1e-4) + 0.5, 0.0, 1.0);
    // A letter that is small loses its thin strokes: give it some of the weight back.
    cover = mix(cover, smoothstep(-0.25, 0.25, inside), clamp(pixel * 2.0 - 0.5, 0.0, 0.6));
    float alpha = paint.a * cover * clearness(world);
    if (alpha < 0.004) discard;
    color = vec4(paint.rgb, alpha);
}
