#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/aead.h"
#include "common/crypto/timelock/tlp_int.h"

int tlp_solve(const struct tlp_params *params, enum tlp_solver solver, struct bytes u,
              struct buf *w, uint64_t *squared)
{
    CLEANUP(tlp_work_fini) struct tlp_work work;
    tlp_work_init(&work, &params->ring);
    CLEANUP(tlp_bn_cleanup) BIGNUM *x = tlp_bn_new(&work);
    int rc = work.err != 0 ? work.err : tlp_elem_get(&work, u, x);
    if (rc != 0) {
        return rc;
    }
    uint8_t out[TLP_ELEMENT_BYTES_MAX];
    tlp_delay(&work, params, solver, params->squarings, x, squared);
    tlp_elem_put(&work, x, out);
    if (work.err == 0) {
        buf_append(w, out, params->ring.bytes);
        tlp_work_fail(&work, w->err);
    }
    return work.err;
}

/* Only Q has to be known as a member of the group: w^e = Q with e odd makes w one as well, and u is
 * but hashed. Each symbol saved is a third of the whole. */
int tlp_check_opening(const struct tlp_params *params, struct bytes u, struct bytes q,
                      struct bytes w)
{
    uint64_t e = 0;
    int rc = tlp_elem_range(&params->ring, u);
    rc = rc != 0 ? rc : tlp_elem_range(&params->ring, w);
    rc = rc != 0 ? rc : tlp_elem_check(&params->ring, q);
    rc = rc != 0 ? rc : tlp_hash_exponent(&params->ring, u, &e);
    if (rc != 0) {
        return rc;
    }
    CLEANUP(tlp_work_fini) struct tlp_work work;
    tlp_work_init(&work, &params->ring);
    CLEANUP(tlp_bn_cleanup) BIGNUM *x = tlp_bn_new(&work);
    uint8_t power[TLP_ELEMENT_BYTES_MAX];
    tlp_elem_read(&work, w, x);
    tlp_pow_u64(&work, x, x, e);
    tlp_elem_put(&work, x, power);
    if (work.err != 0) {
        return work.err;
    }
    return memcmp(power, q.data, q.len) == 0 ? 0 : ERR_PROOF;
}

int tlp_open(const struct tlp_params *params, struct bytes ctx, const struct tlp_puzzle *puzzle,
             struct bytes w, struct buf *plain)
{
    int rc = tlp_check_opening(params, puzzle->u, puzzle->q, w);
    if (rc != 0) {
        return rc;
    }
    uint8_t key[32];
    CLEANUP(buf_fini) struct buf aad = {0};
    rc = tlp_derive(params, ctx, puzzle->u, puzzle->q, w, key, &aad);
    if (rc == 0) {
        rc = aead_open(key, buf_view(&aad), puzzle->ct, plain);
    }
    secret_wipe(key, sizeof(key));
    return rc == ERR_TRUNCATED ? ERR_MISMATCH : rc;
}
