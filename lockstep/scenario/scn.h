/* A scenario: the rollups, the network, what users and the script do when, and what must come of
 * it. Loaded from one strict YAML file; docs/scenario-reference.md lists every key.
 *
 * Everything hangs off `struct scn` and lives until scn_destroy. Elements keep the place they
 * were written at, so that a report can point into the file. Names that refer to something defined
 * elsewhere in the file are resolved: their `index` is the position in the defining list (for
 * accounts and pools of either kind, of the rollup in question; SCN_NO_INDEX for an account that
 * only other rollups define, for assets and for actors). */
#ifndef SCN_SCN_H
#define SCN_SCN_H

#include "common/base/wire.h"
#include "common/protocol/pro_evidence.h"
#include "common/protocol/pro_fault.h"
#include "common/protocol/pro_state_proof.h"
#include "lockstep/scenario/scn_arena.h"
#include "lockstep/scenario/scn_errors.h"

#define SCN_LIST_OF(T)                                                                             \
    struct {                                                                                       \
        T *items;                                                                                  \
        size_t n;                                                                                  \
    }

#define SCN_NO_INDEX UINT32_MAX

#define SCN_ROLLUPS_MAX 128
#define SCN_CHAIN_ID_FIRST UINT64_C(1001) /* of the first rollup without a chain id of its own */

/* text is NULL for a name that may be left out and was. */
struct scn_name {
    const char *text;
    struct scn_place place;
    uint32_t index;
};

struct scn_amount {
    struct scn_name asset;
    u128 amount; /* smallest units */
};

struct scn_account {
    struct scn_name name;
    SCN_LIST_OF(struct scn_amount) balances;
};

/* Constant-product pool of exactly two assets. */
struct scn_pool {
    struct scn_name name;
    SCN_LIST_OF(struct scn_amount) reserves;
    uint32_t fee_ppm;
};

struct scn_ratio {
    u128 num;
    u128 den; /* > 0 */
};

struct scn_lending {
    struct scn_name name;
    struct scn_name asset;
    struct scn_name collateral;
    u128 liquidity;
    struct scn_ratio factor; /* both fit 64 bits */
};

/* Does somebody execute it who answers nobody? */
enum scn_watcher { SCN_NO_WATCHER, SCN_WATCHER };

struct scn_rollup {
    struct scn_name name;
    uint64_t chain_id;
    SCN_LIST_OF(struct scn_account) accounts;
    SCN_LIST_OF(struct scn_pool) pools;
    SCN_LIST_OF(struct scn_lending) lendings;
    enum scn_watcher watcher;
};

enum scn_policy {
    SCN_ONE_SHOT,
    SCN_FIXPOINT,
    SCN_SERIAL,
    SCN_INCLUSIVE,
    SCN_BLOCK_REPLACE,
    SCN_TWO_PHASE,
};

enum scn_granularity { SCN_BY_KEYS, SCN_BY_ROLLUP };

enum scn_solver { SCN_SOLVER_SEQUENTIAL, SCN_SOLVER_TRAPDOOR };
enum scn_profile { SCN_PROFILE_FULL, SCN_PROFILE_SHORT };

struct scn_timelock {
    int bits; /* of the modulus: 1024, 2048 or 3072 */
    enum scn_solver solver;
    enum scn_profile profile;
    uint32_t attacker_speedup; /* A_max: how much faster the fastest attacker squares */
    uint64_t squarings;
    uint64_t squarings_per_second; /* of the modelled honest solver */
};

struct scn_limits {
    uint32_t legs_per_bundle;
    uint32_t bundle_bytes;
    uint32_t transactions_per_block;
    uint32_t pending_per_user;
    uint64_t gas_per_block;
};

struct scn_l1 {
    int64_t block_time_ns;
    uint32_t confirmations;
    uint32_t challenge_window;  /* L1 blocks */
    uint32_t proposal_deadline; /* L1 blocks */
    uint32_t final_deadline;    /* L1 blocks */
    uint32_t result_deadline;   /* L1 blocks */
    uint64_t bond_gwei;
    uint64_t penalty_gwei;
};

struct scn_execution {
    int64_t transaction_cost_ns;
    enum pro_state_proof state_proof;
    int64_t proving_cost_ns;   /* per transaction */
    int64_t verifying_cost_ns; /* per result */
    uint32_t proof_bytes;
};

/* Behaviour of the messages from one actor to another. After loading every field holds: what the
 * entry left out came from `default`. */
