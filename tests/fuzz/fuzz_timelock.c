/* Every file and blob of the time-lock, chosen by the first byte. Whatever is taken must encode
 * again to the very bytes that came in; nothing is believed that is not one of the honest values of
 * a small world (1024 bits, T = 20, two puzzles) made once. Checksums are put right before
 * decoding, and digests of parameters before use, so that what lies behind them is reached. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/crypto/timelock/tlp_resume.h"
#include "lockstep/timelock/tlc_format.h"

#include <stdio.h>

#define T 20
#define N 2
#define CTX bytes_str("fuzz")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct tlp_modulus modulus;
    struct tlp_params *params;
    struct tlp_puzzle_out out[N];
    struct tlp_puzzle puzzle[N];
    struct bytes u[N], q[N];
    struct buf w[N];
    struct buf compact; /* the other proof of puzzle 0 */
};

static struct tlp_params *make_params(struct tlp_modulus *m)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    struct tlp_params *params = NULL;
    char chunk[4096];
    FILE *f = fopen(PARAMS_DIR "/modulus-1024.txt", "rb");
    CHECK(f != NULL);
    buf_append(&text, chunk, fread(chunk, 1, sizeof(chunk), f));
    (void)fclose(f);
    CHECK(tlp_modulus_decode(buf_view(&text), m, &why) == 0);
    CHECK(tlp_params_setup(m, T, NULL, &params, &why) == 0);
    return params;
}

static const struct world *world(void)
{
    static struct world w;
    if (w.params != NULL) {
        return &w;
    }
    static const struct hash32 seed = {{9}};
    struct drbg secret;
    w.params = make_params(&w.modulus);
    drbg_init(&secret, &seed, "fuzz");
    for (size_t i = 0; i < N; i++) {
        CHECK(tlp_lock(w.params, i == 0 ? TLP_SHORT : TLP_FULL, &secret, CTX,
                       bytes_str("plaintext"), &w.out[i]) == 0);
        w.puzzle[i] = tlp_puzzle_out_view(&w.out[i]);
        w.u[i] = w.puzzle[i].u;
        w.q[i] = w.puzzle[i].q;
        CHECK(tlp_solve(w.params, TLP_TRAPDOOR, w.u[i], &w.w[i], NULL) == 0);
    }
    CHECK(tlp_proof_compact(w.params, CTX, &w.puzzle[0], &w.compact) == 0);
    return &w;
}

static void check_same(const struct buf *again, struct bytes in)
{
    CHECK(again->err == 0);
    CHECK(bytes_equal(buf_view(again), in));
}

/* ---- Files of the time-lock room ---- */

static void fuzz_modulus(struct bytes in)
{
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf again = {0};
    struct tlp_modulus m;
    int rc = tlp_modulus_decode(in, &m, &why);
    CHECK(rc == 0 || (rc == ERR_INVALID && why.len > 0));
    if (rc == 0) {
        CHECK(tlp_modulus_encode(&m, true, &again) == 0);
        check_same(&again, in);
    }
}

static void fuzz_params(struct bytes in)
{
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf again = {0};
    CLEANUP(tlp_params_destroy) struct tlp_params *params = NULL;
    int rc = tlp_params_decode(in, &params, &why);
    CHECK((rc == 0) == (params != NULL));
    CHECK(rc == 0 || (rc == ERR_INVALID && why.len > 0));
    if (rc == 0) {
        CHECK(tlp_params_encode(params, true, &again) == 0);
        check_same(&again, in);
    }
}

static void fuzz_proof(struct bytes in)
{
    const struct world *w = world();
    CLEANUP(buf_fini) struct buf compact = {0};
    struct tlp_puzzle puzzle = w->puzzle[0];
    puzzle.proof = in;
    int rc = tlp_verify(w->params, CTX, &puzzle);
    bool honest = bytes_equal(in, w->puzzle[0].proof) || bytes_equal(in, buf_view(&w->compact));
    CHECK((rc == 0) == honest);
    if (tlp_proof_compact(w->params, CTX, &puzzle, &compact) == 0) {
        puzzle.proof = buf_view(&compact);
        CHECK((tlp_verify(w->params, CTX, &puzzle) == 0) ==
              bytes_equal(buf_view(&compact), buf_view(&w->compact)));
    }
}

static void fuzz_state(struct bytes in)
{
    const struct world *w = world();
    CLEANUP(tlp_batch_destroy) struct tlp_batch *b = NULL;
    CLEANUP(buf_fini) struct buf state = {0};
    struct buf ws[N] = {0};
    int rcs[N];
    CHECK(tlp_batch_begin(w->params, N, w->u, w->q, rcs, NULL, &b) == 0);
    CHECK(tlp_batch_save(b, &state) == 0);
    if (in.len > 32) { /* the batch it claims to belong to becomes this one */
        state.len = 32;
        buf_append(&state, in.data + 32, in.len - 32);
    }
    if (tlp_batch_restore(b, buf_view(&state)) != 0) {
        return;
    }
    CLEANUP(buf_fini) struct buf again = {0};
    CHECK(tlp_batch_save(b, &again) == 0);
    check_same(&again, buf_view(&state));
    CHECK(tlp_batch_advance(b, TLP_SEQUENTIAL, T) == 0 && tlp_batch_done(b) == T);
    int rc = tlp_batch_finish(b, ws);
    CHECK(rc == 0 || rc == ERR_PROOF);
    for (size_t i = 0; i < N; i++) {
        CHECK(bytes_equal(buf_view(&ws[i]), rc == 0 ? buf_view(&w->w[i]) : bytes_of(NULL, 0)));
        buf_fini(&ws[i]);
    }
}

