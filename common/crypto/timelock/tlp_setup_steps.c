/* Making parameters by squaring, in steps: h = g^(2^T) and Wesolowski's proof pi = g^floor(2^T / l)
 * (Efficient verifiable delay functions, 2019), the latter by long division with stored powers
 * (section 4.1 there): written in base 2^k, floor(2^T / l) has the digits
 * b_i = floor(2^k * (2^(T - k(i+1)) mod l) / l), and pi = prod over i of (g^(2^(k i)))^(b_i). Every
 * gap-th of these powers of g is kept while h is being squared; the others follow from `gap`
 * passes. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/wire.h"
#include "common/crypto/hash.h"
#include "common/crypto/timelock/tlp_int.h"
#include "common/crypto/timelock/tlp_resume.h"

#define POINTS_MAX 65536
#define DIGIT_BITS_MAX 12

struct tlp_setup {
    struct tlp_params *params;
    struct tlp_work work;
    struct hash32 start;
    unsigned digit_bits; /* k */
    uint64_t digits;     /* floor(T / k): those above are zero, as l is much longer than k */
    uint64_t gap;
    size_t n_points;
    BIGNUM **points;  /* points[i] = g^(2^(stride * i)) */
    uint64_t stride;  /* k * gap */
    uint64_t squared; /* of T */
    uint64_t passes;  /* of gap, once squared is T */
    BIGNUM *x;        /* g^(2^squared) */
    BIGNUM *pi;
    BIGNUM **buckets; /* 2^k, from the first pass on */
    BIGNUM *running;  /* scratch */
    mpz_t l;          /* known from the first pass on */
};

static void plan(struct tlp_setup *s)
{
    uint64_t t = s->params->squarings;
    unsigned log2 = 63 - (unsigned)__builtin_clzll(t);
    s->digit_bits = log2 / 2 < 1 ? 1 : log2 / 2;
    s->digit_bits = s->digit_bits > DIGIT_BITS_MAX ? DIGIT_BITS_MAX : s->digit_bits;
    s->digits = t / s->digit_bits;
    s->gap = (s->digits + POINTS_MAX - 1) / POINTS_MAX;
    s->gap = s->gap < 1 ? 1 : s->gap;
    s->n_points = (size_t)((s->digits + s->gap - 1) / s->gap);
    s->stride = s->gap * s->digit_bits;
}

static int hash_start(struct tlp_setup *s)
{
    static const char tag[] = "lockstep/tlp/setup/v1";
    const struct tlp_ring *ring = &s->params->ring;
    uint8_t n[TLP_ELEMENT_BYTES_MAX];
    CLEANUP(buf_fini) struct buf in = {0};
    tlp_mpz_to_bytes(ring->n, n, ring->bytes);
    wr_fixed(&in, tag, sizeof(tag) - 1);
    wr_u16(&in, (uint16_t)ring->bits);
    wr_fixed(&in, n, ring->bytes);
    wr_u64(&in, s->params->squarings);
    if (in.err == 0) {
        hash_sha256(buf_view(&in), &s->start);
    }
    return in.err;
}

static void copy(struct tlp_setup *s, BIGNUM *to, const BIGNUM *from)
{
    if (s->work.err == 0 && BN_copy(to, from) == NULL) {
        tlp_work_fail(&s->work, ERR_NOMEM);
    }
}

static int allocate(struct tlp_setup *s)
{
    tlp_work_init(&s->work, &s->params->ring);
    s->x = tlp_bn_new(&s->work);
    s->pi = tlp_bn_new(&s->work);
    s->running = tlp_bn_new(&s->work);
    s->points = tlp_bns_new(&s->work, s->n_points);
    if (s->work.err != 0) {
        return s->work.err;
    }
    copy(s, s->pi, s->work.ring->one);
    int rc = tlp_elem_get(&s->work, bytes_of(s->params->g_bytes, s->params->ring.bytes), s->x);
    return rc != 0 ? rc : s->work.err;
}

int tlp_setup_begin(const struct tlp_modulus *m, uint64_t squarings, struct tlp_setup **out,
                    struct buf *why)
{
    CLEANUP(tlp_setup_destroy)
    struct tlp_setup *s = (struct tlp_setup *)calloc(1, sizeof(*s));
    if (s == NULL) {
        return ERR_NOMEM;
    }
    mpz_init(s->l);
    int rc = tlp_params_begin(m, squarings, &s->params, why);
    if (rc == 0) {
        plan(s);
        rc = hash_start(s);
    }
    rc = rc != 0 ? rc : allocate(s);
    if (rc == 0) {
        *out = MOVE(s);
    }
    return rc;
}

