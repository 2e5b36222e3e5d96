/* The sparse Merkle tree against a model that recomputes everything from a plain list of items. */
#include "common/ledger/smt.h"

#include "tests/unit/ledger/fixture.h"

#include <openssl/sha.h>

#define MODEL_ITEMS 256

struct item {
    uint8_t key[SMT_KEY_MAX];
    uint8_t value[SMT_VALUE_MAX];
    size_t key_len, value_len;
    struct hash32 path;
};

struct list {
    struct item items[MODEL_ITEMS];
    size_t n;
};

static struct bytes key_of(const struct item *i)
{
    return bytes_of(i->key, i->key_len);
}

static struct bytes value_of(const struct item *i)
{
    return bytes_of(i->value, i->value_len);
}

static struct item item_of(struct bytes key, struct bytes value)
{
    struct item i = {.key_len = key.len, .value_len = value.len};
    memcpy(i.key, key.data, key.len);
    if (value.len != 0) {
        memcpy(i.value, value.data, value.len);
    }
    SHA256(i.key, i.key_len, i.path.b);
    return i;
}

static struct item *list_find(struct list *l, struct bytes key)
{
    for (size_t i = 0; i < l->n; i++) {
        if (bytes_equal(key_of(&l->items[i]), key)) {
            return &l->items[i];
        }
    }
    return NULL;
}

static void list_put(struct list *l, const struct item *i)
{
    struct item *old = list_find(l, key_of(i));
    if (old == NULL) {
        assert_true(l->n < MODEL_ITEMS);
        old = &l->items[l->n++];
    }
    *old = *i;
}

static bool list_del(struct list *l, struct bytes key)
{
    struct item *old = list_find(l, key);
    if (old != NULL) {
        *old = l->items[--l->n];
    }
    return old != NULL;
}

static bool bit(const struct hash32 *path, size_t i)
{
    return (path->b[i / 8] & (0x80 >> (i % 8))) != 0;
}

static size_t common_bits(const struct hash32 *a, const struct hash32 *b)
{
    size_t n = 0;
    while (n < 256 && bit(a, n) == bit(b, n)) {
        n++;
    }
    return n;
}

static struct hash32 with_bit(struct hash32 path, size_t i, bool set)
{
    uint8_t mask = (uint8_t)(0x80 >> (i % 8));
    path.b[i / 8] = (uint8_t)(set ? path.b[i / 8] | mask : path.b[i / 8] & ~mask);
    return path;
}

/* Returns: how many items lie under the first `depth` bits. Out: one of them. */
static size_t below(const struct list *l, const struct hash32 *path, size_t depth,
                    const struct item **one)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (common_bits(path, &l->items[i].path) >= depth) {
            *one = &l->items[i];
            n++;
        }
    }
    return n;
}

static struct hash32 subtree(const struct list *l, struct hash32 path, size_t depth)
{
    struct hash32 out = {0};
    uint8_t node[1 + 32 + SMT_VALUE_MAX];
    const struct item *one = NULL;
    size_t n = below(l, &path, depth, &one);
    if (n == 1) {
        node[0] = 0;
        memcpy(node + 1, one->path.b, 32);
        memcpy(node + 33, one->value, one->value_len);
        SHA256(node, 33 + one->value_len, out.b);
    } else if (n > 1) {
        struct hash32 left = subtree(l, with_bit(path, depth, false), depth + 1);
        struct hash32 right = subtree(l, with_bit(path, depth, true), depth + 1);
        node[0] = 1;
        memcpy(node + 1, left.b, 32);
        memcpy(node + 33, right.b, 32);
        SHA256(node, 65, out.b);
    }
    return out;
}

static struct hash32 list_root(const struct list *l)
{
    return subtree(l, (struct hash32){0}, 0);
}

static struct hash32 tree_root(struct smt *t)
{
    struct hash32 root;
    smt_root(t, &root);
    return root;
}

