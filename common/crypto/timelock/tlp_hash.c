#include "common/base/cleanup.h"
#include "common/base/wire.h"
#include "common/crypto/hash.h"
#include "common/crypto/timelock/tlp_int.h"

#define TAG_GROUP "lockstep/tlp/group/v1"
#define TAG_EXPONENT "lockstep/tlp/exponent/v1"
#define TAG_WESOLOWSKI "lockstep/tlp/wesolowski/v1"
#define TAG_PROOF "lockstep/tlp/proof/v1"

static void put_tag(struct buf *b, const char *tag)
{
    buf_append_bytes(b, bytes_str(tag));
}

/* Tag, bits and N: how every hash that belongs to the group alone begins. */
static void put_group(struct buf *b, const char *tag, const struct tlp_ring *ring)
{
    uint8_t n[TLP_ELEMENT_BYTES_MAX];
    tlp_mpz_to_bytes(ring->n, n, ring->bytes);
    put_tag(b, tag);
    wr_u16(b, (uint16_t)ring->bits);
    wr_fixed(b, n, ring->bytes);
}

static void expand(const struct hash32 *seed, uint32_t i, struct hash32 *out)
{
    uint8_t in[36];
    memcpy(in, seed->b, 32);
    for (int k = 0; k < 4; k++) {
        in[32 + k] = (uint8_t)(i >> (24 - 8 * k));
    }
    hash_sha256(bytes_of(in, sizeof(in)), out);
}

int tlp_hash_generator(struct tlp_work *work, uint8_t *out)
{
    const struct tlp_ring *ring = work->ring;
    CLEANUP(buf_fini) struct buf b = {0};
    put_group(&b, TAG_GROUP, ring);
    wr_var(&b, bytes_str("g"));
    if (b.err != 0) {
        return b.err;
    }
    struct hash32 seed;
    hash_sha256(buf_view(&b), &seed);
    uint8_t wide[TLP_ELEMENT_BYTES_MAX + 16 + 32];
    size_t need = ring->bytes + 16;
    for (uint32_t i = 0; (size_t)i * 32 < need; i++) {
        struct hash32 block;
        expand(&seed, i, &block);
        memcpy(&wide[(size_t)i * 32], block.b, 32);
    }
    mpz_t x, y;
    mpz_init(x);
    mpz_init(y);
    tlp_mpz_from_bytes(x, bytes_of(wide, need));
    mpz_mod(x, x, ring->n);
    mpz_gcd(y, x, ring->n);
    int rc = mpz_cmp_ui(y, 1) == 0 ? 0 : ERR_INVALID;
    if (rc == 0) {
        mpz_mul(x, x, x);
        mpz_mod(x, x, ring->n);
        mpz_sub(y, ring->n, x);
        tlp_mpz_to_bytes(mpz_cmp(x, y) < 0 ? x : y, out, ring->bytes);
    }
    mpz_clear(x);
    mpz_clear(y);
    return rc;
}

/* Most candidates go without GMP. Returns: true if a small prime divides x, which is far larger. */
static bool has_small_factor(uint64_t x)
{
    return x % 3 == 0 || x % 5 == 0 || x % 7 == 0 || x % 11 == 0 || x % 13 == 0 || x % 17 == 0 ||
           x % 19 == 0 || x % 23 == 0 || x % 29 == 0 || x % 31 == 0 || x % 37 == 0 || x % 41 == 0 ||
           x % 43 == 0 || x % 47 == 0;
}

static uint64_t first_word(const struct hash32 *h)
{
    uint64_t x = 0;
    for (int i = 0; i < 8; i++) {
        x = x << 8 | h->b[i];
    }
    return x;
}

/* The first prime of `bits` bits among the candidates of a seed. Below 2^64 GMP's test (BPSW) is
 * exact; for longer candidates the error is far below 2^-80. */
static void first_prime(const struct hash32 *seed, unsigned bits, mpz_t out)
{
    for (uint32_t i = 0;; i++) {
        struct hash32 h;
        expand(seed, i, &h);
        h.b[0] |= 0x80;
        h.b[bits / 8 - 1] |= 1;
        if (bits == 64 && has_small_factor(first_word(&h))) {
            continue;
        }
        tlp_mpz_from_bytes(out, bytes_of(h.b, bits / 8));
        if (mpz_probab_prime_p(out, bits > 64 ? 50 : 24) != 0) {
            return;
        }
    }
}

int tlp_hash_exponent(const struct tlp_ring *ring, struct bytes u, uint64_t *e)
{
    CLEANUP(buf_fini) struct buf b = {0};
    put_group(&b, TAG_EXPONENT, ring);
    buf_append_bytes(&b, u);
    if (b.err != 0) {
        return b.err;
    }
    struct hash32 seed;
    hash_sha256(buf_view(&b), &seed);
    mpz_t prime;
    mpz_init(prime);
    first_prime(&seed, 64, prime);
    *e = mpz_get_ui(prime);
    mpz_clear(prime);
    return 0;
}

int tlp_hash_wesolowski(const struct tlp_ring *ring, const uint8_t *g, const uint8_t *h,
                        uint64_t squarings, mpz_t l)
{
    CLEANUP(buf_fini) struct buf b = {0};
    put_group(&b, TAG_WESOLOWSKI, ring);
    wr_fixed(&b, g, ring->bytes);
    wr_fixed(&b, h, ring->bytes);
    wr_u64(&b, squarings);
    if (b.err != 0) {
        return b.err;
    }
    struct hash32 seed;
    hash_sha256(buf_view(&b), &seed);
    first_prime(&seed, TLP_WESOLOWSKI_BITS, l);
    return 0;
}

int tlp_hash_challenge(const struct tlp_params *params, const struct tlp_statement *s,
                       const uint8_t *a, const uint8_t *b, uint8_t c[TLP_CHALLENGE_BYTES])
{
    struct hash32 ct_hash;
    hash_sha256(s->ct, &ct_hash);
    CLEANUP(buf_fini) struct buf m = {0};
    put_tag(&m, TAG_PROOF);
    wr_fixed(&m, params->digest.b, 32);
    wr_u8(&m, (uint8_t)s->profile);
    wr_var(&m, s->ctx);
    wr_fixed(&m, ct_hash.b, 32);
    buf_append_bytes(&m, s->u);
    buf_append_bytes(&m, s->q);
    wr_u64(&m, s->e);
    wr_fixed(&m, a, params->ring.bytes);
    wr_fixed(&m, b, params->ring.bytes);
    if (m.err != 0) {
        return m.err;
    }
    struct hash32 digest;
    hash_sha256(buf_view(&m), &digest);
    memcpy(c, digest.b, TLP_CHALLENGE_BYTES);
    return 0;
}
