/* Blocks of small maps: eight maps are worked on at a time, a lane of the processor's each, with
   every sum in the same order. */

#ifndef VRNN_SMALL_MAPS_H
#define VRNN_SMALL_MAPS_H

#include <math.h>

#include "fill_task.h"
#include "half_floats.h"
#include "square_means.h"
#include "turned_maps.h"

#define SMALL 1024    /* values of a map that is worked on beside seven others, at most */

/* Whether a layer's maps are so small that eight are worked on at a time. */
INLINE int is_small(int64_t height, int64_t width)
{
    return height * width > 1 && height * width <= SMALL && width < STEP * LANES;
}

#if HAS_WIDE
/* As reduce_wide of a map of less than STEP * LANES columns, for eight maps at a time. Adds the
   sums of all that they cover to totals. */
WIDE_CODE INLINE void reduce_lanes(
    const float *values, float *means, int64_t height, int64_t width, __m256d *totals)
{
    const int64_t whole = width / STEP, rest = width - STEP * whole, line = LANES * width;
    int64_t y, x, r, rows;
    int k;
    for (y = 0; y < height; y += STEP, values += STEP * line) {
        __m256 total = _mm256_setzero_ps(), weight, sum, s[STEP];
        rows = height - y < STEP ? height - y : STEP;
        weight = _mm256_set1_ps(1.0f / (float)(STEP * rows));
        for (x = 0; x < width; x += STEP, means += LANES) {
            const float *from = values + LANES * x;
            const int columns = (int)(width - x < STEP ? width - x : STEP);
            for (k = 0; k < columns; k++, from += LANES)
                if (rows == STEP)
                    s[k] = _mm256_add_ps(
                        _mm256_add_ps(_mm256_loadu_ps(from), _mm256_loadu_ps(from + line)),
                        _mm256_add_ps(_mm256_loadu_ps(from + 2 * line), _mm256_loadu_ps(from + 3 * line)));
                else {
                    s[k] = _mm256_loadu_ps(from);
                    for (r = 1; r < rows; r++) s[k] = _mm256_add_ps(s[k], _mm256_loadu_ps(from + r * line));
                }
            if (columns == STEP) {
                sum = _mm256_add_ps(_mm256_add_ps(s[0], s[1]), _mm256_add_ps(s[2], s[3]));
                _mm256_storeu_ps(means, _mm256_mul_ps(sum, weight));
            } else {
                sum = _mm256_setzero_ps();
                for (k = 0; k < columns; k++) sum = _mm256_add_ps(sum, s[k]);
                _mm256_storeu_ps(means, _mm256_div_ps(sum, _mm256_set1_ps((float)(rows * rest))));
            }
            total = _mm256_add_ps(total, sum);
        }
        totals[0] = _mm256_add_pd(totals[0], _mm256_cvtps_pd(_mm256_castps256_ps128(total)));
        totals[1] = _mm256_add_pd(totals[1], _mm256_cvtps_pd(_mm256_extractf128_ps(total, 1)));
    }
}

/* Writes (count, 8) values as the halves of eight maps of a level. */
WIDE_CODE INLINE void store_lanes(const float *values, int64_t count, uint16_t *halves)
{
    uint16_t turned[LANES * 32];
    int64_t i, some, j;
    int k;
    if (count == 1) {
        store_halves(halves, _mm256_loadu_ps(values));
        return;
    }
    for (i = 0; i < count; i += some) {
        some = count - i < 32 ? count - i : 32;
        for (j = 0; j < some; j++) store_halves(turned + LANES * j, _mm256_loadu_ps(values + LANES * (i + j)));
        for (k = 0; k < LANES; k++)
            for (j = 0; j < some; j++) halves[k * count + i + j] = turned[LANES * j + k];
    }
}

/* Fills what belongs to eight channels, of small maps. */
WIDE_CODE static void fill_lanes(const Task *task, float *scratch, int64_t first)
{
    const int64_t channels = task->channels, height = task->height, width = task->width;
    const int64_t size = height * width;
    const float *values = task->values + (first - task->from) * size;
    uint16_t *level = task->block + 2 * channels;
    float *turned = scratch, *means = turned + LANES * size, *coarser, *before;
    __m256 lows = _mm256_set1_ps(INFINITY), highs = _mm256_set1_ps(-INFINITY), eight[LANES], mean, finite;
    __m256d totals[2] = {_mm256_setzero_pd(), _mm256_setzero_pd()}, unused[2], covered;
    int64_t i, j, h, w, count;
    int depth = 0, k;
    for (i = 0; i < size; i += LANES) {
        if (size < LANES)
            for (; i < size; i++) {
                for (k = 0; k < LANES; k++) turned[LANES * i + k] = values[k * size + i];
                eight[0] = _mm256_loadu_ps(turned + LANES * i);
                lows = _mm256_min_ps(eight[0], lows);
                highs = _mm256_max_ps(eight[0], highs);
            }
        else {
            j = i + LANES > size ? size - LANES : i; /* the last values may be taken twice */
            turn_lines(values + j, size, eight);
            for (k = 0; k < LANES; k++) {
                _mm256_storeu_ps(turned + LANES * (j + k), eight[k]);
                lows = _mm256_min_ps(eight[k], lows);
                highs = _mm256_max_ps(eight[k], highs);
            }
        }
    }
    if (!task->left_out) {
        halve_wide(values, level + first * size, LANES * size);
        level += channels * size;
    }
    h = (height + STEP - 1) / STEP;
    w = (width + STEP - 1) / STEP;
    coarser = means + LANES * h * w;
    reduce_lanes(turned, means, height, width, totals);
    do {
        count = h * w;
        if (++depth >= task->left_out) {
            store_lanes(means, count, level + first * count);
            level += channels * count;
        }
        if (count > 1) {
            unused[0] = unused[1] = _mm256_setzero_pd();
            reduce_lanes(means, coarser, h, w, unused);
            before = means;
            means = coarser;
            coarser = before;
            h = (h + STEP - 1) / STEP;
            w = (w + STEP - 1) / STEP;
        }
    } while (count > 1);
    covered = _mm256_set1_pd((double)size);
    mean = _mm256_insertf128_ps(
        _mm256_castps128_ps256(_mm256_cvtpd_ps(_mm256_div_pd(totals[0], covered))),
        _mm256_cvtpd_ps(_mm256_div_pd(totals[1], covered)), 1);
    /* Comparisons pass over NaN: the mean alone tells of one. */
    finite = _mm256_cmp_ps(_mm256_sub_ps(mean, mean), _mm256_setzero_ps(), _CMP_EQ_OQ);
    lows = _mm256_blendv_ps(mean, lows, finite);
    highs = _mm256_blendv_ps(mean, highs, finite);
    _mm256_storeu_ps(task->stats + first, lows);
    _mm256_storeu_ps(task->stats + channels + first, highs);
    _mm256_storeu_ps(task->stats + 2 * channels + first, mean);
    store_halves(task->block + first, lows);
    store_halves(task->block + channels + first, highs);
}
#endif

#endif
