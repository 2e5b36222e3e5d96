#include "tests/unit/model/past.h"

#include "common/actor/wire.h"
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/ledger/led_witness.h"
#include "common/protocol/pro_cover.h"
#include "common/protocol/pro_evidence.h"
#include "common/protocol/pro_signed.h"

#include <stdio.h>
#include <stdlib.h>

static const char head[] =
    "version: 1\nname: past\nseed: 1\npolicy: one_shot\nslots: 9\nslot_duration: 1s\n"
    "rollups:\n"
    "  A: {accounts: {alice: {ETH: 100}, bob: {ETH: 100}, carol: {ETH: 100}}}\n"
    "  B: {accounts: {alice: {ETH: 100}, bob: {ETH: 100}, carol: {ETH: 100}}}\n"
    "timelock: {bits: 1024, squarings: 1000, squarings_per_second: 1000, solver: trapdoor}\n"
    "timeline:\n";

/* ---- The cluster ---- */

static void read_modulus(const char *dir, struct buf *out)
{
    char path[512];
    static uint8_t block[4096];
    size_t got = 0;
    (void)snprintf(path, sizeof(path), "%s/modulus-1024.txt", dir);
    FILE *f = fopen(path, "rb");
    CHECK(f != NULL);
    while ((got = fread(block, 1, sizeof(block), f)) > 0) {
        buf_append(out, block, got);
    }
    CHECK(ferror(f) == 0 && out->err == 0);
    (void)fclose(f);
}

struct past *past_new(const char *data_dir, const char *timeline, const char *expect)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(buf_fini) struct buf modulus = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    struct past *p = calloc(1, sizeof(*p));
    CHECK(p != NULL);
    buf_printf(&text, "%s%s%s%s", head, timeline, expect[0] != 0 ? "expect:\n" : "", expect);
    if (scn_load_bytes("past.yaml", buf_view(&text), &p->scn, &why) != 0) {
        fail_msg("%s", buf_cstr(&why));
    }
    read_modulus(data_dir, &modulus);
    const struct cluster_options options = {
        .seed = 1, .policy = "one_shot", .modulus = buf_view(&modulus)};
    CHECK(cluster_new(p->scn, &options, &p->sim.cluster, &why) == 0);
    p->sim.result.end = RUN_END_IDLE;
    p->sim.result.n_actors = p->sim.cluster->n_actors;
    p->sim.result.actors = calloc(p->sim.result.n_actors, sizeof(*p->sim.result.actors));
    CHECK(p->sim.result.actors != NULL && p->scn->n_bundles <= PAST_BUNDLES);
    for (size_t i = 0, n = 0; i < p->scn->timeline.n; i++) {
        if (p->scn->timeline.items[i].kind == SCN_STEP_SUBMIT) {
            p->bundles[n++].submit = &p->scn->timeline.items[i].submit;
        }
    }
    return p;
}

void past_destroy(struct past **past)
{
    struct past *p = *past;
    for (size_t i = 0; i < PAST_BUNDLES; i++) {
        for (size_t k = 0; k < PAST_LEGS; k++) {
            buf_fini(&p->bundles[i].txs[k]);
        }
    }
    simulation_fini(&p->sim);
    scn_destroy(&p->scn);
    free(p);
    *past = NULL;
}

static uint32_t id_of(const struct past *p, const char *actor)
{
    uint32_t id = cluster_actor_id(p->sim.cluster, actor);
    CHECK(id != 0);
    return id;
}

static uint64_t rollup_of(const struct past *p, size_t chain)
{
    return p->scn->rollups.items[chain].chain_id;
}

static void record(struct past *p, const char *actor, const Lockstep__TraceRecord *r)
{
    CLEANUP(buf_fini) struct buf packed = {0};
    wire_pack(&r->base, &packed);
    p->now.ns++;
    history_add_record(&p->sim.history, p->now, id_of(p, actor), buf_view(&packed));
    CHECK(p->sim.history.err == 0);
}

/* ---- Users ---- */

static struct past_bundle *bundle_of(struct past *p, const char *name)
{
    size_t i = 0;
    while (i < p->scn->n_bundles && strcmp(p->bundles[i].submit->bundle.text, name) != 0) {
        i++;
    }
    CHECK(i < p->scn->n_bundles);
    return &p->bundles[i];
}

