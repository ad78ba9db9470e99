#version 410 core
// Images of a cloud that are too far away to be seen as pictures: square dots, one vertex each, DOT in
// vrnn/scene/primitives.py.
#include "lib/project.glsl"
#include "lib/theme.glsl"

const float MIN_PIXELS = 2.0, MAX_PIXELS = 64.0;

in vec3 center;
in float size;  // meters
in vec4 color;

flat out vec3 fill;

void main() {
    fill = mix(background.rgb, themed(color.rgb), fog_transmittance(center) * color.a);
    gl_Position = project(center);
    gl_PointSize = clamp(size * viewport.z / max(gl_Position.w, 1e-3), MIN_PIXELS, MAX_PIXELS);
}
