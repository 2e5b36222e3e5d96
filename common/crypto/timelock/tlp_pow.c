/* Products of powers with shared squarings: Straus' method over sliding windows of odd digits. Once
 * with OpenSSL's products, once with the kernel's where the machine has it. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/aead.h"
#include "common/crypto/timelock/tlp_group.h"
#include "common/crypto/timelock/tlp_ifma.h"

#include <stdlib.h>

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
                       const struct term *terms, BIGNUM **table)
{
    CLEANUP(tlp_bn_cleanup) BIGNUM *square = tlp_bn_new(work);
    for (size_t i = 0; i < n && work->err == 0; i++) {
        BIGNUM **row = &table[terms[i].first];
        size_t count = terms[i].count;
        if (BN_copy(row[0], bases[i]) == NULL) {
            tlp_work_fail(work, ERR_NOMEM);
        }
        if (count > 1) {
            tlp_mul(work, square, row[0], row[0]);
        }
        for (size_t k = 1; k < count; k++) {
            tlp_mul(work, row[k], row[k - 1], square);
        }
    }
}

static size_t top_of(size_t n, const struct term *terms)
{
    size_t top = 0;
    for (size_t i = 0; i < n; i++) {
        top = terms[i].bits > top ? terms[i].bits : top;
    }
    return top;
}

static void run(struct tlp_work *work, size_t n, const struct term *terms, BIGNUM *const *table,
                BIGNUM *out)
{
    if (work->err == 0 && BN_copy(out, work->ring->one) == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
    }
    bool started = false;
    for (size_t pos = top_of(n, terms); pos-- > 0;) {
        if (started) {
            tlp_mul(work, out, out, out);
        }
        for (size_t i = 0; i < n; i++) {
            if (pos < terms[i].bits && terms[i].digits[pos] != 0) {
                tlp_mul(work, out, out, table[terms[i].first + terms[i].digits[pos] / 2]);
                started = true;
            }
        }
    }
}

static void with_openssl(struct tlp_work *work, BIGNUM *out, size_t n, BIGNUM *const *bases,
                         const struct term *terms, size_t entries)
{
    BIGNUM **table = tlp_bns_new(work, entries);
    if (work->err == 0) {
        fill_table(work, n, bases, terms, table);
        run(work, n, terms, table, out);
    }
    tlp_bns_free(table, entries);
}

/* ---- The same with the kernel ---- */

/* Numbers in the kernel's form. */
struct fast {
    const struct tlp_ifma *k;
    struct tlp_ifma_scratch scratch;
    size_t entries;
    struct tlp_ifma_number *table;
};

static void fast_fini(struct fast *f)
{
    secret_wipe(&f->scratch, sizeof(f->scratch));
    if (f->table != NULL) {
        secret_wipe(f->table, f->entries * sizeof(*f->table));
        free(f->table);
    }
}

static void fast_fill(struct tlp_work *work, size_t n, BIGNUM *const *bases,
                      const struct term *terms, struct fast *f)
{
    struct tlp_ifma_number square;
    for (size_t i = 0; i < n; i++) {
        struct tlp_ifma_number *row = &f->table[terms[i].first];
        tlp_to_ifma(work, bases[i], &f->scratch, &row[0]);
        if (terms[i].count > 1) {
            square = row[0];
            tlp_ifma_square_mul(f->k, &f->scratch, &square, 1, NULL);
        }
        for (size_t k = 1; k < terms[i].count; k++) {
            row[k] = row[k - 1];
            tlp_ifma_square_mul(f->k, &f->scratch, &row[k], 0, &square);
        }
    }
    secret_wipe(&square, sizeof(square));
}

/* Squarings are put off until something is to be multiplied in: the kernel does them in a row. */
static void fast_run(struct tlp_work *work, size_t n, const struct term *terms, struct fast *f,
                     BIGNUM *out)
{
    struct tlp_ifma_number acc;
    uint64_t squarings = 0;
    bool started = false;
    for (size_t pos = top_of(n, terms); pos-- > 0;) {
        squarings += started ? 1 : 0;
        for (size_t i = 0; i < n; i++) {
            if (pos >= terms[i].bits || terms[i].digits[pos] == 0) {
                continue;
            }
            const struct tlp_ifma_number *x = &f->table[terms[i].first + terms[i].digits[pos] / 2];
            if (!started) {
                acc = *x;
            } else {
                tlp_ifma_square_mul(f->k, &f->scratch, &acc, squarings, x);
            }
            started = true;
            squarings = 0;
        }
    }
    if (started) {
        tlp_ifma_square_mul(f->k, &f->scratch, &acc, squarings, NULL);
        tlp_from_ifma(work, out, &f->scratch, &acc);
        secret_wipe(&acc, sizeof(acc));
    } else if (BN_copy(out, work->ring->one) == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
    }
}

static void with_ifma(struct tlp_work *work, BIGNUM *out, size_t n, BIGNUM *const *bases,
                      const struct term *terms, size_t entries)
{
    CLEANUP(fast_fini) struct fast f = {.k = work->ring->ifma, .entries = entries};
    f.table = aligned_alloc(64, (entries + 1) * sizeof(*f.table));
    if (f.table == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
        return;
    }
    fast_fill(work, n, bases, terms, &f);
    if (work->err == 0) {
        fast_run(work, n, terms, &f, out);
    }
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
    if (work->err == 0 && work->ring->ifma != NULL) {
        with_ifma(work, out, n, bases, terms, entries);
    } else if (work->err == 0) {
        with_openssl(work, out, n, bases, terms, entries);
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
