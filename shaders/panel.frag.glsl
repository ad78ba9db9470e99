#version 410 core
// Every map of a layer, each in its cell. A pixel takes the mean of a few points inside itself, at
// the pyramid level where they are about a texel apart: smooth at any distance.
#include "lib/views.glsl"
#include "lib/store.glsl"

const float GAP = 0.06;  // of a cell, free between two maps
const vec3 FRAME = vec3(0.060, 0.070, 0.095);
const vec3 LIT = vec3(1.0, 0.52, 0.10);
const float EMPTY = 0.35;  // of the background: a cell without a map

in vec2 place;
in vec3 world;
flat in ivec4 maps;
flat in ivec3 texels;
flat in vec3 span;
flat in vec2 tone;
out vec4 color;

uniform sampler2D colors;  // of -1…1, see lookup_table() in vrnn/style/colormap.py

vec3 shade(float value, vec2 range) {
    if (isnan(value) || isinf(value)) return not_finite.rgb;
    float width = range.y - range.x;  // none where all values are the same
    float along = width > 1e-7 ? clamp((value - range.x) / width, 0.0, 1.0) : 0.5;
    return texelFetch(colors, ivec2(along * float(ENTRIES - 1) + 0.5, 0), 0).rgb;
}

// What the colors span in a channel.
vec2 range_of(int channel) {
    vec2 range = span.xy;
    if (range.x == range.y) {
        range = vec2(stored(maps.w + channel), stored(maps.w + maps.z + channel));
        if (display.x > 0.5) range = vec2(-1.0, 1.0) * max(-range.x, range.y);
    }
    return range * span.z;
}

void main() {
    vec2 cells = vec2(maps.xy);
    vec2 along_x = dFdx(place), along_y = dFdy(place);
    vec2 cells_a_pixel = max(abs(along_x), abs(along_y)) * cells;
    float most_cells = max(cells_a_pixel.x, cells_a_pixel.y);
    vec2 texels_a_pixel = cells_a_pixel * vec2(texels.yx);
    float finest = max(texels_a_pixel.x, texels_a_pixel.y);
    int level_first = maps.w + 2 * maps.z;
    ivec2 level = texels.xy;
    while (finest > 3.0 && (level.x > 1 || level.y > 1)) {
        level_first += maps.z * level.x * level.y;
        level = (level + 3) / 4;
        finest *= 0.25;
    }
    int points = clamp(int(ceil(max(finest, 2.0 * most_cells))), 2, 6);

    vec3 sum = vec3(0.0);
    for (int i = 0; i < points * points; ++i) {
        vec2 offset = (vec2(i % points, i / points) + 0.5) / float(points) - 0.5;
        vec2 at = clamp(place + along_x * offset.x + along_y * offset.y, 0.0, 0.99999) * cells;
        ivec2 cell = ivec2(at);
        int channel = cell.y * maps.x + cell.x + texels.z;
        vec2 local = (at - vec2(cell) - 0.5) / (1.0 - GAP) + 0.5;
        bool outside = channel >= maps.z || any(lessThan(local, vec2(0.0))) || any(greaterThanEqual(local, vec2(1.0)));
        if (outside) {
            sum += background.rgb * EMPTY;
        } else if (maps.w < 0) {
            sum += background.rgb * 1.5;
        } else {
            ivec2 texel = ivec2(local * vec2(level.yx));
            if (span.z < 0.0) {  // the three maps are the red, green and blue of a picture
                int first = level_first + texel.y * level.y + texel.x, map = level.x * level.y;
                sum += vec3(stored(first), stored(first + map), stored(first + 2 * map));
                continue;
            }
            float value = stored(level_first + (channel * level.x + texel.y) * level.y + texel.x);
            sum += shade(value, range_of(channel));
        }
    }
    if (any(greaterThan(abs(place - 0.5), vec2(0.5)))) sum = mix(FRAME, LIT, tone.y) * float(points * points);
    vec3 lit = sum / float(points * points) * tone.x;
    color = vec4(mix(background.rgb, lit, clearness(world)), 1.0);
}
