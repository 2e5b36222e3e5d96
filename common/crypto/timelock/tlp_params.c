#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/wire.h"
#include "common/crypto/hash.h"
#include "common/crypto/timelock/tlp_int.h"

#define MAGIC "LSTLPPRM"
#define VERSION 1

/* Longest exponent of g or h: z of R+256 bits, an 80-bit weight and e in a batch of up to 2^32. */
#define COMB_EXTRA_BITS (128 + 256 + 80 + 64 + 32)

int tlp_params_new(const struct tlp_modulus *m, uint64_t squarings, struct tlp_params **out)
{
    struct tlp_params *p = (struct tlp_params *)calloc(1, sizeof(*p));
    if (p == NULL) {
        return ERR_NOMEM;
    }
    if (tlp_ring_init(&p->ring, m->bits, m->n) != 0) {
        free(p);
        return ERR_NOMEM;
    }
    p->squarings = squarings;
    mpz_init2(p->trapdoor.p, m->bits / 2 + 64);
    mpz_init2(p->trapdoor.q, m->bits / 2 + 64);
    p->trapdoor.known = m->has_trapdoor;
    if (m->has_trapdoor) {
        tlp_mpz_from_bytes(p->trapdoor.p, bytes_of(m->p, m->bits / 16));
        tlp_mpz_from_bytes(p->trapdoor.q, bytes_of(m->q, m->bits / 16));
    }
    *out = p;
    return 0;
}

void tlp_params_destroy(struct tlp_params **params)
{
    struct tlp_params *p = *params;
    if (p == NULL) {
        return;
    }
    *params = NULL;
    tlp_comb_fini(&p->g_comb);
    tlp_comb_fini(&p->h_comb);
    BN_clear_free(p->g);
    BN_clear_free(p->h);
    tlp_mpz_wipe(p->trapdoor.p);
    tlp_mpz_wipe(p->trapdoor.q);
    tlp_ring_fini(&p->ring);
    free(p);
}

int tlp_params_finish(struct tlp_params *p)
{
    CLEANUP(buf_fini) struct buf file = {0};
    int rc = tlp_params_encode(p, false, &file);
    if (rc != 0) {
        return rc;
    }
    hash_sha256(buf_view(&file), &p->digest);
    CLEANUP(tlp_work_fini) struct tlp_work work;
    tlp_work_init(&work, &p->ring);
    p->g = tlp_bn_new(&work);
    p->h = tlp_bn_new(&work);
    if (work.err != 0) {
        return work.err;
    }
    rc = tlp_elem_get(&work, bytes_of(p->g_bytes, p->ring.bytes), p->g);
    if (rc == 0) {
        rc = tlp_elem_get(&work, bytes_of(p->h_bytes, p->ring.bytes), p->h);
    }
    p->g_comb.base = p->g;
    p->h_comb.base = p->h;
    return rc;
}

int tlp_params_prepare(struct tlp_params *p)
{
    if (p->g_comb.table != NULL) {
        return 0;
    }
    CLEANUP(tlp_work_fini) struct tlp_work work;
    struct tlp_comb g = {0};
    struct tlp_comb h = {0};
    tlp_work_init(&work, &p->ring);
    tlp_comb_init(&work, &g, p->g, p->ring.bits + COMB_EXTRA_BITS);
    tlp_comb_init(&work, &h, p->h, p->ring.bits + COMB_EXTRA_BITS);
    if (work.err != 0) {
        tlp_comb_fini(&g);
        tlp_comb_fini(&h);
        return work.err;
    }
    p->g_comb = g;
    p->h_comb = h;
    return 0;
}

/* ---- File ---- */

int tlp_params_encode(const struct tlp_params *p, bool with_trapdoor, struct buf *out)
{
    size_t bytes = p->ring.bytes;
    uint8_t number[TLP_ELEMENT_BYTES_MAX];
    tlp_mpz_to_bytes(p->ring.n, number, bytes);
    wr_fixed(out, MAGIC, strlen(MAGIC));
    wr_u16(out, VERSION);
    wr_u16(out, (uint16_t)p->ring.bits);
    wr_fixed(out, number, bytes);
    wr_fixed(out, p->g_bytes, bytes);
    wr_u64(out, p->squarings);
    wr_fixed(out, p->h_bytes, bytes);
    wr_fixed(out, p->pi_bytes, bytes);
    bool with = with_trapdoor && p->trapdoor.known;
    wr_bool(out, with);
    if (with) {
        CLEANUP(tlp_modulus_wipe) struct tlp_modulus m;
        tlp_mpz_to_bytes(p->trapdoor.p, m.p, bytes / 2);
        tlp_mpz_to_bytes(p->trapdoor.q, m.q, bytes / 2);
        wr_fixed(out, m.p, bytes / 2);
        wr_fixed(out, m.q, bytes / 2);
    }
    return out->err;
}

struct file {
    struct tlp_modulus modulus;
    uint64_t squarings;
    const uint8_t *g, *h, *pi;
};

static void file_wipe(struct file *f)
{
    tlp_modulus_wipe(&f->modulus);
}

static int refuse(struct buf *why, const char *sentence)
{
    buf_printf(why, "%s", sentence);
    return ERR_INVALID;
}

