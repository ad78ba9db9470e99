#version 410 core
// What an eye's lens hides, nearer than anything else.
in vec2 place;  // tangents to the right and up, from the eye

uniform vec4 edges;  // tangents to the left, right, upper and lower edge of the picture

void main() {
    vec2 low = edges.xw, high = edges.yz;
    gl_Position = vec4(2.0 * (place - low) / (high - low) - 1.0, -1.0, 1.0);
}
