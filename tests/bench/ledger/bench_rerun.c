/* Running a block of 4,096 signed transfers again after one of them was taken out, against
 * executing all of it again: back to before the block, then decode, verify, execute and take the
 * root, entry by entry. On one core, side by side; medians.
 *
 * 1 % of the block depends on the leg that is taken out and comes evenly spread behind it (nothing
 * does on the last one). Either they bring something to the account that the leg brings something
 * to, and still do; or they take from that account what only the leg has brought, and now fail, so
 * that what they did to others is undone. What it costs at worst, when the whole block depends on
 * the leg, comes last. */
#include "common/base/check.h"
#include "common/base/prng.h"
#include "common/crypto/hash.h"
#include "common/ledger/led_run.h"
#include "tests/bench/bench.h"

#define BLOCK 4096
#define DEPENDENTS (BLOCK / 100)
#define SAMPLES 5

/* Who sends, each once; then the account that everything depends on. */
#define SENDERS BLOCK

struct stage {
    struct led_state *s;
    struct addr20 *others; /* who receives, without a key */
    size_t n_others;
    struct sig_key *keys;
    struct prng p;
    struct buf encoded[BLOCK];
    struct led_run_entry entries[BLOCK];
    struct hash32 roots[BLOCK];
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
    struct hash32 root;
    *g = (struct stage){.n_others = n_accounts - SENDERS};
    prng_init(&g->p, n_accounts, "bench rerun");
    g->others = calloc(g->n_others, sizeof(*g->others));
    g->keys = calloc(SENDERS + 1, sizeof(*g->keys));
    CHECK(g->others != NULL && g->keys != NULL && led_state_new(1, &g->s) == 0);
    for (uint32_t i = 0; i <= SENDERS; i++) {
        sig_key_from_seed(&g->keys[i], bytes_of(&i, sizeof(i)));
        u128 amount = i == SENDERS ? 0 : 1000000;
        CHECK(led_state_set_balance(g->s, &g->keys[i].address, &eth, amount) == 0);
    }
    for (size_t i = 0; i < g->n_others; i++) {
        for (size_t k = 0; k < sizeof(g->others[i].b); k++) {
            g->others[i].b[k] = (uint8_t)prng_next(&g->p);
        }
        CHECK(led_state_set_balance(g->s, &g->others[i], &eth, 1000000) == 0);
        CHECK(led_state_set_nonce(g->s, &g->others[i], 1) == 0);
    }
    led_state_commit(g->s);
    led_state_root(g->s, &root);
}

static void stage_fini(struct stage *g)
{
    led_state_destroy(&g->s);
    free(g->others);
    free(g->keys);
    for (uint32_t i = 0; i < BLOCK; i++) {
        buf_fini(&g->encoded[i]);
    }
}

static void set_entry(struct stage *g, uint32_t i, const struct sig_key *from, uint64_t nonce,
                      const struct addr20 *to, u128 amount)
{
    struct led_op op = {.kind = LED_OP_TRANSFER,
                        .transfer = {.to = *to, .asset = name("ETH"), .amount = amount}};
    struct led_tx tx = {.rollup = 1,
                        .sender = from->address,
                        .n_legs = 1,
                        .has_nonce = true,
                        .nonce = nonce,
                        .ops = &op,
                        .n_ops = 1};
    buf_clear(&g->encoded[i]);
    led_tx_sign(&tx, from);
    led_tx_encode(&tx, &g->encoded[i]);
    CHECK(g->encoded[i].err == 0);
    g->entries[i] = (struct led_run_entry){buf_view(&g->encoded[i]), LED_NO_OP};
}

/* A block in which the entry at `leg` brings to one account what others depend on, at most
 * `dependents` of those behind it. */
static void fill(struct stage *g, uint32_t leg, uint32_t dependents, bool failing)
{
    const struct sig_key *hub = &g->keys[SENDERS];
    for (uint32_t i = 0; i < BLOCK; i++) {
        const struct addr20 *to = &g->others[prng_below(&g->p, g->n_others)];
        set_entry(g, i, &g->keys[i], 0, i == leg ? &hub->address : to, i == leg ? BLOCK : 1);
    }
    uint32_t behind = BLOCK - leg - 1;
    uint32_t n = dependents < behind ? dependents : behind;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = leg + 1 + k * behind / n;
        const struct addr20 *to = &g->others[prng_below(&g->p, g->n_others)];
        if (failing) {
            set_entry(g, i, hub, k, to, 1);
        } else {
            set_entry(g, i, &g->keys[i], 0, &hub->address, 1);
        }
    }
}

