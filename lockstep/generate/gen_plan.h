/* Inside the room: what is drawn before it is judged and written. */
#ifndef GENERATE_GEN_PLAN_H
#define GENERATE_GEN_PLAN_H

#include "common/policy/pol.h"
#include "lockstep/generate/gen.h"
#include "lockstep/generate/gen_zipf.h"

/* Whoever acts on a rollup starts with this much of each asset there: more than all legs of a file
 * can move, so that only legs that are built to fail do. */
#define GEN_BALANCE UINT64_C(1000000000000000)
#define GEN_NEVER UINT64_C(1000000000000000000) /* more than anybody can come to have */
#define GEN_POOL_ETH UINT64_C(1000000000)
#define GEN_PRICE UINT64_C(2000) /* USDC per ETH, at the start */
#define GEN_POOL_USDC (GEN_POOL_ETH * GEN_PRICE)
#define GEN_FEE_PER_MILLE 3
#define GEN_LIQUIDITY UINT64_C(1000000000000000) /* of a bank, in USDC */
#define GEN_FACTOR 1500                          /* USDC of debt per ETH of collateral */
#define GEN_NONCE_NEVER 1000000000

enum gen_asset { GEN_ETH, GEN_USDC, GEN_ASSETS };

enum gen_op_kind {
    GEN_OP_TRANSFER,
    GEN_OP_SWAP,
    GEN_OP_BRIDGE_OUT,
    GEN_OP_BRIDGE_IN,
    GEN_OP_DEPOSIT,      /* collateral */
    GEN_OP_BORROW,       /* against it */
    GEN_OP_REPAY,        /* such a debt */
    GEN_OP_FLASH_BORROW, /* until `pair` */
    GEN_OP_FLASH_REPAY,
    GEN_OP_NEED_BALANCE,
    GEN_OP_NEED_PRICE, /* of ETH */
    GEN_OP_NEED_NONCE,
    GEN_OP_FAIL,
};

/* Where a bound comes from. */
enum gen_asks {
    GEN_ASKS_SAID,   /* it stands in the operation */
    GEN_ASKS_FOUND,  /* gen_judge sets it to what just holds where all that came before has run */
    GEN_ASKS_BEYOND, /* ... to what just does not */
};

struct gen_op {
    enum gen_op_kind kind;
    enum gen_asks asks;
    enum gen_asset asset;
    bool at_most;      /* NEED_BALANCE, NEED_PRICE: instead of at least */
    uint32_t account;  /* TRANSFER: to; NEED_BALANCE, NEED_NONCE: whose */
    uint32_t pool;     /* SWAP, NEED_PRICE */
    uint32_t rollup;   /* BRIDGE: the other end */
    uint32_t pair_leg; /* BRIDGE, FLASH: the other half */
    uint32_t pair_op;
    uint64_t amount;
    uint64_t bound; /* SWAP: min_out; NEED: the value */
    uint64_t per;   /* NEED_PRICE: the price is bound / per */
};

struct gen_leg {
    uint32_t rollup;
    uint32_t first_op;
    uint32_t n_ops;
    bool has_nonce;
    uint32_t nonce;
};

/* Built to succeed, to fail whatever happens, or by what ran before. */
enum gen_intent { GEN_SOUND, GEN_BROKEN, GEN_CONDITIONAL };

struct gen_bundle {
    uint32_t slot; /* from 0 */
    uint32_t sender;
    uint32_t first_leg;
    uint32_t n_legs;
    enum gen_intent intent;
    enum scn_outcome outcome; /* set by gen_judge or gen_lab */
    bool is_blamed;           /* set by gen_lab: excluded for the leg at this position */
    uint32_t blamed_rollup;
    uint32_t blamed_order;
};

/* An account on a rollup. */
struct gen_user {
    bool acts;      /* has a balance there at the start */
    uint32_t nonce; /* the next that a leg may state */
    uint64_t eth;   /* of a shape: what it has; else it has GEN_BALANCE of each asset */
};

