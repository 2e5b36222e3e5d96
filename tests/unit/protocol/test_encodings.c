/* Encodings: laid out as documented, one per value, and strict. */
#include "common/base/prng.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_dossier.h"
#include "tests/lib/recode.h"
#include "tests/unit/protocol/slot.h"

static struct world *world;
static struct slot *slot;

/* ---- Strictness, for every encoding alike ---- */

static int recode(const char *what, struct bytes in)
{
    struct buf again = {0};
    int rc = recoder_find(what)->recode(in, &again);
    if (rc == 0) {
        assert_int_equal(again.err, 0);
        assert_true(bytes_equal(buf_view(&again), in));
    }
    buf_fini(&again);
    return rc;
}

/* Takes exactly these bytes: none less, none more; and damaged bytes only if they are an encoding
 * of something else. */
static void assert_strict(const char *what, struct bytes good)
{
    struct prng p;
    struct buf b = {0};
    prng_init(&p, 1, what);
    assert_int_equal(recode(what, good), 0);
    for (size_t len = 0; len < good.len; len++) {
        /* a copy of its own, so that the sanitizers see a read past its end */
        buf_append(&b, good.data, len);
        assert_int_equal(recode(what, buf_view(&b)), ERR_TRUNCATED);
        buf_fini(&b);
    }
    buf_append_bytes(&b, good);
    buf_append_u8(&b, 0);
    assert_int_equal(recode(what, buf_view(&b)), ERR_TRAILING);
    b.len--;
    for (int i = 0; i < 2000; i++) {
        size_t at = (size_t)prng_below(&p, b.len);
        uint8_t bit = (uint8_t)(1u << prng_below(&p, 8));
        b.data[at] ^= bit;
        (void)recode(what, buf_view(&b));
        b.data[at] ^= bit;
    }
    buf_fini(&b);
}

/* The same with one byte replaced. Returns: what the decoder says. */
static int with_byte(const char *what, struct bytes good, size_t at, uint8_t value)
{
    struct buf b = {0};
    buf_append_bytes(&b, good);
    assert_true(at < b.len);
    b.data[at] = value;
    int rc = recode(what, buf_view(&b));
    buf_fini(&b);
    return rc;
}

static void body_of(const struct buf *artifact, struct bytes *out)
{
    *out = bytes_of(artifact->data, artifact->len - sizeof(struct sig65));
}

static void test_every_encoding_is_strict(void **state)
{
    const struct slot_chain *c = slot->chains;
    struct bytes bundle;
    struct bytes preconf;
    struct bytes body;
    assert_int_equal(pro_bundle_item_decode(buf_view(&slot->items[3]), &bundle, &preconf), 0);
    assert_strict("bundle", bundle);
    assert_strict("preconf", preconf);
    assert_strict("bundle_item", buf_view(&slot->items[0]));
    assert_strict("block", buf_view(&c[B].final.body));
    body_of(&c[A].second.signed_header, &body);
    assert_strict("header", body);
    body_of(&c[A].final.signed_header, &body);
    assert_strict("header", body);
    body_of(&c[A].signed_order, &body);
    assert_strict("order", body);
    body_of(&c[A].signed_result, &body);
    assert_strict("result", body);
    body_of(&c[B].signed_openings, &body);
    assert_strict("openings", body);
}

