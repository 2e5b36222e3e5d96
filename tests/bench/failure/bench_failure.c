/* Proofs of failure: how large, how long to make, how long to verify without the state. Each is of
 * a transaction in the middle of a block of 4096; the transaction's own signature is part of
 * verifying, that of the result is verified once for all its proofs and shown apart. Medians. */
#include "common/base/check.h"
#include "common/base/prng.h"
#include "common/ledger/led_witness.h"
#include "common/protocol/pro_failure.h"
#include "common/protocol/pro_signed.h"
#include "tests/bench/bench.h"

#define BLOCK 4096
#define AT (BLOCK / 2)

struct proof {
    struct led_state *state;
    struct sig_key user;
    struct sig_key executor;
    struct hash32 roots[BLOCK];
    uint8_t status[BLOCK / 8];
    struct pro_merkle_tree tree;
    struct pro_result result;
    struct buf artifact;
    struct led_tx tx;
    struct buf tx_bytes;
    struct buf witness;
    struct buf step;
};

static struct led_name name(const char *text)
{
    struct led_name n;
    CHECK(led_name_set(&n, text) == 0);
    return n;
}

static void fund(struct proof *p, size_t n_accounts)
{
    struct led_name eth = name("ETH");
    struct led_name usd = name("USDC");
    struct led_name pool = name("eth-usdc");
    struct led_lending lending = {usd, eth, 1000000, 0, 1500, 1};
    struct prng prng;
    prng_init(&prng, n_accounts, "bench failure");
    CHECK(led_state_new(1, &p->state) == 0);
    for (size_t i = 0; i < n_accounts; i++) {
        struct addr20 who;
        for (size_t k = 0; k < sizeof(who.b); k++) {
            who.b[k] = (uint8_t)prng_next(&prng);
        }
        CHECK(led_state_set_balance(p->state, &who, &eth, 1000) == 0);
    }
    CHECK(led_state_set_balance(p->state, &p->user.address, &eth, 1000) == 0);
    CHECK(led_state_set_pool(p->state, &pool, &eth, 1000000, &usd, 2000000, 3000) == 0);
    pool = name("lender");
    CHECK(led_state_set_lending(p->state, &pool, &lending) == 0);
    led_state_commit(p->state);
}

/* Every position but the one in the middle left the state as it was: what is proven does not depend
 * on them. */
static void bind_result(struct proof *p)
{
    struct buf body = {0};
    led_state_root(p->state, &p->result.pre_root);
    for (size_t i = 0; i < BLOCK; i++) {
        p->roots[i] = p->result.pre_root;
    }
    CHECK(pro_merkle_tree_init(&p->tree, p->roots, BLOCK) == 0);
    p->result.rollup = 1;
    p->result.count = BLOCK;
    p->result.step_roots_root = p->tree.root;
    p->result.status = bytes_of(p->status, sizeof(p->status));
    pro_result_encode(&p->result, &body);
    pro_sign(&p->result.cover_hash, PRO_TAG_RESULT, &p->executor, buf_view(&body), &p->artifact);
    CHECK(p->artifact.err == 0);
    buf_fini(&body);
}

/* What an executor does for a failure: the witness while the state is there, the paths later. */
static void make(void *ctx)
{
    struct proof *p = ctx;
    struct pro_step step;
    buf_clear(&p->witness);
    buf_clear(&p->step);
    CHECK(led_witness_make(p->state, &p->tx, &p->witness) == 0);
    pro_step_open(&p->result.pre_root, p->roots, &p->tree, AT, &step);
    step.witness = buf_view(&p->witness);
    pro_step_encode(&step, &p->step);
    CHECK(p->step.err == 0);
}

static void verify(void *ctx)
{
    struct proof *p = ctx;
    struct pro_step step;
    struct led_receipt receipt;
    enum pro_step_verdict verdict;
    CHECK(pro_step_decode(buf_view(&p->step), &step) == 0);
    CHECK(pro_step_judge(&p->result, &step, buf_view(&p->tx_bytes), LED_NO_OP, &verdict,
                         &receipt) == 0);
    CHECK(verdict == PRO_STEP_FAILS);
}

static void verify_result(void *ctx)
{
    struct proof *p = ctx;
    struct pro_result r;
    struct bytes body;
    CHECK(pro_unsign_from(&p->result.cover_hash, PRO_TAG_RESULT, buf_view(&p->artifact),
                          &p->executor.address, &body) == 0);
    CHECK(pro_result_decode(body, &r) == 0);
}

static void row(struct proof *p, const char *what, struct led_op *ops, size_t n_ops)
{
    p->tx = (struct led_tx){
        .rollup = 1, .sender = p->user.address, .n_legs = 1, .ops = ops, .n_ops = n_ops};
    led_tx_sign(&p->tx, &p->user);
    buf_clear(&p->tx_bytes);
    led_tx_encode(&p->tx, &p->tx_bytes);
    double make_ns = bench_median_ns(make, p, 51, 4);
    double verify_ns = bench_median_ns(verify, p, 51, 4);
    (void)printf("%-26s %8zu %10.1f %10.1f\n", what, p->step.len, make_ns / 1000, verify_ns / 1000);
}

static struct led_op transfer(uint8_t to, u128 amount)
{
    struct led_op op = {.kind = LED_OP_TRANSFER};
    op.transfer.to.b[0] = to;
    op.transfer.asset = name("ETH");
    op.transfer.amount = amount;
    return op;
}

static void table(size_t n_accounts)
{
    static struct proof p;
    static struct led_op many[LED_OPS_MAX];
    p = (struct proof){0};
    sig_key_from_seed(&p.user, bytes_str("user"));
    sig_key_from_seed(&p.executor, bytes_str("executor"));
    fund(&p, n_accounts);
    bind_result(&p);
    (void)printf("\n%zu accounts\n%-26s %8s %10s %10s\n", n_accounts, "", "bytes", "make/us",
                 "verify/us");
    struct led_op one = transfer(1, 1000000);
    row(&p, "transfer, too little", &one, 1);
    struct led_op swap = {.kind = LED_OP_SWAP,
                          .swap = {name("eth-usdc"), name("ETH"), name("USDC"), 10, 1000000}};
    row(&p, "swap, slippage", &swap, 1);
    struct led_op borrow = {.kind = LED_OP_BORROW,
                            .lend = {.pool = name("lender"), .asset = name("USDC"), .amount = 5}};
    row(&p, "borrow, no collateral", &borrow, 1);
    struct led_op three[] = {transfer(1, 10), swap, borrow};
    row(&p, "three operations", three, 3);
    for (size_t i = 0; i < LED_OPS_MAX; i++) {
        many[i] = transfer((uint8_t)i, i + 1 == LED_OPS_MAX ? 1000000 : 1);
    }
    row(&p, "64 transfers", many, LED_OPS_MAX);
    (void)printf("%-26s %8zu %10s %10.1f\n", "the signed result", p.artifact.len, "",
                 bench_median_ns(verify_result, &p, 51, 4) / 1000);
    led_state_destroy(&p.state);
    pro_merkle_tree_fini(&p.tree);
    buf_fini(&p.artifact);
    buf_fini(&p.tx_bytes);
    buf_fini(&p.witness);
    buf_fini(&p.step);
}

int main(void)
{
    static const size_t sizes[] = {1000, 100000, 1000000};
    (void)printf("proofs of failure, position %d of a block of %d\n", AT, BLOCK);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        table(sizes[i]);
    }
    return 0;
}
