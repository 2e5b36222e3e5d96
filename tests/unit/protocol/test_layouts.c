/* Encodings and leaves are what their headers document: assembled here field by field. */
#include "common/crypto/hash.h"
#include "common/protocol/pro_block.h"
#include "common/protocol/pro_preconf.h"
#include "common/protocol/pro_result.h"
#include "tests/unit/protocol/strict.h"

static struct pro_entry sample_entry(enum pro_entry_kind kind)
{
    struct pro_entry e = {.kind = kind,
                          .seq = 0x01020304,
                          .leg = 5,
                          .n_legs = 6,
                          .bundle_id = filled(7),
                          .enc_tx_hash = filled(8),
                          .preconf_hash = filled(9)};
    if (kind == PRO_ENTRY_EXCLUDED) {
        e.cause = (struct pro_place){10, 11, 12};
    } else {
        e.tx = bytes_str("tx");
    }
    return e;
}

static void put_entry_head(struct buf *b, uint8_t kind)
{
    put(b, kind, 1);
    put(b, 0x01020304, 4);
    put(b, 5, 4);
    put(b, 6, 4);
    put_hash(b, 7);
    put_hash(b, 8);
    put_hash(b, 9);
}

static void test_a_block_is_laid_out_as_documented(void **state)
{
    struct pro_block block;
    struct buf is = {0};
    struct buf should = {0};
    assert_int_equal(pro_block_init(&block, 0x0102030405060708, 77, 1, 3), 0);
    put(&should, 0x0102030405060708, 8);
    put(&should, 77, 8);
    put(&should, 1, 4);
    put(&should, 3, 4);
    for (uint8_t kind = 0; kind < 3; kind++) {
        block.entries[kind] = sample_entry((enum pro_entry_kind)kind);
        put_entry_head(&should, kind);
        if (kind == PRO_ENTRY_EXCLUDED) {
            put(&should, 10, 8);
            put(&should, 11, 4);
            put(&should, 12, 4);
        } else {
            put(&should, 2, 4);
            put_text(&should, "tx");
        }
    }
    pro_block_encode(&block, &is);
    assert_strict("block", buf_view(&is));
    assert_int_equal(with_byte("block", buf_view(&is), 24, 3), ERR_NONCANONICAL);
    assert_same(&is, &should);
    pro_block_fini(&block);
}

static void test_headers_are_laid_out_as_documented(void **state)
{
    uint8_t bitmap[2] = {0xff, 1};
    for (int final = 0; final < 2; final++) {
        struct pro_header h = {.slot = 1,
                               .rollup = 2,
                               .round = 3,
                               .final = final != 0,
                               .count = 9,
                               .body_hash = filled(5),
                               .post_root = filled(6),
                               .excluded = bytes_of(bitmap, 2)};
        struct buf is = {0};
        struct buf should = {0};
        memset(h.commitment.b, 4, sizeof(h.commitment.b));
        put(&should, 1, 8);
        put(&should, 2, 8);
        put(&should, 3, 4);
        put(&should, (uint64_t) final, 1);
        put(&should, 9, 4);
        put_hash(&should, 4);
        buf_append(&should, h.commitment.b, 16);
        put_hash(&should, 5);
        if (final != 0) {
            put_hash(&should, 6);
            put(&should, 2, 4);
            buf_append(&should, bitmap, 2);
        }
        pro_header_encode(&h, &is);
        assert_strict("header", buf_view(&is));
        assert_int_equal(with_byte("header", buf_view(&is), 20, 2), ERR_NONCANONICAL);
        assert_int_equal(with_byte("header", buf_view(&is), 23, 0xff), ERR_TOOBIG);
        if (final != 0) { /* a bit, a byte too many or too few for the count */
            assert_int_equal(with_byte("header", buf_view(&is), is.len - 1, 3), ERR_NONCANONICAL);
            assert_int_equal(with_byte("header", buf_view(&is), 24, 17), ERR_NONCANONICAL);
            assert_int_equal(with_byte("header", buf_view(&is), 24, 8), ERR_NONCANONICAL);
        }
        assert_same(&is, &should);
    }
}

