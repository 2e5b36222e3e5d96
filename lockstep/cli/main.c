#include "lockstep/cli/cli.h"

#include <stdio.h>

static const char help[] =
    "Lockstep runs bundles of transactions over several rollups through a shared\n"
    "sequencer, as real processes, and shows whether each executed everywhere or\n"
    "nowhere.\n"
    "\n"
    "Usage: lockstep VERB [OPTION...] [FILE...]\n"
    "\n"
    "  run FILE...     run scenarios and judge what happened\n"
    "  compare FILE... run each scenario under every value of one setting, and show\n"
    "                  side by side what that costs whom\n"
    "  generate        write a scenario, random or in a shape; --help says more\n"
    "  check FILE...   only read the scenarios and say what is wrong with them\n"
    "  list [DIR]      the scenarios in a folder (default: scenarios)\n"
    "  verify evidence FILE...  judge evidence offline; verify --help says more\n"
    "  schema          the JSON Schema of scenario files, for editors\n"
    "  timelock VERB   the time-lock by itself, on files: setup, info, lock, prove,\n"
    "                  verify, solve, open\n"
    "  help            this text; also: VERB --help\n"
    "  version         the version of this program\n"
    "\n"
    "Options of run and compare:\n"
    "  --over SETTING      compare: what is varied; policy (default), mempool,\n"
    "                      state_proof\n"
    "  --host HOST         procs: one process per actor (default of run); inproc: all\n"
    "                      in one (default of compare)\n"
    "  --transport T       between processes: ipc (default) or tcp\n"
    "  --seed N            instead of the scenario's\n"
    "  --policy NAME       exclusion policy, instead of the scenario's\n"
    "  --mempool M         encrypted or plaintext, instead of the scenario's\n"
    "  --out DIR           where outputs go (default: out); --out '' keeps none\n"
    "  --format F          text (default) or json, one object per line\n"
    "  --wall-limit S      give up after S seconds of real time\n"
    "  -v, --verbose       show everything   -q, --quiet  one line per scenario\n"
    "\n"
    "Exit codes: 0 pass, 1 unsafe or an expectation broken, 2 inconclusive, 3 stuck,\n"
    "4 an actor crashed, 5 nondeterminism, 6 evidence that convicts nobody, 64 usage,\n"
    "65 bad scenario or no evidence, 66 no such evidence file, 70 internal,\n"
    "124 wall-clock limit. Of several scenarios the first code that is not 0.\n";

static int print_help(int argc, char **argv)
{
    (void)fputs(help, stdout);
    return 0;
}

static int print_version(int argc, char **argv)
{
    (void)printf("lockstep %s\n", LOCKSTEP_VERSION);
    return 0;
}

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"run", cli_run},           {"compare", cli_compare},   {"check", cli_check},
    {"list", cli_list},         {"verify", cli_verify},     {"schema", cli_schema},
    {"timelock", cli_timelock}, {"generate", cli_generate}, {"help", print_help},
    {"version", print_version},
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int unknown_verb(const char *word)
{
    struct scn_hint hint = SCN_HINT_FOR(word);
    for (size_t i = 0; i < N_VERBS; i++) {
        scn_hint_add(&hint, verbs[i].name);
    }
    (void)fprintf(stderr, "lockstep: no verb `%s`; %s\n", word, scn_hint_text(&hint, "verbs"));
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fputs(help, stderr);
        return CLI_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        word = "help";
    } else if (strcmp(word, "--version") == 0) {
        word = "version";
    }
    for (size_t i = 0; i < N_VERBS; i++) {
        if (strcmp(verbs[i].name, word) == 0) {
            return verbs[i].run(argc - 1, argv + 1);
        }
    }
    return unknown_verb(word);
}
