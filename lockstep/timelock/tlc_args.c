#include "lockstep/scenario/scn_errors.h"
#include "lockstep/timelock/tlc.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    OPT_PARAMS = 256,
    OPT_OUT,
    OPT_MODULUS,
    OPT_BITS,
    OPT_SQUARINGS,
    OPT_TRAPDOOR,
    OPT_CONTEXT,
    OPT_PROFILE,
    OPT_SOLVER,
    OPT_CHECKPOINT,
    OPT_EVERY,
    OPT_FORCE,
};

/* Which verbs take an option. */
enum { SETUP = 1, INFO = 2, LOCK = 4, PROVE = 8, VERIFY = 16, SOLVE = 32, OPEN = 64, ALL = 127 };

static const struct {
    const char *name;
    int has_value;
    int code;
    int verbs;
} known[] = {
    {"params", 1, OPT_PARAMS, LOCK | PROVE | VERIFY | SOLVE | OPEN},
    {"out", 1, OPT_OUT, SETUP | LOCK | PROVE | SOLVE | OPEN},
    {"modulus", 1, OPT_MODULUS, SETUP},
    {"bits", 1, OPT_BITS, SETUP},
    {"squarings", 1, OPT_SQUARINGS, SETUP},
    {"with-trapdoor", 0, OPT_TRAPDOOR, SETUP},
    {"context", 1, OPT_CONTEXT, LOCK | VERIFY | SOLVE | OPEN},
    {"profile", 1, OPT_PROFILE, LOCK},
    {"solver", 1, OPT_SOLVER, SOLVE},
    {"checkpoint", 1, OPT_CHECKPOINT, SETUP | SOLVE},
    {"checkpoint-every", 1, OPT_EVERY, SETUP | SOLVE},
    {"force", 0, OPT_FORCE, SETUP | LOCK | PROVE | SOLVE | OPEN},
    {"quiet", 0, 'q', ALL},
    {"help", 0, 'h', ALL},
};

#define N_KNOWN (sizeof(known) / sizeof(known[0]))

static const struct {
    const char *name;
    int bit;
    int files_min;
    int files_max;
    const char *files; /* what they are */
    bool needs_out;
    bool needs_params;
} verbs[] = {
    {"setup", SETUP, 0, 0, "no file", true, false},
    {"info", INFO, 1, 65536, "files", false, false},
    {"lock", LOCK, 1, 1, "one plaintext file, or -", true, true},
    {"prove", PROVE, 1, 1, "one puzzle file", true, true},
    {"verify", VERIFY, 1, 65536, "puzzle files", false, true},
    {"solve", SOLVE, 1, 65536, "puzzle files", false, true},
    {"open", OPEN, 2, 2, "a puzzle file and an opening file", false, true},
};

/* In: the words an option takes. Returns: the index, or -1 after a sentence. */
static int choose(const char *option, const char *value, const char *const *words)
{
    struct scn_hint hint = SCN_HINT_FOR(value);
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value) == 0) {
            return i;
        }
        scn_hint_add(&hint, words[i]);
    }
    tlc_say("--%s cannot be `%s`; %s", option, value, scn_hint_text(&hint, "values"));
    return -1;
}

/* A decimal number, or 2^K. */
static bool parse_squarings(const char *value, uint64_t *out)
{
    bool power = strncmp(value, "2^", 2) == 0;
    const char *digits = power ? value + 2 : value;
    char *end = NULL;
    errno = 0;
    unsigned long long v = strtoull(digits, &end, 10);
    bool fine = digits[0] >= '0' && digits[0] <= '9' && *end == 0 && errno == 0;
    if (!fine || (power ? v > 62 : v < 1 || v > INT64_MAX)) {
        tlc_say("--squarings takes a whole number from 1 to 9223372036854775807, or 2^K with K up "
                "to 62, not `%s`",
                value);
        return false;
    }
    *out = power ? UINT64_C(1) << v : v;
    return true;
}

static bool parse_seconds(const char *value, int64_t *ms)
{
    char *end = NULL;
    double v = strtod(value, &end);
    bool plain = value[strspn(value, "0123456789.")] == 0 && value[0] != 0;
    if (!plain || *end != 0 || v < 0.01 || v > 86400) {
        tlc_say("--checkpoint-every takes seconds from 0.01 to 86400, not `%s`", value);
        return false;
    }
    *ms = (int64_t)(v * 1000);
    return true;
}

