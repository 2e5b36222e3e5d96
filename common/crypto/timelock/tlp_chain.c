/* x^(2^n): by squaring n times, or by the factors where they are known. */
#include "common/base/check.h"
#include "common/crypto/timelock/tlp_int.h"

/* x^(2^n) mod p, by reducing the exponent modulo p - 1. */
static void power_mod(const mpz_t p, uint64_t n, const mpz_t x, mpz_t out)
{
    mpz_t order, exp;
    mp_bitcnt_t room = mpz_sizeinbase(p, 2) + 64;
    mpz_init2(order, room);
    mpz_init2(exp, room);
    mpz_sub_ui(order, p, 1);
    mpz_set_ui(exp, 2);
    mpz_powm_ui(exp, exp, n, order);
    mpz_powm(out, x, exp, p);
    tlp_mpz_wipe(order);
    tlp_mpz_wipe(exp);
}

void tlp_trapdoor_power(const struct tlp_ring *ring, const struct tlp_trapdoor *trapdoor,
                        uint64_t n, const mpz_t x, mpz_t out)
{
    CHECK(trapdoor->known);
    mpz_t a, b, inverse;
    mp_bitcnt_t room = ring->bits + 128;
    mpz_init2(a, room);
    mpz_init2(b, room);
    mpz_init2(inverse, room);
    power_mod(trapdoor->p, n, x, a);
    power_mod(trapdoor->q, n, x, b);
    /* out = a + p * ((b - a) / p mod q) */
    CHECK(mpz_invert(inverse, trapdoor->p, trapdoor->q) != 0);
    mpz_sub(b, b, a);
    mpz_mul(b, b, inverse);
    mpz_mod(b, b, trapdoor->q);
    mpz_mul(b, b, trapdoor->p);
    mpz_add(out, a, b);
    tlp_mpz_wipe(a);
    tlp_mpz_wipe(b);
    tlp_mpz_wipe(inverse);
}

void tlp_delay(struct tlp_work *work, const struct tlp_params *params, enum tlp_solver solver,
               uint64_t n, BIGNUM *x, uint64_t *squared)
{
    if (solver == TLP_SEQUENTIAL) {
        tlp_square_chain(work, x, n);
        if (squared != NULL) {
            *squared += n;
        }
        return;
    }
    if (!params->trapdoor.known) {
        tlp_work_fail(work, ERR_UNSUPPORTED);
        return;
    }
    mpz_t plain;
    mpz_init(plain);
    tlp_from_mont(work, plain, x);
    if (work->err == 0) {
        tlp_trapdoor_power(&params->ring, &params->trapdoor, n, plain, plain);
        tlp_to_mont(work, x, plain);
    }
    mpz_clear(plain);
}