static void test_an_order_commitment_is_laid_out_as_documented(void **state)
{
    struct pro_order o = {1, 2, 4096, {{0}}};
    struct buf is = {0};
    struct buf should = {0};
    memset(o.commitment.b, 4, sizeof(o.commitment.b));
    put(&should, 1, 8);
    put(&should, 2, 8);
    put(&should, 4096, 4);
    buf_append(&should, o.commitment.b, 48);
    pro_order_encode(&o, &is);
    assert_int_equal(recode("order", buf_view(&is)), 0);
    assert_int_equal(with_byte("order", buf_view(&is), 19, 1), ERR_TOOBIG); /* 4097 */
    assert_same(&is, &should);
}

static void test_a_result_is_laid_out_as_documented(void **state)
{
    uint8_t status[2] = {0xa5, 0x01};
    struct pro_result r = {.rollup = 1,
                           .slot = 2,
                           .round = 3,
                           .body_hash = filled(5),
                           .pre_root = filled(6),
                           .post_root = filled(7),
                           .count = 9,
                           .status = bytes_of(status, 2),
                           .receipts_root = filled(8),
                           .step_roots_root = filled(9),
                           .access_root = filled(10),
                           .cover_hash = filled(11)};
    struct buf is = {0};
    struct buf should = {0};
    put(&should, 1, 8);
    put(&should, 2, 8);
    put(&should, 3, 4);
    buf_append(&should, r.commitment.b, 48);
    for (uint8_t fill = 5; fill < 8; fill++) {
        put_hash(&should, fill);
    }
    put(&should, 9, 4);
    put(&should, 2, 4);
    size_t bitmap_at = should.len;
    buf_append(&should, status, 2);
    for (uint8_t fill = 8; fill < 12; fill++) {
        put_hash(&should, fill);
    }
    pro_result_encode(&r, &is);
    assert_strict("result", buf_view(&is));
    assert_int_equal(with_byte("result", buf_view(&is), bitmap_at + 1, 2), ERR_NONCANONICAL);
    assert_int_equal(with_byte("result", buf_view(&is), bitmap_at - 5, 8), ERR_NONCANONICAL);
    assert_int_equal(with_byte("result", buf_view(&is), bitmap_at - 5, 17), ERR_NONCANONICAL);
    assert_int_equal(with_byte("result", buf_view(&is), bitmap_at - 8, 1), ERR_TOOBIG);
    assert_same(&is, &should);
}

static void test_a_rejection_is_laid_out_as_documented(void **state)
{
    struct pro_rejection r = {1, 2, 3};
    struct buf is = {0};
    struct buf should = {0};
    put(&should, 1, 8);
    put(&should, 2, 8);
    put(&should, 3, 4);
    pro_rejection_encode(&r, &is);
    assert_strict("rejection", buf_view(&is));
    assert_same(&is, &should);
}

static void test_openings_are_laid_out_as_documented(void **state)
{
    struct pro_opening items[2] = {{PRO_OPEN, bytes_str("w")}, {PRO_BOGUS_CIPHER, bytes_str("")}};
    struct pro_openings o = {1, 2, 2, items};
    struct buf is = {0};
    struct buf should = {0};
    put(&should, 1, 8);
    put(&should, 2, 8);
    put(&should, 2, 4);
    put(&should, 0, 1);
    put(&should, 1, 4);
    put_text(&should, "w");
    put(&should, 1, 1);
    put(&should, 0, 4);
    pro_openings_encode(&o, &is);
    assert_strict("openings", buf_view(&is));
    assert_int_equal(with_byte("openings", buf_view(&is), 20, 2), ERR_NONCANONICAL);
    assert_same(&is, &should);
}

