#include "lockstep/model/xpc.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"

#include <stdio.h>

static void fail(struct xpc_result *r)
{
    r->verdict = XPC_FAILED;
}

/* ---- Bundles ---- */

static const struct mdl_bundle *find(const struct mdl *m, const struct scn_name *name)
{
    CHECK(name->index < m->n_bundles);
    return &m->bundles[name->index];
}

static void describe_bundle(const struct mdl *m, const struct mdl_bundle *b, struct buf *out)
{
    buf_printf(out, "it is %s", scn_outcome_word(b->outcome));
    if (b->outcome == SCN_REFUSED) {
        buf_printf(out, " (%s)", b->refusal);
    }
    if (b->has_cause) {
        buf_printf(out, ", cause %s.%u", m->chains[b->cause_chain].rollup->name.text,
                   b->cause.order);
    }
    if (b->promised) {
        buf_printf(out, ", in slot %llu", (unsigned long long)b->preconf.slot);
    }
}

static void expect_bundle(const struct mdl *m, const struct scn_expect *e, struct xpc_result *r)
{
    const struct mdl_bundle *b = find(m, &e->bundle);
    buf_printf(&r->text, "bundle %s is %s", e->bundle.text, scn_outcome_word(e->is));
    bool met = b->outcome == e->is;
    if (e->slot != 0) {
        buf_printf(&r->text, " in slot %llu", (unsigned long long)e->slot);
        met = met && b->promised && b->preconf.slot == e->slot;
    }
    if (e->cause.rollup.text != NULL) {
        buf_printf(&r->text, ", cause %s.%u", e->cause.rollup.text, e->cause.order);
        met = met && b->has_cause && b->cause_chain == e->cause.rollup.index &&
              b->cause.order == e->cause.order;
    }
    if (e->reason != NULL) {
        buf_printf(&r->text, ", reason %s", e->reason);
        met = met && b->refused && strcmp(b->refusal, e->reason) == 0;
    }
    if (!met) {
        r->kind = b->outcome == SCN_PENDING ? XPC_LIVENESS : XPC_SAFETY;
        fail(r);
        describe_bundle(m, b, &r->found);
    }
}

static void expect_rounds(const struct mdl *m, const struct scn_expect *e, struct xpc_result *r)
{
    uint32_t most = 0;
    bool any = false;
    for (size_t i = 0; i < m->n_slots; i++) {
        if (e->slot == 0 || m->slots[i].number == e->slot) {
            most = m->slots[i].n_rounds > most ? m->slots[i].n_rounds : most;
            any = true;
        }
    }
    buf_printf(&r->text, "rounds: %u", e->rounds);
    if (e->slot != 0) {
        buf_printf(&r->text, " in slot %llu", (unsigned long long)e->slot);
    }
    if (!any) {
        r->verdict = XPC_UNDECIDED;
        buf_printf(&r->found, "there was no such slot");
    } else if (most != e->rounds) {
        fail(r);
        buf_printf(&r->found, "there were %u", most);
    }
}

/* ---- Numbers ---- */

static bool compare(enum scn_cmp cmp, u128 found, u128 value)
{
    return cmp == SCN_EQUALS     ? found == value
           : cmp == SCN_AT_LEAST ? found >= value
                                 : found <= value;
}

static const char *cmp_words(enum scn_cmp cmp)
{
    return cmp == SCN_EQUALS ? "" : cmp == SCN_AT_LEAST ? "at least " : "at most ";
}

static void expect_balance(const struct mdl *m, const struct scn_expect *e, struct xpc_result *r)
{
    const struct scn_expect_balance *b = &e->balance;
    const struct addr20 *account = cluster_user(m->sim->cluster, b->account.text);
    struct led_name asset;
    CHECK(account != NULL && led_name_set(&asset, b->asset.text) == 0);
    u128 found = led_balance(m->chains[b->rollup.index].state, account, &asset);
    buf_printf(&r->text, "%s on %s holds %s", b->account.text, b->rollup.text, cmp_words(b->cmp));
    led_u128_print(b->value, &r->text);
    buf_printf(&r->text, " %s", b->asset.text);
    if (!compare(b->cmp, found, b->value)) {
        fail(r);
        buf_printf(&r->found, "it holds ");
        led_u128_print(found, &r->found);
    }
}

