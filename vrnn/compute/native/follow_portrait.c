/* The portrait of a layer that had one in the frame before of a stream.

   What it needs of a layer is prepared once, so that little is left to be done for each frame but to read
   the layer's values. vrnn/compute/passes/portraits.py does the same in steps. */

#include "native.h"

#define COMPONENTS 3

/* A layer, or the image that goes in, of which only `height`, `width`, `colors_now` and `frame` count. */
typedef struct Followed {
    int64_t channels, rows, columns;          /* of its maps */
    int64_t height, width;                    /* of its portrait */
    int64_t first, step, count, channel_step; /* see vrnn_portrait */
    int64_t probe_step;                       /* how far apart the values are that are handed out */
    struct Followed *const *feeding;          /* the layers that feed it */
    int64_t feeding_count;
    float *bases[2];   /* (3, channels) each */
    float *colors[2];  /* (3, height, width) each */
    float *scratch;    /* see vrnn_follow_scratch */
    const float *basis_now, *colors_now; /* of the newest frame; one of these, or elsewhere */
    int64_t frame;                       /* which frame that was */
    double free_part, rounding;          /* see vrnn_portrait_colors */
    float steadiness, contrast;          /* weight of its colors in the frame before; as there */
    int32_t wide;
    uint32_t threads;
    void (*run_threads)(void (*)(void *), void *, unsigned, unsigned);
} Followed;

/* Floats that the portrait of a layer is made in. */
EXPORT int64_t vrnn_follow_scratch(int64_t channels, int64_t count, int64_t positions, int64_t pixels)
{
    return vrnn_portrait_scratch(channels, count) + COMPONENTS * (positions + 3 * pixels);
}

/* Every so many values of maps, counted map after map. */
static void take_probes(const Followed *f, const float *values, int side_by_side, float *probes)
{
    const int64_t positions = f->rows * f->columns, total = f->channels * positions;
    int64_t i;
    for (i = 0; i < total; i += f->probe_step)
        *probes++ = side_by_side ? values[i % positions * f->channels + i / positions] : values[i];
}

/* Makes the portrait of a frame.

   values, side_by_side: as in vrnn_portrait. bytes: (height, width, 3). probes: takes every probe_step-th
   value. Returns 1 or 2, which of its bases and colors are those of the frame; 0 where the frame is to be
   done in steps: a layer that feeds it has no colors of this frame, or values are not finite, or have
   nothing in common with those of the layers that feed it. */
EXPORT int vrnn_follow_portrait(
    Followed *f, const float *values, int side_by_side, int64_t frame, uint8_t *bytes, float *probes)
{
    const int64_t positions = f->rows * f->columns, pixels = f->height * f->width, size = COMPONENTS * pixels;
    const int next = f->basis_now == f->bases[0];
    float *scores = f->scratch + vrnn_portrait_scratch(f->channels, f->count);
    float *small = scores + COMPONENTS * positions, *wanted = small + size, *fed = wanted + size;
    int64_t i, k;
    for (k = 0; k < f->feeding_count; k++)
        if (f->feeding[k]->frame != frame) return 0;
    for (k = 0; k < f->feeding_count; k++) {
        const Followed *source = f->feeding[k];
        const float *colors = source->colors_now;
        if (source->height != f->height || source->width != f->width) {
            vrnn_resize_picture(colors, source->height, source->width, f->height, f->width, fed);
            colors = fed;
        }
        if (k)
            for (i = 0; i < size; i++) wanted[i] += colors[i];
        else
            memcpy(wanted, colors, (size_t)size * sizeof *wanted);
    }
    if (f->feeding_count > 1)
        for (i = 0; i < size; i++) wanted[i] /= (float)f->feeding_count;
    if (f->frame == frame - 1)
        for (i = 0; i < size; i++) wanted[i] += f->steadiness * f->colors_now[i];
    if (!vrnn_portrait(
            values, side_by_side, f->channels, positions, f->first, f->step, f->count, f->channel_step, NULL,
            f->basis_now, f->scratch, f->bases[next], scores, f->wide, f->threads, f->run_threads))
        return 0;
    if (pixels != positions) {
        vrnn_resize_picture(scores, f->rows, f->columns, f->height, f->width, small);
        scores = small;
    }
    if (!vrnn_portrait_colors(
            scores, wanted, pixels, f->contrast, f->free_part, f->rounding, f->colors[next], bytes, f->wide))
        return 0;
    take_probes(f, values, side_by_side, probes);
    f->basis_now = f->bases[next];
    f->colors_now = f->colors[next];
    f->frame = frame;
    return 1 + next;
}
