/* The table, continued: what must have come of it. */
#include "common/actor/act.h"
#include "lockstep/scenario/scn_table.h"

static const struct scn_word outcome_words[] = {
    {"executed", SCN_EXECUTED, false, "every leg is in a finalized block and succeeded"},
    {"excluded", SCN_EXCLUDED, false, "no leg is in a finalized block"},
    {"reverted", SCN_REVERTED, false, "every leg is in a finalized block, all without effect"},
    {"mixed", SCN_MIXED, false, "some legs took effect and some did not"},
    {"refused", SCN_REFUSED, false, "the sequencer did not admit it"},
    {"voided", SCN_VOIDED, false, "L1 has voided its slot"},
    {"pending", SCN_PENDING, false, "undecided when the run ended"},
    {0}};
static const struct scn_word check_words[] = {
#define X(symbol, word, doc) {word, symbol, false, doc},
    SCN_CHECK_MAP(X)
#undef X
        {0}};
static const struct scn_word reject_words[] = {
#define X(symbol, word) {word, symbol, false, NULL},
    ACT_REJECT_MAP(X)
#undef X
        {0}};

static const struct scn_word crime_words[] = {
#define X(constant, value, name) {#name, constant, false, NULL},
    PRO_EVIDENCE_MAP(X)
#undef X
        {0}};

static const struct scn_field expect_balance_fields[] = {
    {.key = "rollup",
     NAME(scn_expect_balance, rollup, scn_p_rollup),
     .flags = SCN_REQUIRED,
     .doc = "Rollup.",
     .example = "A"},
    {.key = "account",
     NAME(scn_expect_balance, account, scn_p_name),
     .flags = SCN_REQUIRED,
     .doc = "Account, defined in any rollup.",
     .example = "bob"},
    {.key = "asset",
     NAME(scn_expect_balance, asset, scn_p_asset),
     .flags = SCN_REQUIRED,
     .doc = "Asset.",
     .example = "ETH"},
    BOUND_FIELDS(scn_expect_balance, AMOUNT, 0, "5"),
};
static const struct scn_object o_expect_balance = {
    .name = "expect balance",
    .doc = "A balance in the finalized state when the run ends.",
    .size = sizeof(struct scn_expect_balance),
    .choice = PLUS(scn_expect_balance, cmp),
    FIELDS(expect_balance_fields)};

static const struct scn_field expect_rejected_fields[] = {
    {.key = "by",
     NAME(scn_expect_rejected, by, scn_p_actor),
     .flags = SCN_REQUIRED,
     .doc = "Actor that refused messages.",
     .example = "sequencer"},
    {.key = "reason",
     ENUM(scn_expect_rejected, reason, reject_words),
     .flags = SCN_REQUIRED,
     .doc = "Why.",
     .example = "malformed"},
    {.key = "at_least",
     U64(scn_expect_rejected, at_least),
     .min = 1,
     .max = UINT64_MAX,
     .fallback = "1",
     .doc = "How many.",
     .example = "1"},
};
static const struct scn_object o_expect_rejected = {.name = "expect rejected",
                                                    .doc = "Messages an actor refused.",
                                                    .size = sizeof(struct scn_expect_rejected),
                                                    FIELDS(expect_rejected_fields)};

static const struct scn_field expect_count_fields[] = {
    {.key = "at_least",
     U64(scn_expect_count, at_least),
     .flags = SCN_REQUIRED,
     .min = 1,
     .max = UINT64_MAX,
     .doc = "How many messages.",
     .example = "1"},
};
static const struct scn_object o_expect_count = {.name = "expect count",
                                                 .doc = "What the network did to messages.",
                                                 .size = sizeof(struct scn_expect_count),
                                                 FIELDS(expect_count_fields)};

