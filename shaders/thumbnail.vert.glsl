#version 410 core
// Images of a cloud that are near: a thumbnail in a frame, one instance each, THUMBNAIL in
// vrnn/scene/primitives.py.
#include "lib/project.glsl"
#include "lib/theme.glsl"

in vec3 center;
in float size;    // meters, of the thumbnail without its frame
in vec4 frame;    // color; a: width of the frame as a part of the thumbnail
in vec2 picture;  // its number in the texture array; 1: it is turned to the eye

out vec2 uv;
out vec3 world_position;
flat out int number;
flat out vec3 frame_color;

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    uv = (corner - 0.5) * (1.0 + 2.0 * frame.a) + 0.5;
    vec3 right = vec3(1.0, 0.0, 0.0), up = vec3(0.0, 1.0, 0.0);
    if (picture.y > 0.5) {
        vec3 to_eye = normalize(eye.xyz - center + vec3(0.0, 0.0, 1e-4));
        right = normalize(cross(vec3(0.0, 1.0, 0.0), to_eye) + vec3(1e-4, 0.0, 0.0));
        up = cross(to_eye, right);
    }
    world_position = center + size * (right * (uv.x - 0.5) + up * (0.5 - uv.y));
    number = int(picture.x);
    frame_color = themed(frame.rgb);
    gl_Position = project(world_position);
}
