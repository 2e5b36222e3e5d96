/* The table: every key a scenario may have. Order here is the order of the reference page. */
#include "lockstep/scenario/scn_table.h"

const struct scn_pattern scn_p_name = {"a name",
                                       "a letter, then up to 31 letters, digits, `-` or `_`",
                                       "^[A-Za-z][A-Za-z0-9_-]{0,31}$",
                                       SCN_UPPER | SCN_LOWER,
                                       ALNUM | SCN_DASH | SCN_UNDERSCORE,
                                       32};
/* As long as the ledger's names. */
const struct scn_pattern scn_p_pool = {"a pool name",
                                       "a letter, then up to 15 letters, digits, `-` or `_`",
                                       "^[A-Za-z][A-Za-z0-9_-]{0,15}$",
                                       SCN_UPPER | SCN_LOWER,
                                       ALNUM | SCN_DASH | SCN_UNDERSCORE,
                                       16};
const struct scn_pattern scn_p_rollup = {"a rollup name",
                                         "a letter, then up to 15 letters, digits or `-`",
                                         "^[A-Za-z][A-Za-z0-9-]{0,15}$",
                                         SCN_UPPER | SCN_LOWER,
                                         ALNUM | SCN_DASH,
                                         16};
const struct scn_pattern scn_p_asset = {
    "an asset",
    "a capital letter, then up to 9 capital letters or digits, like ETH",
    "^[A-Z][A-Z0-9]{0,9}$",
    SCN_UPPER,
    SCN_UPPER | SCN_DIGIT,
    10};
const struct scn_pattern scn_p_actor = {
    "an actor",
    "sequencer, da, l1, wallet, executor-<rollup> or watcher-<rollup>",
    "^(sequencer|da|l1|wallet|(executor|watcher)-[A-Za-z][A-Za-z0-9-]{0,15})$",
    SCN_LOWER,
    ALNUM | SCN_DASH,
    32};
const struct scn_pattern scn_p_link = {
    "a link", "`from -> to` or `one <-> other`", "^[a-zA-Z0-9-]+ <?-> [a-zA-Z0-9-]+$", 0, 0, 0};
const struct scn_pattern scn_p_reason = {
    "a reason", "lower-case letters, digits and `_`",   "^[a-z][a-z0-9_]{0,31}$",
    SCN_LOWER,  SCN_LOWER | SCN_DIGIT | SCN_UNDERSCORE, 32};

static const struct scn_word policy_words[] = {
    {"one_shot", SCN_ONE_SHOT, false,
     "exclude every bundle with a failed leg; one second proposal; what fails anew is reverted"},
    {"fixpoint", SCN_FIXPOINT, false, "the same again until nothing new fails"},
    {"serial", SCN_SERIAL, false, "as if all bundles ran one by one on one machine"},
    {"inclusive", SCN_INCLUSIVE, false, "failed legs stay in as reverted, nothing is excluded"},
    {"block_replace", SCN_BLOCK_REPLACE, false, "a block with a leg of a broken bundle is emptied"},
    {"two_phase", SCN_TWO_PHASE, false, "a bundle locks its rollups, its legs vote"},
    {0}};
static const struct scn_word granularity_words[] = {
    {"keys", SCN_BY_KEYS, false, "a leg waits for what it can touch"},
    {"rollup", SCN_BY_ROLLUP, false, "a leg waits for all of its rollup"},
    {0}};
const struct scn_word scn_mempool_words[] = {
    {"encrypted", SCN_MEMPOOL_ENCRYPTED, false,
     "transactions are sealed until their order is promised; the sequencer sees rollups, gas, and "
     "what a bundle leaves `open`"},
    {"plaintext", SCN_MEMPOOL_PLAINTEXT, false,
     "every bundle leaves the whole of its transactions open, as in today's mempools"},
    {0}};
static const struct scn_word bits_words[] = {
    {"1024", 1024, false, NULL}, {"2048", 2048, false, NULL}, {"3072", 3072, false, NULL}, {0}};
