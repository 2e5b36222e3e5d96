/* Evidence as bytes: the layout of each kind written by hand, and what is no evidence. */
#include "common/crypto/hash.h"
#include "tests/unit/protocol/exhibit.h"
#include "tests/unit/protocol/strict.h"

static struct world *world;

/* ---- By hand ---- */

static void put_bytes(struct buf *b, const uint8_t *data, size_t len)
{
    buf_append(b, data, len);
}

static void put_var(struct buf *b, struct bytes v)
{
    put(b, v.len, 4);
    buf_append_bytes(b, v);
}

static void put_promise(struct buf *b, const struct pro_promise *p)
{
    put(b, p->slot, 8);
    put(b, p->rollup, 8);
    put(b, p->order, 4);
    put(b, p->seq, 4);
    put(b, p->leg, 4);
    put(b, p->n_legs, 4);
    put_bytes(b, p->bundle_id.b, 32);
    put_bytes(b, p->enc_tx_hash.b, 32);
    put_bytes(b, p->sig.b, 65);
}

static void put_opening(struct buf *b, const struct pro_opening_proof *o)
{
    put_bytes(b, o->y.b, 32);
    put_bytes(b, o->proof.b, 48);
}

/* p promise, s second, a artifact, o other, m parameters, l leg, k opening, i preimage,
 * t transaction, c cover */
static void put_fields(struct buf *b, const struct pro_evidence *e, const char *fields)
{
    for (const char *f = fields; *f != 0; f++) {
        if (*f == 'p' || *f == 's') {
            put_promise(b, *f == 'p' ? &e->promise : &e->second);
        } else if (*f == 'k') {
            put_opening(b, &e->opening);
        } else {
            put_var(b, *f == 'a'   ? e->artifact
                       : *f == 'o' ? e->other
                       : *f == 'm' ? e->params
                       : *f == 'l' ? e->leg
                       : *f == 't' ? e->tx
                       : *f == 'c' ? e->cover
                                   : e->preimage);
        }
    }
}

static void test_each_kind_is_laid_out_as_written(void **state)
{
    static const char *const layouts[] = {NULL,   "ps",    "ao",  "ao",     "pak",
                                          "paki", "ps",    "pml", "pmla",   "pmloaki",
                                          "psao", "psaki", "ao",  "aokiltc"};
    for (int kind = KIND_FIRST; kind <= KIND_LAST; kind++) {
        struct exhibit x;
        struct buf is = {0};
        struct buf should = {0};
        exhibit_init(&x, world, (enum pro_evidence_kind)kind);
        exhibit_encode(&x, &is);
        put_text(&should, "LSEVID01");
        put_var(&should, buf_view(&world->descriptor));
        put(&should, (uint64_t)kind, 1);
        put_fields(&should, &x.e, layouts[kind]);
        assert_same(&is, &should);
        exhibit_fini(&x);
    }
}

static void test_the_descriptor_is_laid_out_as_written(void **state)
{
    struct buf should = {0};
    struct buf tagged = {0};
    struct hash32 id;
    put(&should, 1337, 8);
    put(&should, 0xd00102, 3);
    put(&should, 0, 29);
    put_bytes(&should, tlp_params_digest(world->tlp)->b, 32);
    put_bytes(&should, world->sequencer.address.b, 20);
    put(&should, N_CHAINS, 4);
    for (int i = 0; i < N_CHAINS; i++) {
        put(&should, world->rollups[i], 8);
        put_bytes(&should, world->executors[i].address.b, 20);
    }
    assert_int_equal(should.len, world->descriptor.len);
    assert_memory_equal(should.data, world->descriptor.data, should.len);
    put_text(&tagged, "lockstep/deployment/v1");
    buf_append_bytes(&tagged, buf_view(&should));
    hash_keccak256(buf_view(&tagged), &id);
    assert_memory_equal(id.b, world->view.deployment.id.b, 32);
    assert_strict("descriptor", buf_view(&world->descriptor));
    buf_fini(&should);
    buf_fini(&tagged);
}

static void test_each_kind_decodes_strictly(void **state)
{
    for (int kind = KIND_FIRST; kind <= KIND_LAST; kind++) {
        struct exhibit x;
        struct buf b = {0};
        exhibit_init(&x, world, (enum pro_evidence_kind)kind);
        exhibit_encode(&x, &b);
        assert_strict("evidence", buf_view(&b));
        buf_fini(&b);
        exhibit_fini(&x);
    }
}

/* ---- What is no evidence ---- */

