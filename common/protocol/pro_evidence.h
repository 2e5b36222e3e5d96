/* Evidence: bytes that convict somebody by their own signatures, judged by the same code offline
 * and on L1. It carries the deployment's descriptor, so it needs nothing else.
 *
 *   evidence = "LSEVID01" || var(descriptor) || u8 kind || the kind's fields
 *   opening  = y (32) || proof (48) at position promise.order of the commitment in question
 *   preimage = var(what the opened leaf of a block is the keccak256 of): of a leg's leaf
 *              enc_tx_hash || tx_hash || bundle_id || u32 leg || u32 n_legs, of a tombstone's
 *              "excluded" || bundle_id || cause
 *
 *   two_promises          promise || promise: one position or one seq promised to two, or two
 *                         places to one leg
 *   two_orders            var(order commitment) twice: two for one rollup and slot
 *   two_blocks            var(header) twice: two for one rollup, slot, round and stage
 *   order_breaks_promise  promise || var(order commitment) || opening
 *   block_breaks_promise  promise || var(header) || opening || preimage: the block is too short, or
 *                         holds neither the leg nor, once it may, the leg's tombstone
 *   broken_order          promise || promise: the earlier bundle or leg stands behind the later
 *   bad_admission         promise || var(parameters) || var(leg): its time-lock proof is false, or
 *                         the promise is for another rollup or place in the bundle than the leg
 *   wrong_openings        promise || var(parameters) || var(leg) || var(signed openings): w is not
 *                         the leg's, or the verdict is not what it opens to
 *   wrong_plaintext       promise || var(parameters) || var(leg) || var(w) || var(header) ||
 *                         opening || preimage: the block holds something else
 *   split_bundle          promise || promise || var(final header) || var(final header): two legs of
 *                         one bundle, one excluded and the other not
 *   foreign_cause         promise || promise || var(header) || opening || preimage: the first one's
 *                         leg is excluded for a failure at the second one's place, which is another
 *                         bundle's
 *
 *   two_results           var(signed result) twice: two for one rollup, slot and round
 *   false_step            var(signed result) || var(step) || opening || preimage || var(leg) ||
 *                         var(transaction) || var(cover): executing what stands at the step's
 *                         position of the executed block gives another outcome or root than the
 *                         result says (pro_step.h). Nothing stands there if the opened leaf is a
 *                         tombstone, or the leg is none that the transaction fits: then witness and
 *                         cover are empty, at a tombstone leg and transaction too
 *
 *   cover                 empty if the transaction needs none; else var(sources of the result)
 *                         (pro_cover.h) || for every other leg of its bundle, in order: u64 rollup
 *                         || u32 order || opening of that rollup's source || preimage || var(leg)
 *                         || var(transaction)
 *
 * A position at or beyond the count that the sequencer signed needs no opening: opening and
 * preimage are zero and empty then; so is the preimage when the opened leaf is the empty one.
 * Nothing in evidence may vary without a conviction being lost, so it has one form. A proof that
 * does not verify convicts nobody: who wants a conviction has to bring a good one. Promises, order
 * commitments, headers and openings are the sequencer's signatures and convict the sequencer;
 * results are an executor's. See docs/evidence.md. */
#ifndef PROTOCOL_PRO_EVIDENCE_H
#define PROTOCOL_PRO_EVIDENCE_H

#include "common/crypto/kzg/vc.h"
#include "common/protocol/pro_block.h"
#include "common/protocol/pro_descriptor.h"
#include "common/protocol/pro_promise.h"

/* X(constant, value, name) */
#define PRO_EVIDENCE_MAP(X)                                                                        \
    X(PRO_EVIDENCE_TWO_PROMISES, 1, two_promises)                                                  \
    X(PRO_EVIDENCE_TWO_ORDERS, 2, two_orders)                                                      \
    X(PRO_EVIDENCE_TWO_BLOCKS, 3, two_blocks)                                                      \
    X(PRO_EVIDENCE_ORDER_BREAKS_PROMISE, 4, order_breaks_promise)                                  \
    X(PRO_EVIDENCE_BLOCK_BREAKS_PROMISE, 5, block_breaks_promise)                                  \
    X(PRO_EVIDENCE_BROKEN_ORDER, 6, broken_order)                                                  \
    X(PRO_EVIDENCE_BAD_ADMISSION, 7, bad_admission)                                                \
    X(PRO_EVIDENCE_WRONG_OPENINGS, 8, wrong_openings)                                              \
    X(PRO_EVIDENCE_WRONG_PLAINTEXT, 9, wrong_plaintext)                                            \
    X(PRO_EVIDENCE_SPLIT_BUNDLE, 10, split_bundle)                                                 \
    X(PRO_EVIDENCE_FOREIGN_CAUSE, 11, foreign_cause)                                               \
    X(PRO_EVIDENCE_TWO_RESULTS, 12, two_results)                                                   \
    X(PRO_EVIDENCE_FALSE_STEP, 13, false_step)