static void test_dossiers_are_strict(void **state)
{
    struct buf bytes = {0};
    struct proposal_case p = {.d = {.slot = 3,
                                    .rollup = 4,
                                    .block = {bytes_str("header"), bytes_str("body")},
                                    .order = bytes_str("order"),
                                    .openings = bytes_str("openings"),
                                    .n_bundles = 2,
                                    .n_siblings = 2},
                              .bundles = {{7, bytes_str("seven")}, {9, bytes_str("")}},
                              .siblings = {{bytes_str("h"), bytes_str("b")}, {{0}, {0}}}};
    p.d.bundles = p.bundles;
    p.d.siblings = p.siblings;
    pro_proposal_dossier_encode(&p.d, &bytes);
    assert_strict("proposal_dossier", buf_view(&bytes));
    struct next_case n = {.d = {.before = {bytes_str("header"), bytes_str("body")},
                                .status = bytes_str("status"),
                                .post_root = {{1, 2, 3}},
                                .after = {bytes_str("other header"), bytes_str("other body")},
                                .n_bundles = 2,
                                .n_failures = 2,
                                .n_siblings = 3},
                          .bundles = {{7, bytes_str("seven")}, {9, bytes_str("")}},
                          .failures = {bytes_str("one"), bytes_str("two")},
                          .siblings = {bytes_str("x"), bytes_str(""), bytes_str("z")}};
    n.d.bundles = n.bundles;
    n.d.failures = n.failures;
    n.d.siblings = n.siblings;
    buf_clear(&bytes);
    pro_next_dossier_encode(&n.d, &bytes);
    assert_strict("next_dossier", buf_view(&bytes));
    struct pro_violation v = {.rule = PRO_RULE_ROOT};
    buf_append_bytes(&v.detail, bytes_str("a sentence"));
    buf_clear(&bytes);
    pro_violation_encode(&v, &bytes);
    assert_strict("violation", buf_view(&bytes));
    assert_int_equal(with_byte("violation", buf_view(&bytes), 0, PRO_RULE_ROOT + 1),
                     ERR_NONCANONICAL);
    pro_violation_fini(&v);
    buf_fini(&bytes);
}

static void test_dossiers_take_more_than_any_slot_has(void **state)
{
    struct bytes *many = calloc(10000, sizeof(*many));
    struct buf bytes = {0};
    assert_non_null(many);
    struct pro_next_dossier d = {
        .n_failures = 10000, .failures = many, .n_siblings = 10000, .siblings = many};
    pro_next_dossier_encode(&d, &bytes);
    assert_int_equal(recode("next_dossier", buf_view(&bytes)), 0);
    free(many);
    buf_fini(&bytes);
}

static void test_a_lying_count_is_refused_before_memory_is_taken(void **state)
{
    struct {
        const char *what;
        size_t at; /* of the count */
        int over;  /* for a count over the limit */
    } const cases[] = {
        {"bundle", 32 + 8, ERR_TOOBIG},
        {"preconf", 8 + 4 + 32, ERR_TOOBIG},
        {"block", 8 + 8 + 4, ERR_TOOBIG},
        {"openings", 8 + 8, ERR_TOOBIG},
        {"proposal_dossier", 8 + 8 + 16, ERR_TRUNCATED},
        {"next_dossier", 8 + 4 + 32 + 8, ERR_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[512] = {0};
        bytes[cases[i].at + 2] = 4; /* 1024 */
        assert_int_equal(recode(cases[i].what, bytes_of(bytes, sizeof(bytes))), ERR_TRUNCATED);
        memset(bytes + cases[i].at, 0xff, 4);
        assert_int_equal(recode(cases[i].what, bytes_of(bytes, sizeof(bytes))), cases[i].over);
    }
}

/* ---- Layouts, assembled here field by field ---- */

static void put(struct buf *b, uint64_t v, size_t width)
{
    for (size_t i = width; i-- > 0;) {
        buf_append_u8(b, (uint8_t)(v >> (8 * i)));
    }
}

static void put_hash(struct buf *b, uint8_t fill)
{
    for (int i = 0; i < 32; i++) {
        buf_append_u8(b, fill);
    }
}

static struct hash32 filled(uint8_t fill)
{
    struct hash32 h;
    memset(h.b, fill, sizeof(h.b));
    return h;
}

static void put_text(struct buf *b, const char *text)
{
    buf_append_bytes(b, bytes_str(text));
}

static void assert_same(struct buf *a, struct buf *b)
{
    assert_int_equal(a->err, 0);
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, b->len);
    buf_fini(a);
    buf_fini(b);
}

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
                           .step_roots_root = filled(9)};
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
    put_hash(&should, 8);
    put_hash(&should, 9);
    pro_result_encode(&r, &is);
    assert_strict("result", buf_view(&is));
    assert_int_equal(with_byte("result", buf_view(&is), bitmap_at + 1, 2), ERR_NONCANONICAL);
    assert_int_equal(with_byte("result", buf_view(&is), bitmap_at - 5, 8), ERR_NONCANONICAL);
    assert_int_equal(with_byte("result", buf_view(&is), bitmap_at - 5, 17), ERR_NONCANONICAL);
    assert_int_equal(with_byte("result", buf_view(&is), bitmap_at - 8, 1), ERR_TOOBIG);
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

