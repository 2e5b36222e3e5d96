/* result.json. Every number that depends on the machine is under "machine". */
#include "common/base/cleanup.h"
#include "lockstep/report/rep.h"

#include <jansson.h>

#ifndef LOCKSTEP_VERSION
#error "the build passes the version"
#endif

static void release(json_t **j)
{
    json_decref(*j);
}

/* 64-bit numbers and larger ones go as decimal strings where they could exceed 2^53. */
static json_t *number(uint64_t v)
{
    return json_integer((json_int_t)v);
}

static json_t *hash_text(struct bytes h)
{
    char hex[65];
    if (h.len > 32) {
        return json_null();
    }
    hex_encode(h, hex);
    return json_string(hex);
}

/* ---- Slots ---- */

static json_t *transaction(const struct rep_run *run, const struct mdl_cell *cell, uint32_t i)
{
    const struct pro_entry *e = &cell->rounds[0].proposal.block.entries[i];
    const struct mdl_bundle *b = mdl_find_bundle(run->m, &e->bundle_id);
    json_t *rounds = json_array();
    for (size_t r = 0; r < cell->n_rounds; r++) {
        json_array_append_new(rounds,
                              json_string(rep_entry_word(&cell->rounds[r].proposal, i, false)));
    }
    return json_pack("{s:I, s:s?, s:I, s:I, s:o, s:s}", "order", (json_int_t)i, "bundle",
                     b != NULL ? b->submit->bundle.text : NULL, "leg", (json_int_t)e->leg, "legs",
                     (json_int_t)e->n_legs, "rounds", rounds, "finalized",
                     rep_entry_word(&cell->final, i, true));
}

static json_t *l1_number(uint64_t block)
{
    return block == 0 ? json_null() : number(block);
}

static json_t *cell_object(const struct rep_run *run, size_t chain, const struct mdl_cell *cell)
{
    const struct scn_rollup *r = run->m->chains[chain].rollup;
    json_t *transactions = json_array();
    const struct mdl_block *first = cell->n_rounds > 0 ? &cell->rounds[0].proposal : NULL;
    for (uint32_t i = 0; first != NULL && first->has_body && i < first->block.count; i++) {
        json_array_append_new(transactions, transaction(run, cell, i));
    }
    return json_pack(
        "{s:s, s:I, s:I, s:{s:o, s:o, s:o, s:o}, s:o, s:o}", "rollup", r->name.text, "chain_id",
        (json_int_t)r->chain_id, "rounds", (json_int_t)cell->n_rounds, "l1_blocks", "order",
        l1_number(cell->l1.order), "proposal", l1_number(cell->l1.proposal), "final",
        l1_number(cell->l1.final), "finalized", l1_number(cell->l1.finalized), "state_root",
        cell->final.has_header ? hash_text(BYTES_OF(cell->final.header.post_root)) : json_null(),
        "transactions", transactions);
}

static json_t *slots(const struct rep_run *run)
{
    json_t *all = json_array();
    for (size_t i = 0; i < run->m->n_slots; i++) {
        const struct mdl_slot *slot = &run->m->slots[i];
        json_t *cells = json_array();
        for (size_t k = 0; k < run->m->n_chains; k++) {
            if (slot->cells[k].n_rounds > 0) {
                json_array_append_new(cells, cell_object(run, k, &slot->cells[k]));
            }
        }
        json_array_append_new(all,
                              json_pack("{s:I, s:I, s:o}", "slot", (json_int_t)slot->number,
                                        "rounds", (json_int_t)slot->n_rounds, "rollups", cells));
    }
    return all;
}

/* ---- Bundles ---- */

static json_t *cause(const struct rep_run *run, const struct mdl_bundle *b)
{
    const struct led_receipt *receipt = mdl_cause_receipt(run->m, b);
    if (!b->has_cause) {
        return json_null();
    }
    return json_pack(
        "{s:s, s:I, s:I, s:s, s:o}", "rollup", run->m->chains[b->cause_chain].rollup->name.text,
        "order", (json_int_t)b->cause.order, "round", (json_int_t)b->cause.round, "reason",
        receipt != NULL ? led_reason_name(receipt->reason) : "bogus_cipher", "operation",
        receipt != NULL && receipt->failed_op != LED_NO_OP ? number(receipt->failed_op)
                                                           : json_null());
}

static json_t *places(const struct rep_run *run, const struct mdl_bundle *b)
{
    json_t *all = json_array();
    for (size_t i = 0; i < b->n_legs; i++) {
        json_array_append_new(all,
                              json_pack("{s:s, s:o}", "rollup",
                                        run->m->chains[b->legs[i].chain].rollup->name.text, "order",
                                        b->promised ? number(b->legs[i].order) : json_null()));
    }
    return all;
}

