// The layer picture that a panel shows from afar in place of its maps. Each is a layer of a texture
// array: PICTURE_SIDE texels wide and high, with coarser levels beside it, see vrnn/render/picture_store.py.
// Includes shade() before it.
uniform sampler2DArray pictures;

// The texel of a picture. position: 0...1 from the upper left; pixel: size of one in the same units
vec4 picture_texel(int number, vec2 position, vec2 pixel) {
    float texels = max(pixel.x, pixel.y) * float(PICTURE_SIDE);
    int level = clamp(int(log2(max(texels, 1.0)) + 0.5), 0, PICTURE_LEVELS - 1);
    float side = float(PICTURE_SIDE >> level);
    vec2 corner = level == 0 ? vec2(0.0) : vec2(PICTURE_SIDE, float(PICTURE_SIDE) - 2.0 * side);
    vec2 texel = corner + clamp(position * side, vec2(0.5), vec2(side - 0.5));
    return textureLod(pictures, vec3(texel / (float(PICTURE_SIDE) * vec2(1.5, 1.0)), number), 0.0);
}

// The color of the texel of a picture that has colors.
vec3 image_color(vec4 code) {
    // sRGB to linear light, within a 400th
    return code.rgb * (code.rgb * (code.rgb * 0.305306011 + 0.682171111) + 0.012522878);
}

// The color of the texel of any picture.
vec3 picture_color(vec4 code, bool has_values) {
    if (has_values) return mix(not_finite.rgb, shade(code.r, vec2(0.0, 1.0)), code.a);
    return image_color(code);
}
