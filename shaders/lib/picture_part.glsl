// How much of a layer's picture is seen in place of its maps: all of a panel dissolves at once.
const vec2 DISSOLVE_PIXELS = vec2(12.0, 28.0);  // what has to be told apart in the maps, on the screen
const float DISSOLVE_GROWTH = 1.2;  // of the panel's side beside its distance, from where that begins to where it ends

// 1 far … 0 near, the same in both eyes. detail: meters of what has to be told apart; size: the panel's side, as a
// part of its distance, from which it dissolves; middle, right, down: of the panel
float picture_part(float detail, float size, vec3 middle, vec3 right, vec3 down) {
    vec3 to_eye = eye.xyz - middle, normal = normalize(cross(right, down));
    float away = max(length(to_eye), 1e-6);
    float pixels = viewport.z * detail / away * sqrt(abs(dot(normal, to_eye)) / away);
    float side = sqrt(length(right) * length(down)) / away;
    return 1.0 - smoothstep(DISSOLVE_PIXELS.x, DISSOLVE_PIXELS.y, pixels) * smoothstep(size, DISSOLVE_GROWTH * size, side);
}
