#version 410 core

uniform sampler2D source;

in vec2 at;
in vec4 colour;

out vec4 result;

void main() {
    result = colour * texture(source, at);
}
