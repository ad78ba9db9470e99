#version 410 core
// The smooth edges of rectangles: one instance each, QUAD or with PANEL_BORDER PANEL, both in
// vrnn/scene/primitives.py.
#include "lib/project.glsl"
#include "lib/fringe.glsl"
#include "lib/theme.glsl"

in vec3 origin;
in vec3 right;
in vec3 down;
#ifdef PANEL_BORDER
#include "lib/border.glsl"
#include "lib/margin.glsl"
in float light;
in float border;
#else
in vec4 top;
in vec4 bottom;
in float kind;
#endif

out vec4 fill;

void main() {
    vec2 uv = fringe_corner();
    vec3 corner = origin + right * uv.x + down * uv.y;
    float coverage;
#ifdef PANEL_BORDER
    vec2 margin = (uv * 2.0 - 1.0) * margin_at(corner, right, down, border);
    corner += right * margin.x + down * margin.y;
    fill = vec4(mix(dim_color(), themed(border < 0.0 ? HIGHLIGHT : BORDER), light), 1.0);
#else
    fill = mix(top, bottom, uv.y);
    if (kind < 0.5) fill.rgb = themed(fill.rgb);
#endif
    gl_Position = fringe_vertex(corner, right, down, coverage);
    fill = vec4(mix(background.rgb, fill.rgb, fog_transmittance(corner)), fill.a * coverage);
}