struct scn_link {
    struct scn_name name; /* "executor-A -> sequencer"; text NULL for the default */
    const char *from;     /* actor names */
    const char *to;
    bool both_ways;
    bool has_delay, has_jitter, has_loss, has_duplicate; /* written in the entry itself */
    int64_t delay_ns;
    int64_t jitter_ns;
    uint32_t loss_ppm;
    uint32_t duplicate_ppm;
};

struct scn_links {
    struct scn_link fallback; /* the entry `default` */
    SCN_LIST_OF(struct scn_link) pairs;
};

/* A moment: after the start, or after the start of a slot. Slots count from 1; slot N begins at
 * (N - 1) * slot duration. */
struct scn_when {
    struct scn_place place;
    uint64_t slot;     /* 0: not given relative to a slot */
    int64_t offset_ns; /* after the start of the slot, or of the run */
    int64_t at_ns;     /* after the start of the run: resolved */
};

enum scn_cmp { SCN_EQUALS, SCN_AT_LEAST, SCN_AT_MOST };

struct scn_transfer {
    struct scn_name to;
    struct scn_name asset;
    u128 amount;
};

struct scn_swap {
    struct scn_name pool; /* index: in the rollup's pools */
    struct scn_name in;   /* asset */
    u128 amount;
    u128 min_out;
};

enum scn_require_kind { SCN_REQUIRE_BALANCE, SCN_REQUIRE_PRICE, SCN_REQUIRE_NONCE };

struct scn_require_balance {
    struct scn_name account;
    struct scn_name asset;
    enum scn_cmp cmp;
    u128 value;
};

/* The price of `asset` in the pool's other asset: other reserve / reserve of `asset`. */
struct scn_require_price {
    struct scn_name pool;
    struct scn_name asset;
    enum scn_cmp cmp;
    struct scn_ratio value;
};

struct scn_require_nonce {
    struct scn_name account;
    uint64_t equals;
};

struct scn_require {
    enum scn_require_kind kind;
    union {
        struct scn_require_balance balance;
        struct scn_require_price price;
        struct scn_require_nonce nonce;
    };
};

/* An operation of the same bundle. */
struct scn_op_at {
    uint32_t leg;
    uint32_t op;
};

struct scn_lend {
    struct scn_name pool;  /* index: in the rollup's lending pools */
    struct scn_name asset; /* DEPOSIT, WITHDRAW */
    u128 amount;
    bool flash; /* BORROW, REPAY: of the debt that the other operation repays or makes */
    struct scn_op_at pair;
};

struct scn_bridge {
    struct scn_name rollup;  /* the other end */
    struct scn_name account; /* who gets it: the one named, or else the leg's signer */
    struct scn_name asset;
    u128 amount;
    struct scn_op_at pair;
};

enum scn_op_kind {
    SCN_OP_TRANSFER,
    SCN_OP_SWAP,
    SCN_OP_REQUIRE,
    SCN_OP_FAIL,
    SCN_OP_DEPOSIT,
    SCN_OP_WITHDRAW,
    SCN_OP_BORROW,
    SCN_OP_REPAY,
    SCN_OP_BRIDGE_OUT,
    SCN_OP_BRIDGE_IN,
};

struct scn_op {
    struct scn_place place;
    enum scn_op_kind kind;
    union {
        struct scn_transfer transfer;
        struct scn_swap swap;
        struct scn_require require;
        struct scn_lend lend;
        struct scn_bridge bridge;
    };
};

/* One transaction of a bundle. */
struct scn_leg {
    struct scn_place place;
    struct scn_name rollup; /* index: in scn.rollups */
    struct scn_name from;   /* signer: the leg's own, or else the bundle's */
    bool has_nonce;
    uint64_t nonce;
    SCN_LIST_OF(struct scn_op) ops;
};

/* What a user does wrong with a bundle. */
struct scn_user_fault {
    enum pro_fault kind; /* NONE: nothing */
    uint32_t index;      /* among all faults of the file */
    uint32_t leg;        /* of this bundle */
    struct scn_name of;  /* REPLAY, LIFT: the other bundle */
};

/* Who can read what users submit. */
enum scn_mempool {
    SCN_MEMPOOL_ANY,       /* expectations only */
    SCN_MEMPOOL_ENCRYPTED, /* nobody until the order is promised, but for what a bundle leaves open
                            */
    SCN_MEMPOOL_PLAINTEXT, /* the sequencer, everything */
};

