/* Fills a layer's block, half floats with their pyramid of means, in one pass over its maps.

   What a block is, see FeatureMaps in vrnn/network/feature_maps.py; the same in torch, which this is
   tested against, see vrnn/compute/passes/torch_filler.py. A segment of a map is converted, searched
   for its extremes and added up while it is in the first-level cache. Of small maps eight are worked on
   at a time, a lane of the processor's each, with every sum in the same order. Where the channels of a
   position lie side by side, as torch's channels-last tensors have them, some channels at a time are
   turned into maps that stay in the second-level cache. */

#include <math.h>

#include "native.h"

#define STEP 4        /* PYRAMID_STEP; the sums below are written out for it */
#define SEGMENT 4096  /* floats of a map that are worked on at a time, 16 KiB */
#define LANES 8
#define SHARE 32768   /* floats at least that a thread takes at a time */
#define SMALL 1024    /* values of a map that is worked on beside seven others, at most */
#define TAKEN 256     /* values of the sample that are halved at a time */
#define LINE 16       /* floats that come into the cache at once */

typedef struct {
    const float *values;  /* (channels from `from` on, H, W) */
    const float *turned;  /* NULL, or (H, W, C) in place of values */
    int64_t from;
    uint16_t *block;      /* float16 */
    float *stats;         /* (3, C) minimum, maximum, mean, times the factor */
    float *scratch;       /* scratch_size floats for each thread */
    int64_t scratch_size;
    int64_t channels, height, width;
    uint16_t *sample;     /* float16, or NULL; see vrnn_fill_block */
    int64_t sample_step;
    float factor;
    int left_out;         /* how many of the finest levels the block lacks */
    int wide;
    int64_t next_channel, channels_at_once, next_thread;
} Task;

/* ---- one value -------------------------------------------------------------------------------- */

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

/* ---- halves and extremes of a segment ---------------------------------------------------------- */

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

/* ---- means over squares ------------------------------------------------------------------------ */

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

/* ---- channels ---------------------------------------------------------------------------------- */

#if HAS_WIDE
#define CONVERT (wide ? convert_wide : convert_plain)
#define HALVE (wide ? halve_wide : halve_plain)
#define REDUCE (wide ? reduce_wide : reduce_plain)
#else
#define CONVERT convert_plain
#define HALVE halve_plain
#define REDUCE reduce_plain
#endif