static int parse(struct bytes in, struct file *f, struct buf *why)
{
    struct rd r = rd_from(in);
    struct bytes magic = rd_view(&r, strlen(MAGIC));
    if (!bytes_equal(magic, bytes_str(MAGIC))) {
        return refuse(why, "This is not a time-lock parameter file.");
    }
    if (rd_u16(&r) != VERSION) {
        return refuse(why, "The parameter file has a version this program does not know.");
    }
    struct tlp_modulus *m = &f->modulus;
    m->bits = rd_u16(&r);
    if (m->bits != 1024 && m->bits != 2048 && m->bits != 3072) {
        return refuse(why, "The modulus size is not 1024, 2048 or 3072 bits.");
    }
    size_t bytes = m->bits / 8;
    rd_fixed(&r, m->n, bytes);
    f->g = rd_view(&r, bytes).data;
    f->squarings = rd_u64(&r);
    f->h = rd_view(&r, bytes).data;
    f->pi = rd_view(&r, bytes).data;
    m->has_trapdoor = rd_bool(&r);
    if (m->has_trapdoor) {
        rd_fixed(&r, m->p, bytes / 2);
        rd_fixed(&r, m->q, bytes / 2);
    }
    int rc = rd_end(&r);
    if (rc != 0) {
        buf_printf(why, "The parameter file is malformed: %s.", err_text(rc));
        return ERR_INVALID;
    }
    if (f->squarings == 0 || f->squarings > INT64_MAX) {
        return refuse(why, "The number of squarings is not between 1 and 2^63 - 1.");
    }
    return 0;
}

/* pi^l * g^(2^T mod l) = h? */
static int check_proof(struct tlp_work *work, const struct tlp_params *p, struct buf *why)
{
    CLEANUP(tlp_bn_cleanup) BIGNUM *pi = tlp_bn_new(work);
    CLEANUP(tlp_bn_cleanup) BIGNUM *out = tlp_bn_new(work);
    BIGNUM **exps = tlp_bns_new(work, 2);
    int rc = work->err;
    if (rc == 0) {
        rc = tlp_elem_get(work, bytes_of(p->pi_bytes, work->ring->bytes), pi);
    }
    mpz_t l, rest;
    mpz_init(l);
    mpz_init_set_ui(rest, 2);
    if (rc == 0) {
        rc = tlp_hash_wesolowski(work->ring, p->g_bytes, p->h_bytes, p->squarings, l);
    }
    if (rc == 0) {
        mpz_powm_ui(rest, rest, p->squarings, l);
        tlp_bn_from_mpz(work, exps[0], l);
        tlp_bn_from_mpz(work, exps[1], rest);
        BIGNUM *bases[] = {pi, p->g};
        tlp_multi_pow(work, out, 2, bases, exps);
        uint8_t h[TLP_ELEMENT_BYTES_MAX];
        tlp_elem_put(work, out, h);
        rc = work->err;
        if (rc == 0 && memcmp(h, p->h_bytes, work->ring->bytes) != 0) {
            rc = ERR_PROOF;
        }
    }
    mpz_clear(l);
    mpz_clear(rest);
    tlp_bns_free(exps, 2);
    if (rc == ERR_PROOF || rc == ERR_NONCANONICAL) {
        return refuse(why, "The proof that h took the stated number of squarings does not hold.");
    }
    return rc;
}

static int check_elements(struct tlp_params *p, struct buf *why)
{
    CLEANUP(tlp_work_fini) struct tlp_work work;
    tlp_work_init(&work, &p->ring);
    uint8_t g[TLP_ELEMENT_BYTES_MAX];
    int rc = work.err != 0 ? work.err : tlp_hash_generator(&work, g);
    if (rc == ERR_INVALID || (rc == 0 && memcmp(g, p->g_bytes, p->ring.bytes) != 0)) {
        return refuse(why, "The generator is not the one derived from the modulus.");
    }
    if (rc != 0) {
        return rc;
    }
    rc = tlp_params_finish(p);
    if (rc == ERR_NONCANONICAL) {
        return refuse(why, "h is not an element of the group in canonical form.");
    }
    return rc != 0 ? rc : check_proof(&work, p, why);
}

int tlp_params_decode(struct bytes file, struct tlp_params **out, struct buf *why)
{
    CLEANUP(file_wipe) struct file f = {0};
    int rc = parse(file, &f, why);
    if (rc == 0) {
        rc = tlp_modulus_check(&f.modulus, why);
    }
    if (rc != 0) {
        return rc;
    }
    CLEANUP(tlp_params_destroy) struct tlp_params *p = NULL;
    rc = tlp_params_new(&f.modulus, f.squarings, &p);
    if (rc != 0) {
        return rc;
    }
    memcpy(p->g_bytes, f.g, p->ring.bytes);
    memcpy(p->h_bytes, f.h, p->ring.bytes);
    memcpy(p->pi_bytes, f.pi, p->ring.bytes);
    rc = check_elements(p, why);
    if (rc == 0) {
        *out = MOVE(p);
    }
    return rc;
}

/* ---- Accessors ---- */

const struct hash32 *tlp_params_digest(const struct tlp_params *p)
{
    return &p->digest;
}

size_t tlp_params_element_bytes(const struct tlp_params *p)
{
    return p->ring.bytes;
}

uint32_t tlp_params_bits(const struct tlp_params *p)
{
    return p->ring.bits;
}

uint64_t tlp_params_squarings(const struct tlp_params *p)
{
    return p->squarings;
}

bool tlp_params_has_trapdoor(const struct tlp_params *p)
{
    return p->trapdoor.known;
}