static const struct scn_field expect_fields[] = {
    {.key = "bundle",
     NAME(scn_expect, bundle, scn_p_name),
     .flags = SCN_CHOICE,
     .choice = SCN_EXPECT_BUNDLE,
     .doc = "What became of a bundle.",
     .example = "arb"},
    {.key = "is",
     ENUM(scn_expect, is, outcome_words),
     .flags = SCN_REQUIRED,
     .with = BIT(SCN_EXPECT_BUNDLE),
     .doc = "Its fate.",
     .example = "executed"},
    {.key = "cause",
     CAUSE(scn_expect, cause),
     .with = BIT(SCN_EXPECT_BUNDLE),
     .doc = "With `is: excluded`: the failed leg, as rollup and position in its block.",
     .example = "A.0"},
    {.key = "reason",
     WORD(scn_expect, reason, scn_p_reason),
     .with = BIT(SCN_EXPECT_BUNDLE),
     .max = 32,
     .doc = "With `is: refused`: the sequencer's reason.",
     .example = "limit"},
    {.key = "rounds",
     U32(scn_expect, rounds),
     .flags = SCN_CHOICE,
     .choice = SCN_EXPECT_ROUNDS,
     .min = 1,
     .max = 1000000,
     .doc = "Proposal rounds it took, the first included: 1 when nothing was re-executed.",
     .example = "2"},
    {.key = "slot",
     U64(scn_expect, slot),
     .min = 1,
     .max = 100000,
     .with = BIT(SCN_EXPECT_BUNDLE) | BIT(SCN_EXPECT_ROUNDS) | BIT(SCN_EXPECT_SLASHED) |
             BIT(SCN_EXPECT_PENALIZED),
     .doc = "The slot meant; left out, any slot, and every slot for rounds.",
     .example = "1"},
    {.key = "mempool",
     ENUM(scn_expect, mempool, scn_mempool_words),
     .with = BIT(SCN_EXPECT_BUNDLE) | BIT(SCN_EXPECT_ROUNDS) | BIT(SCN_EXPECT_BALANCE) |
             BIT(SCN_EXPECT_FINGERPRINT),
     .doc = "Asked only of a run with this mempool; left out, of every run.",
     .example = "plaintext"},
    {.key = "balance",
     OBJECT(scn_expect, balance, o_expect_balance),
     .flags = SCN_CHOICE,
     .choice = SCN_EXPECT_BALANCE,
     .doc = "A balance at the end.",
     .example = "{rollup: A, account: bob, asset: ETH, equals: 5}"},
    {.key = "always",
     ENUM(scn_expect, check, check_words),
     .flags = SCN_CHOICE,
     .choice = SCN_EXPECT_ALWAYS,
     .doc = "A check that holds throughout.",
     .example = "atomicity"},
    {.key = "violated",
     ENUM(scn_expect, check, check_words),
     .flags = SCN_CHOICE,
     .choice = SCN_EXPECT_VIOLATED,
     .doc = "A check that must be found broken: shows what a policy does not give.",
     .example = "atomicity"},
    {.key = "rejected",
     OBJECT(scn_expect, rejected, o_expect_rejected),
     .flags = SCN_CHOICE,
     .choice = SCN_EXPECT_REJECTED,
     .doc = "Messages refused by an actor.",
     .example = "{by: sequencer, reason: malformed, at_least: 1}"},
    {.key = "lost",
     OBJECT(scn_expect, count, o_expect_count),
     .flags = SCN_CHOICE,
     .choice = SCN_EXPECT_LOST,
     .doc = "Messages the network lost.",
     .example = "{at_least: 1}"},
    {.key = "duplicated",
     OBJECT(scn_expect, count, o_expect_count),
     .flags = SCN_CHOICE,
     .choice = SCN_EXPECT_DUPLICATED,
     .doc = "Messages the network delivered twice.",
     .example = "{at_least: 1}"},
    {.key = "slashed",
     NAME(scn_expect, culprit, scn_p_actor),
     .flags = SCN_CHOICE,
     .choice = SCN_EXPECT_SLASHED,
     .doc = "An actor whose bond L1 took on evidence.",
     .example = "sequencer"},
    {.key = "penalized",
     NAME(scn_expect, culprit, scn_p_actor),
     .flags = SCN_CHOICE,
     .choice = SCN_EXPECT_PENALIZED,
     .doc = "An actor that L1 made pay for its silence.",
     .example = "sequencer"},
    {.key = "for",
     ENUM(scn_expect, crime, crime_words),
     .with = BIT(SCN_EXPECT_SLASHED),
     .doc = "The kind of evidence; left out, any.",
     .example = "block_breaks_promise"},
    {.key = "fingerprint",
     HEX(scn_expect, fingerprint),
     .flags = SCN_CHOICE,
     .choice = SCN_EXPECT_FINGERPRINT,
     .min = 32,
     .max = 32,
     .doc = "The run's fingerprint: SHA-256 over its events in order.",
     .example = "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\""},
};
const struct scn_object scn_o_expect = {.name = "expectation",
                                        .doc = "Something that must hold.",
                                        .size = sizeof(struct scn_expect),
                                        .place = PLUS(scn_expect, place),
                                        .choice = PLUS(scn_expect, kind),
                                        FIELDS(expect_fields)};

const char *scn_outcome_word(enum scn_outcome outcome)
{
    return scn_word_of(outcome_words, (int)outcome);
}

const char *scn_check_word(enum scn_check check)
{
    return scn_word_of(check_words, (int)check);
}