static const struct scn_word solver_words[] = {
    {"sequential", SCN_SOLVER_SEQUENTIAL, false, "really squares, one after the other"},
    {"trapdoor", SCN_SOLVER_TRAPDOOR, false, "knows the factors; same result and modelled time"},
    {0}};
static const struct scn_word profile_words[] = {
    {"full", SCN_PROFILE_FULL, false, "parameters of full strength"},
    {"short", SCN_PROFILE_SHORT, false, "shorter proofs, for quick runs"},
    {0}};
/* Rollups. */

static const struct scn_field amount_fields[] = {
    {AMOUNT(scn_amount, amount), .flags = SCN_INLINE, .doc = "Amount in the asset's smallest unit.",
     .example = "1000"},
};
static const struct scn_object o_amount = {.name = "amount",
                                           .size = sizeof(struct scn_amount),
                                           .name_at = AT(scn_amount, asset, struct scn_name),
                                           FIELDS(amount_fields)};

static const struct scn_field reserve_fields[] = {
    {AMOUNT(scn_amount, amount), .flags = SCN_INLINE, .min = 1,
     .doc = "Reserve in the asset's smallest unit.", .example = "1000"},
};
static const struct scn_object o_reserve = {.name = "reserve",
                                            .size = sizeof(struct scn_amount),
                                            .name_at = AT(scn_amount, asset, struct scn_name),
                                            FIELDS(reserve_fields)};

static const struct scn_field account_fields[] = {
    {ENTRIES(scn_account, balances, o_amount, scn_p_asset), .flags = SCN_INLINE, .max = 64,
     .doc = "Balances by asset; `{}` for an account that starts empty.", .example = "{ETH: 10}"},
};
static const struct scn_object o_account = {.name = "account",
                                            .size = sizeof(struct scn_account),
                                            .name_at = AT(scn_account, name, struct scn_name),
                                            FIELDS(account_fields)};

static const struct scn_field pool_fields[] = {
    {.key = "fee",
     PERCENT(scn_pool, fee_ppm),
     .max = 999999,
     .fallback = "0.3%",
     .doc = "Share of the amount paid in that stays with the pool, rounded up.",
     .example = "0.3%"},
    {ENTRIES(scn_pool, reserves, o_reserve, scn_p_asset), .flags = SCN_REST, .min = 2, .max = 2,
     .doc = "The pool's two assets and its reserves of them at the start.", .example = "1000"},
};
static const struct scn_object o_pool = {.name = "pool",
                                         .doc = "A constant-product pool of two assets.",
                                         .size = sizeof(struct scn_pool),
                                         .name_at = AT(scn_pool, name, struct scn_name),
                                         FIELDS(pool_fields)};

static const struct scn_field lending_fields[] = {
    {.key = "asset",
     NAME(scn_lending, asset, scn_p_asset),
     .flags = SCN_REQUIRED,
     .doc = "The asset it lends.",
     .example = "USDC"},
    {.key = "liquidity",
     AMOUNT(scn_lending, liquidity),
     .flags = SCN_REQUIRED,
     .doc = "What it can lend at the start; nobody can withdraw it.",
     .example = "1000000"},
    {.key = "collateral",
     NAME(scn_lending, collateral, scn_p_asset),
     .flags = SCN_REQUIRED,
     .doc = "The asset that covers debts.",
     .example = "ETH"},
    {.key = "factor",
     RATIO(scn_lending, factor),
     .flags = SCN_REQUIRED,
     .doc = "Debt that one unit of collateral covers, both in smallest units; each side of the "
            "ratio fits 64 bits.",
     .example = "1500/1"},
};
static const struct scn_object o_lending = {.name = "lending pool",
                                            .doc = "Lends one asset, against another or for the "
                                                   "time of one bundle. No interest.",
                                            .size = sizeof(struct scn_lending),
                                            .name_at = AT(scn_lending, name, struct scn_name),
                                            FIELDS(lending_fields)};

