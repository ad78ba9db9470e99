/* The portrait of a layer: its features in a basis near the first three components, and their colors.

   The same in numpy and torch, which this is tested against, lies in
   vrnn/compute/passes/portrait_components.py. Signs of eigenvectors may differ; the portrait does not
   depend on them. */

#include <math.h>

#include "native.h"

#define COMPONENTS 3
#define LANES 8
#define CHANNELS_AT_ONCE 8192  /* floats of channels that a thread takes at a time, 32 KiB */
#define POSITIONS_AT_ONCE 2048 /* 24 KiB of scores, which stay in the first-level cache */
#define FLAT 1e-9              /* as in portrait_components.py */
#define SWEEPS 12              /* of Jacobi's method, which is done after four or five */

/* Eigenvalues of a symmetric matrix, and its eigenvectors as columns, by Jacobi's method. */
static void eigenvectors(double matrix[COMPONENTS][COMPONENTS], double vectors[COMPONENTS][COMPONENTS])
{
    int sweep, p, q, i;
    for (p = 0; p < COMPONENTS; p++)
        for (q = 0; q < COMPONENTS; q++) vectors[p][q] = p == q;
    for (sweep = 0; sweep < SWEEPS; sweep++)
        for (p = 0; p < COMPONENTS - 1; p++)
            for (q = p + 1; q < COMPONENTS; q++) {
                double off = matrix[p][q], theta, tangent, cosine, sine, a, b;
                if (off == 0) continue;
                theta = (matrix[q][q] - matrix[p][p]) / (2 * off);
                tangent = (theta < 0 ? -1.0 : 1.0) / (fabs(theta) + sqrt(theta * theta + 1));
                cosine = 1 / sqrt(tangent * tangent + 1);
                sine = tangent * cosine;
                for (i = 0; i < COMPONENTS; i++) {
                    a = matrix[i][p];
                    b = matrix[i][q];
                    matrix[i][p] = cosine * a - sine * b;
                    matrix[i][q] = sine * a + cosine * b;
                }
                for (i = 0; i < COMPONENTS; i++) {
                    a = matrix[p][i];
                    b = matrix[q][i];
                    matrix[p][i] = cosine * a - sine * b;
                    matrix[q][i] = sine * a + cosine * b;
                    a = vectors[i][p];
                    b = vectors[i][q];
                    vectors[i][p] = cosine * a - sine * b;
                    vectors[i][q] = sine * a + cosine * b;
                }
            }
}

/* (3,) products of (3, count) rows with one line of values. */
static void products_plain(const float *rows, int64_t count, const float *line, float *found)
{
    float sums[COMPONENTS][LANES] = {{0}};
    int64_t i = 0;
    int r, k;
    for (; i + LANES <= count; i += LANES)
        for (r = 0; r < COMPONENTS; r++)
            for (k = 0; k < LANES; k++) sums[r][k] += rows[r * count + i + k] * line[i + k];
    for (; i < count; i++)
        for (r = 0; r < COMPONENTS; r++) sums[r][0] += rows[r * count + i] * line[i];
    for (r = 0; r < COMPONENTS; r++)
        found[r] = ((sums[r][0] + sums[r][1]) + (sums[r][2] + sums[r][3])) +
                   ((sums[r][4] + sums[r][5]) + (sums[r][6] + sums[r][7]));
}

/* Adds to each of three rows, which are `apart`, its weights times `lines` lines, which are `stride`
   apart; one or four lines. weights: (lines, 3). */
INLINE void add_products_plain(
    const float *RESTRICT weights, int lines, const float *RESTRICT line, int64_t stride, float *RESTRICT rows,
    int64_t apart, int64_t count)
{
    int64_t i;
    int r, k;
    for (k = 0; k < lines; k++)
        for (r = 0; r < COMPONENTS; r++) {
            const float weight = weights[COMPONENTS * k + r], *values = line + k * stride;
            float *row = rows + r * apart;
            for (i = 0; i < count; i++) row[i] += weight * values[i];
        }
}

#if HAS_WIDE
WIDE_CODE INLINE float sum_of_lanes(__m256 lanes)
{
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_shuffle_ps(four, four, 1)));
}