/* Whatever is taken up ends in the true parameters, or in some whose proof does not hold. */
static void fuzz_setup(struct bytes in)
{
    const struct world *w = world();
    CLEANUP(tlp_setup_destroy) struct tlp_setup *s = NULL;
    CLEANUP(tlp_params_destroy) struct tlp_params *made = NULL;
    CLEANUP(tlp_params_destroy) struct tlp_params *checked = NULL;
    CLEANUP(buf_fini) struct buf state = {0};
    CLEANUP(buf_fini) struct buf again = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    CHECK(tlp_setup_begin(&w->modulus, T, &s, &why) == 0);
    CHECK(tlp_setup_save(s, &state) == 0);
    if (in.len > 32) {
        state.len = 32;
        buf_append(&state, in.data + 32, in.len - 32);
    }
    if (tlp_setup_restore(s, buf_view(&state)) != 0) {
        return;
    }
    CHECK(tlp_setup_save(s, &again) == 0);
    check_same(&again, buf_view(&state));
    CHECK(tlp_setup_advance(s, UINT64_MAX) == 0 && tlp_setup_done(s) == tlp_setup_total(s));
    CHECK(tlp_setup_finish(s, &made) == 0);
    buf_clear(&again);
    CHECK(tlp_params_encode(made, false, &again) == 0);
    if (tlp_params_decode(buf_view(&again), &checked, &why) == 0) {
        CHECK(hash32_equal(tlp_params_digest(checked), tlp_params_digest(w->params)));
    }
}

/* ---- Files of the commands ---- */

static void fuzz_puzzle(struct bytes in)
{
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf again = {.limit = TLC_PUZZLE_BYTES_MAX};
    const struct world *w = world();
    struct tlc_puzzle p;
    int rc = tlc_puzzle_decode(in, &p, &why);
    CHECK(rc == 0 || (rc == ERR_INVALID && why.len > 0));
    if (rc != 0) {
        return;
    }
    CHECK(tlc_puzzle_encode(&p, &again) == 0);
    check_same(&again, in);
    enum tlp_profile profile;
    CHECK(tlp_puzzle_profile(&p.parts, &profile) != 0 || profile == TLP_FULL ||
          profile == TLP_SHORT);
    if (tlp_verify(w->params, p.ctx, &p.parts) == 0) {
        CHECK(bytes_equal(p.ctx, CTX) && (bytes_equal(p.parts.ct, w->puzzle[0].ct) ||
                                          bytes_equal(p.parts.ct, w->puzzle[1].ct)));
    }
    for (size_t i = 0; i < N; i++) {
        CLEANUP(buf_fini) struct buf plain = {0};
        if (tlp_open(w->params, p.ctx, &p.parts, buf_view(&w->w[i]), &plain) == 0) {
            CHECK(bytes_equal(buf_view(&plain), bytes_str("plaintext")));
        }
    }
}

static void fuzz_opening(struct bytes in)
{
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf again = {0};
    const struct world *w = world();
    struct tlc_opening o;
    int rc = tlc_opening_decode(in, &o, &why);
    CHECK(rc == 0 || (rc == ERR_INVALID && why.len > 0));
    if (rc == 0) {
        CHECK(tlc_opening_encode(&o, &again) == 0);
        check_same(&again, in);
        CHECK((tlp_check_opening(w->params, w->u[0], w->q[0], o.w) == 0) ==
              bytes_equal(o.w, buf_view(&w->w[0])));
    }
}

static void fuzz_checkpoint(struct bytes in)
{
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf again = {0};
    CLEANUP(buf_fini) struct buf file = {0};
    struct tlc_checkpoint c;
    struct hash32 sum;
    hash_sha256(in, &sum);
    buf_append_bytes(&file, in);
    buf_append_bytes(&file, BYTES_OF(sum));
    CHECK(file.err == 0);
    enum tlc_kind kind =
        tlc_kind_of(in) == TLC_SETUP_CHECKPOINT ? TLC_SETUP_CHECKPOINT : TLC_CHECKPOINT;
    int rc = tlc_checkpoint_decode(buf_view(&file), kind, &c, &why);
    CHECK(rc == 0 || (rc == ERR_INVALID && why.len > 0));
    if (rc == 0) {
        CHECK(c.done <= c.squarings);
        CHECK(tlc_checkpoint_encode(&c, &again) == 0);
        check_same(&again, buf_view(&file));
        (kind == TLC_CHECKPOINT ? fuzz_state : fuzz_setup)(c.state);
        file.data[file.len - 1] ^= 1;
        CHECK(tlc_checkpoint_decode(buf_view(&file), kind, &c, &why) == ERR_INVALID);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct bytes in) = {
        fuzz_modulus, fuzz_params, fuzz_puzzle,     fuzz_opening,
        fuzz_proof,   fuzz_state,  fuzz_checkpoint, fuzz_setup,
    };
    if (size > 0) {
        targets[data[0] % (sizeof(targets) / sizeof(targets[0]))](bytes_of(data + 1, size - 1));
    }
    return 0;
}