void tlp_setup_destroy(struct tlp_setup **setup)
{
    struct tlp_setup *s = *setup;
    if (s == NULL) {
        return;
    }
    *setup = NULL;
    BN_clear_free(s->x);
    BN_clear_free(s->pi);
    BN_clear_free(s->running);
    tlp_bns_free(s->points, s->n_points);
    tlp_bns_free(s->buckets, (size_t)1 << s->digit_bits);
    mpz_clear(s->l);
    tlp_work_fini(&s->work);
    tlp_params_destroy(&s->params);
    free(s);
}

/* ---- Squaring ---- */

/* To the next point, or by n. Returns: the squarings done. */
static uint64_t square(struct tlp_setup *s, uint64_t n)
{
    uint64_t left = s->params->squarings - s->squared;
    uint64_t to_point = s->stride - s->squared % s->stride;
    size_t point = (size_t)(s->squared / s->stride);
    if (s->squared % s->stride == 0 && point < s->n_points) {
        copy(s, s->points[point], s->x);
    }
    n = n < left ? n : left;
    n = n < to_point ? n : to_point;
    tlp_square_chain(&s->work, s->x, n);
    s->squared += n;
    return n;
}

/* ---- Proving ---- */

static int begin_proof(struct tlp_setup *s)
{
    struct tlp_params *p = s->params;
    tlp_elem_put(&s->work, s->x, p->h_bytes);
    if (s->work.err != 0) {
        return s->work.err;
    }
    s->buckets = tlp_bns_new(&s->work, (size_t)1 << s->digit_bits);
    if (s->buckets == NULL) {
        return s->work.err;
    }
    return tlp_hash_wesolowski(&p->ring, p->g_bytes, p->h_bytes, p->squarings, s->l);
}

/* Sorts the points of digits j, j + gap, ... into one product per digit value. */
static void fill_buckets(struct tlp_setup *s, uint64_t j)
{
    uint64_t t = s->params->squarings;
    uint64_t count = (s->digits - j + s->gap - 1) / s->gap;
    mpz_t rest, step, scaled;
    mpz_init_set_ui(rest, 2);
    mpz_init_set_ui(step, 2);
    mpz_init(scaled);
    mpz_powm_ui(rest, rest, t - s->digit_bits * ((count - 1) * s->gap + j + 1), s->l);
    mpz_powm_ui(step, step, s->stride, s->l);
    for (uint64_t i = count; i-- > 0;) {
        mpz_mul_2exp(scaled, rest, s->digit_bits);
        mpz_fdiv_q(scaled, scaled, s->l);
        size_t digit = mpz_get_ui(scaled);
        if (digit != 0) {
            tlp_mul(&s->work, s->buckets[digit], s->buckets[digit], s->points[i]);
        }
        mpz_mul(rest, rest, step);
        mpz_mod(rest, rest, s->l);
    }
    mpz_clear(rest);
    mpz_clear(step);
    mpz_clear(scaled);
}

/* pi becomes pi^(2^k) * prod over d of buckets[d]^d, by running products from the top. */
static void fold_buckets(struct tlp_setup *s)
{
    tlp_square_chain(&s->work, s->pi, s->digit_bits);
    copy(s, s->running, s->work.ring->one);
    for (size_t d = (size_t)1 << s->digit_bits; d-- > 1;) {
        tlp_mul(&s->work, s->running, s->running, s->buckets[d]);
        tlp_mul(&s->work, s->pi, s->pi, s->running);
    }
}

/* One of `gap` passes, the highest j first. */
static void pass(struct tlp_setup *s)
{
    for (size_t d = 0; d < (size_t)1 << s->digit_bits; d++) {
        copy(s, s->buckets[d], s->work.ring->one);
    }
    if (s->work.err == 0) {
        fill_buckets(s, s->gap - 1 - s->passes);
        fold_buckets(s);
        s->passes++;
    }
}

/* ---- Steps ---- */

static uint64_t steps_of_a_pass(const struct tlp_setup *s)
{
    return s->digits / s->gap + ((uint64_t)2 << s->digit_bits);
}

