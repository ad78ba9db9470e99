#version 410 core
// The haze at the horizon: a band all around at the height of the eye, a strip of pairs from below to above.
#include "lib/project.glsl"
#include "lib/theme.glsl"

out float height;  // -1 where the band begins, 0 at the horizon, 1 where it ends
flat out vec3 haze_color;

const float REACH = 110.0;  // meters, as in floor.frag.glsl
const float BAND = 10.0;    // meters above and below the horizon
const float FURTHEST = 0.999999;  // depth

void main() {
    float angle = float(gl_VertexID >> 1) * (6.2831853 / float(SIDES));
    height = float(gl_VertexID & 1) * 2.0 - 1.0;
    haze_color = themed(vec3(0.055, 0.070, 0.105));
    gl_Position = project(eye.xyz + vec3(REACH * cos(angle), BAND * height, REACH * sin(angle)));
    gl_Position.z = gl_Position.w * FURTHEST;  // behind a network that is further away too
}
