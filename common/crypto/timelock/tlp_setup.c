/* Making parameters: h = g^(2^T) and Wesolowski's proof pi = g^floor(2^T / l) (Efficient verifiable
 * delay functions, 2019), the latter by long division with checkpoints (section 4.1 there): written
 * in base 2^k, floor(2^T / l) has the digits b_i = floor(2^k * (2^(T - k(i+1)) mod l) / l), and
 * pi = prod over i of (g^(2^(k i)))^(b_i). Every gap-th of these powers of g is kept while h is
 * being squared; the others follow from `gap` passes. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/timelock/tlp_int.h"

#define CHECKPOINTS_MAX 65536
#define DIGIT_BITS_MAX 12
#define TELL_EVERY 65536

struct setup {
    struct tlp_params *params;
    struct tlp_work work;
    const struct tlp_progress *progress;
    unsigned digit_bits; /* k */
    uint64_t digits;     /* floor(T / k): those above are zero, as l is much longer than k */
    uint64_t gap;
    size_t n_points;
    BIGNUM **points; /* points[i] = g^(2^(k * gap * i)) */
    uint64_t done;
    uint64_t total;
};

static void advance(struct setup *s, uint64_t steps)
{
    uint64_t before = s->done;
    s->done += steps;
    if (s->progress != NULL && s->progress->tell != NULL &&
        before / TELL_EVERY != s->done / TELL_EVERY) {
        s->progress->tell(s->progress->arg, s->done, s->total);
    }
}

static void plan(struct setup *s)
{
    uint64_t t = s->params->squarings;
    unsigned log2 = 63 - (unsigned)__builtin_clzll(t);
    s->digit_bits = log2 / 2 < 1 ? 1 : log2 / 2;
    s->digit_bits = s->digit_bits > DIGIT_BITS_MAX ? DIGIT_BITS_MAX : s->digit_bits;
    s->digits = t / s->digit_bits;
    s->gap = (s->digits + CHECKPOINTS_MAX - 1) / CHECKPOINTS_MAX;
    s->gap = s->gap < 1 ? 1 : s->gap;
    s->n_points = (size_t)((s->digits + s->gap - 1) / s->gap);
    s->total = t + s->digits + s->gap * ((uint64_t)2 << s->digit_bits);
}

/* h by squaring, leaving the checkpoints behind. */
static void square_to_h(struct setup *s, BIGNUM *x)
{
    uint64_t t = s->params->squarings;
    uint64_t stride = s->gap * s->digit_bits;
    for (uint64_t at = 0; at < t && s->work.err == 0;) {
        size_t point = (size_t)(at / stride);
        if (at % stride == 0 && point < s->n_points && BN_copy(s->points[point], x) == NULL) {
            tlp_work_fail(&s->work, ERR_NOMEM);
        }
        uint64_t next = (at / stride + 1) * stride;
        next = next < at + TELL_EVERY ? next : at + TELL_EVERY;
        next = next < t ? next : t;
        tlp_square_chain(&s->work, x, next - at);
        advance(s, next - at);
        at = next;
    }
}

/* Sorts the checkpoints of digits j, j + gap, ... into one product per digit value. */
static void fill_buckets(struct setup *s, const mpz_t l, uint64_t j, BIGNUM **buckets)
{
    uint64_t t = s->params->squarings;
    uint64_t count = (s->digits - j + s->gap - 1) / s->gap;
    mpz_t rest, step, scaled;
    mpz_init_set_ui(rest, 2);
    mpz_init_set_ui(step, 2);
    mpz_init(scaled);
    mpz_powm_ui(rest, rest, t - s->digit_bits * ((count - 1) * s->gap + j + 1), l);
    mpz_powm_ui(step, step, s->digit_bits * s->gap, l);
    for (uint64_t i = count; i-- > 0;) {
        mpz_mul_2exp(scaled, rest, s->digit_bits);
        mpz_fdiv_q(scaled, scaled, l);
        size_t digit = mpz_get_ui(scaled);
        if (digit != 0) {
            tlp_mul(&s->work, buckets[digit], buckets[digit], s->points[i]);
        }
        mpz_mul(rest, rest, step);
        mpz_mod(rest, rest, l);
        advance(s, 1);
    }
    mpz_clear(rest);
    mpz_clear(step);
    mpz_clear(scaled);
}

/* pi becomes pi^(2^k) * prod over d of buckets[d]^d, by running products from the top. */
static void fold_buckets(struct setup *s, BIGNUM **buckets, size_t n, BIGNUM *running, BIGNUM *pi)
{
    tlp_square_chain(&s->work, pi, s->digit_bits);
    if (s->work.err == 0 && BN_copy(running, s->work.ring->one) == NULL) {
        tlp_work_fail(&s->work, ERR_NOMEM);
    }
    for (size_t d = n; d-- > 1;) {
        tlp_mul(&s->work, running, running, buckets[d]);
        tlp_mul(&s->work, pi, pi, running);
    }
    advance(s, 2 * (uint64_t)n);
}

