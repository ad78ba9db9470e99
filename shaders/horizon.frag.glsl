#version 410 core

in float height;
flat in vec3 haze_color;
out vec4 color;

void main() {
    float part = 1.0 - abs(height);
    part *= height < 0.0 ? part : 1.0;  // the ground is clearer than the sky
    color = vec4(haze_color, 0.42 * part * part);
}
