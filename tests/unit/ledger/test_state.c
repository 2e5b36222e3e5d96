/* The state: keys, journal, rows and totals, proofs, the trace of accesses, and access sets. */
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"

#include "tests/unit/ledger/fixture.h"

static void set(struct led_state *s, uint8_t who, const char *asset, u128 amount)
{
    struct addr20 account = fix_address(who);
    struct led_name name = fix_name(asset);
    assert_int_equal(led_state_set_balance(s, &account, &name, amount), 0);
}

static u128 get(const struct led_state *s, uint8_t who, const char *asset)
{
    struct addr20 account = fix_address(who);
    struct led_name name = fix_name(asset);
    return led_balance(s, &account, &name);
}

static int set_pool(struct led_state *s, const char *pool, const char *a, u128 ra, const char *b,
                    u128 rb, uint32_t fee_ppm)
{
    struct led_name name = fix_name(pool);
    struct led_name first = fix_name(a);
    struct led_name second = fix_name(b);
    return led_state_set_pool(s, &name, &first, ra, &second, rb, fee_ppm);
}

static void check_key(const struct led_key *key, const char *hex)
{
    CLEANUP(buf_fini) struct buf expected = fix_hex(hex);
    assert_true(bytes_equal(bytes_of(key->b, key->len), buf_view(&expected)));
}

#define ADDRESS_11 "1111111111111111111111111111111111111111"

/* In: what the state must hold under the key, in hex; "" for nothing. */
static void check_stored(struct led_state *s, const struct led_key *key, const char *hex)
{
    CLEANUP(buf_fini) struct buf expected = fix_hex(hex);
    struct smt_proof proof;
    struct hash32 root = fix_root(s);
    bool present = false;
    struct bytes value;
    led_state_prove(s, key, &proof);
    assert_int_equal(smt_proof_verify(&proof, &root, bytes_of(key->b, key->len), &present, &value),
                     0);
    assert_int_equal(present, expected.len != 0);
    assert_true(bytes_equal(value, buf_view(&expected)));
}

static void test_keys_and_values_are_the_documented_bytes(void **state)
{
    struct led_state *s = fix_state();
    struct addr20 who = fix_address(0x11);
    struct led_name asset = fix_name("ETH");
    struct led_name pool = fix_name("sixteen-chars.16");
    struct led_key balance;
    struct led_key nonce;
    struct led_key of_pool;
    led_key_balance(&balance, &who, &asset);
    led_key_nonce(&nonce, &who);
    led_key_pool(&of_pool, &pool);
    check_key(&balance, "01" ADDRESS_11 "45544800000000000000000000000000");
    check_key(&nonce, "02" ADDRESS_11);
    check_key(&of_pool, "037369787465656e2d63686172732e3136");

    check_stored(s, &balance, "");
    assert_int_equal(led_state_set_balance(s, &who, &asset, 258), 0);
    assert_int_equal(led_state_set_nonce(s, &who, 3), 0);
    assert_int_equal(set_pool(s, "sixteen-chars.16", "ETH", 1, "U", U128_MAX, 3000), 0);
    check_stored(s, &balance, "00000000000000000000000000000102");
    check_stored(s, &nonce, "0000000000000003");
    check_stored(s, &of_pool,
                 "45544800000000000000000000000000"
                 "00000000000000000000000000000001"
                 "55000000000000000000000000000000"
                 "ffffffffffffffffffffffffffffffff"
                 "00000bb8");
    struct led_key lending;
    struct led_key position;
    struct led_key bridged;
    struct led_lending l = {fix_name("U"), fix_name("ETH"), 1, 2, 3, 4};
    struct led_position q = {1, 2, 3, U128_MAX};
    struct led_bridged b = {1, 258};
    led_key_lending(&lending, &pool);
    led_key_position(&position, &pool, &who);
    led_key_bridged(&bridged, 258, &asset);
    check_key(&lending, "047369787465656e2d63686172732e3136");
    check_key(&position, "057369787465656e2d63686172732e3136" ADDRESS_11);
    check_key(&bridged, "06000000000000010245544800000000000000000000000000");
    assert_int_equal(led_state_set_lending(s, &pool, &l), 0);
    assert_int_equal(led_state_set_position(s, &pool, &who, &q), 0);
    assert_int_equal(led_state_set_bridged(s, 258, &asset, &b), 0);
    check_stored(s, &lending,
                 "55000000000000000000000000000000"
                 "00000000000000000000000000000001"
                 "45544800000000000000000000000000"
                 "00000000000000000000000000000002"
                 "00000000000000030000000000000004");
    check_stored(s, &position,
                 "00000000000000000000000000000001"
                 "00000000000000000000000000000002"
                 "00000000000000000000000000000003"
                 "ffffffffffffffffffffffffffffffff");
    check_stored(s, &bridged,
                 "00000000000000000000000000000001"
                 "00000000000000000000000000000102");
    led_state_destroy(&s);
    assert_null(s);
    led_state_destroy(&s);
}

