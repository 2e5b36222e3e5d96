/* Inside the wallet. wal.c dispatches and follows bundles to their end, wal_submit.c makes them,
 * wal_watch.c holds the sequencer to its promises, wal_faults.c breaks bundles where a scenario
 * wants it. */
#ifndef WALLET_WAL_CORE_H
#define WALLET_WAL_CORE_H

#include "common/actor/party.h"
#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_preconf.h"

struct wal_account {
    char *name;
    struct sig_key key;
};

enum wal_leg_state { WAL_LEG_OPEN, WAL_LEG_IN, WAL_LEG_EXCLUDED };

/* A bundle from submission until L1 has finalized all its rollups. */
struct wal_bundle {
    char *name;
    uint64_t number; /* of the submission */
    struct hash32 id;
    struct buf raw;           /* as submitted */
    struct hash32 submission; /* keccak256 of that: refusals refer to it */
    bool promised;
    struct pro_preconf preconf; /* when promised */
    enum wal_leg_state *legs;   /* by leg, from L1's final headers */
    bool *finalized;            /* by leg */
};

/* A proposal block that ought to hold legs of ours: its header is on L1, its body on the way from
 * DA. */
struct wal_watched {
    uint64_t slot;
    uint64_t rollup;
    struct buf header;
};

struct wal {
    struct party p;
    struct wal_account *accounts;
    size_t n_accounts;
    struct wal_bundle *bundles;
    size_t n_bundles;
    size_t cap_bundles;
    uint64_t n_submitted;
    struct wal_watched *watched;
    size_t n_watched;
    size_t cap_watched;
    uint64_t next_work;
};

/* Builds, signs, seals and submits what a person asked for. */
int wal_submit(struct wal *w, const Lockstep__SubmitCommand *c) MUST_CHECK;

/* wal_watch.c */

/* Compares a bundle's promise, which is good in itself, with all others for the slot. */
int wal_compare_promises(struct wal *w, const struct wal_bundle *b) MUST_CHECK;
/* L1 has registered a proposal block. */
int wal_on_l1_block(struct wal *w, const Lockstep__L1Event *e) MUST_CHECK;
int wal_on_item(struct wal *w, uint32_t from, const Lockstep__DaItem *m) MUST_CHECK;
int wal_on_watched(struct wal *w, const struct act_event *ev) MUST_CHECK;
int wal_work_run(const struct act_actor *self, uint32_t kind, struct bytes request,
                 struct buf *result);
void wal_watched_fini(struct wal_watched *x);

/* wal_faults.c: each does nothing unless the command has such a fault. */

/* Turns leg `leg`'s plaintext into noise. */
int wal_fault_plaintext(struct wal *w, const Lockstep__SubmitFault *f, uint32_t leg,
                        struct buf *plain) MUST_CHECK;
/* Makes leg `leg` a puzzle that does not open, whatever its proof says: Q is another element. */
int wal_fault_proof(const Lockstep__SubmitFault *f, uint32_t leg,
                    struct tlp_puzzle_out *puzzle) MUST_CHECK;
/* Out: the u of the leg that leg `leg` is replaced by; a view into that bundle. Returns: as below.
 */
int wal_fault_lifted_u(const struct wal *w, const Lockstep__SubmitFault *f, uint32_t leg,
                       struct bytes *u) MUST_CHECK;
/* Replaces what leg `leg` seals by what a leg of another bundle does. Returns: 0, ERR_NOMEM, or
 * ERR_NOTFOUND if that bundle is over. */
int wal_fault_lift(const struct wal *w, const Lockstep__SubmitFault *f, uint32_t leg,
                   struct bytes open, struct buf *out) MUST_CHECK;
/* Returns: the bundle whose bytes go out once more, NULL if it is over. */
const struct wal_bundle *wal_fault_replayed(const struct wal *w, const Lockstep__SubmitFault *f);
/* Puts it on record. */
void wal_fault_tell(struct wal *w, const Lockstep__SubmitFault *f);

/* wal.c */

void wal_bundle_fini(struct wal_bundle *b);

#endif
