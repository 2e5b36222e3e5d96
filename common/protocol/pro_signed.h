/* Signed artifacts: exact bytes of a canonical body, then 65 bytes of signature.
 *
 * digest = keccak256(deployment id || u16 length of tag || tag || body). The tag is a domain
 * separator that names the kind of artifact, so one kind can never pass for another. */
#ifndef PROTOCOL_PRO_SIGNED_H
#define PROTOCOL_PRO_SIGNED_H

#include "common/protocol/pro_ids.h"

#define PRO_TAG_ORDER "lockstep/order-commitment/v1"
#define PRO_TAG_BLOCK "lockstep/block-header/v1"
#define PRO_TAG_RESULT "lockstep/execution-result/v1"
#define PRO_TAG_REJECTION "lockstep/rejection/v1"
#define PRO_TAG_OPENINGS "lockstep/openings/v1"
#define PRO_TAG_DA_ACK "lockstep/da-acknowledgement/v1"

/* The digest that is signed. */
void pro_digest(const struct hash32 *deployment, const char *tag, struct bytes body,
                struct hash32 *out);

/* Appends body || signature to `out`; failures stick in out->err. */
void pro_sign(const struct hash32 *deployment, const char *tag, const struct sig_key *key,
              struct bytes body, struct buf *out);

/* Splits an artifact and recovers its signer. Out: body is a view into `artifact`.
 * Returns: 0, ERR_TRUNCATED (shorter than a signature) or ERR_SIGNATURE. */
int pro_unsign(const struct hash32 *deployment, const char *tag, struct bytes artifact,
               struct bytes *body, struct addr20 *signer) MUST_CHECK;

/* The same, and the signer must be `expected`, else ERR_SIGNATURE. */
int pro_unsign_from(const struct hash32 *deployment, const char *tag, struct bytes artifact,
                    const struct addr20 *expected, struct bytes *body) MUST_CHECK;

#endif
