/* What a sequencer can do with what it reads on the way in, while everything it signs is in order:
 * the positions it promises are the positions that it keeps, so there is nothing to prove.
 *
 * It knows what anybody knows: the open part of every leg, and the pool as the rollup started with
 * it and as every swap that it could read, or made itself, has left it since: at once what is open,
 * the rest when its slot is revealed. What it trades itself
 * is sealed like any user's. Where it can read nothing it either waits or guesses: then the first
 * bundle of the slot with a leg on the rollup is taken for the victim's. */
#include "sequencer/seq_core.h"

#include "common/base/cleanup.h"
#include "common/ledger/led_exec.h"
#include "common/protocol/pro_fault.h"

#include <stdlib.h>

#define GAS UINT64_C(21000) /* of a swap, as wallets reckon it */

struct seq_attack {
    enum pro_fault kind;
    const Lockstep__FaultConfig *config; /* borrowed from the party's */
    struct sig_key key;                  /* FRONT_RUN, SANDWICH: who trades */
    struct addr20 victim;                /* CENSOR */
    struct led_swap swap;                /* the opening trade */
    struct led_state *state;             /* of the pool, as far as it can be known */
    bool guessed;                        /* blindly attacked already */
};

/* ---- Configuration ---- */

static bool read_amount(const ProtobufCBinaryData *in, u128 *out)
{
    struct rd r = rd_from(wire_view(in));
    u128 amount = rd_u128(&r);
    if (rd_end(&r) != 0 || amount == 0) {
        return false;
    }
    *out = amount;
    return true;
}

/* Returns: 0, ERR_INVALID, or what the ledger says. */
static int read_trade(struct seq_attack *a, const Lockstep__AttackConfig *c)
{
    struct hash32 secret;
    u128 in = 0;
    u128 out = 0;
    if (c->secret.len != sizeof(secret) || led_name_set(&a->swap.pool, c->pool) != 0 ||
        led_name_set(&a->swap.asset_in, c->asset_in) != 0 ||
        led_name_set(&a->swap.asset_out, c->asset_out) != 0 ||
        !read_amount(&c->amount_in, &a->swap.amount_in) || !read_amount(&c->reserve_in, &in) ||
        !read_amount(&c->reserve_out, &out)) {
        return ERR_INVALID;
    }
    memcpy(secret.b, c->secret.data, sizeof(secret));
    int rc = sig_key_from_secret(&a->key, &secret);
    rc = rc != 0 ? rc : led_state_new(a->config->rollup, &a->state);
    return rc != 0 ? rc
                   : led_state_set_pool(a->state, &a->swap.pool, &a->swap.asset_in, in,
                                        &a->swap.asset_out, out, c->fee_ppm);
}

static int read_attack(const struct seq *s, struct seq_attack *a)
{
    const Lockstep__AttackConfig *c = a->config->attack;
    if (c == NULL) {
        return ERR_INVALID;
    }
    if (a->kind != PRO_FAULT_CENSOR) {
        bool known = party_executor_index(&s->p, a->config->rollup) >= 0;
        return known ? read_trade(a, c) : ERR_INVALID;
    }
    if (c->victim.len != sizeof(a->victim)) {
        return ERR_INVALID;
    }
    memcpy(a->victim.b, c->victim.data, sizeof(a->victim));
    return 0;
}

int seq_attacks_init(struct seq *s, struct buf *why)
{
    const Lockstep__SequencerConfig *c = s->p.config->sequencer;
    s->attacks = calloc(c->n_faults + 1, sizeof(*s->attacks));
    if (s->attacks == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < c->n_faults; i++) {
        if (!pro_fault_is_attack((enum pro_fault)c->faults[i]->kind)) {
            continue;
        }
        struct seq_attack *a = &s->attacks[s->n_attacks++];
        a->config = c->faults[i];
        a->kind = (enum pro_fault)a->config->kind;
        int rc = read_attack(s, a);
        if (rc != 0) {
            buf_printf(why, "attack %zu: %s", i, err_text(rc));
            return rc;
        }
    }
    return 0;
}

void seq_attacks_fini(struct seq *s)
{
    for (size_t i = 0; i < s->n_attacks; i++) {
        led_state_destroy(&s->attacks[i].state);
        sig_key_wipe(&s->attacks[i].key);
    }
    free(s->attacks);
}

static void record(struct seq *s, const struct seq_attack *a)
{
    Lockstep__TraceFault t = LOCKSTEP__TRACE_FAULT__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    t.index = a->config->index;
    t.kind = (char *)(uintptr_t)pro_fault_word(a->kind);
    t.slot = a->config->slot;
    t.rollup = a->config->rollup;
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_FAULT;
    r.fault = &t;
    party_record(&s->p, &r);
}

/* ---- What can be read ---- */

