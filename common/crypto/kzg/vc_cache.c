#include "common/crypto/kzg/vc_cache.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/crypto/kzg/vc_tables.h"

#include <common/utils.h>
#include <eip7594/fft.h>
#include <stdlib.h>

#define G1_BYTES (sizeof(((struct vc_commitment *)0)->b))
#define G2_BYTES (2 * G1_BYTES)
#define N_G2 65

/* The setup's text, read: points in compressed form. */
struct ceremony {
    uint8_t lagrange[VC_WIDTH][G1_BYTES];
    uint8_t g2[N_G2][G2_BYTES];
    uint8_t monomial[VC_WIDTH][G1_BYTES];
};

static struct bytes next_word(struct bytes *in)
{
    if (in->len == 0) {
        return (struct bytes){0};
    }
    size_t at = 0;
    while (at < in->len && (in->data[at] == '\n' || in->data[at] == '\r' || in->data[at] == ' ')) {
        at++;
    }
    size_t end = at;
    while (end < in->len && in->data[end] != '\n' && in->data[end] != '\r' &&
           in->data[end] != ' ') {
        end++;
    }
    struct bytes word = bytes_of(in->data + at, end - at);
    *in = bytes_of(in->data + end, in->len - end);
    return word;
}

static bool next_is(struct bytes *in, const char *expected)
{
    return bytes_equal(next_word(in), bytes_str(expected));
}

static bool next_point(struct bytes *in, uint8_t *out, size_t len)
{
    struct bytes word = next_word(in);
    char text[2 * G2_BYTES + 1];
    if (word.len != 2 * len || word.len >= sizeof(text)) {
        return false;
    }
    memcpy(text, word.data, word.len);
    text[word.len] = 0;
    return hex_decode(text, out, len) == 0;
}

static bool read_text(struct bytes in, struct ceremony *out)
{
    bool ok = next_is(&in, "4096") && next_is(&in, "65");
    for (size_t i = 0; i < VC_WIDTH && ok; i++) {
        ok = next_point(&in, out->lagrange[i], G1_BYTES);
    }
    for (size_t i = 0; i < N_G2 && ok; i++) {
        ok = next_point(&in, out->g2[i], G2_BYTES);
    }
    for (size_t i = 0; i < VC_WIDTH && ok; i++) {
        ok = next_point(&in, out->monomial[i], G1_BYTES);
    }
    return ok && next_word(&in).len == 0;
}

/* [D_i] for all i at once: coefficient k of D_i is (N - 1 - k) w_i^-(k + 1) / N, so the points are
 * the inverse transform of h[k + 1] = (N - 1 - k) [tau^k], h[0] = 0. */
static int quotients(const KZGSettings *s, blst_p1_affine *out)
{
    CLEANUP(cleanup_free) blst_p1 *h = calloc(VC_WIDTH, sizeof(*h));
    CLEANUP(cleanup_free) blst_p1 *d = calloc(VC_WIDTH, sizeof(*d));
    CLEANUP(cleanup_free) const blst_p1 **at = calloc(VC_WIDTH, sizeof(*at));
    if (h == NULL || d == NULL || at == NULL) {
        return ERR_NOMEM;
    }
    for (size_t k = 0; k + 1 < VC_WIDTH; k++) {
        size_t factor = VC_WIDTH - 1 - k;
        const uint8_t little_endian[2] = {(uint8_t)factor, (uint8_t)(factor >> 8)};
        blst_p1_mult(&h[k + 1], &s->g1_values_monomial[k], little_endian, 16);
    }
    if (g1_ifft(d, h, VC_WIDTH, s) != C_KZG_OK ||
        bit_reversal_permutation(d, sizeof(*d), VC_WIDTH) != C_KZG_OK) {
        return ERR_CRYPTO;
    }
    for (size_t i = 0; i < VC_WIDTH; i++) {
        at[i] = &d[i];
    }
    blst_p1s_to_affine(out, at, VC_WIDTH);
    return 0;
}

static int fill_tables(const KZGSettings *s, struct vc_tables *out)
{
    CLEANUP(cleanup_free) const blst_p1 **at = calloc(VC_WIDTH, sizeof(*at));
    if (at == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < VC_WIDTH; i++) {
        at[i] = &s->g1_values_lagrange_brp[i];
        /* The library keeps the roots of the domain twice as large; ours come first. */
        out->root[i] = s->brp_roots_of_unity[i];
    }
    blst_p1s_to_affine(out->lagrange, at, VC_WIDTH);
    out->g2[0] = s->g2_values_monomial[0];
    out->g2[1] = s->g2_values_monomial[1];
    return quotients(s, out->quotient);
}

static int append_file(const struct vc_tables *t, struct buf *cache)
{
    struct vc_cache_head head = {
        .magic = VC_CACHE_MAGIC,
        .order = VC_CACHE_ORDER,
        .length = sizeof(head) + sizeof(*t),
    };
    hash_sha256(bytes_of(t, sizeof(*t)), &head.checksum);
    buf_append(cache, &head, sizeof(head));
    buf_append(cache, t, sizeof(*t));
    return cache->err;
}

int vc_cache_build(struct bytes trusted_setup, struct buf *cache)
{
    CLEANUP(cleanup_free) struct ceremony *c = calloc(1, sizeof(*c));
    CLEANUP(cleanup_free) struct vc_tables *t = calloc(1, sizeof(*t));
    if (c == NULL || t == NULL) {
        return ERR_NOMEM;
    }
    int rc = buf_reserve(cache, sizeof(struct vc_cache_head) + sizeof(*t));
    if (rc != 0) {
        return rc;
    }
    if (!read_text(trusted_setup, c)) {
        return ERR_INVALID;
    }
    KZGSettings s;
    C_KZG_RET ret = load_trusted_setup(&s, c->monomial[0], sizeof(c->monomial), c->lagrange[0],
                                       sizeof(c->lagrange), c->g2[0], sizeof(c->g2), 0);
    if (ret != C_KZG_OK) {
        return ret == C_KZG_MALLOC ? ERR_NOMEM : ERR_CRYPTO;
    }
    rc = fill_tables(&s, t);
    free_trusted_setup(&s);
    return rc != 0 ? rc : append_file(t, cache);
}
