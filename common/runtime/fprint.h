/* The fingerprint of a run: SHA-256 over a canonical record of every delivered event and of every
 * trace and reject effect, in the order of commitment. Two runs with equal fingerprints delivered
 * the same events with the same content in the same order.
 *
 * Records, integers big-endian:
 *   event   'E' || u64 time_ns || u32 to || u32 from || u64 seq || u8 kind || u64 id ||
 *           u32 work_kind || u32 work_rc || u32 body length || body
 *           (WORK_DONE: sha256 of the result stands for the body, its length is kept)
 *   record  'T' || u32 length || bytes
 *   reject  'R' || u32 peer || u32 reason || u32 length || detail
 *   host    'H' || u32 length || bytes            (a message to ACT_HOST)
 *   life    'L' || u64 time_ns || u32 actor || u8 what || u32 rc */
#ifndef RUNTIME_FPRINT_H
#define RUNTIME_FPRINT_H

#include "common/crypto/hash.h"
#include "common/runtime/queue.h"

struct fprint {
    struct hash_sha sha;
    size_t used;
    uint8_t pending[16384]; /* small pieces wait here: a call per piece costs more than hashing */
};

/* Returns: 0 or ERR_NOMEM. */
int fprint_init(struct fprint *f) MUST_CHECK;
void fprint_fini(struct fprint *f);

/* In: for ACT_WORK_DONE `result` is the hash and result_bytes the length of the result; else both
 * are ignored and ev->body counts. */
void fprint_event(struct fprint *f, const struct queue_key *key, const struct act_event *ev,
                  const struct hash32 *result, uint64_t result_bytes);
void fprint_record(struct fprint *f, struct bytes record);
void fprint_reject(struct fprint *f, uint32_t peer, enum act_reject_reason reason,
                   struct bytes detail);
void fprint_host(struct fprint *f, struct bytes body);
void fprint_life(struct fprint *f, struct sim_time now, uint32_t actor, uint8_t what, int rc);

/* The fingerprint of everything added so far. */
void fprint_peek(struct fprint *f, struct hash32 *out);

#endif
