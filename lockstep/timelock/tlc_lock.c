/* lock, prove, verify, open: what takes no squarings. */
#include "common/base/cleanup.h"
#include "common/crypto/aead.h"
#include "lockstep/timelock/tlc.h"

#include <stdio.h>

static void wipe_buf(struct buf *b)
{
    if (b->data != NULL) {
        secret_wipe(b->data, b->cap);
    }
    buf_fini(b);
}

static int force_of(const struct tlc_args *args)
{
    return args->force ? TLC_FORCE : 0;
}

static int write_puzzle(const struct tlc_args *args, const struct tlp_params *params,
                        struct bytes ctx, const struct tlp_puzzle *parts)
{
    CLEANUP(buf_fini) struct buf file = {.limit = TLC_PUZZLE_BYTES_MAX};
    const struct tlc_puzzle puzzle = {
        .head = {tlp_params_bits(params), *tlp_params_digest(params)},
        .ctx = ctx,
        .parts = *parts,
    };
    int rc = tlc_puzzle_encode(&puzzle, &file);
    if (rc != 0) {
        return tlc_say_internal(rc);
    }
    int code = tlc_write(args->out, buf_view(&file), force_of(args));
    if (code == 0 && !args->quiet && strcmp(args->out, "-") != 0) {
        char number[32];
        (void)printf("%s: opens after %s squarings; %zu bytes, %zu of them proof\n", args->out,
                     tlc_number(tlp_params_squarings(params), number), file.len, parts->proof.len);
    }
    return code;
}

/* ---- lock ---- */

static int seal(const struct tlc_args *args, const struct tlp_params *params, struct bytes ctx,
                struct bytes plain)
{
    CLEANUP(tlp_puzzle_out_fini) struct tlp_puzzle_out out = {0};
    CLEANUP(drbg_wipe) struct drbg secret = {0};
    struct hash32 seed;
    int code = tlc_seed(&seed);
    if (code != 0) {
        return code;
    }
    drbg_init(&secret, &seed, "lockstep timelock lock");
    secret_wipe(&seed, sizeof(seed));
    int rc = tlp_lock(params, args->profile, &secret, ctx, plain, &out);
    if (rc != 0) {
        return tlc_say_internal(rc);
    }
    struct tlp_puzzle parts = tlp_puzzle_out_view(&out);
    return write_puzzle(args, params, ctx, &parts);
}

int tlc_lock(const struct tlc_args *args)
{
    CLEANUP(tlp_params_destroy) struct tlp_params *params = NULL;
    CLEANUP(buf_fini) struct buf context = {0};
    CLEANUP(wipe_buf) struct buf plain = {0};
    int code = tlc_check_output(args->out, force_of(args));
    code = code != 0 ? code : tlc_load_params(args->params, &params);
    code = code != 0 ? code : tlc_load_context(args->context, &context);
    code = code != 0 ? code : tlc_read(args->files[0], TLC_PLAIN_BYTES_MAX, &plain);
    return code != 0 ? code : seal(args, params, buf_view(&context), buf_view(&plain));
}

/* ---- prove ---- */

int tlc_prove(const struct tlc_args *args)
{
    CLEANUP(tlc_set_fini) struct tlc_set set = {0};
    CLEANUP(buf_fini) struct buf proof = {0};
    int verdict = 0;
    int code = tlc_check_output(args->out, force_of(args));
    code = code != 0 ? code : tlc_set_load(args, 1, &set);
    code = code != 0 ? code : tlc_set_verify(&set, &verdict);
    if (code != 0) {
        return code;
    }
    const struct tlc_puzzle *puzzle = &set.items[0].puzzle;
    int rc = tlp_proof_compact(set.params, puzzle->ctx, &puzzle->parts, &proof);
    if (rc == ERR_UNSUPPORTED) {
        tlc_say("%s: has the compact proof already; copy the file", set.items[0].path);
        return TLC_BAD_FILE;
    }
    if (rc != 0) {
        return tlc_say_internal(rc);
    }
    struct tlp_puzzle parts = puzzle->parts;
    parts.proof = buf_view(&proof);
    return write_puzzle(args, set.params, puzzle->ctx, &parts);
}

