#include "tests/unit/protocol/slot.h"

#include "common/base/check.h"
#include "common/ledger/led_witness.h"
#include "common/protocol/pro_dossier.h"
#include "common/protocol/pro_failure.h"

static const struct hash32 post_root = {{0x50, 0x52}};

/* ---- Making it ---- */

void slot_promise(struct slot *s, int bundle)
{
    struct buf encoded = {0};
    struct pro_preconf *p = &s->preconfs[bundle];
    pro_preconf_sign(&s->w->view.domain, p, &s->w->sequencer);
    pro_preconf_encode(p, &encoded);
    buf_clear(&s->items[bundle]);
    pro_bundle_item_encode(buf_view(&s->w->bundles[bundle].raw), buf_view(&encoded),
                           &s->items[bundle]);
    CHECK(s->items[bundle].err == 0);
    buf_fini(&encoded);
}

static int chain_of(const struct world *w, uint64_t rollup)
{
    int i = 0;
    while (w->rollups[i] != rollup) {
        i++;
        CHECK(i < N_CHAINS);
    }
    return i;
}

static void place_leg(struct slot *s, uint32_t bundle, uint32_t leg, const struct hash32 *hash)
{
    const struct pro_preconf *p = &s->preconfs[bundle];
    const struct world_leg *l = &s->w->bundles[bundle].legs[leg];
    struct slot_chain *c = &s->chains[chain_of(s->w, p->txs[leg].rollup)];
    CHECK(p->txs[leg].order < c->proposal.block.count);
    c->proposal.block.entries[p->txs[leg].order] = (struct pro_entry){
        .kind = l->bogus ? PRO_ENTRY_BOGUS : PRO_ENTRY_TX,
        .seq = p->seq,
        .leg = leg,
        .n_legs = p->n_legs,
        .bundle_id = p->bundle_id,
        .enc_tx_hash = p->txs[leg].enc_tx_hash,
        .preconf_hash = *hash,
        .tx = buf_view(&l->plain),
    };
    c->openings.items[p->txs[leg].order] = (struct pro_opening){
        l->bogus ? PRO_BOGUS_CIPHER : PRO_OPEN,
        buf_view(&l->w),
    };
}

void slot_place(struct slot *s)
{
    for (uint32_t i = 0; i < N_BUNDLES; i++) {
        struct bytes bundle;
        struct bytes preconf;
        struct hash32 hash;
        CHECK(pro_bundle_item_decode(buf_view(&s->items[i]), &bundle, &preconf) == 0);
        pro_preconf_hash(preconf, &hash);
        for (uint32_t leg = 0; leg < s->preconfs[i].n_legs; leg++) {
            place_leg(s, i, leg, &hash);
        }
    }
}

static void sign(const struct slot *s, const char *tag, const struct sig_key *key, struct buf *body,
                 struct buf *out)
{
    buf_clear(out);
    pro_sign(&s->w->view.deployment.id, tag, key, buf_view(body), out);
    CHECK(out->err == 0);
    buf_fini(body);
}

void slot_sign_header(const struct slot *s, struct slot_block *b)
{
    struct buf body = {0};
    pro_header_encode(&b->header, &body);
    sign(s, PRO_TAG_BLOCK, &s->w->sequencer, &body, &b->signed_header);
}

void slot_pack(const struct slot *s, struct slot_block *b)
{
    buf_clear(&b->body);
    pro_block_encode(&b->block, &b->body);
    CHECK(b->body.err == 0);
    b->header.slot = b->block.slot;
    b->header.rollup = b->block.rollup;
    b->header.round = b->block.round;
    b->header.count = b->block.count;
    pro_preconf_hash(buf_view(&b->body), &b->header.body_hash); /* keccak256 */
    CHECK(pro_block_commit(s->w->vc, &b->block, &b->header.commitment) == 0);
    if (b->header.final) {
        b->header.post_root = post_root;
        b->excluded[0] = 0;
        for (uint32_t i = 0; i < b->block.count; i++) {
            if (b->block.entries[i].kind == PRO_ENTRY_EXCLUDED) {
                pro_bit_set(b->excluded, i);
            }
        }
        b->header.excluded = bytes_of(b->excluded, 1);
    }
    slot_sign_header(s, b);
}

