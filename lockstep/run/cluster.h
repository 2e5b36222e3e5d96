/* From a scenario to a cluster that a host can run: keys, configurations, network, script.
 *
 * Actors are numbered sequencer, da, l1, wallet, then one executor per rollup in file order. Every
 * key derives from the scenario's name and seed, so a run can be repeated anywhere. */
#ifndef LOCKSTEP_RUN_CLUSTER_H
#define LOCKSTEP_RUN_CLUSTER_H

#include "common/crypto/sig.h"
#include "common/runtime/run.h"
#include "lockstep/scenario/scn.h"

enum cluster_role {
    CLUSTER_SEQUENCER,
    CLUSTER_DA,
    CLUSTER_L1,
    CLUSTER_WALLET,
    CLUSTER_EXECUTOR,
    CLUSTER_WATCHER,
};

struct cluster_actor {
    enum cluster_role role;
    char *name;
    const struct scn_rollup *rollup; /* EXECUTOR, WATCHER */
    struct sig_key key;
    struct buf config;
};

/* Owns everything the run_* structures in it point to. */
struct cluster {
    const struct scn *scn; /* borrowed */
    uint64_t seed;
    const char *policy;       /* static storage */
    enum scn_mempool mempool; /* not ANY */
    enum pro_state_proof state_proof;
    bool without_attacks;
    struct hash32 salt;
    struct hash32 timelock_digest;
    struct hash32 deployment;     /* id of the descriptor of all that (pro_descriptor.h) */
    struct cluster_actor *actors; /* [id - 1] */
    size_t n_actors;
    struct sig_key *users; /* parallel to user_names */
    char **user_names;
    size_t n_users;
    struct buf timelock_params; /* without factors unless the solver needs them */
    struct run_cluster_actor *run_actors;
    struct run_link_rule *rules;
    size_t n_rules;
    struct run_cut *cuts;
    size_t n_cuts;
    struct run_script_item *script;
    struct buf *script_bodies;
    size_t n_script;
};

struct cluster_options {
    uint64_t seed;
    const char *policy;       /* word of scn_policy_word */
    enum scn_mempool mempool; /* ANY: the scenario's */
    const char *state_proof;  /* word of scn_state_proof_word; NULL: the scenario's */
    bool without_attacks;     /* leave out the sequencer's attacks on users (pro_fault_is_attack) */
    struct bytes modulus;     /* modulus file that fits scn->timelock.bits */
    const char *program_dir;  /* where the actors' programs are; NULL if only run_inproc is used */
};

/* Out: a cluster; free with cluster_destroy. `scn` is borrowed. Returns: 0, ERR_NOMEM, or
 * ERR_INVALID with a sentence in `why`. */
int cluster_new(const struct scn *scn, const struct cluster_options *options, struct cluster **out,
                struct buf *why) MUST_CHECK;
void cluster_destroy(struct cluster **c);

/* Returns: the actor's id, or 0. */
uint32_t cluster_actor_id(const struct cluster *c, const char *name);
/* Returns: the user's address, or NULL. */
const struct addr20 *cluster_user(const struct cluster *c, const char *name);

#endif
