/* Fills a layer's block, half floats with their pyramid of means, in one pass over its maps.

   What a block is, see FeatureMaps in vrnn/network/feature_maps.py; the same in torch, which this is
   tested against, see vrnn/compute/passes/torch_filler.py. A segment of a map is converted, searched
   for its extremes and added up while it is in the first-level cache. Small maps have a way of their
   own, see small_maps.h. Where the channels of a position lie side by side, some channels at a time are
   turned into maps that stay in the second-level cache. */

#include "fill_task.h"
#include "half_floats.h"
#include "small_maps.h"
#include "square_means.h"
#include "turned_maps.h"

#define SEGMENT 4096  /* floats of a map that are worked on at a time, 16 KiB */
#define SHARE 32768   /* floats at least that a thread takes at a time */
#define TAKEN 256     /* values of the sample that are halved at a time */

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
