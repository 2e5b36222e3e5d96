/* The construction once more, straight from its description: long exponents, mpz_powm, no tables,
 * no tree, no code of the library but the hash functions and the AEAD. */
#include "common/base/check.h"
#include "common/crypto/aead.h"
#include "common/crypto/hash.h"
#include "tests/unit/timelock/fixture.h"

void model_init(struct model *m, const struct tlp_params *params)
{
    struct buf file = {0};
    CHECK(tlp_params_encode(params, false, &file) == 0);
    hash_sha256(buf_view(&file), &m->digest);
    m->bits = (uint32_t)(file.data[10] << 8 | file.data[11]);
    m->bytes = m->bits / 8;
    mpz_inits(m->n, m->g, m->h, m->pi, NULL);
    const uint8_t *at = file.data + 12;
    model_get(m->n, bytes_of(at, m->bytes));
    model_get(m->g, bytes_of(at + m->bytes, m->bytes));
    at += 2 * m->bytes;
    m->squarings = 0;
    for (int i = 0; i < 8; i++) {
        m->squarings = m->squarings << 8 | *at++;
    }
    model_get(m->h, bytes_of(at, m->bytes));
    model_get(m->pi, bytes_of(at + m->bytes, m->bytes));
    buf_fini(&file);
}

void model_fini(struct model *m)
{
    mpz_clears(m->n, m->g, m->h, m->pi, NULL);
}

void model_canon(const struct model *m, mpz_t x)
{
    mpz_t other;
    mpz_init(other);
    mpz_sub(other, m->n, x);
    if (mpz_cmp(other, x) < 0) {
        mpz_set(x, other);
    }
    mpz_clear(other);
}

void model_put(const struct model *m, const mpz_t x, uint8_t *out)
{
    size_t len = (mpz_sizeinbase(x, 2) + 7) / 8;
    memset(out, 0, m->bytes);
    mpz_export(out + m->bytes - len, NULL, 1, 1, 1, 0, x);
}

void model_get(mpz_t x, struct bytes in)
{
    mpz_import(x, in.len, 1, 1, 1, 0, in.data);
}

static void put_element(const struct model *m, const mpz_t x, struct buf *out)
{
    uint8_t raw[TLP_ELEMENT_BYTES_MAX];
    model_put(m, x, raw);
    buf_append(out, raw, m->bytes);
}

void model_draw(const struct model *m, enum tlp_profile profile, const char *label, mpz_t r,
                mpz_t rho)
{
    uint8_t raw[1024];
    struct drbg d = fix_drbg(label);
    size_t len = profile == TLP_FULL ? m->bytes + 16 : 32;
    drbg_fill(&d, raw, len);
    model_get(r, bytes_of(raw, len));
    drbg_fill(&d, raw, len + 32);
    raw[0] |= 0x80;
    model_get(rho, bytes_of(raw, len + 32));
}

uint64_t model_exponent(const struct model *m, struct bytes u)
{
    struct buf b = {0};
    buf_append_bytes(&b, bytes_str("lockstep/tlp/exponent/v1"));
    wr_u16(&b, (uint16_t)m->bits);
    put_element(m, m->n, &b);
    buf_append_bytes(&b, u);
    struct hash32 seed;
    hash_sha256(buf_view(&b), &seed);
    uint64_t e = 0;
    mpz_t prime;
    mpz_init(prime);
    for (uint32_t i = 0; e == 0; i++) {
        struct hash32 h;
        buf_clear(&b);
        wr_fixed(&b, seed.b, 32);
        wr_u32(&b, i);
        hash_sha256(buf_view(&b), &h);
        uint64_t candidate = 0;
        for (int k = 0; k < 8; k++) {
            candidate = candidate << 8 | h.b[k];
        }
        candidate |= UINT64_C(1) << 63 | 1;
        mpz_set_ui(prime, candidate);
        e = mpz_probab_prime_p(prime, 40) != 0 ? candidate : 0;
    }
    mpz_clear(prime);
    buf_fini(&b);
    return e;
}

void model_challenge(const struct model *m, enum tlp_profile profile, struct bytes ctx,
                     const struct tlp_puzzle *puzzle, const uint8_t *a, const uint8_t *b, mpz_t c)
{
    struct hash32 ct_hash, h;
    hash_sha256(puzzle->ct, &ct_hash);
    struct buf in = {0};
    buf_append_bytes(&in, bytes_str("lockstep/tlp/proof/v1"));
    buf_append(&in, m->digest.b, 32);
    buf_append_u8(&in, profile == TLP_FULL ? 1 : 2);
    wr_var(&in, ctx);
    buf_append(&in, ct_hash.b, 32);
    buf_append_bytes(&in, puzzle->u);
    buf_append_bytes(&in, puzzle->q);
    wr_u64(&in, model_exponent(m, puzzle->u));
    buf_append(&in, a, m->bytes);
    buf_append(&in, b, m->bytes);
    hash_sha256(buf_view(&in), &h);
    model_get(c, bytes_of(h.b, 16));
    buf_fini(&in);
}

