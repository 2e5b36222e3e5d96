/* The steps in portions short enough to look at the clock and for signals in between.
 *
 * A checkpoint is due when the next portion could end later than the interval after the last one
 * was taken, so that the work lost with the process is what was done within that interval and
 * while the file was being written. The file is replaced by rename, so it always is whole. */
#include "common/base/cleanup.h"
#include "lockstep/timelock/tlc_solve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define PORTION_NS (INT64_C(20) * 1000000)
#define PORTION_MIN 64
#define PORTION_MAX ((uint64_t)1 << 30)

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* A signal that is ignored (nohup) stays so. */
static void set_handlers(void (*handler)(int))
{
    for (size_t i = 0; i < N_SIGNALS; i++) {
        struct sigaction old;
        struct sigaction wanted = {.sa_handler = handler};
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
            (void)sigaction(signals[i], &wanted, NULL);
        }
    }
}

/* ---- The file ---- */

static int encode(struct tlc_chain *c, struct buf *file)
{
    CLEANUP(buf_fini) struct buf state = {0};
    int rc = c->stepper->save(c->work, &state);
    if (rc != 0) {
        return rc;
    }
    struct tlc_checkpoint checkpoint = c->header;
    checkpoint.state = buf_view(&state);
    return tlc_checkpoint_encode(&checkpoint, file);
}

static uint64_t done_of(const struct tlc_chain *c)
{
    return c->stepper->done(c->work);
}

/* Returns: 0 or an errno. */
static int save(struct tlc_chain *c)
{
    CLEANUP(buf_fini) struct buf file = {0};
    return encode(c, &file) != 0
               ? ENOMEM
               : tlc_replace(c->args->checkpoint, buf_view(&file), TLC_FORCE | TLC_SECRET);
}

static int refuse(const struct tlc_chain *c, const char *what)
{
    tlc_say("%s: %s; delete it to begin anew, or name another --checkpoint", c->args->checkpoint,
            what);
    return TLC_BAD_FILE;
}

static int take_up(struct tlc_chain *c)
{
    CLEANUP(buf_fini) struct buf file = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    struct tlc_checkpoint checkpoint;
    int code = tlc_read(c->args->checkpoint, TLC_CHECKPOINT_BYTES_MAX, &file);
    if (code != 0) {
        return code;
    }
    if (tlc_checkpoint_decode(buf_view(&file), c->header.kind, &checkpoint, &why) != 0) {
        return refuse(c, buf_cstr(&why));
    }
    if (!hash32_equal(&checkpoint.head.params, &c->header.head.params) ||
        checkpoint.head.bits != c->header.head.bits ||
        checkpoint.squarings != c->header.squarings) {
        return refuse(c, "was made under other parameters");
    }
    int rc = c->stepper->restore(c->work, checkpoint.state);
    if (rc == ERR_NOMEM) {
        return tlc_say_internal(rc);
    }
    if (rc != 0) {
        return refuse(c, rc == ERR_MISMATCH ? c->stepper->other
                                            : "is damaged: it holds no element of the group");
    }
    c->resumed = true;
    if (!c->args->quiet) {
        char done[32], total[32];
        (void)printf("%s: going on at %s of %s steps\n", c->args->checkpoint,
                     tlc_number(done_of(c), done), tlc_number(c->total, total));
        (void)fflush(stdout);
    }
    return 0;
}

/* A first checkpoint at once shows that one can be written there. */
static int begin(struct tlc_chain *c)
{
    if (access(c->args->checkpoint, F_OK) == 0) {
        return take_up(c);
    }
    int error = save(c);
    if (error != 0) {
        tlc_say("%s: cannot be written (%s); name another --checkpoint", c->args->checkpoint,
                strerror(error));
        return TLC_INTERNAL;
    }
    return 0;
}

/* ---- Steps ---- */

struct pace {
    uint64_t portion;
    int64_t portion_ns; /* what the last one took */
    int64_t saved_ns;
    bool failing;
};

/* A checkpoint that cannot be written now is no reason to stop: the next one may succeed. */
static void save_on_the_way(struct tlc_chain *c, struct pace *pace, int64_t now_ns)
{
    char done[32];
    int error = save(c);
    pace->saved_ns = now_ns;
    if (error != 0 && !pace->failing) {
        tlc_say("%s: cannot be written (%s) at %s steps; solving goes on and tries again; make "
                "room",
                c->args->checkpoint, strerror(error), tlc_number(done_of(c), done));
    }
    pace->failing = error != 0;
}

static int go(struct tlc_chain *c, struct tlc_progress *progress)
{
    struct pace pace = {.portion = PORTION_MIN, .saved_ns = tlc_now_ns()};
    bool keep = c->args->checkpoint != NULL;
    int64_t every_ns = c->args->checkpoint_every_ms * 1000000;
    int64_t now_ns = pace.saved_ns;
    while (done_of(c) < c->total && caught == 0) {
        int rc = c->stepper->advance(c->work, pace.portion);
        if (rc != 0) {
            return tlc_say_internal(rc);
        }
        int64_t before_ns = now_ns;
        now_ns = tlc_now_ns();
        pace.portion_ns = now_ns - before_ns;
        if (pace.portion_ns < PORTION_NS / 2 && pace.portion < PORTION_MAX) {
            pace.portion *= 2;
        } else if (pace.portion_ns > PORTION_NS && pace.portion > PORTION_MIN) {
            pace.portion /= 2;
        }
        tlc_progress_tell(progress, done_of(c), c->total);
        if (keep && now_ns + 2 * pace.portion_ns - pace.saved_ns >= every_ns) {
            save_on_the_way(c, &pace, now_ns);
            now_ns = tlc_now_ns();
        }
    }
    return 0;
}

static void end_by_signal(struct tlc_chain *c)
{
    char done[32];
    int error = save(c);
    if (error != 0) {
        tlc_say("%s: cannot be written (%s)", c->args->checkpoint, strerror(error));
    } else {
        tlc_say("%s: interrupted at %s steps; the same command goes on from there",
                c->args->checkpoint, tlc_number(done_of(c), done));
    }
    (void)signal(caught, SIG_DFL);
    (void)raise(caught);
}

int tlc_chain_run(struct tlc_chain *c)
{
    bool keep = c->args->checkpoint != NULL;
    if (keep) {
        set_handlers(on_signal);
    }
    int code = keep ? begin(c) : 0;
    if (code != 0) {
        return code;
    }
    struct tlc_progress progress;
    uint64_t first = done_of(c);
    int64_t started_ns = tlc_now_ns();
    tlc_progress_begin(&progress, c->stepper->verb, first, !c->args->quiet);
    code = go(c, &progress);
    tlc_progress_end(&progress);
    c->took_ns = tlc_now_ns() - started_ns;
    c->stepped = done_of(c) - first;
    if (caught != 0 && code == 0) {
        end_by_signal(c);
    }
    if (keep && code == 0) {
        set_handlers(SIG_DFL);
        int error = save(c); /* in case the result cannot be written */
        if (error != 0) {
            tlc_say("%s: cannot be written (%s); the result follows all the same",
                    c->args->checkpoint, strerror(error));
        }
    }
    return code;
}
