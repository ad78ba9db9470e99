#version 410 core

// Panels, in pixels from the upper left corner of the picture.
uniform vec2 picture;

in vec2 place;
in vec2 texel;
in vec4 ink;

out vec2 at;
out vec4 color;

void main() {
    at = texel;
    color = ink;
    gl_Position = vec4(2.0 * place.x / picture.x - 1.0, 1.0 - 2.0 * place.y / picture.y, 0.0, 1.0);
}