/* Executes everything as without a run. Returns: ns. */
static double full_ns(struct stage *g, struct led_mark mark, uint32_t leg, bool signatures)
{
    int64_t begin_ns = bench_now_ns();
    led_state_rollback(g->s, mark);
    for (uint32_t i = 0; i < BLOCK; i++) {
        struct led_tx tx = {0};
        struct led_receipt r;
        struct hash32 receipt;
        if (i != leg) {
            CHECK(led_tx_decode(g->entries[i].tx, &tx) == 0);
            CHECK((signatures ? led_execute_in : led_execute_verified_in)(g->s, &tx, LED_NO_OP,
                                                                          &r) == 0);
            led_receipt_hash(&r, &receipt);
            led_tx_fini(&tx);
        }
        led_state_root(g->s, &g->roots[i]);
    }
    double ns = (double)(bench_now_ns() - begin_ns);
    led_state_rollback(g->s, mark);
    return ns;
}

static double median(double *times)
{
    qsort(times, SAMPLES, sizeof(*times), bench_compare);
    return times[SAMPLES / 2];
}

static double hash_ns(void)
{
    struct hash32 a = {{1}};
    const struct hash32 b = {{2}};
    double times[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        int64_t begin_ns = bench_now_ns();
        for (int k = 0; k < 20000; k++) {
            hash_sha256_pair(1, &a, &b, &a);
        }
        times[i] = (double)(bench_now_ns() - begin_ns) / 20000;
    }
    return median(times);
}

/* In: where the leg is that is taken out. */
static void compare(struct stage *g, const char *what, uint32_t leg, uint32_t dependents,
                    bool failing)
{
    double full[SAMPLES];
    double unsigned_full[SAMPLES];
    double all[SAMPLES];
    double again[SAMPLES];
    struct led_run_counts c = {0};
    struct led_mark mark = led_state_mark(g->s);
    fill(g, leg, dependents, failing);
    for (int i = 0; i < SAMPLES; i++) {
        struct led_run *run = NULL;
        unsigned_full[i] = full_ns(g, mark, leg, false);
        full[i] = full_ns(g, mark, leg, true);
        int64_t begin_ns = bench_now_ns();
        CHECK(led_run_new(g->s, g->entries, BLOCK, &run) == 0 && led_run_all(run, NULL) == 0);
        int64_t between_ns = bench_now_ns();
        CHECK(led_run_again(run, &leg, 1, NULL) == 0);
        again[i] = (double)(bench_now_ns() - between_ns);
        all[i] = (double)(between_ns - begin_ns);
        CHECK(memcmp(led_run_roots(run), g->roots, sizeof(g->roots)) == 0);
        c = led_run_counts(run);
        led_state_rollback(g->s, mark);
        led_run_destroy(&run);
    }
    double again_ns = median(again);
    double full_median = median(full);
    double unsigned_median = median(unsigned_full);
    double hashing_ns = (double)c.hashes * hash_ns();
    (void)printf("%-6s %-8s %8.1f %8.1f %8.1f %8.2f %8.1f %8.1f %9u %8llu %8.2f %8.2f\n", what,
                 failing ? "fail" : "succeed", full_median / 1e6, unsigned_median / 1e6,
                 median(all) / 1e6, again_ns / 1e6, full_median / again_ns,
                 unsigned_median / again_ns, c.executed, (unsigned long long)c.hashes,
                 hashing_ns / 1e6, (again_ns - hashing_ns) / 1e6);
}

int main(void)
{
    static const size_t sizes[] = {100000, 1000000};
    static struct stage g;
    (void)printf(
        "blocks of %d transfers, one leg taken out; ms\n"
        "full: everything again; unsigned: but for signatures; first: a run's first time;\n"
        "again: a run again, of which hashing: its hashes times what one takes\n",
        BLOCK);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        stage_init(&g, sizes[i]);
        (void)printf("\n%zu accounts%37s%17s\n%-6s %-8s %8s %8s %8s %8s %8s %8s %9s %8s %8s %8s\n",
                     sizes[i], "", "times as fast as", "leg", "others", "full", "unsigned", "first",
                     "again", "full", "unsigned", "executed", "hashes", "hashing", "rest");
        compare(&g, "first", 0, DEPENDENTS, false);
        compare(&g, "first", 0, DEPENDENTS, true);
        compare(&g, "middle", BLOCK / 2, DEPENDENTS, false);
        compare(&g, "middle", BLOCK / 2, DEPENDENTS, true);
        compare(&g, "last", BLOCK - 1, DEPENDENTS, false);
        compare(&g, "all", 0, BLOCK, false);
        compare(&g, "all", 0, BLOCK, true);
        stage_fini(&g);
    }
    return 0;
}