WIDE_CODE static void products_wide(const float *rows, int64_t count, const float *line, float *found)
{
    __m256 first = _mm256_setzero_ps(), second = first, third = first, values;
    int64_t i = 0;
    int r;
    for (; i + LANES <= count; i += LANES) {
        values = _mm256_loadu_ps(line + i);
        first = _mm256_fmadd_ps(_mm256_loadu_ps(rows + i), values, first);
        second = _mm256_fmadd_ps(_mm256_loadu_ps(rows + count + i), values, second);
        third = _mm256_fmadd_ps(_mm256_loadu_ps(rows + 2 * count + i), values, third);
    }
    found[0] = sum_of_lanes(first);
    found[1] = sum_of_lanes(second);
    found[2] = sum_of_lanes(third);
    for (; i < count; i++)
        for (r = 0; r < COMPONENTS; r++) found[r] += rows[r * count + i] * line[i];
}

WIDE_CODE INLINE void add_products_wide(
    const float *weights, const int lines, const float *line, int64_t stride, float *rows, int64_t apart,
    int64_t count)
{
    __m256 spread[4][COMPONENTS], sums[COMPONENTS], values;
    int64_t i = 0;
    int r, k;
    for (k = 0; k < lines; k++)
        for (r = 0; r < COMPONENTS; r++) spread[k][r] = _mm256_set1_ps(weights[COMPONENTS * k + r]);
    for (; i + LANES <= count; i += LANES) {
        for (r = 0; r < COMPONENTS; r++) sums[r] = _mm256_loadu_ps(rows + r * apart + i);
        for (k = 0; k < lines; k++) {
            values = _mm256_loadu_ps(line + k * stride + i);
            for (r = 0; r < COMPONENTS; r++) sums[r] = _mm256_fmadd_ps(spread[k][r], values, sums[r]);
        }
        for (r = 0; r < COMPONENTS; r++) _mm256_storeu_ps(rows + r * apart + i, sums[r]);
    }
    for (; i < count; i++)
        for (k = 0; k < lines; k++)
            for (r = 0; r < COMPONENTS; r++)
                rows[r * apart + i] += weights[COMPONENTS * k + r] * line[k * stride + i];
}

WIDE_CODE static void add_one_wide(
    const float *weights, const float *line, int64_t stride, float *rows, int64_t apart, int64_t count)
{
    add_products_wide(weights, 1, line, stride, rows, apart, count);
}

WIDE_CODE static void add_four_wide(
    const float *weights, const float *line, int64_t stride, float *rows, int64_t apart, int64_t count)
{
    add_products_wide(weights, 4, line, stride, rows, apart, count);
}
#endif

static void add_one_plain(
    const float *weights, const float *line, int64_t stride, float *rows, int64_t apart, int64_t count)
{
    add_products_plain(weights, 1, line, stride, rows, apart, count);
}

static void add_four_plain(
    const float *weights, const float *line, int64_t stride, float *rows, int64_t apart, int64_t count)
{
    add_products_plain(weights, 4, line, stride, rows, apart, count);
}

#if HAS_WIDE
#define PRODUCTS (wide ? products_wide : products_plain)
#define ADD_ONE (wide ? add_one_wide : add_one_plain)
#define ADD_FOUR (wide ? add_four_wide : add_four_plain)
#else
#define PRODUCTS products_plain
#define ADD_ONE add_one_plain
#define ADD_FOUR add_four_plain
#endif

/* Adds weights times `lines` lines to three rows. */
INLINE void add_lines(
    const float *weights, int64_t lines, const float *line, int64_t stride, float *rows, int64_t apart,
    int64_t count, const int wide)
{
    int64_t k = 0;
    (void)wide;
    for (; k + 4 <= lines; k += 4)
        ADD_FOUR(weights + COMPONENTS * k, line + k * stride, stride, rows, apart, count);
    for (; k < lines; k++) ADD_ONE(weights + COMPONENTS * k, line + k * stride, stride, rows, apart, count);
}

typedef struct {
    const float *values;        /* (channels, positions), or (positions, channels) if side_by_side */
    int side_by_side;
    int64_t channels, positions;
    int64_t first, step, count; /* which positions the components are found from */
    int64_t channel_step;       /* every so many channels tell where the iteration starts */
    const float *start;         /* (3, count) where it starts in positions; else NULL */
    const float *before;        /* (3, channels) where it starts in channels; else NULL */
    float *basis, *scores;      /* (3, channels), (3, positions) */
    float *sampled;             /* (channels, count) to work in */
    const float *sample;        /* that, or the values where all positions count */
    float *spread, *turned;     /* (3, count) to work in */
    float *positioned;          /* (count, 3) to work in */
    float *weights;             /* (channels, 3) to work in */
    int wide;
    unsigned threads;
    void (*run_threads)(void (*)(void *), void *, unsigned, unsigned);
} Portrait;