/* Out: the transaction, to be released. Returns: 0, ERR_NOTFOUND if the leg does not show one. */
static int read_leg(const struct pro_leg *leg, struct led_tx *out)
{
    if ((leg->open.scope & PRO_SCOPE_TX) == 0) {
        return ERR_NOTFOUND;
    }
    int rc = led_tx_decode(leg->open.tx, out);
    return rc == 0 || rc == ERR_NOMEM ? rc : ERR_NOTFOUND;
}

static int seen_sender(const struct pro_leg *leg, struct addr20 *out)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    if (leg->open.scope & PRO_SCOPE_SENDER) {
        *out = leg->open.sender;
        return 0;
    }
    int rc = read_leg(leg, &tx);
    if (rc == 0) {
        *out = tx.sender;
    }
    return rc;
}

/* Lets a swap change what is known of the pool. Out: what it gives; 0 if it fails. */
static int apply(struct seq_attack *a, const struct led_swap *swap, const struct addr20 *sender,
                 u128 *out)
{
    struct led_op op = {.kind = LED_OP_SWAP, .swap = *swap};
    struct led_tx tx = {
        .rollup = a->config->rollup, .sender = *sender, .n_legs = 1, .ops = &op, .n_ops = 1};
    struct led_receipt receipt = {0};
    int rc = led_state_set_balance(a->state, sender, &swap->asset_in, swap->amount_in);
    rc = rc != 0 ? rc : led_state_set_balance(a->state, sender, &swap->asset_out, 0);
    rc = rc != 0 ? rc : led_execute_verified(a->state, &tx, &receipt);
    if (rc == 0) {
        *out = receipt.ok ? led_balance(a->state, sender, &swap->asset_out) : 0;
        led_state_commit(a->state);
    }
    return rc;
}

static int follow(struct seq_attack *a, const struct led_tx *tx)
{
    int rc = 0;
    u128 out = 0;
    for (size_t i = 0; i < tx->n_ops && rc == 0; i++) {
        if (tx->ops[i].kind == LED_OP_SWAP &&
            led_name_equal(&tx->ops[i].swap.pool, &a->swap.pool)) {
            rc = apply(a, &tx->ops[i].swap, &tx->sender, &out);
        }
    }
    return rc;
}

/* What a bundle that is now promised does to the pool, as far as it can be read. */
static int follow_open(struct seq_attack *a, const struct pro_bundle *b)
{
    int rc = 0;
    for (uint32_t i = 0; i < b->n_legs && rc == 0; i++) {
        CLEANUP(led_tx_fini) struct led_tx tx = {0};
        if (b->legs[i].open.rollup == a->config->rollup) {
            rc = read_leg(&b->legs[i], &tx);
            rc = rc == 0 ? follow(a, &tx) : rc == ERR_NOTFOUND ? 0 : rc;
        }
    }
    return rc;
}

/* Is this the trade the attack waits for, by somebody else? */
static bool is_prey(const struct seq_attack *a, const struct led_tx *tx)
{
    for (size_t i = 0; i < tx->n_ops; i++) {
        const struct led_swap *swap = &tx->ops[i].swap;
        if (tx->ops[i].kind == LED_OP_SWAP && led_name_equal(&swap->pool, &a->swap.pool) &&
            led_name_equal(&swap->asset_in, &a->swap.asset_in)) {
            return !addr20_equal(&tx->sender, &a->key.address);
        }
    }
    return false;
}

/* Out: whether to attack this bundle. */
static int choose(struct seq_attack *a, const struct pro_bundle *b, bool *attacks)
{
    bool blind = false;
    for (uint32_t i = 0; i < b->n_legs; i++) {
        CLEANUP(led_tx_fini) struct led_tx tx = {0};
        if (b->legs[i].open.rollup != a->config->rollup) {
            continue;
        }
        int rc = read_leg(&b->legs[i], &tx);
        if (rc == ERR_NOMEM) {
            return rc;
        }
        blind = blind || rc == ERR_NOTFOUND;
        if (rc == 0 && is_prey(a, &tx)) {
            *attacks = true;
            return 0;
        }
    }
    *attacks = blind && a->config->attack->guesses && !a->guessed;
    a->guessed = a->guessed || *attacks;
    return 0;
}

/* ---- Bundles of its own ---- */

