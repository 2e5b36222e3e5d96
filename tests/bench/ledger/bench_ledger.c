/* What executing costs on one core, signatures left out: transfers and swaps with one state root
 * per block and with one per step, going back, proofs, and step witnesses. Medians. */
#include "common/base/check.h"
#include "common/base/prng.h"
#include "common/ledger/led_witness.h"
#include "tests/bench/bench.h"

#define BLOCK 4096
#define SAMPLES 11

struct stage {
    struct led_state *s;
    struct addr20 *accounts;
    size_t n_accounts;
    struct led_tx txs[BLOCK];
    struct led_op ops[BLOCK];
    struct prng p;
};

static struct led_name name(const char *text)
{
    struct led_name n;
    CHECK(led_name_set(&n, text) == 0);
    return n;
}

static void stage_init(struct stage *g, size_t n_accounts)
{
    struct led_name eth = name("ETH");
    struct led_name usd = name("USDC");
    struct led_name pool = name("eth-usdc");
    *g = (struct stage){.n_accounts = n_accounts};
    prng_init(&g->p, n_accounts, "bench ledger");
    g->accounts = calloc(n_accounts, sizeof(*g->accounts));
    CHECK(g->accounts != NULL && led_state_new(1, &g->s) == 0);
    for (size_t i = 0; i < n_accounts; i++) {
        for (size_t k = 0; k < sizeof(g->accounts[i].b); k++) {
            g->accounts[i].b[k] = (uint8_t)prng_next(&g->p);
        }
        CHECK(led_state_set_balance(g->s, &g->accounts[i], &eth, 1000000000) == 0);
        CHECK(led_state_set_nonce(g->s, &g->accounts[i], 1) == 0);
    }
    CHECK(led_state_set_pool(g->s, &pool, &eth, (u128)1 << 60, &usd, (u128)1 << 70, 3000) == 0);
    led_state_commit(g->s);
    struct hash32 root;
    led_state_root(g->s, &root);
}

static void stage_fini(struct stage *g)
{
    led_state_destroy(&g->s);
    free(g->accounts);
}

static struct led_op transfer_op(struct stage *g)
{
    const struct addr20 *to = &g->accounts[prng_below(&g->p, g->n_accounts)];
    return (struct led_op){.kind = LED_OP_TRANSFER,
                           .transfer = {.to = *to, .asset = name("ETH"), .amount = 1}};
}

static struct led_op swap_op(void)
{
    return (struct led_op){.kind = LED_OP_SWAP,
                           .swap = {.pool = name("eth-usdc"),
                                    .asset_in = name("ETH"),
                                    .asset_out = name("USDC"),
                                    .amount_in = 1000}};
}

/* Another block of valid transactions of one operation, each from another account if there are
 * enough of them. */
static void fill_block(struct stage *g, bool swaps)
{
    size_t first = prng_below(&g->p, g->n_accounts);
    for (size_t i = 0; i < BLOCK; i++) {
        const struct addr20 *sender = &g->accounts[(first + i) % g->n_accounts];
        g->ops[i] = swaps ? swap_op() : transfer_op(g);
        g->txs[i] = (struct led_tx){.rollup = 1,
                                    .sender = *sender,
                                    .n_legs = 1,
                                    .has_nonce = true,
                                    .nonce = led_nonce(g->s, sender) + i / g->n_accounts,
                                    .ops = &g->ops[i],
                                    .n_ops = 1};
    }
}

/* Executes the block. Returns: ns per transaction. */
static double run_block(struct stage *g, bool root_per_step)
{
    struct hash32 root;
    int64_t begin_ns = bench_now_ns();
    for (size_t i = 0; i < BLOCK; i++) {
        struct led_receipt r;
        CHECK(led_execute_verified(g->s, &g->txs[i], &r) == 0 && r.ok);
        if (root_per_step) {
            led_state_root(g->s, &root);
        }
    }
    led_state_root(g->s, &root);
    return (double)(bench_now_ns() - begin_ns) / BLOCK;
}

static double median(double *times)
{
    qsort(times, SAMPLES, sizeof(*times), bench_compare);
    return times[SAMPLES / 2];
}

static double block_ns(struct stage *g, bool swaps, bool root_per_step)
{
    double times[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        fill_block(g, swaps);
        times[i] = run_block(g, root_per_step);
        led_state_commit(g->s);
    }
    return median(times);
}