/* Takes the part of the sample that lies between two values of the layer. */
INLINE void take_sample(const Task *task, int64_t begin, int64_t end, const int wide)
{
    const int64_t step = task->sample_step, before = task->from * task->height * task->width;
    float taken[TAKEN];
    int64_t i = (begin + step - 1) / step, last = (end + step - 1) / step, k, count;
    (void)wide;
    if (step == 1) {
        HALVE(task->values + begin - before, task->sample + begin, end - begin);
        return;
    }
    for (; i < last; i += count) {
        const float *values = task->values + i * step - before;
        count = last - i < TAKEN ? last - i : TAKEN;
        for (k = 0; k < count; k++) taken[k] = values[k * step];
        HALVE(taken, task->sample + i, count);
    }
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

/* ---- maps of channels that lie side by side ------------------------------------------------------ */

/* (size, apart) values, of which the first `count` columns become maps (count, size). */
static void turn_plain(const float *values, int64_t apart, int64_t size, int64_t count, float *maps)
{
    int64_t i, c;
    for (i = 0; i < size; i++)
        for (c = 0; c < count; c++) maps[c * size + i] = values[i * apart + c];
}

#if HAS_WIDE
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

/* Whether a layer's maps are so small that eight are worked on at a time. */
INLINE int is_small(int64_t height, int64_t width)
{
    return height * width > 1 && height * width <= SMALL && width < STEP * LANES;
}

/* Fills what belongs to channels first … last - 1. */
INLINE void fill_channels(const Task *task, float *scratch, int64_t first, int64_t last, const int wide)
{
    const int64_t channels = task->channels, height = task->height, width = task->width;
    const int64_t size = height * width;
    const int64_t next_width = (width + STEP - 1) / STEP, next_height = (height + STEP - 1) / STEP;
    /* Whole squares at a time. */
    const int64_t bands = STEP * width < SEGMENT ? SEGMENT / (STEP * width) : 1;
    float *sums = scratch, *scaled = sums + width, *means, *coarser;
    int64_t channel, y, h, w, i, count;
    float *first_means = scaled + (task->factor == 1 ? 0 : STEP * bands * width);
    if (size == 1) {
        float *lowest = task->stats + first;
        count = last - first;
        for (i = 0; i < count; i++)
            lowest[i] = lowest[channels + i] = lowest[2 * channels + i] = task->values[first + i - task->from] * task->factor;
        HALVE(lowest, task->block + first, count);
        HALVE(lowest, task->block + channels + first, count);
        if (!task->left_out) HALVE(lowest, task->block + 2 * channels + first, count);
        if (task->sample) take_sample(task, first, last, wide);
        return;
    }
#if HAS_WIDE
    if (wide && task->factor == 1 && last - first >= LANES && is_small(height, width)) {
        for (channel = first; channel < last; channel += LANES) {
            /* The last channels may be done twice. */
            const int64_t begin = channel + LANES > last ? last - LANES : channel;
            fill_lanes(task, scratch, begin);
            if (task->sample) take_sample(task, begin * size, (begin + LANES) * size, wide);
        }
        return;
    }
#endif
    for (channel = first; channel < last; channel++) {
        const float *values = task->values + (channel - task->from) * size;
        uint16_t *level = task->block + 2 * channels;
        float low = values[0] * task->factor, high = low;
        double total = 0;
        int depth = 0;
        for (y = 0; y < height; y += STEP * bands) {
            const float *segment = values + y * width;
            h = height - y < STEP * bands ? height - y : STEP * bands;
            count = h * width;
            if (task->factor != 1) {
                for (i = 0; i < count; i++) scaled[i] = segment[i] * task->factor;
                segment = scaled;
            }
            CONVERT(
                segment, task->left_out ? NULL : level + channel * size + y * width, count, &low, &high);
            total += REDUCE(segment, first_means + y / STEP * next_width, sums, h, width);
            if (task->sample) take_sample(task, channel * size + y * width, channel * size + y * width + count, wide);
        }
        if (!task->left_out) level += channels * size;
        means = first_means;
        coarser = means + next_height * next_width;
        h = next_height;
        w = next_width;
        do {
            float *before = means;
            count = h * w;
            if (++depth >= task->left_out) {
                HALVE(means, level + channel * count, count);
                level += channels * count;
            }
            if (count > 1) {
                REDUCE(means, coarser, sums, h, w);
                means = coarser;
                coarser = before;
                h = (h + STEP - 1) / STEP;
                w = (w + STEP - 1) / STEP;
            }
        } while (count > 1);
        total /= (double)size;
        /* Comparisons pass over NaN: the mean alone tells of one. */
        if (!(total - total == 0)) low = high = (float)total;
        task->stats[channel] = low;
        task->stats[channels + channel] = high;
        task->stats[2 * channels + channel] = (float)total;
        task->block[channel] = to_half(low);
        task->block[channels + channel] = to_half(high);
    }
}

#if HAS_WIDE
WIDE_CODE static void fill_channels_wide(const Task *task, float *scratch, int64_t first, int64_t last)
{
    fill_channels(task, scratch, first, last, 1);
}
#endif

static void fill_channels_plain(const Task *task, float *scratch, int64_t first, int64_t last)
{
    fill_channels(task, scratch, first, last, 0);
}

/* What each thread does: takes channels until there are none. */
static void run_thread(void *data)
{
    Task *task = (Task *)data, part = *task;
    float *scratch = task->scratch + TAKE_NEXT(&task->next_thread, 1) * task->scratch_size;
    const int64_t size = task->height * task->width;
    float *maps = scratch;
    int64_t first, last;
    if (task->turned) {
        part.values = maps;
        scratch += task->channels_at_once * size;
    }
    for (;;) {
        first = TAKE_NEXT(&task->next_channel, task->channels_at_once);
        if (first >= task->channels) return;
        last = first + task->channels_at_once;
        if (last > task->channels) last = task->channels;
        if (task->turned) part.from = first;
#if HAS_WIDE
        if (task->wide) {
            if (task->turned) turn_wide(task->turned + first, task->channels, size, last - first, maps);
            fill_channels_wide(&part, scratch, first, last);
            continue;
        }
#endif
        if (task->turned) turn_plain(task->turned + first, task->channels, size, last - first, maps);
        fill_channels_plain(&part, scratch, first, last);
    }
}

/* How many channels a thread takes at a time. */
static int64_t share_of_thread(int64_t height, int64_t width, int side_by_side)
{
    const int64_t size = height * width, whole = side_by_side ? LINE : is_small(height, width) ? LANES : 1;
    const int64_t channels = size < SHARE ? SHARE / size : 1;
    return (channels + whole - 1) / whole * whole;
}

/* Floats that each thread needs to work in. side_by_side: see vrnn_fill_block. */
EXPORT int64_t vrnn_fill_block_scratch(int64_t height, int64_t width, int side_by_side)
{
    int64_t next = ((height + STEP - 1) / STEP) * ((width + STEP - 1) / STEP);
    int64_t segment = STEP * width < SEGMENT ? SEGMENT : STEP * width;
    /* Sums of rows, a scaled segment, the level below, and half of it again for those after. */
    int64_t floats = width + segment + next + (next + STEP + 1) / 2 + 16;
    int64_t lanes = is_small(height, width) ? LANES * (height * width + 2 * next + 16) : 0;
    int64_t maps = side_by_side ? share_of_thread(height, width, 1) * height * width : 0;
    return maps + (floats > lanes ? floats : lanes);
}

/* Fills a block, which may lack the finest levels of its pyramid.

   side_by_side: whether values are (H, W, C); else (C, H, W).
   sample: gets every sample_step-th of all values, and is not for factors but 1; NULL for none.
   wide: whether the processor has AVX2 and F16C. threads: how many work at most, each in its own
   scratch. run_threads: GOMP_parallel of the OpenMP that the model runs with; NULL for one thread.
   Returns the largest |value|; not a finite number where there is another. */
EXPORT float vrnn_fill_block(
    const float *values, uint16_t *block, float *stats, uint16_t *sample, int64_t sample_step, float *scratch,
    int64_t scratch_size, int64_t channels, int64_t height, int64_t width, int side_by_side, float factor,
    int left_out, int wide, unsigned threads,
    void (*run_threads)(void (*)(void *), void *, unsigned, unsigned))
{
    Task task;
    int64_t channel;
    float peak = 0;
    task.values = values;
    task.turned = side_by_side ? values : NULL;
    task.from = 0;
    task.block = block;
    task.stats = stats;
    task.sample = sample;
    task.sample_step = sample_step;
    task.scratch = scratch;
    task.scratch_size = scratch_size;
    task.channels = channels;
    task.height = height;
    task.width = width;
    task.factor = factor;
    task.left_out = left_out;
    task.wide = wide;
    task.next_channel = task.next_thread = 0;
    task.channels_at_once = share_of_thread(height, width, side_by_side);
    if (run_threads && threads > 1)
        run_threads(run_thread, &task, threads, 0);
    else {
        if (!side_by_side) task.channels_at_once = channels;
        run_thread(&task);
    }
    for (channel = 0; channel < channels; channel++) {
        if (!(stats[channel] - stats[channel] == 0)) return stats[channel];
        peak = larger(larger(-stats[channel], stats[channels + channel]), peak);
    }
    return peak;
}
