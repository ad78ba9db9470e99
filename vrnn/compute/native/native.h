/* What the native code shares. It is called by ctypes, so it needs no header of Python's. On x86 there
   is a second version of it that uses AVX2, FMA and F16C, where torch says that the processor has
   them. */

#ifndef VRNN_NATIVE_H
#define VRNN_NATIVE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) || defined(_M_X64)
#define HAS_WIDE 1
#include <immintrin.h>
#else
#define HAS_WIDE 0
#endif

#if defined(_MSC_VER)
#include <intrin.h>
#define EXPORT __declspec(dllexport)
#define INLINE static __forceinline
#define WIDE_CODE
#define RESTRICT __restrict
#define TAKE_NEXT(counter, count) (_InterlockedExchangeAdd64((counter), (count)))
#else
#define EXPORT __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))
#define WIDE_CODE __attribute__((target("avx2,fma,f16c")))
#define RESTRICT restrict
#define TAKE_NEXT(counter, count) (__atomic_fetch_add((counter), (count), __ATOMIC_RELAXED))
#endif

/* In portrait.c, see there. */
EXPORT int64_t vrnn_portrait_scratch(int64_t channels, int64_t count);

EXPORT int vrnn_portrait(
    const float *values, int side_by_side, int64_t channels, int64_t positions, int64_t first, int64_t step,
    int64_t count, int64_t channel_step, const float *start, const float *before, float *scratch, float *basis,
    float *scores, int wide, unsigned threads, void (*run_threads)(void (*)(void *), void *, unsigned, unsigned));

EXPORT int vrnn_portrait_colors(
    float *scores, const float *target, int64_t positions, float contrast, double free_part, double rounding,
    float *colors, uint8_t *bytes, int wide);

/* In turn_portraits.c, see there. */
EXPORT void vrnn_resize_picture(
    const float *picture, int64_t from_height, int64_t from_width, int64_t height, int64_t width, float *resized);

#endif
