#version 410 core
// Pieces of edges: flat on the floor, upright ones turned to the eye; never thinner than a pixel or
// so, but fainter instead.
#include "lib/eyes.glsl"

in vec3 start;
in vec3 end;
in float width;
in float kind;
in vec4 color;

out vec3 world;
out vec2 place;      // meters along and across, from `start`
flat out vec3 shape; // length, half width, kind
flat out vec4 paint;

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    vec3 direction = end - start;
    float size = max(length(direction), 1e-6);
    direction /= size;
    vec3 middle = mix(start, end, corner.x);
    vec3 sight = middle - eye.xyz;
    vec3 across = cross(direction, vec3(0.0, 1.0, 0.0));
    if (length(across) < 0.3) across = cross(direction, sight);
    across /= max(length(across), 1e-6);

    // Seen at a grazing angle a width takes fewer pixels.
    float grazing = length(cross(across, sight)) / max(length(sight), 1e-6);
    float metres_a_pixel = length(sight) / viewport.z / max(grazing, 0.05);
    float half_width = max(0.5 * width, 0.6 * metres_a_pixel);
    float pad = kind > 0.5 ? 0.0 : half_width;
    float reach = half_width + metres_a_pixel;
    world = middle + direction * (corner.x * 2.0 - 1.0) * pad + across * (corner.y * 2.0 - 1.0) * reach;
    place = vec2(corner.x * size + (corner.x * 2.0 - 1.0) * pad, (corner.y * 2.0 - 1.0) * reach);
    shape = vec3(size, half_width, kind);
    paint = vec4(color.rgb, color.a * min(1.0, 0.5 * width / half_width));
    gl_Position = seen(world);
}
