#include "common/ledger/smt_trail.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/ledger/smt_node.h"

#include <stdlib.h>

#define NEVER UINT32_MAX
#define NOTHING 0 /* the first node: always empty, shared */

/* What a subtree is. */
enum form { FORM_EMPTY = 0, FORM_LEAF = 1, FORM_INNER = 2 };

enum kind { KIND_CONSTANT, KIND_KEY, KIND_INNER };

struct node {
    uint8_t kind;
    uint32_t child[2]; /* of KIND_INNER */
    uint32_t parent;
    uint32_t keys_end; /* after the last key below it */
    uint32_t ref;      /* of KIND_CONSTANT and KIND_KEY: in the tree, as it was found */
    union {
        const struct hash32 *base; /* while laying: the first version's hash */
        size_t at;                 /* its versions */
    };
    uint32_t n, cap;
    uint32_t from; /* the first step whose version is to be made again, or NEVER */
};

struct smt_trail {
    struct smt *tree;
    const struct smt_trail_path *paths;
    uint32_t n_paths;
    uint32_t n_steps;
    struct node *nodes;
    size_t n_nodes, cap_nodes;
    uint32_t *node_of; /* by key */
    uint32_t root;
    /* Versions of all nodes, in ascending order of steps for each. */
    struct hash32 *hashes;
    uint32_t *marks; /* step << 2 | form */
    uint64_t n_hashed;
};

static uint32_t step_of(uint32_t mark)
{
    return mark >> 2;
}

static enum form form_of(uint32_t mark)
{
    return (enum form)(mark & 3);
}

static uint32_t mark_of(uint32_t step, enum form form)
{
    return step << 2 | (uint32_t)form;
}

static enum form form_of_ref(uint32_t ref)
{
    if (ref == 0) {
        return FORM_EMPTY;
    }
    return smt_is_leaf(ref) ? FORM_LEAF : FORM_INNER;
}

/* The hash of a subtree from its children's: nothing beside a leaf lets it rise. */
static enum form combine(enum form left, const struct hash32 *left_hash, enum form right,
                         const struct hash32 *right_hash, struct hash32 *out)
{
    if (left == FORM_EMPTY && right != FORM_INNER) {
        *out = *right_hash;
        return right;
    }
    if (right == FORM_EMPTY && left != FORM_INNER) {
        *out = *left_hash;
        return left;
    }
    hash_sha256_pair(SMT_TAG_INNER, left_hash, right_hash, out);
    return FORM_INNER;
}

/* ---- Laying it ---- */

static const struct hash32 nothing_hash;

/* Where in the tree: its node and the hash of that. */
struct place {
    uint32_t ref;
    const struct hash32 *hash;
};

static int add_node(struct smt_trail *tr, const struct node *node, uint32_t *index)
{
    if (tr->n_nodes >= UINT32_MAX) {
        return ERR_FULL;
    }
    int rc = VEC_RESERVE(tr->nodes, tr->cap_nodes, tr->n_nodes + 1);
    if (rc == 0) {
        *index = (uint32_t)tr->n_nodes;
        tr->nodes[tr->n_nodes++] = *node;
    }
    return rc;
}

#define AHEAD 16

/* Gives every node room for its versions, and its first one. */
static int make_versions(struct smt_trail *tr)
{
    size_t total = 0;
    for (size_t i = 0; i < tr->n_nodes; i++) {
        total += tr->nodes[i].cap;
    }
    tr->hashes = calloc(total + 1, sizeof(*tr->hashes));
    tr->marks = calloc(total + 1, sizeof(*tr->marks));
    if (tr->hashes == NULL || tr->marks == NULL) {
        return ERR_NOMEM;
    }
    total = 0;
    for (size_t i = 0; i < tr->n_nodes; i++) {
        struct node *x = &tr->nodes[i];
        if (i + AHEAD < tr->n_nodes) {
            __builtin_prefetch(x[AHEAD].base);
        }
        tr->hashes[total] = *x->base;
        tr->marks[total] = mark_of(0, form_of_ref(x->ref));
        x->at = total;
        x->n = 1;
        total += x->cap;
    }
    return 0;
}

static uint32_t cap_above(const struct smt_trail *tr, const uint32_t child[2])
{
    uint64_t changes = (uint64_t)tr->nodes[child[0]].cap + tr->nodes[child[1]].cap - 2;
    return (uint32_t)(changes < tr->n_steps ? changes : tr->n_steps) + 1;
}

/* Where a node's children are: below an inner node of the tree, or below none, if it is only here
 * that paths part. */
