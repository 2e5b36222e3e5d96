#include "common/crypto/timelock/tlp_row.h"

#include "common/crypto/aead.h"

#include <stdlib.h>
#include <string.h>

static uint64_t *at(const struct tlp_row *row, size_t i)
{
    return row->limbs + i * row->stride;
}

void tlp_row_init(struct tlp_work *work, struct tlp_row *row, size_t n)
{
    const struct tlp_ifma *ifma = work->ring->ifma;
    *row = (struct tlp_row){.n = n};
    if (work->err != 0) {
        return;
    }
    if (ifma == NULL) {
        row->bns = tlp_bns_new(work, n);
        return;
    }
    row->stride = tlp_ifma_limbs(ifma); /* a multiple of 64 bytes */
    row->limbs = (uint64_t *)aligned_alloc(64, (n > 0 ? n : 1) * row->stride * sizeof(uint64_t));
    if (row->limbs == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
    }
}

void tlp_row_fini(struct tlp_row *row)
{
    if (row->limbs != NULL) {
        secret_wipe(row->limbs, row->n * row->stride * sizeof(uint64_t));
        free(row->limbs);
    }
    tlp_bns_free(row->bns, row->n);
    *row = (struct tlp_row){0};
}

void tlp_row_set(struct tlp_work *work, struct tlp_row *row, size_t i, const BIGNUM *x)
{
    if (work->err != 0) {
        return;
    }
    if (row->limbs != NULL) {
        tlp_limbs_from_bn(work, x, at(row, i));
    } else if (BN_copy(row->bns[i], x) == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
    }
}

void tlp_row_get(struct tlp_work *work, const struct tlp_row *row, size_t i, BIGNUM *out)
{
    if (work->err != 0) {
        return;
    }
    if (row->limbs != NULL) {
        tlp_limbs_to_bn(work, at(row, i), out);
    } else if (BN_copy(out, row->bns[i]) == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
    }
}

void tlp_row_copy(struct tlp_work *work, struct tlp_row *row, size_t i, const struct tlp_row *from,
                  size_t k)
{
    if (work->err != 0) {
        return;
    }
    if (row->limbs != NULL) {
        memmove(at(row, i), at(from, k), row->stride * sizeof(uint64_t));
    } else if (BN_copy(row->bns[i], from->bns[k]) == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
    }
}

void tlp_row_mul(struct tlp_work *work, struct tlp_row *row, size_t i, const struct tlp_row *a,
                 size_t j, const struct tlp_row *b, size_t k)
{
    if (work->err != 0) {
        return;
    }
    if (row->limbs != NULL) {
        (void)tlp_ifma_mul(work->ring->ifma, at(row, i), at(a, j), at(b, k));
    } else {
        tlp_mul(work, row->bns[i], a->bns[j], b->bns[k]);
    }
}

void tlp_row_square(struct tlp_work *work, struct tlp_row *row, size_t i, uint64_t n)
{
    if (work->err != 0) {
        return;
    }
    if (row->limbs != NULL) {
        (void)tlp_ifma_square(work->ring->ifma, at(row, i), n);
    } else {
        tlp_square_chain_by(work, TLP_KERNEL_OPENSSL, row->bns[i], n);
    }
}
