/* What a run amounts to, told from the public record alone: what the DA node stored, what L1
 * accepted, what users submitted and heard. Every block that was published is executed again here,
 * from genesis, by nobody's word; checks and reports read the model.
 *
 * Artifacts that are not signed by whom they should be are ignored: to the public they do not
 * exist. Everything borrows the simulation it was built from. */
#ifndef LOCKSTEP_MODEL_MDL_H
#define LOCKSTEP_MODEL_MDL_H

#include "common/ledger/led_exec.h"
#include "common/policy/pol.h"
#include "common/protocol/pro_failure.h"
#include "common/protocol/pro_preconf.h"
#include "lockstep/oracle/orc.h"
#include "lockstep/run/simulate.h"

/* A block of one round, or the finalized one. */
struct mdl_block {
    bool has_header;
    bool has_body;
    struct pro_header header;
    struct bytes body_bytes;
    struct pro_block block;
    struct led_receipt *receipts; /* of executing it here; unspecified for what is no transaction;
                                     NULL without a body, and in void slots */
    struct hash32 root;           /* and the state root after it */
    struct pro_result expected;   /* what its executor has to sign: the roots of it */
};

struct mdl_round {
    struct mdl_block proposal;
    bool has_result;
    struct pro_result result; /* as the rollup's executor signed it */
    bool has_proofs;
    struct pro_proofs proofs; /* of what failed in it */
};

/* When something stood on L1: the number of the L1 block; 0: never. */
struct mdl_l1 {
    uint64_t order;
    uint64_t proposal; /* of round 0 */
    uint64_t final;
    uint64_t finalized;
    uint32_t n_finals; /* final headers mined */
    struct bytes proposal_artifact;
    struct bytes final_artifact;
    struct sim_time finalized_at;
};

/* One rollup in one slot. */
struct mdl_cell {
    struct mdl_round *rounds; /* [round] */
    size_t n_rounds;
    struct mdl_block final;
    struct mdl_l1 l1;
};

/* What executing the slot's bundles one by one would have come to. */
struct mdl_serial {
    bool known; /* the proposal blocks hold every leg */
    size_t n;
    struct orc_verdict *verdicts; /* by seq */
    struct hash32 *roots;         /* by chain */
};

struct mdl_slot {
    uint64_t number;
    bool is_void;                       /* L1 has voided it */
    struct mdl_cell *cells;             /* [chain] */
    uint32_t n_rounds;                  /* of the rollup with the most */
    const struct pro_block **proposals; /* of round 0, of every rollup; unless void */
    size_t n_proposals;
    struct mdl_serial serial;
};

struct mdl_chain {
    const struct scn_rollup *rollup;
    struct addr20 executor;
    struct led_state *state; /* after everything finalized */
};

/* A leg the user submitted, and where it was promised to stand. */
struct mdl_leg {
    uint32_t chain;
    uint32_t order;  /* if promised */
    struct bytes tx; /* signed plaintext; empty if the bundle never left */
};

struct mdl_bundle {
    const struct scn_submit *submit;
    bool submitted;
    struct hash32 id;
    struct mdl_leg *legs;
    size_t n_legs;
    bool promised;
    struct pro_preconf preconf;
    bool refused;
    const char *refusal;
    const char *refusal_detail;
    enum scn_outcome outcome;
    bool has_cause;         /* EXCLUDED: the failed leg, from the tombstones */
    uint32_t cause_chain;   /* index */
    struct pro_place cause; /* rollup is the chain id */
    bool out_of_rounds;     /* EXCLUDED: undecided when the rounds ended */
};

/* L1 took money from somebody. */
struct mdl_sentence {
    bool slashed;   /* on evidence; or else penalized, for silence */
    uint32_t actor; /* id; 0: nobody of the cluster */
    uint64_t slot;
    uint64_t block; /* of L1 */
    uint64_t gas;   /* slashed: what judging costs on Ethereum */
    uint64_t amount_gwei;
    const char *detail;    /* slashed: "<kind>: <sentence>" */
    struct bytes evidence; /* slashed */
};

struct mdl_void {
    uint64_t first;
    uint64_t last;
    uint64_t block; /* of L1 */
};

/* Misbehaviour that the scenario scripts: an element of its timeline. */
struct mdl_fault {
    const struct scn_step *step;
    enum pro_fault kind;
    uint64_t slot;                   /* the sequencer's; of users the slot it was promised, or 0 */
    uint32_t actor;                  /* id of the culprit */
    const struct mdl_bundle *bundle; /* users only */
    bool took_effect;
};

