/* What the parties of a run put on record, in order: the only source of checks and reports. */
#ifndef LOCKSTEP_RUN_HISTORY_H
#define LOCKSTEP_RUN_HISTORY_H

#include "common/runtime/run.h"
#include "proto/trace.pb-c.h"

enum history_kind {
    HISTORY_RECORD, /* a party's trace record */
    HISTORY_REJECT, /* a message was refused */
    HISTORY_LIFE,   /* an actor crashed, restarted or failed */
};

struct history_reject {
    uint32_t peer; /* actor id, or ACT_HOST */
    enum act_reject_reason reason;
    char *detail;
};

struct history_life {
    enum run_life what;
    int rc; /* FAILED: the code its step returned */
};

struct history_item {
    enum history_kind kind;
    struct sim_time at;
    uint32_t actor; /* id */
    union {
        Lockstep__TraceRecord *record;
        struct history_reject reject;
        struct history_life life;
    };
};

/* Zero-initialised is empty. */
struct history {
    struct history_item *items;
    size_t n, cap;
    int err; /* first failure: ERR_NOMEM, or what unpacking a record returned; incomplete then */
};

void history_fini(struct history *h);

/* Each keeps the failure in h->err. */
void history_add_record(struct history *h, struct sim_time at, uint32_t actor, struct bytes record);
void history_add_reject(struct history *h, struct sim_time at, uint32_t actor, uint32_t peer,
                        enum act_reject_reason reason, struct bytes detail);
void history_add_life(struct history *h, struct sim_time at, uint32_t actor, enum run_life what,
                      int rc);

#endif