struct gen_plan {
    const struct gen_args *args;
    struct gen_bundle *bundles;
    size_t n_bundles, cap_bundles;
    struct gen_leg *legs;
    size_t n_legs, cap_legs;
    struct gen_op *ops;
    size_t n_ops, cap_ops;
    struct gen_user *users; /* [rollup * accounts + account] */
    bool *pools;            /* [rollup * pools + pool]: somebody uses it */
    bool banks[SCN_ROLLUPS_MAX];
    /* Set by gen_judge or gen_lab. */
    size_t outcomes[SCN_PENDING + 1];
    bool bridge_broken; /* gen_judge: value was made or destroyed */
    uint32_t rounds;    /* gen_lab */
    bool is_serial;     /* gen_lab: as executing one by one */
};

int gen_plan_init(struct gen_plan *plan, const struct gen_args *args) MUST_CHECK;
void gen_plan_fini(struct gen_plan *plan);

static inline struct gen_user *gen_user_at(const struct gen_plan *plan, uint32_t rollup,
                                           uint32_t account)
{
    return &plan->users[(size_t)rollup * plan->args->accounts + account];
}

/* Appends; what is not given is zero. Return: 0 or ERR_NOMEM. */
int gen_plan_bundle(struct gen_plan *plan, struct gen_bundle bundle) MUST_CHECK;
int gen_plan_leg(struct gen_plan *plan, struct gen_leg leg) MUST_CHECK;
/* To the last leg. */
int gen_plan_op(struct gen_plan *plan, struct gen_op op) MUST_CHECK;

/* The arguments of a shape other than GEN_RANDOM: sets what it says itself. In: whether the numbers
 * of rollups and bundles were asked for. Returns: 0, or ERR_INVALID with a sentence in `why`. */
int gen_shape_settle(struct gen_args *a, bool rollups_said, bool bundles_said,
                     struct buf *why) MUST_CHECK;

/* Draws bundles until there are as many as asked for, or `legs_max` legs.
 * Returns: 0 or ERR_NOMEM. */
int gen_draw(struct gen_plan *plan, size_t legs_max) MUST_CHECK;

/* The same for a shape other than GEN_RANDOM. All is in one slot, all legs are transfers of ETH. */
int gen_shape(struct gen_plan *plan, size_t legs_max) MUST_CHECK;

/* What makes a leg fail. */
struct gen_failures {
    struct prng shape;
    const struct gen_zipf *accounts;
    const struct gen_zipf *pools; /* NULL: there are none */
};

/* Adds an operation to the last leg of the plan that fails, or fails unless its condition holds.
 * In: not SOUND. Returns: 0 or ERR_NOMEM. */
int gen_fail_add(struct gen_failures *f, struct gen_plan *plan, enum gen_intent intent) MUST_CHECK;

/* Returns: what a swap pays, after the fee. */
uint64_t gen_swap_out(uint64_t reserve_in, uint64_t reserve_out, uint64_t amount);

/* Runs the bundles in the order they are submitted, as the policy one_shot does; sets the bounds
 * that ask for what is found.
 * Returns: 0 or ERR_NOMEM. */
int gen_judge(struct gen_plan *plan) MUST_CHECK;

/* Rounds of execution that are enough for the plan, under every policy: each decision decides one
 * bundle at least, and the last one leaves rollups to execute once more. */
static inline uint32_t gen_rounds_max(const struct gen_plan *plan)
{
    return (uint32_t)plan->n_bundles + 1;
}

/* Runs a shape's bundles in the laboratory (lockstep/lab) under the policy of its arguments, and
 * one by one (lockstep/oracle). Out: all that is set by gen_lab, in the plan.
 * Returns: 0, ERR_NOMEM or ERR_FULL. */
int gen_lab(struct gen_plan *plan, enum pol_granularity granularity) MUST_CHECK;

/* The gas and the transactions of the fullest blocks. */
struct gen_load {
    uint64_t gas;
    uint32_t transactions;
    uint32_t rollup; /* of the block with the most transactions */
    uint32_t slot;   /* from 0 */
};

int gen_plan_load(const struct gen_plan *plan, struct gen_load *load) MUST_CHECK;

/* What a shape is, for the head of its file: a line, and a few sentences. */
void gen_shape_subject(const struct gen_plan *plan, struct buf *out);
const char *gen_shape_description(enum gen_shape shape);

/* Appends the scenario. */
void gen_yaml(const struct gen_plan *plan, const struct gen_load *load, struct buf *out);

/* Appends a rollup's name: A to Z, or R1 to R128 if there are more. */
void gen_rollup_name(const struct gen_args *args, uint32_t rollup, struct buf *out);

#endif