/* Asserts that the proof of a key is the one that follows from the list, and says so. */
static void check_proof(struct smt *t, const struct list *l, struct bytes key)
{
    struct item wanted = item_of(key, (struct bytes){0});
    const struct item *leaf = NULL;
    struct smt_proof proof;
    size_t depth = 0;
    smt_prove(t, key, &proof);
    for (; below(l, &wanted.path, depth, &leaf) > 1; depth++) {
        struct hash32 aside = with_bit(wanted.path, depth, !bit(&wanted.path, depth));
        struct hash32 sibling = subtree(l, aside, depth + 1);
        assert_memory_equal(proof.sibling[depth].b, sibling.b, 32);
    }
    bool found = below(l, &wanted.path, depth, &leaf) == 1;
    assert_int_equal(proof.depth, depth);
    assert_int_equal(proof.has_leaf, found);
    if (found) {
        assert_true(bytes_equal(bytes_of(proof.key, proof.key_len), key_of(leaf)));
        assert_true(bytes_equal(bytes_of(proof.value, proof.value_len), value_of(leaf)));
    }

    struct hash32 root = tree_root(t);
    bool member = found && bytes_equal(key_of(leaf), key);
    bool present = !member;
    struct bytes value = bytes_str("untouched");
    assert_int_equal(smt_proof_verify(&proof, &root, key, &present, &value), 0);
    assert_int_equal(present, member);
    assert_true(bytes_equal(value, member ? value_of(leaf) : (struct bytes){0}));

    struct buf encoded = {0};
    struct buf again = {0};
    struct smt_proof decoded;
    smt_proof_encode(&proof, &encoded);
    assert_int_equal(smt_proof_decode(buf_view(&encoded), &decoded), 0);
    smt_proof_encode(&decoded, &again);
    assert_int_equal(encoded.err | again.err, 0);
    assert_true(bytes_equal(buf_view(&encoded), buf_view(&again)));
    assert_int_equal(smt_proof_verify(&decoded, &root, key, &present, &value), 0);
    assert_int_equal(present, member);
    buf_fini(&encoded);
    buf_fini(&again);
}

static void put(struct smt *t, struct list *l, struct bytes key, struct bytes value)
{
    struct item i = item_of(key, value);
    list_put(l, &i);
    assert_int_equal(smt_put(t, key, value), 0);
}

/* One of 200 keys of 1..40 bytes. */
static struct bytes random_key(struct prng *p, uint8_t *memory)
{
    uint8_t n = (uint8_t)prng_below(p, 200);
    memset(memory, n, SMT_KEY_MAX);
    return bytes_of(memory, 1 + n % SMT_KEY_MAX);
}

static struct bytes random_value(struct prng *p, uint8_t *memory)
{
    size_t len = prng_below(p, SMT_VALUE_MAX + 1);
    for (size_t i = 0; i < len; i++) {
        memory[i] = (uint8_t)prng_next(p);
    }
    return bytes_of(memory, len);
}

static void fill(struct smt *t, struct list *l, uint8_t n)
{
    for (uint8_t i = 0; i < n; i++) {
        uint8_t key[2] = {i, 1};
        uint8_t value[3] = {i, i, i};
        put(t, l, bytes_of(key, 2), bytes_of(value, 3));
    }
}

static void test_empty_tree_has_the_zero_root_and_proves_absence(void **state)
{
    struct smt t = {0};
    struct list l = {.n = 0};
    struct bytes value;
    assert_int_equal(smt_count(&t), 0);
    struct hash32 root = tree_root(&t);
    assert_true(hash32_is_zero(&root));
    assert_false(smt_get(&t, bytes_str("key"), &value));
    assert_false(smt_del(&t, bytes_str("key")));
    check_proof(&t, &l, bytes_str("key"));
    smt_fini(&t);
}

/* Recomputed with another language's SHA-256 from the definition in smt.h. */
static void test_roots_are_the_ones_of_the_definition(void **state)
{
    struct smt t = {0};
    struct list l = {.n = 0};
    char text[65];
    put(&t, &l, bytes_str("a"), bytes_str("1"));
    hex_encode(BYTES_OF(tree_root(&t)), text);
    assert_string_equal(text, "4f6a77e75e6305cc5ecfdc8692d6e03aa6f8b234902233462c43d2b709cd917d");
    put(&t, &l, bytes_str("b"), bytes_str("2"));
    put(&t, &l, bytes_str("c"), bytes_str(""));
    hex_encode(BYTES_OF(tree_root(&t)), text);
    assert_string_equal(text, "130f6a097643e3a8090093674e5b2cb174809f259002657a991ab2e2117d61be");
    smt_fini(&t);
}

