/* Fills a layer's block, half floats with their pyramid of means, in one pass over its maps.

   What a block is, see FeatureMaps in vrnn/network/feature_maps.py; the same in torch, which this is
   tested against, see vrnn/compute/passes/torch_filler.py. A segment of a map is converted, searched
   for its extremes and added up while it is in the first-level cache. */

#include "native.h"

#define STEP 4        /* PYRAMID_STEP; the sums below are written out for it */
#define SEGMENT 4096  /* floats of a map that are worked on at a time, 16 KiB */
#define LANES 8
#define SHARE 32768   /* floats at least that a thread takes at a time */

typedef struct {
    const float *values;  /* (C, H, W) */
    uint16_t *block;      /* float16 */
    float *stats;         /* (3, C) minimum, maximum, mean, times the factor */
    float *scratch;       /* scratch_size floats for each thread */
    int64_t scratch_size;
    int64_t channels, height, width;
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
            lowest[i] = lowest[channels + i] = lowest[2 * channels + i] = task->values[first + i] * task->factor;
        HALVE(lowest, task->block + first, count);
        HALVE(lowest, task->block + channels + first, count);
        if (!task->left_out) HALVE(lowest, task->block + 2 * channels + first, count);
        return;
    }
    for (channel = first; channel < last; channel++) {
        const float *values = task->values + channel * size;
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
    Task *task = (Task *)data;
    float *scratch = task->scratch + TAKE_NEXT(&task->next_thread, 1) * task->scratch_size;
    int64_t first, last;
    for (;;) {
        first = TAKE_NEXT(&task->next_channel, task->channels_at_once);
        if (first >= task->channels) return;
        last = first + task->channels_at_once;
        if (last > task->channels) last = task->channels;
#if HAS_WIDE
        if (task->wide) {
            fill_channels_wide(task, scratch, first, last);
            continue;
        }
#endif
        fill_channels_plain(task, scratch, first, last);
    }
}

/* Floats that each thread needs to work in. */
EXPORT int64_t vrnn_fill_block_scratch(int64_t height, int64_t width)
{
    int64_t next = ((height + STEP - 1) / STEP) * ((width + STEP - 1) / STEP);
    int64_t segment = STEP * width < SEGMENT ? SEGMENT : STEP * width;
    /* Sums of rows, a scaled segment, the level below, and half of it again for those after. */
    return width + segment + next + (next + STEP + 1) / 2 + 16;
}

/* Fills a block, which may lack the finest levels of its pyramid.

   wide: whether the processor has AVX2 and F16C. threads: how many work at most, each in its own
   scratch. run_threads: GOMP_parallel of the OpenMP that the model runs with; NULL for one thread.
   Returns the largest |value|; not a finite number where there is another. */
EXPORT float vrnn_fill_block(
    const float *values, uint16_t *block, float *stats, float *scratch, int64_t scratch_size,
    int64_t channels, int64_t height, int64_t width, float factor, int left_out, int wide, unsigned threads,
    void (*run_threads)(void (*)(void *), void *, unsigned, unsigned))
{
    Task task;
    int64_t size = height * width, channel;
    float peak = 0;
    task.values = values;
    task.block = block;
    task.stats = stats;
    task.scratch = scratch;
    task.scratch_size = scratch_size;
    task.channels = channels;
    task.height = height;
    task.width = width;
    task.factor = factor;
    task.left_out = left_out;
    task.wide = wide;
    task.next_channel = task.next_thread = 0;
    task.channels_at_once = size < SHARE ? SHARE / size : 1;
    if (run_threads && threads > 1)
        run_threads(run_thread, &task, threads, 0);
    else {
        task.channels_at_once = channels;
        run_thread(&task);
    }
    for (channel = 0; channel < channels; channel++) {
        if (!(stats[channel] - stats[channel] == 0)) return stats[channel];
        peak = larger(larger(-stats[channel], stats[channels + channel]), peak);
    }
    return peak;
}
