#version 410 core
#include "lib/views.glsl"

in vec3 world_position;
in vec4 fill;
out vec4 color;

void main() {
    color = vec4(mix(background.rgb, fill.rgb, fog_transmittance(world_position)), fill.a);
}
