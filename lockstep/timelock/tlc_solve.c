#include "lockstep/timelock/tlc_solve.h"
#include "common/base/cleanup.h"

#include <stdio.h>
#include <unistd.h>

struct job {
    const struct tlc_args *args;
    struct tlc_set set;
    struct tlc_outputs outputs;
    struct tlc_chain chain;
    struct tlp_batch *batch;
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
    tlp_batch_destroy(&j->batch);
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
    int rc = tlp_batch_begin(j->set.params, j->set.n, j->us, j->qs, j->rcs, clash, &j->batch);
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

/* ---- The chain ---- */

static uint64_t steps_done(void *work)
{
    return tlp_batch_done((struct tlp_batch *)work);
}

static int steps_advance(void *work, uint64_t n)
{
    return tlp_batch_advance((struct tlp_batch *)work, TLP_SEQUENTIAL, n);
}

static int steps_save(void *work, struct buf *state)
{
    return tlp_batch_save((struct tlp_batch *)work, state);
}

static int steps_restore(void *work, struct bytes state)
{
    return tlp_batch_restore((struct tlp_batch *)work, state);
}

static const struct tlc_stepper stepper = {
    .verb = "solve",
    .other = "belongs to other puzzles, or to more or fewer",
    .done = steps_done,
    .advance = steps_advance,
    .save = steps_save,
    .restore = steps_restore,
};

static int square(struct job *j)
{
    const struct tlp_params *p = j->set.params;
    if (j->args->solver == TLP_TRAPDOOR) {
        int rc = tlp_batch_advance(j->batch, TLP_TRAPDOOR, tlp_params_squarings(p));
        return rc != 0 ? tlc_say_internal(rc) : 0;
    }
    j->chain = (struct tlc_chain){
        .args = j->args,
        .stepper = &stepper,
        .work = j->batch,
        .total = tlp_params_squarings(p),
        .header = {.kind = TLC_CHECKPOINT,
                   .head = {tlp_params_bits(p), *tlp_params_digest(p)},
                   .squarings = tlp_params_squarings(p)},
    };
    return tlc_chain_run(&j->chain);
}

/* All proofs hold, so if the tree comes out wrong it is the chain that is wrong. */
static int finish(struct job *j)
{
    int rc = tlp_batch_finish(j->batch, j->ws);
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
                 tlc_number(j->chain.stepped, number), seconds,
                 (double)j->chain.stepped / seconds / 1e6, j->set.n, j->set.n == 1 ? "" : "s");
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
    code = begin(&j);
    code = code != 0 ? code : square(&j);
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
