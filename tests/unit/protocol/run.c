#include "tests/unit/protocol/run.h"

#include "common/base/check.h"

#include <stdlib.h>

static struct led_name eth(void)
{
    struct led_name name;
    CHECK(led_name_set(&name, "ETH") == 0);
    return name;
}

static void fund(struct run *r)
{
    struct led_name asset = eth();
    CHECK(led_state_new(RUN_ROLLUP, &r->state) == 0);
    for (size_t i = 0; i < RUN_USERS; i++) {
        const char seed[] = {'u', (char)('0' + i), 0};
        sig_key_from_seed(&r->users[i], bytes_str(seed));
        CHECK(led_state_set_balance(r->state, &r->users[i].address, &asset, 1000) == 0);
    }
}

/* Which of the three a position holds. */
static struct led_op op_of(const struct run *r, uint32_t order)
{
    struct led_op op = {.kind = order % 3 == 2 ? LED_OP_FAIL : LED_OP_TRANSFER};
    if (op.kind == LED_OP_TRANSFER) {
        op.transfer.to = r->users[(order + 1) % RUN_USERS].address;
        op.transfer.asset = eth();
        op.transfer.amount = order % 3 == 1 ? 1000000 : 1 + order;
    }
    return op;
}

static void write_tx(struct run *r, uint32_t order)
{
    const struct sig_key *user = &r->users[order % RUN_USERS];
    struct led_op op = op_of(r, order);
    struct led_tx tx = {.rollup = RUN_ROLLUP,
                        .sender = user->address,
                        .bundle_nonce = order,
                        .n_legs = 1,
                        .ops = &op,
                        .n_ops = 1};
    led_tx_sign(&tx, user);
    led_tx_encode(&tx, &r->txs[order]);
    CHECK(r->txs[order].err == 0);
}

static void execute(struct run *r, uint32_t order)
{
    struct led_tx tx = {0};
    struct led_receipt receipt;
    CHECK(led_tx_decode(buf_view(&r->txs[order]), &tx) == 0);
    CHECK(led_witness_make(r->state, &tx, &r->witnesses[order]) == 0);
    if (r->block.entries[order].kind == PRO_ENTRY_TX) {
        CHECK(led_execute(r->state, &tx, &receipt) == 0);
        if (receipt.ok) {
            pro_bit_set(r->status, order);
        }
    }
    led_state_root(r->state, &r->roots[order]);
    led_tx_fini(&tx);
}

void run_bind(struct run *r)
{
    struct hash32 copy[RUN_MAX];
    memcpy(copy, r->roots, sizeof(copy));
    pro_merkle_root(copy, r->block.count, &r->result.step_roots_root);
    r->result.count = r->block.count;
    r->result.status = bytes_of(r->status, (r->block.count + 7) / 8);
}

struct run *run_new(uint32_t n)
{
    struct run *r = calloc(1, sizeof(*r));
    CHECK(r != NULL && n <= RUN_MAX);
    fund(r);
    led_state_root(r->state, &r->result.pre_root);
    r->result.rollup = RUN_ROLLUP;
    CHECK(pro_block_init(&r->block, 1, RUN_ROLLUP, 0, n) == 0);
    for (uint32_t i = 0; i < n; i++) {
        write_tx(r, i);
        struct pro_entry *e = &r->block.entries[i];
        *e = (struct pro_entry){
            .kind = i % 7 == 6 ? PRO_ENTRY_EXCLUDED : PRO_ENTRY_TX, .seq = i, .n_legs = 1};
        e->bundle_id.b[0] = (uint8_t)i;
        e->tx = e->kind == PRO_ENTRY_TX ? buf_view(&r->txs[i]) : (struct bytes){0};
        execute(r, i);
    }
    led_state_root(r->state, &r->result.post_root);
    run_bind(r);
    return r;
}

void run_destroy(struct run **run)
{
    struct run *r = *run;
    for (size_t i = 0; i < RUN_MAX; i++) {
        buf_fini(&r->txs[i]);
        buf_fini(&r->witnesses[i]);
    }
    pro_block_fini(&r->block);
    led_state_destroy(&r->state);
    free(r);
    *run = NULL;
}

void run_step(const struct run *r, uint32_t order, struct pro_step *out)
{
    struct pro_merkle_tree tree = {0};
    CHECK(pro_merkle_tree_init(&tree, r->roots, r->block.count) == 0);
    pro_step_open(&r->result.pre_root, r->roots, &tree, order, out);
    out->witness = buf_view(&r->witnesses[order]);
    pro_merkle_tree_fini(&tree);
}

void run_prove(const struct run *r, struct buf *out)
{
    static struct pro_step steps[RUN_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->block.count; i++) {
        if (pro_needs_proof(&r->result, &r->block.entries[i], i)) {
            run_step(r, i, &steps[n++]);
        }
    }
    pro_proofs_encode(steps, n, out);
    CHECK(out->err == 0);
}

int run_judge(const struct run *r, const struct pro_step *s, enum pro_step_verdict *verdict)
{
    struct pro_step exact = *s;
    struct led_receipt receipt;
    uint8_t *copy = malloc(s->witness.len + 1);
    CHECK(copy != NULL);
    if (s->witness.len != 0) {
        memcpy(copy, s->witness.data, s->witness.len);
    }
    exact.witness = bytes_of(copy, s->witness.len);
    int rc = pro_step_judge(&r->result, &exact, buf_view(&r->txs[s->order]), LED_NO_OP, verdict,
                            &receipt);
    free(copy);
    return rc;
}