void slot_sign_order(struct slot *s, int chain)
{
    struct buf body = {0};
    pro_order_encode(&s->chains[chain].order, &body);
    sign(s, PRO_TAG_ORDER, &s->w->sequencer, &body, &s->chains[chain].signed_order);
}

void slot_seal(struct slot *s, int chain)
{
    struct slot_chain *c = &s->chains[chain];
    c->order.slot = SLOT;
    c->order.rollup = s->w->rollups[chain];
    c->order.count = c->proposal.block.count;
    CHECK(pro_block_commit_order(s->w->vc, &c->proposal.block, &c->order.commitment) == 0);
    slot_sign_order(s, chain);
}

void slot_sign_openings(struct slot *s, int chain)
{
    struct buf body = {0};
    pro_openings_encode(&s->chains[chain].openings, &body);
    sign(s, PRO_TAG_OPENINGS, &s->w->sequencer, &body, &s->chains[chain].signed_openings);
}

static void empty_root(struct hash32 *out)
{
    struct led_state *state = NULL;
    CHECK(led_state_new(1, &state) == 0);
    led_state_root(state, out);
    led_state_destroy(&state);
}

/* The state is empty, and every transaction leaves it so. */
static void make_step(const struct slot_chain *c, uint32_t order, struct pro_step *step,
                      struct buf *witness)
{
    struct led_state *state = NULL;
    struct led_tx tx = {0};
    struct hash32 roots[8];
    struct pro_merkle_tree tree = {0};
    const struct pro_block *b = &c->proposal.block;
    CHECK(b->count <= 8 && led_state_new(b->rollup, &state) == 0);
    for (uint32_t i = 0; i < b->count; i++) {
        empty_root(&roots[i]);
    }
    CHECK(pro_merkle_tree_init(&tree, roots, b->count) == 0);
    pro_step_open(&roots[0], roots, &tree, order, step);
    if (b->entries[order].kind == PRO_ENTRY_TX) {
        CHECK(led_tx_decode(b->entries[order].tx, &tx) == 0);
        CHECK(led_witness_make(state, &tx, witness) == 0);
        step->witness = buf_view(witness);
    }
    led_tx_fini(&tx);
    pro_merkle_tree_fini(&tree);
    led_state_destroy(&state);
}

void slot_step(const struct slot *s, int chain, uint32_t order, struct buf *out)
{
    struct pro_step step;
    struct buf witness = {0};
    make_step(&s->chains[chain], order, &step, &witness);
    buf_clear(out);
    pro_step_encode(&step, out);
    CHECK(out->err == 0);
    buf_fini(&witness);
}

static void prove(struct slot_chain *c)
{
    struct pro_step steps[8];
    struct buf witnesses[8] = {{0}};
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->proposal.block.count; i++) {
        if (c->proposal.block.entries[i].kind == PRO_ENTRY_TX &&
            !pro_bit(bytes_of(c->status, 1), i)) {
            make_step(c, i, &steps[n], &witnesses[n]);
            n++;
        }
    }
    buf_clear(&c->proofs);
    pro_proofs_encode(steps, n, &c->proofs);
    CHECK(c->proofs.err == 0);
    for (uint32_t i = 0; i < n; i++) {
        buf_fini(&witnesses[i]);
    }
}

