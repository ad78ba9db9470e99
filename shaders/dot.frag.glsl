#version 410 core

in vec3 fill;
in float pixels;
out vec4 color;

void main() {
    vec2 away = gl_PointCoord * 2.0 - 1.0;
    if (pixels > 4.0 && dot(away, away) > 1.0) discard;
    color = vec4(fill, 1.0);
}
