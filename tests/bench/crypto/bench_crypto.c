/* What one hash, signature or sealing costs: median ns per call. */
#include "common/base/check.h"
#include "common/crypto/aead.h"
#include "common/crypto/drbg.h"
#include "common/crypto/hash.h"
#include "common/crypto/sig.h"
#include "tests/bench/bench.h"

#define SAMPLES 51

struct stage {
    uint8_t text[1024];
    struct hash32 digest;
    struct sig_key key;
    struct sig65 sig;
    struct addr20 signer;
    struct drbg drbg;
    struct buf sealed;
    struct buf out;
    uint8_t okm[32];
};

static void keccak_1k(void *ctx)
{
    struct stage *s = ctx;
    hash_keccak256(bytes_of(s->text, sizeof(s->text)), &s->digest);
}

static void keccak_64(void *ctx)
{
    struct stage *s = ctx;
    hash_keccak256(bytes_of(s->text, 64), &s->digest);
}

static void sha_1k(void *ctx)
{
    struct stage *s = ctx;
    hash_sha256(bytes_of(s->text, sizeof(s->text)), &s->digest);
}

static void sha_pair(void *ctx)
{
    struct stage *s = ctx;
    hash_sha256_pair(1, &s->digest, &s->digest, &s->digest);
}

static void key_pair(void *ctx)
{
    struct stage *s = ctx;
    struct hash32 secret = s->key.secret;
    CHECK(sig_key_from_secret(&s->key, &secret) == 0);
}

static void sign(void *ctx)
{
    struct stage *s = ctx;
    s->digest.b[0]++;
    sig_sign(&s->key, &s->digest, &s->sig);
}

static void recover(void *ctx)
{
    struct stage *s = ctx;
    CHECK(sig_recover(&s->digest, &s->sig, &s->signer) == 0);
}

static void seal(void *ctx)
{
    struct stage *s = ctx;
    buf_clear(&s->sealed);
    CHECK(aead_seal(s->key.secret.b, bytes_str("aad"), bytes_of(s->text, sizeof(s->text)),
                    &s->sealed) == 0);
}

static void open_sealed(void *ctx)
{
    struct stage *s = ctx;
    buf_clear(&s->out);
    CHECK(aead_open(s->key.secret.b, bytes_str("aad"), buf_view(&s->sealed), &s->out) == 0);
}

static void derive(void *ctx)
{
    struct stage *s = ctx;
    CHECK(hkdf_sha256(BYTES_OF(s->digest), bytes_of(s->text, 256), bytes_of(s->text, 64), s->okm,
                      sizeof(s->okm)) == 0);
}

static void draw(void *ctx)
{
    struct stage *s = ctx;
    drbg_fill(&s->drbg, s->okm, sizeof(s->okm));
}

int main(void)
{
    static struct stage s;
    static const struct {
        const char *name;
        void (*op)(void *ctx);
        int repeats;
    } ops[] = {
        {"keccak-256, 64 bytes", keccak_64, 500},
        {"keccak-256, 1 KiB", keccak_1k, 100},
        {"sha-256, 1 KiB", sha_1k, 500},
        {"sha-256 of a pair", sha_pair, 500},
        {"key from secret", key_pair, 20},
        {"sign", sign, 20},
        {"recover", recover, 20},
        {"AES-256-GCM seal, 1 KiB", seal, 200},
        {"AES-256-GCM open, 1 KiB", open_sealed, 200},
        {"HKDF, 32 bytes", derive, 200},
        {"drbg, 32 bytes", draw, 200},
    };
    sig_key_from_seed(&s.key, bytes_str("bench"));
    drbg_init(&s.drbg, &s.key.secret, "bench");
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        (void)bench_print(ops[i].name, bench_median_ns(ops[i].op, &s, SAMPLES, ops[i].repeats));
    }
    buf_fini(&s.sealed);
    buf_fini(&s.out);
    return 0;
}
