/* Helpers of the tests of encodings: strictness, for all alike, and writing bytes by hand. */
#ifndef TEST_PROTOCOL_STRICT_H
#define TEST_PROTOCOL_STRICT_H

#include "common/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Decodes and encodes again by the recoder of this name; what is taken must give the same bytes.
 * Returns: what the decoder says. */
int recode(const char *what, struct bytes in);
/* Takes exactly these bytes: none less, none more; and damaged bytes only if they are an encoding
 * of something else. */
void assert_strict(const char *what, struct bytes good);
/* Recodes with one byte replaced. */
int with_byte(const char *what, struct bytes good, size_t at, uint8_t value);

/* Big-endian, `width` bytes. */
void put(struct buf *b, uint64_t v, size_t width);
void put_hash(struct buf *b, uint8_t fill);
void put_text(struct buf *b, const char *text);
struct hash32 filled(uint8_t fill);
/* Compares and releases both. */
void assert_same(struct buf *a, struct buf *b);

#endif