static const struct scn_word watcher_words[] = {
    {"none", SCN_NO_WATCHER, false, "nobody else executes this rollup"},
    {"one", SCN_WATCHER, false,
     "somebody does, from what is in DA and on L1, and accuses an executor that lies"},
    {0}};
static const struct scn_field rollup_fields[] = {
    {.key = "chain_id",
     U64(scn_rollup, chain_id),
     .min = 1,
     .max = UINT64_MAX,
     .doc = "Chain id; by default 1001, 1002, ... in the order of the file.",
     .example = "1001"},
    {.key = "accounts",
     ENTRIES(scn_rollup, accounts, o_account, scn_p_name),
     .max = 10000,
     .doc = "Accounts at the start, by name.",
     .example = "{alice: {ETH: 10}}"},
    {.key = "pools",
     ENTRIES(scn_rollup, pools, o_pool, scn_p_pool),
     .max = 1000,
     .doc = "Pools at the start, by name.",
     .example = "{eth-usdc: {ETH: 1000, USDC: 2000000, fee: 0.3%}}"},
    {.key = "lending",
     ENTRIES(scn_rollup, lendings, o_lending, scn_p_pool),
     .max = 1000,
     .doc = "Lending pools at the start, by name.",
     .example = "{aave: {asset: USDC, liquidity: 1000000, collateral: ETH, factor: 1500/1}}"},
    {.key = "watcher",
     ENUM(scn_rollup, watcher, watcher_words),
     .fallback = "none",
     .doc = "Whether a party of its own, `watcher-` and the rollup's name, compares what the "
            "executor signs with what it executes itself.",
     .example = "one"},
};
static const struct scn_object o_rollup = {
    .name = "rollup",
    .doc = "One rollup with its own executor; the state it starts from.",
    .size = sizeof(struct scn_rollup),
    .name_at = AT(scn_rollup, name, struct scn_name),
    FIELDS(rollup_fields)};

/* Settings. */

static const struct scn_field timelock_fields[] = {
    {.key = "bits",
     ENUM(scn_timelock, bits, bits_words),
     .flags = SCN_NUMERIC,
     .fallback = "2048",
     .doc = "Size of the modulus.",
     .example = "2048"},
    {.key = "squarings",
     U64(scn_timelock, squarings),
     .min = 1,
     .max = UINT64_C(1) << 40,
     .fallback = "65536",
     .doc = "Sequential squarings that open a puzzle.",
     .example = "65536"},
    {.key = "solver",
     ENUM(scn_timelock, solver, solver_words),
     .fallback = "sequential",
     .doc = "How the sequencer opens puzzles.",
     .example = "sequential"},
    {.key = "squarings_per_second",
     U64(scn_timelock, squarings_per_second),
     .min = 1,
     .max = UINT64_C(1000000000000),
     .fallback = "4000000",
     .doc = "Speed of the modelled solver: sets how long solving takes in simulated time.",
     .example = "4000000"},
    {.key = "profile",
     ENUM(scn_timelock, profile, profile_words),
     .fallback = "short",
     .doc = "Strength of the admission proofs.",
     .example = "short"},
    {.key = "attacker_speedup",
     U32(scn_timelock, attacker_speedup),
     .min = 1,
     .max = 1000000,
     .fallback = "10",
     .doc = "How many times faster than the modelled solver an attacker may be: a promise must "
            "be out within delay / attacker_speedup.",
     .example = "10"},
};
static const struct scn_object o_timelock = {
    .name = "timelock",
    .doc = "The puzzles that seal transactions until their order is promised.",
    .size = sizeof(struct scn_timelock),
    FIELDS(timelock_fields)};

