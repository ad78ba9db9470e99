// A color of the dark theme as the theme of the picture has it: themed() in vrnn/style/theme.py.
// Includes lib/views.glsl before it. For vertex shaders: it takes its time.
const float LIGHTNESS_SUM = 107.0, STRONG_LIGHTNESS = 46.0, STRONG_FROM = 40.0, STRONG_TO = 70.0;
const float DARKEST = 0.008856, PALE_TINT = 0.3, STRONG_TINT = 1.5;

vec3 themed(vec3 color) {
    if (color_range.w < 0.5) return color;
    float luminance = dot(color, vec3(0.2126, 0.7152, 0.0722));
    float highest = max(max(color.r, color.g), color.b);
    float saturation = (highest - min(min(color.r, color.g), color.b)) / max(highest, 1e-6);
    float lightness = luminance > DARKEST ? 116.0 * pow(luminance, 1.0 / 3.0) - 16.0 : luminance * (8.0 / DARKEST);
    float part = smoothstep(STRONG_FROM, STRONG_TO, lightness), strength = saturation * part;
    float turned = clamp(mix(LIGHTNESS_SUM - lightness, STRONG_LIGHTNESS, strength), 0.0, 100.0);
    float target = turned > 8.0 ? pow((turned + 16.0) / 116.0, 3.0) : turned * (DARKEST / 8.0);
    vec3 scaled = (color + 1e-6) * (target / (luminance + 1e-6));
    float excess = max(max(scaled.r, scaled.g), scaled.b);
    float kept = excess > 1.0 ? (1.0 - target) / max(excess - target, 1e-6) : 1.0;
    return clamp(target + (scaled - target) * kept * mix(PALE_TINT, STRONG_TINT, part), 0.0, 1.0);
}
