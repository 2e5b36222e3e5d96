/* Step witnesses of whatever root they have: u16 length of a transaction, the transaction, the
 * witness. The transaction is signed here by a fixed key, so that it comes to be executed. What is
 * accepted gives the same again; what fails changes nothing; no other root will do. */
#include "common/base/check.h"
#include "common/ledger/led_witness.h"
#include "common/ledger/smt_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Out: the root that the witness is of. Returns: false if it is of none. */
static bool root_of(const struct led_tx *tx, struct bytes witness, struct hash32 *root)
{
    struct led_access access = {0};
    struct smt t = {0};
    CHECK(led_access_of(tx, &access) == 0);
    int rc = smt_part_decode(witness, access.paths, access.n, &t);
    CHECK(rc != ERR_NOMEM);
    if (rc == 0) {
        smt_root(&t, root);
    }
    smt_fini(&t);
    led_access_fini(&access);
    return rc == 0;
}

static void replay(const struct led_tx *tx, struct bytes witness)
{
    struct hash32 root = {{0}};
    struct buf encoded = {0};
    led_tx_encode(tx, &encoded);
    CHECK(encoded.err == 0);
    struct led_step step = {tx->rollup, buf_view(&encoded), LED_NO_OP};
    struct led_receipt receipt = {0};
    struct led_receipt again = {0};
    struct hash32 post;
    struct hash32 post_again;
    bool decodes = root_of(tx, witness, &root);
    int rc = led_witness_replay(&root, &step, witness, &receipt, &post);
    CHECK(decodes ? rc == 0 || rc == ERR_CORRUPT : rc != 0);
    if (rc == 0) {
        CHECK(receipt.ok || hash32_equal(&post, &root));
        CHECK(led_witness_replay(&root, &step, witness, &again, &post_again) == 0);
        CHECK(hash32_equal(&post, &post_again) && again.reason == receipt.reason);
        root.b[0] ^= 1;
        CHECK(led_witness_replay(&root, &step, witness, &again, &post_again) == ERR_PROOF);
    }
    buf_fini(&encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = rd_from(bytes_of(data, size));
    struct bytes encoded = rd_view(&r, rd_u16(&r));
    struct led_tx tx = {0};
    struct sig_key key;
    if (r.err == 0 && led_tx_decode(encoded, &tx) == 0) {
        sig_key_from_seed(&key, bytes_str("witness"));
        tx.sender = key.address;
        led_tx_sign(&tx, &key);
        replay(&tx, r.in);
        led_tx_fini(&tx);
    }
    return 0;
}
