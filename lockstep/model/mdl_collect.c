/* Sorting the record of a run into the model. */
#include "common/actor/wire.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_signed.h"
#include "lockstep/model/mdl.h"

#include <stdlib.h>

static const struct addr20 *sequencer_of(const struct mdl *m)
{
    return &m->sim->cluster->actors[CLUSTER_SEQUENCER].key.address;
}

/* Out: the slot, made if it is new, in ascending order. */
static int get_slot(struct mdl *m, uint64_t number, struct mdl_slot **out)
{
    size_t at = m->n_slots;
    while (at > 0 && m->slots[at - 1].number >= number) {
        at--;
    }
    if (at == m->n_slots || m->slots[at].number != number) {
        int rc = VEC_RESERVE(m->slots, m->cap_slots, m->n_slots + 1);
        struct mdl_cell *cells = rc == 0 ? calloc(m->n_chains + 1, sizeof(*cells)) : NULL;
        if (cells == NULL) {
            return ERR_NOMEM;
        }
        memmove(&m->slots[at + 1], &m->slots[at], (m->n_slots - at) * sizeof(*m->slots));
        m->slots[at] = (struct mdl_slot){.number = number, .cells = cells};
        m->n_slots++;
    }
    *out = &m->slots[at];
    return 0;
}

static int get_round(struct mdl_slot *slot, struct mdl_cell *cell, uint32_t round,
                     struct mdl_round **out)
{
    if (round >= cell->n_rounds) {
        struct mdl_round *grown = realloc(cell->rounds, (round + 1) * sizeof(*grown));
        if (grown == NULL) {
            return ERR_NOMEM;
        }
        memset(&grown[cell->n_rounds], 0, (round + 1 - cell->n_rounds) * sizeof(*grown));
        cell->rounds = grown;
        cell->n_rounds = (size_t)round + 1;
    }
    slot->n_rounds = cell->n_rounds > slot->n_rounds ? (uint32_t)cell->n_rounds : slot->n_rounds;
    *out = &cell->rounds[round];
    return 0;
}

/* ---- What the DA node stored ---- */

/* Fits where it was stored. Of several for one place, what L1 registered counts; else the first. */
static void take_header(const struct mdl *m, const Lockstep__TraceDaStored *r, bool final,
                        struct bytes registered, struct mdl_block *block)
{
    struct bytes body;
    struct pro_header h;
    int rc = pro_unsign_from(&m->sim->cluster->deployment, PRO_TAG_BLOCK, wire_view(&r->data),
                             sequencer_of(m), &body);
    bool counts = !block->has_header || bytes_equal(registered, wire_view(&r->data));
    if (rc == 0 && counts && pro_header_decode(body, &h) == 0 && h.final == final &&
        h.slot == r->key->slot && h.rollup == r->key->namespace_ &&
        (final || h.round == r->key->index)) {
        block->header = h;
        block->has_header = true;
    }
}

static bool fits_header(const struct mdl_block *block, struct bytes body)
{
    struct hash32 hash;
    hash_keccak256(body, &hash);
    return block->has_header && hash32_equal(&hash, &block->header.body_hash);
}

/* In: a block whose header is settled. Of several bodies, the header's counts; else the first. */
static void take_body(const Lockstep__TraceDaStored *r, struct mdl_block *block)
{
    struct bytes body = wire_view(&r->data);
    struct pro_block b = {0};
    if ((block->has_body && (fits_header(block, block->body_bytes) || !fits_header(block, body))) ||
        pro_block_decode(body, &b) != 0) {
        return;
    }
    if (b.slot != r->key->slot || b.rollup != r->key->namespace_) {
        pro_block_fini(&b);
        return;
    }
    pro_block_fini(&block->block);
    block->block = b;
    block->body_bytes = body;
    block->has_body = true;
}

