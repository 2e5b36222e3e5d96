#include "common/base/cleanup.h"
#include "lockstep/cli/cli.h"
#include "lockstep/generate/gen.h"
#include "lockstep/timelock/tlc.h"

#include <stdio.h>

static const char help[] =
    "Writes a scenario of bundles, drawn at random or in a given shape, and what must\n"
    "come of each; the same arguments give the same bytes on every machine.\n"
    "\n"
    "Usage: lockstep generate [OPTION...] [-o FILE]\n"
    "\n"
    "  --shape NAME       random, or one of those below (default: random)\n"
    "  --rollups N        1 to 128 (default: 4)\n"
    "  --bundles N        1 to 10000 (default: 20)\n"
    "  --policy NAME      exclusion policy (default: one_shot; with a shape: serial)\n"
    "  --seed N           another one, other bundles (default: 1)\n"
    "  -o, --output FILE  instead of standard output; whole or not at all, and a file\n"
    "                     of that name is replaced\n"
    "  -h, --help         this text\n"
    "\n"
    "Random bundles:\n"
    "  --legs N, --legs MIN..MAX\n"
    "                     transactions in a bundle, 1 to 100 (default: 1..3)\n"
    "  --accounts N       2 to 10000 (default: 20)\n"
    "  --pools N          on every rollup, 0 to 1000 (default: 2)\n"
    "  --conflict X       how much bundles crowd on the same accounts and pools: the\n"
    "                     exponent of Zipf's law, 0 (evenly) to 4 (default: 0.8)\n"
    "  --failure PERCENT  bundles with a leg built to fail; of four of them one fails\n"
    "                     or not by what ran before it (default: 20)\n"
    "  --slots N          1 to 10000; the bundles are spread evenly (default: 1)\n"
    "  --mix KIND,...     what legs are for: transfers, swaps, bridges, loans\n"
    "                     (default: all four); twice the word, twice as often\n"
    "\n"
    "Shapes; each bundle has two legs and a sender of its own, the seed sets amounts:\n"
    "  chain              the longest cascade there is: each exclusion brings about\n"
    "                     the next one on the other of two rollups, a round for each\n"
    "  line               each bundle lives on the one before, all on one rollup; the\n"
    "                     first fails on another (--rollups 2 or more, default: 2)\n"
    "  crossing           pairs over the same two rollups, one each way round; one of\n"
    "                     the two fails (--rollups 2 or more, default: 2)\n"
    "  cycle              each bundle lives on the one before, round all rollups; the\n"
    "                     one that closes the circle fails (3 or more, default: 3)\n"
    "\n"
    "Exit codes: 0 written, 64 usage, 70 internal or FILE cannot be written.\n";

static int refuse(struct buf *why, int rc)
{
    (void)fprintf(stderr, "lockstep: %s\n", why->len > 0 ? buf_cstr(why) : err_text(rc));
    return rc == ERR_INVALID ? (int)CLI_USAGE : (int)CLI_INTERNAL;
}

int cli_generate(int argc, char **argv)
{
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf text = {0};
    struct gen_args args;
    int rc = gen_args_parse(argc, argv, &args, &why);
    if (rc != 0) {
        return refuse(&why, rc);
    }
    if (args.help) {
        (void)fputs(help, stdout);
        return 0;
    }
    const char *path = args.output != NULL ? args.output : "-";
    int code = tlc_check_output(path, TLC_FORCE);
    if (code != 0) {
        return code;
    }
    rc = gen_scenario(&args, &text, &why);
    return rc != 0 ? refuse(&why, rc) : tlc_write(path, buf_view(&text), TLC_FORCE);
}
