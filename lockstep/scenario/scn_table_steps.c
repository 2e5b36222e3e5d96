/* The table, continued: what happens. */
#include "lockstep/scenario/scn_table.h"

static const struct scn_field leg_fields[] = {
    {.key = "rollup",
     NAME(scn_leg, rollup, scn_p_rollup),
     .flags = SCN_REQUIRED,
     .doc = "Where the transaction executes.",
     .example = "A"},
    {.key = "from",
     NAME(scn_leg, from, scn_p_name),
     .doc = "Signer; by default the bundle's.",
     .example = "alice"},
    {.key = "nonce",
     U64(scn_leg, nonce),
     .given = PLUS(scn_leg, has_nonce),
     .max = UINT64_MAX,
     .doc = "The signer's nonce; left out, the transaction carries none.",
     .example = "0"},
    {.key = "ops",
     ITEMS(scn_leg, ops, scn_o_op),
     .flags = SCN_REQUIRED,
     .min = 1,
     .max = 64,
     .doc = "What the transaction does.",
     .example = "[{transfer: {to: bob, asset: ETH, amount: 5}}]"},
};
static const struct scn_object o_leg = {.name = "leg",
                                        .doc = "One transaction of a bundle.",
                                        .size = sizeof(struct scn_leg),
                                        .place = PLUS(scn_leg, place),
                                        FIELDS(leg_fields)};

/* What users do wrong. */

#define LEG_FIELD                                                                                  \
    {                                                                                              \
        .key = "leg", U32(scn_user_fault, leg), .max = 999, .fallback = "0",                       \
        .doc = "The leg meant, counted from 0.", .example = "0"                                    \
    }
#define OF_FIELD                                                                                   \
    {                                                                                              \
        .key = "of", NAME(scn_user_fault, of, scn_p_name), .flags = SCN_REQUIRED,                  \
        .doc = "The other bundle, submitted earlier.", .example = "arb"                            \
    }
static const struct scn_field spoil_fields[] = {LEG_FIELD};
static const struct scn_object o_spoil = {.name = "spoilt leg",
                                          .doc = "A leg made wrong by its user.",
                                          .size = sizeof(struct scn_user_fault),
                                          FIELDS(spoil_fields)};
static const struct scn_field replay_fields[] = {OF_FIELD};
static const struct scn_object o_replay = {.name = "replay",
                                           .doc = "A bundle submitted once more.",
                                           .size = sizeof(struct scn_user_fault),
                                           FIELDS(replay_fields)};
static const struct scn_field lift_fields[] = {OF_FIELD, LEG_FIELD};
static const struct scn_object o_lift = {.name = "lift",
                                         .doc = "A leg taken from another bundle.",
                                         .size = sizeof(struct scn_user_fault),
                                         FIELDS(lift_fields)};

static const struct scn_field user_fault_fields[] = {
    {.key = "false_proof",
     OBJECT_HERE(o_spoil),
     .flags = SCN_CHOICE,
     .choice = PRO_FAULT_FALSE_PROOF,
     .doc = "A leg that does not open, under a false proof.",
     .example = "{leg: 0}"},
    {.key = "garbage",
     OBJECT_HERE(o_spoil),
     .flags = SCN_CHOICE,
     .choice = PRO_FAULT_GARBAGE,
     .doc = "A leg opens, as proved, but to noise.",
     .example = "{leg: 0}"},
    {.key = "replay",
     OBJECT_HERE(o_replay),
     .flags = SCN_CHOICE,
     .choice = PRO_FAULT_REPLAY,
     .doc = "The very bytes of another bundle go out once more; this one has no legs of its own.",
     .example = "{of: arb}"},
    {.key = "lift",
     OBJECT_HERE(o_lift),
     .flags = SCN_CHOICE,
     .choice = PRO_FAULT_LIFT,
     .doc = "A leg is what another bundle has sealed at the same index, with its open part "
            "rewritten to fit.",
     .example = "{of: arb, leg: 0}"},
};
static const struct scn_object o_user_fault = {.name = "user fault",
                                               .doc = "What a user does wrong with a bundle.",
                                               .size = sizeof(struct scn_user_fault),
                                               .choice = PLUS(scn_user_fault, kind),
                                               FIELDS(user_fault_fields)};

static const struct scn_word open_words[] = {
    {"nothing", SCN_OPEN_NOTHING, false,
     "rollup, gas limit, bundle nonce and number of legs alone"},
    {"sender", SCN_OPEN_SENDER, false, "who signs each leg, too"},
    {"transaction", SCN_OPEN_TRANSACTION, false, "each signed transaction as a whole"},
    {0}};
static const struct scn_field submit_fields[] = {
    {.key = "bundle",
     NAME(scn_submit, bundle, scn_p_name),
     .flags = SCN_REQUIRED,
     .doc = "Name of the bundle, used once.",
     .example = "arb"},
    {.key = "from",
     NAME(scn_submit, from, scn_p_name),
     .doc = "Signer of every leg that names none.",
     .example = "alice"},
    {.key = "open",
     ENUM(scn_submit, open, open_words),
     .fallback = "nothing",
     .doc = "What the user leaves readable in an encrypted mempool; in a plaintext one everything "
            "is.",
     .example = "sender"},
    {.key = "legs",
     ITEMS(scn_submit, legs, o_leg),
     .min = 1,
     .max = 1000,
     .doc = "The transactions, in order. One leg makes a lone transaction. Only a replay has none.",
     .example = "[{rollup: A, ops: [{fail: {}}]}]"},
    {.key = "fault",
     OBJECT(scn_submit, fault, o_user_fault),
     .flags = SCN_OPTIONAL,
     .doc = "What the user does wrong with it.",
     .example = "{false_proof: {leg: 0}}"},
};
static const struct scn_object o_submit = {
    .name = "submit",
    .doc = "A user seals a bundle and sends it to the sequencer.",
    .size = sizeof(struct scn_submit),
    FIELDS(submit_fields)};

