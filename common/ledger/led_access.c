#include "common/ledger/led_access.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"

#include <stdlib.h>

void led_access_fini(struct led_access *a)
{
    free(a->paths);
    *a = (struct led_access){0};
}

static int add(struct led_access *a, const struct led_key *key)
{
    int rc = VEC_RESERVE(a->paths, a->cap, a->n + 1);
    if (rc == 0) {
        a->paths[a->n++] = key->path;
    }
    return rc;
}

static int add_balance(struct led_access *a, const struct addr20 *account,
                       const struct led_name *asset)
{
    struct led_key key;
    led_key_balance(&key, account, asset);
    return add(a, &key);
}

static int add_nonce(struct led_access *a, const struct addr20 *account)
{
    struct led_key key;
    led_key_nonce(&key, account);
    return add(a, &key);
}

static int add_pool(struct led_access *a, const struct led_name *pool)
{
    struct led_key key;
    led_key_pool(&key, pool);
    return add(a, &key);
}

static int access_transfer(struct led_access *a, const struct led_tx *tx, const struct led_op *op)
{
    int rc = add_balance(a, &tx->sender, &op->transfer.asset);
    return rc != 0 ? rc : add_balance(a, &op->transfer.to, &op->transfer.asset);
}

static int access_swap(struct led_access *a, const struct led_tx *tx, const struct led_op *op)
{
    int rc = add_pool(a, &op->swap.pool);
    if (rc == 0) {
        rc = add_balance(a, &tx->sender, &op->swap.asset_in);
    }
    return rc != 0 ? rc : add_balance(a, &tx->sender, &op->swap.asset_out);
}

static int access_require(struct led_access *a, const struct led_tx *tx, const struct led_op *op)
{
    const struct led_require *q = &op->require;
    switch (q->what) {
    case LED_REQUIRE_BALANCE:
        return add_balance(a, &q->account, &q->asset);
    case LED_REQUIRE_PRICE:
        return add_pool(a, &q->pool);
    case LED_REQUIRE_NONCE:
        return add_nonce(a, &q->account);
    }
    return ERR_UNSUPPORTED;
}

static int access_fail(struct led_access *a, const struct led_tx *tx, const struct led_op *op)
{
    return 0;
}

/* The pool, the sender's position in it and the balance that changes. */
static int access_lend(struct led_access *a, const struct led_tx *tx, const struct led_op *op)
{
    struct led_key key;
    led_key_lending(&key, &op->lend.pool);
    int rc = add(a, &key);
    if (rc == 0) {
        led_key_position(&key, &op->lend.pool, &tx->sender);
        rc = add(a, &key);
    }
    return rc != 0 ? rc : add_balance(a, &tx->sender, &op->lend.asset);
}

static int access_deposit(struct led_access *a, const struct led_tx *tx, const struct led_op *op)
{
    return access_lend(a, tx, op);
}

static int access_withdraw(struct led_access *a, const struct led_tx *tx, const struct led_op *op)
{
    return access_lend(a, tx, op);
}

static int access_borrow(struct led_access *a, const struct led_tx *tx, const struct led_op *op)
{
    return access_lend(a, tx, op);
}

static int access_repay(struct led_access *a, const struct led_tx *tx, const struct led_op *op)
{
    return access_lend(a, tx, op);
}

static int access_bridge(struct led_access *a, const struct addr20 *account,
                         const struct led_bridge *g)
{
    struct led_key key;
    led_key_bridged(&key, g->rollup, &g->asset);
    int rc = add(a, &key);
    return rc != 0 ? rc : add_balance(a, account, &g->asset);
}

static int access_bridge_out(struct led_access *a, const struct led_tx *tx, const struct led_op *op)
{
    return access_bridge(a, &tx->sender, &op->bridge);
}

static int access_bridge_in(struct led_access *a, const struct led_tx *tx, const struct led_op *op)
{
    return access_bridge(a, &op->bridge.account, &op->bridge);
}

static int access_op(struct led_access *a, const struct led_tx *tx, const struct led_op *op)
{
    switch (op->kind) {
#define X(constant, value, name)                                                                   \
    case constant:                                                                                 \
        return access_##name(a, tx, op);
        LED_OP_MAP(X)
#undef X
    }
    return ERR_UNSUPPORTED;
}

static int compare_paths(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash32));
}

int led_access_of(const struct led_tx *tx, struct led_access *out)
{
    CLEANUP(led_access_fini) struct led_access a = {0};
    int rc = tx->has_nonce ? add_nonce(&a, &tx->sender) : 0;
    for (size_t i = 0; i < tx->n_ops && rc == 0; i++) {
        rc = access_op(&a, tx, &tx->ops[i]);
    }
    if (rc != 0) {
        return rc;
    }
    if (a.n > 1) {
        qsort(a.paths, a.n, sizeof(*a.paths), compare_paths);
    }
    size_t kept = 0;
    for (size_t i = 0; i < a.n; i++) {
        if (kept == 0 || !hash32_equal(&a.paths[kept - 1], &a.paths[i])) {
            a.paths[kept++] = a.paths[i];
        }
    }
    a.n = kept;
    *out = a;
    a = (struct led_access){0};
    return 0;
}

size_t led_access_first(const struct led_tx *tx, struct hash32 *paths, size_t max)
{
    struct led_access a = {.paths = paths, .cap = max};
    int rc = tx->has_nonce && max != 0 ? add_nonce(&a, &tx->sender) : 0;
    for (size_t i = 0; i < tx->n_ops && a.n + LED_ACCESS_PER_OP <= max && rc == 0; i++) {
        rc = access_op(&a, tx, &tx->ops[i]);
    }
    CHECK(rc == 0 && a.n <= max); /* there was room */
    return a.n;
}

bool led_access_has(const struct led_access *a, const struct hash32 *path)
{
    return a->n != 0 && bsearch(path, a->paths, a->n, sizeof(*path), compare_paths) != NULL;
}

bool led_access_meet(const struct led_access *a, const struct led_access *b)
{
    size_t i = 0;
    size_t k = 0;
    while (i < a->n && k < b->n) {
        int order = compare_paths(&a->paths[i], &b->paths[k]);
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            i++;
        } else {
            k++;
        }
    }
    return false;
}

void led_access_hash(const struct led_access *a, struct hash32 *out)
{
    hash_sha256(bytes_of((const uint8_t *)a->paths, a->n * sizeof(*a->paths)), out);
}
