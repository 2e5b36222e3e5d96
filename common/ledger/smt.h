/* Compact sparse Merkle tree over SHA-256: the ledger's authenticated key-value store.
 *
 * A key's path is sha256(key), most significant bit first, 0 left and 1 right. A leaf sits at the
 * shallowest depth at which no other leaf shares its path's prefix, so shape and root depend on
 * the content alone, not on the order of changes (after Dahlberg, Pulls and Peeters, "Efficient
 * Sparse Merkle Trees", 2016, with leaves lifted).
 *
 *   empty subtree = 32 zero bytes
 *   leaf          = sha256(0x00 || path || value)
 *   inner node    = sha256(0x01 || left || right)
 *
 * Hashes are brought up to date only when a root or a proof is asked for. */
#ifndef LEDGER_SMT_H
#define LEDGER_SMT_H

#include "common/base/bytes.h"
#include "common/base/wire.h"

#define SMT_KEY_MAX 40
#define SMT_VALUE_MAX 80
#define SMT_DEPTH_MAX 256

/* What lookups touch comes first. */
struct smt_leaf {
    uint8_t key_len;
    uint8_t value_len;
    bool live;
    uint8_t key[SMT_KEY_MAX];
    struct hash32 path;
    uint8_t value[SMT_VALUE_MAX];
    uint32_t next_free; /* slot + 1, while not live */
};

/* Small, so that the way to a leaf stays in the cache. */
struct smt_inner {
    uint32_t child[2]; /* 0 nothing, else (slot + 1) << 1 | is leaf; child[0] links free slots */
    bool stale[2];     /* the child's hash is not up to date */
};

/* Of an inner node's children, so that hashing it looks at no other node. */
struct smt_hashes {
    struct hash32 child[2];
};

struct smt_inners {
    struct smt_inner *items;
    struct smt_hashes *hashes; /* by slot, too */
    size_t n, cap, cap_hashes, n_free;
    uint32_t free; /* slot + 1 of the first free one */
};

struct smt_leaves {
    struct smt_leaf *items;
    size_t n, cap, n_free;
    uint32_t free;
};

/* Zero-initialised is the empty tree. */
struct smt {
    struct smt_inners inners;
    struct smt_leaves leaves;
    uint32_t root;
    bool stale; /* the root's hash is not up to date */
    struct hash32 hash;
};

struct smt_item {
    struct bytes key;
    struct bytes value;
};

/* Membership, or absence: where the path of the key ends, there is nothing or another leaf. */
struct smt_proof {
    uint16_t depth; /* number of siblings */
    bool has_leaf;
    uint8_t key_len;
    uint8_t value_len;
    uint8_t key[SMT_KEY_MAX];
    uint8_t value[SMT_VALUE_MAX];
    struct hash32 sibling[SMT_DEPTH_MAX]; /* from the root down; zeros: empty subtree */
};

void smt_fini(struct smt *t);

/* Out: sha256(key). */
void smt_path(struct bytes key, struct hash32 *out);

/* Out: a view of the value, valid until the next change. Returns: true if the key is present. */
bool smt_get(const struct smt *t, struct bytes key, struct bytes *value);

/* Inserts or replaces. In: key of 1..SMT_KEY_MAX bytes, value of at most SMT_VALUE_MAX; both may
 * not point into the tree. Returns: 0, ERR_NOMEM or ERR_FULL (2^31 - 2 nodes); tree untouched on
 * failure. Never fails for content that the tree held before: it never gives memory back. */
int smt_put(struct smt *t, struct bytes key, struct bytes value) MUST_CHECK;

/* Returns: true if the key was present. */
bool smt_del(struct smt *t, struct bytes key);

/* The same three for a key whose path is known already. */
bool smt_get_at(const struct smt *t, const struct hash32 *path, struct bytes key,
                struct bytes *value);
int smt_put_at(struct smt *t, const struct hash32 *path, struct bytes key,
               struct bytes value) MUST_CHECK;
bool smt_del_at(struct smt *t, const struct hash32 *path, struct bytes key);

/* Fetches what lies on these paths into the cache, all at the same time. Changes nothing.
 * In: at most SMT_WARM_MAX. */
#define SMT_WARM_MAX 16
void smt_warm(const struct smt *t, const struct hash32 *paths, size_t n);

/* Number of keys. */
size_t smt_count(const struct smt *t);

/* Steps through all keys in no particular order (but the same for the same history of calls).
 * In: *cursor starts at 0. Returns: false at the end. The views live until the next change. */
bool smt_next(const struct smt *t, size_t *cursor, struct smt_item *out);

/* All items whose key begins with `prefix`, in key order. Out: *items, to be released with free();
 * NULL if there are none. Returns: 0 or ERR_NOMEM. */
int smt_list(const struct smt *t, struct bytes prefix, struct smt_item **items,
             size_t *n) MUST_CHECK;

/* Brings the changed hashes up to date. Out: the root. */
void smt_root(struct smt *t, struct hash32 *out);

/* Out: what is known about the key, present or absent. */
void smt_prove(struct smt *t, struct bytes key, struct smt_proof *out);

/* Checks a proof about `key` against a root. Out: whether the key is present, and its value as a
 * view into the proof (empty if absent). Returns: 0 or ERR_PROOF. */
int smt_proof_verify(const struct smt_proof *proof, const struct hash32 *root, struct bytes key,
                     bool *present, struct bytes *value) MUST_CHECK;

/* u16 depth || bit map of the siblings that are not empty, first sibling in the top bit, spare
 * bits zero || those siblings || bool has_leaf || if so: key, value (each u32 length and bytes). */
void smt_proof_encode(const struct smt_proof *proof, struct buf *out);

/* Strict. Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_TOOBIG, ERR_NONCANONICAL (an empty sibling
 * spelt out; a last sibling that is empty, which no tree of this form has). */
int smt_proof_decode(struct bytes in, struct smt_proof *out) MUST_CHECK;

#endif