static const struct scn_field limits_fields[] = {
    {.key = "legs_per_bundle",
     U32(scn_limits, legs_per_bundle),
     .min = 1,
     .max = 1024,
     .fallback = "100",
     .doc = "Transactions in one bundle.",
     .example = "100"},
    {.key = "bundle_bytes",
     U32(scn_limits, bundle_bytes),
     .min = 1000,
     .max = 1048576,
     .fallback = "300000",
     .doc = "Encoded size of one bundle.",
     .example = "300000"},
    {.key = "transactions_per_block",
     U32(scn_limits, transactions_per_block),
     .min = 1,
     .max = 4096,
     .fallback = "4096",
     .doc = "Positions in one rollup's block.",
     .example = "4096"},
    {.key = "gas_per_block",
     U64(scn_limits, gas_per_block),
     .min = 1,
     .max = UINT64_C(1000000000000),
     .fallback = "30000000",
     .doc = "Gas in one rollup's block.",
     .example = "30000000"},
    {.key = "pending_per_user",
     U32(scn_limits, pending_per_user),
     .min = 1,
     .max = 1000000,
     .fallback = "10000",
     .doc = "Undecided bundles of one wallet; in a simulation one wallet serves all users.",
     .example = "64"},
};
static const struct scn_object o_limits = {
    .name = "limits",
    .doc = "What the sequencer admits; beyond it refuses by name.",
    .size = sizeof(struct scn_limits),
    FIELDS(limits_fields)};

static const struct scn_field l1_fields[] = {
    {.key = "block_time",
     DURATION(scn_l1, block_time_ns),
     .min = 1000000,
     .max = NS_PER_HOUR,
     .fallback = "12s",
     .doc = "Time between two L1 blocks.",
     .example = "12s"},
    {.key = "confirmations",
     U32(scn_l1, confirmations),
     .max = 10000,
     .fallback = "2",
     .doc = "L1 blocks on top before a transaction counts.",
     .example = "2"},
    {.key = "challenge_window",
     U32(scn_l1, challenge_window),
     .min = 1,
     .max = 1000000,
     .fallback = "10",
     .doc = "L1 blocks during which a result can be challenged.",
     .example = "10"},
    {.key = "proposal_deadline",
     U32(scn_l1, proposal_deadline),
     .min = 1,
     .max = 1000000,
     .fallback = "50",
     .doc = "L1 blocks from a slot's order commitment until its proposal block is due.",
     .example = "50"},
    {.key = "final_deadline",
     U32(scn_l1, final_deadline),
     .min = 1,
     .max = 1000000,
     .fallback = "100",
     .doc = "L1 blocks from the proposal block until the finalized block is due.",
     .example = "100"},
    {.key = "result_deadline",
     U32(scn_l1, result_deadline),
     .min = 1,
     .max = 1000000,
     .fallback = "25",
     .doc = "L1 blocks from any proposal block until its executor's result is due.",
     .example = "25"},
    {.key = "bond",
     U64(scn_l1, bond_gwei),
     .max = UINT64_MAX,
     .fallback = "32000000000",
     .doc = "What every bonded party has at stake, in gwei; slashing takes what is left of it.",
     .example = "32000000000"},
    {.key = "penalty",
     U64(scn_l1, penalty_gwei),
     .max = UINT64_MAX,
     .fallback = "1000000000",
     .doc = "What a missed deadline costs, in gwei.",
     .example = "1000000000"},
};
static const struct scn_object o_l1 = {.name = "l1",
                                       .doc = "The mock Ethereum chain.",
                                       .size = sizeof(struct scn_l1),
                                       FIELDS(l1_fields)};

const struct scn_word scn_state_proof_words[] = {
    {"witness", PRO_STATE_PROOF_WITNESS, false,
     "proofs of what failed, each executed on its witness; the rest can be challenged"},
    {"reexecute", PRO_STATE_PROOF_REEXECUTE, false,
     "the same, and the time it would take to execute the block once more before it is taken"},
    {"ideal_recursive", PRO_STATE_PROOF_IDEAL_RECURSIVE, false,
     "the same, and the time and bytes of a recursive proof by an ideal prover, as the three keys "
     "below say"},
    {0}};
