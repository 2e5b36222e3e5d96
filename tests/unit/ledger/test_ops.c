/* 256-bit products against GMP; names and operations as bytes and as words. */
#include "common/base/cleanup.h"

#include "tests/unit/ledger/fixture.h"

#define ADDRESS_11 "1111111111111111111111111111111111111111"
#define NUMBER_1 "00000000000000000000000000000001"
#define NUMBER_MAX "ffffffffffffffffffffffffffffffff"

static void mpz_of(mpz_t out, struct led_u256 v)
{
    mpz_t low;
    mpz_init(low);
    fix_mpz(out, v.hi);
    mpz_mul_2exp(out, out, 128);
    fix_mpz(low, v.lo);
    mpz_add(out, out, low);
    mpz_clear(low);
}

static void check_product_and_quotient(struct prng *p, u128 a, u128 b, u128 d)
{
    mpz_t ours;
    mpz_t x;
    mpz_t y;
    mpz_inits(ours, x, y, NULL);
    struct led_u256 n = led_u256_mul(a, b);
    mpz_of(ours, n);
    fix_mpz(x, a);
    fix_mpz(y, b);
    mpz_mul(x, x, y);
    assert_int_equal(mpz_cmp(ours, x), 0);

    if (prng_chance_ppm(p, 500000)) { /* not only products: anything with d > hi, lo whatever */
        n.lo = fix_u128(p);
    }
    if (d <= n.hi) {
        n.hi = d != 0 ? n.hi % d : 0;
        d = d != 0 ? d : 1;
    }
    mpz_of(x, n);
    fix_mpz(y, d);
    mpz_fdiv_qr(x, y, x, y);
    u128 rest = 0;
    assert_u128_equal(led_u256_div(n, d, &rest), fix_from_mpz(x));
    assert_u128_equal(rest, fix_from_mpz(y));
    assert_u128_equal(led_u256_div(n, d, NULL), fix_from_mpz(x));
    mpz_clears(ours, x, y, NULL);
}

static void test_products_and_quotients_are_those_of_gmp(void **state)
{
    static const u128 edges[] = {0,
                                 1,
                                 2,
                                 UINT64_MAX,
                                 (u128)UINT64_MAX + 1,
                                 (u128)UINT64_MAX << 64,
                                 ((u128)1 << 127) - 1,
                                 (u128)1 << 127,
                                 ((u128)1 << 127) + 1,
                                 U128_MAX - 1,
                                 U128_MAX};
    const size_t n = sizeof(edges) / sizeof(edges[0]);
    struct prng p;
    prng_init(&p, 1, "u256");
    for (size_t i = 0; i < n * n * n; i++) {
        check_product_and_quotient(&p, edges[i % n], edges[i / n % n], edges[i / n / n]);
    }
    for (int i = 0; i < 2000; i++) {
        check_product_and_quotient(&p, fix_u128(&p), fix_u128(&p), fix_u128(&p));
    }
}

static void test_comparison_is_that_of_gmp(void **state)
{
    struct prng p;
    mpz_t x;
    mpz_t y;
    prng_init(&p, 2, "u256");
    mpz_inits(x, y, NULL);
    for (int i = 0; i < 1000; i++) {
        struct led_u256 a = {.hi = fix_u128(&p), .lo = fix_u128(&p)};
        struct led_u256 b = {.hi = prng_chance_ppm(&p, 300000) ? a.hi : fix_u128(&p),
                             .lo = prng_chance_ppm(&p, 300000) ? a.lo : fix_u128(&p)};
        mpz_of(x, a);
        mpz_of(y, b);
        int order = mpz_cmp(x, y);
        int ours = led_u256_compare(a, b);
        assert_true((order < 0) == (ours < 0) && (order > 0) == (ours > 0));
    }
    mpz_clears(x, y, NULL);
}

