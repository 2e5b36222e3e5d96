/* What is signed: the digests against an independent computation (EIP-712 from its type strings),
 * and every signature that must not pass. */
#include "common/crypto/hash.h"
#include "common/ledger/led_tx.h"
#include "tests/unit/protocol/slot.h"

static struct world *world;

/* ---- A little EIP-712: encodes by the members that the type string names ---- */

/* A member's value: a number, 32 bytes, or for "T[]" the struct hashes of its elements. */
struct value {
    const char *name;
    uint64_t number;
    const uint8_t *bytes;
    const char *text;
    struct bytes hashes;
};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void put_number(struct buf *b, uint64_t v)
{
    for (int i = 31; i >= 0; i--) {
        buf_append_u8(b, i >= 8 ? 0 : (uint8_t)(v >> (8 * i)));
    }
}

static void put_hash_of(struct buf *b, struct bytes in)
{
    struct hash32 h;
    hash_keccak256(in, &h);
    buf_append(b, h.b, 32);
}

static void put_member(struct buf *b, const char *type, const struct value *v)
{
    if (begins(type, "uint")) {
        long bits = strtol(type + 4, NULL, 10);
        assert_true(bits == 256 || bits == 64 || (bits == 32 && v->number <= UINT32_MAX));
        put_number(b, v->number);
    } else if (begins(type, "bytes32 ")) {
        assert_non_null(v->bytes);
        buf_append(b, v->bytes, 32);
    } else if (begins(type, "string ")) {
        put_hash_of(b, bytes_str(v->text != NULL ? v->text : "missing"));
    } else {
        assert_true(begins(strchr(type, '['), "[] "));
        put_hash_of(b, v->hashes);
    }
}

/* hashStruct: keccak256(typeHash || encodeData). In: "Name(type member,...)" and, behind it, the
 * types it refers to. */
static struct hash32 struct_hash(const char *type, const struct value *values, size_t n)
{
    struct buf data = {0};
    struct hash32 out;
    put_hash_of(&data, bytes_str(type));
    const char *at = strchr(type, '(') + 1;
    size_t used = 0;
    for (bool last = false; !last; used++) {
        size_t len = strcspn(at, ",)");
        last = at[len] == ')';
        const char *name = memchr(at, ' ', len);
        assert_non_null(name);
        size_t name_len = (size_t)(at + len - name - 1);
        assert_true(used < n);
        assert_int_equal(strlen(values[used].name), name_len);
        assert_memory_equal(values[used].name, name + 1, name_len);
        put_member(&data, at, &values[used]);
        at += len + 1;
    }
    assert_int_equal(used, n);
    hash_keccak256(buf_view(&data), &out);
    buf_fini(&data);
    return out;
}

static struct hash32 model_domain(const struct pro_deployment *d)
{
    const struct value values[] = {
        {.name = "name", .text = "Lockstep"},
        {.name = "version", .text = "1"},
        {.name = "chainId", .number = d->l1_chain_id},
        {.name = "salt", .bytes = d->id.b},
    };
    return struct_hash("EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)",
                       values, 4);
}

#define TX_TYPE                                                                                    \
    "PreconfirmTx(uint64 slot,uint64 rollup,uint32 order,uint32 seq,uint32 leg,uint32 nLegs,"      \
    "bytes32 bundleId,bytes32 encTxHash)"

static struct hash32 model_tx(const struct pro_preconf *p, uint32_t leg)
{
    const struct value values[] = {
        {.name = "slot", .number = p->slot},
        {.name = "rollup", .number = p->txs[leg].rollup},
        {.name = "order", .number = p->txs[leg].order},
        {.name = "seq", .number = p->seq},
        {.name = "leg", .number = leg},
        {.name = "nLegs", .number = p->n_legs},
        {.name = "bundleId", .bytes = p->bundle_id.b},
        {.name = "encTxHash", .bytes = p->txs[leg].enc_tx_hash.b},
    };
    return struct_hash(TX_TYPE, values, 8);
}

static struct hash32 model_bundle(const struct pro_preconf *p)
{
    struct hash32 hashes[N_LEGS];
    for (uint32_t i = 0; i < p->n_legs; i++) {
        hashes[i] = model_tx(p, i);
    }
    const struct value values[] = {
        {.name = "slot", .number = p->slot},
        {.name = "seq", .number = p->seq},
        {.name = "bundleId", .bytes = p->bundle_id.b},
        {.name = "txs", .hashes = bytes_of(hashes, p->n_legs * sizeof(hashes[0]))},
    };
    return struct_hash(
        "PreconfirmBundle(uint64 slot,uint32 seq,bytes32 bundleId,PreconfirmTx[] txs)" TX_TYPE,
        values, 4);
}

