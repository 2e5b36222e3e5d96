#include "common/protocol/pro_bundle.h"

#include "common/crypto/hash.h"

#include <stdlib.h>

#define MAX_PROOF_BYTES ((size_t)4096)
#define MAX_ELEMENT_BYTES ((size_t)512)
#define MAX_OPEN_BYTES ((size_t)160 + PRO_MAX_TX_BYTES)
#define MIN_LEG_BYTES ((size_t)85)

void pro_siblings(const struct bytes *us, uint32_t n, struct hash32 *out)
{
    struct hash_keccak h;
    hash_keccak_init(&h);
    hash_keccak_add(&h, bytes_str("lockstep/siblings/v1"));
    for (uint32_t i = 0; i < n; i++) {
        hash_keccak_add(&h, us[i]);
    }
    hash_keccak_end(&h, out);
}

void pro_open_part_encode(const struct pro_open_part *open, struct buf *out)
{
    wr_u64(out, open->rollup);
    wr_u64(out, open->bundle_nonce);
    wr_u32(out, open->leg);
    wr_u32(out, open->n_legs);
    wr_fixed(out, open->siblings.b, sizeof(open->siblings.b));
    wr_u64(out, open->gas_limit);
    wr_u8(out, open->scope);
    if (open->scope & PRO_SCOPE_SENDER) {
        wr_fixed(out, open->sender.b, sizeof(open->sender.b));
    }
    if (open->scope & PRO_SCOPE_FEE) {
        wr_u128(out, open->fee);
    }
    if (open->scope & PRO_SCOPE_TX) {
        wr_var(out, open->tx);
    }
}

static int open_part_decode(struct bytes in, struct pro_open_part *out)
{
    struct rd r = rd_from(in);
    struct pro_open_part open = {0};
    open.rollup = rd_u64(&r);
    open.bundle_nonce = rd_u64(&r);
    open.leg = rd_u32(&r);
    open.n_legs = rd_u32(&r);
    rd_fixed(&r, open.siblings.b, sizeof(open.siblings.b));
    open.gas_limit = rd_u64(&r);
    open.scope = rd_u8(&r);
    if ((open.scope & ~PRO_SCOPE_ALL) != 0) {
        rd_fail(&r, ERR_NONCANONICAL);
    }
    if (open.scope & PRO_SCOPE_SENDER) {
        rd_fixed(&r, open.sender.b, sizeof(open.sender.b));
    }
    if (open.scope & PRO_SCOPE_FEE) {
        open.fee = rd_u128(&r);
    }
    if (open.scope & PRO_SCOPE_TX) {
        open.tx = rd_var(&r, PRO_MAX_TX_BYTES);
    }
    int rc = rd_end(&r);
    if (rc == 0) {
        *out = open;
    }
    return rc;
}

void pro_leg_context(const struct hash32 *deployment, struct bytes open_bytes, struct buf *out)
{
    wr_fixed(out, deployment->b, sizeof(deployment->b));
    buf_append_bytes(out, open_bytes);
}

void pro_leg_encode(struct bytes open_bytes, struct bytes u, struct bytes q, struct bytes proof,
                    struct bytes sealed, struct buf *out)
{
    wr_var(out, open_bytes);
    wr_var(out, u);
    wr_var(out, q);
    wr_var(out, proof);
    wr_var(out, sealed);
}

void pro_bundle_encode(const struct hash32 *deployment, uint64_t nonce, const struct bytes *legs,
                       uint32_t n_legs, struct buf *out)
{
    wr_fixed(out, deployment->b, sizeof(deployment->b));
    wr_u64(out, nonce);
    wr_u32(out, n_legs);
    for (uint32_t i = 0; i < n_legs; i++) {
        wr_var(out, legs[i]);
    }
}

void pro_leg_hash(struct bytes raw, struct hash32 *out)
{
    struct hash_keccak h;
    hash_keccak_init(&h);
    hash_keccak_add(&h, bytes_str(PRO_LEG_TAG));
    hash_keccak_add(&h, raw);
    hash_keccak_end(&h, out);
}