/* Appends the sealed leg of a bundle that makes one swap. */
static int seal_swap(struct seq *s, const struct seq_attack *a, const struct led_swap *swap,
                     uint64_t nonce, struct buf *out)
{
    CLEANUP(buf_fini) struct buf plain = {0};
    CLEANUP(buf_fini) struct buf open_bytes = {0};
    CLEANUP(buf_fini) struct buf context = {0};
    CLEANUP(tlp_puzzle_out_fini) struct tlp_puzzle_out sealed = {0};
    struct led_op op = {.kind = LED_OP_SWAP, .swap = *swap};
    struct led_tx tx = {.deployment = s->p.view.deployment.id,
                        .rollup = a->config->rollup,
                        .sender = a->key.address,
                        .bundle_nonce = nonce,
                        .n_legs = 1,
                        .ops = &op,
                        .n_ops = 1};
    enum tlp_profile profile = (enum tlp_profile)s->p.config->timelock->profile;
    struct pro_open_part open = {
        .rollup = tx.rollup, .bundle_nonce = nonce, .n_legs = 1, .gas_limit = GAS};
    CLEANUP(buf_fini) struct buf u = {0};
    int rc = tlp_lock_preview(s->p.tlp, profile, &s->p.drbg, &u);
    if (rc != 0) {
        return rc;
    }
    const struct bytes only = buf_view(&u);
    pro_siblings(&only, 1, &open.siblings);
    led_tx_sign(&tx, &a->key);
    led_tx_encode(&tx, &plain);
    pro_open_part_encode(&open, &open_bytes);
    pro_leg_context(&s->p.view.deployment.id, buf_view(&open_bytes), &context);
    if (plain.err != 0 || open_bytes.err != 0 || context.err != 0) {
        return ERR_NOMEM;
    }
    rc = tlp_lock(s->p.tlp, profile, &s->p.drbg, buf_view(&context), buf_view(&plain), &sealed);
    if (rc == 0) {
        pro_leg_encode(buf_view(&open_bytes), buf_view(&sealed.u), buf_view(&sealed.q),
                       buf_view(&sealed.proof), buf_view(&sealed.ct), out);
        rc = out->err;
    }
    return rc;
}

static int make_own(struct seq *s, const struct seq_attack *a, const struct led_swap *swap,
                    struct seq_bundle **out)
{
    CLEANUP(buf_fini) struct buf leg = {0};
    CLEANUP(seq_bundle_destroy) struct seq_bundle *b = calloc(1, sizeof(*b));
    uint64_t nonce = 0;
    if (b == NULL) {
        return ERR_NOMEM;
    }
    b->wallet = s->p.id;
    b->exponents = calloc(1, sizeof(*b->exponents));
    drbg_fill(&s->p.drbg, &nonce, sizeof(nonce));
    int rc = b->exponents == NULL ? ERR_NOMEM : seal_swap(s, a, swap, nonce, &leg);
    if (rc != 0) {
        return rc;
    }
    const struct bytes view = buf_view(&leg);
    pro_bundle_encode(&s->p.view.deployment.id, nonce, &view, 1, &b->raw);
    rc = b->raw.err != 0 ? b->raw.err : pro_bundle_decode(buf_view(&b->raw), &b->bundle);
    rc = rc != 0 ? rc : tlp_exponent(s->p.tlp, b->bundle.legs[0].u, b->exponents);
    if (rc == 0) {
        *out = MOVE(b);
    }
    return rc;
}

/* Is there room for the victim's legs and two of the sequencer's own? */
static bool has_room(const struct seq *s, const struct seq_attack *a, const struct seq_slot *slot,
                     const struct seq_bundle *victim)
{
    const Lockstep__LimitsConfig *limits = s->p.config->limits;
    const struct seq_chain *chain = &slot->chains[party_executor_index(&s->p, a->config->rollup)];
    uint64_t legs = (uint64_t)chain->n_legs + 2;
    u128 gas = (u128)chain->gas + (u128)2 * GAS;
    for (uint32_t i = 0; i < victim->bundle.n_legs; i++) {
        const struct pro_open_part *open = &victim->bundle.legs[i].open;
        legs += open->rollup == a->config->rollup ? 1 : 0;
        gas += open->rollup == a->config->rollup ? open->gas_limit : 0;
    }
    return legs <= limits->transactions_per_block && gas <= limits->gas_per_block;
}

/* Promises a swap of its own the next position. Out: *out, what it should give; 0 if nothing came
 * of it. */
static int trade(struct seq *s, struct seq_attack *a, struct seq_slot *slot,
                 const struct led_swap *swap, const struct seq_bundle *victim, u128 *out)
{
    struct seq_bundle *own = NULL;
    *out = 0;
    int rc = make_own(s, a, swap, &own);
    if (rc != 0) {
        return rc;
    }
    bool collides = seq_collides(slot, own);
    for (uint32_t i = 0; i < victim->bundle.n_legs; i++) {
        collides = collides || victim->exponents[i] == own->exponents[0];
    }
    if (collides) {
        seq_bundle_destroy(&own);
        return 0;
    }
    struct seq_pending pending = {.wallet = s->p.id, .received = s->p.now, .bundle = own};
    s->pending_by_peer[s->p.id]++;
    rc = seq_promise(s, slot, &pending);
    for (size_t i = 0; i < s->n_attacks && rc == 0; i++) {
        struct seq_attack *other = &s->attacks[i];
        u128 gives = 0;
        if (other->state != NULL && other->config->rollup == a->config->rollup &&
            led_name_equal(&other->swap.pool, &swap->pool)) {
            rc = apply(other, swap, &a->key.address, &gives);
            *out = other == a ? gives : *out;
        }
    }
    return rc;
}

