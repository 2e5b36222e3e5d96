#include "lockstep/scenario/scn_errors.h"
#include "lockstep/timelock/tlc.h"

#include <stdio.h>

static const char help[] =
    "lockstep timelock: encrypt to the future, by itself and on files.\n"
    "\n"
    "Usage: lockstep timelock VERB [OPTION...] [FILE...]\n"
    "\n"
    "  setup --out PARAMS --squarings T --modulus NAME|FILE\n"
    "                            make the parameters of a delay of T squarings\n"
    "  info FILE...              say what is in files of any kind used here\n"
    "  lock --params PARAMS --out PUZZLE FILE|-\n"
    "                            encrypt a file; nobody reads it before T squarings\n"
    "  verify --params PARAMS PUZZLE...\n"
    "                            check the proofs that puzzles open\n"
    "  prove --params PARAMS --out COMPACT PUZZLE\n"
    "                            rewrite a puzzle with the short form of its proof\n"
    "  solve --params PARAMS PUZZLE...\n"
    "                            square T times, once for all; write the openings\n"
    "  open --params PARAMS PUZZLE OPENING\n"
    "                            check an opening and decrypt\n"
    "\n"
    "VERB --help has the options. Existing files are not replaced without --force.\n"
    "\n"
    "Exit codes: 0 fine, 1 a proof or an opening does not hold, 6 the sender sealed\n"
    "garbage, 64 usage, 65 bad file, 70 internal (memory, disk).\n";

static const char help_setup[] =
    "lockstep timelock setup --out PARAMS --squarings T (--modulus M | --bits N)\n"
    "\n"
    "  --modulus rsa-2048   the RSA-2048 challenge number: nobody is known to know\n"
    "                       its factors; takes T squarings and an eighth more\n"
    "  --modulus sim-1024   a modulus with public factors, for simulation: takes\n"
    "                       milliseconds, protects nothing; also sim-2048, sim-3072\n"
    "  --modulus FILE       a modulus file, with factors or without\n"
    "  --bits N             make a fresh modulus of 1024, 2048 or 3072 bits; takes\n"
    "                       seconds to minutes; its factors are forgotten\n"
    "  --squarings T        a number, or 2^K\n"
    "  --with-trapdoor      keep the factors in PARAMS, for solve --solver trapdoor;\n"
    "                       the file then is secret and gets mode 0600\n"
    "  --checkpoint FILE    keep the state in FILE (up to 17 MiB at 2048 bits), go on\n"
    "                       from there if it exists, delete it at the end\n"
    "  --checkpoint-every S at least every S seconds, 0.01 to 86400 (default 10): see\n"
    "                       lockstep timelock solve --help; a write takes longer here\n"
    "  --force              replace an existing PARAMS\n"
    "  -q, --quiet          say nothing but what goes wrong\n";

static const char help_info[] =
    "lockstep timelock info FILE...\n"
    "\n"
    "Files: moduli, parameters, puzzles, openings, checkpoints. Moduli and parameters\n"
    "are checked in full; of the others only what can be without parameters.\n";

static const char help_lock[] =
    "lockstep timelock lock --params PARAMS --out PUZZLE FILE|-\n"
    "\n"
    "  --context TEXT     bind the puzzle to TEXT; @FILE takes it from a file\n"
    "  --profile full     nothing about the exponent leaks, whatever is assumed\n"
    "                     (default)\n"
    "  --profile short    exponents of 256 bits: faster, shorter proofs, one more\n"
    "                     assumption\n"
    "  --force            replace an existing PUZZLE\n"
    "  -q, --quiet        say nothing but what goes wrong\n"
    "\n"
    "FILE has at most 32 MiB; - is standard input.\n";

static const char help_prove[] =
    "lockstep timelock prove --params PARAMS --out COMPACT PUZZLE\n"
    "\n"
    "Checks the proof of PUZZLE and writes the same puzzle with the compact proof\n"
    "(c, z) in place of (A, B, z). It opens the same way; only verifying several at\n"
    "once is slower.\n"
    "\n"
    "  --force            replace an existing COMPACT\n"
    "  -q, --quiet        say nothing but what goes wrong\n";

