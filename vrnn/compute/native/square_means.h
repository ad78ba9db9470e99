/* Means over squares of STEP times STEP values: the next level of a map's pyramid. */

#ifndef VRNN_SQUARE_MEANS_H
#define VRNN_SQUARE_MEANS_H

#include "half_floats.h"

#define STEP 4 /* PYRAMID_STEP; the sums below are written out for it */

/* (W,) sums over up to STEP rows. */
INLINE void add_rows(const float *RESTRICT values, float *RESTRICT sums, int64_t rows, int64_t width)
{
    const float *second = values + width, *third = second + width, *fourth = third + width;
    int64_t x, y;
    if (rows == STEP) {
        for (x = 0; x < width; x++) sums[x] = (values[x] + second[x]) + (third[x] + fourth[x]);
        return;
    }
    for (x = 0; x < width; x++) sums[x] = values[x];
    for (y = 1; y < rows; y++)
        for (x = 0; x < width; x++) sums[x] += values[y * width + x];
}

/* Means over squares, from `done` of them on; returns the sum of what they cover. */
INLINE float add_columns(const float *RESTRICT sums, float *RESTRICT means, int64_t rows, int64_t width, int64_t done)
{
    int64_t whole = width / STEP, x;
    float weight = 1.0f / (float)(STEP * rows), total = 0, sum;
    for (; done < whole; done++) {
        const float *square = sums + STEP * done;
        sum = (square[0] + square[1]) + (square[2] + square[3]);
        means[done] = sum * weight;
        total += sum;
    }
    if (STEP * whole < width) {
        for (sum = 0, x = STEP * whole; x < width; x++) sum += sums[x];
        means[whole] = sum / (float)(rows * (width - STEP * whole));
        total += sum;
    }
    return total;
}

/* Makes the next level of rows of a map; returns their sum. */
static double reduce_plain(const float *values, float *means, float *sums, int64_t height, int64_t width)
{
    double total = 0;
    int64_t y, rows;
    for (y = 0; y < height; y += STEP, means += (width + STEP - 1) / STEP) {
        rows = height - y < STEP ? height - y : STEP;
        add_rows(values + y * width, sums, rows, width);
        total += add_columns(sums, means, rows, width, 0);
    }
    return total;
}

#if HAS_WIDE
WIDE_CODE static double reduce_wide(const float *values, float *means, float *sums, int64_t height, int64_t width)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    double total = 0;
    int64_t y, rows, done;
    for (y = 0; y < height; y += STEP, means += (width + STEP - 1) / STEP) {
        __m256 totals = _mm256_setzero_ps(), squares, weight;
        float lanes[LANES];
        rows = height - y < STEP ? height - y : STEP;
        add_rows(values + y * width, sums, rows, width);
        weight = _mm256_set1_ps(1.0f / (float)(STEP * rows));
        for (done = 0; STEP * (done + LANES) <= width; done += LANES) {
            const float *first = sums + STEP * done;
            squares = _mm256_hadd_ps(
                _mm256_hadd_ps(_mm256_loadu_ps(first), _mm256_loadu_ps(first + LANES)),
                _mm256_hadd_ps(_mm256_loadu_ps(first + 2 * LANES), _mm256_loadu_ps(first + 3 * LANES)));
            squares = _mm256_permutevar8x32_ps(squares, order);
            totals = _mm256_add_ps(totals, squares);
            _mm256_storeu_ps(means + done, _mm256_mul_ps(squares, weight));
        }
        if (done) {
            _mm256_storeu_ps(lanes, totals);
            total += ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
        }
        total += add_columns(sums, means, rows, width, done);
    }
    return total;
}
#endif

#endif