static void test_names_are_1_to_16_plain_characters(void **state)
{
    static const char *const good[] = {"A", "z", "0", ".", "_", "-", "sixteen-chars.16"};
    static const char *const bad[] = {"",
                                      "seventeen-chars17",
                                      "a b",
                                      "a/b",
                                      "caf\xc3\xa9",
                                      "a\n",
                                      "@",
                                      "[",
                                      "`",
                                      "{",
                                      ":",
                                      ",",
                                      "\x7f"};
    struct led_name name;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        memset(&name, 0x5a, sizeof(name));
        assert_int_equal(led_name_set(&name, good[i]), 0);
        struct led_name padded = {0};
        memcpy(padded.text, good[i], strlen(good[i]));
        assert_memory_equal(&name, &padded, sizeof(name));
    }
    struct led_name before = name;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(led_name_set(&name, bad[i]), ERR_INVALID);
        assert_memory_equal(&name, &before, sizeof(name));
    }
    struct led_name other = fix_name("sixteen-chars.17");
    assert_true(led_name_equal(&name, &before));
    assert_false(led_name_equal(&name, &other));
}

static void check_encoding(struct led_op op, const char *hex, const char *words)
{
    CLEANUP(buf_fini) struct buf expected = fix_hex(hex);
    CLEANUP(buf_fini) struct buf b = {0};
    CLEANUP(buf_fini) struct buf text = {0};
    led_op_encode(&op, &b);
    assert_int_equal(b.err, 0);
    assert_int_equal(b.len, expected.len);
    assert_memory_equal(b.data, expected.data, b.len);
    led_op_print(&op, &text);
    assert_string_equal(buf_cstr(&text), words);
}

static void test_operations_have_the_documented_bytes_and_words(void **state)
{
    struct addr20 who = fix_address(0x11);
    check_encoding(fix_transfer(&who, "ETH", 10),
                   "01" ADDRESS_11 "03455448" /* ETH */
                   "0000000000000000000000000000000a",
                   "transfer 10 ETH to 0x" ADDRESS_11);
    check_encoding(fix_swap("ETH-U", "ETH", "U", 1, U128_MAX),
                   "02054554482d55034554480155" NUMBER_1 NUMBER_MAX,
                   "swap 1 ETH for at least 340282366920938463463374607431768211455 U in ETH-U");
    check_encoding(fix_require_balance(&who, "U", LED_AT_LEAST, 1),
                   "030101" ADDRESS_11 "0155" NUMBER_1,
                   "require balance of 0x" ADDRESS_11 " in U >= 1");
    check_encoding(fix_require_price("p", "U", LED_AT_MOST, 1, U128_MAX),
                   "030202"
                   "0170"
                   "0155" NUMBER_1 NUMBER_MAX,
                   "require price of U in p <= 1/340282366920938463463374607431768211455");
    check_encoding(fix_require_nonce(&who, LED_EXACTLY, 258),
                   "030303" ADDRESS_11 "0000000000000102",
                   "require nonce of 0x" ADDRESS_11 " == 258");
    check_encoding(fix_fail(), "04", "fail");
    check_encoding(fix_lend(LED_OP_DEPOSIT, "p", "U", 1), "0501700155" NUMBER_1,
                   "deposit 1 U in p");
    check_encoding(fix_lend(LED_OP_WITHDRAW, "p", "U", 1), "0601700155" NUMBER_1,
                   "withdraw 1 U from p");
    check_encoding(fix_lend(LED_OP_BORROW, "p", "U", 1), "0701700155" NUMBER_1 "00",
                   "borrow 1 U from p");
    check_encoding(fix_flash(LED_OP_BORROW, "p", "U", 1, 2, 3),
                   "0701700155" NUMBER_1 "010000000200000003",
                   "flash borrow 1 U from p, repaid by operation 3 of leg 2");
    check_encoding(fix_lend(LED_OP_REPAY, "p", "U", 1), "0801700155" NUMBER_1 "00",
                   "repay 1 U to p");
    check_encoding(fix_flash(LED_OP_REPAY, "p", "U", 1, 0, 1),
                   "0801700155" NUMBER_1 "010000000000000001",
                   "flash repay 1 U to p, lent by operation 1 of leg 0");
    check_encoding(fix_bridge(LED_OP_BRIDGE_OUT, 1002, &who, "U", 1, 2, 3),
                   "0900000000000003ea" ADDRESS_11 "0155" NUMBER_1 "0000000200000003",
                   "bridge 1 U out to rollup 1002 for 0x" ADDRESS_11
                   ", taken in by operation 3 of leg 2");
    check_encoding(fix_bridge(LED_OP_BRIDGE_IN, 1001, &who, "U", 1, 0, 1),
                   "0a00000000000003e9" ADDRESS_11 "0155" NUMBER_1 "0000000000000001",
                   "bridge 1 U in from rollup 1001 for 0x" ADDRESS_11
                   ", sent out by operation 1 of leg 0");
    assert_string_equal(led_op_name(LED_OP_BRIDGE_IN), "bridge_in");
    assert_string_equal(led_op_name(LED_OP_TRANSFER), "transfer");
    assert_string_equal(led_op_name(LED_OP_SWAP), "swap");
    assert_string_equal(led_op_name(LED_OP_REQUIRE), "require");
    assert_string_equal(led_op_name(LED_OP_FAIL), "fail");
    assert_string_equal(led_op_name((enum led_op_kind)0), "unknown");
    assert_string_equal(led_op_name((enum led_op_kind)11), "unknown");
}