static void test_unknown_reads_as_zero_and_zero_is_not_stored(void **state)
{
    struct led_state *s = fix_state();
    struct addr20 who = fix_address(1);
    struct led_name name = fix_name("p");
    struct led_pool pool;
    struct hash32 empty = fix_root(s);
    assert_true(hash32_is_zero(&empty));
    assert_true(led_state_rollup(s) == FIX_ROLLUP);
    assert_u128_equal(get(s, 1, "ETH"), 0);
    assert_true(led_nonce(s, &who) == 0);
    assert_int_equal(led_pool_get(s, &name, &pool), ERR_NOTFOUND);
    set(s, 1, "ETH", 0);
    assert_memory_equal(fix_root(s).b, empty.b, 32);
    set(s, 1, "ETH", U128_MAX);
    assert_int_equal(led_state_set_nonce(s, &who, UINT64_MAX), 0);
    assert_u128_equal(get(s, 1, "ETH"), U128_MAX);
    assert_true(led_nonce(s, &who) == UINT64_MAX);
    assert_memory_not_equal(fix_root(s).b, empty.b, 32);
    set(s, 1, "ETH", 0);
    assert_int_equal(led_state_set_nonce(s, &who, 0), 0);
    assert_memory_equal(fix_root(s).b, empty.b, 32);
    led_state_destroy(&s);
}

static void test_pools_that_cannot_be_are_refused(void **state)
{
    struct led_state *s = fix_state();
    struct led_name name = fix_name("p");
    struct led_pool pool;
    assert_int_equal(set_pool(s, "p", "A", 1, "A", 1, 0), ERR_INVALID);
    assert_int_equal(set_pool(s, "p", "A", 0, "B", 1, 0), ERR_INVALID);
    assert_int_equal(set_pool(s, "p", "A", 1, "B", 0, 0), ERR_INVALID);
    assert_int_equal(set_pool(s, "p", "A", 1, "B", 1, LED_PPM), ERR_INVALID);
    assert_int_equal(set_pool(s, "p", "A", 1, "B", 1, UINT32_MAX), ERR_INVALID);
    assert_int_equal(led_pool_get(s, &name, &pool), ERR_NOTFOUND);
    assert_int_equal(set_pool(s, "p", "A", 1, "B", 1, LED_PPM - 1), 0);
    assert_int_equal(set_pool(s, "p", "C", 2, "B", 3, 4), 0);
    assert_int_equal(led_pool_get(s, &name, &pool), 0);
    assert_string_equal(pool.asset_a.text, "C");
    assert_string_equal(pool.asset_b.text, "B");
    assert_true(pool.reserve_a == 2 && pool.reserve_b == 3 && pool.fee_ppm == 4);
    led_state_destroy(&s);
}