/* The operations, as the script hands them to the wallet. */
static void sign_leg(const struct past *p, const Lockstep__SubmitLeg *leg, uint32_t at, uint32_t n,
                     struct buf *out)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    size_t user = 0;
    while (strcmp(p->sim.cluster->user_names[user], leg->from) != 0) {
        user++;
    }
    CHECK(led_ops_decode(wire_view(&leg->ops), &tx.ops, &tx.n_ops) == 0);
    tx.deployment = p->sim.cluster->deployment;
    tx.rollup = leg->rollup;
    tx.leg = at;
    tx.n_legs = n;
    tx.bundle_nonce = p->sim.history.n;
    tx.sender = p->sim.cluster->users[user].address;
    led_tx_sign(&tx, &p->sim.cluster->users[user]);
    led_tx_encode(&tx, out);
    CHECK(out->err == 0);
}

static Lockstep__Message *command_of(const struct past *p, const char *name)
{
    for (size_t i = 0; i < p->sim.cluster->n_script; i++) {
        Lockstep__Message *m = NULL;
        CHECK(wire_message_unpack(p->sim.cluster->script[i].body, &m) == 0);
        if (m->body_case == LOCKSTEP__MESSAGE__BODY_SUBMIT_COMMAND &&
            strcmp(m->submit_command->name, name) == 0) {
            return m;
        }
        wire_message_free(&m);
    }
    CHECK(false);
    return NULL;
}

void past_submit(struct past *p, const char *name)
{
    CLEANUP(wire_message_free) Lockstep__Message *m = command_of(p, name);
    struct past_bundle *b = bundle_of(p, name);
    ProtobufCBinaryData transactions[PAST_LEGS];
    Lockstep__TraceSubmitted s = LOCKSTEP__TRACE_SUBMITTED__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    uint32_t n = (uint32_t)m->submit_command->n_legs;
    CHECK(n <= PAST_LEGS);
    for (uint32_t i = 0; i < n; i++) {
        sign_leg(p, m->submit_command->legs[i], i, n, &b->txs[i]);
        transactions[i] = wire_bytes(buf_view(&b->txs[i]));
    }
    hash_keccak256(n > 0 ? buf_view(&b->txs[0]) : bytes_str(name), &b->id);
    s.name = m->submit_command->name;
    s.bundle_id = wire_bytes(BYTES_OF(b->id));
    s.n_transactions = n;
    s.transactions = transactions;
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_SUBMITTED;
    r.submitted = &s;
    record(p, "wallet", &r);
}

static void seal_hash(const struct past_bundle *b, uint32_t leg, struct hash32 *out)
{
    hash_keccak256(buf_view(&b->txs[leg]), out);
}

void past_promise(struct past *p, const char *name, uint64_t slot)
{
    CLEANUP(buf_fini) struct buf encoded = {0};
    struct past_bundle *b = bundle_of(p, name);
    struct pro_preconf_tx txs[PAST_LEGS] = {0};
    struct pro_preconf promise = {.slot = slot, .txs = txs, .bundle_id = b->id};
    Lockstep__TracePreconfirmed t = LOCKSTEP__TRACE_PRECONFIRMED__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    CHECK(slot < PAST_SLOTS);
    b->slot = slot;
    b->seq = p->n_promised[slot]++;
    promise.seq = b->seq;
    promise.n_legs = (uint32_t)b->submit->legs.n;
    for (uint32_t i = 0; i < promise.n_legs; i++) {
        uint32_t chain = b->submit->legs.items[i].rollup.index;
        b->orders[i] = p->n_placed[slot][chain]++;
        txs[i].rollup = rollup_of(p, chain);
        txs[i].order = b->orders[i];
        seal_hash(b, i, &txs[i].enc_tx_hash);
    }
    pro_preconf_encode(&promise, &encoded);
    t.name = (char *)(uintptr_t)name;
    t.preconfirmation = wire_bytes(buf_view(&encoded));
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_PRECONFIRMED;
    r.preconfirmed = &t;
    record(p, "wallet", &r);
}

void past_refuse(struct past *p, const char *name, const char *reason)
{
    static char detail[] = "";
    Lockstep__TraceRefused t = LOCKSTEP__TRACE_REFUSED__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    t.name = (char *)(uintptr_t)name;
    t.bundle_id = wire_bytes(BYTES_OF(bundle_of(p, name)->id));
    t.reason = (char *)(uintptr_t)reason;
    t.detail = detail;
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_REFUSED;
    r.refused = &t;
    record(p, "wallet", &r);
}

/* ---- Blocks ---- */

static bool has_garbage(const struct past_bundle *b)
{
    return b->submit->fault.kind == PRO_FAULT_GARBAGE;
}

