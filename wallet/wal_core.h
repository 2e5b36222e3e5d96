/* Inside the wallet. */
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
    struct hash32 id;
    struct buf raw;           /* as submitted */
    struct hash32 submission; /* keccak256 of that: refusals refer to it */
    bool promised;
    struct pro_preconf preconf; /* when promised */
    enum wal_leg_state *legs;   /* by leg, from L1's final headers */
    bool *finalized;            /* by leg */
};

struct wal {
    struct party p;
    struct wal_account *accounts;
    size_t n_accounts;
    struct wal_bundle *bundles;
    size_t n_bundles;
    size_t cap_bundles;
};

/* Builds, signs, seals and submits what a person asked for. */
int wal_submit(struct wal *w, const Lockstep__SubmitCommand *c) MUST_CHECK;

/* The bundle with this id that still waits for something, or NULL. */
struct wal_bundle *wal_find(struct wal *w, const struct hash32 *id);
void wal_bundle_fini(struct wal_bundle *b);

#endif
