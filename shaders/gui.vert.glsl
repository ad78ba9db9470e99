#version 410 core
// Dear ImGui's triangles, in pixels from the upper left corner of the window.

uniform vec2 window_size;

in vec2 position;
in vec2 uv;
in vec4 tint;

out vec2 texture_uv;
out vec4 color;

void main() {
    texture_uv = uv;
    color = tint;
    gl_Position = vec4(2.0 * position.x / window_size.x - 1.0, 1.0 - 2.0 * position.y / window_size.y, 0.0, 1.0);
}
