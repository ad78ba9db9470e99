#version 410 core
#include "lib/views.glsl"

// Pictures have colors of their own.
vec3 shade(float value, vec2 range) {
    return vec3(value);
}

#include "lib/layer_picture.glsl"

in vec2 uv;
in vec3 world_position;
flat in int number;
flat in vec3 frame_color;
out vec4 color;

void main() {
    vec2 pixel = fwidth(uv);
    bool is_inside = all(greaterThanEqual(uv, vec2(0.0))) && all(lessThan(uv, vec2(1.0)));
    vec3 seen = is_inside ? image_color(picture_texel(number, uv, pixel)) : frame_color;
    color = vec4(mix(background.rgb, seen, fog_transmittance(world_position)), 1.0);
}