/* ---- Bundles ---- */

static void make_leg(struct pro_open_part open, struct buf *out)
{
    struct buf open_bytes = {0};
    pro_open_part_encode(&open, &open_bytes);
    pro_leg_encode(buf_view(&open_bytes), bytes_str("u"), bytes_str("q"), bytes_str("proof"),
                   bytes_str("sealed"), out);
    buf_fini(&open_bytes);
}

static void test_a_bundle_is_laid_out_and_hashed_as_documented(void **state)
{
    struct pro_open_part open = {.rollup = 1, .bundle_nonce = 2, .n_legs = 1, .gas_limit = 3};
    struct hash32 deployment = filled(4);
    struct pro_bundle b;
    struct buf leg = {0};
    struct buf is = {0};
    struct buf should_leg = {0};
    struct buf should = {0};
    open.scope = PRO_SCOPE_SENDER | PRO_SCOPE_FEE;
    open.sender.b[19] = 5;
    open.fee = 6;
    put(&should_leg, 33 + 20 + 16, 4);
    put(&should_leg, 1, 8);
    put(&should_leg, 2, 8);
    put(&should_leg, 0, 4);
    put(&should_leg, 1, 4);
    put(&should_leg, 3, 8);
    put(&should_leg, 3, 1);
    put(&should_leg, 0, 16);
    put(&should_leg, 5, 4);
    put(&should_leg, 0, 8);
    put(&should_leg, 6, 8);
    const char *parts[] = {"u", "q", "proof", "sealed"};
    for (int i = 0; i < 4; i++) {
        put(&should_leg, strlen(parts[i]), 4);
        put_text(&should_leg, parts[i]);
    }
    put_hash(&should, 4);
    put(&should, 2, 8);
    put(&should, 1, 4);
    put(&should, should_leg.len, 4);
    buf_append_bytes(&should, buf_view(&should_leg));
    make_leg(open, &leg);
    struct bytes legs[1] = {buf_view(&leg)};
    pro_bundle_encode(&deployment, 2, legs, 1, &is);
    assert_strict("bundle", buf_view(&is));

    assert_int_equal(pro_bundle_decode(buf_view(&is), &b), 0);
    struct buf hashed = {0};
    struct hash32 hash;
    put_text(&hashed, "lockstep/enc-tx/v1");
    buf_append_bytes(&hashed, buf_view(&should_leg));
    hash_keccak256(buf_view(&hashed), &hash);
    assert_memory_equal(b.legs[0].enc_tx_hash.b, hash.b, 32);
    buf_clear(&hashed);
    put_text(&hashed, "lockstep/bundle/v1");
    put_hash(&hashed, 4);
    put(&hashed, 2, 8);
    put(&hashed, 1, 4);
    buf_append(&hashed, hash.b, 32);
    hash_keccak256(buf_view(&hashed), &hash);
    assert_memory_equal(b.id.b, hash.b, 32);
    buf_fini(&hashed);
    pro_bundle_fini(&b);
    assert_same(&is, &should);
    assert_same(&leg, &should_leg);
}