static void fill_entry(const struct past *p, const struct past_bundle *b, uint32_t leg, bool final,
                       struct pro_entry *e)
{
    uint32_t bad = b->submit->fault.leg;
    e->seq = b->seq;
    e->leg = leg;
    e->n_legs = (uint32_t)b->submit->legs.n;
    e->bundle_id = b->id;
    seal_hash(b, leg, &e->enc_tx_hash);
    if (has_garbage(b) && final) {
        e->kind = PRO_ENTRY_EXCLUDED;
        e->cause = (struct pro_place){rollup_of(p, b->submit->legs.items[bad].rollup.index),
                                      b->orders[bad], 0};
    } else {
        e->kind = has_garbage(b) && leg == bad ? PRO_ENTRY_BOGUS : PRO_ENTRY_TX;
        e->tx = buf_view(&b->txs[leg]);
    }
}

void past_make(const struct past *p, size_t chain, uint64_t slot, bool final, struct buf *body,
               struct pro_header *h)
{
    CLEANUP(pro_block_fini) struct pro_block block = {0};
    static uint8_t excluded[PAST_BUNDLES];
    CHECK(pro_block_init(&block, slot, rollup_of(p, chain), 0, p->n_placed[slot][chain]) == 0);
    memset(excluded, 0, sizeof(excluded));
    for (size_t i = 0; i < p->scn->n_bundles; i++) {
        const struct past_bundle *b = &p->bundles[i];
        for (uint32_t leg = 0; b->slot == slot && leg < b->submit->legs.n; leg++) {
            if (b->submit->legs.items[leg].rollup.index == chain) {
                fill_entry(p, b, leg, final, &block.entries[b->orders[leg]]);
                if (has_garbage(b)) {
                    pro_bit_set(excluded, b->orders[leg]);
                }
            }
        }
    }
    pro_block_encode(&block, body);
    CHECK(body->err == 0);
    *h = (struct pro_header){
        .slot = slot, .rollup = block.rollup, .final = final, .count = block.count};
    hash_keccak256(buf_view(body), &h->body_hash);
    if (final) {
        h->excluded = bytes_of(excluded, (block.count + 7) / 8);
    }
}

void past_sign(const struct past *p, const struct pro_header *h, struct buf *out)
{
    CLEANUP(buf_fini) struct buf body = {0};
    pro_header_encode(h, &body);
    buf_clear(out);
    pro_sign(&p->sim.cluster->deployment, PRO_TAG_BLOCK,
             &p->sim.cluster->actors[CLUSTER_SEQUENCER].key, buf_view(&body), out);
    CHECK(out->err == 0);
}

void past_store(struct past *p, size_t chain, uint64_t slot, Lockstep__DaKind kind,
                struct bytes data)
{
    Lockstep__DaKey key = LOCKSTEP__DA_KEY__INIT;
    Lockstep__TraceDaStored t = LOCKSTEP__TRACE_DA_STORED__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    key.namespace_ = rollup_of(p, chain);
    key.slot = slot;
    key.kind = kind;
    t.key = &key;
    t.data = wire_bytes(data);
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_DA_STORED;
    r.da_stored = &t;
    record(p, "da", &r);
}

static void record_l1(struct past *p, Lockstep__L1Event *event)
{
    Lockstep__TraceL1 t = LOCKSTEP__TRACE_L1__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    t.number = ++p->block;
    t.event = event;
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_L1;
    r.l1 = &t;
    record(p, "l1", &r);
}

void past_l1(struct past *p, Lockstep__L1Kind kind, int chain, uint64_t slot, struct bytes artifact)
{
    Lockstep__L1Event e = LOCKSTEP__L1_EVENT__INIT;
    e.kind = kind;
    e.rollup = chain < 0 ? 0 : rollup_of(p, (size_t)chain);
    e.slot = slot;
    e.artifact = wire_bytes(artifact);
    record_l1(p, &e);
}

/* ---- Slots ---- */

void past_seal(struct past *p, uint64_t slot)
{
    for (int i = 0; i < PAST_ROLLUPS; i++) {
        past_l1(p, LOCKSTEP__L1_KIND__L1_ORDER, i, slot, bytes_str("order"));
    }
}

