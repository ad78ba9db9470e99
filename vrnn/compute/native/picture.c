/* Enlarges a picture of a layer to the size at which the GPU has it, and makes its coarser levels.

   It is enlarged as Pillow does with 8-bit images: across, then down, each in whole numbers.
   The same in numpy and Pillow, which this is tested against: vrnn/workspace/distant_pictures.py,
   vrnn/render/picture_store.py. */

#include "native.h"

#define SIDE 64       /* PICTURE_SIDE */
#define LEVELS 5      /* PICTURE_LEVELS */
#define WIDE_SIDE (SIDE * 3 / 2)
#define CHANNELS 4
#define BITS 22       /* after the point, of weights */

INLINE uint8_t to_byte(int32_t sum)
{
    const int32_t level = sum >> BITS;
    return (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
}

/* A line of SIDE texels, each the sum of `count` weighted pixels from `first` on. */
static void enlarge_line_plain(
    const uint8_t *pixels, const int32_t *first, const int32_t *weights, int64_t count, uint8_t *texels)
{
    int64_t x, k, c;
    for (x = 0; x < SIDE; x++, weights += count) {
        const uint8_t *pixel = pixels + CHANNELS * first[x];
        int32_t sums[CHANNELS];
        for (c = 0; c < CHANNELS; c++) sums[c] = 1 << (BITS - 1);
        for (k = 0; k < count; k++)
            for (c = 0; c < CHANNELS; c++) sums[c] += weights[k] * pixel[CHANNELS * k + c];
        for (c = 0; c < CHANNELS; c++) texels[CHANNELS * x + c] = to_byte(sums[c]);
    }
}

#if HAS_WIDE
WIDE_CODE static void enlarge_line_wide(
    const uint8_t *pixels, const int32_t *first, const int32_t *weights, int64_t count, uint8_t *texels)
{
    int64_t x, k;
    for (x = 0; x < SIDE; x++, weights += count) {
        const uint8_t *pixel = pixels + CHANNELS * first[x];
        __m128i sum = _mm_set1_epi32(1 << (BITS - 1)), four;
        int32_t packed;
        for (k = 0; k < count; k++) {
            memcpy(&packed, pixel + CHANNELS * k, CHANNELS);
            four = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(packed));
            sum = _mm_add_epi32(sum, _mm_mullo_epi32(four, _mm_set1_epi32(weights[k])));
        }
        sum = _mm_packs_epi32(_mm_srai_epi32(sum, BITS), sum);
        packed = _mm_cvtsi128_si32(_mm_packus_epi16(sum, sum));
        memcpy(texels + CHANNELS * x, &packed, CHANNELS);
    }
}
#define ENLARGE_LINE (wide ? enlarge_line_wide : enlarge_line_plain)
#else
#define ENLARGE_LINE enlarge_line_plain
#endif

typedef struct {
    const uint8_t *pixels;          /* (height, width, 3) */
    int64_t height, width;
    const int32_t *columns, *rows;  /* (SIDE,) the pixel that the first weight of a texel is for */
    const int32_t *column_weights, *row_weights; /* (SIDE, column_count), (SIDE, row_count) */
    int64_t column_count, row_count;
    uint8_t *across;                /* (height, SIDE, 4) to work in */
    uint8_t *texels;                /* (SIDE, SIDE, 4) */
} Picture;

INLINE void enlarge(const Picture *p, const int wide)
{
    uint8_t line[SIDE * CHANNELS];
    int32_t sums[SIDE * CHANNELS];
    int64_t y, x, i, k;
    (void)wide;
    for (y = 0; y < p->height; y++) {
        const uint8_t *pixel = p->pixels + 3 * y * p->width;
        for (x = 0; x < p->width; x++, pixel += 3) {
            line[CHANNELS * x] = pixel[0];
            line[CHANNELS * x + 1] = pixel[1];
            line[CHANNELS * x + 2] = pixel[2];
            line[CHANNELS * x + 3] = 255;
        }
        ENLARGE_LINE(line, p->columns, p->column_weights, p->column_count, p->across + y * SIDE * CHANNELS);
    }
    for (y = 0; y < SIDE; y++) {
        uint8_t *row = p->texels + y * SIDE * CHANNELS;
        for (i = 0; i < SIDE * CHANNELS; i++) sums[i] = 1 << (BITS - 1);
        for (k = 0; k < p->row_count; k++) {
            const uint8_t *from = p->across + (p->rows[y] + k) * SIDE * CHANNELS;
            const int32_t weight = p->row_weights[y * p->row_count + k];
            for (i = 0; i < SIDE * CHANNELS; i++) sums[i] += weight * from[i];
        }
        for (i = 0; i < SIDE * CHANNELS; i++) row[i] = to_byte(sums[i]);
        for (x = 0; x < SIDE; x++) row[CHANNELS * x + 3] = 255;
    }
}

static void enlarge_plain(const Picture *p) { enlarge(p, 0); }

#if HAS_WIDE
WIDE_CODE static void enlarge_wide(const Picture *p) { enlarge(p, 1); }
#endif

/* Makes the texels of a picture of SIDE pixels each way at most; arguments as in Picture. */
EXPORT void vrnn_picture_texels(
    const uint8_t *pixels, int64_t height, int64_t width, const int32_t *columns, const int32_t *column_weights,
    int64_t column_count, const int32_t *rows, const int32_t *row_weights, int64_t row_count, uint8_t *across,
    uint8_t *texels, int wide)
{
    Picture p;
    p.pixels = pixels;
    p.height = height;
    p.width = width;
    p.columns = columns;
    p.column_weights = column_weights;
    p.column_count = column_count;
    p.rows = rows;
    p.row_weights = row_weights;
    p.row_count = row_count;
    p.across = across;
    p.texels = texels;
#if HAS_WIDE
    if (wide) {
        enlarge_wide(&p);
        return;
    }
#endif
    (void)wide;
    enlarge_plain(&p);
}

/* Writes a picture and beside it its coarser levels, see PictureStores.

   texels: (SIDE, SIDE, 4). found: (SIDE, WIDE_SIDE, 4). */
EXPORT void vrnn_picture_levels(const uint8_t *texels, uint8_t *found)
{
    const uint8_t *finer = found;
    uint8_t *level = found + SIDE * CHANNELS;
    int64_t side = SIDE / 2, y, x, c, depth;
    memset(found, 0, SIDE * WIDE_SIDE * CHANNELS);
    for (y = 0; y < SIDE; y++)
        memcpy(found + y * WIDE_SIDE * CHANNELS, texels + y * SIDE * CHANNELS, SIDE * CHANNELS);
    for (depth = 1; depth < LEVELS; depth++, side /= 2) {
        for (y = 0; y < side; y++) {
            const uint8_t *above = finer + 2 * y * WIDE_SIDE * CHANNELS, *below = above + WIDE_SIDE * CHANNELS;
            uint8_t *row = level + y * WIDE_SIDE * CHANNELS;
            for (x = 0; x < side; x++, above += 2 * CHANNELS, below += 2 * CHANNELS)
                for (c = 0; c < CHANNELS; c++)
                    row[CHANNELS * x + c] =
                        (uint8_t)((above[c] + above[CHANNELS + c] + below[c] + below[CHANNELS + c] + 2) / 4);
        }
        finer = level;
        level += side * WIDE_SIDE * CHANNELS;
    }
}