static void test_what_is_no_evidence_is_refused_by_name(void **state)
{
    struct exhibit x;
    struct buf b = {0};
    exhibit_init(&x, world, PRO_EVIDENCE_TWO_PROMISES);
    exhibit_encode(&x, &b);
    size_t kind_at = 8 + 4 + world->descriptor.len;
    assert_int_equal(with_byte("evidence", buf_view(&b), 7, '2'), ERR_UNSUPPORTED);
    assert_int_equal(with_byte("evidence", buf_view(&b), kind_at, 0), ERR_UNSUPPORTED);
    assert_int_equal(with_byte("evidence", buf_view(&b), kind_at, KIND_LAST + 1), ERR_UNSUPPORTED);
    assert_int_equal(with_byte("evidence", buf_view(&b), kind_at, 255), ERR_UNSUPPORTED);
    assert_int_equal(with_byte("evidence", buf_view(&b), 8, 255), ERR_TOOBIG);
    assert_int_equal(recode("evidence", bytes_str("no evidence at all")), ERR_UNSUPPORTED);
    assert_int_equal(recode("evidence", bytes_of(NULL, 0)), ERR_TRUNCATED);
    /* leg = n_legs; n_legs over the limit */
    size_t leg_at = kind_at + 1 + 8 + 8 + 4 + 4;
    assert_int_equal(with_byte("evidence", buf_view(&b), leg_at + 3, 3), ERR_NONCANONICAL);
    assert_int_equal(with_byte("evidence", buf_view(&b), leg_at + 6, 5), ERR_NONCANONICAL);
    buf_fini(&b);
    exhibit_fini(&x);
}

static void test_evidence_has_a_greatest_size(void **state)
{
    struct exhibit x;
    struct buf b = {.limit = 2 * PRO_MAX_EVIDENCE_BYTES};
    struct buf leg = {.limit = PRO_MAX_EVIDENCE_BYTES};
    struct pro_evidence e;
    exhibit_init(&x, world, PRO_EVIDENCE_BAD_ADMISSION);
    exhibit_encode(&x, &b);
    size_t rest = b.len - x.e.leg.len;
    put(&leg, 0, PRO_MAX_EVIDENCE_BYTES - rest);
    assert_int_equal(leg.err, 0);
    for (int more = 0; more < 2; more++) {
        x.e.leg = buf_view(&leg);
        buf_clear(&b);
        exhibit_encode(&x, &b);
        assert_int_equal(b.len, PRO_MAX_EVIDENCE_BYTES + (size_t)more);
        assert_int_equal(pro_evidence_decode(buf_view(&b), &e), more == 0 ? 0 : ERR_TOOBIG);
        leg.limit++;
        buf_append_u8(&leg, 0);
    }
    buf_fini(&b);
    buf_fini(&leg);
    exhibit_fini(&x);
}

static void test_a_preimage_is_at_most_a_legs(void **state)
{
    struct exhibit x;
    struct buf b = {0};
    exhibit_init(&x, world, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE);
    assert_int_equal(x.e.preimage.len, PRO_PREIMAGE_BYTES);
    buf_append_u8(&x.preimage, 0);
    x.e.preimage = buf_view(&x.preimage);
    exhibit_encode(&x, &b);
    assert_int_equal(recode("evidence", buf_view(&b)), ERR_TOOBIG);
    buf_fini(&b);
    exhibit_fini(&x);
}

static void test_the_preimage_of_an_entry_hashes_to_its_leaf(void **state)
{
    struct slot *s = slot_new(world);
    const struct slot_block *blocks[] = {&s->chains[A].proposal, &s->chains[A].second,
                                         &s->chains[B].final, &s->chains[C].final};
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        for (uint32_t k = 0; k < blocks[i]->block.count; k++) {
            const struct pro_entry *e = &blocks[i]->block.entries[k];
            struct buf b = {0};
            struct hash32 is;
            struct hash32 should;
            struct pro_preimage p;
            pro_preimage_of(e, &b);
            hash_keccak256(buf_view(&b), &is);
            pro_entry_leaf(e, &should);
            assert_memory_equal(is.b, should.b, 32);
            bool leg = e->kind != PRO_ENTRY_EXCLUDED;
            assert_int_equal(pro_preimage_decode(buf_view(&b), &p), leg ? 0 : ERR_TRUNCATED);
            if (leg) {
                struct buf again = {0};
                pro_preimage_encode(&p, &again);
                buf_append_u8(&b, 0);
                assert_int_equal(pro_preimage_decode(buf_view(&b), &p), ERR_TRAILING);
                b.len--;
                assert_same(&b, &again);
            }
            buf_fini(&b);
        }
    }
    slot_destroy(&s);
}

