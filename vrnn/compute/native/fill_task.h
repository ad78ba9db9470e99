/* What is to be filled, see fill_block.c. */

#ifndef VRNN_FILL_TASK_H
#define VRNN_FILL_TASK_H

#include "native.h"

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

#endif