/* Somebody made evidence. */
struct mdl_accusation {
    uint32_t actor;   /* id */
    const char *kind; /* as the bytes say; "unknown" if they are no evidence. Static storage */
    struct bytes evidence;
};

struct mdl {
    const struct simulation *sim;
    const struct scn *scn;
    const struct pol_policy *policy;
    struct mdl_chain *chains; /* in the scenario's order */
    size_t n_chains;
    struct mdl_slot *slots; /* ascending; those with any promise, order or block */
    size_t n_slots, cap_slots;
    struct mdl_bundle *bundles; /* in the timeline's order */
    size_t n_bundles;
    struct mdl_sentence *sentences; /* in the order of L1 */
    size_t n_sentences, cap_sentences;
    struct mdl_void *voids; /* in the order of L1 */
    size_t n_voids, cap_voids;
    struct mdl_fault *faults; /* by index */
    size_t n_faults;
    struct mdl_accusation *accusations; /* in the order they were made, each evidence once */
    size_t n_accusations, cap_accusations;
};

/* Out: the model; free with mdl_destroy. Returns: 0, ERR_NOMEM, or what the ledger returns when it
 * cannot go on. */
int mdl_new(const struct simulation *sim, struct mdl **out) MUST_CHECK;
void mdl_destroy(struct mdl **m);

/* Returns: the index of the rollup with this chain id, or -1. */
int mdl_chain_index(const struct mdl *m, uint64_t rollup);
/* Returns: the rollup's name, or "?" for one the scenario does not have. */
const char *mdl_chain_name(const struct mdl *m, uint64_t rollup);
/* Returns: the slot or NULL. */
const struct mdl_slot *mdl_find_slot(const struct mdl *m, uint64_t number);
/* Returns: the bundle with this id, or NULL. */
const struct mdl_bundle *mdl_find_bundle(const struct mdl *m, const struct hash32 *id);
/* Returns: true if entry i of the block was executed with success. */
bool mdl_succeeded(const struct mdl_block *b, uint32_t i);
/* Returns: the receipt of the leg a bundle was excluded for, or NULL (a bogus leg has none). */
const struct led_receipt *mdl_cause_receipt(const struct mdl *m, const struct mdl_bundle *b);

/* Returns: the kind of evidence a slashing's detail begins with, or 0. */
enum pro_evidence_kind mdl_crime(const struct mdl_sentence *s);
/* Returns: true if the actor did something in this slot, by the script, that has this
 * consequence. */
bool mdl_committed(const struct mdl *m, uint32_t actor, uint64_t slot,
                   enum pro_consequence consequence);
/* Returns: true if the actor was slashed, or else penalized, for this slot. */
bool mdl_sentenced(const struct mdl *m, uint32_t actor, uint64_t slot, bool slashed);
/* Returns: true if the fault is one that L1 can take a bond for, took effect, and accounts for what
 * becomes of this slot: its own, or a later one that is void with it. */
bool mdl_accounts_for(const struct mdl *m, const struct mdl_fault *f, uint64_t slot);
/* Returns: the first voiding that takes this slot, or NULL. */
const struct mdl_void *mdl_void_of(const struct mdl *m, uint64_t slot);
/* Returns: the first voiding that reaches this slot from an earlier one, or NULL. */
const struct mdl_void *mdl_swept(const struct mdl *m, uint64_t slot);
/* Returns: true if nothing has to follow on the sequencer's fault any more. Silence in a void slot
 * owes nothing; and whoever was slashed for an earlier slot that took this one along has nothing
 * left to lose. A mere penalty there excuses nothing. */
bool mdl_is_moot(const struct mdl *m, const struct mdl_fault *f);
/* Returns: the index of the evidence that a slashing was made on, or n_accusations. */
size_t mdl_evidence_of(const struct mdl *m, const struct mdl_sentence *s);
/* Returns: the actor's name; "nobody" for 0. */
const char *mdl_actor_name(const struct mdl *m, uint32_t actor);

/* Returns: true if the bundle is excluded, and executing one by one would have kept it: it failed
 * because of what was removed later. */
bool mdl_is_collateral(const struct mdl *m, const struct mdl_bundle *b);

/* The steps mdl_new is made of. */
int mdl_script(struct mdl *m) MUST_CHECK;
int mdl_collect(struct mdl *m) MUST_CHECK;
int mdl_court(struct mdl *m) MUST_CHECK;
int mdl_replay(struct mdl *m) MUST_CHECK;
/* Before the slot is replayed. Out: slot->serial. The states are left as they were. */
int mdl_ask_oracle(struct mdl *m, struct mdl_slot *slot) MUST_CHECK;
void mdl_judge(struct mdl *m);

#endif
