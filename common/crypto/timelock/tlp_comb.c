#include "common/crypto/timelock/tlp_comb.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"

#define TEETH 8
#define COLUMNS 16
#define CHUNK_BITS ((size_t)TEETH * COLUMNS)
#define ENTRIES (((size_t)1 << TEETH) - 1)

/* The table holds, for every set of teeth, the product of base^(2^(16 t)); the entry of a set is at
 * its bit mask less one. `power` is base^(2^(128 chunk)) and ends up as that of the next chunk. */
static void fill_chunk(struct tlp_work *work, struct tlp_row *table, size_t first,
                       struct tlp_row *power)
{
    for (size_t tooth = 0; tooth < TEETH; tooth++) {
        size_t bit = (size_t)1 << tooth;
        tlp_row_copy(work, table, first + bit - 1, power, 0);
        for (size_t rest = 1; rest < bit; rest++) {
            tlp_row_mul(work, table, first + (bit | rest) - 1, table, first + bit - 1, table,
                        first + rest - 1);
        }
        tlp_row_square(work, power, 0, COLUMNS);
    }
}

void tlp_comb_init(struct tlp_work *work, struct tlp_comb *comb, BIGNUM *base, size_t max_bits)
{
    comb->base = base;
    comb->chunks = (max_bits + CHUNK_BITS - 1) / CHUNK_BITS;
    CLEANUP(tlp_row_fini) struct tlp_row power;
    tlp_row_init(work, &comb->table, comb->chunks * ENTRIES);
    tlp_row_init(work, &power, 1);
    tlp_row_set(work, &power, 0, base);
    for (size_t i = 0; i < comb->chunks; i++) {
        fill_chunk(work, &comb->table, i * ENTRIES, &power);
    }
}

void tlp_comb_fini(struct tlp_comb *comb)
{
    tlp_row_fini(&comb->table);
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

void tlp_comb_pow(struct tlp_work *work, const struct tlp_comb *comb, BIGNUM *out,
                  const BIGNUM *exp)
{
    if (work->err != 0) {
        return;
    }
    if (comb->table.n == 0) {
        BIGNUM *only_read = (BIGNUM *)(uintptr_t)exp;
        tlp_multi_pow(work, out, 1, &comb->base, &only_read);
        return;
    }
    size_t used = ((size_t)BN_num_bits(exp) + CHUNK_BITS - 1) / CHUNK_BITS;
    CHECK(used <= comb->chunks && !BN_is_negative(exp));
    CLEANUP(tlp_row_fini) struct tlp_row acc;
    tlp_row_init(work, &acc, 1);
    tlp_row_set(work, &acc, 0, work->ring->one);
    for (size_t column = COLUMNS; column-- > 0;) {
        tlp_row_square(work, &acc, 0, column + 1 < COLUMNS);
        for (size_t chunk = 0; chunk < used; chunk++) {
            size_t mask = column_mask(exp, chunk, column);
            if (mask != 0) {
                tlp_row_mul(work, &acc, 0, &acc, 0, &comb->table, chunk * ENTRIES + mask - 1);
            }
        }
    }
    tlp_row_get(work, &acc, 0, out);
}
