/* What all five parties have in common: configuration, keys, who is who, reliable links, and the
 * dispatch of events. A core embeds `struct party` first and supplies `struct party_ops`. */
#ifndef ACTOR_PARTY_H
#define ACTOR_PARTY_H

#include "common/actor/act.h"
#include "common/actor/link.h"
#include "common/actor/wire.h"
#include "common/crypto/drbg.h"
#include "common/policy/pol.h"
#include "common/protocol/pro_check.h"
#include "proto/config.pb-c.h"

/* Large read-only tables a host loads once: act_setup.resources points here. */
struct act_resources {
    const struct vc_setup *vc;
};

struct party {
    uint32_t id;
    const char *name;
    struct act_store *store;
    Lockstep__ActorConfig *config; /* owned */
    struct sig_key key;
    struct drbg drbg;
    struct pro_view view;  /* executors and tlp are owned here */
    struct buf descriptor; /* of the deployment, encoded: what evidence begins with */
    struct tlp_params *tlp;
    const struct pol_policy *policy;
    struct pol_rules rules;
    uint32_t sequencer_id;
    uint32_t da_id;
    uint32_t l1_id;
    uint32_t *executor_ids; /* parallel to view.executors */
    struct links links;
    /* Valid during a step only. */
    struct act_effects *out;
    struct sim_time now;
};

struct party_ops {
    int (*start)(struct party *p);
    int (*message)(struct party *p, uint32_t from, const Lockstep__Message *m);
    int (*timer)(struct party *p, uint64_t id);
    int (*work_done)(struct party *p, const struct act_event *ev);
};

/* Reads the configuration and checks that it is one for `role`. Returns: 0, ERR_NOMEM, or
 * ERR_INVALID with a sentence in `why`. */
int party_init(struct party *p, const struct act_setup *setup, Lockstep__Role role,
               struct buf *why) MUST_CHECK;
void party_fini(struct party *p);

/* One step: see act.h. */
int party_step(struct party *p, const struct party_ops *ops, const struct act_event *ev,
               struct act_effects *out) MUST_CHECK;

/* Messages to other parties, within a step. */
int party_send(struct party *p, uint32_t to, const Lockstep__Message *m) MUST_CHECK;
int party_da_put(struct party *p, uint64_t rollup, uint64_t slot, Lockstep__DaKind kind,
                 uint32_t index, struct bytes data) MUST_CHECK;
/* The node answers with one DaItem, as soon as it has it. */
int party_da_get(struct party *p, uint64_t rollup, uint64_t slot, Lockstep__DaKind kind,
                 uint32_t index) MUST_CHECK;
int party_l1_submit(struct party *p, Lockstep__L1Kind kind, struct bytes artifact) MUST_CHECK;

/* Trace records. */
void party_record(struct party *p, const Lockstep__TraceRecord *r);
/* A named moment; `detail` may be NULL. */
void party_note(struct party *p, const char *what, uint64_t slot, uint64_t rollup, uint32_t round,
                uint64_t count, const char *detail);
/* A broken rule; `by` names the culprit where it is provable, else "". */
void party_violation(struct party *p, const char *rule, const char *by, uint64_t slot,
                     uint64_t rollup, uint32_t round, const char *detail);

/* A scripted fault has taken effect. */
void party_confess(struct party *p, const Lockstep__FaultConfig *f);

/* Puts evidence on record and before L1. */
int party_accuse(struct party *p, struct bytes evidence) MUST_CHECK;

/* Refuses a message on its content. */
#define party_reject(p, from, reason, ...) act_reject((p)->out, (from), (reason), __VA_ARGS__)

/* Returns: the index of the rollup's executor in view.executors, or -1. */
int party_executor_index(const struct party *p, uint64_t rollup);
/* Returns: the name of the rollup's executor, "" if it has none. */
const char *party_executor_name(const struct party *p, uint64_t rollup);

#endif