static struct hash32 model_digest(const struct hash32 *domain, struct hash32 hash)
{
    struct buf b = {0};
    struct hash32 out;
    buf_append(&b, "\x19\x01", 2);
    buf_append(&b, domain->b, 32);
    buf_append(&b, hash.b, 32);
    hash_keccak256(buf_view(&b), &out);
    buf_fini(&b);
    return out;
}

static void fill(struct pro_preconf *p, struct pro_preconf_tx *txs, uint32_t n)
{
    *p = (struct pro_preconf){.slot = UINT64_C(0xfedcba9876543210),
                              .seq = UINT32_C(0x89abcdef),
                              .bundle_id = {{1, 2, 3}},
                              .n_legs = n,
                              .txs = txs};
    for (uint32_t i = 0; i < n; i++) {
        txs[i] = (struct pro_preconf_tx){
            .rollup = UINT64_MAX - i, .order = 1000 + i, .enc_tx_hash = {{(uint8_t)i, 9}}};
    }
}

static void test_preconfirmations_are_eip_712_typed_data(void **state)
{
    const struct pro_deployment d = {{{0xaa, 0xbb}}, 11155111};
    struct hash32 domain;
    struct hash32 is;
    struct hash32 should = model_domain(&d);
    struct pro_preconf_tx txs[N_LEGS];
    struct pro_preconf p;
    pro_preconf_domain(&d, &domain);
    assert_memory_equal(domain.b, should.b, 32);
    for (uint32_t n = 1; n <= N_LEGS; n++) {
        fill(&p, txs, n);
        for (uint32_t i = 0; i < n; i++) {
            pro_preconf_tx_digest(&domain, &p, i, &is);
            should = model_digest(&domain, model_tx(&p, i));
            assert_memory_equal(is.b, should.b, 32);
        }
        pro_preconf_bundle_digest(&domain, &p, &is);
        should = model_digest(&domain, model_bundle(&p));
        assert_memory_equal(is.b, should.b, 32);
    }
}

/* ---- Preconfirmations that must not verify ---- */

static int verify(const struct pro_preconf *p)
{
    return pro_preconf_verify(&world->view.domain, p, &world->sequencer.address);
}

static void test_a_preconfirmation_verifies_only_for_its_signer_and_deployment(void **state)
{
    struct pro_preconf_tx txs[N_LEGS];
    struct pro_preconf p;
    struct hash32 other_domain;
    struct pro_deployment other = world->view.deployment;
    fill(&p, txs, N_LEGS);
    pro_preconf_sign(&world->view.domain, &p, &world->sequencer);
    assert_int_equal(verify(&p), 0);
    assert_int_equal(pro_preconf_verify(&world->view.domain, &p, &world->stranger.address),
                     ERR_SIGNATURE);
    other.l1_chain_id++;
    pro_preconf_domain(&other, &other_domain);
    assert_int_equal(pro_preconf_verify(&other_domain, &p, &world->sequencer.address),
                     ERR_SIGNATURE);
    other = world->view.deployment;
    other.id.b[31] ^= 1;
    pro_preconf_domain(&other, &other_domain);
    assert_int_equal(pro_preconf_verify(&other_domain, &p, &world->sequencer.address),
                     ERR_SIGNATURE);
}

static void test_no_field_of_a_preconfirmation_can_be_changed(void **state)
{
    struct pro_preconf_tx txs[N_LEGS];
    struct pro_preconf p;
    struct pro_preconf good;
    fill(&p, txs, N_LEGS);
    pro_preconf_sign(&world->view.domain, &p, &world->sequencer);
    good = p;
    p.slot++;
    assert_int_equal(verify(&p), ERR_SIGNATURE);
    p = good;
    p.seq++;
    assert_int_equal(verify(&p), ERR_SIGNATURE);
    p = good;
    p.bundle_id.b[0] ^= 1;
    assert_int_equal(verify(&p), ERR_SIGNATURE);
    p = good;
    p.n_legs--;
    assert_int_equal(verify(&p), ERR_SIGNATURE);
    p = good;
    for (uint32_t i = 0; i < N_LEGS; i++) {
        struct pro_preconf_tx tx = txs[i];
        txs[i].rollup--;
        assert_int_equal(verify(&p), ERR_SIGNATURE);
        txs[i] = tx;
        txs[i].order++;
        assert_int_equal(verify(&p), ERR_SIGNATURE);
        txs[i] = tx;
        txs[i].enc_tx_hash.b[31] ^= 1;
        assert_int_equal(verify(&p), ERR_SIGNATURE);
        txs[i] = tx;
        txs[i].sig.b[40] ^= 1;
        assert_int_equal(verify(&p), ERR_SIGNATURE);
        txs[i] = tx;
        txs[i].sig = txs[(i + 1) % N_LEGS].sig;
        assert_int_equal(verify(&p), ERR_SIGNATURE);
        txs[i] = tx;
    }
    p.sig = txs[0].sig;
    assert_int_equal(verify(&p), ERR_SIGNATURE);
    assert_int_equal(verify(&good), 0);
}