static void test_kinds_have_distinct_names(void **state)
{
    assert_string_equal(pro_evidence_name((enum pro_evidence_kind)0), "unknown");
    assert_string_equal(pro_evidence_name((enum pro_evidence_kind)(KIND_LAST + 1)), "unknown");
    for (int a = KIND_FIRST; a <= KIND_LAST; a++) {
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(pro_evidence_name((enum pro_evidence_kind)a),
                                    pro_evidence_name((enum pro_evidence_kind)b));
        }
    }
}

/* ---- What a contract has to hard-code ---- */

/* keccak256 of the type strings in docs/evidence.md, computed by another program. */
static const char tx_type_hash[] =
    "13a45b2e5f80b23a782ff8c590660ff11e1b31d539d8101e0020d5ea2a7e9280";
static const char bundle_type_hash[] =
    "41053a3eb48f83577a2de0800659759db2d4d24c6be050c0092a89d16275ec6c";
static const char domain_type_hash[] =
    "a604fff5a27d5951f334ccda7abff3286a8af29caeeb196a6f2b40a1dce7612b";
static const char name_hash[] = "2f5cc53e0e4ec1dd0f4a598e538c90abe5b78bb6343ecf8adec17db36421851e";
static const char version_hash[] =
    "c89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc6";

static void put_hex(struct buf *b, const char *digits)
{
    uint8_t word[32];
    assert_int_equal(hex_decode(digits, word, 32), 0);
    buf_append(b, word, 32);
}

/* Hashes and releases. */
static struct hash32 hash_of(struct buf *b)
{
    struct hash32 out;
    assert_int_equal(b->err, 0);
    hash_keccak256(buf_view(b), &out);
    buf_fini(b);
    return out;
}

static struct hash32 promise_hash_by_hand(const struct pro_promise *p)
{
    struct buf b = {0};
    put_hex(&b, tx_type_hash);
    put(&b, p->slot, 32);
    put(&b, p->rollup, 32);
    put(&b, p->order, 32);
    put(&b, p->seq, 32);
    put(&b, p->leg, 32);
    put(&b, p->n_legs, 32);
    put_bytes(&b, p->bundle_id.b, 32);
    put_bytes(&b, p->enc_tx_hash.b, 32);
    return hash_of(&b);
}

static struct hash32 digest_by_hand(const struct hash32 *struct_hash)
{
    struct buf b = {0};
    put_hex(&b, domain_type_hash);
    put_hex(&b, name_hash);
    put_hex(&b, version_hash);
    put(&b, 1337, 32);
    put_bytes(&b, world->view.deployment.id.b, 32);
    struct hash32 domain = hash_of(&b);
    put(&b, 0x1901, 2);
    put_bytes(&b, domain.b, 32);
    put_bytes(&b, struct_hash->b, 32);
    return hash_of(&b);
}

static void test_the_type_hashes_are_the_published_ones(void **state)
{
    struct slot *s = slot_new(world);
    const struct pro_preconf *p = &s->preconfs[3];
    struct buf hashes = {0};
    struct buf b = {0};
    struct hash32 is;
    for (uint32_t leg = 0; leg < p->n_legs; leg++) {
        struct pro_promise promise;
        exhibit_promise(s, 3, leg, &promise);
        struct hash32 inner = promise_hash_by_hand(&promise);
        struct hash32 should = digest_by_hand(&inner);
        pro_promise_digest(&world->view.domain, &promise, &is);
        assert_memory_equal(is.b, should.b, 32);
        put_bytes(&hashes, inner.b, 32);
    }
    struct hash32 array = hash_of(&hashes);
    put_hex(&b, bundle_type_hash);
    put(&b, p->slot, 32);
    put(&b, p->seq, 32);
    put_bytes(&b, p->bundle_id.b, 32);
    put_bytes(&b, array.b, 32);
    struct hash32 inner = hash_of(&b);
    struct hash32 should = digest_by_hand(&inner);
    pro_preconf_bundle_digest(&world->view.domain, p, &is);
    assert_memory_equal(is.b, should.b, 32);
    slot_destroy(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_is_laid_out_as_written),
        cmocka_unit_test(test_the_descriptor_is_laid_out_as_written),
        cmocka_unit_test(test_each_kind_decodes_strictly),
        cmocka_unit_test(test_what_is_no_evidence_is_refused_by_name),
        cmocka_unit_test(test_evidence_has_a_greatest_size),
        cmocka_unit_test(test_a_preimage_is_at_most_a_legs),
        cmocka_unit_test(test_the_preimage_of_an_entry_hashes_to_its_leaf),
        cmocka_unit_test(test_kinds_have_distinct_names),
        cmocka_unit_test(test_the_type_hashes_are_the_published_ones),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return rc;
}
