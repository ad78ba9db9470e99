// A ring of one pixel around a rectangle, over which its color fades out: smooth edges on every driver.
// Includes project() before it. Drawn as a strip of ten vertices.
const float MIN_SINE = 0.2;  // of the angle between two edges on the screen, below which corners would reach far

// How far a position on the screen moves, pixels, along a direction in the world.
vec2 screen_step(vec4 position, vec3 direction) {
    vec4 along = clip_from_world[EYE] * vec4(direction, 0.0);
    return (along.xy * position.w - position.xy * along.w) / (position.w * position.w) * color_range.yz * 0.5;
}

// The corner of the rectangle that a vertex belongs to, 0...1 from the upper left.
vec2 fringe_corner() {
    int corner = (gl_VertexID >> 1) & 3;
    return vec2(corner == 1 || corner == 2, corner >= 2);
}

// corner: where it is in the world; coverage: 1 at the edge, 0 outside, less where the rectangle is thinner
// than a pixel
vec4 fringe_vertex(vec3 corner, vec3 right, vec3 down, out float coverage) {
    vec2 uv = fringe_corner();
    vec4 position = project(corner);
    coverage = 0.0;
    if (position.w <= 0.0) return position;
    vec2 across = screen_step(position, right), along = screen_step(position, down);
    vec2 size = max(vec2(length(across), length(along)), 1e-6);
    across *= (uv.x * 2.0 - 1.0) / size.x;
    along *= (uv.y * 2.0 - 1.0) / size.y;
    float sine = abs(across.x * along.y - across.y * along.x);
    coverage = clamp(min(size.x, size.y) * sine, 0.0, 1.0);
    if ((gl_VertexID & 1) == 0) return position;
    coverage = 0.0;
    vec2 offset = (across + along) / max(sine, MIN_SINE);
    return position + vec4(offset / color_range.yz * 2.0 * position.w, 0.0, 0.0);
}
