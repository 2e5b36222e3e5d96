#include "common/protocol/pro_preconf.h"

#include "common/crypto/hash.h"
#include "common/protocol/pro_promise.h"

#include <stdlib.h>

#define TX_TYPE                                                                                    \
    "PreconfirmTx(uint64 slot,uint64 rollup,uint32 order,uint32 seq,uint32 leg,uint32 nLegs,"      \
    "bytes32 bundleId,bytes32 encTxHash)"
#define BUNDLE_TYPE                                                                                \
    "PreconfirmBundle(uint64 slot,uint32 seq,bytes32 bundleId,PreconfirmTx[] txs)" TX_TYPE
#define DOMAIN_TYPE "EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)"

#define TX_WIRE_BYTES (8 + 4 + 32 + 65)

/* A struct hash in the making: 32-byte words absorbed one after another. */
static void add_hash_of(struct hash_keccak *h, const char *text)
{
    struct hash32 word;
    hash_keccak256(bytes_str(text), &word);
    hash_keccak_add(h, BYTES_OF(word));
}

static void add_word(struct hash_keccak *h, uint64_t value)
{
    uint8_t word[32] = {0};
    for (int i = 0; i < 8; i++) {
        word[24 + i] = (uint8_t)(value >> (56 - 8 * i));
    }
    hash_keccak_add(h, bytes_of(word, sizeof(word)));
}

void pro_preconf_domain(const struct pro_deployment *d, struct hash32 *out)
{
    struct hash_keccak h;
    hash_keccak_init(&h);
    add_hash_of(&h, DOMAIN_TYPE);
    add_hash_of(&h, "Lockstep");
    add_hash_of(&h, "1");
    add_word(&h, d->l1_chain_id);
    hash_keccak_add(&h, BYTES_OF(d->id));
    hash_keccak_end(&h, out);
}

static void promise_struct_hash(const struct pro_promise *p, struct hash32 *out)
{
    struct hash_keccak h;
    hash_keccak_init(&h);
    add_hash_of(&h, TX_TYPE);
    add_word(&h, p->slot);
    add_word(&h, p->rollup);
    add_word(&h, p->order);
    add_word(&h, p->seq);
    add_word(&h, p->leg);
    add_word(&h, p->n_legs);
    hash_keccak_add(&h, BYTES_OF(p->bundle_id));
    hash_keccak_add(&h, BYTES_OF(p->enc_tx_hash));
    hash_keccak_end(&h, out);
}

static void tx_struct_hash(const struct pro_preconf *p, uint32_t leg, struct hash32 *out)
{
    struct pro_promise promise;
    pro_promise_of(p, leg, &promise);
    promise_struct_hash(&promise, out);
}

static void typed_data_digest(const struct hash32 *domain, const struct hash32 *struct_hash,
                              struct hash32 *out)
{
    static const uint8_t prefix[2] = {0x19, 0x01};
    struct hash_keccak h;
    hash_keccak_init(&h);
    hash_keccak_add(&h, bytes_of(prefix, sizeof(prefix)));
    hash_keccak_add(&h, BYTES_OF(*domain));
    hash_keccak_add(&h, BYTES_OF(*struct_hash));
    hash_keccak_end(&h, out);
}

void pro_promise_digest(const struct hash32 *domain, const struct pro_promise *p,
                        struct hash32 *out)
{
    struct hash32 inner;
    promise_struct_hash(p, &inner);
    typed_data_digest(domain, &inner, out);
}

void pro_preconf_tx_digest(const struct hash32 *domain, const struct pro_preconf *p, uint32_t leg,
                           struct hash32 *out)
{
    struct pro_promise promise;
    pro_promise_of(p, leg, &promise);
    pro_promise_digest(domain, &promise, out);
}

