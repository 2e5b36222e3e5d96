#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/wire.h"
#include "common/crypto/aead.h"
#include "common/crypto/timelock/tlp_int.h"

#define SECRET_BYTES_MAX ((TLP_BITS_MAX + 128 + 256) / 8)

void tlp_puzzle_out_fini(struct tlp_puzzle_out *puzzle)
{
    buf_fini(&puzzle->u);
    buf_fini(&puzzle->q);
    buf_fini(&puzzle->proof);
    buf_fini(&puzzle->ct);
}

struct tlp_puzzle tlp_puzzle_out_view(const struct tlp_puzzle_out *puzzle)
{
    return (struct tlp_puzzle){buf_view(&puzzle->u), buf_view(&puzzle->q), buf_view(&puzzle->proof),
                               buf_view(&puzzle->ct)};
}

size_t tlp_profile_bits(const struct tlp_params *params, enum tlp_profile profile)
{
    return profile == TLP_FULL ? params->ring.bits + 128 : 256;
}

size_t tlp_proof_bytes(const struct tlp_params *params, enum tlp_profile profile, int form)
{
    size_t commitment = form == 1 ? TLP_CHALLENGE_BYTES : 2 * params->ring.bytes;
    return 2 + commitment + (tlp_profile_bits(params, profile) + 256) / 8;
}

int tlp_derive(const struct tlp_params *params, struct bytes ctx, struct bytes u, struct bytes q,
               struct bytes w, uint8_t key[32], struct buf *aad)
{
    wr_var(aad, ctx);
    buf_append_bytes(aad, u);
    buf_append_bytes(aad, q);
    if (aad->err != 0) {
        return aad->err;
    }
    return hkdf_sha256(BYTES_OF(params->digest), w, ctx, key, 32);
}

/* Everything secret about one puzzle, wiped by lock_fini. */
struct lock {
    const struct tlp_params *params;
    struct tlp_work work;
    BIGNUM *r;
    BIGNUM *rho;
    BIGNUM *t; /* scratch */
    BIGNUM *x; /* scratch */
    struct tlp_statement s;
    uint8_t u[TLP_ELEMENT_BYTES_MAX];
    uint8_t q[TLP_ELEMENT_BYTES_MAX];
    uint8_t w[TLP_ELEMENT_BYTES_MAX];
    uint8_t a[TLP_ELEMENT_BYTES_MAX];
    uint8_t b[TLP_ELEMENT_BYTES_MAX];
};

static void lock_init(struct lock *l, const struct tlp_params *params)
{
    *l = (struct lock){.params = params};
    tlp_work_init(&l->work, &params->ring);
    l->r = tlp_bn_new(&l->work);
    l->rho = tlp_bn_new(&l->work);
    l->t = tlp_bn_new(&l->work);
    l->x = tlp_bn_new(&l->work);
}

static void lock_fini(struct lock *l)
{
    BN_clear_free(l->r);
    BN_clear_free(l->rho);
    BN_clear_free(l->t);
    BN_clear_free(l->x);
    tlp_work_fini(&l->work);
    secret_wipe(l, sizeof(*l));
}

static void draw(struct lock *l, struct drbg *secret)
{
    uint8_t raw[SECRET_BYTES_MAX];
    size_t len = tlp_profile_bits(l->params, l->s.profile) / 8;
    drbg_fill(secret, raw, len);
    bool ok = l->work.err == 0 && BN_bin2bn(raw, (int)len, l->r) != NULL;
    drbg_fill(secret, raw, len + 32);
    raw[0] |= 0x80;
    ok = ok && BN_bin2bn(raw, (int)(len + 32), l->rho) != NULL;
    secret_wipe(raw, sizeof(raw));
    if (!ok) {
        tlp_work_fail(&l->work, ERR_NOMEM);
    }
}

/* out = base^(exp * e) */
static void power(struct lock *l, const struct tlp_comb *base, const BIGNUM *exp, uint64_t e,
                  uint8_t *out)
{
    if (l->work.err == 0 && (BN_copy(l->t, exp) == NULL || BN_mul_word(l->t, e) != 1)) {
        tlp_work_fail(&l->work, ERR_NOMEM);
    }
    tlp_comb_pow(&l->work, base, l->x, l->t);
    tlp_elem_put(&l->work, l->x, out);
}