/* ---- what threads share: channels or positions first … last - 1 ------------------------------- */

typedef void (*Part)(const Portrait *p, int64_t first, int64_t last);

typedef struct {
    const Portrait *p;
    Part part;
    int64_t next, at_once, total;
} Share;

static void run_share(void *data)
{
    Share *share = (Share *)data;
    int64_t first, last;
    for (;;) {
        first = TAKE_NEXT(&share->next, share->at_once);
        if (first >= share->total) return;
        last = first + share->at_once;
        share->part(share->p, first, last < share->total ? last : share->total);
    }
}

/* Does all of a part, `at_once` channels or positions at a time. Results do not depend on who does what. */
static void do_part(const Portrait *p, Part part, int64_t total, int64_t at_once)
{
    Share share;
    if (!p->run_threads || p->threads < 2) {
        part(p, 0, total);
        return;
    }
    share.p = p;
    share.part = part;
    share.next = 0;
    share.at_once = at_once;
    share.total = total;
    p->run_threads(run_share, &share, p->threads, 0);
}

/* Takes the positions that count from channels, and finds where the iteration starts in them. */
static void sample_channels(const Portrait *p, int64_t first, int64_t last)
{
    const int64_t count = p->count;
    const int wide = p->wide;
    int64_t c, i;
    int r;
    (void)wide;
    for (c = first; c < last; c++) {
        if (p->step > 1) {
            const float *values = p->values + c * p->positions + p->first;
            float *taken = p->sampled + c * count;
            for (i = 0; i < count; i++) taken[i] = values[i * p->step];
        }
        if (c % p->channel_step == 0) {
            float *three = p->weights + COMPONENTS * (c / p->channel_step);
            if (p->start)
                PRODUCTS(p->start, count, p->sample + c * count, three);
            else
                for (r = 0; r < COMPONENTS; r++) three[r] = p->before[r * p->channels + c];
        }
    }
}

/* Sums of positions times three weights each, as three rows over channels; of values side by side. */
static void add_positions(const Portrait *p, int64_t first, int64_t last)
{
    const int64_t channels = p->channels;
    int64_t c;
    int r;
    for (r = 0; r < COMPONENTS; r++)
        for (c = first; c < last; c++) p->basis[r * channels + c] = 0;
    add_lines(
        p->positioned, p->count, p->values + p->first * channels + first, p->step * channels, p->basis + first,
        channels, last - first, p->wide);
}

/* (3, count) rows as (count, 3). */
static void turn_rows(const float *rows, int64_t count, float *turned)
{
    int64_t i;
    int r;
    for (i = 0; i < count; i++)
        for (r = 0; r < COMPONENTS; r++) turned[COMPONENTS * i + r] = rows[r * count + i];
}

/* Where the iteration starts in channels, as sample_channels finds it; of values side by side. */
static void start_channels(const Portrait *p, int64_t some)
{
    const float *rows = p->before;
    int64_t k;
    int r;
    if (p->start) {
        turn_rows(p->start, p->count, p->positioned);
        add_positions(p, 0, p->channels);
        rows = p->basis;
    }
    for (k = 0; k < some; k++)
        for (r = 0; r < COMPONENTS; r++) p->weights[COMPONENTS * k + r] = rows[r * p->channels + k * p->channel_step];
}

/* Spreads these weights over the positions that count; of values side by side. */
static void spread_positions(const Portrait *p, int64_t some)
{
    float *rows = p->sampled, *line = rows + COMPONENTS * some, found[COMPONENTS];
    const int wide = p->wide;
    int64_t i, k;
    int r;
    (void)wide;
    for (k = 0; k < some; k++)
        for (r = 0; r < COMPONENTS; r++) rows[r * some + k] = p->weights[COMPONENTS * k + r];
    for (i = 0; i < p->count; i++) {
        const float *values = p->values + (p->first + i * p->step) * p->channels;
        if (p->channel_step > 1)
            for (k = 0; k < some; k++) line[k] = values[k * p->channel_step];
        PRODUCTS(rows, some, p->channel_step > 1 ? line : values, found);
        for (r = 0; r < COMPONENTS; r++) p->spread[r * p->count + i] = found[r];
    }
}

