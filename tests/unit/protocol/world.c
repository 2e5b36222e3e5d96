#include "common/base/check.h"
#include "common/crypto/timelock/tlp_int.h"
#include "common/ledger/led_tx.h"
#include "tests/unit/protocol/slot.h"

#include <stdio.h>

#define SQUARINGS 50

static const struct {
    uint32_t n_legs;
    int chains[N_LEGS];
} plan[N_BUNDLES] = {
    {2, {A, B}}, {2, {A, C}}, {1, {B}}, {3, {A, A, B}}, {1, {C}}, {1, {B}},
};

static void read_file(const char *path, struct buf *out)
{
    static uint8_t block[1 << 14];
    size_t got = 0;
    FILE *f = fopen(path, "rb");
    CHECK(f != NULL);
    while ((got = fread(block, 1, sizeof(block), f)) > 0) {
        buf_append(out, block, got);
    }
    CHECK(ferror(f) == 0 && out->err == 0);
    (void)fclose(f);
}

static struct tlp_params *make_params(void)
{
    struct buf file = {0};
    struct buf why = {0};
    struct tlp_modulus m;
    struct tlp_params *params = NULL;
    read_file(PARAMS_DIR "/modulus-1024.txt", &file);
    CHECK(tlp_modulus_decode(buf_view(&file), &m, &why) == 0);
    CHECK(tlp_params_setup(&m, SQUARINGS, NULL, &params, &why) == 0);
    buf_fini(&file);
    buf_fini(&why);
    return params;
}

/* The transaction of a leg: it has one operation, to fail; nobody executes it here. */
static void make_tx(const struct world *w, uint32_t bundle, uint32_t leg, struct buf *out)
{
    struct sig_key user;
    struct led_op op = {.kind = LED_OP_FAIL};
    sig_key_from_seed(&user, bytes_str("user"));
    struct led_tx tx = {
        .deployment = w->view.deployment.id,
        .rollup = w->rollups[plan[bundle].chains[leg]],
        .sender = user.address,
        .bundle_nonce = 100 + bundle,
        .leg = leg,
        .n_legs = plan[bundle].n_legs,
        .ops = &op,
        .n_ops = 1,
    };
    led_tx_sign(&tx, &user);
    led_tx_encode(&tx, out);
    CHECK(out->err == 0);
}

/* Damages the cipher, and proves anew that it opens in time: z = rho - c r with the challenge c of
 * what the cipher is now. In: the generator as it was when the puzzle was locked. */
static void spoil_cipher(const struct world *w, struct drbg before, struct bytes context,
                         struct tlp_puzzle_out *puzzle)
{
    uint8_t r_bytes[32];
    uint8_t rho_bytes[64];
    uint8_t c_bytes[TLP_CHALLENGE_BYTES];
    size_t element = tlp_params_element_bytes(w->tlp);
    const uint8_t *a = puzzle->proof.data + 2;
    uint8_t *z_bytes = puzzle->proof.data + 2 + 2 * element;
    struct tlp_statement s = {.profile = TLP_SHORT,
                              .ctx = context,
                              .ct = buf_view(&puzzle->ct),
                              .u = buf_view(&puzzle->u),
                              .q = buf_view(&puzzle->q)};
    mpz_t r, rho, c;
    puzzle->ct.data[0] ^= 1;
    drbg_fill(&before, r_bytes, sizeof(r_bytes));
    drbg_fill(&before, rho_bytes, sizeof(rho_bytes));
    rho_bytes[0] |= 0x80;
    CHECK(tlp_exponent(w->tlp, s.u, &s.e) == 0);
    CHECK(tlp_hash_challenge(w->tlp, &s, a, a + element, c_bytes) == 0);
    mpz_inits(r, rho, c, NULL);
    mpz_import(r, sizeof(r_bytes), 1, 1, 1, 0, r_bytes);
    mpz_import(rho, sizeof(rho_bytes), 1, 1, 1, 0, rho_bytes);
    mpz_import(c, sizeof(c_bytes), 1, 1, 1, 0, c_bytes);
    mpz_submul(rho, c, r);
    CHECK(mpz_sizeinbase(rho, 256) == sizeof(rho_bytes));
    mpz_export(z_bytes, NULL, 1, 1, 1, 0, rho);
    mpz_clears(r, rho, c, NULL);
    struct tlp_puzzle view = tlp_puzzle_out_view(puzzle);
    CHECK(tlp_verify(w->tlp, context, &view) == 0);
}

