/* Value neither appears nor disappears: per asset, the sum over all rollups stays what the scenario
 * put there, as the ledger so far has no operation that mints or burns. */
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "lockstep/model/chk.h"

struct sum {
    const char *asset;
    u128 genesis;
};

struct sums {
    struct sum *items;
    size_t n, cap;
    int err;
};

static void sums_fini(struct sums *s)
{
    free(s->items);
}

static void add(struct sums *s, const struct scn_amount *amounts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        while (at < s->n && strcmp(s->items[at].asset, amounts[i].asset.text) != 0) {
            at++;
        }
        if (at == s->n) {
            int rc = VEC_RESERVE(s->items, s->cap, s->n + 1);
            if (rc != 0) {
                s->err = rc;
                return;
            }
            s->items[s->n++] = (struct sum){amounts[i].asset.text, 0};
        }
        s->items[at].genesis += amounts[i].amount;
    }
}

static void add_rollup(struct sums *s, const struct scn_rollup *r)
{
    for (size_t i = 0; i < r->accounts.n; i++) {
        add(s, r->accounts.items[i].balances.items, r->accounts.items[i].balances.n);
    }
    for (size_t i = 0; i < r->pools.n; i++) {
        add(s, r->pools.items[i].reserves.items, r->pools.items[i].reserves.n);
    }
}

/* Returns: 0 or ERR_OVERFLOW. */
static int total_now(const struct mdl *m, const char *asset, u128 *out)
{
    struct led_name name;
    u128 sum = 0;
    int rc = led_name_set(&name, asset);
    for (size_t i = 0; i < m->n_chains && rc == 0; i++) {
        u128 one = 0;
        rc = led_state_total(m->chains[i].state, &name, &one);
        rc = rc == 0 && sum + one < sum ? ERR_OVERFLOW : rc;
        sum += one;
    }
    *out = sum;
    return rc;
}

static void compare(const struct mdl *m, const struct sum *s, struct chk_result *r)
{
    CLEANUP(buf_fini) struct buf genesis = {0};
    CLEANUP(buf_fini) struct buf now = {0};
    u128 total = 0;
    r->examined++;
    if (total_now(m, s->asset, &total) != 0) {
        chk_fault(r, "the sum of all %s does not fit 128 bits", s->asset);
        return;
    }
    led_u128_print(s->genesis, &genesis);
    led_u128_print(total, &now);
    if (total != s->genesis) {
        chk_fault(r, "there are %s %s over all rollups, and there were %s", buf_cstr(&now),
                  s->asset, buf_cstr(&genesis));
    }
}

void chk_conservation(const struct mdl *m, struct chk_result *r)
{
    CLEANUP(sums_fini) struct sums sums = {0};
    r->unit = "asset";
    r->units = "assets";
    for (size_t i = 0; i < m->n_chains; i++) {
        add_rollup(&sums, m->chains[i].rollup);
    }
    if (sums.err != 0) {
        r->detail.err = sums.err;
        return;
    }
    for (size_t i = 0; i < sums.n; i++) {
        compare(m, &sums.items[i], r);
    }
}
