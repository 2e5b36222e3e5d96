/* Makes a modulus file for the time-lock (format: common/crypto/timelock/tlp.h) from two fresh safe
 * primes and writes it to standard output, factors included. It is for simulation: whoever has the
 * output opens every puzzle under it at once.
 *
 *     make_modulus BITS        BITS is 1024, 2048 or 3072; takes seconds to minutes
 *
 * OpenSSL sets the two highest bits of both primes, so the product has exactly BITS bits. */
#include "common/crypto/timelock/tlp.h"

#include <openssl/bn.h>

#include <stdio.h>
#include <stdlib.h>

static int make(struct tlp_modulus *m)
{
    BIGNUM *p = BN_new(), *q = BN_new(), *n = BN_new();
    BN_CTX *ctx = BN_CTX_new();
    int half = (int)m->bits / 2;
    int ok = p != NULL && q != NULL && n != NULL && ctx != NULL &&
             BN_generate_prime_ex(p, half, 1, NULL, NULL, NULL) == 1 &&
             BN_generate_prime_ex(q, half, 1, NULL, NULL, NULL) == 1;
    if (ok && BN_cmp(p, q) > 0) {
        BN_swap(p, q);
    }
    ok = ok && BN_mul(n, p, q, ctx) == 1 && BN_bn2binpad(n, m->n, half / 4) > 0 &&
         BN_bn2binpad(p, m->p, half / 8) > 0 && BN_bn2binpad(q, m->q, half / 8) > 0;
    BN_clear_free(p);
    BN_clear_free(q);
    BN_free(n);
    BN_CTX_free(ctx);
    return ok ? 0 : ERR_CRYPTO;
}

/* Encodes, and reads back what will be written: it must pass every check of a loader. */
static int render(const struct tlp_modulus *m, struct buf *file)
{
    struct tlp_modulus again = {0};
    struct buf why = {0};
    int rc = tlp_modulus_encode(m, true, file);
    if (rc == 0) {
        rc = tlp_modulus_decode(buf_view(file), &again, &why);
    }
    if (rc != 0) {
        (void)fprintf(stderr, "make_modulus: %s: %s\n", err_text(rc), buf_cstr(&why));
    }
    tlp_modulus_wipe(&again);
    buf_fini(&why);
    return rc;
}

int main(int argc, char **argv)
{
    struct tlp_modulus m = {.has_trapdoor = true};
    m.bits = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    if (m.bits != 1024 && m.bits != 2048 && m.bits != 3072) {
        (void)fprintf(stderr, "usage: make_modulus 1024|2048|3072 > FILE\n");
        return 64;
    }
    struct buf file = {0};
    int rc = make(&m);
    if (rc == 0) {
        rc = render(&m, &file);
    }
    if (rc == 0 && fwrite(file.data, 1, file.len, stdout) != file.len) {
        rc = ERR_IO;
    }
    buf_fini(&file);
    tlp_modulus_wipe(&m);
    return rc == 0 ? 0 : 70;
}