static void prove(struct setup *s, const mpz_t l, BIGNUM *pi)
{
    size_t n = (size_t)1 << s->digit_bits;
    BIGNUM **buckets = tlp_bns_new(&s->work, n);
    CLEANUP(tlp_bn_cleanup) BIGNUM *running = tlp_bn_new(&s->work);
    if (s->work.err == 0 && BN_copy(pi, s->work.ring->one) == NULL) {
        tlp_work_fail(&s->work, ERR_NOMEM);
    }
    for (uint64_t j = s->gap; j-- > 0 && s->work.err == 0;) {
        for (size_t d = 0; d < n; d++) {
            if (s->work.err == 0 && BN_copy(buckets[d], s->work.ring->one) == NULL) {
                tlp_work_fail(&s->work, ERR_NOMEM);
            }
        }
        if (s->work.err == 0) {
            fill_buckets(s, l, j, buckets);
            fold_buckets(s, buckets, n, running, pi);
        }
    }
    tlp_bns_free(buckets, n);
}

static int setup_by_squaring(struct setup *s)
{
    struct tlp_params *p = s->params;
    plan(s);
    s->points = tlp_bns_new(&s->work, s->n_points);
    CLEANUP(tlp_bn_cleanup) BIGNUM *x = tlp_bn_new(&s->work);
    mpz_t l;
    mpz_init(l);
    int rc = s->work.err;
    if (rc == 0) {
        rc = tlp_elem_get(&s->work, bytes_of(p->g_bytes, p->ring.bytes), x);
    }
    if (rc == 0) {
        square_to_h(s, x);
        tlp_elem_put(&s->work, x, p->h_bytes);
        rc = s->work.err;
    }
    if (rc == 0) {
        rc = tlp_hash_wesolowski(&p->ring, p->g_bytes, p->h_bytes, p->squarings, l);
    }
    if (rc == 0) {
        prove(s, l, x);
        tlp_elem_put(&s->work, x, p->pi_bytes);
        rc = s->work.err;
    }
    mpz_clear(l);
    tlp_bns_free(s->points, s->n_points);
    return rc;
}

static void put_canonical(const struct tlp_ring *ring, const mpz_t x, uint8_t *out)
{
    mpz_t other;
    mpz_init(other);
    mpz_sub(other, ring->n, x);
    tlp_mpz_to_bytes(mpz_cmp(x, other) < 0 ? x : other, out, ring->bytes);
    mpz_clear(other);
}

/* The same bytes from the factors: floor(2^T / l) = (2^T - (2^T mod l)) / l modulo the order
 * p'q' = (p-1)(q-1)/4 of g, which is a square. */
static int setup_by_factors(struct tlp_params *p)
{
    mp_bitcnt_t room = p->ring.bits + 128;
    mpz_t g, x, l, order, t, inverse;
    mpz_t *const all[] = {&g, &x, &l, &order, &t, &inverse};
    for (size_t i = 0; i < 6; i++) {
        mpz_init2(*all[i], room);
    }
    tlp_mpz_from_bytes(g, bytes_of(p->g_bytes, p->ring.bytes));
    tlp_trapdoor_power(&p->ring, &p->trapdoor, p->squarings, g, x);
    put_canonical(&p->ring, x, p->h_bytes);
    int rc = tlp_hash_wesolowski(&p->ring, p->g_bytes, p->h_bytes, p->squarings, l);
    if (rc == 0) {
        mpz_sub_ui(order, p->trapdoor.p, 1);
        mpz_sub_ui(t, p->trapdoor.q, 1);
        mpz_mul(order, order, t);
        mpz_fdiv_q_2exp(order, order, 2);
        mpz_set_ui(t, 2);
        mpz_powm_ui(t, t, p->squarings, order);
        mpz_set_ui(x, 2);
        mpz_powm_ui(x, x, p->squarings, l);
        mpz_sub(t, t, x);
        CHECK(mpz_invert(inverse, l, order) != 0);
        mpz_mul(t, t, inverse);
        mpz_mod(t, t, order);
        mpz_powm(x, g, t, p->ring.n);
        put_canonical(&p->ring, x, p->pi_bytes);
    }
    for (size_t i = 0; i < 6; i++) {
        tlp_mpz_wipe(*all[i]);
    }
    return rc;
}

static int setup_run(struct tlp_params *p, const struct tlp_progress *progress, struct buf *why)
{
    struct setup s = {.params = p, .progress = progress};
    tlp_work_init(&s.work, &p->ring);
    int rc = s.work.err != 0 ? s.work.err : tlp_hash_generator(&s.work, p->g_bytes);
    if (rc == ERR_INVALID) {
        buf_printf(why, "The generator derived from the modulus shares a factor with it.");
    }
    if (rc == 0) {
        rc = p->trapdoor.known ? setup_by_factors(p) : setup_by_squaring(&s);
    }
    if (rc == 0 && progress != NULL && progress->tell != NULL) {
        progress->tell(progress->arg, s.total, s.total);
    }
    tlp_work_fini(&s.work);
    return rc;
}

int tlp_params_setup(const struct tlp_modulus *m, uint64_t squarings,
                     const struct tlp_progress *progress, struct tlp_params **out, struct buf *why)
{
    if (squarings == 0 || squarings > INT64_MAX) {
        buf_printf(why, "The number of squarings is not between 1 and 2^63 - 1.");
        return ERR_INVALID;
    }
    int rc = tlp_modulus_check(m, why);
    if (rc != 0) {
        return rc;
    }
    CLEANUP(tlp_params_destroy) struct tlp_params *p = NULL;
    rc = tlp_params_new(m, squarings, &p);
    if (rc == 0) {
        rc = setup_run(p, progress, why);
    }
    if (rc == 0) {
        rc = tlp_params_finish(p);
    }
    if (rc == 0) {
        *out = MOVE(p);
    }
    return rc;
}
