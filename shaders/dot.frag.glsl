#version 410 core
// Without a discard, which keeps software drivers from testing the depth first: a dot is a square, as
// the thumbnail is that it stands for.

flat in vec3 fill;
out vec4 color;

void main() {
    color = vec4(fill, 1.0);
}