static void expect_count(const char *what, uint64_t found, uint64_t at_least, struct xpc_result *r)
{
    buf_printf(&r->text, "at least %llu %s", (unsigned long long)at_least, what);
    if (found < at_least) {
        r->verdict = XPC_UNDECIDED;
        buf_printf(&r->found, "there were %llu", (unsigned long long)found);
    }
}

static void expect_rejected(const struct mdl *m, const struct scn_expect *e, struct xpc_result *r)
{
    uint32_t actor = cluster_actor_id(m->sim->cluster, e->rejected.by.text);
    CHECK(actor != 0);
    char what[160];
    uint64_t found = m->sim->result.actors[actor - 1].rejects[e->rejected.reason];
    (void)snprintf(what, sizeof(what), "messages rejected by %s as %s", e->rejected.by.text,
                   act_reject_name((enum act_reject_reason)e->rejected.reason));
    expect_count(what, found, e->rejected.at_least, r);
}

static void expect_links(const struct mdl *m, const struct scn_expect *e, struct xpc_result *r)
{
    uint64_t lost = 0;
    uint64_t duplicated = 0;
    for (size_t i = 0; i < m->sim->result.n_links; i++) {
        lost += m->sim->result.links[i].lost + m->sim->result.links[i].cut;
        duplicated += m->sim->result.links[i].duplicated;
    }
    if (e->kind == SCN_EXPECT_LOST) {
        expect_count("messages lost", lost, e->count.at_least, r);
    } else {
        expect_count("messages duplicated", duplicated, e->count.at_least, r);
    }
}

/* ---- Checks and fingerprint ---- */

static void expect_check(const struct chk_report *checks, const struct scn_expect *e,
                         struct xpc_result *r)
{
    const struct chk_result *c = &checks->results[e->check];
    bool violated = e->kind == SCN_EXPECT_VIOLATED;
    buf_printf(&r->text, "%s %s", scn_check_word(e->check), violated ? "is violated" : "holds");
    r->kind = e->check == SCN_CHECK_LIVENESS ? XPC_LIVENESS : XPC_SAFETY;
    if (c->verdict == CHK_IDLE) {
        r->verdict = XPC_UNDECIDED;
        buf_printf(&r->found, "there was nothing to check");
    } else if ((c->verdict != CHK_HOLDS) != violated) {
        fail(r);
        if (violated) {
            buf_printf(&r->found, "it holds");
        } else {
            buf_append_bytes(&r->found, buf_view(&c->detail));
        }
    }
}

static void expect_fingerprint(const struct mdl *m, const struct scn_expect *e,
                               struct xpc_result *r)
{
    char hex[65];
    hex_encode(e->fingerprint, hex);
    buf_printf(&r->text, "fingerprint %s", hex);
    r->kind = XPC_DETERMINISM;
    if (!bytes_equal(e->fingerprint, BYTES_OF(m->sim->result.fingerprint))) {
        fail(r);
        hex_encode(BYTES_OF(m->sim->result.fingerprint), hex);
        buf_printf(&r->found, "it is %s", hex);
    }
}

/* ---- Sentences and faults ---- */

static bool is_meant(const struct mdl *m, const struct scn_expect *e, const struct mdl_sentence *s)
{
    return s->slashed == (e->kind == SCN_EXPECT_SLASHED) &&
           strcmp(mdl_actor_name(m, s->actor), e->culprit.text) == 0 &&
           (e->slot == 0 || s->slot == e->slot) && (e->crime == 0 || mdl_crime(s) == e->crime);
}

static void describe_sentences(const struct mdl *m, struct buf *out)
{
    buf_printf(out, m->n_sentences == 0 ? "nobody was slashed or penalized" : "L1 ");
    for (size_t i = 0; i < m->n_sentences; i++) {
        const struct mdl_sentence *s = &m->sentences[i];
        buf_printf(out, "%s%s %s in slot %llu (%s)", i > 0 ? ", " : "",
                   s->slashed ? "slashed" : "penalized", mdl_actor_name(m, s->actor),
                   (unsigned long long)s->slot,
                   s->slashed ? pro_evidence_name(mdl_crime(s)) : s->detail);
    }
}