static int commit(struct lock *l)
{
    const struct tlp_params *p = l->params;
    size_t bytes = p->ring.bytes;
    power(l, &p->g_comb, l->r, 1, l->u);
    if (l->work.err != 0) {
        return l->work.err;
    }
    l->s.u = bytes_of(l->u, bytes);
    int rc = tlp_hash_exponent(&p->ring, l->s.u, &l->s.e);
    if (rc != 0) {
        return rc;
    }
    power(l, &p->h_comb, l->r, 1, l->w);
    power(l, &p->h_comb, l->r, l->s.e, l->q);
    power(l, &p->g_comb, l->rho, 1, l->a);
    power(l, &p->h_comb, l->rho, l->s.e, l->b);
    l->s.q = bytes_of(l->q, bytes);
    return l->work.err;
}

static int seal(struct lock *l, struct bytes plain, struct buf *ct)
{
    uint8_t key[32];
    CLEANUP(buf_fini) struct buf aad = {0};
    int rc = tlp_derive(l->params, l->s.ctx, l->s.u, l->s.q, bytes_of(l->w, l->params->ring.bytes),
                        key, &aad);
    if (rc == 0) {
        rc = aead_seal(key, buf_view(&aad), plain, ct);
    }
    secret_wipe(key, sizeof(key));
    return rc;
}

static int prove(struct lock *l, struct buf *proof)
{
    uint8_t c[TLP_CHALLENGE_BYTES];
    int rc = tlp_hash_challenge(l->params, &l->s, l->a, l->b, c);
    if (rc != 0) {
        return rc;
    }
    /* z = rho - c*r: positive, as rho >= 2^(R+255) and c*r < 2^(R+128). */
    if (BN_bin2bn(c, sizeof(c), l->t) == NULL || BN_mul(l->x, l->t, l->r, l->work.ctx) != 1 ||
        BN_sub(l->x, l->rho, l->x) != 1) {
        return ERR_NOMEM;
    }
    uint8_t z[SECRET_BYTES_MAX];
    int len = (int)(tlp_profile_bits(l->params, l->s.profile) + 256) / 8;
    CHECK(!BN_is_negative(l->x) && BN_bn2binpad(l->x, z, len) == len);
    wr_u8(proof, 2);
    wr_u8(proof, (uint8_t)l->s.profile);
    wr_fixed(proof, l->a, l->params->ring.bytes);
    wr_fixed(proof, l->b, l->params->ring.bytes);
    wr_fixed(proof, z, (size_t)len);
    return proof->err;
}

int tlp_lock(const struct tlp_params *params, enum tlp_profile profile, struct drbg *secret,
             struct bytes ctx, struct bytes plain, struct tlp_puzzle_out *out)
{
    CHECK(profile == TLP_FULL || profile == TLP_SHORT);
    if (plain.len > UINT32_MAX - AEAD_TAG_BYTES || ctx.len > UINT32_MAX) {
        return ERR_TOOBIG;
    }
    CLEANUP(tlp_puzzle_out_fini) struct tlp_puzzle_out made = {0};
    made.ct.limit = plain.len + AEAD_TAG_BYTES;
    CLEANUP(lock_fini) struct lock l;
    lock_init(&l, params);
    l.s.profile = profile;
    l.s.ctx = ctx;
    draw(&l, secret);
    int rc = commit(&l);
    if (rc == 0) {
        rc = seal(&l, plain, &made.ct);
    }
    if (rc == 0) {
        l.s.ct = buf_view(&made.ct);
        rc = prove(&l, &made.proof);
    }
    buf_append_bytes(&made.u, l.s.u);
    buf_append_bytes(&made.q, l.s.q);
    if (rc == 0) {
        rc = made.u.err != 0 ? made.u.err : made.q.err;
    }
    if (rc == 0) {
        *out = made;
        made = (struct tlp_puzzle_out){0};
    }
    return rc;
}

int tlp_lock_preview(const struct tlp_params *params, enum tlp_profile profile,
                     const struct drbg *secret, struct buf *u)
{
    CHECK(profile == TLP_FULL || profile == TLP_SHORT);
    struct drbg copy = *secret;
    CLEANUP(lock_fini) struct lock l;
    lock_init(&l, params);
    l.s.profile = profile;
    draw(&l, &copy);
    drbg_wipe(&copy);
    power(&l, &params->g_comb, l.r, 1, l.u);
    if (l.work.err == 0) {
        buf_append(u, l.u, params->ring.bytes);
    }
    return l.work.err != 0 ? l.work.err : u->err;
}
