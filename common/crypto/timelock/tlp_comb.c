#include "common/crypto/timelock/tlp_comb.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/aead.h"
#include "common/crypto/timelock/tlp_ifma.h"

#include <stdlib.h>

#define TEETH 8
#define COLUMNS 16
#define CHUNK_BITS ((size_t)TEETH * COLUMNS)
#define ENTRIES (((size_t)1 << TEETH) - 1)

/* The table holds, for every set of teeth, the product of base^(2^(16 t)); the entry of a set is at
 * its bit mask less one. `power` is base^(2^(128 chunk)) and ends up as that of the next chunk. */
static void fill_chunk(struct tlp_work *work, BIGNUM **row, BIGNUM *power)
{
    for (size_t tooth = 0; tooth < TEETH; tooth++) {
        size_t bit = (size_t)1 << tooth;
        if (work->err == 0 && BN_copy(row[bit - 1], power) == NULL) {
            tlp_work_fail(work, ERR_NOMEM);
        }
        for (size_t rest = 1; rest < bit; rest++) {
            tlp_mul(work, row[(bit | rest) - 1], row[bit - 1], row[rest - 1]);
        }
        tlp_square_chain(work, power, COLUMNS);
    }
}

/* Moves the table to the kernel's form. */
static void move_table(struct tlp_work *work, struct tlp_comb *comb)
{
    size_t entries = comb->chunks * ENTRIES;
    comb->fast = aligned_alloc(64, entries * sizeof(*comb->fast));
    if (comb->fast == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
        return;
    }
    struct tlp_ifma_scratch scratch;
    for (size_t i = 0; i < entries; i++) {
        tlp_to_ifma(work, comb->table[i], &scratch, &comb->fast[i]);
    }
    tlp_bns_free(comb->table, entries);
    comb->table = NULL;
}

void tlp_comb_init(struct tlp_work *work, struct tlp_comb *comb, BIGNUM *base, size_t max_bits)
{
    comb->base = base;
    comb->chunks = (max_bits + CHUNK_BITS - 1) / CHUNK_BITS;
    comb->table = tlp_bns_new(work, comb->chunks * ENTRIES);
    CLEANUP(tlp_bn_cleanup) BIGNUM *power = tlp_bn_new(work);
    if (work->err != 0) {
        return;
    }
    if (BN_copy(power, base) == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
    }
    for (size_t i = 0; i < comb->chunks && work->err == 0; i++) {
        fill_chunk(work, &comb->table[i * ENTRIES], power);
    }
    if (work->err == 0 && work->ring->ifma != NULL) {
        move_table(work, comb);
    }
}

void tlp_comb_fini(struct tlp_comb *comb)
{
    tlp_bns_free(comb->table, comb->chunks * ENTRIES);
    free(comb->fast);
    *comb = (struct tlp_comb){0};
}

static size_t column_mask(const BIGNUM *exp, size_t chunk, size_t column)
{
    size_t mask = 0;
    for (size_t tooth = 0; tooth < TEETH; tooth++) {
        size_t pos = chunk * CHUNK_BITS + tooth * COLUMNS + column;
        mask |= (size_t)BN_is_bit_set(exp, (int)pos) << tooth;
    }
    return mask;
}

static void fast_pow(struct tlp_work *work, const struct tlp_comb *comb, BIGNUM *out,
                     const BIGNUM *exp, size_t used)
{
    struct tlp_ifma_number acc;
    struct tlp_ifma_scratch scratch;
    uint64_t squarings = 0;
    bool started = false;
    CHECK(used <= comb->chunks && !BN_is_negative(exp));
    for (size_t column = COLUMNS; column-- > 0;) {
        squarings += started ? 1 : 0;
        for (size_t chunk = 0; chunk < used; chunk++) {
            size_t mask = column_mask(exp, chunk, column);
            if (mask == 0) {
                continue;
            }
            const struct tlp_ifma_number *x = &comb->fast[chunk * ENTRIES + mask - 1];
            if (started) {
                tlp_ifma_square_mul(work->ring->ifma, &scratch, &acc, squarings, x);
            } else {
                acc = *x;
            }
            started = true;
            squarings = 0;
        }
    }
    if (!started) {
        if (BN_copy(out, work->ring->one) == NULL) {
            tlp_work_fail(work, ERR_NOMEM);
        }
        return;
    }
    tlp_ifma_square_mul(work->ring->ifma, &scratch, &acc, squarings, NULL);
    tlp_from_ifma(work, out, &scratch, &acc);
    secret_wipe(&acc, sizeof(acc));
    secret_wipe(&scratch, sizeof(scratch));
}

void tlp_comb_pow(struct tlp_work *work, const struct tlp_comb *comb, BIGNUM *out,
                  const BIGNUM *exp)
{
    if (work->err != 0) {
        return;
    }
    size_t used = ((size_t)BN_num_bits(exp) + CHUNK_BITS - 1) / CHUNK_BITS;
    if (comb->fast != NULL) {
        fast_pow(work, comb, out, exp, used);
        return;
    }
    if (comb->table == NULL) {
        BIGNUM *only_read = (BIGNUM *)(uintptr_t)exp;
        tlp_multi_pow(work, out, 1, &comb->base, &only_read);
        return;
    }
    CHECK(used <= comb->chunks && !BN_is_negative(exp));
    if (BN_copy(out, work->ring->one) == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
    }
    for (size_t column = COLUMNS; column-- > 0;) {
        if (column + 1 < COLUMNS) {
            tlp_mul(work, out, out, out);
        }
        for (size_t chunk = 0; chunk < used; chunk++) {
            size_t mask = column_mask(exp, chunk, column);
            if (mask != 0) {
                tlp_mul(work, out, out, comb->table[chunk * ENTRIES + mask - 1]);
            }
        }
    }
}