enum pro_evidence_kind {
#define X(constant, value, name) constant = (value),
    PRO_EVIDENCE_MAP(X)
#undef X
};

#define PRO_MAX_EVIDENCE_BYTES ((size_t)8 << 20)

struct pro_opening_proof {
    struct hash32 y;
    struct vc_proof proof;
};

#define PRO_PREIMAGE_BYTES ((size_t)104) /* of a leg; a tombstone's is shorter */

/* A leg's, decoded. */
struct pro_preimage {
    struct hash32 enc_tx_hash;
    struct hash32 tx_hash;
    struct hash32 bundle_id;
    uint32_t leg;
    uint32_t n_legs;
};

enum pro_field {
    PRO_FIELD_END,
    PRO_FIELD_PROMISE,
    PRO_FIELD_SECOND,
    PRO_FIELD_ARTIFACT,
    PRO_FIELD_OTHER,
    PRO_FIELD_PARAMS,
    PRO_FIELD_LEG,
    PRO_FIELD_OPENING,
    PRO_FIELD_PREIMAGE,
    PRO_FIELD_TX,
    PRO_FIELD_COVER,
};

/* The fields a kind has are set, the others zero. Views. */
struct pro_evidence {
    struct bytes descriptor; /* encoded */
    enum pro_evidence_kind kind;
    struct pro_promise promise;
    struct pro_promise second;
    struct bytes artifact; /* order commitment, header, openings or result */
    struct bytes other;    /* the second of two; in wrong_plaintext the opening w, in false_step
                              the step */
    struct bytes params;
    struct bytes leg;
    struct pro_opening_proof opening;
    struct bytes preimage;
    struct bytes tx;
    struct bytes cover;
};

/* Another leg of a bundle, as cover shows it. Views. */
struct pro_cover_leg {
    uint64_t rollup;
    uint32_t order;
    struct pro_opening_proof opening;
    struct bytes preimage;
    struct bytes leg;
    struct bytes tx;
};

void pro_cover_leg_write(const struct pro_cover_leg *l, struct buf *out);
/* Failures stay in r->err. */
void pro_cover_leg_read(struct rd *r, struct pro_cover_leg *out);

/* Does evidence of this kind have this field? */
bool pro_evidence_has(enum pro_evidence_kind kind, enum pro_field field);

/* Appends a leg's preimage. */
void pro_preimage_encode(const struct pro_preimage *p, struct buf *out);
/* Returns: 0, ERR_TRUNCATED or ERR_TRAILING (no preimage of a leg). */
int pro_preimage_decode(struct bytes in, struct pro_preimage *out) MUST_CHECK;
/* A tombstone's. Returns: 0, or ERR_UNSUPPORTED (no preimage of a tombstone). */
int pro_tombstone_decode(struct bytes in, struct hash32 *bundle_id,
                         struct pro_place *cause) MUST_CHECK;
/* Appends what the leaf of a block's entry is the hash of. */
void pro_preimage_of(const struct pro_entry *e, struct buf *out);

/* In: a known kind. Appends; failures stay in out->err. */
void pro_evidence_encode(const struct pro_evidence *e, struct buf *out);
/* Strict. Out: views into `in`. Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_TOOBIG,
 * ERR_NONCANONICAL, ERR_UNSUPPORTED (no evidence, or of a kind nobody knows). */
int pro_evidence_decode(struct bytes in, struct pro_evidence *out) MUST_CHECK;

/* A conviction. */
struct pro_conviction {
    enum pro_evidence_kind kind;
    struct hash32 deployment;
    struct addr20 culprit;
    uint64_t slot;
    uint64_t gas;        /* what an Ethereum contract would pay to judge this */
    struct buf sentence; /* what the culprit did; owned */
};

void pro_conviction_fini(struct pro_conviction *c);

/* Judges. In: vc, which only verifies. Out: *out on 0. `why` gets a
 * sentence if the evidence convicts nobody. Returns: 0: convicted; ERR_PROOF: it proves nothing;
 * what pro_evidence_decode returns; ERR_NOMEM, ERR_CRYPTO. */
int pro_evidence_judge(const struct vc_setup *vc, struct bytes evidence, struct pro_conviction *out,
                       struct buf *why) MUST_CHECK;

/* Returns: "executor" or "sequencer": who is convicted by evidence of this kind. */
const char *pro_evidence_culprit(enum pro_evidence_kind kind);

/* Returns: "two_promises", ...; "unknown" for no known kind. Static storage. */
const char *pro_evidence_name(enum pro_evidence_kind kind);

#endif