static json_t *bundles(const struct rep_run *run)
{
    json_t *all = json_array();
    for (size_t i = 0; i < run->m->n_bundles; i++) {
        const struct mdl_bundle *b = &run->m->bundles[i];
        CLEANUP(buf_fini) struct buf why = {0};
        rep_why(run->m, b, &why);
        json_t *o = json_pack(
            "{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:s?, s:s?}", "bundle", b->submit->bundle.text,
            "id", b->submitted ? hash_text(BYTES_OF(b->id)) : json_null(), "outcome",
            scn_outcome_word(b->outcome), "slot",
            b->promised ? number(b->preconf.slot) : json_null(), "seq",
            b->promised ? number(b->preconf.seq) : json_null(), "legs", places(run, b), "cause",
            cause(run, b), "refusal", b->refused ? b->refusal : NULL, "why",
            why.len > 0 ? buf_cstr(&why) : NULL);
        json_array_append_new(all, o);
    }
    return all;
}

/* A promise is late when a fast attacker could have read the bundle before it left. */
static json_t *promises(const struct rep_run *run)
{
    size_t given = 0;
    for (size_t i = 0; i < run->m->n_bundles; i++) {
        given += run->m->bundles[i].promised;
    }
    return json_pack("{s:o, s:o}", "given", number(given), "deadline_missed",
                     number(rep_count_notes(run->sim, "deadline_missed")));
}

/* ---- Verdicts ---- */

static json_t *checks(const struct rep_run *run)
{
    json_t *all = json_array();
    for (int i = 0; i < (int)SCN_CHECKS; i++) {
        const struct chk_result *r = &run->checks->results[i];
        json_array_append_new(
            all, json_pack(
                     "{s:s, s:s, s:I, s:s, s:I, s:s%}", "check", scn_check_word((enum scn_check)i),
                     "verdict", chk_verdict_word(r->verdict), "examined", (json_int_t)r->examined,
                     "unit", r->units, "faults", (json_int_t)r->n_faults, "detail",
                     r->detail.len > 0 ? (const char *)r->detail.data : "", (size_t)r->detail.len));
    }
    return all;
}

static json_t *expectations(const struct rep_run *run)
{
    json_t *all = json_array();
    for (size_t i = 0; i < run->expect->n; i++) {
        struct xpc_result *r = &run->expect->results[i];
        json_array_append_new(all, json_pack("{s:I, s:s, s:s, s:s}", "line", (json_int_t)r->line,
                                             "expectation", buf_cstr(&r->text), "verdict",
                                             xpc_verdict_word(r->verdict), "found",
                                             buf_cstr(&r->found)));
    }
    return all;
}

/* ---- Traffic ---- */

static json_t *actors(const struct rep_run *run)
{
    const struct simulation *sim = run->sim;
    json_t *all = json_array();
    for (size_t i = 0; i < sim->result.n_actors; i++) {
        const struct run_actor_stats *a = &sim->result.actors[i];
        json_t *rejects = json_object();
        for (int reason = 0; reason < (int)ACT_REJECT_REASONS; reason++) {
            if (a->rejects[reason] > 0) {
                json_object_set_new(rejects, act_reject_name((enum act_reject_reason)reason),
                                    number(a->rejects[reason]));
            }
        }
        json_array_append_new(all, json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "actor",
                                             sim->cluster->actors[i].name, "received",
                                             (json_int_t)a->messages, "sent", (json_int_t)a->sent,
                                             "timers", (json_int_t)a->timers, "works",
                                             (json_int_t)a->works, "rejected", rejects));
    }
    return all;
}

static json_t *links(const struct rep_run *run)
{
    const struct simulation *sim = run->sim;
    json_t *all = json_array();
    for (size_t i = 0; i < sim->result.n_links; i++) {
        const struct run_link_stats *l = &sim->result.links[i];
        if (l->from == ACT_HOST || l->to == ACT_HOST) {
            continue;
        }
        json_array_append_new(
            all, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "from",
                           sim->cluster->actors[l->from - 1].name, "to",
                           sim->cluster->actors[l->to - 1].name, "sent", (json_int_t)l->sent,
                           "delivered", (json_int_t)l->delivered, "lost", (json_int_t)l->lost,
                           "cut", (json_int_t)l->cut, "duplicated", (json_int_t)l->duplicated));
    }
    return all;
}

/* Where evidence is kept below the folder of outputs; null if none are. */
static json_t *evidence_file(const struct rep_run *run, size_t i)
{
    CLEANUP(buf_fini) struct buf name = {0};
    if (run->where == NULL || i >= run->m->n_accusations) {
        return json_null();
    }
    rep_evidence_name(run->m, i, &name);
    return json_string(buf_cstr(&name));
}