/* What a bundle leaves open in an encrypted mempool, besides rollups and gas. */
enum scn_open { SCN_OPEN_NOTHING, SCN_OPEN_SENDER, SCN_OPEN_TRANSACTION };

struct scn_submit {
    struct scn_name bundle; /* index: how many bundles stand before it in the timeline */
    struct scn_name from;
    enum scn_open open;
    SCN_LIST_OF(struct scn_leg) legs; /* none with REPLAY */
    struct scn_user_fault fault;
};

enum scn_inject_kind { SCN_INJECT_HEX, SCN_INJECT_REPEAT };

struct scn_repeat {
    uint32_t byte;
    uint32_t count;
};

/* Raw bytes handed to an actor as if a peer had sent them. */
struct scn_inject {
    struct scn_name to;
    struct scn_name from;
    enum scn_inject_kind kind;
    struct bytes hex;
    struct scn_repeat repeat;
};

enum scn_partition_kind { SCN_BOTH_WAYS, SCN_ONE_WAY };

/* No message passes for a while. With `between`, items[0] and items[1] are cut off both ways. */
struct scn_partition {
    enum scn_partition_kind kind;
    SCN_LIST_OF(struct scn_name) between;
    struct scn_name from;
    struct scn_name to;
    int64_t for_ns;
};

enum scn_fault_time { SCN_FAULT_PROPOSING, SCN_FAULT_SEALING };

/* What an attack does about a bundle that it cannot read. */
enum scn_when_blind { SCN_BLIND_GUESS, SCN_BLIND_WAIT };

enum scn_censorship { SCN_CENSOR_REFUSE, SCN_CENSOR_PUT_OFF };

/* An attack of the sequencer on its users, by what it can read. */
struct scn_attack {
    struct scn_name account; /* FRONT_RUN, SANDWICH: who trades; CENSOR: the victim */
    struct scn_swap swap;    /* FRONT_RUN, SANDWICH: the opening trade; min_out is 0 */
    enum scn_when_blind when_blind;
    enum scn_censorship how; /* CENSOR */
};

/* What the sequencer does wrong in the slot its step names. */
struct scn_fault {
    enum pro_fault kind;
    uint32_t index;         /* among all faults of the file */
    struct scn_name rollup; /* where it takes one */
    uint32_t order;
    uint32_t with;
    uint32_t round; /* of execution; an executor's faults */
    enum scn_fault_time time;
    struct scn_attack attack; /* FRONT_RUN, SANDWICH, CENSOR */
};

enum scn_step_kind { SCN_STEP_SUBMIT, SCN_STEP_INJECT, SCN_STEP_PARTITION, SCN_STEP_FAULT };

struct scn_step {
    struct scn_place place;
    struct scn_when at;
    enum scn_step_kind kind;
    union {
        struct scn_submit submit;
        struct scn_inject inject;
        struct scn_partition partition;
        struct scn_fault fault;
    };
};

enum scn_outcome {
    SCN_EXECUTED,
    SCN_EXCLUDED,
    SCN_REVERTED,
    SCN_MIXED,
    SCN_REFUSED,
    SCN_VOIDED,
    SCN_PENDING,
};

/* The names scenarios use for the checks made after a run, and for what each means. */
#define SCN_CHECK_MAP(X)                                                                           \
    X(SCN_CHECK_ATOMICITY, "atomicity", "no bundle is partly executed in finalized blocks")        \
    X(SCN_CHECK_CONSERVATION, "conservation", "value changes only by declared mint and burn")      \
    X(SCN_CHECK_INCLUSION, "inclusion", "every promised leg stands at its promised position")      \
    X(SCN_CHECK_ORDER, "order", "finalized blocks keep the committed order")                       \
    X(SCN_CHECK_JUSTIFIED, "justified", "nothing is excluded without a verified cause")            \
    X(SCN_CHECK_SERIAL, "serial", "the result is that of executing bundles one by one")            \
    X(SCN_CHECK_FINALITY, "finality", "what L1 finalized never changes")                           \
    X(SCN_CHECK_BLAME, "blame", "an honest party is never slashed, a provable fault is")           \
    X(SCN_CHECK_LIVENESS, "liveness", "every admitted bundle is decided within the bound")

enum scn_check {
#define X(symbol, word, doc) symbol,
    SCN_CHECK_MAP(X)
#undef X
        SCN_CHECKS
};