/* ---- Hooks ---- */

void seq_attack_censor(struct seq *s, const struct seq_slot *slot, const struct seq_bundle *b,
                       enum seq_refusal *verdict, bool *put_off)
{
    for (size_t i = 0; i < s->n_attacks && *verdict == SEQ_ADMITTED; i++) {
        const struct seq_attack *a = &s->attacks[i];
        if (a->kind != PRO_FAULT_CENSOR || a->config->slot != slot->number) {
            continue;
        }
        for (uint32_t k = 0; k < b->bundle.n_legs; k++) {
            struct addr20 sender;
            if (seen_sender(&b->bundle.legs[k], &sender) == 0 &&
                addr20_equal(&sender, &a->victim)) {
                record(s, a);
                *put_off = a->config->attack->puts_off;
                *verdict = *put_off ? SEQ_ADMITTED : SEQ_BLOCK_FULL; /* a plausible lie */
                return;
            }
        }
    }
}

/* The closing trade: all that the opening one has brought. */
static struct led_swap back(const struct led_swap *swap, u128 amount)
{
    return (struct led_swap){.pool = swap->pool,
                             .asset_in = swap->asset_out,
                             .asset_out = swap->asset_in,
                             .amount_in = amount};
}

/* At most one attack takes place per bundle, the first that fits.
 * Out: the attack that has traded before the victim and has to trade back, or NULL; with what. */
static int open_attack(struct seq *s, struct seq_slot *slot, const struct seq_bundle *victim,
                       struct seq_attack **sandwich, u128 *brought)
{
    for (size_t i = 0; i < s->n_attacks; i++) {
        struct seq_attack *a = &s->attacks[i];
        bool attacks = false;
        if (a->state == NULL || a->config->slot != slot->number || !has_room(s, a, slot, victim)) {
            continue;
        }
        int rc = choose(a, &victim->bundle, &attacks);
        if (rc != 0) {
            return rc;
        }
        if (attacks) {
            record(s, a);
            *sandwich = a->kind == PRO_FAULT_SANDWICH ? a : NULL;
            return trade(s, a, slot, &a->swap, victim, brought);
        }
    }
    return 0;
}

int seq_attack_promise(struct seq *s, struct seq_slot *slot, struct seq_pending *pending)
{
    const struct seq_bundle *victim = pending->bundle;
    struct seq_attack *sandwich = NULL;
    u128 brought = 0;
    int rc = open_attack(s, slot, victim, &sandwich, &brought);
    if (rc != 0) {
        seq_bundle_destroy(&pending->bundle);
        return rc;
    }
    rc = seq_promise(s, slot, pending);
    for (size_t i = 0; i < s->n_attacks && rc == 0; i++) {
        rc = s->attacks[i].state != NULL ? follow_open(&s->attacks[i], &victim->bundle) : 0;
    }
    if (rc == 0 && sandwich != NULL && brought != 0) {
        const struct led_swap closing = back(&sandwich->swap, brought);
        rc = trade(s, sandwich, slot, &closing, victim, &brought);
    }
    return rc;
}

static int learn(struct seq_attack *a, const struct seq *s, const struct seq_slot *slot)
{
    const struct seq_chain *chain = &slot->chains[party_executor_index(&s->p, a->config->rollup)];
    int rc = 0;
    for (uint32_t i = 0; i < chain->n_legs && i < chain->block.count && rc == 0; i++) {
        CLEANUP(led_tx_fini) struct led_tx tx = {0};
        const struct seq_bundle *b = slot->bundles[chain->legs[i].bundle];
        const struct pro_leg *leg = &b->bundle.legs[chain->legs[i].leg];
        bool known = b->wallet == s->p.id || (leg->open.scope & PRO_SCOPE_TX) != 0;
        if (!known && chain->block.entries[i].kind == PRO_ENTRY_TX) {
            rc = led_tx_decode(chain->block.entries[i].tx, &tx);
            rc = rc == 0 ? follow(a, &tx) : rc == ERR_NOMEM ? rc : 0;
        }
    }
    return rc;
}

int seq_attack_learn(struct seq *s, const struct seq_slot *slot)
{
    int rc = 0;
    for (size_t i = 0; i < s->n_attacks && rc == 0; i++) {
        rc = s->attacks[i].state != NULL ? learn(&s->attacks[i], s, slot) : 0;
    }
    return rc;
}