/* Rows of the basis, of any length. */
static void find_basis(const Portrait *p, int64_t first, int64_t last)
{
    const int wide = p->wide;
    float found[COMPONENTS];
    int64_t c;
    int r;
    (void)wide;
    for (c = first; c < last; c++) {
        PRODUCTS(p->turned, p->count, p->sample + c * p->count, found);
        for (r = 0; r < COMPONENTS; r++) p->basis[r * p->channels + c] = found[r];
    }
}

/* Scores of positions. */
static void find_scores(const Portrait *p, int64_t first, int64_t last)
{
    const int64_t positions = p->positions;
    const int wide = p->wide;
    int64_t begin, length, i;
    float found[COMPONENTS];
    int r;
    (void)wide;
    if (p->side_by_side) {
        for (i = first; i < last; i++) {
            PRODUCTS(p->basis, p->channels, p->values + i * p->channels, found);
            for (r = 0; r < COMPONENTS; r++) p->scores[r * positions + i] = found[r];
        }
        return;
    }
    for (r = 0; r < COMPONENTS; r++)
        for (i = first; i < last; i++) p->scores[r * positions + i] = 0;
    for (begin = first; begin < last; begin += length) {
        length = last - begin < POSITIONS_AT_ONCE ? last - begin : POSITIONS_AT_ONCE;
        add_lines(
            p->weights, p->channels, p->values + begin, positions, p->scores + begin, positions, length, p->wide);
    }
}

/* ---- the whole ---------------------------------------------------------------------------------- */

INLINE int portrait(const Portrait *p, const int wide)
{
    const int64_t channels = p->channels, positions = p->positions, count = p->count;
    const int64_t some = (channels + p->channel_step - 1) / p->channel_step;
    float *spread = p->spread, *turned = p->turned, *weights = p->weights;
    double gram[COMPONENTS][COMPONENTS], vectors[COMPONENTS][COMPONENTS], inverse[COMPONENTS];
    double lengths[COMPONENTS] = {0}, largest = 0;
    float greatest = 1e-30f;
    int64_t c, i;
    int r, s;
    if (p->side_by_side) start_channels(p, some);
    else do_part(p, sample_channels, channels, 1 + CHANNELS_AT_ONCE / (1 + count));
    for (c = 0; c < some * COMPONENTS; c++)
        if (fabsf(weights[c]) > greatest) greatest = fabsf(weights[c]);
    /* Squares of tiny or huge features are to stay in range. */
    for (c = 0; p->start && c < some * COMPONENTS; c++) weights[c] /= greatest;
    if (p->side_by_side) spread_positions(p, some);
    else {
        for (i = 0; i < COMPONENTS * count; i++) spread[i] = 0;
        add_lines(weights, some, p->sample, p->channel_step * count, spread, count, count, wide);
    }
    for (r = 0; r < COMPONENTS; r++) {
        double mean = 0;
        for (i = 0; i < count; i++) mean += spread[r * count + i];
        mean /= (double)count;
        if (!(mean - mean == 0)) return 0;
        for (i = 0; i < count; i++) spread[r * count + i] -= (float)mean;
    }
    for (r = 0; r < COMPONENTS; r++)
        for (s = 0; s <= r; s++) {
            double sum = 0;
            for (i = 0; i < count; i++) sum += (double)spread[r * count + i] * spread[s * count + i];
            gram[r][s] = gram[s][r] = sum;
        }
    eigenvectors(gram, vectors);
    for (r = 0; r < COMPONENTS; r++)
        if (gram[r][r] > largest) largest = gram[r][r];
    for (r = 0; r < COMPONENTS; r++)
        inverse[r] = gram[r][r] > FLAT * (largest > 1e-300 ? largest : 1e-300) ? 1 / sqrt(gram[r][r]) : 0;
    for (r = 0; r < COMPONENTS; r++) {
        const float a = (float)(vectors[0][r] * inverse[r]), b = (float)(vectors[1][r] * inverse[r]);
        const float d = (float)(vectors[2][r] * inverse[r]);
        for (i = 0; i < count; i++)
            turned[r * count + i] = a * spread[i] + b * spread[count + i] + d * spread[2 * count + i];
    }
    if (p->side_by_side) {
        turn_rows(turned, count, p->positioned);
        /* Whole lanes for each thread, so that it makes no difference how many there are. */
        do_part(p, add_positions, channels, (channels / (p->threads < 2 ? 1 : p->threads) / LANES + 1) * LANES);
    } else
        do_part(p, find_basis, channels, 1 + CHANNELS_AT_ONCE / (1 + count));
    for (c = 0; c < channels; c++)
        for (r = 0; r < COMPONENTS; r++) {
            const float found = p->basis[r * channels + c];
            lengths[r] += (double)found * found;
        }
    for (r = 0; r < COMPONENTS; r++) {
        const double extent = sqrt(lengths[r]);
        const float factor = (float)(1 / (extent > 1e-30 ? extent : 1e-30));
        if (!(extent - extent == 0)) return 0;
        for (c = 0; c < channels; c++) p->basis[r * channels + c] *= factor;
    }
    for (c = 0; c < channels; c++)
        for (r = 0; r < COMPONENTS; r++) weights[COMPONENTS * c + r] = p->basis[r * channels + c];
    /* Whole lanes for each thread, so that it makes no difference how many there are. */
    do_part(p, find_scores, positions, (positions / (p->threads < 2 ? 1 : p->threads) / LANES + 1) * LANES);
    return 1;
}

