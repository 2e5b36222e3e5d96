#include "common/base/cleanup.h"
#include "lockstep/timelock/tlc.h"

#include <ctype.h>
#include <stdio.h>

#define SHOWN_BYTES 24

static void line(const char *name, const char *value)
{
    (void)printf("  %-12s %s\n", name, value);
}

/* The first bytes, for telling two of them apart. */
static void line_hex(const char *name, struct bytes value)
{
    char hex[2 * SHOWN_BYTES + 1];
    size_t n = value.len < SHOWN_BYTES ? value.len : SHOWN_BYTES;
    hex_encode(bytes_of(value.data, n), hex);
    (void)printf("  %-12s %s%s\n", name, hex, n < value.len ? "..." : "");
}

/* A digest in full takes 64 columns. */
static void line_digest(const char *name, const struct hash32 *digest)
{
    char hex[65];
    (void)printf("  %-12s %s\n", name, tlc_hex(digest, 32, hex));
}

static void line_number(const char *name, uint64_t value, const char *unit)
{
    char number[32];
    (void)printf("  %-12s %s%s\n", name, tlc_number(value, number), unit);
}

/* Text as text, as much as a line takes; anything else as hex. */
static void line_context(struct bytes ctx)
{
    bool text = ctx.len <= 56;
    for (size_t i = 0; i < ctx.len && text; i++) {
        text = isprint(ctx.data[i]) != 0;
    }
    if (ctx.len == 0) {
        line("context", "(none)");
    } else if (text) {
        (void)printf("  %-12s \"%.*s\"\n", "context", (int)ctx.len, (const char *)ctx.data);
    } else {
        line_hex("context", ctx);
        line_number("", ctx.len, " bytes");
    }
}

static void print_head(const struct tlc_head *head)
{
    line_number("modulus", head->bits, " bits");
    line_digest("parameters", &head->params);
}

static int bad(const char *path, struct buf *why)
{
    CLEANUP(buf_fini) struct buf clause = {0};
    tlc_clause(why, &clause);
    tlc_say("%s: %s; docs/timelock.md has the formats", path, buf_cstr(&clause));
    return TLC_BAD_FILE;
}

static int info_modulus(const char *path, struct bytes file, struct buf *why)
{
    CLEANUP(tlp_modulus_wipe) struct tlp_modulus m;
    int rc = tlp_modulus_decode(file, &m, why);
    if (rc != 0) {
        return rc == ERR_INVALID ? bad(path, why) : tlc_say_internal(rc);
    }
    (void)printf("%s: time-lock modulus\n", path);
    line_number("modulus", m.bits, " bits");
    line_hex("N", bytes_of(m.n, m.bits / 8));
    line("factors",
         m.has_trapdoor ? "in the file: whoever has it opens everything" : "none in the file");
    return 0;
}

static int info_params(const char *path, struct bytes file, struct buf *why)
{
    CLEANUP(tlp_params_destroy) struct tlp_params *p = NULL;
    int rc = tlp_params_decode(file, &p, why);
    if (rc != 0) {
        return rc == ERR_INVALID ? bad(path, why) : tlc_say_internal(rc);
    }
    (void)printf("%s: time-lock parameters\n", path);
    line_number("modulus", tlp_params_bits(p), " bits");
    line_number("squarings", tlp_params_squarings(p), "");
    line("h", "proved to be g after that many squarings");
    line("factors", tlp_params_has_trapdoor(p) ? "in the file: whoever has it opens everything"
                                               : "none in the file");
    line_digest("digest", tlp_params_digest(p));
    return 0;
}

static int info_puzzle(const char *path, struct bytes file, struct buf *why)
{
    struct tlc_puzzle p;
    enum tlp_profile profile = TLP_FULL;
    if (tlc_puzzle_decode(file, &p, why) != 0) {
        return bad(path, why);
    }
    (void)printf("%s: time-lock puzzle\n", path);
    print_head(&p.head);
    line_context(p.ctx);
    line_hex("u", p.parts.u);
    line_hex("Q", p.parts.q);
    if (tlp_puzzle_profile(&p.parts, &profile) != 0) {
        line("proof", "malformed");
    } else {
        char number[32];
        (void)printf("  %-12s profile %s, %s form, %s bytes, not checked here\n", "proof",
                     profile == TLP_FULL ? "full" : "short",
                     p.parts.proof.data[0] == 1 ? "compact" : "batch",
                     tlc_number(p.parts.proof.len, number));
    }
    line_number("ciphertext", p.parts.ct.len, " bytes, tag included");
    return 0;
}

static int info_opening(const char *path, struct bytes file, struct buf *why)
{
    struct tlc_opening o;
    if (tlc_opening_decode(file, &o, why) != 0) {
        return bad(path, why);
    }
    (void)printf("%s: time-lock opening\n", path);
    print_head(&o.head);
    line_hex("u", o.u);
    line_hex("w", o.w);
    return 0;
}

static int info_checkpoint(const char *path, enum tlc_kind kind, struct bytes file, struct buf *why)
{
    struct tlc_checkpoint c;
    if (tlc_checkpoint_decode(file, kind, &c, why) != 0) {
        return bad(path, why);
    }
    struct hash32 start;
    memcpy(start.b, c.state.data, sizeof(start.b));
    (void)printf("%s: time-lock checkpoint of %s\n", path,
                 kind == TLC_CHECKPOINT ? "solve" : "setup");
    line_number("modulus", c.head.bits, " bits");
    line_digest(kind == TLC_CHECKPOINT ? "parameters" : "N, hashed", &c.head.params);
    line_digest("chain", &start);
    line_number("squarings", c.squarings, "");
    line_number("done", c.done, "");
    return 0;
}

static int info_one(const char *path)
{
    CLEANUP(buf_fini) struct buf file = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    int code = tlc_read(path, TLC_PUZZLE_BYTES_MAX, &file);
    if (code != 0) {
        return code;
    }
    switch (tlc_kind_of(buf_view(&file))) {
    case TLC_MODULUS:
        return info_modulus(path, buf_view(&file), &why);
    case TLC_PARAMS:
        return info_params(path, buf_view(&file), &why);
    case TLC_PUZZLE:
        return info_puzzle(path, buf_view(&file), &why);
    case TLC_OPENING:
        return info_opening(path, buf_view(&file), &why);
    case TLC_CHECKPOINT:
    case TLC_SETUP_CHECKPOINT:
        return info_checkpoint(path, tlc_kind_of(buf_view(&file)), buf_view(&file), &why);
    default:
        tlc_say("%s: is none of the files of lockstep timelock; docs/timelock.md has the formats",
                path);
        return TLC_BAD_FILE;
    }
}

int tlc_info(const struct tlc_args *args)
{
    int first = 0;
    for (int i = 0; i < args->n_files; i++) {
        int code = info_one(args->files[i]);
        first = first != 0 ? first : code;
        (void)fflush(stdout);
    }
    return first;
}
