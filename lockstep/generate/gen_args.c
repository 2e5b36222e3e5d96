/* The arguments of the verb: every number within what a scenario can hold, every combination one
 * that can be drawn. */
#include "common/base/cleanup.h"
#include "common/policy/pol.h"
#include "lockstep/generate/gen_plan.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

static const char *const kind_words[GEN_KINDS] = {
    [GEN_TRANSFERS] = "transfers",
    [GEN_SWAPS] = "swaps",
    [GEN_BRIDGES] = "bridges",
    [GEN_LOANS] = "loans",
};

const char *gen_kind_word(enum gen_kind kind)
{
    return kind_words[kind];
}

/* The options; those with a number say where it goes and what it may be. */
static const struct number {
    const char *name;
    size_t at;
    uint32_t min;
    uint32_t max;
    const char *few;  /* why not less, and what to do instead */
    const char *many; /* why not more */
} numbers[] = {
    {"rollups", offsetof(struct gen_args, rollups), 1, SCN_ROLLUPS_MAX,
     "a scenario has a rollup; take 1 or more",
     "that is how many a scenario may have; take more --slots for more blocks"},
    {"bundles", offsetof(struct gen_args, bundles), 1, 10000,
     "there must be something to run; take 1 or more",
     "that is how many steps a scenario may have; take more --legs for more transactions"},
    {"accounts", offsetof(struct gen_args, accounts), 2, GEN_ZIPF_RANKS_MAX,
     "a transfer needs two; take 2 or more", "that is how many a rollup may have; take fewer"},
    {"pools", offsetof(struct gen_args, pools), 0, 1000, "",
     "that is how many a rollup may have; take more --rollups for more pools"},
    {"slots", offsetof(struct gen_args, slots), 1, 10000,
     "bundles need a slot to go to; take 1 or more",
     "there are at most 10000 bundles, and more would be empty; take fewer"},
    {"failure", offsetof(struct gen_args, failure_percent), 0, 100, "",
     "it is a share of the bundles in percent; take 100 for all"},
};

/* What only bundles drawn at random are told. */
static const struct unfit {
    const char *name;
    const char *why;
} unfit[] = {
    {"legs", "each of its bundles has two legs"},
    {"accounts", "each of its bundles has a sender of its own"},
    {"pools", "its legs are transfers"},
    {"conflict", "it says itself who pays whom"},
    {"failure", "it says itself which bundles fail"},
    {"slots", "its bundles depend on each other within a slot"},
    {"mix", "its legs are transfers"},
};

#define LEGS_MAX 100 /* the default limit of admission */

enum { OPT_LEGS = 256, OPT_CONFLICT, OPT_POLICY, OPT_MIX, OPT_SEED, OPT_SHAPE, OPT_NUMBER };

static const struct option options[] = {
    {"shape", required_argument, NULL, OPT_SHAPE},
    {"rollups", required_argument, NULL, OPT_NUMBER},
    {"bundles", required_argument, NULL, OPT_NUMBER + 1},
    {"accounts", required_argument, NULL, OPT_NUMBER + 2},
    {"pools", required_argument, NULL, OPT_NUMBER + 3},
    {"slots", required_argument, NULL, OPT_NUMBER + 4},
    {"failure", required_argument, NULL, OPT_NUMBER + 5},
    {"legs", required_argument, NULL, OPT_LEGS},
    {"conflict", required_argument, NULL, OPT_CONFLICT},
    {"policy", required_argument, NULL, OPT_POLICY},
    {"mix", required_argument, NULL, OPT_MIX},
    {"seed", required_argument, NULL, OPT_SEED},
    {"output", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* What was said, besides the values: a default may yield to another argument, a wish may not. */
struct said {
    bool options[sizeof(options) / sizeof(options[0])]; /* as `options`; spelt out, as --mix */
};

static bool was_said(const struct said *said, const char *name)
{
    for (size_t i = 0; options[i].name != NULL; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return said->options[i];
        }
    }
    return false;
}

/* Reads digits. Out: what follows them. Returns: false without digits or beyond 64 bits. */
static bool read_digits(const char *text, uint64_t *out, const char **rest)
{
    uint64_t v = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
            __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v)) {
            return false;
        }
    }
    *out = v;
    *rest = p;
    return p > text;
}

