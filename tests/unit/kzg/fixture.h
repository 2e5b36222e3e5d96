/* What the tests of vector commitments share: files, random blocks, c-kzg-4844's own view of them.
 */
#ifndef TEST_KZG_FIXTURE_H
#define TEST_KZG_FIXTURE_H

#include "common/base/bytes.h"
#include "common/base/prng.h"
#include "common/crypto/kzg/vc.h"

#include <ckzg.h>

/* The order of the scalar field, big-endian. */
extern const struct hash32 fix_order;

/* Out: the file's content. Ends the test program with a message if it cannot be read. */
void fix_read(const char *path, struct buf *out);

/* In: the derived setup file. Out: its content in *file, which lives as long as the setup. */
struct vc_setup *fix_setup(const char *path, struct buf *file);

/* In: the ceremony's file. Out: all of c-kzg's setup. */
void fix_general(const char *path, KZGSettings *out);

/* Out: any 32 bytes, more than half of them not below the order of the field. */
struct hash32 fix_leaf(struct prng *p);

/* Out: n used positions in ascending order, with random leaves. */
void fix_block(struct prng *p, size_t n, struct vc_entry *out);

/* value mod order, by GMP. */
struct hash32 fix_reduce(const struct hash32 *value);

/* value + times * order; must fit. */
struct hash32 fix_plus_order(const struct hash32 *value, unsigned times);

/* The block as a blob, reduced by GMP. */
void fix_blob(const struct vc_entry *entries, size_t n, Blob *out);

/* Returns: the first position the block does not use. */
uint32_t fix_unused(const struct vc_entry *entries, size_t n);

#endif