static int portrait_plain(const Portrait *p) { return portrait(p, 0); }

#if HAS_WIDE
WIDE_CODE static int portrait_wide(const Portrait *p) { return portrait(p, 1); }
#endif

/* Floats that vrnn_portrait works in. */
EXPORT int64_t vrnn_portrait_scratch(int64_t channels, int64_t count)
{
    /* The sample, or where the values lie side by side three rows and a line; see Portrait for the rest. */
    return (channels + LANES) * (count + COMPONENTS + 1) + 3 * COMPONENTS * count + COMPONENTS * channels;
}

/* Makes a basis and the scores in it; returns 0 where values are not finite, or too large for it.

   side_by_side: whether values are (positions, channels). threads, run_threads: as in vrnn_fill_block. */
EXPORT int vrnn_portrait(
    const float *values, int side_by_side, int64_t channels, int64_t positions, int64_t first, int64_t step,
    int64_t count, int64_t channel_step, const float *start, const float *before, float *scratch, float *basis, float *scores,
    int wide, unsigned threads, void (*run_threads)(void (*)(void *), void *, unsigned, unsigned))
{
    Portrait p;
    p.values = values;
    p.side_by_side = side_by_side;
    p.channels = channels;
    p.positions = positions;
    p.first = first;
    p.step = step;
    p.count = count;
    p.channel_step = channel_step;
    p.start = start;
    p.before = before;
    p.basis = basis;
    p.scores = scores;
    p.sampled = scratch;
    p.sample = step > 1 ? scratch : values;
    p.spread = p.sampled + (channels + LANES) * (count + COMPONENTS + 1);
    p.turned = p.spread + COMPONENTS * count;
    p.weights = p.turned + COMPONENTS * count;
    p.positioned = p.weights + COMPONENTS * channels;
    p.wide = wide;
    p.threads = threads;
    p.run_threads = run_threads;
#if HAS_WIDE
    if (wide) return portrait_wide(&p);
#endif
    return portrait_plain(&p);
}