static int take_number(const struct number *n, const char *value, struct gen_args *args,
                       struct buf *why)
{
    uint64_t v = 0;
    const char *rest = "";
    bool good = read_digits(value, &v, &rest);
    if (n->at == offsetof(struct gen_args, failure_percent) && *rest == '%') {
        rest++;
    }
    if (!good || *rest != 0 || v < n->min || v > n->max) {
        bool is_number = good && *rest == 0;
        buf_printf(why, "--%s takes a whole number from %u to %u, not `%s`%s%s", n->name, n->min,
                   n->max, value, is_number ? ": " : "",
                   !is_number   ? ""
                   : v < n->min ? n->few
                                : n->many);
        return ERR_INVALID;
    }
    uint32_t narrow = (uint32_t)v;
    memcpy((uint8_t *)args + n->at, &narrow, sizeof(narrow));
    return 0;
}

static int take_legs(const char *value, struct gen_args *args, struct buf *why)
{
    uint64_t low = 0;
    uint64_t high = 0;
    const char *rest = "";
    bool good = read_digits(value, &low, &rest);
    high = low;
    if (good && strncmp(rest, "..", 2) == 0) {
        good = read_digits(rest + 2, &high, &rest);
    }
    if (!good || *rest != 0) {
        buf_printf(why, "--legs takes a number or a range, not `%s`: write 3 or 1..4", value);
        return ERR_INVALID;
    }
    if (low > high) {
        buf_printf(why, "--legs %s counts down: write the smaller number first", value);
        return ERR_INVALID;
    }
    if (low < 1 || high > LEGS_MAX) {
        buf_printf(why,
                   "--legs takes 1 to %d, not `%s`: a bundle has a leg, and by default the "
                   "sequencer admits no more than %d; take more --bundles instead",
                   LEGS_MAX, value, LEGS_MAX);
        return ERR_INVALID;
    }
    args->legs_min = (uint32_t)low;
    args->legs_max = (uint32_t)high;
    return 0;
}

static int take_conflict(const char *value, struct gen_args *args, struct buf *why)
{
    uint64_t whole = 0;
    uint64_t part = 0;
    const char *rest = "";
    bool good = read_digits(value, &whole, &rest) && whole <= GEN_ZIPF_CENTI_MAX;
    if (good && *rest == '.') {
        const char *digits = rest + 1;
        good = read_digits(digits, &part, &rest) && rest - digits <= 2;
        part *= rest - digits == 1 ? 10 : 1;
    }
    if (!good || *rest != 0 || whole * 100 + part > GEN_ZIPF_CENTI_MAX) {
        buf_printf(
            why,
            "--conflict takes 0 to 4 with at most two decimals, not `%s`: it is the exponent "
            "of Zipf's law; 0 is uniform, 1.2 is hot, and at 4 nine in ten draws are the "
            "first account",
            value);
        return ERR_INVALID;
    }
    args->conflict_centi = (uint32_t)(whole * 100 + part);
    return 0;
}

static int take_seed(const char *value, struct gen_args *args, struct buf *why)
{
    const char *rest = "";
    if (!read_digits(value, &args->seed, &rest) || *rest != 0) {
        buf_printf(why, "--seed takes a whole number from 0 to 18446744073709551615, not `%s`",
                   value);
        return ERR_INVALID;
    }
    return 0;
}

static int take_policy(const char *value, struct gen_args *args, struct buf *why)
{
    const struct pol_policy *policy = pol_find(value);
    if (policy == NULL) {
        buf_printf(why, "--policy `%s` is none of the policies: ", value);
        pol_print_names(why);
        return ERR_INVALID;
    }
    args->policy = policy->name;
    return 0;
}

