/* What executors check before they sign anything: the three steps of "proposal block proving",
 * every removal in a second proposal block, and the finalized blocks of all rollups their bundles
 * touch.
 *
 * Each check is a pure function of a dossier, the exact bytes somebody published, so that the same
 * bytes can be judged by anybody, later, elsewhere. The first violation found is named. */
#ifndef PROTOCOL_PRO_CHECK_H
#define PROTOCOL_PRO_CHECK_H

#include "common/crypto/kzg/vc.h"
#include "common/crypto/timelock/tlp.h"
#include "common/protocol/pro_block.h"
#include "common/protocol/pro_descriptor.h"
#include "common/protocol/pro_ids.h"

/* X(symbol, name): rules somebody can break. */
#define PRO_RULE_MAP(X)                                                                            \
    X(PRO_RULE_NONE, "none")                                                                       \
    X(PRO_RULE_HEADER, "header")                   /* not signed by the sequencer, or malformed */ \
    X(PRO_RULE_PLACE, "place")                     /* for another slot, rollup or round */         \
    X(PRO_RULE_BODY, "body")                       /* body does not match its header */            \
    X(PRO_RULE_COMMITMENT, "commitment")           /* leaves do not match the commitment */        \
    X(PRO_RULE_ORDER, "order_commitment")          /* block differs from what was sealed */        \
    X(PRO_RULE_PRECONFIRMATION, "preconfirmation") /* not signed, or not of this bundle */         \
    X(PRO_RULE_POSITION, "position")               /* entry is not what was promised there */      \
    X(PRO_RULE_GLOBAL_ORDER, "global_order")       /* entries out of (seq, leg) order */           \
    X(PRO_RULE_SIBLING, "sibling")                 /* a sibling leg or block is missing */         \
    X(PRO_RULE_OPENING, "opening")                 /* a time-lock opening is wrong */              \
    X(PRO_RULE_PLAINTEXT, "plaintext")             /* entry is not what its cipher opens to */     \
    X(PRO_RULE_ALTERED, "altered")                 /* an entry changed other than by exclusion */  \
    X(PRO_RULE_UNJUSTIFIED, "unjustified")         /* excluded without a proven cause */           \
    X(PRO_RULE_PARTIAL, "partial")                 /* a bundle excluded in part */                 \
    X(PRO_RULE_KEPT_FAILED, "kept_failed")         /* a failed leg was not excluded */             \
    X(PRO_RULE_ROOT, "root") /* finalized state root is not the executed one */

enum pro_rule {
#define X(symbol, name) symbol,
    PRO_RULE_MAP(X)
#undef X
};

const char *pro_rule_name(enum pro_rule rule);

/* Who signs what, and the tables the checks need. Borrowed. */
struct pro_view {
    struct pro_deployment deployment;
    struct hash32 domain; /* pro_preconf_domain(&deployment) */
    struct addr20 sequencer;
    size_t n_executors;
    const struct pro_executor *executors;
    const struct vc_setup *vc;
    const struct tlp_params *tlp;
    /* The policy's, see common/policy/pol.h. */
    bool keeps_reverted;
    bool keeps_failed;
    bool foreign_causes;
    uint32_t max_rounds;
};

struct pro_violation {
    enum pro_rule rule;
    struct buf detail; /* a sentence; owned */
};

/* DA item of an admitted bundle: var(bundle) var(preconfirmation). */
void pro_bundle_item_encode(struct bytes bundle, struct bytes preconf, struct buf *out);
int pro_bundle_item_decode(struct bytes in, struct bytes *bundle, struct bytes *preconf) MUST_CHECK;

/* Is this plaintext a transaction that this leg may carry: decodes, names this deployment, rollup,
 * bundle nonce and leg, is what the open part says of it, and is signed by its sender? An open
 * sender must be the transaction's, an open transaction the very same bytes; an open fee must be 0,
 * as transactions carry none. Returns: 0 or the reason as an error code. */
struct pro_leg;
int pro_tx_on_face(const struct hash32 *deployment, const struct pro_leg *leg,
                   struct bytes plaintext) MUST_CHECK;

struct pro_bundle_item {
    uint32_t seq;
    struct bytes data;
};

struct pro_block_item {
    struct bytes header; /* signed header */
    struct bytes body;
};

/* Everything an executor looks at before it executes a proposal block. */
struct pro_proposal_dossier {
    uint64_t slot;
    uint64_t rollup;
    struct pro_block_item block;
    struct bytes order;    /* signed order commitment */
    struct bytes openings; /* signed openings */
    uint32_t n_bundles;    /* every bundle with a leg in the block, by seq */
    const struct pro_bundle_item *bundles;
    uint32_t n_siblings; /* the blocks of all other rollups these bundles touch, one each */
    const struct pro_block_item *siblings;
};

/* A signed result, and proofs of failures in it (pro_failure.h). */
struct pro_proven {
    struct bytes result;
    struct bytes proofs;
};

/* What an executor looks at when it is sent a second proposal block or a finalized block. */
struct pro_next_dossier {
    struct pro_block_item before; /* what it executed last in this slot */
    struct bytes status;          /* its own result for that: status bitmap */
    struct hash32 post_root;      /* and the state root */
    struct pro_block_item after;
    uint32_t n_bundles; /* every bundle with a leg in the block, by seq */
    const struct pro_bundle_item *bundles;
    uint32_t n_failures;
    const struct pro_proven *failures;
    uint32_t n_proposals; /* round 0 of this rollup and of those its bundles and causes touch */
    const struct pro_block_item *proposals;
    uint32_t n_siblings; /* final only: signed final headers of these rollups */
    const struct bytes *siblings;
};

/* Each: Out: the violation, rule NONE if there is none; release with pro_violation_fini.
 * Returns: 0, ERR_NOMEM, ERR_CRYPTO, or ERR_INVALID if the dossier's bundles are not in ascending
 * order of seq, each once. */
int pro_check_proposal(const struct pro_view *view, const struct pro_proposal_dossier *in,
                       struct pro_violation *out) MUST_CHECK;
int pro_check_second(const struct pro_view *view, const struct pro_next_dossier *in,
                     struct pro_violation *out) MUST_CHECK;
int pro_check_final(const struct pro_view *view, const struct pro_next_dossier *in,
                    struct pro_violation *out) MUST_CHECK;
void pro_violation_fini(struct pro_violation *v);

#endif