enum scn_expect_kind {
    SCN_EXPECT_BUNDLE,
    SCN_EXPECT_ROUNDS,
    SCN_EXPECT_BALANCE,
    SCN_EXPECT_ALWAYS,
    SCN_EXPECT_VIOLATED,
    SCN_EXPECT_REJECTED,
    SCN_EXPECT_LOST,
    SCN_EXPECT_DUPLICATED,
    SCN_EXPECT_SLASHED,
    SCN_EXPECT_PENALIZED,
    SCN_EXPECT_FINGERPRINT,
};

/* The leg to blame: rollup and position in its block. rollup.text NULL: not stated. */
struct scn_cause {
    struct scn_name rollup;
    uint32_t order;
};

struct scn_expect_balance {
    struct scn_name rollup;
    struct scn_name account;
    struct scn_name asset;
    enum scn_cmp cmp;
    u128 value;
};

struct scn_expect_rejected {
    struct scn_name by; /* actor */
    int reason;         /* enum act_reject_reason */
    uint64_t at_least;
};

struct scn_expect_count {
    uint64_t at_least;
};

struct scn_expect {
    struct scn_place place;
    enum scn_expect_kind kind;
    uint64_t slot;            /* BUNDLE, ROUNDS: 0 means any */
    enum scn_mempool mempool; /* ANY, or asked in such a run only */
    struct scn_name bundle;   /* BUNDLE */
    enum scn_outcome is;      /* BUNDLE */
    struct scn_cause cause;   /* BUNDLE, excluded */
    const char *reason;       /* BUNDLE, refused; NULL: any */
    uint32_t rounds;          /* ROUNDS */
    enum scn_check check;     /* ALWAYS, VIOLATED */
    struct scn_expect_balance balance;
    struct scn_expect_rejected rejected;
    struct scn_expect_count count; /* LOST, DUPLICATED */
    struct scn_name culprit;       /* SLASHED, PENALIZED: actor */
    enum pro_evidence_kind crime;  /* SLASHED; 0: any */
    struct bytes fingerprint;      /* FINGERPRINT: 32 bytes */
};

struct scn {
    struct scn_arena arena;
    int version;
    const char *name;
    const char *description; /* NULL if left out */
    uint64_t seed;
    enum scn_policy policy;
    enum scn_granularity granularity; /* of serial */
    uint64_t max_rounds;
    enum scn_mempool mempool; /* not ANY */
    uint64_t slots;
    int64_t slot_duration_ns;
    SCN_LIST_OF(struct scn_rollup) rollups;
    struct scn_timelock timelock;
    struct scn_limits limits;
    struct scn_l1 l1;
    struct scn_execution execution;
    struct scn_links links;
    SCN_LIST_OF(struct scn_step) timeline; /* in file order */
    SCN_LIST_OF(struct scn_expect) expect;
    size_t n_bundles; /* submit steps in the timeline */
    size_t n_faults;  /* the sequencer's and users' together */
};

/* Reads a scenario. In: `name` stands before every message; `text` may go after the call.
 * Out: the scenario, owned by the caller. On ERR_INVALID `errors` gains one line per fault found
 * (SCN_ERRORS_MAX at most) and `out` stays untouched.
 * Returns: 0, ERR_INVALID, ERR_NOMEM. */
int scn_load_bytes(const char *name, struct bytes text, struct scn **out,
                   struct buf *errors) MUST_CHECK;

/* The same from a file. A file that is missing, unreadable, no regular file or larger than
 * SCN_YAML_BYTES is ERR_INVALID with a sentence, and is not read. */
int scn_load_file(const char *path, struct scn **out, struct buf *errors) MUST_CHECK;

void scn_destroy(struct scn **s);

/* In: what a load returned. Returns: the exit code it calls for (0; 65 bad scenario; 70
 * internal).*/
int scn_exit_code(int rc);

/* In: two actor names. Returns: how the link from one to the other behaves; owned by the
 * scenario. */
const struct scn_link *scn_link_between(const struct scn *s, const char *from, const char *to);

/* Returns: the word a scenario uses, static storage. */
const char *scn_state_proof_word(enum pro_state_proof kind);
const char *scn_policy_word(enum scn_policy policy);
/* In: not ANY. */
const char *scn_mempool_word(enum scn_mempool mempool);
const char *scn_outcome_word(enum scn_outcome outcome);
const char *scn_check_word(enum scn_check check);

#endif
