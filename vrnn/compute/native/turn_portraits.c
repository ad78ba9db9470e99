/* Turns the portraits of all layers of a network to agree, one after the other, in one call.

   The same layer by layer lies in vrnn/compute/passes/portraits.py (`make_of_scores`), which this is
   tested against. */

#include "native.h"

#define COMPONENTS 3

/* Adds a picture (3, from_height, from_width), averaged down to (3, height, width). */
static void add_averaged(
    const float *picture, int64_t from_height, int64_t from_width, int64_t height, int64_t width, float *sums)
{
    int64_t y, x, i, k;
    int c;
    for (c = 0; c < COMPONENTS; c++)
        for (y = 0; y < height; y++) {
            const int64_t top = y * from_height / height;
            const int64_t bottom = ((y + 1) * from_height + height - 1) / height;
            for (x = 0; x < width; x++) {
                const int64_t left = x * from_width / width;
                const int64_t right = ((x + 1) * from_width + width - 1) / width;
                float sum = 0;
                for (i = top; i < bottom; i++)
                    for (k = left; k < right; k++) sum += picture[(c * from_height + i) * from_width + k];
                *sums++ += sum / (float)(bottom - top) / (float)(right - left);
            }
        }
}

/* Where a line of `count` pixels is read for pixel i of a line of another length. */
INLINE float place_in_line(int64_t i, float step, int64_t count, int64_t *first, int64_t *second)
{
    float place = ((float)i + 0.5f) * step - 0.5f;
    if (place < 0) place = 0;
    *first = (int64_t)place;
    if (*first > count - 1) *first = count - 1;
    *second = *first + (*first < count - 1);
    place -= (float)*first;
    return place < 0 ? 0 : place > 1 ? 1 : place;
}

/* Adds a picture (3, from_height, from_width), interpolated to (3, height, width). */
static void add_interpolated(
    const float *picture, int64_t from_height, int64_t from_width, int64_t height, int64_t width, float *sums)
{
    const float down = (float)from_height / (float)height, across = (float)from_width / (float)width;
    int64_t y, x, upper, lower, left, right;
    int c;
    for (c = 0; c < COMPONENTS; c++, picture += from_height * from_width)
        for (y = 0; y < height; y++) {
            const float v = place_in_line(y, down, from_height, &upper, &lower);
            const float *above = picture + upper * from_width, *below = picture + lower * from_width;
            for (x = 0; x < width; x++) {
                const float u = place_in_line(x, across, from_width, &left, &right);
                *sums++ += (1 - v) * ((1 - u) * above[left] + u * above[right]) +
                           v * ((1 - u) * below[left] + u * below[right]);
            }
        }
}

static void add_picture(
    const float *picture, int64_t from_height, int64_t from_width, int64_t height, int64_t width, float *sums)
{
    int64_t i;
    if (from_height == height && from_width == width)
        for (i = 0; i < COMPONENTS * height * width; i++) sums[i] += picture[i];
    else if (height <= from_height && width <= from_width)
        add_averaged(picture, from_height, from_width, height, width, sums);
    else
        add_interpolated(picture, from_height, from_width, height, width, sums);
}

/* Makes (3, height, width) of a picture (3, from_height, from_width). */
EXPORT void vrnn_resize_picture(
    const float *picture, int64_t from_height, int64_t from_width, int64_t height, int64_t width, float *resized)
{
    memset(resized, 0, (size_t)(COMPONENTS * height * width) * sizeof *resized);
    add_picture(picture, from_height, from_width, height, width, resized);
}

/* Makes the colors of layers first … count - 1, in the order in which they run.

   heights, widths: (count,) of each layer's portrait. given: (count,) colors that a layer has already,
   (3, height, width), or NULL. sources: the layers, before it, that layer i is to agree with, of which
   there is one at least, lie at source_starts[i] … source_starts[i + 1] - 1. starts: (count,) where the
   (3, height, width) scores of each layer begin in `scores`, and likewise its colors and bytes in
   `colors` and (height, width, 3) `bytes`. before: (count,) colors in the frame before, or NULL.
   scratch: 6 times as many floats as the largest has pixels. The others as in vrnn_portrait_colors.

   Returns count, or the first layer that vrnn_portrait_colors leaves to others: what it is to agree with
   is then at the beginning of the scratch. Its scores stay as they are. */
EXPORT int64_t vrnn_turn_portraits(
    int64_t first, int64_t count, const int64_t *heights, const int64_t *widths, const float *const *given,
    const int64_t *source_starts, const int64_t *sources, const int64_t *starts, const float *scores,
    float *colors, uint8_t *bytes, const float *const *before, float steadiness, float *scratch, float contrast,
    double free_part, double rounding, int wide)
{
    int64_t layer, i, k;
    for (layer = first; layer < count; layer++) {
        const int64_t height = heights[layer], width = widths[layer], size = COMPONENTS * height * width;
        const int64_t begin = source_starts[layer], end = source_starts[layer + 1];
        float *wanted = scratch, *own = scratch + size;
        if (given[layer]) continue;
        for (i = 0; i < size; i++) {
            const float score = scores[starts[layer] + i];
            own[i] = score - score == 0 ? score : 0; /* 0 in the place of what is not finite */
            wanted[i] = 0;
        }
        for (k = begin; k < end; k++) {
            const int64_t source = sources[k];
            const float *picture = given[source] ? given[source] : colors + starts[source];
            add_picture(picture, heights[source], widths[source], height, width, wanted);
        }
        if (end - begin > 1)
            for (i = 0; i < size; i++) wanted[i] /= (float)(end - begin);
        if (before[layer])
            for (i = 0; i < size; i++) wanted[i] += steadiness * before[layer][i];
        if (!vrnn_portrait_colors(
                own, wanted, height * width, contrast, free_part, rounding, colors + starts[layer],
                bytes + starts[layer], wide))
            return layer;
    }
    return count;
}