static const struct scn_field repeat_fields[] = {
    {.key = "byte",
     U32(scn_repeat, byte),
     .flags = SCN_REQUIRED,
     .max = 255,
     .doc = "The byte.",
     .example = "255"},
    {.key = "count",
     U32(scn_repeat, count),
     .flags = SCN_REQUIRED,
     .min = 1,
     .max = INJECT_BYTES_MAX,
     .doc = "How often.",
     .example = "1000"},
};
static const struct scn_object o_repeat = {.name = "repeat",
                                           .doc = "The same byte many times.",
                                           .size = sizeof(struct scn_repeat),
                                           FIELDS(repeat_fields)};

static const struct scn_field inject_fields[] = {
    {.key = "to",
     NAME(scn_inject, to, scn_p_actor),
     .flags = SCN_REQUIRED,
     .doc = "Actor that receives the bytes.",
     .example = "sequencer"},
    {.key = "from",
     NAME(scn_inject, from, scn_p_actor),
     .flags = SCN_REQUIRED,
     .doc = "Actor they seem to come from.",
     .example = "wallet"},
    {.key = "hex",
     HEX(scn_inject, hex),
     .flags = SCN_CHOICE,
     .choice = SCN_INJECT_HEX,
     .max = SCN_YAML_BYTES,
     .doc = "The bytes, in hexadecimal.",
     .example = "\"00ff\""},
    {.key = "repeat",
     OBJECT(scn_inject, repeat, o_repeat),
     .flags = SCN_CHOICE,
     .choice = SCN_INJECT_REPEAT,
     .doc = "One byte, repeated.",
     .example = "{byte: 255, count: 1000}"},
};
static const struct scn_object o_inject = {
    .name = "inject",
    .doc = "Hands raw bytes to an actor as if a peer had sent them.",
    .size = sizeof(struct scn_inject),
    .choice = PLUS(scn_inject, kind),
    FIELDS(inject_fields)};

static const struct scn_field partition_fields[] = {
    {.key = "between",
     .type = SCN_ITEMS,
     .offset = offsetof(struct scn_partition, between),
     .pattern = &scn_p_actor,
     .flags = SCN_CHOICE,
     .choice = SCN_BOTH_WAYS,
     .min = 2,
     .max = 2,
     .doc = "Two actors cut off from each other.",
     .example = "[executor-A, sequencer]"},
    {.key = "from",
     NAME(scn_partition, from, scn_p_actor),
     .flags = SCN_CHOICE,
     .choice = SCN_ONE_WAY,
     .doc = "Messages from this actor do not arrive...",
     .example = "executor-A"},
    {.key = "to",
     NAME(scn_partition, to, scn_p_actor),
     .flags = SCN_REQUIRED,
     .with = BIT(SCN_ONE_WAY),
     .doc = "...at this one.",
     .example = "sequencer"},
    {.key = "for",
     DURATION(scn_partition, for_ns),
     .flags = SCN_REQUIRED,
     .min = 1,
     .max = RUN_NS_MAX,
     .doc = "How long.",
     .example = "2s"},
};
static const struct scn_object o_partition = {
    .name = "partition",
    .doc = "Loses every message between two actors for a while.",
    .size = sizeof(struct scn_partition),
    .choice = PLUS(scn_partition, kind),
    FIELDS(partition_fields)};

static const struct scn_field step_fields[] = {
    {.key = "at",
     WHEN(scn_step, at),
     .flags = SCN_REQUIRED,
     .max = RUN_NS_MAX,
     .doc = "When: after the start (`150ms`), at the start of a slot (`slot 1`), or after it "
            "(`slot 1 + 100ms`).",
     .example = "slot 1 + 100ms"},
    {.key = "submit",
     OBJECT(scn_step, submit, o_submit),
     .flags = SCN_CHOICE,
     .choice = SCN_STEP_SUBMIT,
     .doc = "Submit a bundle.",
     .example = "{bundle: b1, from: alice, legs: [{rollup: A, ops: [{fail: {}}]}]}"},
    {.key = "inject",
     OBJECT(scn_step, inject, o_inject),
     .flags = SCN_CHOICE,
     .choice = SCN_STEP_INJECT,
     .doc = "Inject raw bytes.",
     .example = "{to: sequencer, from: wallet, hex: \"00ff\"}"},
    {.key = "partition",
     OBJECT(scn_step, partition, o_partition),
     .flags = SCN_CHOICE,
     .choice = SCN_STEP_PARTITION,
     .doc = "Cut a link.",
     .example = "{between: [executor-A, sequencer], for: 2s}"},
    {.key = "fault",
     OBJECT(scn_step, fault, scn_o_fault),
     .flags = SCN_CHOICE,
     .choice = SCN_STEP_FAULT,
     .doc = "The sequencer or an executor misbehaves in this slot (`at` names the slot alone).",
     .example = "{omit_leg: {rollup: A, order: 0}}"},
};
const struct scn_object scn_o_step = {.name = "step",
                                      .doc = "Something that happens.",
                                      .size = sizeof(struct scn_step),
                                      .place = PLUS(scn_step, place),
                                      .choice = PLUS(scn_step, kind),
                                      FIELDS(step_fields)};
