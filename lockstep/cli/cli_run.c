#include "common/base/cleanup.h"
#include "lockstep/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int cli_load(const char *path, struct scn **out)
{
    CLEANUP(buf_fini) struct buf errors = {0};
    int rc = scn_load_file(path, out, &errors);
    if (rc != 0) {
        (void)fputs(errors.len > 0 ? buf_cstr(&errors) : err_text(rc), stderr);
        return rc == ERR_INVALID ? CLI_BAD_SCENARIO : CLI_INTERNAL;
    }
    return 0;
}

static const char *policy_of(const struct cli_flags *flags, const struct scn *scn)
{
    return flags->policy != NULL ? flags->policy : scn_policy_word(scn->policy);
}

/* Quotes an argument for a shell if it needs it. */
static void quote(const char *word, struct buf *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./-+:,@%=";
    if (word[0] != 0 && word[strspn(word, plain)] == 0) {
        buf_printf(out, "%s", word);
        return;
    }
    buf_append_u8(out, '\'');
    for (; *word != 0; word++) {
        if (*word == '\'') {
            buf_printf(out, "'\\''");
        } else {
            buf_append_u8(out, (uint8_t)*word);
        }
    }
    buf_append_u8(out, '\'');
}

/* The line that repeats the run: everything that could change its fingerprint is spelt out. */
static void write_reproduce(const struct cli_flags *flags, const struct scn *scn, uint64_t seed,
                            const char *file, struct buf *out)
{
    buf_printf(out, "./dev run ");
    quote(file, out);
    buf_printf(out, " --seed %llu --policy %s", (unsigned long long)seed, policy_of(flags, scn));
    if (flags->mempool != SCN_MEMPOOL_ANY) {
        buf_printf(out, " --mempool %s", scn_mempool_word(flags->mempool));
    }
    if (flags->host == SIMULATE_INPROC) {
        buf_printf(out, " --host inproc");
    }
}

/* ---- One run ---- */

struct judged {
    struct mdl *m;
    struct chk_report checks;
    struct xpc_report expect;
};

static void judged_fini(struct judged *j)
{
    mdl_destroy(&j->m);
    chk_report_fini(&j->checks);
    xpc_report_fini(&j->expect);
}

static int judge(const struct simulation *sim, struct judged *j)
{
    int rc = mdl_new(sim, &j->m);
    rc = rc != 0 ? rc : chk_run(j->m, &j->checks);
    return rc != 0 ? rc : xpc_run(j->m, &j->checks, &j->expect);
}

static int report(const struct cli_flags *flags, const struct rep_run *run)
{
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf text = {.limit = SIZE_MAX / 2};
    if (run->where != NULL && cli_outputs_write(run, run->where, &why) != 0) {
        (void)fprintf(stderr, "lockstep: %s\n", buf_cstr(&why));
        return CLI_INTERNAL;
    }
    if (flags->json) {
        rep_json(run, false, &text);
    } else {
        rep_text(run, &flags->style, &text);
    }
    if (text.err != 0 || fwrite(text.data, 1, text.len, stdout) != text.len) {
        (void)fprintf(stderr, "lockstep: the report cannot be written\n");
        return CLI_INTERNAL;
    }
    return (int)rep_exit_of(run);
}

/* Says why there is nothing to judge. */
static int explain_failure(int rc, const struct buf *why, const char *name, const char *reproduce)
{
    struct buf *text = (struct buf *)(uintptr_t)why;
    (void)fprintf(stderr, "lockstep: %s: %s\nreproduce: %s\n", name,
                  why->len > 0 ? buf_cstr(text) : err_text(rc), reproduce);
    return rc == ERR_CRASHED || rc == ERR_TIMEOUT ? (int)REP_CRASHED : CLI_INTERNAL;
}