static int take_shape(const char *value, struct gen_args *args, struct buf *why)
{
    struct scn_hint hint = SCN_HINT_FOR(value);
    for (int s = 0; s < (int)GEN_SHAPES; s++) {
        scn_hint_add(&hint, gen_shape_word((enum gen_shape)s));
        if (strcmp(value, gen_shape_word((enum gen_shape)s)) == 0) {
            args->shape = (enum gen_shape)s;
            return 0;
        }
    }
    buf_printf(why, "--shape knows no `%s`; %s", value, scn_hint_text(&hint, "shapes"));
    return ERR_INVALID;
}

static int take_kind(const char *word, struct gen_args *args, struct buf *why)
{
    struct scn_hint hint = SCN_HINT_FOR(word);
    for (int k = 0; k < (int)GEN_KINDS; k++) {
        scn_hint_add(&hint, kind_words[k]);
        if (strcmp(word, kind_words[k]) == 0) {
            args->mix[args->n_mix++] = (enum gen_kind)k;
            return 0;
        }
    }
    buf_printf(why, "--mix knows no `%s`; %s", word, scn_hint_text(&hint, "kinds"));
    return ERR_INVALID;
}

static int take_mix(const char *value, struct gen_args *args, struct buf *why)
{
    args->n_mix = 0;
    for (const char *p = value;;) {
        size_t len = strcspn(p, ",");
        CLEANUP(cleanup_free) char *word = strndup(p, len);
        if (word == NULL) {
            return ERR_NOMEM;
        }
        if (args->n_mix == GEN_MIX_MAX) {
            buf_printf(why,
                       "--mix takes at most %d words: a kind named twice is drawn twice as "
                       "often, and finer shares are not to be had",
                       GEN_MIX_MAX);
            return ERR_INVALID;
        }
        int rc = take_kind(word, args, why);
        if (rc != 0 || p[len] == 0) {
            return rc;
        }
        p += len + 1;
    }
}

static int take(int option, const char *value, struct gen_args *args, struct buf *why)
{
    switch (option) {
    case OPT_LEGS:
        return take_legs(value, args, why);
    case OPT_CONFLICT:
        return take_conflict(value, args, why);
    case OPT_POLICY:
        return take_policy(value, args, why);
    case OPT_SEED:
        return take_seed(value, args, why);
    case OPT_SHAPE:
        return take_shape(value, args, why);
    case OPT_MIX:
        return take_mix(value, args, why);
    case 'o':
        args->output = value;
        if (value[0] == 0) {
            buf_printf(why, "-o needs the name of a file; leave it out for standard output");
            return ERR_INVALID;
        }
        return 0;
    case 'h':
        args->help = true;
        return 0;
    default:
        return take_number(&numbers[option - OPT_NUMBER], value, args, why);
    }
}

/* getopt has met something it does not know or that lacks its value. */
static int complain(char **argv, int code, struct buf *why)
{
    const char *word = argv[optind - 1];
    if (code == ':') {
        buf_printf(why, "%s needs a value; see lockstep generate --help", word);
    } else if (strncmp(word, "--", 2) != 0) {
        buf_printf(why, "no option `-%c`; see lockstep generate --help", optopt);
    } else {
        struct scn_hint hint = SCN_HINT_FOR(word);
        char names[sizeof(options) / sizeof(options[0])][16];
        for (size_t i = 0; options[i].name != NULL; i++) {
            (void)snprintf(names[i], sizeof(names[i]), "--%s", options[i].name);
            scn_hint_add(&hint, names[i]);
        }
        buf_printf(why, "no option `%s`; %s", word, scn_hint_text(&hint, "options"));
    }
    return ERR_INVALID;
}

static void drop(struct gen_args *args, enum gen_kind kind)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < args->n_mix; i++) {
        if (args->mix[i] != kind) {
            args->mix[kept++] = args->mix[i];
        }
    }
    args->n_mix = kept;
}

static bool has(const struct gen_args *args, enum gen_kind kind)
{
    for (uint32_t i = 0; i < args->n_mix; i++) {
        if (args->mix[i] == kind) {
            return true;
        }
    }
    return false;
}

/* What the numbers rule out goes from the default mix, and is an error in one that was asked for.
 */