static void expect_sentence(const struct mdl *m, const struct scn_expect *e, struct xpc_result *r)
{
    bool met = false;
    for (size_t i = 0; i < m->n_sentences && !met; i++) {
        met = is_meant(m, e, &m->sentences[i]);
    }
    buf_printf(&r->text, "%s is %s", e->culprit.text,
               e->kind == SCN_EXPECT_SLASHED ? "slashed" : "penalized");
    if (e->crime != 0) {
        buf_printf(&r->text, " for %s", pro_evidence_name(e->crime));
    }
    if (e->slot != 0) {
        buf_printf(&r->text, " in slot %llu", (unsigned long long)e->slot);
    }
    if (!met) {
        fail(r);
        describe_sentences(m, &r->found);
    }
}

/* A fault that never happens shows nothing, whatever else comes out right. */
static void expect_fault(const struct mdl_fault *f, struct xpc_result *r)
{
    r->line = f->step->place.line;
    buf_printf(&r->text, "the fault %s takes effect", pro_fault_word(f->kind));
    if (f->bundle != NULL) {
        buf_printf(&r->text, " with bundle %s", f->bundle->submit->bundle.text);
    } else {
        buf_printf(&r->text, " in slot %llu", (unsigned long long)f->slot);
    }
    if (!f->took_effect) {
        r->verdict = XPC_UNDECIDED;
        buf_printf(&r->found, "line %u scripts it, and there was no occasion", r->line);
    }
}

static void evaluate(const struct mdl *m, const struct chk_report *checks,
                     const struct scn_expect *e, struct xpc_result *r)
{
    switch (e->kind) {
    case SCN_EXPECT_BUNDLE:
        expect_bundle(m, e, r);
        break;
    case SCN_EXPECT_ROUNDS:
        expect_rounds(m, e, r);
        break;
    case SCN_EXPECT_BALANCE:
        expect_balance(m, e, r);
        break;
    case SCN_EXPECT_ALWAYS:
    case SCN_EXPECT_VIOLATED:
        expect_check(checks, e, r);
        break;
    case SCN_EXPECT_REJECTED:
        expect_rejected(m, e, r);
        break;
    case SCN_EXPECT_LOST:
    case SCN_EXPECT_DUPLICATED:
        expect_links(m, e, r);
        break;
    case SCN_EXPECT_SLASHED:
    case SCN_EXPECT_PENALIZED:
        expect_sentence(m, e, r);
        break;
    case SCN_EXPECT_FINGERPRINT:
        expect_fingerprint(m, e, r);
        break;
    }
}

static bool applies(const struct mdl *m, const struct scn_expect *e)
{
    return e->mempool == SCN_MEMPOOL_ANY || e->mempool == m->sim->cluster->mempool;
}

int xpc_run(const struct mdl *m, const struct chk_report *checks, struct xpc_report *report)
{
    struct xpc_report out = {0};
    out.results = calloc(m->scn->expect.n + m->n_faults + 1, sizeof(*out.results));
    if (out.results == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < m->scn->expect.n; i++) {
        const struct scn_expect *e = &m->scn->expect.items[i];
        if (applies(m, e)) {
            out.results[out.n].line = e->place.line;
            evaluate(m, checks, e, &out.results[out.n++]);
        }
    }
    for (size_t i = 0; i < m->n_faults; i++) {
        if (pro_fault_consequence(m->faults[i].kind) != PRO_FOLLOWS_NOTHING) {
            expect_fault(&m->faults[i], &out.results[out.n++]);
        }
    }
    for (size_t i = 0; i < out.n; i++) {
        const struct xpc_result *r = &out.results[i];
        out.n_met += r->verdict == XPC_MET;
        if (r->text.err != 0 || r->found.err != 0) {
            xpc_report_fini(&out);
            return ERR_NOMEM;
        }
    }
    *report = out;
    return 0;
}

void xpc_report_fini(struct xpc_report *report)
{
    for (size_t i = 0; i < report->n && report->results != NULL; i++) {
        buf_fini(&report->results[i].text);
        buf_fini(&report->results[i].found);
    }
    free(report->results);
    *report = (struct xpc_report){0};
}

bool xpc_expects_violation(const struct scn *scn, enum scn_check check)
{
    for (size_t i = 0; i < scn->expect.n; i++) {
        if (scn->expect.items[i].kind == SCN_EXPECT_VIOLATED &&
            scn->expect.items[i].check == check) {
            return true;
        }
    }
    return false;
}

const char *xpc_verdict_word(enum xpc_verdict v)
{
    static const char *const words[] = {
        [XPC_MET] = "met",
        [XPC_FAILED] = "failed",
        [XPC_UNDECIDED] = "undecided",
    };
    return words[v];
}