static void test_rows_come_in_order_and_total_up(void **state)
{
    static const struct {
        uint8_t who;
        const char *asset;
    } expected[] = {{1, "A"}, {1, "AB"}, {1, "B"}, {2, "A"}, {200, "A"}};
    struct led_state *s = fix_state();
    struct led_balance_row *rows = NULL;
    struct led_pool_row *pools = NULL;
    struct led_name a = fix_name("A");
    size_t n = 9;
    u128 total = 9;
    assert_int_equal(led_state_balances(s, &rows, &n), 0);
    assert_true(n == 0 && rows == NULL);
    assert_int_equal(led_state_pools(s, &pools, &n), 0);
    assert_true(n == 0 && pools == NULL);
    assert_int_equal(led_state_total(s, &a, &total), 0);
    assert_u128_equal(total, 0);

    set(s, 200, "A", 5);
    set(s, 2, "A", 4);
    set(s, 1, "B", 3);
    set(s, 1, "AB", 2);
    set(s, 1, "A", 1);
    assert_int_equal(led_state_set_nonce(s, &(struct addr20){{1}}, 77), 0);
    assert_int_equal(set_pool(s, "q", "A", 10, "AB", 1000, 1), 0);
    assert_int_equal(set_pool(s, "p", "B", 1000, "A", 20, 2), 0);
    assert_int_equal(led_state_balances(s, &rows, &n), 0);
    assert_int_equal(n, 5);
    for (uint8_t i = 0; i < 5; i++) {
        struct addr20 who = fix_address(expected[i].who);
        assert_true(addr20_equal(&rows[i].account, &who));
        assert_string_equal(rows[i].asset.text, expected[i].asset);
        assert_u128_equal(rows[i].amount, i + 1U);
    }
    assert_int_equal(led_state_pools(s, &pools, &n), 0);
    assert_int_equal(n, 2);
    assert_string_equal(pools[0].name.text, "p");
    assert_string_equal(pools[1].name.text, "q");
    assert_u128_equal(pools[1].pool.reserve_b, 1000);
    free(rows);
    free(pools);

    assert_int_equal(led_state_total(s, &a, &total), 0);
    assert_u128_equal(total, 1 + 4 + 5 + 10 + 20);
    set(s, 3, "A", U128_MAX - 40);
    assert_int_equal(led_state_total(s, &a, &total), 0);
    assert_u128_equal(total, U128_MAX);
    set(s, 4, "A", 1);
    assert_int_equal(led_state_total(s, &a, &total), ERR_OVERFLOW);
    assert_u128_equal(total, U128_MAX);
    led_state_destroy(&s);
}

static void test_marks_nest_and_rolling_back_restores_the_root(void **state)
{
    struct led_state *s = fix_state();
    struct addr20 who = fix_address(1);
    set(s, 1, "A", 5);
    struct hash32 first = fix_root(s);
    struct led_mark outer = led_state_mark(s);
    set(s, 1, "A", 6);
    set(s, 2, "A", 7);
    assert_int_equal(set_pool(s, "p", "A", 1, "B", 1, 0), 0);
    struct hash32 second = fix_root(s);
    struct led_mark inner = led_state_mark(s);
    set(s, 1, "A", 0);
    set(s, 1, "A", 8);
    set(s, 1, "A", 6);
    set(s, 2, "A", 0);
    assert_int_equal(led_state_set_nonce(s, &who, 1), 0);
    assert_int_equal(set_pool(s, "p", "A", 2, "B", 2, 0), 0);
    led_state_rollback(s, inner);
    assert_memory_equal(fix_root(s).b, second.b, 32);
    assert_u128_equal(get(s, 2, "A"), 7);
    led_state_rollback(s, inner);
    assert_memory_equal(fix_root(s).b, second.b, 32);
    led_state_rollback(s, outer);
    assert_memory_equal(fix_root(s).b, first.b, 32);
    assert_u128_equal(get(s, 1, "A"), 5);
    assert_u128_equal(get(s, 2, "A"), 0);
    assert_true(led_nonce(s, &who) == 0);

    set(s, 3, "A", 1);
    struct hash32 kept = fix_root(s);
    led_state_commit(s);
    struct led_mark after = led_state_mark(s);
    assert_int_equal(after.at, 0); /* nothing is left to undo */
    set(s, 3, "A", 2);
    led_state_rollback(s, after);
    assert_memory_equal(fix_root(s).b, kept.b, 32);
    led_state_destroy(&s);
}

