#include "common/base/cleanup.h"
#include "common/crypto/aead.h"
#include "common/crypto/hash.h"
#include "lockstep/timelock/tlc_solve.h"

#include <openssl/bn.h>
#include <stdio.h>
#include <unistd.h>

static const struct {
    const char *name;
    const char *file;
} built_in[] = {
    {"rsa-2048", "rsa-2048.txt"},
    {"sim-1024", "modulus-1024.txt"},
    {"sim-2048", "modulus-2048.txt"},
    {"sim-3072", "modulus-3072.txt"},
};

static void wipe_buf(struct buf *b)
{
    if (b->data != NULL) {
        secret_wipe(b->data, b->cap);
    }
    buf_fini(b);
}

static int load_modulus(const struct tlc_args *args, struct tlp_modulus *out)
{
    CLEANUP(wipe_buf) struct buf file = {0};
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf clause = {0};
    for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]) && path.len == 0; i++) {
        if (strcmp(args->modulus, built_in[i].name) == 0) {
            buf_printf(&path, "%s/%s", args->data_dir, built_in[i].file);
        }
    }
    if (path.len == 0 && access(args->modulus, F_OK) != 0) {
        tlc_say("--modulus `%s` is neither a file nor built in; built in are rsa-2048, sim-1024, "
                "sim-2048, sim-3072",
                args->modulus);
        return TLC_BAD_FILE;
    }
    if (path.len == 0) {
        buf_printf(&path, "%s", args->modulus);
    }
    int code = tlc_read(buf_cstr(&path), TLC_SMALL_BYTES_MAX, &file);
    if (code != 0) {
        return code;
    }
    int rc = tlp_modulus_decode(buf_view(&file), out, &why);
    if (rc == ERR_INVALID) {
        tlc_clause(&why, &clause);
        tlc_say("%s: %s; docs/timelock.md has the format of modulus files", buf_cstr(&path),
                buf_cstr(&clause));
        return TLC_BAD_FILE;
    }
    return rc != 0 ? tlc_say_internal(rc) : 0;
}

/* Two fresh safe primes. OpenSSL sets the two highest bits of both, so that the product has its
 * full length, and makes them differ. */
static int make_modulus(uint32_t bits, struct tlp_modulus *m)
{
    BIGNUM *p = BN_secure_new(), *q = BN_secure_new(), *n = BN_new();
    BN_CTX *ctx = BN_CTX_secure_new();
    int half = (int)bits / 2;
    *m = (struct tlp_modulus){.bits = bits, .has_trapdoor = true};
    bool ok = p != NULL && q != NULL && n != NULL && ctx != NULL &&
              BN_generate_prime_ex(p, half, 1, NULL, NULL, NULL) == 1 &&
              BN_generate_prime_ex(q, half, 1, NULL, NULL, NULL) == 1 && BN_cmp(p, q) != 0;
    if (ok && BN_cmp(p, q) > 0) {
        BN_swap(p, q);
    }
    ok = ok && BN_mul(n, p, q, ctx) == 1 && BN_bn2binpad(n, m->n, half / 4) > 0 &&
         BN_bn2binpad(p, m->p, half / 8) > 0 && BN_bn2binpad(q, m->q, half / 8) > 0;
    BN_clear_free(p);
    BN_clear_free(q);
    BN_free(n);
    BN_CTX_free(ctx);
    return ok ? 0 : tlc_say_internal(ERR_CRYPTO);
}

static int check(const struct tlc_args *args)
{
    if ((args->modulus == NULL) == (args->bits == 0)) {
        tlc_say("timelock setup takes either --modulus NAME|FILE or --bits N");
        return TLC_USAGE;
    }
    if (args->squarings == 0) {
        tlc_say("timelock setup needs --squarings T, the length of the delay");
        return TLC_USAGE;
    }
    return tlc_check_output(args->out, args->force ? TLC_FORCE : 0);
}

static int get_modulus(const struct tlc_args *args, struct tlp_modulus *m)
{
    int code = args->modulus != NULL ? load_modulus(args, m) : make_modulus(args->bits, m);
    if (code == 0 && args->with_trapdoor && !m->has_trapdoor) {
        tlc_say("%s: has no factors to keep; leave out --with-trapdoor", args->modulus);
        return TLC_USAGE;
    }
    return code;
}

static int refuse_modulus(struct buf *why)
{
    CLEANUP(buf_fini) struct buf clause = {0};
    tlc_clause(why, &clause);
    tlc_say("%s; take another modulus", buf_cstr(&clause));
    return TLC_BAD_FILE;
}

/* ---- The chain ---- */

