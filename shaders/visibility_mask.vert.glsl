#version 410 core
// What an eye's lens hides, nearer than anything else.

in vec2 tangents;  // of the angles to the right and up, from the eye

uniform vec4 fov_tangents;  // to the left, right, upper and lower edge of the picture

void main() {
    vec2 low = fov_tangents.xw, high = fov_tangents.yz;
    gl_Position = vec4(2.0 * (tangents - low) / (high - low) - 1.0, -1.0, 1.0);
}