static void test_numbers_print_as_gmp_prints_them(void **state)
{
    struct prng p;
    mpz_t z;
    prng_init(&p, 3, "print");
    mpz_init(z);
    for (int i = 0; i < 200; i++) {
        u128 v = i == 0 ? 0 : (i == 1 ? U128_MAX : fix_u128(&p));
        struct buf b = {0};
        char text[64];
        fix_mpz(z, v);
        (void)gmp_snprintf(text, sizeof(text), "%Zd", z);
        led_u128_print(v, &b);
        assert_string_equal(buf_cstr(&b), text);
        buf_fini(&b);
    }
    mpz_clear(z);
}

static void assert_ops_equal(const struct led_op *a, const struct led_op *b)
{
    assert_int_equal(a->kind, b->kind);
    if (a->kind == LED_OP_TRANSFER) {
        assert_true(addr20_equal(&a->transfer.to, &b->transfer.to));
        assert_memory_equal(&a->transfer.asset, &b->transfer.asset, sizeof(struct led_name));
        assert_u128_equal(a->transfer.amount, b->transfer.amount);
    } else if (a->kind == LED_OP_SWAP) {
        assert_memory_equal(&a->swap.pool, &b->swap.pool, sizeof(struct led_name));
        assert_memory_equal(&a->swap.asset_in, &b->swap.asset_in, sizeof(struct led_name));
        assert_memory_equal(&a->swap.asset_out, &b->swap.asset_out, sizeof(struct led_name));
        assert_u128_equal(a->swap.amount_in, b->swap.amount_in);
        assert_u128_equal(a->swap.min_out, b->swap.min_out);
    } else if (a->kind == LED_OP_REQUIRE) {
        const struct led_require *x = &a->require;
        const struct led_require *y = &b->require;
        assert_int_equal(x->what, y->what);
        assert_int_equal(x->compare, y->compare);
        assert_true(addr20_equal(&x->account, &y->account));
        assert_memory_equal(&x->pool, &y->pool, sizeof(struct led_name));
        assert_memory_equal(&x->asset, &y->asset, sizeof(struct led_name));
        assert_true(x->value == y->value && x->num == y->num && x->den == y->den);
        assert_true(x->nonce == y->nonce);
    } else if (a->kind == LED_OP_BRIDGE_OUT || a->kind == LED_OP_BRIDGE_IN) {
        assert_true(a->bridge.rollup == b->bridge.rollup);
        assert_true(addr20_equal(&a->bridge.account, &b->bridge.account));
        assert_memory_equal(&a->bridge.asset, &b->bridge.asset, sizeof(struct led_name));
        assert_u128_equal(a->bridge.amount, b->bridge.amount);
        assert_memory_equal(&a->bridge.pair, &b->bridge.pair, sizeof(struct led_op_at));
    } else if (a->kind != LED_OP_FAIL) {
        assert_memory_equal(&a->lend.pool, &b->lend.pool, sizeof(struct led_name));
        assert_memory_equal(&a->lend.asset, &b->lend.asset, sizeof(struct led_name));
        assert_u128_equal(a->lend.amount, b->lend.amount);
        assert_int_equal(a->lend.flash, b->lend.flash);
        assert_memory_equal(&a->lend.pair, &b->lend.pair, sizeof(struct led_op_at));
    }
}

static int decode(const uint8_t *data, size_t len)
{
    struct led_op *ops = NULL;
    size_t n = 77;
    uint8_t *exact = malloc(len != 0 ? len : 1);
    assert_non_null(exact);
    if (len != 0) {
        memcpy(exact, data, len);
    }
    int rc = led_ops_decode(bytes_of(exact, len), &ops, &n);
    assert_true(rc == 0 ? ops != NULL && n >= 1 && n <= LED_OPS_MAX : ops == NULL && n == 77);
    free(ops);
    free(exact);
    return rc;
}