/* Random writes, marks and rollbacks against copies of the model. */
static void test_random_rollbacks_restore_what_was_marked(void **state)
{
    enum { DEPTH = 6 };
    struct prng p;
    struct model at[DEPTH];
    struct led_mark marks[DEPTH];
    struct hash32 roots[DEPTH];
    size_t depth = 0;
    struct model m;
    prng_init(&p, 1, "rollbacks");
    model_random(&m, &p, 30);
    struct led_state *s = model_state(&m);
    for (int i = 0; i < 2000; i++) {
        size_t who = prng_below(&p, MODEL_ACCOUNTS);
        size_t a = prng_below(&p, MODEL_ASSETS);
        const struct addr20 *account = &model_key(who)->address;
        struct led_name asset = fix_name(model_asset(a));
        uint64_t choice = prng_below(&p, 100);
        if (choice < 60) {
            m.balance[who][a] = prng_below(&p, 3);
            assert_int_equal(led_state_set_balance(s, account, &asset, m.balance[who][a]), 0);
        } else if (choice < 75) {
            m.nonce[who] = prng_below(&p, 2);
            assert_int_equal(led_state_set_nonce(s, account, m.nonce[who]), 0);
        } else if (choice < 87 && depth < DEPTH) {
            at[depth] = m;
            marks[depth] = led_state_mark(s);
            roots[depth++] = fix_root(s);
        } else if (choice < 98 && depth > 0) {
            depth = prng_below(&p, depth);
            m = at[depth];
            led_state_rollback(s, marks[depth]);
            assert_memory_equal(fix_root(s).b, roots[depth].b, 32);
            model_assert_equal(&m, s);
        } else if (choice >= 98) {
            led_state_commit(s);
            depth = 0;
        }
    }
    model_assert_equal(&m, s);
    led_state_destroy(&s);
}

static void test_trace_names_what_is_read_and_written(void **state)
{
    struct led_state *s = fix_state();
    struct led_trace trace = {0};
    struct addr20 who = fix_address(1);
    struct led_name asset = fix_name("A");
    struct led_pool pool;
    struct led_key key[3];
    led_key_balance(&key[0], &who, &asset);
    led_key_nonce(&key[1], &who);
    led_key_pool(&key[2], &asset);
    set(s, 1, "A", 1);
    led_state_trace(s, &trace);
    (void)get(s, 1, "A");
    set(s, 1, "A", 1); /* also when nothing changes */
    (void)led_nonce(s, &who);
    assert_int_equal(led_state_set_nonce(s, &who, 1), 0);
    assert_int_equal(led_pool_get(s, &asset, &pool), ERR_NOTFOUND);
    assert_int_equal(set_pool(s, "A", "B", 1, "C", 1, 0), 0);
    led_state_trace(s, NULL);
    set(s, 1, "A", 2);
    assert_int_equal(trace.err, 0);
    assert_int_equal(trace.n, 6);
    for (size_t i = 0; i < 6; i++) {
        struct hash32 path;
        hash_sha256(bytes_of(key[i / 2].b, key[i / 2].len), &path);
        assert_memory_equal(trace.paths[i].b, path.b, 32);
    }
    led_trace_fini(&trace);
    assert_true(trace.paths == NULL && trace.n == 0);
    led_state_destroy(&s);
}

static void check_access(const struct led_tx *tx, const struct led_key *keys, size_t n)
{
    struct led_access access = {0};
    assert_int_equal(led_access_of(tx, &access), 0);
    assert_int_equal(access.n, n);
    for (size_t i = 0; i < n; i++) {
        struct hash32 path;
        hash_sha256(bytes_of(keys[i].b, keys[i].len), &path);
        assert_true(led_access_has(&access, &path));
        path.b[31] ^= 1;
        assert_false(led_access_has(&access, &path));
        assert_true(i == 0 || memcmp(access.paths[i - 1].b, access.paths[i].b, 32) < 0);
    }
    led_access_fini(&access);
    assert_true(access.paths == NULL && access.n == 0);
}

