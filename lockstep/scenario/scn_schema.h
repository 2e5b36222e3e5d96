/* What a scenario may say: one table of field descriptors (scn_table.c) that drives the loader,
 * the JSON Schema for editors (json-schema.org, draft 2020-12) and the reference page. */
#ifndef SCN_SCHEMA_H
#define SCN_SCHEMA_H

#include "common/base/bytes.h"
#include "lockstep/scenario/scn_yaml.h"

#include <stdint.h>

enum scn_type {
    SCN_U32,      /* uint32_t */
    SCN_U64,      /* uint64_t */
    SCN_U128,     /* u128 */
    SCN_DURATION, /* int64_t, nanoseconds */
    SCN_PERCENT,  /* uint32_t, parts per million */
    SCN_NAME,     /* struct scn_name, checked against `pattern` */
    SCN_WORD,     /* const char *, checked against `pattern` */
    SCN_TEXT,     /* const char *, one line or several */
    SCN_ENUM,     /* int or enum, one of `words` */
    SCN_HEX,      /* struct bytes; min, max: length in bytes */
    SCN_RATIO,    /* struct scn_ratio */
    SCN_WHEN,     /* struct scn_when */
    SCN_CAUSE,    /* struct scn_cause */
    SCN_OBJECT,   /* the struct `object` describes */
    SCN_ITEMS,    /* list of `object`, or of names if `pattern` is set */
    SCN_ENTRIES,  /* mapping with free keys (checked against `pattern`) to `object` */
};

struct scn_word {
    const char *word; /* NULL ends the list */
    int value;
    bool unsupported; /* known, but this version cannot do it */
    const char *doc;
};

/* What a name may look like. */
struct scn_pattern {
    const char *what;  /* "a rollup name" */
    const char *says;  /* "a letter, then up to 15 letters, digits or `-`" */
    const char *regex; /* the same, for JSON Schema */
    unsigned first;    /* SCN_UPPER... allowed at the start */
    unsigned rest;
    size_t max; /* characters; 0: not checked here */
};

enum { SCN_UPPER = 1, SCN_LOWER = 2, SCN_DIGIT = 4, SCN_DASH = 8, SCN_UNDERSCORE = 16 };

enum scn_field_flag {
    SCN_REQUIRED = 1,
    SCN_CHOICE = 2,    /* exactly one CHOICE field of the object is given; its `choice` is stored */
    SCN_NUMERIC = 4,   /* ENUM whose words are numbers */
    SCN_REST = 8,      /* ENTRIES that take every key the object does not name */
    SCN_INLINE = 16,   /* the object's only field, which is the whole value: no key */
    SCN_OPTIONAL = 32, /* OBJECT that stays zero when it is not there, without its defaults */
};

struct scn_object;

/* Offsets that may be absent are kept plus one, so that 0 means none. */
struct scn_field {
    const char *key;
    enum scn_type type;
    unsigned flags;
    int choice;
    unsigned with; /* bit set of choices this field goes with; 0: all */
    size_t offset;
    size_t given;         /* a bool that is set when the key is there */
    uint64_t min;         /* numbers: bounds; lists and mappings: entries; hex: bytes */
    uint64_t max;         /* 0 for U128: none */
    const char *fallback; /* default, as it would be written */
    const struct scn_word *words;
    const struct scn_pattern *pattern;
    const struct scn_object *object;
    const char *doc;
    const char *example; /* as it would be written after the key */
};

struct scn_object {
    const char *name; /* "rollup" */
    const char *doc;
    size_t size;
    size_t place;   /* a struct scn_place */
    size_t name_at; /* ENTRIES: the struct scn_name that takes the key */
    size_t choice;  /* an int or enum that takes the choice made */
    const struct scn_field *fields;
    size_t n;
};

/* The whole scenario. */
extern const struct scn_object scn_schema;

/* Reads `node` into the zeroed struct at `base`, defaults included; lists and strings are taken
 * from `arena`. Messages go to `errors`. Returns: 0 (look at `errors`) or ERR_NOMEM. */
int scn_read_object(const struct scn_object *o, const struct scn_node *node, void *base,
                    struct scn_arena *arena, struct scn_errors *errors) MUST_CHECK;

/* Reads a scalar of field `f` into `at` (the field itself, not its struct); messages call it
 * `label`. Returns: as above. */
int scn_read_scalar(const struct scn_field *f, const char *label, const struct scn_node *node,
                    void *at, struct scn_arena *arena, struct scn_errors *errors) MUST_CHECK;

/* Returns: the word for a value, "?" if there is none. */
const char *scn_word_of(const struct scn_word *words, int value);

/* Out: a duration as the shortest whole number with a unit ("20ms"). */
#define SCN_DURATION_TEXT 32
void scn_duration_text(uint64_t ns, char out[SCN_DURATION_TEXT]);

bool scn_pattern_matches(const struct scn_pattern *p, const char *text);

/* Append to `out`; failures stick in out->err. Same bytes on every machine. Return: 0 or
 * ERR_NOMEM. */
int scn_schema_json(struct buf *out) MUST_CHECK;
int scn_schema_markdown(struct buf *out) MUST_CHECK;

#endif