static uint64_t steps_done(void *work)
{
    return tlp_setup_done((struct tlp_setup *)work);
}

static int steps_advance(void *work, uint64_t n)
{
    return tlp_setup_advance((struct tlp_setup *)work, n);
}

static int steps_save(void *work, struct buf *state)
{
    return tlp_setup_save((struct tlp_setup *)work, state);
}

static int steps_restore(void *work, struct bytes state)
{
    return tlp_setup_restore((struct tlp_setup *)work, state);
}

static const struct tlc_stepper stepper = {
    .verb = "setup",
    .other = "was made for another modulus or number of squarings",
    .done = steps_done,
    .advance = steps_advance,
    .save = steps_save,
    .restore = steps_restore,
};

/* Parameters from a checkpoint may be wrong: their proof tells. */
static int check_result(const struct tlc_chain *chain, const struct tlp_params *params)
{
    CLEANUP(buf_fini) struct buf file = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(tlp_params_destroy) struct tlp_params *again = NULL;
    int rc = tlp_params_encode(params, false, &file);
    rc = rc != 0 ? rc : tlp_params_decode(buf_view(&file), &again, &why);
    if (rc != ERR_INVALID) {
        return rc != 0 ? tlc_say_internal(rc) : 0;
    }
    if (chain->resumed) {
        tlc_say("%s: held a wrong value: the proof made from it does not hold; delete it and begin "
                "anew",
                chain->args->checkpoint);
        return TLC_BAD_FILE;
    }
    tlc_say("this machine has miscounted: the proof does not hold; check its memory and begin "
            "anew");
    return TLC_INTERNAL;
}

static int square(const struct tlc_args *args, const struct tlp_modulus *m,
                  struct tlp_params **params)
{
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(tlp_setup_destroy) struct tlp_setup *setup = NULL;
    struct tlc_chain chain = {
        .args = args,
        .stepper = &stepper,
        .header = {.kind = TLC_SETUP_CHECKPOINT,
                   .head = {.bits = m->bits},
                   .squarings = args->squarings},
    };
    int rc = tlp_setup_begin(m, args->squarings, &setup, &why);
    if (rc != 0) {
        return rc == ERR_INVALID ? refuse_modulus(&why) : tlc_say_internal(rc);
    }
    hash_sha256(bytes_of(m->n, m->bits / 8), &chain.header.head.params);
    chain.work = setup;
    chain.total = tlp_setup_total(setup);
    int code = tlc_chain_run(&chain);
    if (code != 0) {
        return code;
    }
    rc = tlp_setup_finish(setup, params);
    return rc != 0 ? tlc_say_internal(rc) : check_result(&chain, *params);
}

static int run(const struct tlc_args *args, const struct tlp_modulus *m, struct tlp_params **params)
{
    CLEANUP(buf_fini) struct buf why = {0};
    if (!m->has_trapdoor) {
        return square(args, m, params);
    }
    if (args->checkpoint != NULL) {
        tlc_say("with the factors setup takes milliseconds and no --checkpoint; leave it out");
        return TLC_USAGE;
    }
    int rc = tlp_params_setup(m, args->squarings, NULL, params, &why);
    if (rc != 0) {
        return rc == ERR_INVALID ? refuse_modulus(&why) : tlc_say_internal(rc);
    }
    return 0;
}

int tlc_setup(const struct tlc_args *args)
{
    CLEANUP(tlp_modulus_wipe) struct tlp_modulus m = {0};
    CLEANUP(tlp_params_destroy) struct tlp_params *params = NULL;
    CLEANUP(wipe_buf) struct buf file = {0};
    int code = check(args);
    code = code != 0 ? code : get_modulus(args, &m);
    code = code != 0 ? code : run(args, &m, &params);
    if (code != 0) {
        return code;
    }
    int rc = tlp_params_encode(params, args->with_trapdoor, &file);
    if (rc != 0) {
        return tlc_say_internal(rc);
    }
    code = tlc_write(args->out, buf_view(&file),
                     (args->force ? TLC_FORCE : 0) | (args->with_trapdoor ? TLC_SECRET : 0));
    if (code == 0 && args->checkpoint != NULL) {
        (void)unlink(args->checkpoint);
    }
    if (code == 0 && !args->quiet && strcmp(args->out, "-") != 0) {
        char number[32], digest[65];
        (void)printf("%s: %u bits, %s squarings, %s\ndigest %s\n", args->out,
                     tlp_params_bits(params), tlc_number(args->squarings, number),
                     args->with_trapdoor ? "with factors: keep it secret" : "no factors",
                     tlc_hex(tlp_params_digest(params), 32, digest));
    }
    return code;
}
