/* The durable key-value store an actor writes to. A host injects the implementation: memory in
 * simulation, LMDB in live use. What a step has put is durable before any of its sends leaves. */
#ifndef ACTOR_STORE_H
#define ACTOR_STORE_H

#include "common/base/bytes.h"

struct act_store;

typedef int act_store_visit(void *ctx, struct bytes key, struct bytes value);

struct act_store_ops {
    /* Stores or replaces. Returns: 0, ERR_NOMEM, ERR_IO, ERR_FULL. */
    int (*put)(struct act_store *self, struct bytes key, struct bytes value);
    /* Appends the value to `out`. Returns: 0, ERR_NOTFOUND, ERR_NOMEM, ERR_IO. */
    int (*get)(struct act_store *self, struct bytes key, struct buf *out);
    /* Removes; a missing key is no error. */
    int (*del)(struct act_store *self, struct bytes key);
    /* Visits all keys that begin with `prefix` in byte order; stops at the first non-zero return
     * of `visit` and returns it. `visit` must not change the store. */
    int (*scan)(struct act_store *self, struct bytes prefix, act_store_visit *visit, void *ctx);
};

struct act_store {
    const struct act_store_ops *ops;
};

#endif
