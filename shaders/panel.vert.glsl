#version 410 core
// One layer's feature maps: one instance per panel, PANEL in vrnn/scene/primitives.py.
#include "lib/project.glsl"
#include "lib/margin.glsl"
#include "lib/border.glsl"
#include "lib/theme.glsl"
#include "lib/picture_part.glsl"

in vec3 origin;
in vec3 right;
in vec3 down;
in ivec3 grid;
in ivec2 tile;
in int base;
in int first;
in vec2 range;
in float clip;
in float light;
in float border;
in int style;
in int lookup;
in ivec2 layer_picture;
in vec4 picture_fit;
in ivec2 ground;

out vec2 uv;
out float fog_left;             // as things are small beside the distance of fog
flat out ivec4 maps;            // columns, rows, channels, first texel
flat out ivec3 texels;          // height, width of a map; channel in the first cell
flat out vec3 value_range;      // low, high; the fraction of it that already has the full color
flat out vec4 border_light;     // color of the border; brightness of everything
flat out ivec2 drawing;         // style; first texel of where the nodes of a graph are
flat out ivec2 picture;         // number of the layer picture, -1: none; 1 where it has values and no colors
flat out vec2 fit;              // part of the panel's width and height that the picture takes
flat out ivec2 ground_opacity;  // of relevance: first texel of the maps that it lies over, -1: none; thousandths
flat out float far_part;        // how much of the layer picture is seen, 1 far … 0 near

// Whether the whole panel is beyond one side of the view.
bool is_outside() {
    vec3 above = vec3(1.0), below = vec3(1.0);  // stay 1 while all corners are beyond
    for (int i = 0; i < 4; ++i) {
        vec2 corner = mix(vec2(-0.1), vec2(1.1), vec2(i & 1, i >> 1));
        vec4 position = project(origin + right * corner.x + down * corner.y);
        above *= step(position.www, position.xyz);
        below *= step(position.xyz, -position.www);
    }
    return any(greaterThan(max(above, below), vec3(0.5)));
}

void main() {
    uv = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    uv += (uv * 2.0 - 1.0) * margin_at(origin + right * uv.x + down * uv.y, right, down, border);
    vec3 world_position = origin + right * uv.x + down * uv.y;
    fog_left = fog_transmittance(world_position);
    maps = ivec4(grid, base);
    texels = ivec3(tile, first);
    value_range = vec3(range, clip);
    drawing = ivec2(style, lookup);
    picture = layer_picture - ivec2(1, 0);
    fit = picture_fit.xy;
    far_part = picture.x < 0 ? 0.0 : picture_part(picture_fit.z, picture_fit.w, origin + 0.5 * (right + down), right, down);
    border_light = vec4(themed(border < 0.0 ? HIGHLIGHT : BORDER), light);
    ground_opacity = ground;
    gl_Position = is_outside() ? vec4(2.0, 2.0, 2.0, 1.0) : project(world_position);
}
