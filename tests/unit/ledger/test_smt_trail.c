/* Trails: roots and parts after every step are those of a tree that goes through the steps. */
#include "common/base/cleanup.h"
#include "common/ledger/smt_node.h"
#include "common/ledger/smt_part.h"
#include "common/ledger/smt_trail.h"

#include "tests/unit/ledger/fixture.h"

#define KEYS_MAX 40
#define STEPS_MAX 24
#define VALUE_BYTES 8

/* What every key holds after every step; step 0 is before. Value 0: absent. */
struct story {
    uint32_t n_keys, n_steps;
    uint32_t key[KEYS_MAX]; /* big-endian it is the key; in order of path */
    struct smt_trail_path paths[KEYS_MAX];
    uint64_t value[KEYS_MAX][STEPS_MAX + 1];
    struct smt_item leaf; /* handed out, with these behind it */
    uint8_t leaf_key[4];
    uint8_t leaf_value[VALUE_BYTES];
};

static struct bytes key_bytes(uint32_t number, uint8_t out[4])
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (uint8_t)(number >> (24 - 8 * i));
    }
    return bytes_of(out, 4);
}

static struct bytes value_bytes(uint64_t value, uint8_t out[VALUE_BYTES])
{
    for (unsigned i = 0; i < VALUE_BYTES; i++) {
        out[i] = (uint8_t)(value >> (56 - 8 * i));
    }
    return bytes_of(out, VALUE_BYTES);
}

static void set(struct smt *t, uint32_t number, uint64_t value)
{
    uint8_t key[4];
    uint8_t bytes[VALUE_BYTES];
    if (value == 0) {
        (void)smt_del(t, key_bytes(number, key));
    } else {
        assert_int_equal(smt_put(t, key_bytes(number, key), value_bytes(value, bytes)), 0);
    }
}

static void go_to(const struct story *y, struct smt *t, uint32_t step)
{
    for (uint32_t k = 0; k < y->n_keys; k++) {
        set(t, y->key[k], y->value[k][step]);
    }
}

static int compare_paths(const void *a, const void *b)
{
    uint8_t key[4];
    struct hash32 x;
    struct hash32 y;
    smt_path(key_bytes(*(const uint32_t *)a, key), &x);
    smt_path(key_bytes(*(const uint32_t *)b, key), &y);
    return memcmp(x.b, y.b, sizeof(x.b));
}

static void make_story(struct story *y, struct prng *p)
{
    *y = (struct story){.n_keys = (uint32_t)prng_below(p, KEYS_MAX + 1),
                        .n_steps = 1 + (uint32_t)prng_below(p, STEPS_MAX)};
    for (uint32_t k = 0; k < y->n_keys; k++) {
        y->key[k] = k;
    }
    qsort(y->key, y->n_keys, sizeof(y->key[0]), compare_paths);
    for (uint32_t k = 0; k < y->n_keys; k++) {
        uint8_t key[4];
        smt_path(key_bytes(y->key[k], key), &y->paths[k].path);
        y->paths[k].steps_max = y->n_steps;
        y->value[k][0] = prng_below(p, 2) * (1 + prng_below(p, 9));
    }
}

/* Another course of a key from a step on, in the story and in the trail. */
static void change(struct story *y, struct smt_trail *tr, struct prng *p, uint32_t k, uint32_t from)
{
    smt_trail_cut(tr, k, from);
    for (uint32_t step = from; step <= y->n_steps; step++) {
        uint64_t now = y->value[k][step - 1];
        if (prng_below(p, 3) == 0) {
            now = prng_below(p, 3) == 0 ? 0 : 1 + prng_below(p, 9);
        }
        y->value[k][step] = now;
        if (now != y->value[k][step - 1]) {
            uint8_t bytes[VALUE_BYTES];
            struct hash32 leaf;
            smt_hash_leaf(&y->paths[k].path, value_bytes(now, bytes), &leaf);
            smt_trail_add(tr, k, step, now != 0 ? &leaf : NULL);
        }
    }
}

static void give_leaf(void *ctx, uint32_t key, uint32_t step, struct smt_item *out)
{
    struct story *y = ctx;
    assert_true(y->value[key][step] != 0);
    out->key = key_bytes(y->key[key], y->leaf_key);
    out->value = value_bytes(y->value[key][step], y->leaf_value);
}