/* ---- Signed artifacts ---- */

static void test_the_digest_of_an_artifact_is_as_documented(void **state)
{
    const struct hash32 deployment = {{5, 6}};
    struct buf b = {0};
    struct hash32 is;
    struct hash32 should;
    buf_append(&b, deployment.b, 32);
    buf_append(&b, "\0\x14" PRO_TAG_OPENINGS "body", 2 + 20 + 4);
    assert_int_equal(strlen(PRO_TAG_OPENINGS), 20);
    hash_keccak256(buf_view(&b), &should);
    pro_digest(&deployment, PRO_TAG_OPENINGS, bytes_str("body"), &is);
    assert_memory_equal(is.b, should.b, 32);
    buf_fini(&b);
}

static const char *const tags[] = {PRO_TAG_ORDER, PRO_TAG_BLOCK, PRO_TAG_RESULT, PRO_TAG_OPENINGS,
                                   PRO_TAG_DA_ACK};
#define N_TAGS (sizeof(tags) / sizeof(tags[0]))

static void test_an_artifact_passes_under_its_own_tag_only(void **state)
{
    const struct hash32 *id = &world->view.deployment.id;
    for (size_t i = 0; i < N_TAGS; i++) {
        struct buf artifact = {0};
        struct bytes body = {0};
        pro_sign(id, tags[i], &world->sequencer, bytes_str("body"), &artifact);
        assert_int_equal(artifact.len, 4 + 65);
        for (size_t k = 0; k < N_TAGS; k++) {
            int rc =
                pro_unsign_from(id, tags[k], buf_view(&artifact), &world->sequencer.address, &body);
            assert_int_equal(rc, i == k ? 0 : ERR_SIGNATURE);
        }
        assert_true(bytes_equal(body, bytes_str("body")));
        buf_fini(&artifact);
    }
}