/* Back to before the block, from its end. Returns: ns per transaction. */
static double rollback_ns(struct stage *g)
{
    double times[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        struct hash32 root;
        struct led_mark mark = led_state_mark(g->s);
        fill_block(g, false);
        (void)run_block(g, false);
        int64_t begin_ns = bench_now_ns();
        led_state_rollback(g->s, mark);
        led_state_root(g->s, &root);
        times[i] = (double)(bench_now_ns() - begin_ns) / BLOCK;
    }
    return median(times);
}

static void execution(size_t n_accounts)
{
    static struct stage g;
    stage_init(&g, n_accounts);
    double transfer = block_ns(&g, false, false);
    double transfer_steps = block_ns(&g, false, true);
    double swap = block_ns(&g, true, false);
    double swap_steps = block_ns(&g, true, true);
    double back = rollback_ns(&g);
    (void)printf("%9zu %14.0f %14.0f %14.0f %14.0f %14.0f\n", n_accounts, 1e9 / transfer,
                 1e9 / transfer_steps, 1e9 / swap, 1e9 / swap_steps, back);
    stage_fini(&g);
}

/* ---- Witnesses ---- */

struct witness_case {
    struct led_state *s;
    struct led_tx tx;
    struct buf encoded;
    struct buf bytes;
    struct hash32 root;
};

static void make(void *ctx)
{
    struct witness_case *c = ctx;
    buf_clear(&c->bytes);
    CHECK(led_witness_make(c->s, &c->tx, &c->bytes) == 0);
}

static void replay(void *ctx)
{
    struct witness_case *c = ctx;
    struct led_step step = {1, buf_view(&c->encoded), LED_NO_OP};
    struct led_receipt r;
    struct hash32 post;
    CHECK(led_witness_replay(&c->root, &step, buf_view(&c->bytes), &r, &post) == 0 && r.ok);
}

static void witness(struct stage *g, const char *what, struct led_op *ops, size_t n_ops)
{
    struct sig_key key;
    struct led_name eth = name("ETH");
    sig_key_from_seed(&key, bytes_str("bench"));
    CHECK(led_state_set_balance(g->s, &key.address, &eth, 1000000) == 0);
    struct witness_case c = {.s = g->s};
    c.tx = (struct led_tx){.rollup = 1,
                           .sender = key.address,
                           .n_legs = 1,
                           .has_nonce = true,
                           .ops = ops,
                           .n_ops = n_ops};
    led_tx_sign(&c.tx, &key);
    led_tx_encode(&c.tx, &c.encoded);
    led_state_root(g->s, &c.root);
    double make_ns = bench_median_ns(make, &c, 51, 4);
    double replay_ns = bench_median_ns(replay, &c, 51, 4);
    (void)printf("%-22s %8zu %12.1f %12.1f\n", what, c.bytes.len, make_ns / 1000, replay_ns / 1000);
    buf_fini(&c.encoded);
    buf_fini(&c.bytes);
}

static void witnesses(size_t n_accounts)
{
    static struct stage g;
    static struct led_op many[LED_OPS_MAX];
    stage_init(&g, n_accounts);
    struct led_op one = transfer_op(&g);
    struct led_op swap = swap_op();
    for (size_t i = 0; i < LED_OPS_MAX; i++) {
        many[i] = transfer_op(&g);
    }
    (void)printf("\nwitnesses, %zu accounts; the signature is part of verifying\n%-22s %8s %12s "
                 "%12s\n",
                 n_accounts, "", "bytes", "make/us", "verify/us");
    witness(&g, "transfer", &one, 1);
    witness(&g, "swap", &swap, 1);
    witness(&g, "64 transfers", many, LED_OPS_MAX);
    stage_fini(&g);
}

int main(void)
{
    static const size_t sizes[] = {1000, 10000, 100000, 1000000};
    (void)printf("transactions/s, blocks of %d; ns for going back\n%9s %14s %14s %14s %14s %14s\n",
                 BLOCK, "accounts", "transfers", "root per step", "swaps", "root per step",
                 "back/ns per tx");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        execution(sizes[i]);
    }
    witnesses(100000);
    witnesses(1000000);
    return 0;
}