static void test_random_lists_survive_the_round_trip(void **state)
{
    struct prng p;
    prng_init(&p, 4, "ops");
    for (int round = 0; round < 100; round++) {
        struct led_op ops[LED_OPS_MAX];
        size_t n = round == 0 ? LED_OPS_MAX : 1 + prng_below(&p, 6);
        CLEANUP(buf_fini) struct buf b = {0};
        for (size_t i = 0; i < n; i++) {
            size_t before = b.len;
            ops[i] = fix_random_op(&p);
            led_op_encode(&ops[i], &b);
            assert_true(b.len - before <= LED_OP_BYTES_MAX);
        }
        buf_clear(&b);
        led_ops_encode(ops, n, &b);
        assert_int_equal(b.err, 0);
        CLEANUP(cleanup_free) struct led_op *again = NULL;
        size_t n_again = 0;
        assert_int_equal(led_ops_decode(buf_view(&b), &again, &n_again), 0);
        assert_int_equal(n_again, n);
        for (size_t i = 0; i < n; i++) {
            assert_ops_equal(&ops[i], &again[i]);
        }
        for (size_t len = 0; len < b.len && round < 20; len++) {
            assert_int_equal(decode(b.data, len), ERR_TRUNCATED);
        }
        buf_append_u8(&b, 4);
        assert_int_equal(decode(b.data, b.len), ERR_TRAILING);
    }
}

/* Flipping a byte never gives a second spelling of the same list. */
static void test_whatever_decodes_encodes_to_the_same_bytes(void **state)
{
    struct prng p;
    prng_init(&p, 5, "flips");
    int accepted = 0;
    for (int round = 0; round < 20; round++) {
        struct led_op ops[2] = {fix_random_op(&p), fix_random_op(&p)};
        CLEANUP(buf_fini) struct buf b = {0};
        led_ops_encode(ops, 2, &b);
        for (size_t i = 0; i < b.len; i++) {
            uint8_t flip = (uint8_t)(1 + prng_below(&p, 255));
            b.data[i] = (uint8_t)(b.data[i] ^ flip);
            struct led_op *found = NULL;
            size_t n = 0;
            if (led_ops_decode(buf_view(&b), &found, &n) == 0) {
                CLEANUP(buf_fini) struct buf again = {0};
                led_ops_encode(found, n, &again);
                assert_true(bytes_equal(buf_view(&again), buf_view(&b)));
                accepted++;
            }
            free(found);
            b.data[i] = (uint8_t)(b.data[i] ^ flip);
        }
    }
    assert_true(accepted > 100);
}

static void check_refused(const char *hex, int expected)
{
    CLEANUP(buf_fini) struct buf b = fix_hex(hex);
    int rc = decode(b.data, b.len);
    if (rc != expected) {
        print_error("%s gives %s\n", hex, err_name(rc));
    }
    assert_int_equal(rc, expected);
}

#define ONE "00000001"
#define NAME17                                                                                     \
    "1161616161616161616161616161616161"                                                           \
    "61"

