/* Pieces shared by the checks of pro_check.h; not for other rooms.
 *
 * Every step returns 0 when its rule holds, CHK_VIOLATED after it has named the violation, or a
 * negative operating failure. */
#ifndef PROTOCOL_PRO_CHECK_PARTS_H
#define PROTOCOL_PRO_CHECK_PARTS_H

#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_check.h"
#include "common/protocol/pro_preconf.h"

#define CHK_VIOLATED 1

/* Names the violation. Returns CHK_VIOLATED, or ERR_NOMEM. */
__attribute__((format(printf, 3, 4))) int chk_violated(struct pro_violation *v, enum pro_rule rule,
                                                       const char *format, ...);

/* A block whose header is the sequencer's and whose body is the header's. */
struct chk_block {
    struct pro_header header;
    struct pro_block block;
};

int chk_block_open(const struct pro_view *view, const struct pro_block_item *item,
                   struct chk_block *out, struct pro_violation *v) MUST_CHECK;
/* Recomputes the vector commitment from the body. */
int chk_block_commitment(const struct pro_view *view, const struct chk_block *b,
                         struct pro_violation *v) MUST_CHECK;
/* The same, from the block before, which has been checked. */
int chk_block_recommitment(const struct pro_view *view, const struct chk_block *before,
                           const struct chk_block *b, struct pro_violation *v) MUST_CHECK;
void chk_block_fini(struct chk_block *b);

/* The slot's bundles of one block, decoded and checked against their preconfirmations. */
struct chk_bundle {
    struct pro_bundle bundle;
    struct pro_preconf preconf;
    struct hash32 preconf_hash;
};

struct chk_bundles {
    uint32_t n;
    struct chk_bundle *items; /* by ascending seq */
};

/* In: known: NULL, or a block that has been checked: what a preconfirmation says that one of its
 * entries names by its hash is not verified again. */
int chk_bundles_open(const struct pro_view *view, const struct pro_bundle_item *items, uint32_t n,
                     uint64_t slot, const struct pro_block *known, struct chk_bundles *out,
                     struct pro_violation *v) MUST_CHECK;
void chk_bundles_fini(struct chk_bundles *b);
/* Returns: the bundle, or NULL. */
const struct chk_bundle *chk_bundles_find(const struct chk_bundles *b, uint32_t seq);

/* Which other rollups these bundles touch, and which of them have shown their block so far. Rollups
 * without an executor in the view cannot be asked. */
struct chk_others {
    const struct pro_view *view;
    bool *awaited; /* by index of view->executors; owned */
};

int chk_others_init(struct chk_others *o, const struct pro_view *view,
                    const struct chk_bundles *bundles, uint64_t own) MUST_CHECK;
void chk_others_fini(struct chk_others *o);
/* Returns: true the first time an awaited rollup shows up; false for any other, or again. */
bool chk_others_take(struct chk_others *o, uint64_t rollup);
/* Out: a rollup that has not shown up. Returns: false if there is none. */
bool chk_others_missing(const struct chk_others *o, uint64_t *rollup);

/* Does entry `order` of rollup `rollup` stand where its preconfirmation puts it? */
int chk_entry_position(const struct chk_bundles *bundles, uint64_t rollup, uint32_t order,
                       const struct pro_entry *e, struct pro_violation *v) MUST_CHECK;

#endif
