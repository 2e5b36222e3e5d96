/* Encodings are strict: one per value, nothing missing, nothing left over. Bundles, too, are laid
 * out and put together as documented. */
#include "common/crypto/hash.h"
#include "common/protocol/pro_dossier.h"
#include "tests/unit/protocol/slot.h"
#include "tests/unit/protocol/strict.h"

static struct world *world;
static struct slot *slot;

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
    struct next_case n = {
        .d = {.before = {bytes_str("header"), bytes_str("body")},
              .status = bytes_str("status"),
              .post_root = {{1, 2, 3}},
              .after = {bytes_str("other header"), bytes_str("other body")},
              .n_bundles = 2,
              .n_failures = 2,
              .n_proposals = 2,
              .n_siblings = 3},
        .bundles = {{7, bytes_str("seven")}, {9, bytes_str("")}},
        .failures = {{bytes_str("one"), bytes_str("proof")}, {bytes_str("two"), bytes_str("")}},
        .proposals = {{bytes_str("h"), bytes_str("b")}, {{0}, {0}}},
        .siblings = {bytes_str("x"), bytes_str(""), bytes_str("z")}};
    n.d.bundles = n.bundles;
    n.d.failures = n.failures;
    n.d.proposals = n.proposals;
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
    struct pro_proven *failures = calloc(10000, sizeof(*failures));
    struct buf bytes = {0};
    assert_non_null(many);
    assert_non_null(failures);
    struct pro_next_dossier d = {
        .n_failures = 10000, .failures = failures, .n_siblings = 10000, .siblings = many};
    pro_next_dossier_encode(&d, &bytes);
    assert_int_equal(recode("next_dossier", buf_view(&bytes)), 0);
    free(many);
    free(failures);
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

/* ---- Bundles ---- */

static void make_leg(struct pro_open_part open, struct buf *out)
{
    struct buf open_bytes = {0};
    struct bytes us[] = {bytes_str("u"), bytes_str("u"), bytes_str("u"), bytes_str("u")};
    const struct hash32 none = {{0}};
    assert_true(open.n_legs <= 4);
    if (hash32_equal(&open.siblings, &none)) {
        pro_siblings(us, open.n_legs, &open.siblings);
    }
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
    open.scope = PRO_SCOPE_ALL;
    open.sender.b[19] = 5;
    open.fee = 6;
    open.tx = bytes_str("transaction");
    struct buf hashed = {0};
    struct hash32 hash;
    put_text(&hashed, "lockstep/siblings/v1");
    put_text(&hashed, "u");
    hash_keccak256(buf_view(&hashed), &hash);
    put(&should_leg, 33 + 32 + 20 + 16 + 4 + 11, 4);
    put(&should_leg, 1, 8);
    put(&should_leg, 2, 8);
    put(&should_leg, 0, 4);
    put(&should_leg, 1, 4);
    buf_append(&should_leg, hash.b, 32);
    put(&should_leg, 3, 8);
    put(&should_leg, 7, 1);
    put(&should_leg, 0, 16);
    put(&should_leg, 5, 4);
    put(&should_leg, 0, 8);
    put(&should_leg, 6, 8);
    put(&should_leg, 11, 4);
    put_text(&should_leg, "transaction");
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
    buf_clear(&hashed);
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
static void spoil_siblings(struct pro_open_part legs[2])
{
    legs[1].siblings.b[31] = 1;
}
static void spoil_scope(struct pro_open_part legs[2])
{
    legs[1].scope = 8;
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
    assert_int_equal(bundle_rc(spoil_siblings), ERR_MISMATCH);
    assert_int_equal(bundle_rc(spoil_scope), ERR_NONCANONICAL);
    pro_bundle_encode(&deployment, 9, NULL, 0, &empty);
    assert_int_equal(recode("bundle", buf_view(&empty)), ERR_MISMATCH);
    buf_fini(&empty);
}

static struct bytes open_tx; /* what the next two leave open */

static void spoil_open_tx(struct pro_open_part legs[2])
{
    legs[1].scope = PRO_SCOPE_TX;
    legs[1].tx = open_tx;
}

static void test_an_open_transaction_is_taken_up_to_the_limit(void **state)
{
    uint8_t *space = calloc(1, PRO_MAX_TX_BYTES + 1);
    assert_non_null(space);
    open_tx = bytes_of(space, PRO_MAX_TX_BYTES);
    assert_int_equal(bundle_rc(spoil_open_tx), 0);
    open_tx = bytes_of(space, PRO_MAX_TX_BYTES + 1);
    assert_int_equal(bundle_rc(spoil_open_tx), ERR_TOOBIG);
    open_tx = bytes_of(space, 0);
    assert_int_equal(bundle_rc(spoil_open_tx), 0);
    free(space);
}

/* Without its bit a transaction may not follow, with it none may be missing. */
static void test_the_scope_says_exactly_what_is_open(void **state)
{
    struct pro_open_part open = {.rollup = 1, .bundle_nonce = 9, .n_legs = 1};
    struct hash32 deployment = filled(4);
    const size_t scope_at = 32 + 8 + 4 + 4 + 4 + 64; /* in the bundle's bytes */
    for (int is = 0; is <= PRO_SCOPE_ALL; is++) {
        struct buf leg = {0};
        struct buf all = {0};
        open.scope = (uint8_t)is;
        memset(open.sender.b, 0xff, 20); /* not to be taken for a length */
        open.tx = bytes_str("t");
        make_leg(open, &leg);
        struct bytes view = buf_view(&leg);
        pro_bundle_encode(&deployment, 9, &view, 1, &all);
        assert_strict("bundle", buf_view(&all));
        assert_int_equal(all.data[scope_at], is);
        for (int said = 0; said <= PRO_SCOPE_ALL; said++) {
            assert_true((with_byte("bundle", buf_view(&all), scope_at, (uint8_t)said) == 0) ==
                        (said == is));
        }
        buf_fini(&leg);
        buf_fini(&all);
    }
}

static void test_a_bundle_over_the_limit_is_refused_unread(void **state)
{
    uint8_t *space = calloc(1, PRO_MAX_BUNDLE_BYTES + 1);
    assert_non_null(space);
    assert_int_equal(recode("bundle", bytes_of(space, PRO_MAX_BUNDLE_BYTES + 1)), ERR_TOOBIG);
    free(space);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_encoding_is_strict),
        cmocka_unit_test(test_dossiers_are_strict),
        cmocka_unit_test(test_dossiers_take_more_than_any_slot_has),
        cmocka_unit_test(test_a_lying_count_is_refused_before_memory_is_taken),
        cmocka_unit_test(test_a_bundle_is_laid_out_and_hashed_as_documented),
        cmocka_unit_test(test_legs_that_do_not_form_one_bundle_are_refused),
        cmocka_unit_test(test_an_open_transaction_is_taken_up_to_the_limit),
        cmocka_unit_test(test_the_scope_says_exactly_what_is_open),
        cmocka_unit_test(test_a_bundle_over_the_limit_is_refused_unread),
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