/* Out: the encoded leg, its plaintext, its solution. */
static void make_leg(const struct world *w, uint32_t bundle, uint32_t leg, struct drbg *secret,
                     const struct hash32 *siblings, struct world_leg *l, struct buf *out)
{
    struct pro_open_part open = {.rollup = w->rollups[plan[bundle].chains[leg]],
                                 .bundle_nonce = 100 + bundle,
                                 .leg = leg,
                                 .n_legs = plan[bundle].n_legs,
                                 .siblings = *siblings,
                                 .gas_limit = 1000};
    struct sig_key user;
    struct buf shown = {0};
    struct buf open_bytes = {0};
    struct buf context = {0};
    struct tlp_puzzle_out puzzle = {0};
    const struct drbg before = *secret;
    l->chain = plan[bundle].chains[leg];
    l->bogus = bundle >= 4;
    make_tx(w, bundle, leg, &l->plain);
    buf_append_bytes(&shown, buf_view(&l->plain));
    if (bundle == 2 || bundle == 4) {
        shown.data[shown.len - 1] ^= bundle == 4 ? 1 : 0;
        open.scope = PRO_SCOPE_SENDER | PRO_SCOPE_TX;
        sig_key_from_seed(&user, bytes_str("user"));
        open.sender = user.address;
        open.tx = buf_view(&shown);
    }
    pro_open_part_encode(&open, &open_bytes);
    pro_leg_context(&w->view.deployment.id, buf_view(&open_bytes), &context);
    CHECK(tlp_lock(w->tlp, TLP_SHORT, secret, buf_view(&context), buf_view(&l->plain), &puzzle) ==
          0);
    if (bundle == 5) {
        spoil_cipher(w, before, buf_view(&context), &puzzle);
        buf_clear(&l->plain);
    }
    struct tlp_puzzle p = tlp_puzzle_out_view(&puzzle);
    CHECK(tlp_solve(w->tlp, TLP_TRAPDOOR, p.u, &l->w, NULL) == 0);
    pro_leg_encode(buf_view(&open_bytes), p.u, p.q, p.proof, p.ct, out);
    tlp_puzzle_out_fini(&puzzle);
    buf_fini(&context);
    buf_fini(&open_bytes);
    buf_fini(&shown);
}

static void make_bundle(const struct world *w, uint32_t bundle, struct drbg *secret,
                        struct world_bundle *out)
{
    struct buf legs[N_LEGS] = {{0}};
    struct bytes views[N_LEGS];
    struct drbg secrets[N_LEGS];
    struct buf us[N_LEGS] = {{0}};
    struct hash32 siblings;
    for (uint32_t i = 0; i < plan[bundle].n_legs; i++) {
        struct hash32 seed;
        drbg_fill(secret, seed.b, sizeof(seed.b));
        drbg_init(&secrets[i], &seed, "leg");
        CHECK(tlp_lock_preview(w->tlp, TLP_SHORT, &secrets[i], &us[i]) == 0);
        views[i] = buf_view(&us[i]);
    }
    pro_siblings(views, plan[bundle].n_legs, &siblings);
    for (uint32_t i = 0; i < plan[bundle].n_legs; i++) {
        make_leg(w, bundle, i, &secrets[i], &siblings, &out->legs[i], &legs[i]);
        views[i] = buf_view(&legs[i]);
    }
    pro_bundle_encode(&w->view.deployment.id, 100 + bundle, views, plan[bundle].n_legs, &out->raw);
    CHECK(pro_bundle_decode(buf_view(&out->raw), &out->b) == 0);
    for (uint32_t i = 0; i < plan[bundle].n_legs; i++) {
        buf_fini(&legs[i]);
        buf_fini(&us[i]);
    }
}

static void describe(struct world *w)
{
    const struct pro_descriptor d = {
        .l1_chain_id = 1337,
        .salt = {{0xd0, 1, 2}},
        .timelock = *tlp_params_digest(w->tlp),
        .sequencer = w->sequencer.address,
        .n_executors = N_CHAINS,
        .executors = w->table,
    };
    pro_descriptor_encode(&d, &w->descriptor);
    CHECK(w->descriptor.err == 0);
    pro_descriptor_id(buf_view(&w->descriptor), &w->view.deployment.id);
    w->view.deployment.l1_chain_id = d.l1_chain_id;
}

struct world *world_new(const char *setup_path)
{
    struct world *w = calloc(1, sizeof(*w));
    struct drbg secret;
    struct hash32 seed = {{3}};
    CHECK(w != NULL);
    drbg_init(&secret, &seed, "protocol tests");
    sig_key_from_seed(&w->sequencer, bytes_str("sequencer"));
    sig_key_from_seed(&w->stranger, bytes_str("stranger"));
    for (int i = 0; i < N_CHAINS; i++) {
        w->rollups[i] = 10 * ((uint64_t)i + 1);
        sig_key_from_seed(&w->executors[i], bytes_of(&w->rollups[i], 8));
        w->table[i] = (struct pro_executor){w->rollups[i], w->executors[i].address};
    }
    read_file(setup_path, &w->setup_file);
    CHECK(vc_setup_new(buf_view(&w->setup_file), &w->vc) == 0);
    w->tlp = make_params();
    w->view = (struct pro_view){
        .sequencer = w->sequencer.address,
        .n_executors = N_CHAINS,
        .executors = w->table,
        .vc = w->vc,
        .tlp = w->tlp,
        .keeps_reverted = true,
    };
    describe(w);
    pro_preconf_domain(&w->view.deployment, &w->view.domain);
    for (uint32_t i = 0; i < N_BUNDLES; i++) {
        make_bundle(w, i, &secret, &w->bundles[i]);
    }
    return w;
}

void world_destroy(struct world **world)
{
    struct world *w = *world;
    for (int i = 0; i < N_BUNDLES; i++) {
        for (int leg = 0; leg < N_LEGS; leg++) {
            buf_fini(&w->bundles[i].legs[leg].plain);
            buf_fini(&w->bundles[i].legs[leg].w);
        }
        pro_bundle_fini(&w->bundles[i].b);
        buf_fini(&w->bundles[i].raw);
    }
    tlp_params_destroy(&w->tlp);
    vc_setup_destroy(&w->vc);
    buf_fini(&w->descriptor);
    buf_fini(&w->setup_file);
    free(w);
    *world = NULL;
}
