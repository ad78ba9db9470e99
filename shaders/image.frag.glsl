#version 410 core
#include "lib/views.glsl"

uniform sampler2D image;
in vec2 uv;
in vec3 world_position;
out vec4 color;

void main() {
    color = vec4(mix(background.rgb, texture(image, uv).rgb, fog_transmittance(world_position)), 1.0);
}