static const struct scn_field execution_fields[] = {
    {.key = "transaction_cost",
     DURATION(scn_execution, transaction_cost_ns),
     .max = NS_PER_HOUR,
     .fallback = "50us",
     .doc = "Simulated time one transaction takes to execute.",
     .example = "50us"},
    {.key = "state_proof",
     ENUM(scn_execution, state_proof, scn_state_proof_words),
     .fallback = "witness",
     .doc = "What convinces the sequencer of a result. Of the last two only time and size are "
            "modelled.",
     .example = "ideal_recursive"},
    {.key = "proving_cost",
     DURATION(scn_execution, proving_cost_ns),
     .max = NS_PER_HOUR,
     .fallback = "10ms",
     .doc = "`ideal_recursive`: simulated time the ideal prover takes per transaction. An "
            "assumption, no measurement.",
     .example = "10ms"},
    {.key = "verifying_cost",
     DURATION(scn_execution, verifying_cost_ns),
     .max = NS_PER_HOUR,
     .fallback = "5ms",
     .doc = "`ideal_recursive`: simulated time it takes to verify the proof of one result. An "
            "assumption.",
     .example = "5ms"},
    {.key = "proof_size",
     U32(scn_execution, proof_bytes),
     .max = 1 << 24,
     .fallback = "1024",
     .doc = "`ideal_recursive`: bytes of one proof. An assumption.",
     .example = "1024"},
};
static const struct scn_object o_execution = {.name = "execution",
                                              .doc = "What execution costs in simulated time.",
                                              .size = sizeof(struct scn_execution),
                                              FIELDS(execution_fields)};

static const struct scn_field link_fields[] = {
    {.key = "delay",
     DURATION(scn_link, delay_ns),
     .given = PLUS(scn_link, has_delay),
     .max = NS_PER_HOUR,
     .fallback = "1ms",
     .doc = "Time every message takes.",
     .example = "20ms"},
    {.key = "jitter",
     DURATION(scn_link, jitter_ns),
     .given = PLUS(scn_link, has_jitter),
     .max = NS_PER_HOUR,
     .fallback = "0s",
     .doc = "Further time up to this, drawn per message.",
     .example = "5ms"},
    {.key = "loss",
     PERCENT(scn_link, loss_ppm),
     .given = PLUS(scn_link, has_loss),
     .max = 1000000,
     .fallback = "0%",
     .doc = "Chance that a message is lost.",
     .example = "2%"},
    {.key = "duplicate",
     PERCENT(scn_link, duplicate_ppm),
     .given = PLUS(scn_link, has_duplicate),
     .max = 1000000,
     .fallback = "0%",
     .doc = "Chance that a message arrives twice.",
     .example = "1%"},
};
static const struct scn_object o_link = {
    .name = "link",
    .doc = "How messages travel. What an entry leaves out is as in the entry `default`.",
    .size = sizeof(struct scn_link),
    .name_at = AT(scn_link, name, struct scn_name),
    FIELDS(link_fields)};

static const struct scn_field links_fields[] = {
    {.key = "default",
     OBJECT(scn_links, fallback, o_link),
     .doc = "Every link without an entry.",
     .example = "{delay: 20ms}"},
    {ENTRIES(scn_links, pairs, o_link, scn_p_link), .flags = SCN_REST, .max = 1000,
     .doc = "One link, `executor-A -> sequencer`, or both directions, `executor-A <-> da`. Actors: "
            "sequencer, da, l1, wallet, executor-<rollup>, watcher-<rollup>.",
     .example = "{delay: 20ms}"},
};
static const struct scn_object o_links = {.name = "links",
                                          .doc = "The network model.",
                                          .size = sizeof(struct scn_links),
                                          FIELDS(links_fields)};

/* The scenario. */

static const struct scn_word version_words[] = {{"1", 1, false, NULL}, {0}};

