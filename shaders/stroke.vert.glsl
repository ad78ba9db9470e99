#version 410 core
// Pieces of edges: flat on the floor, upright ones and those of arches turned to the eye; never thinner
// than about a pixel, but fainter instead. An arrow head that is seen from the side leans toward the eye.
// With THIN all are lines a pixel wide. One instance each, STROKE in vrnn/scene/primitives.py.
#include "lib/project.glsl"
#include "lib/theme.glsl"

in vec3 start;
in vec3 end;
in float width;
in float kind;
in vec4 color;
in vec2 flow;

#if THIN
out vec4 fill;
noperspective out float across_pixels;  // from the middle
noperspective out vec2 end_pixels;      // within the line from its start and its end
#else
out float fog_left;
out vec2 position;    // meters along and across, from `start`
flat out vec3 shape;  // length, half width, kind
flat out vec4 fill;
flat out vec2 stream;  // meters from the start of the edge; how strongly light runs along it
#endif

const float MIN_HALF_WIDTH = 0.6;  // pixels; half of LINE_PIXELS in vrnn/render/thin_strokes.py
const float HEAD_SLOPE = 0.45;     // sine of the angle at which an arrow head is seen at least

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
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1), side = corner * 2.0 - 1.0;
    vec3 along = end - start;
    float stroke_length = max(length(along), 1e-6);
    along /= stroke_length;
    vec3 middle = mix(start, end, corner.x);
    vec3 from_eye = middle - eye.xyz;
    vec3 across = cross(along, vec3(0.0, 1.0, 0.0));
    if (length(across) < 0.3 || kind < -0.5) across = cross(along, from_eye);
    across /= max(length(across), 1e-6);
#if !THIN
    if (kind > 0.5 && abs(along.y) < 0.7) lean_head(along, across, middle, stroke_length, corner.x);
#endif

    // Seen at a grazing angle a width takes fewer pixels.
    float grazing = length(cross(across, from_eye)) / max(length(from_eye), 1e-6);
    float meters_per_pixel = length(from_eye) / viewport.z / max(grazing, 0.05);
#if THIN
    float reach = MIN_HALF_WIDTH + 0.5;  // pixels; coverage falls to nothing over the last one
    float cap = MIN_HALF_WIDTH * length(from_eye) / viewport.z;
    vec3 world_position = middle + along * side.x * cap + across * side.y * reach * meters_per_pixel;
    across_pixels = side.y * reach;
    vec4 first = project(start), last = project(end);
    vec2 on_screen = last.xy / max(last.w, 1e-3) - first.xy / max(first.w, 1e-3);
    float line_pixels = 0.5 * length(on_screen * color_range.yz);
    end_pixels = vec2(corner.x, 1.0 - corner.x) * line_pixels + side.x * vec2(MIN_HALF_WIDTH, -MIN_HALF_WIDTH);
    float part = min(1.0, 0.5 * width / (MIN_HALF_WIDTH * meters_per_pixel));
    fill = vec4(themed(color.rgb), color.a * part * fog_transmittance(world_position));
#else
    float half_width = max(0.5 * width, MIN_HALF_WIDTH * meters_per_pixel);
    float cap = kind > 0.5 ? 0.0 : half_width;
    float reach = half_width + meters_per_pixel;
    vec3 world_position = middle + along * side.x * cap + across * side.y * reach;
    fog_left = fog_transmittance(world_position);
    position = vec2(corner.x * stroke_length + side.x * cap, side.y * reach);
    shape = vec3(stroke_length, half_width, kind);
    fill = vec4(themed(color.rgb), color.a * min(1.0, 0.5 * width / half_width));
    stream = flow;
#endif
    gl_Position = project(world_position);
}