void slot_sign_result(struct slot *s, int chain, const struct sig_key *key)
{
    struct buf body = {0};
    struct slot_chain *c = &s->chains[chain];
    struct pro_result r = {
        .rollup = s->w->rollups[chain],
        .slot = SLOT,
        .commitment = c->proposal.header.commitment,
        .body_hash = c->proposal.header.body_hash,
        .count = c->proposal.block.count,
        .status = bytes_of(c->status, 1),
    };
    struct hash32 roots[8];
    empty_root(&r.pre_root);
    r.post_root = r.pre_root;
    for (uint32_t i = 0; i < r.count; i++) {
        roots[i] = r.pre_root;
    }
    pro_merkle_root(roots, r.count, &r.step_roots_root);
    prove(c);
    pro_result_encode(&r, &body);
    sign(s, PRO_TAG_RESULT, key, &body, &c->signed_result);
}

void slot_exclude(struct slot_block *b, uint32_t order, struct pro_place cause)
{
    b->block.entries[order].kind = PRO_ENTRY_EXCLUDED;
    b->block.entries[order].tx = (struct bytes){0};
    b->block.entries[order].cause = cause;
}

void slot_propose(struct slot *s, int chain)
{
    slot_pack(s, &s->chains[chain].proposal);
    slot_seal(s, chain);
    slot_sign_openings(s, chain);
}

/* Positions in global order. Returns in counts: legs per chain. */
static void plan_positions(struct slot *s, uint32_t counts[N_CHAINS])
{
    for (uint32_t i = 0; i < N_BUNDLES; i++) {
        const struct world_bundle *b = &s->w->bundles[i];
        struct pro_preconf *p = &s->preconfs[i];
        *p = (struct pro_preconf){.slot = SLOT, .seq = i, .bundle_id = b->b.id};
        p->n_legs = b->b.n_legs;
        p->txs = calloc(p->n_legs, sizeof(*p->txs));
        CHECK(p->txs != NULL);
        for (uint32_t leg = 0; leg < p->n_legs; leg++) {
            int chain = b->legs[leg].chain;
            p->txs[leg].rollup = s->w->rollups[chain];
            p->txs[leg].order = counts[chain]++;
            p->txs[leg].enc_tx_hash = b->b.legs[leg].enc_tx_hash;
        }
        slot_promise(s, (int)i);
    }
}

static void follow_up(const struct slot_block *from, uint32_t round, bool final,
                      struct slot_block *out)
{
    CHECK(pro_block_copy(&out->block, &from->block) == 0);
    out->block.round = round;
    out->header.final = final;
}

static void make_later_blocks(struct slot *s)
{
    const struct pro_place b0 = {s->w->rollups[B], 0, 0};
    const struct pro_place b3 = {s->w->rollups[B], 3, 0};
    const struct pro_place c1 = {s->w->rollups[C], 1, 0};
    struct slot_chain *c = s->chains;
    follow_up(&c[A].proposal, 1, false, &c[A].second);
    slot_exclude(&c[A].second, 0, b0);
    slot_pack(s, &c[A].second);
    follow_up(&c[A].second, 1, true, &c[A].final);
    follow_up(&c[B].proposal, 0, true, &c[B].final);
    slot_exclude(&c[B].final, 0, b0);
    slot_exclude(&c[B].final, 3, b3);
    follow_up(&c[C].proposal, 0, true, &c[C].final);
    slot_exclude(&c[C].final, 1, c1);
    for (int i = 0; i < N_CHAINS; i++) {
        slot_pack(s, &c[i].final);
    }
}

struct slot *slot_new(const struct world *w)
{
    static const uint8_t status[N_CHAINS] = {0x0f, 0x06, 0x01};
    struct slot *s = calloc(1, sizeof(*s));
    uint32_t counts[N_CHAINS] = {0};
    CHECK(s != NULL);
    s->w = w;
    plan_positions(s, counts);
    for (int i = 0; i < N_CHAINS; i++) {
        struct slot_chain *c = &s->chains[i];
        CHECK(pro_block_init(&c->proposal.block, SLOT, w->rollups[i], 0, counts[i]) == 0);
        c->openings = (struct pro_openings){SLOT, w->rollups[i], counts[i], NULL};
        c->openings.items = calloc(counts[i], sizeof(*c->openings.items));
        CHECK(c->openings.items != NULL);
    }
    slot_place(s);
    for (int i = 0; i < N_CHAINS; i++) {
        slot_propose(s, i);
        s->chains[i].status[0] = status[i];
        slot_sign_result(s, i, &w->executors[i]);
    }
    make_later_blocks(s);
    return s;
}

