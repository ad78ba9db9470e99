// Relevance over the maps of its layer, which are dimmed and gray.
// Includes map_store.glsl, shade() and the inputs of panel.frag.glsl before it.
uniform highp sampler2DArray ground_store;

const float GROUND_LIGHT = 0.4;  // of the maps

// A value of the maps that relevance lies over. number: of the half float in their block.
float load_ground(int number) {
    int texel = ground_opacity.x + number;
    return texelFetch(ground_store, ivec3(texel & (ROW_TEXELS - 1), (texel / ROW_TEXELS) & (LAYER_ROWS - 1), texel / (ROW_TEXELS * LAYER_ROWS)), 0).r;
}

// Relevance over an activation. low, high: of the activations of its channel
vec3 relevance_over(float relevance, vec2 range, float low, float high, float activation) {
    float peak = max(max(-low, high), 1e-7);
    vec3 gray = vec3(GROUND_LIGHT * min(abs(activation) / peak, 1.0)) + vec3(0.004);
    if (isnan(relevance) || isinf(relevance)) return not_finite.rgb;
    float strength = min(abs(relevance) / max(range.y, 1e-30), 1.0);
    return mix(gray, shade(sign(relevance) * range.y, range), pow(strength, 1.2) * float(ground_opacity.y) * 1e-3);
}