static void test_access_sets_follow_from_the_fields(void **state)
{
    struct addr20 me = fix_address(1);
    struct addr20 you = fix_address(2);
    struct led_name a = fix_name("A");
    struct led_name b = fix_name("B");
    struct led_name p = fix_name("p");
    struct led_op ops[3];
    struct led_tx tx = {.sender = me, .n_legs = 1, .ops = ops, .n_ops = 1};
    struct led_key keys[8];

    ops[0] = fix_fail();
    check_access(&tx, NULL, 0);
    led_key_balance(&keys[0], &me, &a);
    led_key_balance(&keys[1], &you, &a);
    ops[0] = fix_transfer(&you, "A", 1);
    check_access(&tx, keys, 2);
    ops[0] = fix_transfer(&me, "A", 1);
    check_access(&tx, keys, 1);
    led_key_balance(&keys[1], &me, &b);
    led_key_pool(&keys[2], &p);
    ops[0] = fix_swap("p", "A", "B", 1, 1);
    check_access(&tx, keys, 3);
    ops[0] = fix_require_balance(&you, "A", LED_EXACTLY, 1);
    led_key_balance(&keys[0], &you, &a);
    check_access(&tx, keys, 1);
    ops[0] = fix_require_price("p", "A", LED_EXACTLY, 1, 1);
    led_key_pool(&keys[0], &p);
    check_access(&tx, keys, 1);
    ops[0] = fix_require_nonce(&you, LED_EXACTLY, 1);
    led_key_nonce(&keys[0], &you);
    check_access(&tx, keys, 1);
    for (int kind = LED_OP_DEPOSIT; kind <= LED_OP_REPAY; kind++) {
        ops[0] = fix_lend((enum led_op_kind)kind, "p", "A", 1);
        led_key_lending(&keys[0], &p);
        led_key_position(&keys[1], &p, &me);
        led_key_balance(&keys[2], &me, &a);
        check_access(&tx, keys, 3);
    }
    ops[0] = fix_bridge(LED_OP_BRIDGE_OUT, 9, &you, "A", 1, 0, 0);
    led_key_bridged(&keys[0], 9, &a);
    led_key_balance(&keys[1], &me, &a);
    check_access(&tx, keys, 2);
    ops[0] = fix_bridge(LED_OP_BRIDGE_IN, 9, &you, "A", 1, 0, 0);
    led_key_balance(&keys[1], &you, &a);
    check_access(&tx, keys, 2);
    ops[0] = fix_require_nonce(&you, LED_EXACTLY, 1);
    led_key_nonce(&keys[0], &you);
    tx.has_nonce = true;
    led_key_nonce(&keys[1], &me);
    check_access(&tx, keys, 2);

    tx.n_ops = 3;
    ops[0] = fix_transfer(&you, "A", 1);
    ops[1] = fix_swap("p", "A", "B", 1, 1);
    ops[2] = fix_transfer(&you, "A", 2);
    led_key_nonce(&keys[0], &me);
    led_key_balance(&keys[1], &me, &a);
    led_key_balance(&keys[2], &you, &a);
    led_key_balance(&keys[3], &me, &b);
    led_key_pool(&keys[4], &p);
    check_access(&tx, keys, 5);

    /* The first of them, without sorting: whole operations as far as there is room. */
    struct hash32 first[6];
    assert_int_equal(led_access_first(&tx, first, 0), 0);
    assert_int_equal(led_access_first(&tx, first, 3), 1);
    assert_memory_equal(first[0].b, keys[0].path.b, 32);
    assert_int_equal(led_access_first(&tx, first, 4), 3);
    assert_memory_equal(first[2].b, keys[2].path.b, 32);
    assert_int_equal(led_access_first(&tx, first, 6), 6);
}

static void test_access_sets_meet_where_they_share_a_path(void **state)
{
    struct prng p;
    unsigned met = 0;
    prng_init(&p, 1, "meet");
    for (int round = 0; round < 400; round++) {
        struct hash32 paths[2][6];
        struct led_access sets[2] = {{.paths = paths[0]}, {.paths = paths[1]}};
        bool in[2][24] = {{false}};
        bool expected = false;
        for (size_t k = 0; k < 2; k++) {
            for (size_t i = prng_below(&p, 7); i > 0; i--) {
                in[k][prng_below(&p, 24)] = true;
            }
        }
        for (uint8_t v = 0; v < 24; v++) {
            for (size_t k = 0; k < 2; k++) {
                if (in[k][v]) {
                    memset(paths[k][sets[k].n++].b, v, 32);
                }
            }
            expected = expected || (in[0][v] && in[1][v]);
        }
        assert_int_equal(led_access_meet(&sets[0], &sets[1]), expected);
        assert_int_equal(led_access_meet(&sets[1], &sets[0]), expected);
        met += expected ? 1 : 0;
    }
    assert_true(met > 50 && met < 350);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_and_values_are_the_documented_bytes),
        cmocka_unit_test(test_unknown_reads_as_zero_and_zero_is_not_stored),
        cmocka_unit_test(test_pools_that_cannot_be_are_refused),
        cmocka_unit_test(test_rows_come_in_order_and_total_up),
        cmocka_unit_test(test_marks_nest_and_rolling_back_restores_the_root),
        cmocka_unit_test(test_random_rollbacks_restore_what_was_marked),
        cmocka_unit_test(test_trace_names_what_is_read_and_written),
        cmocka_unit_test(test_access_sets_follow_from_the_fields),
        cmocka_unit_test(test_access_sets_meet_where_they_share_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
