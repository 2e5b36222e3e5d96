#include "lockstep/timelock/tlc_solve.h"
#include "common/base/cleanup.h"

#include <stdio.h>
#include <unistd.h>

struct job {
    const struct tlc_args *args;
    struct tlc_set set;
    struct tlc_outputs outputs;
    struct tlc_chain chain;
    struct bytes *us;
    struct bytes *qs;
    int *rcs;
    struct buf *ws;
};

static void job_fini(struct job *j)
{
    for (size_t i = 0; j->ws != NULL && i < j->set.n; i++) {
        buf_fini(&j->ws[i]);
    }
    free(j->us);
    free(j->qs);
    free(j->rcs);
    free(j->ws);
    tlp_batch_destroy(&j->chain.batch);
    tlc_outputs_fini(&j->outputs);
    tlc_set_fini(&j->set);
}

static int check(const struct tlc_args *args)
{
    if (args->solver == TLP_TRAPDOOR && args->checkpoint != NULL) {
        tlc_say("--solver trapdoor takes milliseconds and no --checkpoint; leave one of them out");
        return TLC_USAGE;
    }
    return 0;
}

static int load(struct job *j)
{
    int code = tlc_set_load(j->args, j->args->n_files, &j->set);
    if (code == 0 && j->args->solver == TLP_TRAPDOOR && !tlp_params_has_trapdoor(j->set.params)) {
        tlc_say("%s: has no factors; use --solver sequential, or make it with setup "
                "--with-trapdoor",
                j->args->params);
        return TLC_USAGE;
    }
    if (code != 0) {
        return code;
    }
    size_t n = j->set.n;
    j->us = (struct bytes *)calloc(n, sizeof(*j->us));
    j->qs = (struct bytes *)calloc(n, sizeof(*j->qs));
    j->rcs = (int *)calloc(n, sizeof(*j->rcs));
    j->ws = (struct buf *)calloc(n, sizeof(*j->ws));
    if (j->us == NULL || j->qs == NULL || j->rcs == NULL || j->ws == NULL) {
        return tlc_say_internal(ERR_NOMEM);
    }
    for (size_t i = 0; i < n; i++) {
        j->us[i] = j->set.items[i].puzzle.parts.u;
        j->qs[i] = j->set.items[i].puzzle.parts.q;
    }
    return tlc_set_verify(&j->set, j->rcs);
}

static int begin(struct job *j)
{
    size_t clash[2] = {0, 0};
    int rc = tlp_batch_begin(j->set.params, j->set.n, j->us, j->qs, j->rcs, clash, &j->chain.batch);
    if (rc != ERR_EXISTS) {
        return rc != 0 ? tlc_say_internal(rc) : 0;
    }
    const char *one = j->set.items[clash[0]].path, *two = j->set.items[clash[1]].path;
    if (bytes_equal(j->us[clash[0]], j->us[clash[1]])) {
        tlc_say("%s and %s have the same u and cannot be solved together; leave one out: the "
                "opening of the other fits both",
                one, two);
    } else {
        tlc_say("%s and %s have the same exponent and cannot be solved together; solve one of them "
                "by itself",
                one, two);
    }
    return TLC_BAD_FILE;
}

/* All proofs hold, so if the tree comes out wrong it is the chain that is wrong. */
static int finish(struct job *j)
{
    int rc = tlp_batch_finish(j->chain.batch, j->ws);
    if (rc != ERR_PROOF) {
        return rc != 0 ? tlc_say_internal(rc) : 0;
    }
    if (j->chain.resumed) {
        tlc_say(
            "%s: held a wrong value: every proof holds, yet the result does not open; delete it "
            "and solve again",
            j->args->checkpoint);
        return TLC_BAD_FILE;
    }
    tlc_say("this machine has miscounted: every proof holds, yet the result does not open; check "
            "its memory and solve again");
    return TLC_INTERNAL;
}

static void tell_pace(const struct job *j)
{
    char number[32];
    if (j->args->quiet || j->chain.took_ns == 0) {
        return;
    }
    double seconds = (double)j->chain.took_ns / 1e9;
    (void)printf("%s squarings in %.3f s, %.2f M/s, for %zu puzzle%s\n",
                 tlc_number(j->chain.squared, number), seconds,
                 (double)j->chain.squared / seconds / 1e6, j->set.n, j->set.n == 1 ? "" : "s");
}

int tlc_solve(const struct tlc_args *args)
{
    CLEANUP(job_fini) struct job j = {.args = args};
    int code = check(args);
    code = code != 0 ? code : load(&j);
    code = code != 0 ? code : tlc_outputs_plan(args, &j.set, &j.outputs);
    if (code != 0) {
        return code;
    }
    if (j.outputs.n_there == j.set.n) {
        if (!args->quiet) {
            (void)printf("nothing to do: all openings are there and right\n");
        }
        return 0;
    }
    j.chain.args = args;
    j.chain.params = j.set.params;
    code = begin(&j);
    code = code != 0 ? code : tlc_chain_run(&j.chain);
    code = code != 0 ? code : finish(&j);
    code = code != 0 ? code : tlc_outputs_write(args, &j.set, &j.outputs, j.ws);
    if (code == 0) {
        tell_pace(&j);
        if (args->checkpoint != NULL) {
            (void)unlink(args->checkpoint);
        }
    }
    return code;
}
