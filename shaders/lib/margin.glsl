// The margin around the panel at a corner, as parts of its width and height. A highlighted border is as
// wide on the screen wherever the panel is. Includes project() before it.
vec2 margin_at(vec3 corner, vec3 right, vec3 down, float border) {
    vec2 size = vec2(length(right), length(down));
    if (border >= 0.0) return vec2(border) / size;
    vec3 to_corner = normalize(corner - eye.xyz);
    vec2 facing = vec2(length(cross(right, to_corner)), length(cross(down, to_corner))) / size;
    float pixel = max(project(corner).w, 0.05) / viewport.z * max(1.0, viewport.y / 1080.0);
    return -border * pixel / max(facing, vec2(0.2)) / size;
}
