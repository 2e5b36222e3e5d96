/* Parameters, contexts and sets of puzzles, from files. */
#include "common/base/cleanup.h"
#include "common/crypto/drbg.h"
#include "lockstep/timelock/tlc.h"

int tlc_load_params(const char *path, struct tlp_params **out)
{
    CLEANUP(buf_fini) struct buf file = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf clause = {0};
    int code = tlc_read(path, TLC_SMALL_BYTES_MAX, &file);
    if (code != 0) {
        return code;
    }
    int rc = tlp_params_decode(buf_view(&file), out, &why);
    if (file.data != NULL) {
        explicit_bzero(file.data, file.len); /* may hold the factors */
    }
    if (rc == ERR_INVALID) {
        tlc_clause(&why, &clause);
        tlc_say("%s: %s; make one with lockstep timelock setup", path, buf_cstr(&clause));
        return TLC_BAD_FILE;
    }
    return rc != 0 ? tlc_say_internal(rc) : 0;
}

int tlc_load_context(const char *argument, struct buf *out)
{
    if (argument == NULL) {
        return 0;
    }
    if (argument[0] == '@') {
        return tlc_read(argument + 1, TLC_CONTEXT_BYTES_MAX, out);
    }
    out->limit = TLC_CONTEXT_BYTES_MAX;
    buf_append_bytes(out, bytes_str(argument));
    if (out->err == ERR_TOOBIG) {
        tlc_say("--context takes at most %zu bytes", TLC_CONTEXT_BYTES_MAX);
        return TLC_USAGE;
    }
    return out->err != 0 ? tlc_say_internal(out->err) : 0;
}

/* ---- Sets of puzzles ---- */

static int check_params(const struct tlc_set *set, const struct tlc_loaded *item)
{
    const struct hash32 *have = tlp_params_digest(set->params);
    char made[65], loaded[65];
    if (hash32_equal(&item->puzzle.head.params, have) &&
        item->puzzle.head.bits == tlp_params_bits(set->params)) {
        return 0;
    }
    tlc_say("%s: was locked under the parameters %s, and %s has %s; name the parameter file it was "
            "locked with",
            item->path, tlc_hex(&item->puzzle.head.params, 8, made), set->params_path,
            tlc_hex(have, 8, loaded));
    return TLC_BAD_FILE;
}

static int load_item(const struct tlc_set *set, const struct buf *context, struct tlc_loaded *item)
{
    CLEANUP(buf_fini) struct buf why = {0};
    int code = tlc_read(item->path, TLC_PUZZLE_BYTES_MAX, &item->file);
    if (code != 0) {
        return code;
    }
    if (tlc_puzzle_decode(buf_view(&item->file), &item->puzzle, &why) != 0) {
        tlc_say("%s: %s; ask its sender for it again", item->path, buf_cstr(&why));
        return TLC_BAD_FILE;
    }
    code = check_params(set, item);
    if (code == 0 && context != NULL && !bytes_equal(item->puzzle.ctx, buf_view(context))) {
        tlc_say("%s: is bound to another context than --context; lockstep timelock info shows it",
                item->path);
        return TLC_REFUTED;
    }
    return code;
}

int tlc_set_load(const struct tlc_args *args, int n, struct tlc_set *set)
{
    CLEANUP(buf_fini) struct buf context = {0};
    int code = tlc_load_context(args->context, &context);
    code = code != 0 ? code : tlc_load_params(args->params, &set->params);
    if (code != 0) {
        return code;
    }
    set->params_path = args->params;
    set->items = (struct tlc_loaded *)calloc((size_t)n, sizeof(*set->items));
    if (set->items == NULL) {
        return tlc_say_internal(ERR_NOMEM);
    }
    for (int i = 0; i < n && code == 0; i++) {
        struct tlc_loaded *item = &set->items[set->n++];
        item->path = args->files[i];
        code = load_item(set, args->context != NULL ? &context : NULL, item);
    }
    return code;
}

void tlc_set_fini(struct tlc_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        buf_fini(&set->items[i].file);
    }
    free(set->items);
    tlp_params_destroy(&set->params);
}

static const char *what_fails(int rc)
{
    switch (rc) {
    case ERR_NONCANONICAL:
        return "u, Q or the proof is not in canonical form";
    case ERR_TRUNCATED:
    case ERR_TRAILING:
        return "a part of it has a wrong length";
    default:
        return "the proof that it opens does not hold";
    }
}

static int verify_all(const struct tlc_set *set, struct bytes *ctxs, struct tlp_puzzle *parts,
                      int *rcs)
{
    struct hash32 seed;
    struct drbg weights;
    for (size_t i = 0; i < set->n; i++) {
        ctxs[i] = set->items[i].puzzle.ctx;
        parts[i] = set->items[i].puzzle.parts;
    }
    if (set->n == 1) {
        rcs[0] = tlp_verify(set->params, ctxs[0], &parts[0]);
        return rcs[0] == ERR_NOMEM || rcs[0] == ERR_CRYPTO ? rcs[0] : 0;
    }
    if (tlc_seed(&seed) != 0) {
        return ERR_CRYPTO;
    }
    drbg_init(&weights, &seed, "lockstep timelock verify");
    int rc = tlp_params_prepare(set->params);
    rc = rc != 0 ? rc : tlp_verify_batch(set->params, set->n, ctxs, parts, &weights, rcs, NULL);
    drbg_wipe(&weights);
    return rc == ERR_PROOF ? 0 : rc;
}

int tlc_set_verify(const struct tlc_set *set, int *rcs)
{
    CLEANUP(cleanup_free) struct bytes *ctxs = calloc(set->n, sizeof(*ctxs));
    CLEANUP(cleanup_free) struct tlp_puzzle *parts = calloc(set->n, sizeof(*parts));
    if (ctxs == NULL || parts == NULL) {
        return tlc_say_internal(ERR_NOMEM);
    }
    int rc = verify_all(set, ctxs, parts, rcs);
    if (rc != 0) {
        return tlc_say_internal(rc);
    }
    int code = 0;
    for (size_t i = 0; i < set->n; i++) {
        if (rcs[i] != 0) {
            tlc_say("%s: %s; its sender, or whoever altered it since, is to blame; do not wait "
                    "for it",
                    set->items[i].path, what_fails(rcs[i]));
            code = TLC_REFUTED;
        }
    }
    return code;
}
