#version 410 core
#include "lib/views.glsl"

uniform sampler2D pixels;
in vec2 place;
in vec3 world;
out vec4 color;

void main() {
    color = vec4(mix(background.rgb, texture(pixels, place).rgb, clearness(world)), 1.0);
}