static void test_random_changes_agree_with_the_model(void **state)
{
    struct prng p;
    struct smt t = {0};
    struct list l = {.n = 0};
    uint8_t key[SMT_KEY_MAX];
    uint8_t value[SMT_VALUE_MAX];
    prng_init(&p, 1, "smt");
    for (int round = 0; round < 600; round++) {
        /* Grows, then shrinks to nothing, twice. */
        bool growing = round / 150 % 2 == 0;
        struct bytes k = random_key(&p, key);
        if (prng_chance_ppm(&p, growing ? 800000 : 100000)) {
            put(&t, &l, k, random_value(&p, value));
        } else {
            bool there = list_del(&l, k);
            assert_int_equal(smt_del(&t, k), there);
        }
        if (!growing && l.n != 0) {
            uint8_t last[SMT_KEY_MAX];
            size_t len = l.items[l.n - 1].key_len;
            memcpy(last, l.items[l.n - 1].key, len);
            assert_true(list_del(&l, bytes_of(last, len)));
            assert_true(smt_del(&t, bytes_of(last, len)));
        }
        assert_int_equal(smt_count(&t), l.n);
        if (round % 3 == 0) { /* so that stale hashes of several changes meet */
            struct hash32 expected = list_root(&l);
            assert_memory_equal(tree_root(&t).b, expected.b, 32);
            check_proof(&t, &l, random_key(&p, key));
        }
        struct bytes found;
        const struct item *i = list_find(&l, random_key(&p, key));
        assert_int_equal(i != NULL, smt_get(&t, bytes_of(key, 1 + key[0] % SMT_KEY_MAX), &found));
        assert_true(i == NULL || bytes_equal(found, value_of(i)));
    }
    smt_fini(&t);
}

static void test_equal_content_has_an_equal_root_whatever_led_there(void **state)
{
    struct smt a = {0};
    struct smt b = {0};
    struct list la = {.n = 0};
    struct list lb = {.n = 0};
    fill(&a, &la, 60);
    fill(&b, &lb, 200);
    for (uint8_t i = 0; i < 60; i++) {
        uint8_t key[2] = {(uint8_t)(59 - i), 1};
        assert_true(smt_del(&b, bytes_of(key, 2)));
    }
    (void)tree_root(&b);
    for (uint8_t i = 199; i >= 60; i--) {
        uint8_t key[2] = {i, 1};
        assert_true(smt_del(&b, bytes_of(key, 2)));
    }
    assert_int_equal(smt_count(&b), 0);
    struct hash32 none = tree_root(&b);
    assert_true(hash32_is_zero(&none));
    for (uint8_t i = 60; i > 0; i--) {
        uint8_t key[2] = {(uint8_t)(i - 1), 1};
        uint8_t value[3] = {key[0], key[0], key[0]};
        assert_int_equal(smt_put(&b, bytes_of(key, 2), bytes_of(value, 1)), 0);
        (void)tree_root(&b);
        assert_int_equal(smt_put(&b, bytes_of(key, 2), bytes_of(value, 3)), 0);
    }
    assert_memory_equal(tree_root(&a).b, tree_root(&b).b, 32);
    smt_fini(&a);
    smt_fini(&b);
}

static void test_memory_of_what_was_deleted_is_used_again(void **state)
{
    struct smt t = {0};
    struct list l = {.n = 0};
    fill(&t, &l, 200);
    size_t inners = t.inners.n;
    size_t leaves = t.leaves.n;
    for (int round = 0; round < 3; round++) {
        for (uint8_t i = 0; i < 200; i++) {
            uint8_t key[2] = {i, 1};
            assert_true(smt_del(&t, bytes_of(key, 2)));
        }
        fill(&t, &l, 200);
        assert_int_equal(t.inners.n, inners);
        assert_int_equal(t.leaves.n, leaves);
    }
    assert_int_equal(t.inners.n_free, 0);
    smt_fini(&t);
}