static void test_an_artifact_passes_for_its_signer_and_deployment_only(void **state)
{
    struct hash32 other = world->view.deployment.id;
    const struct hash32 *id = &world->view.deployment.id;
    struct buf a = {0};
    struct bytes body;
    struct addr20 signer;
    pro_sign(id, PRO_TAG_BLOCK, &world->sequencer, bytes_str("body"), &a);
    assert_int_equal(pro_unsign(id, PRO_TAG_BLOCK, buf_view(&a), &body, &signer), 0);
    assert_true(addr20_equal(&signer, &world->sequencer.address));
    assert_int_equal(
        pro_unsign_from(id, PRO_TAG_BLOCK, buf_view(&a), &world->stranger.address, &body),
        ERR_SIGNATURE);
    other.b[0] ^= 1;
    assert_int_equal(
        pro_unsign_from(&other, PRO_TAG_BLOCK, buf_view(&a), &world->sequencer.address, &body),
        ERR_SIGNATURE);
    for (size_t bit = 0; bit < 8 * a.len; bit++) {
        a.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(
            pro_unsign_from(id, PRO_TAG_BLOCK, buf_view(&a), &world->sequencer.address, &body),
            ERR_SIGNATURE);
        a.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buf_fini(&a);
}

static void test_what_is_shorter_than_a_signature_is_no_artifact(void **state)
{
    const struct hash32 *id = &world->view.deployment.id;
    struct buf a = {0};
    struct bytes body;
    struct addr20 signer;
    pro_sign(id, PRO_TAG_BLOCK, &world->sequencer, (struct bytes){0}, &a);
    assert_int_equal(pro_unsign(id, PRO_TAG_BLOCK, buf_view(&a), &body, &signer), 0);
    assert_int_equal(body.len, 0);
    for (size_t len = 0; len < a.len; len++) {
        assert_int_equal(pro_unsign(id, PRO_TAG_BLOCK, bytes_of(a.data, len), &body, &signer),
                         ERR_TRUNCATED);
    }
    buf_fini(&a);
}

/* ---- Transactions on their face ---- */

/* Is the first leg's transaction, changed by `spoil` and signed by `seed`, one for its leg? */
static int on_face(void (*spoil)(struct led_tx *tx), const char *seed, struct pro_leg leg)
{
    struct sig_key key;
    struct led_tx tx = {0};
    struct buf plain = {0};
    sig_key_from_seed(&key, bytes_str(seed));
    assert_int_equal(led_tx_decode(buf_view(&world->bundles[0].legs[0].plain), &tx), 0);
    spoil(&tx);
    led_tx_sign(&tx, &key);
    led_tx_encode(&tx, &plain);
    int rc = pro_tx_on_face(&world->view.deployment.id, &leg, buf_view(&plain));
    led_tx_fini(&tx);
    buf_fini(&plain);
    return rc;
}

static void spoil_nothing(struct led_tx *tx)
{
    (void)tx;
}
static void spoil_deployment(struct led_tx *tx)
{
    tx->deployment.b[0] ^= 1;
}
static void spoil_rollup(struct led_tx *tx)
{
    tx->rollup++;
}
static void spoil_nonce(struct led_tx *tx)
{
    tx->bundle_nonce++;
}
static void spoil_leg(struct led_tx *tx)
{
    tx->leg = 1;
}
static void spoil_legs(struct led_tx *tx)
{
    tx->n_legs = 3;
}

static void test_a_transaction_must_be_the_one_for_its_leg(void **state)
{
    struct pro_leg leg = world->bundles[0].b.legs[0];
    struct sig_key user;
    sig_key_from_seed(&user, bytes_str("user"));
    assert_int_equal(on_face(spoil_nothing, "user", leg), 0);
    assert_int_equal(on_face(spoil_nothing, "thief", leg), ERR_SIGNATURE);
    assert_int_equal(on_face(spoil_deployment, "user", leg), ERR_MISMATCH);
    assert_int_equal(on_face(spoil_rollup, "user", leg), ERR_MISMATCH);
    assert_int_equal(on_face(spoil_nonce, "user", leg), ERR_MISMATCH);
    assert_int_equal(on_face(spoil_leg, "user", leg), ERR_MISMATCH);
    assert_int_equal(on_face(spoil_legs, "user", leg), ERR_MISMATCH);
    leg.open.scope = PRO_SCOPE_SENDER;
    assert_int_equal(on_face(spoil_nothing, "user", leg), ERR_MISMATCH);
    leg.open.sender = user.address;
    assert_int_equal(on_face(spoil_nothing, "user", leg), 0);
    assert_int_equal(
        pro_tx_on_face(&world->view.deployment.id, &leg, bytes_str("no transaction at all")),
        ERR_TRUNCATED);
}

static void test_a_transaction_must_be_the_one_left_open(void **state)
{
    struct pro_leg leg = world->bundles[0].b.legs[0];
    struct bytes plain = buf_view(&world->bundles[0].legs[0].plain);
    uint8_t other[512];
    assert_true(plain.len < sizeof(other));
    memcpy(other, plain.data, plain.len);
    leg.open.scope = PRO_SCOPE_TX;
    assert_int_equal(on_face(spoil_nothing, "user", leg), ERR_MISMATCH); /* nothing is shown */
    leg.open.tx = plain;
    assert_int_equal(on_face(spoil_nothing, "user", leg), 0);
    leg.open.tx = bytes_of(other, plain.len);
    assert_int_equal(on_face(spoil_nothing, "user", leg), 0);
    for (size_t i = 0; i < plain.len; i++) {
        other[i] ^= 1;
        assert_int_equal(on_face(spoil_nothing, "user", leg), ERR_MISMATCH);
        other[i] ^= 1;
    }
    leg.open.tx.len--;
    assert_int_equal(on_face(spoil_nothing, "user", leg), ERR_MISMATCH);
    leg.open.tx = plain;
    leg.open.scope = PRO_SCOPE_TX | PRO_SCOPE_SENDER;
    assert_int_equal(on_face(spoil_nothing, "user", leg), ERR_MISMATCH); /* sender is wrong */
}

static void test_an_open_fee_must_be_what_transactions_carry(void **state)
{
    struct pro_leg leg = world->bundles[0].b.legs[0];
    leg.open.scope = PRO_SCOPE_FEE;
    assert_int_equal(on_face(spoil_nothing, "user", leg), 0);
    leg.open.fee = 1;
    assert_int_equal(on_face(spoil_nothing, "user", leg), ERR_MISMATCH);
    leg.open.scope = 0;
    assert_int_equal(on_face(spoil_nothing, "user", leg), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preconfirmations_are_eip_712_typed_data),
        cmocka_unit_test(test_a_preconfirmation_verifies_only_for_its_signer_and_deployment),
        cmocka_unit_test(test_no_field_of_a_preconfirmation_can_be_changed),
        cmocka_unit_test(test_the_digest_of_an_artifact_is_as_documented),
        cmocka_unit_test(test_an_artifact_passes_under_its_own_tag_only),
        cmocka_unit_test(test_an_artifact_passes_for_its_signer_and_deployment_only),
        cmocka_unit_test(test_what_is_shorter_than_a_signature_is_no_artifact),
        cmocka_unit_test(test_a_transaction_must_be_the_one_for_its_leg),
        cmocka_unit_test(test_a_transaction_must_be_the_one_left_open),
        cmocka_unit_test(test_an_open_fee_must_be_what_transactions_carry),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return rc;
}
