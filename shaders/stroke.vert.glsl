#version 410 core
// Pieces of edges: flat on the floor, upright ones and those of arches turned to the eye; never thinner
// than about a pixel, but fainter instead. An arrow head that is seen from the side leans toward the eye.
// One instance each, STROKE in vrnn/scene/primitives.py.
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

const float HEAD_SLOPE = 0.45;  // sine of the angle at which an arrow head is seen at least

// Lean a flat arrow head toward the eye where it is seen at a grazing angle; no corner goes below its start.
void lean_head(inout vec3 along, inout vec3 across, inout vec3 middle, float head_length, float part) {
    vec3 to_eye = normalize(eye.xyz - start);
    if (to_eye.y >= HEAD_SLOPE) return;
    float steepness = asin(clamp(to_eye.y, -1.0, 1.0)) + acos(HEAD_SLOPE);  // of its normal
    vec2 level = normalize(to_eye.xz + 1e-6);
    vec3 normal = vec3(level * cos(steepness), sin(steepness)).xzy;
    along = normalize(along - normal * dot(along, normal));
    across = cross(along, normal);
    float lowest = min(-0.5 * width * abs(across.y), head_length * along.y);
    middle = start + along * head_length * part - vec3(0.0, min(lowest, 0.0), 0.0);
}

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    vec3 along = end - start;
    float stroke_length = max(length(along), 1e-6);
    along /= stroke_length;
    vec3 middle = mix(start, end, corner.x);
    vec3 from_eye = middle - eye.xyz;
    vec3 across = cross(along, vec3(0.0, 1.0, 0.0));
    if (length(across) < 0.3 || kind < -0.5) across = cross(along, from_eye);
    across /= max(length(across), 1e-6);
    if (kind > 0.5 && abs(along.y) < 0.7) lean_head(along, across, middle, stroke_length, corner.x);

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