static double sum_of(const float *values, int64_t count)
{
    double lanes[4] = {0};
    int64_t i = 0;
    int k;
    for (; i + 4 <= count; i += 4)
        for (k = 0; k < 4; k++) lanes[k] += values[i + k];
    for (; i < count; i++) lanes[0] += values[i];
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

/* ---- colors ------------------------------------------------------------------------------------ */

/* Turns whitened scores so that they agree with a target, as `agreeing` in portrait_components.py.

   scores, target: (3, positions); the scores get mean 0, and count as 0 where they deviate from it by
   no more than `rounding` times the mean. colors: (3, positions). bytes: (positions, 3) colors times
   `contrast` around the middle. free_part: agreement, beside the greatest of the three, below which it
   is none: then, and where numbers are not finite, this returns 0. */
EXPORT int vrnn_portrait_colors(
    float *scores, const float *target, int64_t positions, float contrast, double free_part, double rounding,
    float *colors, uint8_t *bytes, int wide)
{
    double gram[COMPONENTS][COMPONENTS], vectors[COMPONENTS][COMPONENTS], whiten[COMPONENTS][COMPONENTS];
    double cross[COMPONENTS][COMPONENTS], agreement[COMPONENTS][COMPONENTS], square[COMPONENTS][COMPONENTS];
    double turn[COMPONENTS][COMPONENTS], inverse[COMPONENTS], largest = 0, least = 0, check = 0;
    float matrix[COMPONENTS][COMPONENTS], covariances[COMPONENTS][COMPONENTS], agreements[COMPONENTS][COMPONENTS];
    double means[COMPONENTS];
    int64_t i;
    int r, s, k, is_rounding[COMPONENTS] = {0};
    (void)wide;
    for (r = 0; r < COMPONENTS; r++) {
        float *row = scores + r * positions;
        const float mean = (float)(sum_of(row, positions) / (double)positions);
        if (!(mean - mean == 0)) return 0;
        for (i = 0; i < positions; i++) row[i] -= mean;
        means[r] = mean;
    }
    for (r = 0; r < COMPONENTS; r++) {
        PRODUCTS(scores, positions, scores + r * positions, covariances[r]);
        PRODUCTS(target, positions, scores + r * positions, agreements[r]);
        if (covariances[r][r] / (double)positions <= rounding * means[r] * (rounding * means[r]))
            is_rounding[r] = 1;
    }
    for (r = 0; r < COMPONENTS; r++)
        for (s = 0; s < COMPONENTS; s++) {
            cross[r][s] = is_rounding[r] ? 0 : agreements[r][s];
            gram[r][s] = is_rounding[r] || is_rounding[s] ? 0 : covariances[r < s ? s : r][r < s ? r : s];
            gram[r][s] /= (double)positions;
            check += cross[r][s] + gram[r][s];
        }
    if (!(check - check == 0)) return 0;
    eigenvectors(gram, vectors);
    for (r = 0; r < COMPONENTS; r++)
        if (gram[r][r] > largest) largest = gram[r][r];
    for (r = 0; r < COMPONENTS; r++)
        inverse[r] = gram[r][r] > FLAT * (largest > 1e-300 ? largest : 1e-300) ? 1 / sqrt(gram[r][r]) : 0;
    for (r = 0; r < COMPONENTS; r++)
        for (s = 0; s < COMPONENTS; s++)
            for (whiten[r][s] = 0, k = 0; k < COMPONENTS; k++)
                whiten[r][s] += vectors[r][k] * inverse[k] * vectors[s][k];
    for (r = 0; r < COMPONENTS; r++)
        for (s = 0; s < COMPONENTS; s++)
            for (agreement[r][s] = 0, k = 0; k < COMPONENTS; k++) agreement[r][s] += whiten[r][k] * cross[k][s];
    for (r = 0; r < COMPONENTS; r++)
        for (s = 0; s < COMPONENTS; s++)
            for (square[r][s] = 0, k = 0; k < COMPONENTS; k++) square[r][s] += agreement[k][r] * agreement[k][s];
    eigenvectors(square, vectors);
    largest = least = square[0][0];
    for (r = 1; r < COMPONENTS; r++) {
        if (square[r][r] > largest) largest = square[r][r];
        if (square[r][r] < least) least = square[r][r];
    }
    /* Twice as much, for what squares lose of small ones. */
    if (!(least > 4 * free_part * free_part * largest)) return 0;
    /* The orthogonal part of the agreement: agreement (agreement' agreement)^(-1/2). */
    for (r = 0; r < COMPONENTS; r++)
        for (s = 0; s < COMPONENTS; s++)
            for (gram[r][s] = 0, k = 0; k < COMPONENTS; k++)
                gram[r][s] += vectors[r][k] * vectors[s][k] / sqrt(square[k][k]);
    for (r = 0; r < COMPONENTS; r++)
        for (s = 0; s < COMPONENTS; s++)
            for (turn[r][s] = 0, k = 0; k < COMPONENTS; k++) turn[r][s] += agreement[r][k] * gram[k][s];
    for (r = 0; r < COMPONENTS; r++)
        for (s = 0; s < COMPONENTS; s++) {
            double sum = 0;
            for (k = 0; k < COMPONENTS; k++) sum += turn[k][r] * whiten[k][s];
            matrix[r][s] = (float)sum;
        }
    for (r = 0; r < COMPONENTS; r++) {
        const float a = matrix[r][0], b = matrix[r][1], c = matrix[r][2];
        float *row = colors + r * positions, level;
        for (i = 0; i < positions; i++) {
            row[i] = a * scores[i] + b * scores[positions + i] + c * scores[2 * positions + i];
            level = row[i] * contrast + 128.0f;
            level = level < 0 ? 0 : level > 255.0f ? 255.0f : level;
            bytes[COMPONENTS * i + r] = (uint8_t)level;
        }
    }
    return 1;
}
