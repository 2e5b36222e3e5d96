/* Value neither appears nor disappears: per asset, the sum over all rollups stays what the scenario
 * put there. The only operations that burn and mint are the two halves of a bridge, of which a
 * bundle has both or none: so what one rollup has sent to another, the other has taken in. */
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

/* What else is there starts at nothing: collateral, or an asset that a bridge brings. */
static void add_lending(struct sums *s, const struct scn_lending *l)
{
    const struct scn_amount held[] = {{l->asset, l->liquidity}, {l->collateral, 0}};
    add(s, held, 2);
}

static void add_rollup(struct sums *s, const struct scn_rollup *r)
{
    for (size_t i = 0; i < r->accounts.n; i++) {
        add(s, r->accounts.items[i].balances.items, r->accounts.items[i].balances.n);
    }
    for (size_t i = 0; i < r->pools.n; i++) {
        add(s, r->pools.items[i].reserves.items, r->pools.items[i].reserves.n);
    }
    for (size_t i = 0; i < r->lendings.n; i++) {
        add_lending(s, &r->lendings.items[i]);
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

/* One asset between two rollups, from the side that has sent or taken in. */
static void compare_bridge(const struct mdl *m, size_t from, size_t to,
                           const struct led_name *asset, struct chk_result *r)
{
    const struct mdl_chain *a = &m->chains[from];
    const struct mdl_chain *b = &m->chains[to];
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(buf_fini) struct buf in = {0};
    u128 sent = led_bridged(a->state, b->rollup->chain_id, asset).out;
    u128 taken = led_bridged(b->state, a->rollup->chain_id, asset).in;
    if (sent != taken) {
        led_u128_print(sent, &out);
        led_u128_print(taken, &in);
        chk_fault(r, "%s has sent %s %s to %s, which has taken in %s", a->rollup->name.text,
                  buf_cstr(&out), asset->text, b->rollup->name.text, buf_cstr(&in));
    }
}

static int compare_bridges(const struct mdl *m, struct chk_result *r)
{
    int rc = 0;
    for (size_t i = 0; i < m->n_chains && rc == 0; i++) {
        CLEANUP(cleanup_free) struct led_bridged_row *rows = NULL;
        size_t n = 0;
        rc = led_state_bridges(m->chains[i].state, &rows, &n);
        for (size_t k = 0; k < n && rc == 0; k++) {
            int peer = mdl_chain_index(m, rows[k].rollup);
            if (peer < 0) {
                chk_fault(r, "%s has bridged %s with a rollup that does not exist",
                          m->chains[i].rollup->name.text, rows[k].asset.text);
                continue;
            }
            /* Each direction once: by its sender, or if that knows of nothing, by its receiver. */
            if (rows[k].bridged.out != 0) {
                compare_bridge(m, i, (size_t)peer, &rows[k].asset, r);
            }
            uint64_t own = m->chains[i].rollup->chain_id;
            if (rows[k].bridged.in != 0 &&
                led_bridged(m->chains[peer].state, own, &rows[k].asset).out == 0) {
                compare_bridge(m, (size_t)peer, i, &rows[k].asset, r);
            }
        }
    }
    return rc;
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
    r->detail.err = r->detail.err != 0 ? r->detail.err : compare_bridges(m, r);
}
