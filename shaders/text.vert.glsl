#version 410 core
// Signed-distance text: one instance per glyph, GLYPH in vrnn/render/text.py.
#include "lib/project.glsl"
#include "lib/theme.glsl"

in vec3 origin;
in vec3 right;      // across the glyph's box
in vec3 up;
in vec4 atlas_box;  // the glyph in the atlas: left, top, right, bottom in 0…1
in vec4 color;
in vec3 fade;       // meters of a capital letter; pixels where it appears; where it disappears, pixels of a picture 1080 high

out vec2 uv;
out float fog_left;
flat out vec4 fill;

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    vec3 world_position = origin + right * corner.x + up * corner.y;
    fog_left = fog_transmittance(world_position);
    uv = vec2(mix(atlas_box.x, atlas_box.z, corner.x), mix(atlas_box.w, atlas_box.y, corner.y));
    gl_Position = project(world_position);

    float depth = max(project(origin).w, 1e-4);
    float pixels = fade.x * viewport.z / depth;
    float large = pixels * 1080.0 / viewport.y;
    float opacity = smoothstep(fade.y, fade.y * 1.3, pixels) * (1.0 - smoothstep(fade.z, fade.z * 1.4, large));
    fill = vec4(themed(color.rgb), color.a * opacity);
    if (fill.a < 0.004) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);  // outside the view: no fragments
}
