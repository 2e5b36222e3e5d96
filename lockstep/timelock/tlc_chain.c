/* The chain in portions short enough to look at the clock and for signals in between.
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
    int rc = tlp_batch_save(c->batch, &state);
    if (rc != 0) {
        return rc;
    }
    const struct tlc_checkpoint checkpoint = {
        .head = {tlp_params_bits(c->params), *tlp_params_digest(c->params)},
        .squarings = tlp_params_squarings(c->params),
        .state = buf_view(&state),
    };
    return tlc_checkpoint_encode(&checkpoint, file);
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
    int code = tlc_read(c->args->checkpoint, TLC_SMALL_BYTES_MAX, &file);
    if (code != 0) {
        return code;
    }
    if (tlc_checkpoint_decode(buf_view(&file), &checkpoint, &why) != 0) {
        return refuse(c, buf_cstr(&why));
    }
    if (!hash32_equal(&checkpoint.head.params, tlp_params_digest(c->params)) ||
        checkpoint.head.bits != tlp_params_bits(c->params) ||
        checkpoint.squarings != tlp_params_squarings(c->params)) {
        return refuse(c, "was made under other parameters");
    }
    int rc = tlp_batch_restore(c->batch, checkpoint.state);
    if (rc == ERR_NOMEM) {
        return tlc_say_internal(rc);
    }
    if (rc != 0) {
        return refuse(c, rc == ERR_MISMATCH ? "belongs to other puzzles, or to more or fewer"
                                            : "is damaged: it holds no element of the group");
    }
    c->resumed = true;
    if (!c->args->quiet) {
        char done[32], total[32];
        (void)printf("%s: going on at %s of %s squarings\n", c->args->checkpoint,
                     tlc_number(tlp_batch_done(c->batch), done),
                     tlc_number(checkpoint.squarings, total));
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

/* ---- Squaring ---- */

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
        tlc_say("%s: cannot be written (%s) at %s squarings; solving goes on and tries again; make "
                "room",
                c->args->checkpoint, strerror(error), tlc_number(tlp_batch_done(c->batch), done));
    }
    pace->failing = error != 0;
}

static int square(struct tlc_chain *c, struct tlc_progress *progress)
{
    uint64_t total = tlp_params_squarings(c->params);
    struct pace pace = {.portion = PORTION_MIN, .saved_ns = tlc_now_ns()};
    bool keep = c->args->checkpoint != NULL;
    int64_t every_ns = c->args->checkpoint_every_ms * 1000000;
    int64_t now_ns = pace.saved_ns;
    while (tlp_batch_done(c->batch) < total && caught == 0) {
        int rc = tlp_batch_advance(c->batch, TLP_SEQUENTIAL, pace.portion);
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
        tlc_progress_tell(progress, tlp_batch_done(c->batch), total);
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
        tlc_say("%s: interrupted at %s squarings; the same command goes on from there",
                c->args->checkpoint, tlc_number(tlp_batch_done(c->batch), done));
    }
    (void)signal(caught, SIG_DFL);
    (void)raise(caught);
}

int tlc_chain_run(struct tlc_chain *c)
{
    uint64_t total = tlp_params_squarings(c->params);
    if (c->args->solver == TLP_TRAPDOOR) {
        int rc = tlp_batch_advance(c->batch, TLP_TRAPDOOR, total);
        return rc != 0 ? tlc_say_internal(rc) : 0;
    }
    bool keep = c->args->checkpoint != NULL;
    if (keep) {
        set_handlers(on_signal);
    }
    int code = keep ? begin(c) : 0;
    if (code != 0) {
        return code;
    }
    struct tlc_progress progress;
    uint64_t first = tlp_batch_done(c->batch);
    int64_t started_ns = tlc_now_ns();
    tlc_progress_begin(&progress, "solve", first, !c->args->quiet);
    code = square(c, &progress);
    tlc_progress_end(&progress);
    c->took_ns = tlc_now_ns() - started_ns;
    c->squared = tlp_batch_done(c->batch) - first;
    if (caught != 0 && code == 0) {
        end_by_signal(c);
    }
    if (keep && code == 0) {
        set_handlers(SIG_DFL);
        int error = save(c); /* in case an opening cannot be written */
        if (error != 0) {
            tlc_say("%s: cannot be written (%s); the openings follow all the same",
                    c->args->checkpoint, strerror(error));
        }
    }
    return code;
}