/* ---- verify ---- */

int tlc_verify(const struct tlc_args *args)
{
    CLEANUP(tlc_set_fini) struct tlc_set set = {0};
    CLEANUP(cleanup_free) int *rcs = calloc((size_t)args->n_files, sizeof(*rcs));
    int code = rcs == NULL ? tlc_say_internal(ERR_NOMEM) : tlc_set_load(args, args->n_files, &set);
    if (code != 0) {
        return code;
    }
    code = tlc_set_verify(&set, rcs);
    if ((code == 0 || code == TLC_REFUTED) && !args->quiet) {
        char number[32];
        for (size_t i = 0; i < set.n; i++) {
            if (rcs[i] == 0) {
                (void)printf("%s: opens after %s squarings\n", set.items[i].path,
                             tlc_number(tlp_params_squarings(set.params), number));
            }
        }
    }
    return code;
}

/* ---- open ---- */

static int load_opening(const char *path, const struct tlc_loaded *item, struct buf *file,
                        struct tlc_opening *out)
{
    CLEANUP(buf_fini) struct buf why = {0};
    int code = tlc_read(path, TLC_SMALL_BYTES_MAX, file);
    if (code != 0) {
        return code;
    }
    if (tlc_opening_decode(buf_view(file), out, &why) != 0) {
        tlc_say("%s: %s; ask for it again, or solve the puzzle", path, buf_cstr(&why));
        return TLC_BAD_FILE;
    }
    if (!hash32_equal(&out->head.params, &item->puzzle.head.params) ||
        !bytes_equal(out->u, item->puzzle.parts.u)) {
        tlc_say("%s: belongs to another puzzle than %s; name its own opening", path, item->path);
        return TLC_BAD_FILE;
    }
    return 0;
}

static int decrypt(const struct tlc_args *args, const struct tlc_set *set,
                   const struct tlc_opening *opening, struct buf *plain)
{
    const struct tlc_loaded *item = &set->items[0];
    plain->limit = TLC_PLAIN_BYTES_MAX + TLC_SMALL_BYTES_MAX;
    int rc = tlp_open(set->params, item->puzzle.ctx, &item->puzzle.parts, opening->w, plain);
    switch (rc) {
    case 0:
        return 0;
    case ERR_MISMATCH:
        tlc_say("%s: is garbage: the opening is right and the proof holds, yet the ciphertext does "
                "not decrypt; its sender is to blame",
                item->path);
        return TLC_GARBAGE;
    case ERR_PROOF:
    case ERR_NONCANONICAL:
        tlc_say("%s: is not the opening of %s (w^e is not Q); whoever made it is to blame; solve "
                "the puzzle",
                args->files[1], item->path);
        return TLC_REFUTED;
    default:
        return tlc_say_internal(rc);
    }
}

int tlc_open(const struct tlc_args *args)
{
    CLEANUP(tlc_set_fini) struct tlc_set set = {0};
    CLEANUP(buf_fini) struct buf file = {0};
    CLEANUP(wipe_buf) struct buf plain = {0};
    struct tlc_opening opening;
    int verdict = 0;
    const char *out = args->out != NULL ? args->out : "-";
    int code = tlc_check_output(out, force_of(args));
    code = code != 0 ? code : tlc_set_load(args, 1, &set);
    code = code != 0 ? code : load_opening(args->files[1], &set.items[0], &file, &opening);
    code = code != 0 ? code : tlc_set_verify(&set, &verdict);
    code = code != 0 ? code : decrypt(args, &set, &opening, &plain);
    return code != 0 ? code : tlc_write(out, buf_view(&plain), force_of(args) | TLC_SECRET);
}
