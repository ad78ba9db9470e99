// A row of a map as a curve over its columns. Includes lib/map_store.glsl and shade() before it.
const int CURVE_SAMPLES = 16;  // values that a pixel looks at, at most
const vec3 CURVE_LINE = vec3(0.42, 0.47, 0.56), LIGHT_CURVE_LINE = vec3(0.09, 0.10, 0.12);
const float CURVE_TINT = 0.65;   // of the line by the color of its value
const float CURVE_FILL = 0.28;   // light of the area between the curve and zero
const vec3 CURVE_ZERO = vec3(0.075, 0.085, 0.11), LIGHT_CURVE_ZERO = vec3(0.46, 0.48, 0.52);
const vec2 CURVE_PIXELS = vec2(5.0, 10.0);  // a row below the first of these high is drawn as pixels

// A value between two neighbors; t counts columns from the middle of the first one.
float curve_value(int first, int width, float t) {
    float position = clamp(t, 0.0, float(width - 1));
    int i = min(int(position), max(width - 2, 0));
    return mix(load_value(first + i), load_value(first + min(i + 1, width - 1)), position - float(i));
}

// The color at a position in a row.
// first: texel of its first value; position: 0...1 from left and from bottom; pixel: size of one in the same units
vec3 curve_color(int first, int width, vec2 position, vec2 pixel, vec2 range) {
    float begin = (position.x - 0.5 * pixel.x) * float(width) - 0.5;
    float end = (position.x + 0.5 * pixel.x) * float(width) - 0.5;
    float from = curve_value(first, width, begin), to = curve_value(first, width, end);
    float low = min(from, to), high = max(from, to);
    bool is_finite = !(isnan(from) || isnan(to));
    int next = max(int(ceil(begin)), 0), last = min(int(floor(end)), width - 1);
    int stride = max((last - next) / CURVE_SAMPLES + 1, 1);
    next = (next + stride - 1) / stride * stride;  // always the same ones: nothing flickers
    for (int i = next; i <= last; i += stride) {
        float value = load_value(first + i);
        if (isnan(value)) is_finite = false;
        low = min(low, value);
        high = max(high, value);
    }
    if (!is_finite) return not_finite.rgb;
    float span = range.y - range.x;
    float scale = span > 1e-7 ? 1.0 / span : 0.0, offset = span > 1e-7 ? 0.0 : 0.5;
    const float MARGIN = 0.06;  // free over the highest and under the lowest value
    float bottom = mix(MARGIN, 1.0 - MARGIN, clamp((low - range.x) * scale + offset, 0.0, 1.0));
    float top = mix(MARGIN, 1.0 - MARGIN, clamp((high - range.x) * scale + offset, 0.0, 1.0));
    float zero = mix(MARGIN, 1.0 - MARGIN, clamp(-range.x * scale + offset, 0.0, 1.0));
    float outermost = abs(high) > abs(low) ? high : low;
    vec3 tint = shade(outermost, range);
    vec3 color = background.rgb * 0.9;
    float thickness = max(0.7 * pixel.y, 0.008);
    float to_zero = clamp((thickness * 0.5 - abs(position.y - zero)) / pixel.y + 0.5, 0.0, 1.0);
    color = mix(color, mix(CURVE_ZERO, LIGHT_CURVE_ZERO, color_range.w), to_zero);
    bool is_between = position.y <= max(top, zero) && position.y >= min(bottom, zero);
    vec3 filled = mix(max(color, tint * CURVE_FILL), mix(color, tint, CURVE_FILL), color_range.w);
    if (is_between) color = filled;
    float beyond = max(max(bottom - position.y, position.y - top), 0.0);
    float line = clamp((thickness - beyond) / pixel.y + 0.5, 0.0, 1.0);
    return mix(color, mix(mix(CURVE_LINE, LIGHT_CURVE_LINE, color_range.w), tint, CURVE_TINT), line);
}