static const struct scn_field scenario_fields[] = {
    {.key = "version",
     ENUM(scn, version, version_words),
     .flags = SCN_REQUIRED | SCN_NUMERIC,
     .doc = "Version of this format.",
     .example = "1"},
    {.key = "name",
     WORD(scn, name, scn_p_name),
     .flags = SCN_REQUIRED,
     .max = 32,
     .doc = "Name of the scenario, used for its output folder.",
     .example = "leg-fails"},
    {.key = "description",
     TEXT(scn, description),
     .max = 4000,
     .doc = "What it shows, for a reader.",
     .example = "A leg fails and its bundle goes."},
    {.key = "seed",
     U64(scn, seed),
     .flags = SCN_REQUIRED,
     .max = UINT64_MAX,
     .doc = "Seed of everything that is drawn; same seed, same run.",
     .example = "7"},
    {.key = "policy",
     ENUM(scn, policy, policy_words),
     .fallback = "serial",
     .doc = "What happens to bundles with a failed leg.",
     .example = "one_shot"},
    {.key = "granularity",
     ENUM(scn, granularity, granularity_words),
     .fallback = "keys",
     .doc = "How closely `serial` looks when it asks whether a leg's result can still change.",
     .example = "keys"},
    {.key = "max_rounds",
     U64(scn, max_rounds),
     .min = 1,
     .max = 1000000,
     .fallback = "1000",
     .doc = "Rounds of execution a slot may take; bundles undecided then are excluded.",
     .example = "4"},
    {.key = "mempool",
     ENUM(scn, mempool, scn_mempool_words),
     .fallback = "encrypted",
     .doc = "Who can read what users submit.",
     .example = "encrypted"},
    {.key = "slots",
     U64(scn, slots),
     .min = 1,
     .max = 100000,
     .fallback = "1",
     .doc = "Slots to run.",
     .example = "1"},
    {.key = "slot_duration",
     DURATION(scn, slot_duration_ns),
     .min = 1000000,
     .max = NS_PER_HOUR,
     .fallback = "2s",
     .doc = "How long a slot is open for bundles.",
     .example = "2s"},
    {.key = "rollups",
     ENTRIES(scn, rollups, o_rollup, scn_p_rollup),
     .flags = SCN_REQUIRED,
     .min = 1,
     .max = SCN_ROLLUPS_MAX,
     .doc = "The rollups, by name.",
     .example = "{A: {accounts: {alice: {ETH: 10}}}}"},
    {.key = "timelock",
     OBJECT(scn, timelock, o_timelock),
     .doc = "Time-lock puzzles.",
     .example = "{bits: 2048, squarings: 65536}"},
    {.key = "limits",
     OBJECT(scn, limits, o_limits),
     .doc = "Limits of admission.",
     .example = "{legs_per_bundle: 100}"},
    {.key = "l1",
     OBJECT(scn, l1, o_l1),
     .doc = "The mock Ethereum chain.",
     .example = "{block_time: 12s}"},
    {.key = "execution",
     OBJECT(scn, execution, o_execution),
     .doc = "Cost of execution.",
     .example = "{transaction_cost: 50us}"},
    {.key = "links",
     OBJECT(scn, links, o_links),
     .doc = "The network.",
     .example = "{default: {delay: 20ms}}"},
    {.key = "timeline",
     ITEMS(scn, timeline, scn_o_step),
     .max = 10000,
     .doc = "What happens when.",
     .example = "[{at: slot 1, submit: {bundle: b1, from: alice, legs: [...]}}]"},
    {.key = "expect",
     ITEMS(scn, expect, scn_o_expect),
     .max = 10000,
     .doc = "What must have come of it; a run passes when all of it holds.",
     .example = "[{bundle: b1, is: executed}]"},
};

const struct scn_object scn_schema = {.name = "scenario",
                                      .doc = "A file is one mapping with these keys.",
                                      .size = sizeof(struct scn),
                                      FIELDS(scenario_fields)};

const char *scn_state_proof_word(enum pro_state_proof kind)
{
    return scn_word_of(scn_state_proof_words, (int)kind);
}

const char *scn_policy_word(enum scn_policy policy)
{
    return scn_word_of(policy_words, (int)policy);
}

const char *scn_mempool_word(enum scn_mempool mempool)
{
    return scn_word_of(scn_mempool_words, (int)mempool);
}