static void places_below(const struct smt_trail *tr, const struct place *p, size_t depth,
                         struct place below[2])
{
    below[0] = below[1] = (struct place){0, &nothing_hash};
    if (smt_is_inner(p->ref)) {
        const struct smt_inner *inner = smt_inner_at(tr->tree, p->ref);
        for (size_t i = 0; i < 2; i++) {
            below[i].ref = inner->child[i];
            below[i].hash = &smt_hashes_at(tr->tree, p->ref)->child[i];
            if (smt_is_inner(below[i].ref)) {
                __builtin_prefetch(smt_inner_at(tr->tree, below[i].ref));
            } else if (smt_is_leaf(below[i].ref)) {
                __builtin_prefetch(&smt_leaf_at(tr->tree, below[i].ref)->path);
            }
        }
    } else if (p->ref != 0) {
        below[smt_bit(&smt_leaf_at(tr->tree, p->ref)->path, depth)] = *p;
    }
}

static uint32_t split_keys(const struct smt_trail *tr, uint32_t low, uint32_t end, size_t depth)
{
    while (low < end) {
        uint32_t middle = low + (end - low) / 2;
        if (smt_bit(&tr->paths[middle].path, depth) == 0) {
            low = middle + 1;
        } else {
            end = middle;
        }
    }
    return low;
}

/* Whether a place is where a key's path ends: it is there, or nothing is. */
static bool leads_to(const struct smt_trail *tr, uint32_t ref, uint32_t key)
{
    return ref == 0 || (smt_is_leaf(ref) &&
                        hash32_equal(&smt_leaf_at(tr->tree, ref)->path, &tr->paths[key].path));
}

/* In: the keys from `key` to before `end`, all that have the prefix of this depth. Recursion is at
 * most SMT_DEPTH_MAX deep. */
static int lay(struct smt_trail *tr, const struct place *p, uint32_t key, uint32_t end,
               size_t depth, uint32_t parent, uint32_t *out)
{
    struct node x = {.parent = parent,
                     .keys_end = end,
                     .ref = p->ref,
                     .base = p->hash,
                     .cap = 1,
                     .from = NEVER,
                     .kind = KIND_INNER};
    if (key == end && p->ref == 0) {
        *out = NOTHING;
        return 0;
    }
    if (key == end) {
        x.kind = KIND_CONSTANT;
    } else if (end - key == 1 && leads_to(tr, p->ref, key)) {
        x.kind = KIND_KEY;
        x.cap += tr->paths[key].steps_max;
        tr->node_of[key] = (uint32_t)tr->n_nodes;
    }
    int rc = add_node(tr, &x, out);
    if (rc != 0 || x.kind != KIND_INNER) {
        return rc;
    }
    struct place below[2];
    uint32_t child[2] = {NOTHING, NOTHING};
    uint32_t middle = split_keys(tr, key, end, depth);
    places_below(tr, p, depth, below);
    rc = lay(tr, &below[0], key, middle, depth + 1, *out, &child[0]);
    rc = rc != 0 ? rc : lay(tr, &below[1], middle, end, depth + 1, *out, &child[1]);
    if (rc == 0) {
        memcpy(tr->nodes[*out].child, child, sizeof(child));
        tr->nodes[*out].cap = cap_above(tr, child);
    }
    return rc;
}

int smt_trail_new(struct smt *t, const struct smt_trail_path *paths, uint32_t n_paths,
                  uint32_t n_steps, struct smt_trail **out)
{
    CLEANUP(smt_trail_destroy) struct smt_trail *tr = calloc(1, sizeof(*tr));
    CHECK(n_steps <= SMT_TRAIL_STEPS_MAX);
    if (tr == NULL) {
        return ERR_NOMEM;
    }
    *tr = (struct smt_trail){.tree = t, .paths = paths, .n_paths = n_paths, .n_steps = n_steps};
    tr->node_of = calloc((size_t)n_paths + 1, sizeof(*tr->node_of));
    if (tr->node_of == NULL) {
        return ERR_NOMEM;
    }
    struct hash32 hash;
    smt_root(t, &hash);
    const struct place root = {t->root, &hash};
    const struct node nothing = {
        .kind = KIND_CONSTANT, .base = &nothing_hash, .cap = 1, .from = NEVER};
    uint32_t index = NOTHING;
    int rc = add_node(tr, &nothing, &index);
    rc = rc != 0 ? rc : lay(tr, &root, 0, n_paths, 0, NOTHING, &tr->root);
    rc = rc != 0 ? rc : make_versions(tr);
    if (rc == 0) {
        *out = MOVE(tr);
    }
    return rc;
}

