/* Small dense slots at random: a few rollups, accounts and pools, and bundles that get in each
 * other's way. */
#ifndef TESTS_PROPERTY_GEN_CASE_H
#define TESTS_PROPERTY_GEN_CASE_H

#include "lockstep/oracle/orc.h"

#define GEN_CHAINS_MAX 4
#define GEN_BUNDLES_MAX 12
#define GEN_LEGS_MAX 4
#define GEN_OPS_MAX 4
#define GEN_ACCOUNTS 3
#define GEN_ASSETS 2

struct gen_leg_space {
    struct led_op ops[GEN_OPS_MAX];
    struct led_tx tx;
};

struct gen_case {
    uint32_t n_chains;
    uint32_t n_bundles;
    struct led_state *states[GEN_CHAINS_MAX];
    struct led_mark start[GEN_CHAINS_MAX];
    struct orc_bundle bundles[GEN_BUNDLES_MAX];
    struct orc_leg legs[GEN_BUNDLES_MAX][GEN_LEGS_MAX];
    struct gen_leg_space space[GEN_BUNDLES_MAX][GEN_LEGS_MAX];
};

/* The case of a seed. It holds pointers into itself: it cannot be moved. */
void gen_case_init(struct gen_case *c, uint64_t seed);
void gen_case_fini(struct gen_case *c);

/* Brings the states back to the start. */
void gen_case_rewind(struct gen_case *c);
/* Out: the root of every chain's state. */
void gen_case_roots(struct gen_case *c, struct hash32 roots[GEN_CHAINS_MAX]);
/* Out: what there is of every asset on all chains together. */
void gen_case_totals(struct gen_case *c, u128 totals[GEN_ASSETS]);

#endif