static void test_a_preconfirmation_is_laid_out_as_documented(void **state)
{
    struct pro_preconf_tx txs[2] = {{.rollup = 3, .order = 4, .enc_tx_hash = filled(5)},
                                    {.rollup = 6, .order = 7, .enc_tx_hash = filled(8)}};
    struct pro_preconf p = {.slot = 1, .seq = 2, .bundle_id = filled(9), .n_legs = 2, .txs = txs};
    struct buf is = {0};
    struct buf should = {0};
    memset(txs[0].sig.b, 10, 65);
    memset(txs[1].sig.b, 11, 65);
    memset(p.sig.b, 12, 65);
    put(&should, 1, 8);
    put(&should, 2, 4);
    put_hash(&should, 9);
    put(&should, 2, 4);
    for (int i = 0; i < 2; i++) {
        put(&should, txs[i].rollup, 8);
        put(&should, txs[i].order, 4);
        buf_append(&should, txs[i].enc_tx_hash.b, 32);
        buf_append(&should, txs[i].sig.b, 65);
    }
    buf_append(&should, p.sig.b, 65);
    pro_preconf_encode(&p, &is);
    assert_strict("preconf", buf_view(&is));
    struct hash32 hash;
    struct hash32 expected;
    pro_preconf_hash(buf_view(&is), &hash);
    hash_keccak256(buf_view(&should), &expected);
    assert_memory_equal(hash.b, expected.b, 32);
    assert_same(&is, &should);
    p.n_legs = 0;
    pro_preconf_encode(&p, &is);
    assert_int_equal(recode("preconf", buf_view(&is)), ERR_MISMATCH);
    buf_fini(&is);
}

static void test_leaves_are_hashed_as_documented(void **state)
{
    struct pro_entry e = sample_entry(PRO_ENTRY_TX);
    struct buf hashed = {0};
    struct hash32 is;
    struct hash32 should;
    struct hash32 tx_hash;
    hash_keccak256(bytes_str("tx"), &tx_hash);
    put_hash(&hashed, 8);
    buf_append(&hashed, tx_hash.b, 32);
    put_hash(&hashed, 7);
    put(&hashed, 5, 4);
    put(&hashed, 6, 4);
    hash_keccak256(buf_view(&hashed), &should);
    pro_entry_leaf(&e, &is);
    assert_memory_equal(is.b, should.b, 32);

    buf_clear(&hashed);
    put_hash(&hashed, 8);
    put_hash(&hashed, 7);
    put(&hashed, 5, 4);
    put(&hashed, 6, 4);
    hash_keccak256(buf_view(&hashed), &should);
    pro_order_leaf(&e.enc_tx_hash, &e.bundle_id, 5, 6, &is);
    assert_memory_equal(is.b, should.b, 32);

    buf_clear(&hashed);
    e = sample_entry(PRO_ENTRY_EXCLUDED);
    put_text(&hashed, "excluded");
    put_hash(&hashed, 7);
    put(&hashed, 10, 8);
    put(&hashed, 11, 4);
    put(&hashed, 12, 4);
    hash_keccak256(buf_view(&hashed), &should);
    pro_entry_leaf(&e, &is);
    assert_memory_equal(is.b, should.b, 32);
    buf_fini(&hashed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_block_is_laid_out_as_documented),
        cmocka_unit_test(test_headers_are_laid_out_as_documented),
        cmocka_unit_test(test_an_order_commitment_is_laid_out_as_documented),
        cmocka_unit_test(test_a_result_is_laid_out_as_documented),
        cmocka_unit_test(test_a_rejection_is_laid_out_as_documented),
        cmocka_unit_test(test_openings_are_laid_out_as_documented),
        cmocka_unit_test(test_a_preconfirmation_is_laid_out_as_documented),
        cmocka_unit_test(test_leaves_are_hashed_as_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