static void test_refusals_of_the_decoder(void **state)
{
    check_refused(ONE "04", 0);
    check_refused("00000000", ERR_INVALID);
    check_refused("0000000004", ERR_INVALID);
    check_refused("00000041", ERR_TOOBIG);
    check_refused("ffffffff04", ERR_TOOBIG);
    check_refused("0000000204", ERR_TRUNCATED);
    check_refused(ONE "00", ERR_UNSUPPORTED);
    check_refused(ONE "0b", ERR_UNSUPPORTED);
    check_refused(ONE "ff", ERR_UNSUPPORTED);
    check_refused(ONE "0404", ERR_TRAILING);
    /* Names. */
    check_refused(ONE "01" ADDRESS_11 "0155" NUMBER_1, 0);
    check_refused(ONE "01" ADDRESS_11 "00" NUMBER_1, ERR_INVALID);
    check_refused(ONE "01" ADDRESS_11 NAME17 NUMBER_1, ERR_INVALID);
    check_refused(ONE "01" ADDRESS_11 "025500" NUMBER_1, ERR_INVALID);
    check_refused(ONE "01" ADDRESS_11 "0155ff", ERR_TRUNCATED);
    check_refused(ONE "01" ADDRESS_11 "0120" NUMBER_1, ERR_INVALID);
    check_refused(ONE "02002001550155" NUMBER_1 NUMBER_1, ERR_INVALID);
    check_refused(ONE "0201550120" /* asset_in is a space */ "0155" NUMBER_1 NUMBER_1, ERR_INVALID);
    check_refused(ONE "02015501550120" NUMBER_1 NUMBER_1, ERR_INVALID);
    check_refused(ONE "02015501550155" NUMBER_1 NUMBER_1, 0);
    /* Requirements and comparisons. */
    check_refused(ONE "030001" ADDRESS_11 "0155" NUMBER_1, ERR_UNSUPPORTED);
    check_refused(ONE "030401" ADDRESS_11 "0155" NUMBER_1, ERR_UNSUPPORTED);
    check_refused(ONE "030100" ADDRESS_11 "0155" NUMBER_1, ERR_UNSUPPORTED);
    check_refused(ONE "030104" ADDRESS_11 "0155" NUMBER_1, ERR_UNSUPPORTED);
    check_refused(ONE "030103" ADDRESS_11 "0155" NUMBER_1, 0);
    check_refused(ONE "030103" ADDRESS_11 "0120" NUMBER_1, ERR_INVALID);
    check_refused(ONE "030201017001550000000000000000000000000000000000000000000000000000000000000"
                      "000",
                  ERR_INVALID); /* over 0 */
    check_refused(ONE "03020101700155" NUMBER_1 NUMBER_1, 0);
    check_refused(ONE "03020101200155" NUMBER_1 NUMBER_1, ERR_INVALID);
    check_refused(ONE "03020101700120" NUMBER_1 NUMBER_1, ERR_INVALID);
    check_refused(ONE "030301" ADDRESS_11 "0000000000000001", 0);
    check_refused(ONE "030301" ADDRESS_11 "00000000000001", ERR_TRUNCATED);
    /* Lending and bridges. */
    check_refused(ONE "0501700155" NUMBER_1, 0);
    check_refused(ONE "0501200155" NUMBER_1, ERR_INVALID);
    check_refused(ONE "0601700120" NUMBER_1, ERR_INVALID);
    check_refused(ONE "0501700155" NUMBER_1 "00", ERR_TRAILING);
    check_refused(ONE "0701700155" NUMBER_1, ERR_TRUNCATED);
    check_refused(ONE "0701700155" NUMBER_1 "00", 0);
    check_refused(ONE "0701700155" NUMBER_1 "000000000000000000", ERR_TRAILING);
    check_refused(ONE "0801700155" NUMBER_1 "02", ERR_NONCANONICAL);
    check_refused(ONE "0801700155" NUMBER_1 "0100000000000000", ERR_TRUNCATED);
    check_refused(ONE "0801700155" NUMBER_1 "010000000000000000", 0);
    check_refused(ONE "090000000000000009" ADDRESS_11 "0155" NUMBER_1 "0000000100000002", 0);
    check_refused(ONE "0a0000000000000009" ADDRESS_11 "0155" NUMBER_1 "00000001000000",
                  ERR_TRUNCATED);
}

static void test_reader_leaves_what_follows(void **state)
{
    CLEANUP(buf_fini)
    struct buf b = fix_hex(ONE "04"
                               "abcd");
    struct rd r = rd_from(buf_view(&b));
    struct led_op *ops = NULL;
    size_t n = 0;
    led_ops_read(&r, &ops, &n);
    assert_int_equal(n, 1);
    assert_int_equal(rd_u16(&r), 0xabcd);
    assert_int_equal(rd_end(&r), 0);
    free(ops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products_and_quotients_are_those_of_gmp),
        cmocka_unit_test(test_comparison_is_that_of_gmp),
        cmocka_unit_test(test_names_are_1_to_16_plain_characters),
        cmocka_unit_test(test_operations_have_the_documented_bytes_and_words),
        cmocka_unit_test(test_numbers_print_as_gmp_prints_them),
        cmocka_unit_test(test_random_lists_survive_the_round_trip),
        cmocka_unit_test(test_whatever_decodes_encodes_to_the_same_bytes),
        cmocka_unit_test(test_refusals_of_the_decoder),
        cmocka_unit_test(test_reader_leaves_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
