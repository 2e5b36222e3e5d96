/* The state of one rollup: balances, nonces, pools, lending and bridge totals in a Merkle tree,
 * with a journal.
 *
 *   key of a balance = 0x01 || account (20) || asset (16, zero-padded)   value u128
 *   key of a nonce   = 0x02 || account (20)                              value u64
 *   key of a pool    = 0x03 || pool (16, zero-padded)
 *       value asset a (16) || u128 reserve a || asset b (16) || u128 reserve b || u32 fee_ppm
 *   key of a lending pool = 0x04 || pool (16, zero-padded)
 *       value asset (16) || u128 liquidity || collateral asset (16) || u128 collateral held ||
 *             u64 factor num || u64 factor den
 *   key of a position = 0x05 || pool (16, zero-padded) || account (20)
 *       value u128 supplied || u128 collateral || u128 debt || u128 flash debt
 *   key of a bridge total = 0x06 || u64 other rollup || asset (16, zero-padded)
 *       value u128 sent out || u128 taken in
 *
 * Integers are big-endian. Zero balances, nonces, positions and totals are not stored, so equal
 * content has an equal root (smt.h), whatever led there. The rollup's id is not part of the root.
 */
#ifndef LEDGER_LED_STATE_H
#define LEDGER_LED_STATE_H

#include "common/ledger/led_op.h"
#include "common/ledger/smt.h"

/* Fees are in parts per million of what is paid in, below this. */
#define LED_PPM 1000000

struct led_state;

struct led_pool {
    struct led_name asset_a;
    struct led_name asset_b;
    u128 reserve_a;
    u128 reserve_b;
    uint32_t fee_ppm;
};

/* Lends one asset against another. A debt is covered if debt * den <= collateral * num, in the
 * smallest units of both. No interest, no oracle, no liquidation. */
struct led_lending {
    struct led_name asset;
    struct led_name collateral;
    u128 liquidity; /* of `asset`, there to be lent or withdrawn */
    u128 held;      /* of `collateral`, of all positions together */
    uint64_t num;
    uint64_t den;
};

/* What one account has in a lending pool, and owes it. All zero: there is no entry. */
struct led_position {
    u128 supplied;
    u128 collateral;
    u128 debt;
    u128 flash; /* to be repaid within the bundle that borrowed it */
};

/* Of one asset, to and from one other rollup, since genesis. */
struct led_bridged {
    u128 out;
    u128 in;
};

struct led_key {
    uint8_t b[SMT_KEY_MAX];
    size_t len;
    struct hash32 path; /* sha256 of it: where it stands in the tree */
};

/* A point of the journal. Good until a rollback to an earlier one, or a commit. */
struct led_mark {
    size_t at;
};

struct led_balance_row {
    struct addr20 account;
    struct led_name asset;
    u128 amount;
};

struct led_pool_row {
    struct led_name name;
    struct led_pool pool;
};

struct led_lending_row {
    struct led_name name;
    struct led_lending lending;
};

struct led_position_row {
    struct led_name pool;
    struct addr20 account;
    struct led_position position;
};

struct led_bridged_row {
    uint64_t rollup; /* the other one */
    struct led_name asset;
    struct led_bridged bridged;
};

/* Collects the paths (sha256 of the key) of everything read or written, in order, repeated. */
struct led_trace {
    struct hash32 *paths;
    size_t n, cap;
    int err; /* ERR_NOMEM: incomplete */
};

void led_key_balance(struct led_key *out, const struct addr20 *account,
                     const struct led_name *asset);
void led_key_nonce(struct led_key *out, const struct addr20 *account);
void led_key_pool(struct led_key *out, const struct led_name *pool);
void led_key_lending(struct led_key *out, const struct led_name *pool);
void led_key_position(struct led_key *out, const struct led_name *pool,
                      const struct addr20 *account);
void led_key_bridged(struct led_key *out, uint64_t rollup, const struct led_name *asset);

/* An empty state. In: the id of its rollup. Returns: 0 or ERR_NOMEM. */
int led_state_new(uint64_t rollup, struct led_state **out) MUST_CHECK;
void led_state_destroy(struct led_state **s);

uint64_t led_state_rollup(const struct led_state *s);