static void block_fini(struct slot_block *b)
{
    pro_block_fini(&b->block);
    buf_fini(&b->body);
    buf_fini(&b->signed_header);
}

void slot_destroy(struct slot **slot)
{
    struct slot *s = *slot;
    for (int i = 0; i < N_BUNDLES; i++) {
        pro_preconf_fini(&s->preconfs[i]);
        buf_fini(&s->items[i]);
    }
    for (int i = 0; i < N_CHAINS; i++) {
        struct slot_chain *c = &s->chains[i];
        block_fini(&c->proposal);
        block_fini(&c->second);
        block_fini(&c->final);
        pro_openings_fini(&c->openings);
        buf_fini(&c->signed_order);
        buf_fini(&c->signed_openings);
        buf_fini(&c->signed_result);
        buf_fini(&c->proofs);
    }
    free(s);
    *slot = NULL;
}

/* ---- Judging it ---- */

static bool touches(const struct slot *s, int bundle, int chain)
{
    for (uint32_t leg = 0; leg < s->preconfs[bundle].n_legs; leg++) {
        if (s->w->bundles[bundle].legs[leg].chain == chain) {
            return true;
        }
    }
    return false;
}

static bool share_a_bundle(const struct slot *s, int chain, int other)
{
    for (int i = 0; i < N_BUNDLES; i++) {
        if (chain != other && touches(s, i, chain) && touches(s, i, other)) {
            return true;
        }
    }
    return false;
}

static uint32_t bundles_of(const struct slot *s, int chain, struct pro_bundle_item *out)
{
    uint32_t n = 0;
    for (int i = 0; i < N_BUNDLES; i++) {
        if (touches(s, i, chain)) {
            out[n++] = (struct pro_bundle_item){(uint32_t)i, buf_view(&s->items[i])};
        }
    }
    return n;
}

struct pro_block_item slot_item(const struct slot_block *b)
{
    return (struct pro_block_item){buf_view(&b->signed_header), buf_view(&b->body)};
}

void slot_proposal_case(const struct slot *s, int chain, struct proposal_case *out)
{
    const struct slot_chain *c = &s->chains[chain];
    out->d = (struct pro_proposal_dossier){
        .slot = SLOT,
        .rollup = s->w->rollups[chain],
        .block = slot_item(&c->proposal),
        .order = buf_view(&c->signed_order),
        .openings = buf_view(&c->signed_openings),
        .n_bundles = bundles_of(s, chain, out->bundles),
        .bundles = out->bundles,
        .siblings = out->siblings,
    };
    for (int i = 0; i < N_CHAINS; i++) {
        if (share_a_bundle(s, chain, i)) {
            out->siblings[out->d.n_siblings++] = slot_item(&s->chains[i].proposal);
        }
    }
}

static void next_case(const struct slot *s, int chain, struct next_case *out)
{
    out->d = (struct pro_next_dossier){
        .post_root = post_root,
        .n_bundles = bundles_of(s, chain, out->bundles),
        .bundles = out->bundles,
        .n_failures = N_CHAINS,
        .failures = out->failures,
        .n_proposals = N_CHAINS,
        .proposals = out->proposals,
        .siblings = out->siblings,
    };
    for (int i = 0; i < N_CHAINS; i++) {
        out->failures[i] = (struct pro_proven){buf_view(&s->chains[i].signed_result),
                                               buf_view(&s->chains[i].proofs)};
        out->proposals[i] = slot_item(&s->chains[i].proposal);
    }
}

