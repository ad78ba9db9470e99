#version 410 core
#include "lib/views.glsl"

in vec3 world;
in vec4 paint;
out vec4 color;

void main() {
    color = vec4(mix(background.rgb, paint.rgb, clearness(world)), paint.a);
}
