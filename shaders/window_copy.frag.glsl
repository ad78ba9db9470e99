#version 410 core
// An sRGB picture of the same size as the viewport, its bytes as they are.

uniform sampler2D source;
uniform vec2 corner;  // of the viewport in the window, pixels from the lower left

out vec4 result;

void main() {
    vec4 linear = texelFetch(source, ivec2(gl_FragCoord.xy - corner), 0);
    // Reading decodes sRGB, and the window's own buffer does not encode it again.
    vec3 encoded = mix(linear.rgb * 12.92, 1.055 * pow(linear.rgb, vec3(1.0 / 2.4)) - 0.055,
                       greaterThan(linear.rgb, vec3(0.0031308)));
    result = vec4(encoded, 1.0);
}