static int check_mix(struct gen_args *args, const struct said *said, struct buf *why)
{
    if (has(args, GEN_SWAPS) && args->pools == 0) {
        if (was_said(said, "mix")) {
            buf_printf(why, "--mix has swaps, and there are no pools: take --pools 1 or more");
            return ERR_INVALID;
        }
        drop(args, GEN_SWAPS);
    }
    if (has(args, GEN_BRIDGES) && args->rollups == 1) {
        if (was_said(said, "mix")) {
            buf_printf(why, "--mix has bridges, and there is one rollup: take --rollups 2 or more");
            return ERR_INVALID;
        }
        drop(args, GEN_BRIDGES);
    }
    bool only = has(args, GEN_BRIDGES);
    for (uint32_t i = 0; i < args->n_mix; i++) {
        only = only && args->mix[i] == GEN_BRIDGES;
    }
    if (only && args->legs_min == 1) {
        buf_printf(why, "a bridge takes two legs: take --legs 2..%u, or something else into --mix",
                   args->legs_max > 2 ? args->legs_max : 4);
        return ERR_INVALID;
    }
    return 0;
}

static int check_shape(struct gen_args *a, const struct said *said, struct buf *why)
{
    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
        if (was_said(said, unfit[i].name)) {
            buf_printf(why,
                       "--%s does not go with --shape %s: %s; leave it out, or take --shape random",
                       unfit[i].name, gen_shape_word(a->shape), unfit[i].why);
            return ERR_INVALID;
        }
    }
    a->policy = was_said(said, "policy") ? a->policy : pol_serial.name;
    return gen_shape_settle(a, was_said(said, "rollups"), was_said(said, "bundles"), why);
}

int gen_args_parse(int argc, char **argv, struct gen_args *args, struct buf *why)
{
    struct said said = {0};
    struct gen_args a = {
        .rollups = 4,
        .bundles = 20,
        .legs_min = 1,
        .legs_max = 3,
        .accounts = 20,
        .pools = 2,
        .slots = 1,
        .conflict_centi = 80,
        .failure_percent = 20,
        .seed = 1,
        .policy = "one_shot",
        .n_mix = 4,
        .mix = {GEN_TRANSFERS, GEN_SWAPS, GEN_BRIDGES, GEN_LOANS},
    };
    int code = 0;
    int at = -1;
    opterr = 0;
    optind = 0; /* from the start, in the C library too */
    while ((code = getopt_long(argc, argv, ":o:h", options, &at)) != -1) {
        int rc =
            code == '?' || code == ':' ? complain(argv, code, why) : take(code, optarg, &a, why);
        if (rc != 0) {
            return rc;
        }
        if (at >= 0) {
            said.options[at] = true;
        }
        at = -1;
    }
    if (optind < argc) {
        buf_printf(why,
                   "generate reads no file, and `%s` is none of its options: -o %s writes there",
                   argv[optind], argv[optind]);
        return ERR_INVALID;
    }
    int rc = a.shape == GEN_RANDOM ? check_mix(&a, &said, why) : check_shape(&a, &said, why);
    if (rc == 0) {
        *args = a;
    }
    return rc;
}

void gen_args_write(const struct gen_args *args, struct buf *out)
{
    if (args->shape != GEN_RANDOM) {
        buf_printf(out,
                   "lockstep generate --shape %s --rollups %u --bundles %u --policy %s --seed %llu",
                   gen_shape_word(args->shape), args->rollups, args->bundles, args->policy,
                   (unsigned long long)args->seed);
        return;
    }
    buf_printf(out, "lockstep generate --rollups %u --bundles %u --legs %u..%u --accounts %u",
               args->rollups, args->bundles, args->legs_min, args->legs_max, args->accounts);
    buf_printf(out, " --pools %u --conflict %u.%02u --failure %u --slots %u --policy %s --mix ",
               args->pools, args->conflict_centi / 100, args->conflict_centi % 100,
               args->failure_percent, args->slots, args->policy);
    for (uint32_t i = 0; i < args->n_mix; i++) {
        buf_printf(out, "%s%s", i > 0 ? "," : "", kind_words[args->mix[i]]);
    }
    buf_printf(out, " --seed %llu", (unsigned long long)args->seed);
}
