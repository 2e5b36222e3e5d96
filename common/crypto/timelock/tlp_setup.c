/* Making parameters by the factors, and the choice between that and squaring. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/timelock/tlp_int.h"
#include "common/crypto/timelock/tlp_resume.h"

#define TELL_EVERY 65536

static void put_canonical(const struct tlp_ring *ring, const mpz_t x, uint8_t *out)
{
    mpz_t other;
    mpz_init(other);
    mpz_sub(other, ring->n, x);
    tlp_mpz_to_bytes(mpz_cmp(x, other) < 0 ? x : other, out, ring->bytes);
    mpz_clear(other);
}

/* The same bytes from the factors: floor(2^T / l) = (2^T - (2^T mod l)) / l modulo the order
 * p'q' = (p-1)(q-1)/4 of g, which is a square. */
static int setup_by_factors(struct tlp_params *p)
{
    mp_bitcnt_t room = p->ring.bits + 128;
    mpz_t g, x, l, order, t, inverse;
    mpz_t *const all[] = {&g, &x, &l, &order, &t, &inverse};
    for (size_t i = 0; i < 6; i++) {
        mpz_init2(*all[i], room);
    }
    tlp_mpz_from_bytes(g, bytes_of(p->g_bytes, p->ring.bytes));
    tlp_trapdoor_power(&p->ring, &p->trapdoor, p->squarings, g, x);
    put_canonical(&p->ring, x, p->h_bytes);
    int rc = tlp_hash_wesolowski(&p->ring, p->g_bytes, p->h_bytes, p->squarings, l);
    if (rc == 0) {
        mpz_sub_ui(order, p->trapdoor.p, 1);
        mpz_sub_ui(t, p->trapdoor.q, 1);
        mpz_mul(order, order, t);
        mpz_fdiv_q_2exp(order, order, 2);
        mpz_set_ui(t, 2);
        mpz_powm_ui(t, t, p->squarings, order);
        mpz_set_ui(x, 2);
        mpz_powm_ui(x, x, p->squarings, l);
        mpz_sub(t, t, x);
        CHECK(mpz_invert(inverse, l, order) != 0);
        mpz_mul(t, t, inverse);
        mpz_mod(t, t, order);
        mpz_powm(x, g, t, p->ring.n);
        put_canonical(&p->ring, x, p->pi_bytes);
    }
    for (size_t i = 0; i < 6; i++) {
        tlp_mpz_wipe(*all[i]);
    }
    return rc;
}

int tlp_params_begin(const struct tlp_modulus *m, uint64_t squarings, struct tlp_params **out,
                     struct buf *why)
{
    if (squarings == 0 || squarings > INT64_MAX) {
        buf_printf(why, "The number of squarings is not between 1 and 2^63 - 1.");
        return ERR_INVALID;
    }
    int rc = tlp_modulus_check(m, why);
    if (rc != 0) {
        return rc;
    }
    CLEANUP(tlp_params_destroy) struct tlp_params *p = NULL;
    rc = tlp_params_new(m, squarings, &p);
    if (rc != 0) {
        return rc;
    }
    CLEANUP(tlp_work_fini) struct tlp_work work;
    tlp_work_init(&work, &p->ring);
    rc = work.err != 0 ? work.err : tlp_hash_generator(&work, p->g_bytes);
    if (rc == ERR_INVALID) {
        buf_printf(why, "The generator derived from the modulus shares a factor with it.");
    }
    if (rc == 0) {
        *out = MOVE(p);
    }
    return rc;
}

/* Portions as long as the interval at which progress is told. */
static int setup_by_squaring(const struct tlp_modulus *m, uint64_t squarings,
                             const struct tlp_progress *progress, struct tlp_params **out,
                             struct buf *why)
{
    CLEANUP(tlp_setup_destroy) struct tlp_setup *s = NULL;
    int rc = tlp_setup_begin(m, squarings, &s, why);
    while (rc == 0 && tlp_setup_done(s) < tlp_setup_total(s)) {
        rc = tlp_setup_advance(s, TELL_EVERY);
        if (rc == 0 && progress != NULL && progress->tell != NULL) {
            progress->tell(progress->arg, tlp_setup_done(s), tlp_setup_total(s));
        }
    }
    return rc != 0 ? rc : tlp_setup_finish(s, out);
}

int tlp_params_setup(const struct tlp_modulus *m, uint64_t squarings,
                     const struct tlp_progress *progress, struct tlp_params **out, struct buf *why)
{
    CLEANUP(tlp_params_destroy) struct tlp_params *p = NULL;
    if (!m->has_trapdoor) {
        return setup_by_squaring(m, squarings, progress, out, why);
    }
    int rc = tlp_params_begin(m, squarings, &p, why);
    rc = rc != 0 ? rc : setup_by_factors(p);
    rc = rc != 0 ? rc : tlp_params_finish(p);
    if (rc == 0) {
        if (progress != NULL && progress->tell != NULL) {
            progress->tell(progress->arg, 0, 0);
        }
        *out = MOVE(p);
    }
    return rc;
}