static void take_result(const struct mdl *m, size_t chain, const Lockstep__TraceDaStored *r,
                        struct mdl_round *round)
{
    struct bytes body;
    struct pro_result result;
    int rc = pro_unsign_from(&m->sim->cluster->deployment, PRO_TAG_RESULT, wire_view(&r->data),
                             &m->chains[chain].executor, &body);
    if (rc == 0 && !round->has_result && pro_result_decode(body, &result) == 0 &&
        result.slot == r->key->slot && result.rollup == r->key->namespace_ &&
        result.round == r->key->index) {
        round->result = result;
        round->has_result = true;
    }
}

/* The first that can be read counts. */
static int take_proofs(const Lockstep__TraceDaStored *r, struct mdl_round *round)
{
    int rc = round->has_proofs ? 0 : pro_proofs_decode(wire_view(&r->data), &round->proofs);
    round->has_proofs = round->has_proofs || rc == 0;
    return rc == ERR_NOMEM ? rc : 0;
}

static bool is_body(Lockstep__DaKind kind)
{
    return kind == LOCKSTEP__DA_KIND__DA_BLOCK || kind == LOCKSTEP__DA_KIND__DA_FINAL;
}

static int take_proposal(struct mdl *m, size_t chain, struct mdl_slot *slot,
                         const Lockstep__TraceDaStored *r)
{
    struct mdl_cell *cell = &slot->cells[chain];
    struct mdl_round *round = NULL;
    int rc = get_round(slot, cell, r->key->index, &round);
    if (rc != 0) {
        return rc;
    }
    if (r->key->kind == LOCKSTEP__DA_KIND__DA_BLOCK) {
        take_body(r, &round->proposal);
    } else if (r->key->kind == LOCKSTEP__DA_KIND__DA_HEADER) {
        take_header(m, r, false,
                    r->key->index == 0 ? cell->l1.proposal_artifact : (struct bytes){0},
                    &round->proposal);
    } else if (r->key->kind == LOCKSTEP__DA_KIND__DA_PROOFS) {
        return take_proofs(r, round);
    } else {
        take_result(m, chain, r, round);
    }
    return 0;
}

static int take_stored(struct mdl *m, const Lockstep__TraceDaStored *r)
{
    int chain = mdl_chain_index(m, r->key->namespace_);
    struct mdl_slot *slot = NULL;
    if (chain < 0 || r->key->index > PRO_MAX_ENTRIES) {
        return 0;
    }
    int rc = get_slot(m, r->key->slot, &slot);
    if (rc != 0) {
        return rc;
    }
    struct mdl_cell *cell = &slot->cells[chain];
    switch (r->key->kind) {
    case LOCKSTEP__DA_KIND__DA_FINAL:
        take_body(r, &cell->final);
        return 0;
    case LOCKSTEP__DA_KIND__DA_FINAL_HEADER:
        take_header(m, r, true, cell->l1.final_artifact, &cell->final);
        return 0;
    case LOCKSTEP__DA_KIND__DA_BLOCK:
    case LOCKSTEP__DA_KIND__DA_HEADER:
    case LOCKSTEP__DA_KIND__DA_RESULT:
    case LOCKSTEP__DA_KIND__DA_PROOFS:
        return take_proposal(m, (size_t)chain, slot, r);
    default:
        return 0;
    }
}

/* ---- What L1 accepted ---- */

static int take_l1(struct mdl *m, struct sim_time at, const Lockstep__TraceL1 *r)
{
    int chain = mdl_chain_index(m, r->event->rollup);
    struct mdl_slot *slot = NULL;
    int rc = chain < 0 ? 0 : get_slot(m, r->event->slot, &slot);
    if (rc != 0 || slot == NULL) {
        return rc;
    }
    struct mdl_l1 *l1 = &slot->cells[chain].l1;
    switch (r->event->kind) {
    case LOCKSTEP__L1_KIND__L1_ORDER:
        l1->order = r->number;
        break;
    case LOCKSTEP__L1_KIND__L1_BLOCK:
        if (r->event->round == 0) {
            l1->proposal = r->number;
            l1->proposal_artifact = wire_view(&r->event->artifact);
        }
        break;
    case LOCKSTEP__L1_KIND__L1_FINAL:
        l1->final = r->number;
        l1->n_finals++;
        l1->final_artifact = wire_view(&r->event->artifact);
        break;
    case LOCKSTEP__L1_KIND__L1_FINALIZED:
        l1->finalized = r->number;
        l1->finalized_at = at;
        break;
    default:
        break;
    }
    return 0;
}