/* Proofs of what fails. In: the state before the block; it is executed on it. */
static void prove(struct past *p, size_t chain, uint64_t slot, struct led_state *s,
                  const struct mdl_slot *in, const struct pro_block *b)
{
    CLEANUP(buf_fini) struct buf proofs = {0};
    struct pro_merkle_tree tree = {0};
    struct pro_step steps[PAST_BUNDLES];
    struct buf witnesses[PAST_BUNDLES] = {{0}};
    struct hash32 roots[PAST_BUNDLES];
    uint32_t orders[PAST_BUNDLES];
    struct hash32 before;
    uint32_t n = 0;
    led_state_root(s, &before);
    for (uint32_t i = 0; i < b->count; i++) {
        struct led_tx tx = {0};
        struct led_receipt receipt = {0};
        uint32_t uncovered = LED_NO_OP;
        if (b->entries[i].kind == PRO_ENTRY_TX && led_tx_decode(b->entries[i].tx, &tx) == 0) {
            CHECK(pro_cover_of(in->proposals, in->n_proposals, &b->entries[i], &tx, &uncovered) ==
                  0);
            CHECK(led_execute_in(s, &tx, uncovered, &receipt) == 0);
            if (!receipt.ok) {
                CHECK(led_witness_make(s, &tx, &witnesses[n]) == 0);
                orders[n++] = i;
            }
        }
        led_state_root(s, &roots[i]);
        led_tx_fini(&tx);
    }
    CHECK(pro_merkle_tree_init(&tree, roots, b->count) == 0);
    for (uint32_t i = 0; i < n; i++) {
        pro_step_open(&before, roots, &tree, orders[i], &steps[i]);
        steps[i].witness = buf_view(&witnesses[i]);
    }
    pro_proofs_encode(steps, n, &proofs);
    past_store(p, chain, slot, LOCKSTEP__DA_KIND__DA_PROOFS, buf_view(&proofs));
    for (uint32_t i = 0; i < n; i++) {
        buf_fini(&witnesses[i]);
    }
    pro_merkle_tree_fini(&tree);
}

/* What the executor signs: the model's own execution of the block. */
static void sign_result(struct past *p, size_t chain, uint64_t slot, const struct pro_header *h)
{
    CLEANUP(buf_fini) struct buf body = {0};
    CLEANUP(buf_fini) struct buf artifact = {0};
    struct mdl *m = NULL;
    uint8_t status[PAST_BUNDLES] = {0};
    CHECK(mdl_new(&p->sim, &m) == 0);
    const struct mdl_block *b = &mdl_find_slot(m, slot)->cells[chain].rounds[0].proposal;
    for (uint32_t i = 0; i < h->count; i++) {
        if (mdl_succeeded(b, i)) {
            pro_bit_set(status, i);
        }
    }
    struct pro_result result = b->expected;
    result.rollup = h->rollup;
    result.slot = slot;
    result.body_hash = h->body_hash;
    result.count = h->count;
    result.status = bytes_of(status, (h->count + 7) / 8);
    prove(p, chain, slot, m->chains[chain].state, mdl_find_slot(m, slot), &b->block);
    mdl_destroy(&m);
    pro_result_encode(&result, &body);
    pro_sign(&p->sim.cluster->deployment, PRO_TAG_RESULT,
             &p->sim.cluster->actors[CLUSTER_EXECUTOR + chain].key, buf_view(&body), &artifact);
    past_store(p, chain, slot, LOCKSTEP__DA_KIND__DA_RESULT, buf_view(&artifact));
}

void past_propose(struct past *p, uint64_t slot)
{
    for (size_t i = 0; i < PAST_ROLLUPS; i++) {
        CLEANUP(buf_fini) struct buf body = {0};
        CLEANUP(buf_fini) struct buf header = {0};
        struct pro_header h;
        past_make(p, i, slot, false, &body, &h);
        past_sign(p, &h, &header);
        past_store(p, i, slot, LOCKSTEP__DA_KIND__DA_BLOCK, buf_view(&body));
        past_store(p, i, slot, LOCKSTEP__DA_KIND__DA_HEADER, buf_view(&header));
        past_l1(p, LOCKSTEP__L1_KIND__L1_BLOCK, (int)i, slot, buf_view(&header));
        sign_result(p, i, slot, &h);
    }
}