static json_t *evidence(const struct rep_run *run)
{
    json_t *all = json_array();
    for (size_t i = 0; i < run->m->n_accusations; i++) {
        const struct mdl_accusation *a = &run->m->accusations[i];
        json_array_append_new(all, json_pack("{s:s, s:s, s:I, s:o}", "kind", a->kind, "by",
                                             mdl_actor_name(run->m, a->actor), "bytes",
                                             (json_int_t)a->evidence.len, "file",
                                             evidence_file(run, i)));
    }
    return all;
}

static json_t *sentences(const struct rep_run *run)
{
    json_t *all = json_array();
    for (size_t i = 0; i < run->m->n_sentences; i++) {
        const struct mdl_sentence *s = &run->m->sentences[i];
        json_array_append_new(
            all,
            json_pack("{s:s, s:b, s:s, s:I, s:I, s:I, s:o, s:s, s:o}", "actor",
                      mdl_actor_name(run->m, s->actor), "slashed", s->slashed ? 1 : 0, "evidence",
                      s->slashed ? pro_evidence_name(mdl_crime(s)) : "", "slot",
                      (json_int_t)s->slot, "l1_block", (json_int_t)s->block, "gas",
                      (json_int_t)s->gas, "amount_gwei", number(s->amount_gwei), "detail",
                      s->detail, "evidence_file", evidence_file(run, mdl_evidence_of(run->m, s))));
    }
    return all;
}

static json_t *voids(const struct rep_run *run)
{
    json_t *all = json_array();
    for (size_t i = 0; i < run->m->n_voids; i++) {
        const struct mdl_void *v = &run->m->voids[i];
        json_array_append_new(all,
                              json_pack("{s:I, s:I, s:I}", "first", (json_int_t)v->first, "last",
                                        (json_int_t)v->last, "l1_block", (json_int_t)v->block));
    }
    return all;
}

static json_t *faults(const struct rep_run *run)
{
    json_t *all = json_array();
    for (size_t i = 0; i < run->m->n_faults; i++) {
        const struct mdl_fault *f = &run->m->faults[i];
        json_array_append_new(
            all, json_pack("{s:s, s:s, s:I, s:I, s:s?, s:b}", "fault", pro_fault_word(f->kind),
                           "actor", mdl_actor_name(run->m, f->actor), "line",
                           (json_int_t)f->step->place.line, "slot", (json_int_t)f->slot, "bundle",
                           f->bundle != NULL ? f->bundle->submit->bundle.text : NULL, "took_effect",
                           f->took_effect ? 1 : 0));
    }
    return all;
}

static json_t *whole(const struct rep_run *run)
{
    const struct run_result *r = &run->sim->result;
    enum rep_exit code = rep_exit_of(run);
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:s, s:I, s:I, s:s,"
                     " s:{s:I, s:I}, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "lockstep", LOCKSTEP_VERSION, "scenario", run->m->scn->name, "file", run->file,
                     "seed", number(run->sim->cluster->seed), "policy", run->sim->cluster->policy,
                     "mempool", scn_mempool_word(run->sim->cluster->mempool), "state_proof",
                     scn_state_proof_word(run->sim->cluster->state_proof), "host", run->host,
                     "verdict", rep_exit_word(code), "exit_code", (json_int_t)code, "fingerprint",
                     hash_text(BYTES_OF(r->fingerprint)), "reproduce", run->reproduce,
                     "simulated_ns", (json_int_t)r->now.ns, "events", (json_int_t)r->delivered,
                     "ended", run_end_name(r->end), "machine", "wall_ns", (json_int_t)run->wall_ns,
                     "ready_ns", (json_int_t)r->ready_ns, "bundles", bundles(run), "checks",
                     checks(run), "expectations", expectations(run), "faults", faults(run),
                     "sentences", sentences(run), "voids", voids(run), "slots", slots(run),
                     "actors", actors(run), "links", links(run));
}

static int append(const char *text, size_t len, void *out)
{
    struct buf *b = out;
    buf_append(b, text, len);
    return b->err == 0 ? 0 : -1;
}

void rep_json(const struct rep_run *run, bool pretty, struct buf *out)
{
    CLEANUP(release) json_t *j = whole(run);
    if (json_object_set_new(j, "promises", promises(run)) != 0 ||
        json_object_set_new(j, "evidence", evidence(run)) != 0 ||
        json_dump_callback(j, append, out, pretty ? JSON_INDENT(2) : 0) != 0) {
        out->err = out->err != 0 ? out->err : ERR_NOMEM;
        return;
    }
    buf_append_u8(out, '\n');
}
