/* The derived setup file: what committing, opening and verifying need, ready to be mapped.
 *
 *   header (64 bytes): magic "LSVCSET1" || native u64 0x0102030405060708 || native u64 length ||
 *                      8 zero bytes || sha256 of all that follows
 *   body: struct vc_tables, in the curve library's in-memory form (Montgomery, native byte order)
 *
 * Loading the ceremony's file takes seconds; mapping this one under a millisecond. It is a cache,
 * made on the machine that uses it: the checksum tells damage, not malice. */
#ifndef KZG_VC_CACHE_H
#define KZG_VC_CACHE_H

#include "common/crypto/kzg/vc.h"

/* In: the text of the ceremony's trusted setup as c-kzg-4844 distributes it. Out: appended to
 * *cache. Takes seconds.
 * Returns: 0, ERR_NOMEM, ERR_TOOBIG (over the limit of *cache), ERR_INVALID (not such a text),
 * ERR_CRYPTO (the library refuses it). */
int vc_cache_build(struct bytes trusted_setup, struct buf *cache) MUST_CHECK;

#endif