/* A bundle of two legs after `spoil` changed one of them. */
static int bundle_rc(void (*spoil)(struct pro_open_part legs[2]))
{
    struct hash32 deployment = filled(4);
    struct pro_open_part open[2] = {{.rollup = 1, .bundle_nonce = 9, .leg = 0, .n_legs = 2},
                                    {.rollup = 2, .bundle_nonce = 9, .leg = 1, .n_legs = 2}};
    struct buf encoded[2] = {{0}, {0}};
    struct bytes views[2];
    struct buf all = {0};
    spoil(open);
    for (int i = 0; i < 2; i++) {
        make_leg(open[i], &encoded[i]);
        views[i] = buf_view(&encoded[i]);
    }
    pro_bundle_encode(&deployment, 9, views, 2, &all);
    int rc = recode("bundle", buf_view(&all));
    buf_fini(&all);
    buf_fini(&encoded[0]);
    buf_fini(&encoded[1]);
    return rc;
}

static void spoil_nothing(struct pro_open_part legs[2])
{
    (void)legs;
}
static void spoil_leg(struct pro_open_part legs[2])
{
    legs[1].leg = 0;
}
static void spoil_order(struct pro_open_part legs[2])
{
    legs[0].leg = 1;
    legs[1].leg = 0;
}
static void spoil_number(struct pro_open_part legs[2])
{
    legs[0].n_legs = 3;
}
static void spoil_nonce(struct pro_open_part legs[2])
{
    legs[1].bundle_nonce = 8;
}
static void spoil_scope(struct pro_open_part legs[2])
{
    legs[1].scope = 4;
}

static void test_legs_that_do_not_form_one_bundle_are_refused(void **state)
{
    struct buf empty = {0};
    struct hash32 deployment = filled(4);
    assert_int_equal(bundle_rc(spoil_nothing), 0);
    assert_int_equal(bundle_rc(spoil_leg), ERR_MISMATCH);
    assert_int_equal(bundle_rc(spoil_order), ERR_MISMATCH);
    assert_int_equal(bundle_rc(spoil_number), ERR_MISMATCH);
    assert_int_equal(bundle_rc(spoil_nonce), ERR_MISMATCH);
    assert_int_equal(bundle_rc(spoil_scope), ERR_NONCANONICAL);
    pro_bundle_encode(&deployment, 9, NULL, 0, &empty);
    assert_int_equal(recode("bundle", buf_view(&empty)), ERR_MISMATCH);
    buf_fini(&empty);
}

static void test_a_bundle_over_the_limit_is_refused_unread(void **state)
{
    uint8_t *space = calloc(1, PRO_MAX_BUNDLE_BYTES + 1);
    assert_non_null(space);
    assert_int_equal(recode("bundle", bytes_of(space, PRO_MAX_BUNDLE_BYTES + 1)), ERR_TOOBIG);
    free(space);
}

/* ---- Leaves ---- */

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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_encoding_is_strict),
        cmocka_unit_test(test_dossiers_are_strict),
        cmocka_unit_test(test_dossiers_take_more_than_any_slot_has),
        cmocka_unit_test(test_a_lying_count_is_refused_before_memory_is_taken),
        cmocka_unit_test(test_a_block_is_laid_out_as_documented),
        cmocka_unit_test(test_headers_are_laid_out_as_documented),
        cmocka_unit_test(test_an_order_commitment_is_laid_out_as_documented),
        cmocka_unit_test(test_a_result_is_laid_out_as_documented),
        cmocka_unit_test(test_openings_are_laid_out_as_documented),
        cmocka_unit_test(test_a_preconfirmation_is_laid_out_as_documented),
        cmocka_unit_test(test_a_bundle_is_laid_out_and_hashed_as_documented),
        cmocka_unit_test(test_legs_that_do_not_form_one_bundle_are_refused),
        cmocka_unit_test(test_a_bundle_over_the_limit_is_refused_unread),
        cmocka_unit_test(test_leaves_are_hashed_as_documented),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    slot = slot_new(world);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    slot_destroy(&slot);
    world_destroy(&world);
    return rc;
}
