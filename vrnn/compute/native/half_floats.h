/* Half floats of float32 values, and the extremes of a segment of them. */

#ifndef VRNN_HALF_FLOATS_H
#define VRNN_HALF_FLOATS_H

#include "native.h"

#define LANES 8 /* values that are worked on at a time */

/* Rounds to the nearest half float, ties to even, as torch does; NaN becomes NaN. */
INLINE uint16_t to_half(float value)
{
#if defined(__aarch64__)
    __fp16 half = (__fp16)value;
    uint16_t bits;
    memcpy(&bits, &half, 2);
    return bits;
#else
    /* Adding a power of two chosen by the exponent lets the processor itself round the mantissa, also
       where the result is subnormal. After FP16 by M. Dukhan, as torch does it. */
    uint32_t bits, twice, bias, rounded;
    float base, shift;
    memcpy(&bits, &value, 4);
    twice = bits + bits;
    bias = twice & 0xFF000000u;
    if (bias < 0x71000000u) bias = 0x71000000u;
    bias = (bias >> 1) + 0x07800000u;
    rounded = bits & 0x7FFFFFFFu;
    memcpy(&base, &rounded, 4);
    memcpy(&shift, &bias, 4);
    /* 2^112 and 2^-110: what is too large for a half float becomes infinite. */
    base = base * 5192296858534827628530496329220096.0f * 7.70371977754894341222391177033970e-34f;
    base += shift;
    memcpy(&rounded, &base, 4);
    rounded = ((rounded >> 13) & 0x7C00u) + (rounded & 0x0FFFu);
    return (uint16_t)(((bits & 0x80000000u) >> 16) | (twice > 0xFF000000u ? 0x7E00u : rounded));
#endif
}

INLINE float smaller(float a, float b) { return a < b ? a : b; }
INLINE float larger(float a, float b) { return a > b ? a : b; }

/* Without `halves` there are only extremes. */
INLINE void convert_any_plain(
    const float *values, uint16_t *halves, int64_t count, float *low, float *high, const int stores)
{
    float lows[LANES], highs[LANES];
    int64_t i = 0;
    int k;
    for (k = 0; k < LANES; k++) { lows[k] = *low; highs[k] = *high; }
    for (; i + LANES <= count; i += LANES)
        for (k = 0; k < LANES; k++) {
            lows[k] = smaller(values[i + k], lows[k]);
            highs[k] = larger(values[i + k], highs[k]);
            if (stores) halves[i + k] = to_half(values[i + k]);
        }
    for (; i < count; i++) {
        lows[0] = smaller(values[i], lows[0]);
        highs[0] = larger(values[i], highs[0]);
        if (stores) halves[i] = to_half(values[i]);
    }
    for (k = 0; k < LANES; k++) {
        *low = smaller(lows[k], *low);
        *high = larger(highs[k], *high);
    }
}

static void convert_plain(const float *values, uint16_t *halves, int64_t count, float *low, float *high)
{
    if (halves) convert_any_plain(values, halves, count, low, high, 1);
    else convert_any_plain(values, halves, count, low, high, 0);
}

/* The halves alone, of a coarser level. */
static void halve_plain(const float *values, uint16_t *halves, int64_t count)
{
    int64_t i;
    for (i = 0; i < count; i++) halves[i] = to_half(values[i]);
}

#if HAS_WIDE
#define ROUNDING _MM_FROUND_TO_NEAREST_INT

WIDE_CODE INLINE void store_halves(uint16_t *halves, __m256 values)
{
    _mm_storeu_si128((__m128i *)halves, _mm256_cvtps_ph(values, ROUNDING));
}

WIDE_CODE static void halve_wide(const float *values, uint16_t *halves, int64_t count)
{
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) store_halves(halves + i, _mm256_loadu_ps(values + i));
    if (i == count) return;
    if (count >= LANES) /* some are converted twice */
        store_halves(halves + count - LANES, _mm256_loadu_ps(values + count - LANES));
    else
        for (; i < count; i++)
            halves[i] = (uint16_t)_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(values[i]), ROUNDING), 0);
}

WIDE_CODE INLINE float least(__m256 lanes)
{
    __m128 four = _mm_min_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
    four = _mm_min_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_min_ss(four, _mm_shuffle_ps(four, four, 1)));
}

WIDE_CODE INLINE void convert_any_wide(
    const float *values, uint16_t *halves, int64_t count, float *low, float *high, const int stores)
{
    __m256 lows, highs, other_lows, other_highs, a, b;
    int64_t i = 0;
    if (count < LANES) {
        for (; i < count; i++) {
            *low = smaller(values[i], *low);
            *high = larger(values[i], *high);
        }
        if (stores) halve_wide(values, halves, count);
        return;
    }
    lows = other_lows = _mm256_set1_ps(*low);
    highs = other_highs = _mm256_set1_ps(*high);
    for (; i + 2 * LANES <= count; i += 2 * LANES) {
        a = _mm256_loadu_ps(values + i);
        b = _mm256_loadu_ps(values + i + LANES);
        lows = _mm256_min_ps(a, lows);
        highs = _mm256_max_ps(a, highs);
        other_lows = _mm256_min_ps(b, other_lows);
        other_highs = _mm256_max_ps(b, other_highs);
        if (stores) {
            store_halves(halves + i, a);
            store_halves(halves + i + LANES, b);
        }
    }
    while (i < count) {
        /* The last values may be converted twice. */
        if (i + LANES > count) i = count - LANES;
        a = _mm256_loadu_ps(values + i);
        lows = _mm256_min_ps(a, lows);
        highs = _mm256_max_ps(a, highs);
        if (stores) store_halves(halves + i, a);
        i += LANES;
    }
    *low = least(_mm256_min_ps(lows, other_lows));
    /* The largest is the least of the opposites. */
    *high = -least(_mm256_sub_ps(_mm256_setzero_ps(), _mm256_max_ps(highs, other_highs)));
}

WIDE_CODE static void convert_wide(const float *values, uint16_t *halves, int64_t count, float *low, float *high)
{
    if (halves) convert_any_wide(values, halves, count, low, high, 1);
    else convert_any_wide(values, halves, count, low, high, 0);
}
#endif

#endif
