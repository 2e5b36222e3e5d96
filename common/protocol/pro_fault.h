/* Misbehaviour that a scenario can script, so that others can be seen to catch it. A party only
 * ever misbehaves when its configuration says so. docs/faults.md says of each what is done, who
 * notices, what proves it and what follows. */
#ifndef PROTOCOL_PRO_FAULT_H
#define PROTOCOL_PRO_FAULT_H

#include <stdbool.h>
#include <stdint.h>

/* What must follow. */
enum pro_consequence {
    PRO_FOLLOWS_SLASHING,  /* evidence that convicts: the culprit's bond is gone, the slot void */
    PRO_FOLLOWS_PENALTY,   /* L1 sees silence: part of the bond is gone, the slot void */
    PRO_FOLLOWS_REFUSAL,   /* the sequencer does not admit the bundle */
    PRO_FOLLOWS_EXCLUSION, /* the bundle is excluded */
    PRO_FOLLOWS_NOTHING,   /* it breaks no rule that could be proven; what it earns is reported */
};

/* X(symbol, value, word, consequence, sentence) */
#define PRO_SEQUENCER_FAULT_MAP(X)                                                                 \
    X(OMIT_LEG, 1, "omit_leg", SLASHING, "leaves a promised leg out of the proposal block")        \
    X(SWAP_POSITIONS, 2, "swap_positions", SLASHING, "exchanges two promised legs")                \
    X(UNBUNDLE, 3, "unbundle", SLASHING, "makes a leg stand alone, out of its bundle")             \
    X(BREAK_GLOBAL_ORDER, 4, "break_global_order", SLASHING,                                       \
      "promises two bundles the other way round on one rollup")                                    \
    X(TWO_PROMISES, 5, "two_promises", SLASHING, "promises one position to two bundles")           \
    X(TWO_BLOCKS, 6, "two_blocks", SLASHING, "signs two blocks for one round")                     \
    X(TWO_ORDERS, 7, "two_orders", SLASHING, "signs two order commitments for one rollup")         \
    X(ADMIT_BAD_PROOF, 8, "admit_bad_proof", SLASHING,                                             \
      "admits legs whose time-lock proof is false")                                                \
    X(WRONG_OPENING, 9, "wrong_opening", SLASHING, "publishes a false opening of a leg")           \
    X(FALSE_VERDICT, 10, "false_verdict", SLASHING, "calls a good leg garbage")                    \
    X(WRONG_PLAINTEXT, 11, "wrong_plaintext", SLASHING,                                            \
      "puts another transaction where a leg was promised")                                         \
    X(WITHHOLD_REVEAL, 12, "withhold_reveal", PENALTY, "reveals nothing after sealing")            \
    X(WITHHOLD_BLOCK, 13, "withhold_block", PENALTY, "proposes no block for one rollup")           \
    X(WITHHOLD_SECOND, 14, "withhold_second", PENALTY, "stops after the first round of results")   \
    X(DROP_BUNDLE, 15, "drop_bundle", SLASHING, "forgets a bundle it made a promise for")          \
    /* What a sequencer can do with what it sees, while all that it signs is in order. */          \
    X(FRONT_RUN, 24, "front_run", NOTHING, "trades before a user's swap, in the same direction")   \
    X(SANDWICH, 25, "sandwich", NOTHING, "trades before a user's swap and back right after it")    \
    X(CENSOR, 26, "censor", NOTHING, "refuses or puts off what it sees a user send")

#define PRO_USER_FAULT_MAP(X)                                                                      \
    X(FALSE_PROOF, 32, "false_proof", REFUSAL,                                                     \
      "seals a leg that does not open, under a false proof")                                       \
    X(GARBAGE, 33, "garbage", EXCLUSION, "a leg opens to noise")                                   \
    X(REPLAY, 34, "replay", REFUSAL, "the very bytes of another bundle, once more")                \
    X(LIFT, 35, "lift", REFUSAL, "a leg taken out of another bundle")

#define PRO_EXECUTOR_FAULT_MAP(X)                                                                  \
    X(FALSE_FAILURE, 48, "false_failure", SLASHING, "signs that a leg failed which succeeds")      \
    X(FALSE_SUCCESS, 49, "false_success", SLASHING, "signs that a leg succeeded which fails")      \
    X(WRONG_ROOT, 50, "wrong_root", SLASHING, "signs a state with money that nobody had")          \
    X(TWO_RESULTS, 51, "two_results", SLASHING, "signs two results for one round")                 \
    X(WITHHOLD_RESULT, 52, "withhold_result", PENALTY, "signs no result")

#define PRO_FAULT_MAP(X) PRO_SEQUENCER_FAULT_MAP(X) PRO_USER_FAULT_MAP(X) PRO_EXECUTOR_FAULT_MAP(X)

enum pro_fault {
    PRO_FAULT_NONE = 0,
#define X(symbol, value, word, consequence, sentence) PRO_FAULT_##symbol = (value),
    PRO_FAULT_MAP(X)
#undef X
};

/* Returns: "omit_leg", ...; "none". Static storage. */
const char *pro_fault_word(enum pro_fault fault);
/* Returns: what it is, as the rest of a sentence whose subject is the culprit. */
const char *pro_fault_sentence(enum pro_fault fault);
/* In: a fault, not NONE. */
enum pro_consequence pro_fault_consequence(enum pro_fault fault);
/* Return: true if the sequencer, an executor commits it; a user if neither. */
bool pro_fault_is_sequencers(enum pro_fault fault);
bool pro_fault_is_executors(enum pro_fault fault);
/* Returns: true for the sequencer's attacks on users, which live on what it can read. */
bool pro_fault_is_attack(enum pro_fault fault);

#endif
