#version 410 core

in vec4 fill;
in vec2 shadow_position;
out vec4 color;

void main() {
    vec2 light = 1.0 - shadow_position * shadow_position;  // 1 for what is no shadow
    color = vec4(fill.rgb, fill.a * light.x * light.y * light.y);
}
