/* Rows of group elements in the form that multiplies fastest on this machine: limbs of the IFMA
 * kernel (tlp_ifma.h) where it runs, BIGNUMs in Montgomery form otherwise. Getting in and out costs
 * a few multiplications, so powers go in once, are worked out here, and come out once. Private to
 * the time-lock room.
 *
 * Rows are wiped when released. */
#ifndef CRYPTO_TIMELOCK_TLP_ROW_H
#define CRYPTO_TIMELOCK_TLP_ROW_H

#include "common/crypto/timelock/tlp_group.h"

struct tlp_row {
    size_t n;
    size_t stride;   /* limbs of an element */
    uint64_t *limbs; /* aligned to 64 bytes; or else NULL */
    BIGNUM **bns;    /* or else NULL; both are in an empty row */
};

/* n elements, not set. Returns: nothing; the work remembers a failure, and what follows does
 * nothing then. */
void tlp_row_init(struct tlp_work *work, struct tlp_row *row, size_t n);
void tlp_row_fini(struct tlp_row *row);

/* From and to Montgomery form. */
void tlp_row_set(struct tlp_work *work, struct tlp_row *row, size_t i, const BIGNUM *x);
void tlp_row_get(struct tlp_work *work, const struct tlp_row *row, size_t i, BIGNUM *out);
void tlp_row_copy(struct tlp_work *work, struct tlp_row *row, size_t i, const struct tlp_row *from,
                  size_t k);
/* row[i] = a[j] * b[k]; all may be the same. */
void tlp_row_mul(struct tlp_work *work, struct tlp_row *row, size_t i, const struct tlp_row *a,
                 size_t j, const struct tlp_row *b, size_t k);
/* row[i] becomes its n-fold square. */
void tlp_row_square(struct tlp_work *work, struct tlp_row *row, size_t i, uint64_t n);

#endif
