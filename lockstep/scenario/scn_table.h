/* What the parts of the table share: how a descriptor is written, and the patterns of names.
 * Private to scn_table*.c. */
#ifndef SCN_TABLE_H
#define SCN_TABLE_H

#include "lockstep/scenario/scn.h"
#include "lockstep/scenario/scn_schema.h"

#define NS_PER_HOUR (UINT64_C(3600) * 1000000000)
#define RUN_NS_MAX (UINT64_C(1000) * NS_PER_HOUR)
#define INJECT_BYTES_MAX 134217728 /* twice what any party accepts */
#define ALNUM ((unsigned)SCN_UPPER | SCN_LOWER | SCN_DIGIT)

/* The offset of a member, refused by the compiler if it has another type than the descriptor. */
#define AT(S, m, T)                                                                                \
    (offsetof(struct S, m) +                                                                       \
     0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((struct S *)0)->m), T) ? 1 : -1]))
#define ENUM_AT(S, m)                                                                              \
    (offsetof(struct S, m) + 0 * sizeof(char[sizeof(((struct S *)0)->m) == sizeof(int) ? 1 : -1]))
#define PLUS(S, m) (offsetof(struct S, m) + 1)
#define BIT(choice) (1u << (choice))

#define U32(S, m) .type = SCN_U32, .offset = AT(S, m, uint32_t)
#define U64(S, m) .type = SCN_U64, .offset = AT(S, m, uint64_t)
#define AMOUNT(S, m) .type = SCN_U128, .offset = AT(S, m, u128)
#define DURATION(S, m) .type = SCN_DURATION, .offset = AT(S, m, int64_t)
#define PERCENT(S, m) .type = SCN_PERCENT, .offset = AT(S, m, uint32_t)
#define NAME(S, m, p) .type = SCN_NAME, .offset = AT(S, m, struct scn_name), .pattern = &(p)
#define WORD(S, m, p) .type = SCN_WORD, .offset = AT(S, m, const char *), .pattern = &(p)
#define TEXT(S, m) .type = SCN_TEXT, .offset = AT(S, m, const char *)
#define ENUM(S, m, w) .type = SCN_ENUM, .offset = ENUM_AT(S, m), .words = (w)
#define HEX(S, m) .type = SCN_HEX, .offset = AT(S, m, struct bytes)
#define RATIO(S, m) .type = SCN_RATIO, .offset = AT(S, m, struct scn_ratio)
#define WHEN(S, m) .type = SCN_WHEN, .offset = AT(S, m, struct scn_when)
#define CAUSE(S, m) .type = SCN_CAUSE, .offset = AT(S, m, struct scn_cause)
#define OBJECT(S, m, o) .type = SCN_OBJECT, .offset = offsetof(struct S, m), .object = &(o)
/* A mapping whose keys belong to the object it stands in. */
#define OBJECT_HERE(o) .type = SCN_OBJECT, .offset = 0, .object = &(o)
#define ITEMS(S, m, o) .type = SCN_ITEMS, .offset = offsetof(struct S, m), .object = &(o)
#define ENTRIES(S, m, o, p)                                                                        \
    .type = SCN_ENTRIES, .offset = offsetof(struct S, m), .object = &(o), .pattern = &(p)
#define FIELDS(a) .fields = (a), .n = sizeof(a) / sizeof((a)[0])

#define BOUND_FIELDS(S, KIND, max_value, sample)                                                   \
    {.key = "equals",                                                                              \
     KIND(S, value),                                                                               \
     .flags = SCN_CHOICE,                                                                          \
     .choice = SCN_EQUALS,                                                                         \
     .max = (max_value),                                                                           \
     .doc = "Exactly this.",                                                                       \
     .example = (sample)},                                                                         \
        {.key = "at_least",                                                                        \
         KIND(S, value),                                                                           \
         .flags = SCN_CHOICE,                                                                      \
         .choice = SCN_AT_LEAST,                                                                   \
         .max = (max_value),                                                                       \
         .doc = "This or more.",                                                                   \
         .example = (sample)},                                                                     \
    {                                                                                              \
        .key = "at_most", KIND(S, value), .flags = SCN_CHOICE, .choice = SCN_AT_MOST,              \
        .max = (max_value), .doc = "This or less.", .example = (sample)                            \
    }

extern const struct scn_pattern scn_p_name;
extern const struct scn_pattern scn_p_pool;
extern const struct scn_pattern scn_p_rollup;
extern const struct scn_pattern scn_p_asset;
extern const struct scn_pattern scn_p_actor;
extern const struct scn_pattern scn_p_link;
extern const struct scn_pattern scn_p_reason;

extern const struct scn_word scn_mempool_words[];
extern const struct scn_word scn_state_proof_words[];

extern const struct scn_object scn_o_fault;  /* what the sequencer does wrong */
extern const struct scn_object scn_o_op;     /* one step of a transaction */
extern const struct scn_object scn_o_step;   /* an entry of the timeline */
extern const struct scn_object scn_o_expect; /* an entry of the expectations */

#endif