void slot_second_case(const struct slot *s, struct next_case *out)
{
    next_case(s, A, out);
    out->d.before = slot_item(&s->chains[A].proposal);
    out->d.status = bytes_of(s->chains[A].status, 1);
    out->d.after = slot_item(&s->chains[A].second);
}

void slot_final_case(const struct slot *s, int chain, struct next_case *out)
{
    static const uint8_t second_status[1] = {0x0e};
    const struct slot_chain *c = &s->chains[chain];
    next_case(s, chain, out);
    out->d.before = slot_item(chain == A ? &c->second : &c->proposal);
    out->d.status = bytes_of(chain == A ? second_status : c->status, 1);
    out->d.after = slot_item(&c->final);
    for (int i = 0; i < N_CHAINS; i++) {
        if (share_a_bundle(s, chain, i)) {
            out->siblings[out->d.n_siblings++] = buf_view(&s->chains[i].final.signed_header);
        }
    }
}

static void assert_rule(struct pro_violation *v, enum pro_rule rule)
{
    if (v->rule != rule) {
        print_error("%s: %s\n", pro_rule_name(v->rule), buf_cstr(&v->detail));
    }
    assert_string_equal(pro_rule_name(v->rule), pro_rule_name(rule));
    assert_true((rule == PRO_RULE_NONE) == (v->detail.len == 0));
    pro_violation_fini(v);
}

void assert_proposal(const struct slot *s, const struct proposal_case *c, enum pro_rule rule)
{
    struct pro_violation v = {0};
    struct pro_proposal_dossier d;
    struct buf bytes = {0};
    void *arrays = NULL;
    assert_int_equal(pro_check_proposal(&s->w->view, &c->d, &v), 0);
    assert_rule(&v, rule);
    pro_proposal_dossier_encode(&c->d, &bytes);
    assert_int_equal(pro_proposal_dossier_decode(buf_view(&bytes), &d, &arrays), 0);
    assert_int_equal(pro_check_proposal(&s->w->view, &d, &v), 0);
    assert_rule(&v, rule);
    buf_fini(&bytes);
    free(arrays);
}

static void assert_next(const struct slot *s, const struct next_case *c, bool final,
                        enum pro_rule rule)
{
    int (*check)(const struct pro_view *, const struct pro_next_dossier *, struct pro_violation *) =
        final ? pro_check_final : pro_check_second;
    struct pro_violation v = {0};
    struct pro_next_dossier d;
    struct buf bytes = {0};
    void *arrays = NULL;
    assert_int_equal(check(&s->w->view, &c->d, &v), 0);
    assert_rule(&v, rule);
    pro_next_dossier_encode(&c->d, &bytes);
    assert_int_equal(pro_next_dossier_decode(buf_view(&bytes), &d, &arrays), 0);
    assert_int_equal(check(&s->w->view, &d, &v), 0);
    assert_rule(&v, rule);
    buf_fini(&bytes);
    free(arrays);
}

void assert_second(const struct slot *s, const struct next_case *c, enum pro_rule rule)
{
    assert_next(s, c, false, rule);
}

void assert_final(const struct slot *s, const struct next_case *c, enum pro_rule rule)
{
    assert_next(s, c, true, rule);
}

void assert_proposal_of(const struct slot *s, int chain, enum pro_rule rule)
{
    struct proposal_case c;
    slot_proposal_case(s, chain, &c);
    assert_proposal(s, &c, rule);
}

void assert_second_of(const struct slot *s, enum pro_rule rule)
{
    struct next_case c;
    slot_second_case(s, &c);
    assert_second(s, &c, rule);
}

void assert_final_of(const struct slot *s, int chain, enum pro_rule rule)
{
    struct next_case c;
    slot_final_case(s, chain, &c);
    assert_final(s, &c, rule);
}

void damage(struct buf *b)
{
    CHECK(b->len > sizeof(struct sig65));
    b->data[b->len - sizeof(struct sig65) - 1] ^= 1;
}
