#version 410 core
// One color image, or with FRINGE its smooth edges.
#include "lib/project.glsl"
#include "lib/fringe.glsl"

uniform vec3 origin;
uniform vec3 right;
uniform vec3 down;
uniform vec2 part;

out vec2 uv;
out vec3 world_position;
out float coverage;

void main() {
#ifdef FRINGE
    vec2 corner = fringe_corner();
    world_position = origin + right * corner.x + down * corner.y;
    gl_Position = fringe_vertex(world_position, right, down, coverage);
#else
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    coverage = 1.0;
    world_position = origin + right * corner.x + down * corner.y;
    gl_Position = project(world_position);
#endif
    uv = corner * part;
}