/* Writes, journalled. Return: 0, ERR_NOMEM or ERR_FULL (state untouched). */
int led_state_set_balance(struct led_state *s, const struct addr20 *account,
                          const struct led_name *asset, u128 amount) MUST_CHECK;
int led_state_set_nonce(struct led_state *s, const struct addr20 *account,
                        uint64_t nonce) MUST_CHECK;
/* Creates or replaces a pool. Returns also: ERR_INVALID if both assets are the same, a reserve is
 * 0, or fee_ppm is not below LED_PPM. */
int led_state_set_pool(struct led_state *s, const struct led_name *name,
                       const struct led_name *asset_a, u128 reserve_a,
                       const struct led_name *asset_b, u128 reserve_b, uint32_t fee_ppm) MUST_CHECK;
/* Creates or replaces a lending pool. Returns also: ERR_INVALID if both assets are the same or den
 * is 0. */
int led_state_set_lending(struct led_state *s, const struct led_name *name,
                          const struct led_lending *lending) MUST_CHECK;
int led_state_set_position(struct led_state *s, const struct led_name *pool,
                           const struct addr20 *account,
                           const struct led_position *position) MUST_CHECK;
int led_state_set_bridged(struct led_state *s, uint64_t rollup, const struct led_name *asset,
                          const struct led_bridged *bridged) MUST_CHECK;

/* Returns: what the account holds, 0 if it is unknown. */
u128 led_balance(const struct led_state *s, const struct addr20 *account,
                 const struct led_name *asset);
/* Returns: the nonce the account's next transaction must state. */
uint64_t led_nonce(const struct led_state *s, const struct addr20 *account);
/* Returns: 0 or ERR_NOTFOUND. */
int led_pool_get(const struct led_state *s, const struct led_name *name,
                 struct led_pool *out) MUST_CHECK;
int led_lending_get(const struct led_state *s, const struct led_name *name,
                    struct led_lending *out) MUST_CHECK;
/* Return: what there is, zeros if there is nothing. */
struct led_position led_position(const struct led_state *s, const struct led_name *pool,
                                 const struct addr20 *account);
struct led_bridged led_bridged(const struct led_state *s, uint64_t rollup,
                               const struct led_name *asset);

/* All non-zero balances in order of account, then asset; all pools in order of name; positions in
 * order of pool, then account; bridge totals in order of rollup, then asset.
 * Out: to be released with free(); NULL if there are none. Return: 0 or ERR_NOMEM. */
int led_state_balances(const struct led_state *s, struct led_balance_row **rows,
                       size_t *n) MUST_CHECK;
int led_state_pools(const struct led_state *s, struct led_pool_row **rows, size_t *n) MUST_CHECK;
int led_state_lendings(const struct led_state *s, struct led_lending_row **rows,
                       size_t *n) MUST_CHECK;
int led_state_positions(const struct led_state *s, struct led_position_row **rows,
                        size_t *n) MUST_CHECK;
int led_state_bridges(const struct led_state *s, struct led_bridged_row **rows,
                      size_t *n) MUST_CHECK;

/* Out: all there is of an asset, in accounts, pools and lending pools; what was lent is where the
 * borrower put it. Taken over all rollups the sum changes only if a bundle is executed in part.
 * Returns: 0 or ERR_OVERFLOW. */
int led_state_total(const struct led_state *s, const struct led_name *asset, u128 *out) MUST_CHECK;

/* Out: the Merkle root of the whole state. Costs hashes for what changed since the last time. */
void led_state_root(struct led_state *s, struct hash32 *out);
/* Out: what the state holds under a key, against the root. */
void led_state_prove(struct led_state *s, const struct led_key *key, struct smt_proof *out);

struct led_mark led_state_mark(const struct led_state *s);
/* Undoes everything since the mark. Cannot fail. */
void led_state_rollback(struct led_state *s, struct led_mark mark);
/* Forgets the journal: what was done stays. */
void led_state_commit(struct led_state *s);

/* Out: the flash debts that are open in a lending pool.
 * Between bundles it is 0, unless one was executed in part. Returns: 0 or ERR_OVERFLOW. */
int led_state_flash(const struct led_state *s, const struct led_name *pool, u128 *out) MUST_CHECK;

/* From now on every access is added to `trace` (NULL: no more). Borrowed until then. */
void led_state_trace(struct led_state *s, struct led_trace *trace);
void led_trace_fini(struct led_trace *trace);

#endif
