/* What is wrong with a scenario, for the person who wrote it: up to SCN_ERRORS_MAX messages from
 * one reading, each `name:line:column: reason; remedy`, in the order of the text. */
#ifndef SCN_ERRORS_H
#define SCN_ERRORS_H

#include "common/base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

#define SCN_ERRORS_MAX 20

/* Where something stands in the text, both from 1, columns in characters. Line 0: nowhere (the
 * file as a whole, or a default). */
struct scn_place {
    uint32_t line;
    uint32_t column;
};

struct scn_error {
    struct scn_place place;
    size_t text_offset;
    size_t text_len;
};

/* All zeroes is an empty collection. */
struct scn_errors {
    struct scn_error items[SCN_ERRORS_MAX];
    size_t n;
    size_t dropped; /* errors beyond SCN_ERRORS_MAX */
    struct buf text;
};

void scn_errors_fini(struct scn_errors *e);

/* Adds one message, clipped to 600 bytes; counts it only when the collection is full. */
__attribute__((format(printf, 3, 4))) void scn_fail(struct scn_errors *e, struct scn_place place,
                                                    const char *format, ...);

static inline bool scn_errors_full(const struct scn_errors *e)
{
    return e->n == SCN_ERRORS_MAX;
}

/* Returns: true when a message stands at or after `from` and before `to`. */
bool scn_errors_between(const struct scn_errors *e, struct scn_place from, struct scn_place to);

/* Appends one line per message to `out`, in the order of places, each beginning with `name`. */
void scn_errors_write(struct scn_errors *e, const char *name, struct buf *out);

/* Text of the file as it may stand in a message: clipped, one line. */
struct scn_clip {
    char text[64];
};
const char *scn_clip(struct scn_clip *room, const char *text);
#define SHOW(text) scn_clip(&(struct scn_clip){{0}}, (text))

/* Looks for the known word nearest to a wrong one (edit distance with transpositions). */
struct scn_hint {
    const char *wrong;
    const char *best; /* NULL: nothing is near */
    size_t best_distance;
    size_t n;
    char known[200]; /* the first words, for when nothing is near */
    char text[256];
};

#define SCN_HINT_FOR(wrong_word)                                                                   \
    {                                                                                              \
        .wrong = (wrong_word)                                                                      \
    }

/* `word` must outlive the hint. Words after the 4,096th are not looked at. */
void scn_hint_add(struct scn_hint *h, const char *word);

/* In: what the words are, plural ("rollups"). Returns: "did you mean `A`?", "known rollups: A, B"
 * or "no rollups are defined"; lives as long as the hint. */
const char *scn_hint_text(struct scn_hint *h, const char *plural);

#endif