void pro_preconf_bundle_digest(const struct hash32 *domain, const struct pro_preconf *p,
                               struct hash32 *out)
{
    struct hash_keccak array;
    struct hash_keccak h;
    struct hash32 word;
    hash_keccak_init(&array);
    for (uint32_t i = 0; i < p->n_legs; i++) {
        tx_struct_hash(p, i, &word);
        hash_keccak_add(&array, BYTES_OF(word));
    }
    hash_keccak_end(&array, &word);
    hash_keccak_init(&h);
    add_hash_of(&h, BUNDLE_TYPE);
    add_word(&h, p->slot);
    add_word(&h, p->seq);
    hash_keccak_add(&h, BYTES_OF(p->bundle_id));
    hash_keccak_add(&h, BYTES_OF(word));
    hash_keccak_end(&h, &word);
    typed_data_digest(domain, &word, out);
}

void pro_preconf_sign(const struct hash32 *domain, struct pro_preconf *p, const struct sig_key *key)
{
    struct hash32 digest;
    for (uint32_t i = 0; i < p->n_legs; i++) {
        pro_preconf_tx_digest(domain, p, i, &digest);
        sig_sign(key, &digest, &p->txs[i].sig);
    }
    pro_preconf_bundle_digest(domain, p, &digest);
    sig_sign(key, &digest, &p->sig);
}

int pro_preconf_verify(const struct hash32 *domain, const struct pro_preconf *p,
                       const struct addr20 *sequencer)
{
    struct hash32 digest;
    for (uint32_t i = 0; i < p->n_legs; i++) {
        pro_preconf_tx_digest(domain, p, i, &digest);
        int rc = sig_verify(&digest, &p->txs[i].sig, sequencer);
        if (rc != 0) {
            return rc;
        }
    }
    pro_preconf_bundle_digest(domain, p, &digest);
    return sig_verify(&digest, &p->sig, sequencer);
}

void pro_preconf_encode(const struct pro_preconf *p, struct buf *out)
{
    wr_u64(out, p->slot);
    wr_u32(out, p->seq);
    wr_fixed(out, p->bundle_id.b, sizeof(p->bundle_id.b));
    wr_u32(out, p->n_legs);
    for (uint32_t i = 0; i < p->n_legs; i++) {
        wr_u64(out, p->txs[i].rollup);
        wr_u32(out, p->txs[i].order);
        wr_fixed(out, p->txs[i].enc_tx_hash.b, sizeof(p->txs[i].enc_tx_hash.b));
        wr_fixed(out, p->txs[i].sig.b, sizeof(p->txs[i].sig.b));
    }
    wr_fixed(out, p->sig.b, sizeof(p->sig.b));
}

int pro_preconf_decode(struct bytes in, struct pro_preconf *out)
{
    struct rd r = rd_from(in);
    struct pro_preconf p = {0};
    p.slot = rd_u64(&r);
    p.seq = rd_u32(&r);
    rd_fixed(&r, p.bundle_id.b, sizeof(p.bundle_id.b));
    p.n_legs = rd_count(&r, PRO_MAX_LEGS, TX_WIRE_BYTES);
    if (r.err != 0) {
        return r.err;
    }
    p.txs = calloc(p.n_legs + 1, sizeof(*p.txs));
    if (p.txs == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < p.n_legs; i++) {
        p.txs[i].rollup = rd_u64(&r);
        p.txs[i].order = rd_u32(&r);
        rd_fixed(&r, p.txs[i].enc_tx_hash.b, sizeof(p.txs[i].enc_tx_hash.b));
        rd_fixed(&r, p.txs[i].sig.b, sizeof(p.txs[i].sig.b));
    }
    rd_fixed(&r, p.sig.b, sizeof(p.sig.b));
    int rc = rd_end(&r);
    if (rc == 0 && p.n_legs == 0) {
        rc = ERR_MISMATCH;
    }
    if (rc != 0) {
        pro_preconf_fini(&p);
        return rc;
    }
    *out = p;
    return 0;
}

void pro_preconf_fini(struct pro_preconf *p)
{
    free(p->txs);
    *p = (struct pro_preconf){0};
}

void pro_preconf_hash(struct bytes encoded, struct hash32 *out)
{
    hash_keccak256(encoded, out);
}