int pro_leg_decode(struct bytes raw, struct pro_leg *out)
{
    struct rd r = rd_from(raw);
    struct pro_leg leg = {.raw = raw};
    leg.open_bytes = rd_var(&r, MAX_OPEN_BYTES);
    leg.u = rd_var(&r, MAX_ELEMENT_BYTES);
    leg.q = rd_var(&r, MAX_ELEMENT_BYTES);
    leg.proof = rd_var(&r, MAX_PROOF_BYTES);
    leg.sealed = rd_var(&r, PRO_MAX_TX_BYTES);
    int rc = rd_end(&r);
    if (rc == 0) {
        rc = open_part_decode(leg.open_bytes, &leg.open);
    }
    if (rc != 0) {
        return rc;
    }
    pro_leg_hash(raw, &leg.enc_tx_hash);
    *out = leg;
    return 0;
}

static void compute_id(struct pro_bundle *b)
{
    static const char tag[] = "lockstep/bundle/v1";
    uint8_t numbers[12];
    for (int i = 0; i < 8; i++) {
        numbers[i] = (uint8_t)(b->nonce >> (56 - 8 * i));
    }
    for (int i = 0; i < 4; i++) {
        numbers[8 + i] = (uint8_t)(b->n_legs >> (24 - 8 * i));
    }
    struct hash_keccak h;
    hash_keccak_init(&h);
    hash_keccak_add(&h, bytes_of(tag, sizeof(tag) - 1));
    hash_keccak_add(&h, BYTES_OF(b->deployment));
    hash_keccak_add(&h, bytes_of(numbers, sizeof(numbers)));
    for (uint32_t i = 0; i < b->n_legs; i++) {
        hash_keccak_add(&h, BYTES_OF(b->legs[i].enc_tx_hash));
    }
    hash_keccak_end(&h, &b->id);
}

static int check_complete(const struct pro_bundle *b)
{
    struct bytes us[PRO_MAX_LEGS];
    struct hash32 siblings;
    for (uint32_t i = 0; i < b->n_legs; i++) {
        us[i] = b->legs[i].u;
    }
    pro_siblings(us, b->n_legs, &siblings);
    for (uint32_t i = 0; i < b->n_legs; i++) {
        const struct pro_open_part *open = &b->legs[i].open;
        if (open->leg != i || open->n_legs != b->n_legs || open->bundle_nonce != b->nonce ||
            !hash32_equal(&open->siblings, &siblings)) {
            return ERR_MISMATCH;
        }
    }
    return b->n_legs == 0 ? ERR_MISMATCH : 0;
}

int pro_bundle_decode(struct bytes in, struct pro_bundle *out)
{
    if (in.len > PRO_MAX_BUNDLE_BYTES) {
        return ERR_TOOBIG;
    }
    struct rd r = rd_from(in);
    struct pro_bundle b = {0};
    rd_fixed(&r, b.deployment.b, sizeof(b.deployment.b));
    b.nonce = rd_u64(&r);
    uint32_t n_legs = rd_count(&r, PRO_MAX_LEGS, MIN_LEG_BYTES);
    if (r.err != 0) {
        return r.err;
    }
    b.legs = calloc(n_legs + 1, sizeof(*b.legs));
    if (b.legs == NULL) {
        return ERR_NOMEM;
    }
    int rc = 0;
    for (uint32_t i = 0; i < n_legs && rc == 0; i++) {
        struct bytes raw = rd_var(&r, PRO_MAX_BUNDLE_BYTES);
        rc = r.err != 0 ? r.err : pro_leg_decode(raw, &b.legs[i]);
    }
    b.n_legs = n_legs;
    if (rc == 0) {
        rc = rd_end(&r);
    }
    if (rc == 0) {
        rc = check_complete(&b);
    }
    if (rc != 0) {
        free(b.legs);
        return rc;
    }
    compute_id(&b);
    *out = b;
    return 0;
}

void pro_bundle_fini(struct pro_bundle *b)
{
    free(b->legs);
    *b = (struct pro_bundle){0};
}
