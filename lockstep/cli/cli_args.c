#include "lockstep/cli/cli.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    OPT_HOST = 256,
    OPT_TRANSPORT,
    OPT_SEED,
    OPT_POLICY,
    OPT_MEMPOOL,
    OPT_OVER,
    OPT_OUT,
    OPT_FORMAT,
    OPT_WALL
};

static const struct option options[] = {
    {"host", required_argument, NULL, OPT_HOST},
    {"transport", required_argument, NULL, OPT_TRANSPORT},
    {"seed", required_argument, NULL, OPT_SEED},
    {"policy", required_argument, NULL, OPT_POLICY},
    {"mempool", required_argument, NULL, OPT_MEMPOOL},
    {"over", required_argument, NULL, OPT_OVER},
    {"out", required_argument, NULL, OPT_OUT},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"wall-limit", required_argument, NULL, OPT_WALL},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* In: the words an option takes, NULL-terminated. Returns: the index, or -1 after a sentence. */
static int choose(const char *option, const char *value, const char *const *words)
{
    struct scn_hint hint = SCN_HINT_FOR(value);
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value) == 0) {
            return i;
        }
        scn_hint_add(&hint, words[i]);
    }
    (void)fprintf(stderr, "lockstep: --%s cannot be `%s`; %s\n", option, value,
                  scn_hint_text(&hint, "values"));
    return -1;
}

static bool parse_number(const char *option, const char *value, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    unsigned long long v = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != 0 || errno != 0 || v > max) {
        (void)fprintf(stderr, "lockstep: --%s takes a whole number from 0 to %llu, not `%s`\n",
                      option, (unsigned long long)max, value);
        return false;
    }
    *out = v;
    return true;
}

static bool parse_policy(const char *value, struct cli_flags *flags)
{
    if (pol_find(value) == NULL) {
        CLEANUP(buf_fini) struct buf names = {0};
        pol_print_names(&names);
        (void)fprintf(stderr, "lockstep: --policy `%s` is none of the policies: %s\n", value,
                      buf_cstr(&names));
        return false;
    }
    flags->policy = value;
    return true;
}

static bool take(int option, const char *value, struct cli_flags *flags)
{
    static const char *const hosts[] = {"procs", "inproc", NULL};
    static const char *const transports[] = {"ipc", "tcp", NULL};
    static const char *const mempools[] = {"encrypted", "plaintext", NULL};
    static const char *const formats[] = {"text", "json", NULL};
    uint64_t seconds = 0;
    int at = 0;
    switch (option) {
    case OPT_HOST:
        at = choose("host", value, hosts);
        flags->has_host = true;
        flags->host = at == 1 ? SIMULATE_INPROC : SIMULATE_PROCS;
        return at >= 0;
    case OPT_TRANSPORT:
        at = choose("transport", value, transports);
        flags->transport = at == 1 ? RUN_TCP : RUN_IPC;
        return at >= 0;
    case OPT_FORMAT:
        at = choose("format", value, formats);
        flags->json = at == 1;
        return at >= 0;
    case OPT_SEED:
        flags->has_seed = true;
        return parse_number("seed", value, UINT64_MAX, &flags->seed);
    case OPT_WALL:
        if (!parse_number("wall-limit", value, 1000000, &seconds)) {
            return false;
        }
        flags->wall_ms = (int64_t)seconds * 1000;
        return true;
    case OPT_POLICY:
        return parse_policy(value, flags);
    case OPT_MEMPOOL:
        at = choose("mempool", value, mempools);
        flags->mempool = at == 1 ? SCN_MEMPOOL_PLAINTEXT : SCN_MEMPOOL_ENCRYPTED;
        return at >= 0;
    case OPT_OVER:
        flags->over = value;
        return choose("over", value, cmp_words()) >= 0;
    case OPT_OUT:
        flags->out_dir = value[0] != 0 ? value : NULL;
        return true;
    case 'v':
        flags->style.verbose = true;
        return true;
    case 'q':
        flags->style.quiet = true;
        return true;
    default:
        flags->help = true;
        return true;
    }
}

/* getopt has met something it does not know or that lacks its value. */
static int complain(int argc, char **argv, int code)
{
    const char *word = argv[optind - 1];
    if (code == ':') {
        (void)fprintf(stderr, "lockstep: %s needs a value\n", word);
        return CLI_USAGE;
    }
    if (strncmp(word, "--", 2) != 0) {
        (void)fprintf(stderr, "lockstep: no option `-%c`; see lockstep help\n", optopt);
        return CLI_USAGE;
    }
    struct scn_hint hint = SCN_HINT_FOR(word);
    char names[sizeof(options) / sizeof(options[0])][16];
    for (size_t i = 0; options[i].name != NULL; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "--%s", options[i].name);
        scn_hint_add(&hint, names[i]);
    }
    (void)fprintf(stderr, "lockstep: no option `%s`; %s\n", word, scn_hint_text(&hint, "options"));
    return CLI_USAGE;
}

int cli_parse(int argc, char **argv, struct cli_flags *flags)
{
    *flags = (struct cli_flags){.host = SIMULATE_PROCS, .transport = RUN_IPC, .out_dir = "out"};
    int code = 0;
    opterr = 0;
    optind = 1;
    while ((code = getopt_long(argc, argv, ":vqh", options, NULL)) != -1) {
        if (code == '?' || code == ':') {
            return complain(argc, argv, code);
        }
        if (!take(code, optarg, flags)) {
            return CLI_USAGE;
        }
    }
    flags->first = optind;
    return 0;
}