uint64_t tlp_setup_done(const struct tlp_setup *s)
{
    return s->squared + s->passes * steps_of_a_pass(s);
}

uint64_t tlp_setup_total(const struct tlp_setup *s)
{
    return s->params->squarings + s->gap * steps_of_a_pass(s);
}

int tlp_setup_advance(struct tlp_setup *s, uint64_t n)
{
    while (n > 0 && s->squared < s->params->squarings && s->work.err == 0) {
        n -= square(s, n);
    }
    while (n > 0 && s->passes < s->gap && s->work.err == 0) {
        int rc = s->buckets == NULL ? begin_proof(s) : 0;
        if (rc != 0) {
            return rc;
        }
        pass(s);
        uint64_t steps = steps_of_a_pass(s);
        n = n > steps ? n - steps : 0;
    }
    return s->work.err;
}

int tlp_setup_finish(struct tlp_setup *s, struct tlp_params **out)
{
    CHECK(s->passes == s->gap);
    int rc = s->buckets == NULL ? begin_proof(s) : 0; /* if taken up at the very end */
    if (rc != 0) {
        return rc;
    }
    tlp_elem_put(&s->work, s->pi, s->params->pi_bytes);
    rc = s->work.err != 0 ? s->work.err : tlp_params_finish(s->params);
    if (rc == 0) {
        *out = MOVE(s->params);
    }
    return rc;
}

/* ---- State ---- */

/* Points that exist after so many squarings. */
static size_t points_at(const struct tlp_setup *s, uint64_t squared)
{
    uint64_t n = squared / s->stride + (squared % s->stride != 0 ? 1 : 0);
    return n < s->n_points ? (size_t)n : s->n_points;
}

static void put(struct tlp_setup *s, const BIGNUM *x, struct buf *out)
{
    uint8_t raw[TLP_ELEMENT_BYTES_MAX];
    tlp_elem_put(&s->work, x, raw);
    wr_fixed(out, raw, s->work.ring->bytes);
}

int tlp_setup_save(struct tlp_setup *s, struct buf *state)
{
    wr_fixed(state, s->start.b, sizeof(s->start.b));
    wr_u64(state, s->squared);
    wr_u64(state, s->passes);
    put(s, s->x, state);
    put(s, s->pi, state);
    for (size_t i = 0; i < points_at(s, s->squared); i++) {
        put(s, s->points[i], state);
    }
    return s->work.err != 0 ? s->work.err : state->err;
}

static int read_numbers(struct tlp_setup *s, struct rd *r, uint64_t *squared, uint64_t *passes)
{
    struct hash32 start;
    rd_fixed(r, start.b, sizeof(start.b));
    *squared = rd_u64(r);
    *passes = rd_u64(r);
    if (r->err != 0) {
        return r->err;
    }
    if (!hash32_equal(&start, &s->start)) {
        return ERR_MISMATCH;
    }
    bool possible = *squared <= s->params->squarings && *passes <= s->gap &&
                    (*passes == 0 || *squared == s->params->squarings);
    return possible ? 0 : ERR_NONCANONICAL;
}

int tlp_setup_restore(struct tlp_setup *s, struct bytes state)
{
    struct rd r = rd_from(state);
    uint64_t squared = 0, passes = 0;
    CHECK(tlp_setup_done(s) == 0);
    int rc = read_numbers(s, &r, &squared, &passes);
    if (rc != 0) {
        return rc;
    }
    size_t n = points_at(s, squared), bytes = s->work.ring->bytes;
    struct bytes elements = rd_view(&r, (n + 2) * bytes);
    rc = rd_end(&r);
    BIGNUM **fresh = rc == 0 ? tlp_bns_new(&s->work, n + 2) : NULL;
    rc = rc != 0 ? rc : s->work.err;
    for (size_t i = 0; i < n + 2 && rc == 0; i++) {
        rc = tlp_elem_get(&s->work, bytes_of(elements.data + i * bytes, bytes), fresh[i]);
    }
    if (rc == 0) {
        BN_swap(s->x, fresh[0]);
        BN_swap(s->pi, fresh[1]);
        for (size_t i = 0; i < n; i++) {
            BN_swap(s->points[i], fresh[i + 2]);
        }
        s->squared = squared;
        s->passes = passes;
    }
    tlp_bns_free(fresh, n + 2);
    return rc;
}
