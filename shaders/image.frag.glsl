#version 410 core
// A pixel takes the mean of a few samples along the longer side of its footprint, at the level of the
// mipmap that the shorter one asks for. Written out, as drivers choose level and samples differently.
#include "lib/views.glsl"

const float MAX_SAMPLES = 8.0;

uniform sampler2D image;
in vec2 uv;
in vec3 world_position;
in float coverage;
out vec4 color;

void main() {
    vec2 uv_dx = dFdx(uv), uv_dy = dFdy(uv);
    vec2 size = vec2(textureSize(image, 0));
    float texels_dx = length(uv_dx * size), texels_dy = length(uv_dy * size);
    float longer = max(texels_dx, texels_dy), shorter = max(min(texels_dx, texels_dy), 1e-6);
    float samples = longer > 1.0 ? clamp(ceil(longer / max(shorter, 1.0) - 0.1), 1.0, MAX_SAMPLES) : 1.0;
    float level = max(log2(longer / samples), 0.0);
    vec2 side = (texels_dx > texels_dy ? uv_dx : uv_dy) / samples;
    vec3 sum = vec3(0.0);
    for (float i = 0.5; i < samples; i += 1.0) sum += textureLod(image, uv + side * (i - samples / 2.0), level).rgb;
    color = vec4(mix(background.rgb, sum / samples, fog_transmittance(world_position)), coverage);
}
