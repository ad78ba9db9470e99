#version 410 core
// Every map of a layer, each in its cell; from afar one picture of the layer. A pixel takes the mean of a few samples inside itself, at
// the pyramid level where they are about a texel apart: smooth at any distance. Without WITH_MAPS only
// the pictures of layers that are far away: with WITH_VALUES those that have values, else those that have colors.
#include "lib/views.glsl"
#include "lib/map_store.glsl"

const float GAP = 0.06;  // of a cell, free between two maps
const float FRAME_LIGHT = 0.9;  // of a frame that is thinner than a pixel
const float LATTICE_STEP = 3.0;  // columns from a sample to that in the next row

in vec2 uv;
in float fog_left;
flat in ivec4 maps;
flat in ivec3 texels;
flat in vec3 value_range;
flat in vec4 border_light;
flat in ivec2 drawing;
flat in ivec2 picture;
flat in vec2 fit;
flat in float far_part;
flat in ivec2 ground_opacity;
out vec4 color;

uniform sampler2D color_table;  // of -1…1: activations, see lookup_table() in vrnn/style/colormap.py, and below relevance

vec3 shade(float value, vec2 range) {
    if (isnan(value) || isinf(value)) return not_finite.rgb;
    float width = range.y - range.x;  // none where all values are the same
    float fraction = width > 1e-7 ? clamp((value - range.x) / width, 0.0, 1.0) : 0.5;
    return texelFetch(color_table, ivec2(fraction * float(ENTRIES - 1) + 0.5, WITH_RELEVANCE), 0).rgb;
}

// The range of values that the colors span in a channel whose values have a range.
vec2 range_of(vec2 range) {
    if (color_range.x > 0.5) range = vec2(-1.0, 1.0) * max(-range.x, range.y);
    return (value_range.x == value_range.y ? range : value_range.xy) * value_range.z;
}

// The range of values that the colors span in a channel.
vec2 channel_range(int channel) {
    vec2 range = vec2(load_value(maps.w + channel), load_value(maps.w + maps.z + channel));
    return range_of(range);
}

#if WITH_RELEVANCE
#include "lib/relevance.glsl"
#endif
#include "lib/layer_picture.glsl"
#if WITH_MAPS
#include "lib/curve.glsl"
#include "lib/graph_nodes.glsl"

// The cell at a position in the panel: its channel and the position in its map, 0...1 from the upper left.
bool find_map(vec2 position, out int channel, out vec2 map_uv) {
    ivec2 cell = ivec2(position);
    channel = cell.y * maps.x + cell.x + texels.z;
    map_uv = (position - vec2(cell) - 0.5) / (1.0 - GAP) + 0.5;
    return channel < maps.z && all(greaterThanEqual(map_uv, vec2(0.0))) && all(lessThan(map_uv, vec2(1.0)));
}

// The position in the panel of one of samples × samples inside the pixel. gap: between two of them, pixels.
vec2 sample_position(int column, int row, float gap, vec2 uv_dx, vec2 uv_dy) {
    vec2 offset = (vec2(column, row) + 0.5) * gap - 0.5;
    return clamp(uv + uv_dx * offset.x + uv_dy * offset.y, 0.0, 0.99999);
}

// The curve at this pixel. pixel: its size as a part of a cell.
vec3 curve_here(vec2 cells, vec2 pixel) {
    int channel;
    vec2 map_uv;
    if (!find_map(clamp(uv, 0.0, 0.99999) * cells, channel, map_uv)) return empty_color();
    float rows = float(texels.x), row = floor(map_uv.y * rows);
    int first = maps.w + 2 * maps.z + (channel * texels.x + int(row)) * texels.y;
    vec2 position = vec2(map_uv.x, 1.0 - (map_uv.y * rows - row));
    return curve_color(first, texels.y, position, pixel * vec2(1.0, rows), channel_range(channel));
}

#endif

