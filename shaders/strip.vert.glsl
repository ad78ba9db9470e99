#version 410 core
// Lines that lie within a pixel along a row, a pixel wide and turned to the eye, in the colors of their
// texels. One instance each, STRIP in vrnn/render/line_strips.py.
#include "lib/project.glsl"

in vec3 start;
in vec3 end;
in float width;
in ivec2 texels;

out vec2 place;                         // texels from the first; how opaque the most opaque one is
noperspective out float across_pixels;  // from the middle
flat out ivec2 row_texels;

const float HALF_WIDTH = 0.6;  // pixels; half of LINE_PIXELS in vrnn/render/thin_strokes.py

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    vec3 middle = mix(start, end, corner.x), from_eye = middle - eye.xyz;
    vec3 across = normalize(cross(end - start, from_eye));
    float meters_per_pixel = length(from_eye) / viewport.z;
    across_pixels = (corner.y * 2.0 - 1.0) * (HALF_WIDTH + 0.5);  // coverage falls to nothing over the last one
    float opacity = 0.5 * width / (HALF_WIDTH * meters_per_pixel) * fog_transmittance(middle);
    place = vec2(corner.x * float(texels.y), opacity);
    row_texels = texels;
    gl_Position = project(middle + across * across_pixels * meters_per_pixel);
}
