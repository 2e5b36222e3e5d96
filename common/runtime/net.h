/* The modelled network: what becomes of a message between two actors. Every directed link has its
 * own generator and every message takes the same number of draws from it, so neither traffic on
 * another link nor a changed rate or a partition shifts what happens to later messages.
 *
 * A message may be lost, arrive once, or arrive twice; its delay is delay_ns plus a uniform
 * 0..jitter_ns, drawn anew for the duplicate. Links do not keep order when there is jitter. */
#ifndef RUNTIME_NET_H
#define RUNTIME_NET_H

#include "common/base/prng.h"
#include "common/base/sim_time.h"
#include "common/runtime/run.h"

/* What becomes of one message. */
struct net_fate {
    unsigned copies; /* 0 lost, 1, or 2 duplicated */
    struct sim_time at[2];
};

struct net_link {
    struct run_link_params params;
    struct prng prng;
    struct run_link_stats stats;
};

struct net {
    uint64_t seed;
    const struct run_cluster *cluster;
    const struct run_link_rule *rules; /* borrowed */
    size_t n_rules;
    struct net_link **links; /* [from * (n + 1) + to], made on first use */
    struct run_cut *cuts;
    size_t n_cuts;
    size_t cuts_cap;
};

/* In: everything borrowed until net_fini; ids in rules and cuts must exist, rates must not exceed
 * 1,000,000 ppm, times must not be negative. Returns: 0, ERR_NOMEM, or ERR_INVALID with a sentence
 * in `why`. */
int net_init(struct net *net, const struct run_cluster *cluster, uint64_t seed,
             const struct run_network *config, struct buf *why) MUST_CHECK;
void net_fini(struct net *net);

/* Decides the fate of one message sent at `now`. Ids must exist. Returns: 0 or ERR_NOMEM. */
int net_send(struct net *net, uint32_t from, uint32_t to, struct sim_time now,
             struct net_fate *fate) MUST_CHECK;

/* Counts a message that has reached its destination. */
void net_delivered(struct net *net, uint32_t from, uint32_t to);

/* Adds a partition window while the run goes on. Returns: 0, ERR_NOMEM, ERR_INVALID. */
int net_cut(struct net *net, const struct run_cut *cut) MUST_CHECK;

/* Out: a copy of the counters of every link that was used, by (from, to); free() it.
 * Returns: 0 or ERR_NOMEM. */
int net_stats(const struct net *net, struct run_link_stats **out, size_t *n) MUST_CHECK;

#endif