void smt_trail_destroy(struct smt_trail **tr)
{
    if (*tr != NULL) {
        free((*tr)->nodes);
        free((*tr)->node_of);
        free((*tr)->hashes);
        free((*tr)->marks);
        free(*tr);
        *tr = NULL;
    }
}

const struct smt_leaf *smt_trail_leaf(const struct smt_trail *tr, uint32_t key)
{
    uint32_t ref = tr->nodes[tr->node_of[key]].ref;
    return ref != 0 ? smt_leaf_at(tr->tree, ref) : NULL;
}

/* ---- Changing it ---- */

/* Returns: how many versions the node has from before the step. */
static uint32_t versions_before(const struct smt_trail *tr, const struct node *x, uint32_t step)
{
    const uint32_t *marks = &tr->marks[x->at];
    uint32_t low = 0;
    uint32_t high = x->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (step_of(marks[middle]) < step) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void smt_trail_cut(struct smt_trail *tr, uint32_t key, uint32_t step)
{
    CHECK(key < tr->n_paths && step >= 1);
    struct node *x = &tr->nodes[tr->node_of[key]];
    x->n = versions_before(tr, x, step);
    /* The nodes above it: up to one that is to be made again from there on anyway. */
    for (uint32_t at = tr->node_of[key]; at != NOTHING && tr->nodes[at].from > step;
         at = tr->nodes[at].parent) {
        tr->nodes[at].from = step;
    }
}

void smt_trail_add(struct smt_trail *tr, uint32_t key, uint32_t step, const struct hash32 *leaf)
{
    struct node *x = &tr->nodes[tr->node_of[key]];
    CHECK(x->from <= step && x->n < x->cap && step <= tr->n_steps);
    CHECK(step_of(tr->marks[x->at + x->n - 1]) < step);
    tr->hashes[x->at + x->n] = leaf != NULL ? *leaf : (struct hash32){{0}};
    tr->marks[x->at + x->n] = mark_of(step, leaf != NULL ? FORM_LEAF : FORM_EMPTY);
    x->n++;
}

/* A node's versions from x->from on, from its children's. */
static void merge(struct smt_trail *tr, struct node *x)
{
    size_t at[2];
    size_t last[2];
    for (size_t i = 0; i < 2; i++) {
        const struct node *c = &tr->nodes[x->child[i]];
        at[i] = c->at + versions_before(tr, c, x->from) - 1;
        last[i] = c->at + c->n - 1;
    }
    uint32_t n = versions_before(tr, x, x->from);
    for (;;) {
        uint32_t left = at[0] < last[0] ? step_of(tr->marks[at[0] + 1]) : NEVER;
        uint32_t right = at[1] < last[1] ? step_of(tr->marks[at[1] + 1]) : NEVER;
        uint32_t step = left < right ? left : right;
        if (step == NEVER) {
            break;
        }
        at[0] += left == step ? 1 : 0;
        at[1] += right == step ? 1 : 0;
        CHECK(n < x->cap);
        enum form form =
            combine(form_of(tr->marks[at[0]]), &tr->hashes[at[0]], form_of(tr->marks[at[1]]),
                    &tr->hashes[at[1]], &tr->hashes[x->at + n]);
        tr->marks[x->at + n] = mark_of(step, form);
        tr->n_hashed += form == FORM_INNER ? 1 : 0;
        n++;
    }
    x->n = n;
}

static void refresh(struct smt_trail *tr, uint32_t index)
{
    struct node *x = &tr->nodes[index];
    if (x->from == NEVER) {
        return;
    }
    if (x->kind == KIND_INNER) {
        refresh(tr, x->child[0]);
        refresh(tr, x->child[1]);
        merge(tr, x);
    }
    x->from = NEVER;
}

uint64_t smt_trail_refresh(struct smt_trail *tr)
{
    tr->n_hashed = 0;
    refresh(tr, tr->root);
    return tr->n_hashed;
}

/* In: a node of the tree and the same one here. */
static void give_back(const struct smt_trail *tr, uint32_t ref, uint32_t index)
{
    struct smt_inner *inner = smt_inner_at(tr->tree, ref);
    for (size_t i = 0; i < 2; i++) {
        if (inner->stale[i]) {
            uint32_t below = tr->nodes[index].child[i];
            const struct node *x = &tr->nodes[below];
            smt_hashes_at(tr->tree, ref)->child[i] = tr->hashes[x->at + x->n - 1];
            inner->stale[i] = false;
            if (smt_is_inner(inner->child[i])) {
                give_back(tr, inner->child[i], below);
            }
        }
    }
}

void smt_trail_give_back(const struct smt_trail *tr)
{
    struct smt *t = tr->tree;
    const struct node *x = &tr->nodes[tr->root];
    if (t->stale) {
        t->hash = tr->hashes[x->at + x->n - 1];
        t->stale = false;
        if (smt_is_inner(t->root)) {
            give_back(tr, t->root, tr->root);
        }
    }
}

void smt_trail_roots(const struct smt_trail *tr, uint32_t first, uint32_t n, struct hash32 *out)
{
    const struct node *x = &tr->nodes[tr->root];
    size_t at = x->at + versions_before(tr, x, first + 1) - 1;
    size_t last = x->at + x->n - 1;
    for (uint32_t i = 0; i < n; i++) {
        if (at < last && step_of(tr->marks[at + 1]) == first + i) {
            at++;
        }
        out[i] = tr->hashes[at];
    }
}

/* ---- A part of the tree at some step ---- */

struct parting {
    const struct smt_trail *tr;
    uint32_t step;
    const struct smt_trail_source *source;
    struct smt *out;
};

/* What a subtree is at the step in hand. */
static enum form version(const struct parting *g, uint32_t index, const struct hash32 **hash)
{
    const struct node *x = &g->tr->nodes[index];
    size_t at = x->at + versions_before(g->tr, x, g->step + 1) - 1;
    *hash = &g->tr->hashes[at];
    return form_of(g->tr->marks[at]);
}

/* The only leaf below a node. */
static int part_leaf(const struct parting *g, uint32_t index, uint32_t *ref)
{
    const struct smt_trail *tr = g->tr;
    const struct hash32 *hash = NULL;
    struct smt_item item;
    while (tr->nodes[index].kind == KIND_INNER) {
        const uint32_t *child = tr->nodes[index].child;
        index = version(g, child[0], &hash) == FORM_LEAF ? child[0] : child[1];
    }
    const struct node *x = &tr->nodes[index];
    if (x->kind == KIND_KEY) {
        g->source->leaf(g->source->ctx, x->keys_end - 1, g->step, &item);
    } else {
        const struct smt_leaf *leaf = smt_leaf_at(tr->tree, x->ref);
        item.key = bytes_of(leaf->key, leaf->key_len);
        item.value = bytes_of(leaf->value, leaf->value_len);
    }
    return smt_make_leaf(g->out, item.key, item.value, ref);
}

/* In: the keys below this node, perhaps none. */
static int part(const struct parting *g, uint32_t index, const uint32_t *keys, uint32_t n,
                uint32_t *ref)
{
    const struct smt_trail *tr = g->tr;
    const struct node *x = &tr->nodes[index];
    const struct hash32 *hash = NULL;
    struct hash32 below[2];
    uint32_t child[2] = {0, 0};
    int rc = 0;
    switch (version(g, index, &hash)) {
    case FORM_EMPTY:
        *ref = 0;
        return 0;
    case FORM_LEAF:
        return part_leaf(g, index, ref);
    case FORM_INNER:
        break;
    }
    if (x->kind == KIND_CONSTANT) {
        /* Nothing below changes, so it is in the tree as it was. */
        memcpy(below, smt_hashes_at(tr->tree, x->ref)->child, sizeof(below));
        return smt_make_inner(g->out, child, below, ref);
    }
    uint32_t n_left = 0;
    while (n_left < n && keys[n_left] < tr->nodes[x->child[0]].keys_end) {
        n_left++;
    }
    for (size_t i = 0; i < 2; i++) {
        (void)version(g, x->child[i], &hash);
        below[i] = *hash;
    }
    if (n != 0) {
        rc = part(g, x->child[0], keys, n_left, &child[0]);
        rc = rc != 0 ? rc : part(g, x->child[1], keys + n_left, n - n_left, &child[1]);
    }
    return rc != 0 ? rc : smt_make_inner(g->out, child, below, ref);
}

int smt_trail_part(const struct smt_trail *tr, uint32_t step, const uint32_t *keys, uint32_t n,
                   const struct smt_trail_source *source, struct smt *out)
{
    CLEANUP(smt_fini) struct smt t = {0};
    struct parting g = {.tr = tr, .step = step, .source = source, .out = &t};
    const struct hash32 *hash = NULL;
    int rc = part(&g, tr->root, keys, n, &t.root);
    if (rc != 0) {
        return rc;
    }
    (void)version(&g, tr->root, &hash);
    t.hash = *hash;
    *out = t;
    t = (struct smt){0};
    return 0;
}
