/* Writes scenario files, with what must come of each bundle: bundles drawn at random over rollups,
 * accounts and pools, some built to fail; or bundles that depend on each other in a given shape.
 * docs/generate.md is for users.
 *
 * Equal arguments give equal bytes on every machine: all draws come from common/base/prng.h, one
 * generator per purpose, and are decided in whole numbers. No I/O. */
#ifndef GENERATE_GEN_H
#define GENERATE_GEN_H

#include "lockstep/scenario/scn.h"

#define GEN_MIX_MAX 16

/* What a leg, or a few legs together, are for. */
enum gen_kind { GEN_TRANSFERS, GEN_SWAPS, GEN_BRIDGES, GEN_LOANS, GEN_KINDS };

/* Who depends on whom. */
enum gen_shape {
    GEN_RANDOM,   /* drawn */
    GEN_CHAIN,    /* each on the one before, on two rollups in turn: the longest cascade there is */
    GEN_LINE,     /* each on the one before, all on one rollup; the first fails on another */
    GEN_CROSSING, /* pairs over the same two rollups, one each way round; one of the two fails */
    GEN_CYCLE,    /* each on the one before, round and round all rollups */
    GEN_SHAPES,
};

struct gen_args {
    enum gen_shape shape;
    uint32_t rollups;
    uint32_t bundles;
    uint32_t legs_min;
    uint32_t legs_max;
    uint32_t accounts;
    uint32_t pools; /* on every rollup */
    uint32_t slots;
    uint32_t conflict_centi;  /* exponent of Zipf's law, in hundredths */
    uint32_t failure_percent; /* of the bundles */
    uint64_t seed;
    const char *policy; /* one that pol_find knows */
    /* Of GEN_RANDOM only, as are legs, pools, slots, conflict and failure: a shape sets them. */
    uint32_t n_mix;
    enum gen_kind mix[GEN_MIX_MAX]; /* a kind named twice is drawn twice as often */
    const char *output;             /* NULL: standard output */
    bool help;
};

/* Reads the arguments of the verb (argv[0] is the verb).
 * Out: *args, complete with defaults; `output` is borrowed. On ERR_INVALID one sentence in `why`,
 * without a full stop or line end, and *args is untouched.
 * Returns: 0, ERR_INVALID, ERR_NOMEM. */
int gen_args_parse(int argc, char **argv, struct gen_args *args, struct buf *why) MUST_CHECK;

/* Appends the command that writes the same file again, every argument spelt out that its shape
 * has. */
void gen_args_write(const struct gen_args *args, struct buf *out);

/* Returns: "transfers", "swaps", "bridges" or "loans". */
const char *gen_kind_word(enum gen_kind kind);
/* Returns: "random", "chain", "line", "crossing" or "cycle". */
const char *gen_shape_word(enum gen_shape shape);

/* Appends the scenario to `out`, an empty buffer.
 * Returns: 0; ERR_INVALID with a sentence in `why` if it would not fit a scenario, and `out` is
 * empty; ERR_NOMEM. */
int gen_scenario(const struct gen_args *args, struct buf *out, struct buf *why) MUST_CHECK;

#endif