void main() {
    vec2 uv_dx = dFdx(uv), uv_dy = dFdy(uv);
    vec2 outside = (abs(uv - 0.5) - 0.5) / max(abs(uv_dx) + abs(uv_dy), 1e-9);  // pixels
    float border_part = clamp(max(outside.x, outside.y) + 0.5, 0.0, 1.0);
#if WITH_MAPS
    vec2 cells = vec2(maps.xy);
    vec2 cells_per_pixel = max(abs(uv_dx), abs(uv_dy)) * cells;
    bool shows_maps = far_part < 1.0;
    float curve_part = 0.0;
    vec3 curve = vec3(0.0);
    int style = drawing.x & ((1 << STYLE_BITS) - 1), left_out = drawing.x >> STYLE_BITS;
    if (WITH_DRAWINGS != 0 && style == CURVE && left_out == 0 && maps.w >= 0 && shows_maps) {
        curve_part = smoothstep(CURVE_PIXELS.x, CURVE_PIXELS.y, 1.0 / (cells_per_pixel.y * float(texels.x)));
        if (curve_part > 0.0) curve = curve_here(cells, cells_per_pixel / (1.0 - GAP));
    }
    float max_cells = max(cells_per_pixel.x, cells_per_pixel.y);
    vec2 texels_per_pixel = cells_per_pixel * vec2(texels.yx);
    float max_texels = max(texels_per_pixel.x, texels_per_pixel.y);
    int level_first = maps.w + 2 * maps.z;
    ivec2 level = texels.xy;
    while (shows_maps && (left_out > 0 || max_texels > 3.0) && (level.x > 1 || level.y > 1)) {
        if (left_out > 0) --left_out; else level_first += maps.z * level.x * level.y;
        level = (level + 3) / 4;
        max_texels *= 0.25;
    }
    int samples = clamp(int(ceil(max(max_texels, 2.0 * max_cells))), 2, 6);
    if (!shows_maps || (WITH_DRAWINGS != 0 && curve_part >= 1.0)) samples = 0;

    // Software OpenGL runs both sides of a branch, but no loop that is empty: each kind has its own.
    bool is_plain = WITH_RELEVANCE == 0 && maps.w >= 0 && value_range.z >= 0.0 && (WITH_DRAWINGS == 0 || style != GRAPH);
    bool is_vector = is_plain && texels.x * texels.y == 1;
    float gap = 1.0 / float(max(samples, 1));
    vec2 spread = (0.5 - 0.5 * gap) * (abs(uv_dx) + abs(uv_dy)) * cells;  // of samples; in a gap, whichever map they are beside
    bool is_one_map = is_plain && !is_vector && max(spread.x, spread.y) <= 0.5 * GAP;
    int rows = is_vector || is_one_map ? 0 : samples;
    vec3 sum = vec3(0.0);
    for (int row = 0; row < rows; ++row) for (int column = 0; column < samples; ++column) {
        int channel;
        vec2 map_uv;
        if (!find_map(sample_position(column, row, gap, uv_dx, uv_dy) * cells, channel, map_uv)) {
            sum += empty_color();
        } else if (maps.w < 0) {
            sum += min(background.rgb * 1.5, 1.0);
        } else if (WITH_DRAWINGS != 0 && style == GRAPH) {
            int first = maps.w + 2 * maps.z + channel * texels.x * texels.y;
            sum += graph_color(drawing.y, first, texels.y, map_uv, channel_range(channel));
        } else {
            ivec2 texel = ivec2(map_uv * vec2(level.yx));
            if (value_range.z < 0.0) {  // the three maps are the red, green and blue of an image
                int red = level_first + texel.y * level.y + texel.x, map_size = level.x * level.y;
                sum += vec3(load_value(red), load_value(red + map_size), load_value(red + 2 * map_size));
                continue;
            }
            float value = load_value(level_first + (channel * level.x + texel.y) * level.y + texel.x);
#if WITH_RELEVANCE
            if (ground_opacity.x >= 0) {
                int texel_number = level_first - maps.w + (channel * level.x + texel.y) * level.y + texel.x;
                sum += relevance_over(value, channel_range(channel), load_ground(channel), load_ground(maps.z + channel), load_ground(texel_number));
                continue;
            }
#endif
            sum += shade(value, channel_range(channel));
        }
    }
    // Maps of a single value, which is its channel's range too.
    rows = is_vector ? samples : 0;
    for (int row = 0; row < rows; ++row) for (int column = 0; column < samples; ++column) {
        int channel;
        vec2 map_uv;
        bool is_map = find_map(sample_position(column, row, gap, uv_dx, uv_dy) * cells, channel, map_uv);
        float value = load_value(level_first + min(channel, maps.z - 1));
        sum += is_map ? shade(value, range_of(vec2(value))) : empty_color();
    }
    // Samples that are all in one map, or beside it. They lie in a lattice, no two in a row or a column: 4 of them come closer to the
    // mean over the pixel than 2 × 2, and 6 as close as 3 × 3.
    int first = 0;
    vec2 range = vec2(0.0), cell = floor(clamp(uv, 0.0, 0.99999) * cells);
    if (is_one_map) {
        int channel = int(cell.y) * maps.x + int(cell.x) + texels.z;
        is_one_map = channel < maps.z;
        if (is_one_map) range = channel_range(channel);
        else sum = empty_color() * float(samples * samples);
        first = level_first + channel * level.x * level.y;
    }
    float count = samples > 2 ? 6.0 : 4.0, column = 0.0;
    rows = is_one_map && samples > 0 ? int(count) : 0;
    vec2 scale = 1.0 / (1.0 - GAP) * vec2(level.yx), side = vec2(level.yx);  // texels
    vec2 start = (uv * cells - cell - 0.5) * scale + 0.5 * side, right = uv_dx * cells * scale, down = uv_dy * cells * scale;
    start -= 0.5 * (right + down);
    for (int row = 0; row < rows; ++row) {
        column += column + LATTICE_STEP > count ? LATTICE_STEP - count - 1.0 : LATTICE_STEP;
        vec2 position = start + (right * (column - 0.5) + down * (float(row) + 0.5)) / count;
        bool is_map = all(greaterThanEqual(position, vec2(0.0))) && all(lessThan(position, side));
        ivec2 texel = ivec2(clamp(position, vec2(0.0), side - 0.5));
        float value = load_value(first + texel.y * level.y + texel.x);
        sum += is_map ? shade(value, range) : empty_color();
    }
    float total = rows > 0 ? count : float(max(samples * samples, 1));
    vec3 shown = mix(sum / total, curve, curve_part);
    for (int far_rows = far_part > 0.0 ? 1 : 0; far_rows > 0; --far_rows) {  // no branch, for the same reason
        vec2 position = (uv - 0.5) / fit + 0.5;
        vec4 code = picture_texel(picture.x, position, max(abs(uv_dx), abs(uv_dy)) / fit);
        vec3 far = picture_color(code, picture.y != 0);
        if (any(greaterThan(abs(position - 0.5), vec2(0.5))) && border_part < 0.5) far = empty_color();
        shown = mix(shown, far, far_part);
    }
#else
    vec2 position = (uv - 0.5) / fit + 0.5;
    vec4 code = picture_texel(picture.x, position, max(abs(uv_dx), abs(uv_dy)) / fit);
    vec3 shown = WITH_VALUES != 0 ? picture_color(code, true) : image_color(code);
    if (any(greaterThan(abs(position - 0.5), vec2(0.5)))) shown = empty_color();
#if WITH_VALUES
    // Mostly dark, it needs its frame: a line inside it, as bright wherever it falls between pixels.
    border_part = max(border_part, FRAME_LIGHT * max(1.0 - abs(max(outside.x, outside.y) + 1.0), 0.0));
#endif
#endif
    vec3 lit = mix(dim_color(), mix(shown, border_light.rgb, border_part), border_light.w);
    color = vec4(mix(background.rgb, lit, fog_left), 1.0);
}