static const char help_verify[] =
    "lockstep timelock verify --params PARAMS PUZZLE...\n"
    "\n"
    "Several puzzles are verified in one batch; if that fails, singly, and every bad\n"
    "one is named. A good proof says that the puzzle opens after T squarings, not\n"
    "that something sensible is inside.\n"
    "\n"
    "  --context TEXT     also require this context; @FILE takes it from a file\n"
    "  -q, --quiet        say nothing but what goes wrong\n";

static const char help_solve[] =
    "lockstep timelock solve --params PARAMS PUZZLE...\n"
    "\n"
    "All puzzles together take one chain of T squarings. Their proofs are verified\n"
    "first. The opening of PUZZLE is written to PUZZLE.opening; one that is already\n"
    "there and right is kept.\n"
    "\n"
    "  --out FILE               where the opening of a single puzzle goes\n"
    "  --out DIR                an existing folder for DIR/PUZZLE.opening\n"
    "  --solver sequential      really square (default)\n"
    "  --solver trapdoor        use the factors, if PARAMS has them\n"
    "  --checkpoint FILE        keep the state of the chain in FILE, go on from there\n"
    "                           if it exists, delete it when all openings are written\n"
    "  --checkpoint-every S     at least every S seconds, 0.01 to 86400 (default 10):\n"
    "                           kill -9 or a power cut costs what was squared in the\n"
    "                           last S seconds, and the time of one write\n"
    "  --context TEXT           require this context; @FILE takes it from a file\n"
    "  --force                  replace existing openings\n"
    "  -q, --quiet              say nothing but what goes wrong\n"
    "\n"
    "On SIGINT, SIGTERM and SIGHUP the checkpoint is written before the program ends.\n";

static const char help_open[] =
    "lockstep timelock open --params PARAMS PUZZLE OPENING\n"
    "\n"
    "Checks the proof of PUZZLE, then w^e = Q, then decrypts. Needs no squarings.\n"
    "\n"
    "  --out FILE         where the plaintext goes, mode 0600; default: standard\n"
    "                     output\n"
    "  --context TEXT     require this context; @FILE takes it from a file\n"
    "  --force            replace an existing FILE\n"
    "  -q, --quiet        say nothing but what goes wrong\n"
    "\n"
    "Exit code 1: the opening is wrong; 6: it is right and the sender sealed garbage.\n";

static const struct verb {
    const char *name;
    int (*run)(const struct tlc_args *args);
    const char *help;
} verbs[] = {
    {"setup", tlc_setup, help_setup}, {"info", tlc_info, help_info},
    {"lock", tlc_lock, help_lock},    {"verify", tlc_verify, help_verify},
    {"prove", tlc_prove, help_prove}, {"solve", tlc_solve, help_solve},
    {"open", tlc_open, help_open},
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int run_verb(const struct verb *verb, int argc, char **argv, const char *data_dir)
{
    struct tlc_args args;
    int code = tlc_parse(argc, argv, &args);
    if (code != 0) {
        return code;
    }
    if (args.help) {
        (void)fputs(verb->help, stdout);
        return 0;
    }
    args.data_dir = data_dir;
    code = verb->run(&args);
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == 0) {
        tlc_say("standard output cannot be written");
        return TLC_INTERNAL;
    }
    return code;
}

int tlc_main(int argc, char **argv, const char *data_dir)
{
    if (argc < 2) {
        (void)fputs(help, stderr);
        return TLC_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        (void)fputs(help, stdout);
        return 0;
    }
    struct scn_hint hint = SCN_HINT_FOR(word);
    for (size_t i = 0; i < N_VERBS; i++) {
        if (strcmp(verbs[i].name, word) == 0) {
            return run_verb(&verbs[i], argc - 1, argv + 1, data_dir);
        }
        scn_hint_add(&hint, verbs[i].name);
    }
    tlc_say("timelock: no verb `%s`; %s", word, scn_hint_text(&hint, "verbs"));
    return TLC_USAGE;
}
