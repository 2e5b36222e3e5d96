/* Products of powers with shared squarings: Straus' method over sliding windows of odd digits. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/timelock/tlp_row.h"

#define WINDOW_MAX 8

struct term {
    uint8_t *digits; /* digits[i] odd: the term takes part with base^digits[i] at bit i */
    size_t bits;
    unsigned window;
    size_t first; /* its odd powers start here in the table */
    size_t count; /* and are so many */
};

/* Where a wider window's larger table begins to pay. */
static unsigned window_for(size_t bits)
{
    static const size_t from[] = {8, 24, 80, 240, 672, 1800, 4600};
    unsigned window = 1;
    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]) && bits >= from[i]; i++) {
        window++;
    }
    CHECK(window >= 1 && window <= WINDOW_MAX);
    return window;
}

static void recode(struct term *t, const BIGNUM *exp)
{
    for (size_t i = 0; i < t->bits;) {
        if (!BN_is_bit_set(exp, (int)i)) {
            i++;
            continue;
        }
        unsigned digit = 0;
        for (unsigned k = 0; k < t->window; k++) {
            digit |= (unsigned)BN_is_bit_set(exp, (int)(i + k)) << k;
        }
        t->digits[i] = (uint8_t)digit;
        i += t->window;
    }
}

/* Returns: the size of the table all terms need, 0 after a failure. */
static size_t plan(struct tlp_work *work, size_t n, BIGNUM *const *exps, struct term *terms)
{
    size_t entries = 0;
    for (size_t i = 0; i < n; i++) {
        CHECK(!BN_is_negative(exps[i]));
        struct term *t = &terms[i];
        t->bits = (size_t)BN_num_bits(exps[i]);
        t->window = window_for(t->bits);
        t->count = (size_t)1 << (t->window - 1);
        t->first = entries;
        entries += t->count;
        t->digits = (uint8_t *)calloc(t->bits + 1, 1);
        if (t->digits == NULL) {
            tlp_work_fail(work, ERR_NOMEM);
            return 0;
        }
        recode(t, exps[i]);
    }
    return entries;
}

/* Odd powers 1, 3, 5, ... of every base. */
static void fill_table(struct tlp_work *work, size_t n, BIGNUM *const *bases,
                       const struct term *terms, struct tlp_row *table, struct tlp_row *scratch)
{
    for (size_t i = 0; i < n; i++) {
        const size_t first = terms[i].first;
        tlp_row_set(work, table, first, bases[i]);
        if (terms[i].count > 1) {
            tlp_row_copy(work, scratch, 0, table, first);
            tlp_row_square(work, scratch, 0, 1);
        }
        for (size_t k = 1; k < terms[i].count; k++) {
            tlp_row_mul(work, table, first + k, table, first + k - 1, scratch, 0);
        }
    }
}

/* Returns: whether acc is set; the product is empty otherwise. */
static bool run(struct tlp_work *work, size_t n, const struct term *terms,
                const struct tlp_row *table, struct tlp_row *acc)
{
    size_t top = 0;
    for (size_t i = 0; i < n; i++) {
        top = terms[i].bits > top ? terms[i].bits : top;
    }
    bool started = false;
    uint64_t squarings = 0; /* put off until something gets multiplied on */
    for (size_t pos = top; pos-- > 0;) {
        squarings += started;
        for (size_t i = 0; i < n; i++) {
            if (pos >= terms[i].bits || terms[i].digits[pos] == 0) {
                continue;
            }
            const size_t entry = terms[i].first + terms[i].digits[pos] / 2;
            if (started) {
                tlp_row_square(work, acc, 0, squarings);
                tlp_row_mul(work, acc, 0, acc, 0, table, entry);
            } else {
                tlp_row_copy(work, acc, 0, table, entry);
            }
            started = true;
            squarings = 0;
        }
    }
    tlp_row_square(work, acc, 0, squarings);
    return started;
}

void tlp_multi_pow(struct tlp_work *work, BIGNUM *out, size_t n, BIGNUM *const *bases,
                   BIGNUM *const *exps)
{
    if (work->err != 0) {
        return;
    }
    struct term *terms = (struct term *)calloc(n > 0 ? n : 1, sizeof(*terms));
    if (terms == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
        return;
    }
    size_t entries = plan(work, n, exps, terms);
    CLEANUP(tlp_row_fini) struct tlp_row table, acc;
    tlp_row_init(work, &table, entries);
    tlp_row_init(work, &acc, 1);
    if (work->err == 0) {
        fill_table(work, n, bases, terms, &table, &acc);
        if (run(work, n, terms, &table, &acc)) {
            tlp_row_get(work, &acc, 0, out);
        } else if (BN_copy(out, work->ring->one) == NULL) {
            tlp_work_fail(work, ERR_NOMEM);
        }
    }
    for (size_t i = 0; i < n; i++) {
        free(terms[i].digits);
    }
    free(terms);
}

void tlp_pow_u64(struct tlp_work *work, BIGNUM *out, BIGNUM *base, uint64_t exp)
{
    CLEANUP(tlp_bn_cleanup) BIGNUM *e = tlp_bn_new(work);
    tlp_bn_from_u64(work, e, exp);
    BIGNUM *bases[] = {base};
    BIGNUM *exps[] = {e};
    tlp_multi_pow(work, out, 1, bases, exps);
}
