/* Every decoder of the protocol as "decode, encode again": what both the unit tests and the fuzz
 * target hold against the bytes that went in. */
#ifndef TEST_LIB_RECODE_H
#define TEST_LIB_RECODE_H

#include "common/base/bytes.h"

struct recoder {
    const char *name;
    /* Appends what was decoded, encoded again. Returns: what the decoder returned. */
    int (*recode)(struct bytes in, struct buf *out);
};

extern const struct recoder recoders[];
extern const size_t n_recoders;

/* Returns: the recoder of that name; ends the program if there is none. */
const struct recoder *recoder_find(const char *name);

#endif