/* ---- What users submitted and heard ---- */

static struct mdl_bundle *bundle_named(struct mdl *m, const char *name)
{
    for (size_t i = 0; i < m->n_bundles; i++) {
        if (strcmp(m->bundles[i].submit->bundle.text, name) == 0) {
            return &m->bundles[i];
        }
    }
    return NULL;
}

static void take_submitted(struct mdl *m, const Lockstep__TraceSubmitted *r)
{
    struct mdl_bundle *b = bundle_named(m, r->name);
    if (b == NULL || r->bundle_id.len != sizeof(b->id) || r->n_transactions != b->n_legs) {
        return;
    }
    b->submitted = true;
    memcpy(b->id.b, r->bundle_id.data, sizeof(b->id));
    for (size_t i = 0; i < b->n_legs; i++) {
        b->legs[i].tx = wire_view(&r->transactions[i]);
    }
}

static int take_preconfirmed(struct mdl *m, const Lockstep__TracePreconfirmed *r)
{
    struct mdl_bundle *b = bundle_named(m, r->name);
    struct pro_preconf p = {0};
    struct mdl_slot *slot = NULL;
    if (b == NULL || b->promised || pro_preconf_decode(wire_view(&r->preconfirmation), &p) != 0) {
        return 0;
    }
    if (p.n_legs != b->n_legs || !hash32_equal(&p.bundle_id, &b->id)) {
        pro_preconf_fini(&p);
        return 0;
    }
    b->preconf = p;
    b->promised = true;
    for (size_t i = 0; i < b->n_legs; i++) {
        b->legs[i].order = p.txs[i].order;
    }
    return get_slot(m, p.slot, &slot);
}

static void take_refused(struct mdl *m, const Lockstep__TraceRefused *r)
{
    struct mdl_bundle *b = bundle_named(m, r->name);
    if (b != NULL) {
        b->refused = true;
        b->refusal = r->reason;
        b->refusal_detail = r->detail;
    }
}

/* What does not hang on anything else. */
static int take_record(struct mdl *m, const struct history_item *item)
{
    const Lockstep__TraceRecord *r = item->record;
    switch (r->body_case) {
    case LOCKSTEP__TRACE_RECORD__BODY_SUBMITTED:
        take_submitted(m, r->submitted);
        return 0;
    case LOCKSTEP__TRACE_RECORD__BODY_PRECONFIRMED:
        return take_preconfirmed(m, r->preconfirmed);
    case LOCKSTEP__TRACE_RECORD__BODY_REFUSED:
        take_refused(m, r->refused);
        return 0;
    case LOCKSTEP__TRACE_RECORD__BODY_L1:
        return take_l1(m, item->at, r->l1);
    default:
        return 0;
    }
}

/* Two headers may have been signed for one place: which of them counts is known when L1 has been
 * read, and which body, when the headers have. */
enum pass { PASS_L1, PASS_HEADERS, PASS_BODIES, PASSES };

static int take_item(struct mdl *m, const struct history_item *item, enum pass pass)
{
    if (item->kind != HISTORY_RECORD) {
        return 0;
    }
    if (item->record->body_case != LOCKSTEP__TRACE_RECORD__BODY_DA_STORED) {
        return pass == PASS_L1 ? take_record(m, item) : 0;
    }
    const Lockstep__TraceDaStored *r = item->record->da_stored;
    return pass == (is_body(r->key->kind) ? PASS_BODIES : PASS_HEADERS) ? take_stored(m, r) : 0;
}

int mdl_collect(struct mdl *m)
{
    int rc = 0;
    for (int pass = 0; pass < (int)PASSES; pass++) {
        for (size_t i = 0; i < m->sim->history.n && rc == 0; i++) {
            rc = take_item(m, &m->sim->history.items[i], (enum pass)pass);
        }
    }
    return rc;
}
