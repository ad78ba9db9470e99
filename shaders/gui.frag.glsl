#version 410 core

uniform sampler2D source;

in vec2 at;
in vec4 color;

out vec4 result;

void main() {
    result = color * texture(source, at);
}