void past_finalize(struct past *p, uint64_t slot)
{
    for (size_t i = 0; i < PAST_ROLLUPS; i++) {
        CLEANUP(buf_fini) struct buf body = {0};
        CLEANUP(buf_fini) struct buf header = {0};
        struct pro_header h;
        struct mdl *m = NULL;
        past_make(p, i, slot, true, &body, &h);
        past_store(p, i, slot, LOCKSTEP__DA_KIND__DA_FINAL, buf_view(&body));
        CHECK(mdl_new(&p->sim, &m) == 0);
        h.post_root = mdl_find_slot(m, slot)->cells[i].final.root;
        mdl_destroy(&m);
        past_sign(p, &h, &header);
        past_store(p, i, slot, LOCKSTEP__DA_KIND__DA_FINAL_HEADER, buf_view(&header));
        past_l1(p, LOCKSTEP__L1_KIND__L1_FINAL, (int)i, slot, buf_view(&header));
    }
}

void past_settle(struct past *p, uint64_t slot)
{
    for (int i = 0; i < PAST_ROLLUPS; i++) {
        past_l1(p, LOCKSTEP__L1_KIND__L1_FINALIZED, i, slot, (struct bytes){0});
    }
}

void past_slot(struct past *p, uint64_t slot)
{
    past_seal(p, slot);
    past_propose(p, slot);
    past_finalize(p, slot);
    past_settle(p, slot);
}

/* ---- Misbehaviour and the court ---- */

void past_fault(struct past *p, const char *actor, uint32_t index)
{
    static char kind[] = "?";
    Lockstep__TraceFault t = LOCKSTEP__TRACE_FAULT__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    t.index = index;
    t.kind = kind;
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_FAULT;
    r.fault = &t;
    record(p, actor, &r);
}

void past_accuse(struct past *p, const char *actor, const char *culprit, uint64_t slot)
{
    static char rule[] = "sibling";
    static char detail[] = "so it was";
    Lockstep__TraceViolation v = LOCKSTEP__TRACE_VIOLATION__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    v.rule = rule;
    v.by = (char *)(uintptr_t)culprit;
    v.slot = slot;
    v.detail = detail;
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_VIOLATION;
    r.violation = &v;
    record(p, actor, &r);
}

void past_evidence(enum pro_evidence_kind kind, uint8_t salt, struct buf *out)
{
    struct pro_evidence e = {.descriptor = bytes_of(&salt, 1), .kind = kind};
    struct pro_evidence decoded;
    e.promise.n_legs = 1;
    e.second.n_legs = 1;
    pro_evidence_encode(&e, out);
    CHECK(out->err == 0 && pro_evidence_decode(buf_view(out), &decoded) == 0);
}

void past_record_evidence(struct past *p, const char *actor, const char *kind,
                          struct bytes evidence)
{
    Lockstep__TraceEvidence t = LOCKSTEP__TRACE_EVIDENCE__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    t.kind = (char *)(uintptr_t)kind;
    t.evidence = wire_bytes(evidence);
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_EVIDENCE;
    r.evidence = &t;
    record(p, actor, &r);
}

void past_slash(struct past *p, const char *actor, uint64_t slot, const char *detail,
                struct bytes evidence)
{
    Lockstep__L1Event e = LOCKSTEP__L1_EVENT__INIT;
    e.kind = LOCKSTEP__L1_KIND__L1_SLASHED;
    e.slot = slot;
    e.culprit = wire_bytes(BYTES_OF(p->sim.cluster->actors[id_of(p, actor) - 1].key.address));
    e.detail = (char *)(uintptr_t)detail;
    e.gas = 34567;
    e.amount_gwei = UINT64_C(32000000000);
    e.artifact = wire_bytes(evidence);
    record_l1(p, &e);
}

void past_penalize(struct past *p, const char *actor, uint64_t slot)
{
    static char detail[] = "no finalized block";
    Lockstep__L1Event e = LOCKSTEP__L1_EVENT__INIT;
    e.kind = LOCKSTEP__L1_KIND__L1_PENALIZED;
    e.rollup = rollup_of(p, 0);
    e.slot = slot;
    e.culprit = wire_bytes(BYTES_OF(p->sim.cluster->actors[id_of(p, actor) - 1].key.address));
    e.detail = detail;
    e.amount_gwei = UINT64_C(1000000000);
    record_l1(p, &e);
}

void past_void(struct past *p, uint64_t first, uint64_t last)
{
    Lockstep__L1Event e = LOCKSTEP__L1_EVENT__INIT;
    e.kind = LOCKSTEP__L1_KIND__L1_VOIDED;
    e.slot = first;
    e.through = last;
    record_l1(p, &e);
}

void past_convict(struct past *p, uint64_t slot, uint64_t last)
{
    past_slash(p, "sequencer", slot, "block_breaks_promise: it did", (struct bytes){0});
    past_void(p, slot, last);
}
