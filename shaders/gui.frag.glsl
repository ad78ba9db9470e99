#version 410 core

uniform sampler2D source;

in vec2 texture_uv;
in vec4 color;

out vec4 result;

void main() {
    result = color * texture(source, texture_uv);
}
