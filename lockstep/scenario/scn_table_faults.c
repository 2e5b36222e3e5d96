/* The table, continued: what the sequencer and the executors do wrong. */
#include "lockstep/scenario/scn_table.h"

#define ROLLUP_FIELD                                                                               \
    {                                                                                              \
        .key = "rollup", NAME(scn_fault, rollup, scn_p_rollup), .flags = SCN_REQUIRED,             \
        .doc = "The rollup meant.", .example = "A"                                                 \
    }
#define ORDER_FIELD                                                                                \
    {                                                                                              \
        .key = "order", U32(scn_fault, order), .flags = SCN_REQUIRED, .max = 4095,                 \
        .doc = "The promised position meant, counted from 0.", .example = "0"                      \
    }
static const struct scn_word fault_time_words[] = {
    {"proposing", SCN_FAULT_PROPOSING, false, "when everything is revealed"},
    {"sealing", SCN_FAULT_SEALING, false, "blindly, from the order commitment on"},
    {0}};
static const struct scn_field fault_at_fields[] = {ROLLUP_FIELD, ORDER_FIELD};
static const struct scn_object o_fault_at = {.name = "fault at a position",
                                             .doc = "One promised leg is treated wrongly.",
                                             .size = sizeof(struct scn_fault),
                                             FIELDS(fault_at_fields)};
static const struct scn_field fault_swap_fields[] = {
    ROLLUP_FIELD,
    ORDER_FIELD,
    {.key = "with",
     U32(scn_fault, with),
     .flags = SCN_REQUIRED,
     .max = 4095,
     .doc = "The other position.",
     .example = "1"},
    {.key = "when",
     ENUM(scn_fault, time, fault_time_words),
     .fallback = "proposing",
     .doc = "From which moment on.",
     .example = "proposing"},
};
static const struct scn_object o_fault_swap = {.name = "swapped positions",
                                               .doc = "Two promised legs exchanged.",
                                               .size = sizeof(struct scn_fault),
                                               FIELDS(fault_swap_fields)};
static const struct scn_field fault_rollup_fields[] = {ROLLUP_FIELD};
static const struct scn_object o_fault_rollup = {.name = "fault on a rollup",
                                                 .doc = "One rollup is treated wrongly.",
                                                 .size = sizeof(struct scn_fault),
                                                 FIELDS(fault_rollup_fields)};
#define ROUND_FIELD                                                                                \
    {                                                                                              \
        .key = "round", U32(scn_fault, round), .max = 4095, .fallback = "0",                       \
        .doc = "The round of execution meant; 0 is that of the proposal block.", .example = "0"    \
    }
static const struct scn_field fault_step_fields[] = {ROLLUP_FIELD, ORDER_FIELD, ROUND_FIELD};
static const struct scn_object o_fault_step = {
    .name = "fault at a step",
    .doc = "An executor lies about one position that it executes.",
    .size = sizeof(struct scn_fault),
    FIELDS(fault_step_fields)};
static const struct scn_field fault_result_fields[] = {ROLLUP_FIELD, ROUND_FIELD};
static const struct scn_object o_fault_result = {.name = "fault of a result",
                                                 .doc = "An executor signs too much, or nothing.",
                                                 .size = sizeof(struct scn_fault),
                                                 FIELDS(fault_result_fields)};
static const struct scn_object o_fault_slot = {.name = "fault of a slot",
                                               .doc = "Concerns the whole slot; takes no keys.",
                                               .size = sizeof(struct scn_fault)};

/* Attacks on users. */

static const struct scn_word blind_words[] = {
    {"guess", SCN_BLIND_GUESS, false,
     "it takes the first bundle of the slot with a leg on the rollup for the victim's"},
    {"wait", SCN_BLIND_WAIT, false, "it does nothing"},
    {0}};
static const struct scn_word censor_words[] = {
    {"refuse", SCN_CENSOR_REFUSE, false, "it says that the block is full"},
    {"put_off", SCN_CENSOR_PUT_OFF, false, "it keeps them for the next slot"},
    {0}};
static const struct scn_field fault_trade_fields[] = {
    ROLLUP_FIELD,
    {.key = "account",
     NAME(scn_fault, attack.account, scn_p_name),
     .flags = SCN_REQUIRED,
     .doc = "Account of the rollup that the sequencer trades with.",
     .example = "mallory"},
    {.key = "pool",
     NAME(scn_fault, attack.swap.pool, scn_p_name),
     .flags = SCN_REQUIRED,
     .doc = "Pool of the rollup that it watches.",
     .example = "eth-usdc"},
    {.key = "in",
     NAME(scn_fault, attack.swap.in, scn_p_asset),
     .flags = SCN_REQUIRED,
     .doc = "The asset it and its victims pay in.",
     .example = "ETH"},
    {.key = "amount",
     AMOUNT(scn_fault, attack.swap.amount),
     .flags = SCN_REQUIRED,
     .min = 1,
     .doc = "How much it pays in before each victim's swap.",
     .example = "1000"},
    {.key = "when_blind",
     ENUM(scn_fault, attack.when_blind, blind_words),
     .fallback = "guess",
     .doc = "What it does about bundles that it cannot read.",
     .example = "guess"},
};
static const struct scn_object o_fault_trade = {
    .name = "trading attack",
    .doc = "Swaps of the sequencer's own around those it sees users make.",
    .size = sizeof(struct scn_fault),
    FIELDS(fault_trade_fields)};
