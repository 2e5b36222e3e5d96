#include "common/ledger/led_tx.h"

#include "common/base/check.h"
#include "common/crypto/hash.h"

#include <stdlib.h>

void led_tx_fini(struct led_tx *tx)
{
    free(tx->ops);
    *tx = (struct led_tx){0};
}

/* Everything before the operations. */
static void encode_head(const struct led_tx *tx, struct buf *out)
{
    wr_fixed(out, tx->deployment.b, 32);
    wr_u64(out, tx->rollup);
    wr_fixed(out, tx->sender.b, 20);
    wr_u64(out, tx->bundle_nonce);
    wr_u32(out, tx->leg);
    wr_u32(out, tx->n_legs);
    wr_bool(out, tx->has_nonce);
    if (tx->has_nonce) {
        wr_u64(out, tx->nonce);
    }
}

void led_tx_encode(const struct led_tx *tx, struct buf *out)
{
    encode_head(tx, out);
    led_ops_encode(tx->ops, tx->n_ops, out);
    wr_fixed(out, tx->sig.b, sizeof(tx->sig.b));
}

int led_tx_decode(struct bytes in, struct led_tx *out)
{
    struct rd r = rd_from(in);
    struct led_tx tx = {0};
    rd_fixed(&r, tx.deployment.b, 32);
    tx.rollup = rd_u64(&r);
    rd_fixed(&r, tx.sender.b, 20);
    tx.bundle_nonce = rd_u64(&r);
    tx.leg = rd_u32(&r);
    tx.n_legs = rd_u32(&r);
    if (r.err == 0 && tx.leg >= tx.n_legs) {
        rd_fail(&r, ERR_INVALID);
    }
    tx.has_nonce = rd_bool(&r);
    if (tx.has_nonce) {
        tx.nonce = rd_u64(&r);
    }
    led_ops_read(&r, &tx.ops, &tx.n_ops);
    rd_fixed(&r, tx.sig.b, sizeof(tx.sig.b));
    int rc = rd_end(&r);
    if (rc != 0) {
        led_tx_fini(&tx);
        return rc;
    }
    *out = tx;
    return 0;
}

/* Adds what was written and starts over. The buffers here lie on the stack, so that hashing
 * cannot run out of memory. */
static void absorb(struct hash_keccak *h, struct buf *piece)
{
    CHECK(piece->err == 0);
    hash_keccak_add(h, buf_view(piece));
    buf_clear(piece);
}

void led_tx_digest(const struct led_tx *tx, struct hash32 *out)
{
    uint8_t memory[LED_OP_BYTES_MAX];
    struct buf piece = {.data = memory, .cap = sizeof(memory), .limit = sizeof(memory)};
    struct hash_keccak h;
    CHECK(tx->n_ops <= LED_OPS_MAX);
    hash_keccak_init(&h);
    hash_keccak_add(&h, bytes_str("lockstep/tx/v1"));
    encode_head(tx, &piece);
    wr_u32(&piece, (uint32_t)tx->n_ops);
    absorb(&h, &piece);
    for (size_t i = 0; i < tx->n_ops; i++) {
        led_op_encode(&tx->ops[i], &piece);
        absorb(&h, &piece);
    }
    hash_keccak_end(&h, out);
}

void led_tx_sign(struct led_tx *tx, const struct sig_key *key)
{
    struct hash32 digest;
    led_tx_digest(tx, &digest);
    sig_sign(key, &digest, &tx->sig);
}

int led_tx_verify(const struct led_tx *tx)
{
    struct hash32 digest;
    led_tx_digest(tx, &digest);
    return sig_verify(&digest, &tx->sig, &tx->sender);
}

void led_tx_hash(struct bytes encoded, struct hash32 *out)
{
    struct hash_keccak h;
    hash_keccak_init(&h);
    hash_keccak_add(&h, bytes_str("lockstep/tx-hash/v1"));
    hash_keccak_add(&h, encoded);
    hash_keccak_end(&h, out);
}