/* Holds every step against a tree that was brought there key by key. In: the trail's own tree. */
static void check(struct story *y, struct smt_trail *tr, struct smt *own, struct smt *other,
                  struct prng *p)
{
    struct hash32 roots[STEPS_MAX + 1];
    struct hash32 root;
    smt_trail_roots(tr, 0, y->n_steps + 1, roots);
    for (uint32_t step = 0; step <= y->n_steps; step++) {
        uint32_t keys[KEYS_MAX];
        struct hash32 paths[KEYS_MAX];
        uint32_t n = 0;
        uint64_t few = prng_below(p, 5);
        for (uint32_t k = 0; k < y->n_keys; k++) {
            if (prng_below(p, 5) <= few) {
                paths[n] = y->paths[k].path;
                keys[n++] = k;
            }
        }
        CLEANUP(buf_fini) struct buf expected = {0};
        CLEANUP(buf_fini) struct buf encoded = {0};
        CLEANUP(smt_fini) struct smt part = {0};
        const struct smt_trail_source source = {y, give_leaf};
        go_to(y, other, step);
        smt_root(other, &root);
        assert_memory_equal(roots[step].b, root.b, 32);
        assert_int_equal(smt_trail_part(tr, step, keys, n, &source, &part), 0);
        smt_part_encode(other, paths, n, &expected);
        smt_part_encode(&part, paths, n, &encoded);
        assert_true(bytes_equal(buf_view(&expected), buf_view(&encoded)));
    }
    go_to(y, own, y->n_steps);
    smt_trail_give_back(tr);
    smt_root(own, &root);
    assert_memory_equal(roots[y->n_steps].b, root.b, 32);
}

/* All hashes in the tree, not only its root. */
static void check_proofs(const struct story *y, struct smt *t)
{
    struct hash32 root;
    smt_root(t, &root);
    for (uint32_t k = 0; k < y->n_keys; k++) {
        struct smt_proof proof;
        uint8_t key[4];
        bool present = false;
        struct bytes value;
        smt_prove(t, key_bytes(y->key[k], key), &proof);
        assert_int_equal(
            smt_proof_verify(&proof, &root, key_bytes(y->key[k], key), &present, &value), 0);
        assert_int_equal(present, y->value[k][y->n_steps] != 0);
    }
}

static void run_story(uint64_t seed)
{
    struct prng p;
    struct story y;
    CLEANUP(smt_fini) struct smt own = {0};
    CLEANUP(smt_fini) struct smt other = {0};
    CLEANUP(smt_trail_destroy) struct smt_trail *tr = NULL;
    prng_init(&p, seed, "trails");
    make_story(&y, &p);
    uint32_t strangers = (uint32_t)prng_below(&p, 2) * (uint32_t)prng_below(&p, 100);
    for (uint32_t i = 0; i < strangers; i++) {
        set(&own, 1000 + i, i + 1);
        set(&other, 1000 + i, i + 1);
    }
    go_to(&y, &own, 0);
    assert_int_equal(smt_trail_new(&own, y.paths, y.n_keys, y.n_steps, &tr), 0);
    for (uint32_t k = 0; k < y.n_keys; k++) {
        const struct smt_leaf *leaf = smt_trail_leaf(tr, k);
        assert_int_equal(leaf != NULL, y.value[k][0] != 0);
        assert_true(leaf == NULL || hash32_equal(&leaf->path, &y.paths[k].path));
        change(&y, tr, &p, k, 1);
    }
    for (int round = 0; round < 4; round++) {
        (void)smt_trail_refresh(tr);
        assert_int_equal(smt_trail_refresh(tr), 0);
        check(&y, tr, &own, &other, &p);
        check_proofs(&y, &own);
        for (uint64_t i = prng_below(&p, 4); i > 0 && y.n_keys != 0; i--) {
            /* From any step on, in any order of steps. */
            change(&y, tr, &p, (uint32_t)prng_below(&p, y.n_keys),
                   1 + (uint32_t)prng_below(&p, y.n_steps));
        }
    }
}

static void test_every_step_of_a_trail_is_the_tree_at_that_step(void **state)
{
    for (uint64_t seed = 0; seed < 400; seed++) {
        run_story(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_step_of_a_trail_is_the_tree_at_that_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