static int compare_items(const void *a, const void *b)
{
    return memcmp(((const struct item *)a)->path.b, ((const struct item *)b)->path.b, 32);
}

/* Among 4096 keys some two share the first 18 bits of their paths or more. */
static void test_leaves_that_part_late_hang_deep(void **state)
{
    enum { N = 4096 };
    struct item *all = calloc(N, sizeof(*all));
    assert_non_null(all);
    for (size_t i = 0; i < N; i++) {
        uint8_t key[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        all[i] = item_of(bytes_of(key, 2), bytes_str("v"));
    }
    qsort(all, N, sizeof(*all), compare_items);
    size_t best = 0;
    for (size_t i = 0; i + 1 < N; i++) {
        if (common_bits(&all[i].path, &all[i + 1].path) >
            common_bits(&all[best].path, &all[best + 1].path)) {
            best = i;
        }
    }
    size_t depth = common_bits(&all[best].path, &all[best + 1].path) + 1;
    assert_true(depth > 18);

    struct smt t = {0};
    struct list l = {.n = 0};
    put(&t, &l, key_of(&all[best]), value_of(&all[best]));
    put(&t, &l, key_of(&all[best + 1]), value_of(&all[best + 1]));
    assert_int_equal(t.inners.n, depth);
    assert_memory_equal(tree_root(&t).b, list_root(&l).b, 32);
    for (size_t i = 0; i < 50; i++) { /* ends at a leaf, or at nothing somewhere on the way down */
        check_proof(&t, &l, key_of(&all[i]));
    }
    check_proof(&t, &l, key_of(&all[best]));
    check_proof(&t, &l, key_of(&all[best + 1]));
    assert_true(list_del(&l, key_of(&all[best])));
    assert_true(smt_del(&t, key_of(&all[best])));
    assert_int_equal(t.inners.n_free, depth);
    assert_memory_equal(tree_root(&t).b, list_root(&l).b, 32);
    smt_fini(&t);
    free(all);
}

static void test_keys_are_listed_by_prefix_in_order(void **state)
{
    static const char *const keys[] = {"b", "ab", "abc", "a", "ac", "abb", "c"};
    static const char *const expected[] = {"ab", "abb", "abc"};
    struct smt t = {0};
    struct list l = {.n = 0};
    struct smt_item *items = NULL;
    size_t n = 9;
    for (size_t i = 0; i < 7; i++) {
        put(&t, &l, bytes_str(keys[i]), bytes_str(keys[i]));
    }
    assert_int_equal(smt_list(&t, bytes_str("ab"), &items, &n), 0);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_true(bytes_equal(items[i].key, bytes_str(expected[i])));
        assert_true(bytes_equal(items[i].value, bytes_str(expected[i])));
    }
    free(items);
    assert_int_equal(smt_list(&t, bytes_str(""), &items, &n), 0);
    assert_int_equal(n, 7);
    free(items);
    assert_int_equal(smt_list(&t, bytes_str("abcd"), &items, &n), 0);
    assert_int_equal(n, 0);
    assert_null(items);

    size_t cursor = 0;
    struct smt_item item;
    assert_true(smt_del(&t, bytes_str("a")));
    assert_true(list_del(&l, bytes_str("a")));
    while (smt_next(&t, &cursor, &item)) {
        assert_true(list_del(&l, item.key));
    }
    assert_int_equal(l.n, 0);
    smt_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_tree_has_the_zero_root_and_proves_absence),
        cmocka_unit_test(test_roots_are_the_ones_of_the_definition),
        cmocka_unit_test(test_random_changes_agree_with_the_model),
        cmocka_unit_test(test_equal_content_has_an_equal_root_whatever_led_there),
        cmocka_unit_test(test_memory_of_what_was_deleted_is_used_again),
        cmocka_unit_test(test_leaves_that_part_late_hang_deep),
        cmocka_unit_test(test_keys_are_listed_by_prefix_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
