/* Maps of channels that lie side by side, as torch's channels-last tensors have them. */

#ifndef VRNN_TURNED_MAPS_H
#define VRNN_TURNED_MAPS_H

#include "native.h"

#define LINE 16 /* floats that come into the cache at once */

/* (size, apart) values, of which the first `count` columns become maps (count, size). */
static void turn_plain(const float *values, int64_t apart, int64_t size, int64_t count, float *maps)
{
    int64_t i, c;
    for (i = 0; i < size; i++)
        for (c = 0; c < count; c++) maps[c * size + i] = values[i * apart + c];
}

#if HAS_WIDE
/* Eight lines of eight values each, `apart`, to eight vectors that have one value of each line. */
WIDE_CODE INLINE void turn_lines(const float *lines, int64_t apart, __m256 *turned)
{
    __m256 a[LANES], b[LANES];
    int k;
    for (k = 0; k < LANES; k++) a[k] = _mm256_loadu_ps(lines + k * apart);
    for (k = 0; k < LANES; k += 2) {
        b[k] = _mm256_unpacklo_ps(a[k], a[k + 1]);
        b[k + 1] = _mm256_unpackhi_ps(a[k], a[k + 1]);
    }
    for (k = 0; k < LANES; k += 4) {
        a[k] = _mm256_shuffle_ps(b[k], b[k + 2], 0x44);
        a[k + 1] = _mm256_shuffle_ps(b[k], b[k + 2], 0xEE);
        a[k + 2] = _mm256_shuffle_ps(b[k + 1], b[k + 3], 0x44);
        a[k + 3] = _mm256_shuffle_ps(b[k + 1], b[k + 3], 0xEE);
    }
    for (k = 0; k < 4; k++) {
        turned[k] = _mm256_permute2f128_ps(a[k], a[k + 4], 0x20);
        turned[k + 4] = _mm256_permute2f128_ps(a[k], a[k + 4], 0x31);
    }
}

WIDE_CODE static void turn_wide(const float *values, int64_t apart, int64_t size, int64_t count, float *maps)
{
    const int64_t whole = size / LANES * LANES;
    __m256 eight[LANES];
    int64_t i, c;
    int k;
    if (count < LANES) {
        turn_plain(values, apart, size, count, maps);
        return;
    }
    for (i = 0; i < whole; i += LANES)
        for (c = 0; c < count; c += LANES) {
            const int64_t begin = c + LANES > count ? count - LANES : c; /* some may be done twice */
            turn_lines(values + i * apart + begin, apart, eight);
            for (k = 0; k < LANES; k++) _mm256_storeu_ps(maps + (begin + k) * size + i, eight[k]);
        }
    for (; i < size; i++)
        for (c = 0; c < count; c++) maps[c * size + i] = values[i * apart + c];
}
#endif

#endif
