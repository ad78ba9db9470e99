#version 410 core

// A picture of the same size, its bytes as they are.
uniform sampler2D source;
uniform vec2 corner;

out vec4 result;

void main() {
    vec4 linear = texelFetch(source, ivec2(gl_FragCoord.xy - corner), 0);
    // Reading took sRGB away, and the window's own buffer does not put it back.
    vec3 code = mix(linear.rgb * 12.92, 1.055 * pow(linear.rgb, vec3(1.0 / 2.4)) - 0.055,
                    greaterThan(linear.rgb, vec3(0.0031308)));
    result = vec4(code, 1.0);
}