static const struct scn_field fault_censor_fields[] = {
    {.key = "account",
     NAME(scn_fault, attack.account, scn_p_name),
     .flags = SCN_REQUIRED,
     .doc = "The victim, an account of any rollup.",
     .example = "alice"},
    {.key = "how",
     ENUM(scn_fault, attack.how, censor_words),
     .fallback = "refuse",
     .doc = "What becomes of the bundles that it sees the victim send.",
     .example = "refuse"},
};
static const struct scn_object o_fault_censor = {.name = "censorship",
                                                 .doc = "One user is kept out.",
                                                 .size = sizeof(struct scn_fault),
                                                 FIELDS(fault_censor_fields)};

#define FAULT(word, object, symbol, text, sample)                                                  \
    {                                                                                              \
        .key = (word), OBJECT_HERE(object), .flags = SCN_CHOICE, .choice = PRO_FAULT_##symbol,     \
        .doc = (text), .example = (sample)                                                         \
    }
static const struct scn_field fault_fields[] = {
    FAULT("omit_leg", o_fault_at, OMIT_LEG, "Leaves a promised leg out of the proposal block.",
          "{rollup: A, order: 0}"),
    FAULT("drop_bundle", o_fault_at, DROP_BUNDLE,
          "Forgets the bundle that was promised this position, on every rollup, before sealing.",
          "{rollup: A, order: 0}"),
    FAULT("swap_positions", o_fault_swap, SWAP_POSITIONS, "Exchanges two promised legs.",
          "{rollup: A, order: 0, with: 1}"),
    FAULT("unbundle", o_fault_at, UNBUNDLE, "Makes a leg stand alone, out of its bundle.",
          "{rollup: A, order: 0}"),
    FAULT("break_global_order", o_fault_rollup, BREAK_GLOBAL_ORDER,
          "Promises the next two bundles with a leg there the other way round.", "{rollup: A}"),
    FAULT("two_promises", o_fault_rollup, TWO_PROMISES,
          "Promises the second bundle with a leg there the position of the first.", "{rollup: A}"),
    FAULT("two_blocks", o_fault_rollup, TWO_BLOCKS,
          "Signs two proposal blocks: one for the executor, another for L1.", "{rollup: A}"),
    FAULT("two_orders", o_fault_rollup, TWO_ORDERS,
          "Signs two order commitments: one for DA, another for L1.", "{rollup: A}"),
    FAULT("admit_bad_proof", o_fault_slot, ADMIT_BAD_PROOF,
          "Admits legs whose time-lock proof is false.", "{}"),
    FAULT("wrong_opening", o_fault_at, WRONG_OPENING, "Publishes a false opening of a leg.",
          "{rollup: A, order: 0}"),
    FAULT("false_verdict", o_fault_at, FALSE_VERDICT, "Calls a good leg garbage.",
          "{rollup: A, order: 0}"),
    FAULT("wrong_plaintext", o_fault_at, WRONG_PLAINTEXT,
          "Puts another transaction where a leg was promised.", "{rollup: A, order: 0}"),
    FAULT("withhold_reveal", o_fault_slot, WITHHOLD_REVEAL, "Reveals nothing after sealing.", "{}"),
    FAULT("withhold_block", o_fault_rollup, WITHHOLD_BLOCK, "Proposes no block for a rollup.",
          "{rollup: A}"),
    FAULT("withhold_second", o_fault_slot, WITHHOLD_SECOND,
          "Stops when the results of the first round are in.", "{}"),
    FAULT("false_failure", o_fault_step, FALSE_FAILURE,
          "The executor signs that a leg failed which succeeds.", "{rollup: A, order: 0}"),
    FAULT("false_success", o_fault_step, FALSE_SUCCESS,
          "The executor signs that a leg succeeded which fails.", "{rollup: A, order: 0}"),
    FAULT("wrong_root", o_fault_step, WRONG_ROOT,
          "The executor gives the leg's sender money that nobody had, and signs that state.",
          "{rollup: A, order: 0}"),
    FAULT("two_results", o_fault_result, TWO_RESULTS,
          "The executor signs two results: one for the sequencer and DA, another for L1.",
          "{rollup: A}"),
    FAULT("withhold_result", o_fault_result, WITHHOLD_RESULT, "The executor signs no result.",
          "{rollup: A}"),
    FAULT("front_run", o_fault_trade, FRONT_RUN,
          "Trades before every swap it can read, in the same direction.",
          "{rollup: A, account: mallory, pool: eth-usdc, in: ETH, amount: 1000}"),
    FAULT("sandwich", o_fault_trade, SANDWICH,
          "The same, and trades back right after the victim's bundle.",
          "{rollup: A, account: mallory, pool: eth-usdc, in: ETH, amount: 1000}"),
    FAULT("censor", o_fault_censor, CENSOR, "Keeps out the bundles that it sees an account send.",
          "{account: alice}"),
};
const struct scn_object scn_o_fault = {
    .name = "fault",
    .doc = "What the sequencer or an executor does wrong in a slot.",
    .size = sizeof(struct scn_fault),
    .choice = PLUS(scn_fault, kind),
    FIELDS(fault_fields)};