static int run_loaded(const struct cli_flags *flags, const struct cli_places *places,
                      const struct scn *scn, const char *file)
{
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf reproduce = {0};
    CLEANUP(cleanup_free) char *dir = NULL;
    CLEANUP(simulation_fini) struct simulation sim = {0};
    CLEANUP(judged_fini) struct judged judged = {0};
    struct cli_progress progress;
    uint64_t seed = flags->has_seed ? flags->seed : scn->seed;
    if (flags->out_dir != NULL && cli_outputs_begin(flags->out_dir, scn->name, &dir, &why) != 0) {
        (void)fprintf(stderr, "lockstep: %s\n", buf_cstr(&why));
        return CLI_INTERNAL;
    }
    cli_progress_begin(&progress, scn->name, !flags->style.quiet);
    const struct simulate_options options = {
        .host = flags->host,
        .transport = flags->transport,
        .seed = seed,
        .policy = policy_of(flags, scn),
        .mempool = flags->mempool,
        .out_dir = dir,
        .wall_ms = flags->wall_ms,
        .places = {places->programs, places->data},
        .progress = cli_progress_tick,
        .progress_ctx = &progress,
    };
    write_reproduce(flags, scn, seed, file, &reproduce);
    int rc = simulate(scn, &options, &sim, &why);
    cli_progress_end(&progress);
    rc = rc != 0 ? rc : judge(&sim, &judged);
    if (rc != 0) {
        return explain_failure(rc, &why, scn->name, buf_cstr(&reproduce));
    }
    const struct rep_run run = {
        .file = file,
        .host = simulate_host_word(flags->host),
        .where = dir,
        .reproduce = buf_cstr(&reproduce),
        .wall_ns = cli_real_ns() - progress.started_ns,
        .sim = &sim,
        .m = judged.m,
        .checks = &judged.checks,
        .expect = &judged.expect,
    };
    return report(flags, &run);
}

static int run_file(const struct cli_flags *flags, const struct cli_places *places,
                    const char *file)
{
    CLEANUP(scn_destroy) struct scn *scn = NULL;
    int code = cli_load(file, &scn);
    if (code != 0) {
        return code;
    }
    return run_loaded(flags, places, scn, file);
}

int cli_run(int argc, char **argv)
{
    struct cli_flags flags;
    CLEANUP(cli_places_fini) struct cli_places places = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    if (cli_parse(argc, argv, &flags) != 0) {
        return CLI_USAGE;
    }
    if (flags.help) {
        (void)printf("lockstep run [OPTION...] FILE...; lockstep help lists the options\n");
        return 0;
    }
    if (flags.first >= argc) {
        (void)fprintf(stderr, "lockstep: run needs a scenario file; lockstep list shows some\n");
        return CLI_USAGE;
    }
    if (cli_places_find(&places, &why) != 0) {
        (void)fprintf(stderr, "lockstep: %s\n", buf_cstr(&why));
        return CLI_INTERNAL;
    }
    flags.style.colour = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
    int code = 0;
    for (int i = flags.first; i < argc; i++) {
        int one = run_file(&flags, &places, argv[i]);
        code = code != 0 ? code : one;
        if (i + 1 < argc && !flags.style.quiet && !flags.json) {
            (void)putchar('\n');
        }
        (void)fflush(stdout);
    }
    return code;
}

int cli_check(int argc, char **argv)
{
    struct cli_flags flags;
    if (cli_parse(argc, argv, &flags) != 0) {
        return CLI_USAGE;
    }
    if (flags.first >= argc) {
        (void)fprintf(stderr, "lockstep: check needs a scenario file\n");
        return CLI_USAGE;
    }
    int code = 0;
    for (int i = flags.first; i < argc; i++) {
        CLEANUP(scn_destroy) struct scn *scn = NULL;
        int one = cli_load(argv[i], &scn);
        code = code != 0 ? code : one;
        if (one == 0 && !flags.style.quiet) {
            (void)printf("%s: fine; rollups %zu, bundles %zu, expectations %zu\n", argv[i],
                         scn->rollups.n, scn->n_bundles, scn->expect.n);
        }
    }
    return code;
}
