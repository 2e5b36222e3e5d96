#include "common/base/cleanup.h"
#include "lockstep/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

static int write_outputs(const struct cmp *c, const char *dir, struct buf *why)
{
    CLEANUP(buf_fini) struct buf json = {.limit = SIZE_MAX / 2};
    CLEANUP(buf_fini) struct buf text = {.limit = SIZE_MAX / 2};
    CLEANUP(buf_fini) struct buf balances = {.limit = SIZE_MAX / 2};
    CLEANUP(buf_fini) struct buf bundles = {.limit = SIZE_MAX / 2};
    CLEANUP(buf_fini) struct buf policies = {.limit = SIZE_MAX / 2};
    cmp_json(c, true, &json);
    cmp_text(c, &text);
    cmp_csv_balances(c, &balances);
    cmp_csv_bundles(c, &bundles);
    int rc = cli_outputs_file(dir, "compare.json", &json, why);
    if (rc == 0 && cmp_is_measured(c)) {
        cmp_csv_policies(c, &policies);
        rc = cli_outputs_file(dir, cmp_is_by_policy(c) ? "policies.csv" : "measures.csv", &policies,
                              why);
    }
    rc = rc != 0 ? rc : cli_outputs_file(dir, "summary.txt", &text, why);
    rc = rc != 0 ? rc : cli_outputs_file(dir, "balances.csv", &balances, why);
    return rc != 0 ? rc : cli_outputs_file(dir, "bundles.csv", &bundles, why);
}

/* Into <out>/<scenario>-by-<setting>/<number>/. Prints what goes wrong. */
static int keep(const struct cli_flags *flags, const struct cmp *c, char **dir)
{
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf name = {0};
    buf_printf(&name, "%s-by-%s", c->scn->name, c->over->word);
    int rc = cli_outputs_begin(flags->out_dir, buf_cstr(&name), dir, &why);
    rc = rc != 0 ? rc : write_outputs(c, *dir, &why);
    if (rc != 0) {
        (void)fprintf(stderr, "lockstep: %s\n", why.len > 0 ? buf_cstr(&why) : err_text(rc));
    }
    return rc;
}

static int show(const struct cli_flags *flags, const struct cmp *c)
{
    CLEANUP(buf_fini) struct buf text = {.limit = SIZE_MAX / 2};
    CLEANUP(cleanup_free) char *dir = NULL;
    if (flags->out_dir != NULL && keep(flags, c, &dir) != 0) {
        return CLI_INTERNAL;
    }
    if (flags->json) {
        cmp_json(c, false, &text);
    } else if (flags->style.quiet) {
        buf_printf(&text, "%s by %s: %s\n", c->scn->name, c->over->word,
                   rep_exit_word(cmp_exit_of(c)));
    } else {
        cmp_text(c, &text);
        if (dir != NULL) {
            buf_printf(&text, "\noutputs  %s\n", dir);
        }
    }
    if (text.err != 0 || fwrite(text.data, 1, text.len, stdout) != text.len) {
        (void)fprintf(stderr, "lockstep: the comparison cannot be written\n");
        return CLI_INTERNAL;
    }
    return (int)cmp_exit_of(c);
}

static int compare_file(const struct cli_flags *flags, const struct cli_places *places,
                        const struct cmp_over *over, const char *file)
{
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(scn_destroy) struct scn *scn = NULL;
    CLEANUP(cmp_fini) struct cmp c = {0};
    struct cli_progress progress;
    int code = cli_load(file, &scn);
    if (code != 0) {
        return code;
    }
    cli_progress_begin(&progress, scn->name, !flags->style.quiet);
    const struct simulate_options options = {
        .host = flags->has_host ? flags->host : SIMULATE_INPROC,
        .transport = flags->transport,
        .seed = flags->has_seed ? flags->seed : scn->seed,
        .policy = flags->policy != NULL ? flags->policy : scn_policy_word(scn->policy),
        .mempool = flags->mempool,
        .wall_ms = flags->wall_ms,
        .places = {places->programs, places->data},
        .progress = cli_progress_tick,
        .progress_ctx = &progress,
    };
    int rc = cmp_make(scn, over, &options, &c, &why);
    cli_progress_end(&progress);
    if (rc != 0) {
        (void)fprintf(stderr, "lockstep: %s: %s\n", scn->name,
                      why.len > 0 ? buf_cstr(&why) : err_text(rc));
        return rc == ERR_CRASHED || rc == ERR_TIMEOUT ? (int)REP_CRASHED : CLI_INTERNAL;
    }
    return show(flags, &c);
}

static int usage(const char *sentence)
{
    (void)fprintf(stderr, "lockstep: %s\n", sentence);
    return CLI_USAGE;
}

int cli_compare(int argc, char **argv)
{
    struct cli_flags flags;
    CLEANUP(cli_places_fini) struct cli_places places = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    if (cli_parse(argc, argv, &flags) != 0) {
        return CLI_USAGE;
    }
    if (flags.help) {
        (void)printf(
            "lockstep compare [--over policy|mempool|state_proof] [OPTION...] FILE...\n"
            "Runs each scenario under every value of the setting, with the same seed, and\n"
            "once without the attacks in its script; lockstep help lists the options.\n"
            "Over policies (the default) what the scenario expects is left aside: it is\n"
            "meant for one of them.\n");
        return 0;
    }
    flags.over = flags.over != NULL ? flags.over : "policy";
    if (flags.policy != NULL && strcmp(flags.over, "policy") == 0) {
        return usage("--policy cannot be fixed while it is varied; leave it out");
    }
    if (flags.mempool != SCN_MEMPOOL_ANY && strcmp(flags.over, "mempool") == 0) {
        return usage("--mempool cannot be fixed while it is varied; leave it out");
    }
    if (flags.first >= argc) {
        return usage("compare needs a scenario file; lockstep list shows some");
    }
    if (cli_places_find(&places, &why) != 0) {
        (void)fprintf(stderr, "lockstep: %s\n", buf_cstr(&why));
        return CLI_INTERNAL;
    }
    int code = 0;
    for (int i = flags.first; i < argc; i++) {
        int one = compare_file(&flags, &places, cmp_find(flags.over), argv[i]);
        code = code != 0 ? code : one;
        if (i + 1 < argc && !flags.style.quiet && !flags.json) {
            (void)putchar('\n');
        }
        (void)fflush(stdout);
    }
    return code;
}
