#version 410 core
uniform sampler2D strip_texels;  // square roots of red, green and blue; opacity beside the most opaque texel

in vec2 place;
noperspective in float across_pixels;
flat in ivec2 row_texels;
out vec4 color;

void main() {
    int texel = row_texels.x + clamp(int(place.x), 0, row_texels.y - 1);
    vec4 code = texelFetch(strip_texels, ivec2(texel & (STRIP_TEXELS - 1), texel / STRIP_TEXELS), 0);
    color = vec4(code.rgb * code.rgb, min(code.a * place.y, 1.0) * clamp(1.1 - abs(across_pixels), 0.0, 1.0));
}
