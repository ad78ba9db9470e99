#version 410 core
// Pieces of edges: flat on the floor, upright ones turned to the eye; never thinner than about a
// pixel, but fainter instead. One instance each, STROKE in vrnn/scene/primitives.py.
#include "lib/project.glsl"
#include "lib/theme.glsl"

in vec3 start;
in vec3 end;
in float width;
in float kind;
in vec4 color;
in vec2 flow;

out float fog_left;
out vec2 position;    // meters along and across, from `start`
flat out vec3 shape;  // length, half width, kind
flat out vec4 fill;
flat out vec2 stream;  // meters from the start of the edge; how strongly light runs along it

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    vec3 along = end - start;
    float stroke_length = max(length(along), 1e-6);
    along /= stroke_length;
    vec3 middle = mix(start, end, corner.x);
    vec3 from_eye = middle - eye.xyz;
    vec3 across = cross(along, vec3(0.0, 1.0, 0.0));
    if (length(across) < 0.3) across = cross(along, from_eye);
    across /= max(length(across), 1e-6);

    // Seen at a grazing angle a width takes fewer pixels.
    float grazing = length(cross(across, from_eye)) / max(length(from_eye), 1e-6);
    float meters_per_pixel = length(from_eye) / viewport.z / max(grazing, 0.05);
    float half_width = max(0.5 * width, 0.6 * meters_per_pixel);
    float cap = kind > 0.5 ? 0.0 : half_width;
    float reach = half_width + meters_per_pixel;
    vec3 world_position = middle + along * (corner.x * 2.0 - 1.0) * cap + across * (corner.y * 2.0 - 1.0) * reach;
    fog_left = fog_transmittance(world_position);
    position = vec2(corner.x * stroke_length + (corner.x * 2.0 - 1.0) * cap, (corner.y * 2.0 - 1.0) * reach);
    shape = vec3(stroke_length, half_width, kind);
    fill = vec4(themed(color.rgb), color.a * min(1.0, 0.5 * width / half_width));
    stream = flow;
    gl_Position = project(world_position);
}
