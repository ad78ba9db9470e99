#version 410 core
// Signed-distance text: a glyph, an instance.
#include "lib/eyes.glsl"

in vec3 origin;
in vec3 right;   // across the glyph's box
in vec3 up;
in vec4 cut;     // the glyph in the atlas: left, top, right, bottom in 0…1
in vec4 color;
in vec3 fade;    // meters of a capital letter, pixels where it appears, pixels where it goes

out vec2 place;
out vec3 world;
flat out vec4 paint;

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    world = origin + right * corner.x + up * corner.y;
    place = vec2(mix(cut.x, cut.z, corner.x), mix(cut.w, cut.y, corner.y));
    gl_Position = seen(world);

    float depth = max(seen(origin).w, 1e-4);
    float pixels = fade.x * viewport.z / depth;
    float shown = smoothstep(fade.y, fade.y * 1.3, pixels) * (1.0 - smoothstep(fade.z, fade.z * 1.4, pixels));
    paint = vec4(color.rgb, color.a * shown);
    if (paint.a < 0.004) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);  // outside: costs nothing more
}