static void derive(const struct model *m, struct bytes ctx, struct bytes u, struct bytes q,
                   const mpz_t w, uint8_t key[32], struct buf *aad)
{
    uint8_t raw[TLP_ELEMENT_BYTES_MAX];
    model_put(m, w, raw);
    CHECK(hkdf_sha256(BYTES_OF(m->digest), bytes_of(raw, m->bytes), ctx, key, 32) == 0);
    wr_u32(aad, (uint32_t)ctx.len);
    buf_append_bytes(aad, ctx);
    buf_append_bytes(aad, u);
    buf_append_bytes(aad, q);
}

void model_lock(const struct model *m, enum tlp_profile profile, const mpz_t r, const mpz_t rho,
                struct bytes ctx, struct bytes plain, struct tlp_puzzle_out *out)
{
    mpz_t u, w, q;
    mpz_inits(u, w, q, NULL);
    mpz_powm(u, m->g, r, m->n);
    model_canon(m, u);
    put_element(m, u, &out->u);
    mpz_powm(w, m->h, r, m->n);
    model_canon(m, w);
    uint64_t e = model_exponent(m, buf_view(&out->u));
    mpz_powm_ui(q, w, e, m->n);
    model_canon(m, q);
    put_element(m, q, &out->q);

    uint8_t key[32];
    struct buf aad = {0};
    derive(m, ctx, buf_view(&out->u), buf_view(&out->q), w, key, &aad);
    CHECK(aead_seal(key, buf_view(&aad), plain, &out->ct) == 0);
    buf_fini(&aad);

    mpz_clears(u, w, q, NULL);
    model_prove(m, profile, r, rho, ctx, out);
}

void model_prove(const struct model *m, enum tlp_profile profile, const mpz_t r, const mpz_t rho,
                 struct bytes ctx, struct tlp_puzzle_out *out)
{
    mpz_t a, b, c, z;
    mpz_inits(a, b, c, z, NULL);
    uint64_t e = model_exponent(m, buf_view(&out->u));
    mpz_powm(a, m->g, rho, m->n);
    model_canon(m, a);
    mpz_powm(b, m->h, rho, m->n);
    mpz_powm_ui(b, b, e, m->n);
    model_canon(m, b);
    uint8_t a_raw[TLP_ELEMENT_BYTES_MAX], b_raw[TLP_ELEMENT_BYTES_MAX];
    model_put(m, a, a_raw);
    model_put(m, b, b_raw);
    struct tlp_puzzle view = tlp_puzzle_out_view(out);
    model_challenge(m, profile, ctx, &view, a_raw, b_raw, c);
    mpz_mul(z, c, r);
    mpz_sub(z, rho, z);
    CHECK(mpz_sgn(z) > 0);
    size_t z_bytes = ((profile == TLP_FULL ? m->bits + 128 : 256) + 256) / 8;
    size_t used = (mpz_sizeinbase(z, 2) + 7) / 8;
    buf_append_u8(&out->proof, 2);
    buf_append_u8(&out->proof, profile == TLP_FULL ? 1 : 2);
    buf_append(&out->proof, a_raw, m->bytes);
    buf_append(&out->proof, b_raw, m->bytes);
    for (size_t i = used; i < z_bytes; i++) {
        buf_append_u8(&out->proof, 0);
    }
    uint8_t z_raw[1024];
    mpz_export(z_raw, NULL, 1, 1, 1, 0, z);
    buf_append(&out->proof, z_raw, used);
    mpz_clears(a, b, c, z, NULL);
}

int model_decrypt(const struct model *m, struct bytes ctx, const struct tlp_puzzle *puzzle,
                  const mpz_t w, struct buf *plain)
{
    uint8_t key[32];
    struct buf aad = {0};
    derive(m, ctx, puzzle->u, puzzle->q, w, key, &aad);
    int rc = aead_open(key, buf_view(&aad), puzzle->ct, plain);
    buf_fini(&aad);
    return rc;
}

int model_open(const struct model *m, struct bytes ctx, const struct tlp_puzzle *puzzle,
               struct buf *plain)
{
    mpz_t w;
    mpz_init(w);
    model_get(w, puzzle->u);
    for (uint64_t i = 0; i < m->squarings; i++) {
        mpz_mul(w, w, w);
        mpz_mod(w, w, m->n);
    }
    model_canon(m, w);
    int rc = model_decrypt(m, ctx, puzzle, w, plain);
    mpz_clear(w);
    return rc;
}