static bool take_choice(int option, const char *value, struct tlc_args *args)
{
    static const char *const sizes[] = {"1024", "2048", "3072", NULL};
    static const char *const profiles[] = {"full", "short", NULL};
    static const char *const solvers[] = {"sequential", "trapdoor", NULL};
    int at = 0;
    switch (option) {
    case OPT_BITS:
        at = choose("bits", value, sizes);
        args->bits = at < 0 ? 0 : (uint32_t)(at + 1) * 1024;
        return at >= 0;
    case OPT_PROFILE:
        at = choose("profile", value, profiles);
        args->profile = at == 1 ? TLP_SHORT : TLP_FULL;
        return at >= 0;
    default:
        at = choose("solver", value, solvers);
        args->solver = at == 1 ? TLP_TRAPDOOR : TLP_SEQUENTIAL;
        return at >= 0;
    }
}

static bool take(int option, const char *value, struct tlc_args *args)
{
    switch (option) {
    case OPT_PARAMS:
        args->params = value;
        return true;
    case OPT_OUT:
        args->out = value;
        return true;
    case OPT_MODULUS:
        args->modulus = value;
        return true;
    case OPT_SQUARINGS:
        return parse_squarings(value, &args->squarings);
    case OPT_TRAPDOOR:
        args->with_trapdoor = true;
        return true;
    case OPT_CONTEXT:
        args->context = value;
        return true;
    case OPT_CHECKPOINT:
        args->checkpoint = value;
        return true;
    case OPT_EVERY:
        return parse_seconds(value, &args->checkpoint_every_ms);
    case OPT_FORCE:
        args->force = true;
        return true;
    case 'q':
        args->quiet = true;
        return true;
    case 'h':
        args->help = true;
        return true;
    default:
        return take_choice(option, value, args);
    }
}

/* getopt has met something it does not know or that lacks its value. */
static int complain(const char *verb, char **argv, int code, const struct option *options)
{
    const char *word = argv[optind - 1];
    if (code == ':') {
        tlc_say("%s needs a value", word);
        return TLC_USAGE;
    }
    if (strncmp(word, "--", 2) != 0) {
        tlc_say("timelock %s: no option `-%c`; see lockstep timelock %s --help", verb, optopt,
                verb);
        return TLC_USAGE;
    }
    struct scn_hint hint = SCN_HINT_FOR(word);
    char names[N_KNOWN][24];
    for (size_t i = 0; options[i].name != NULL; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "--%s", options[i].name);
        scn_hint_add(&hint, names[i]);
    }
    tlc_say("timelock %s: no option `%s`; %s", verb, word, scn_hint_text(&hint, "options"));
    return TLC_USAGE;
}

static int check(const struct tlc_args *args, size_t verb)
{
    if (args->n_files < verbs[verb].files_min || args->n_files > verbs[verb].files_max) {
        tlc_say("timelock %s takes %s; see lockstep timelock %s --help", args->verb,
                verbs[verb].files, args->verb);
        return TLC_USAGE;
    }
    if (verbs[verb].needs_params && args->params == NULL) {
        tlc_say("timelock %s needs --params FILE; lockstep timelock setup makes one", args->verb);
        return TLC_USAGE;
    }
    if (verbs[verb].needs_out && args->out == NULL) {
        tlc_say("timelock %s needs --out FILE", args->verb);
        return TLC_USAGE;
    }
    return 0;
}

int tlc_parse(int argc, char **argv, struct tlc_args *args)
{
    size_t verb = 0;
    while (strcmp(verbs[verb].name, argv[0]) != 0) { /* tlc_main knows no others */
        verb++;
    }
    struct option options[N_KNOWN + 1] = {0};
    size_t n = 0;
    for (size_t i = 0; i < N_KNOWN; i++) {
        if ((known[i].verbs & verbs[verb].bit) != 0) {
            options[n++] = (struct option){known[i].name, known[i].has_value, NULL, known[i].code};
        }
    }
    *args = (struct tlc_args){.verb = argv[0], .checkpoint_every_ms = 10000, .profile = TLP_FULL};
    int code = 0;
    opterr = 0;
    optind = 1;
    while ((code = getopt_long(argc, argv, ":qh", options, NULL)) != -1) {
        if (code == '?' || code == ':') {
            return complain(args->verb, argv, code, options);
        }
        if (!take(code, optarg, args)) {
            return TLC_USAGE;
        }
    }
    args->files = argv + optind;
    args->n_files = argc - optind;
    return args->help ? 0 : check(args, verb);
}
