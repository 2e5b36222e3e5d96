/* Serial: the finalized slot is what executing its bundles one by one comes to. A policy that does
 * not promise it is measured by the difference. */
#include "lockstep/model/chk.h"

/* Did the rounds end before all bundles were decided? Then nobody promises anything. */
static bool overflowed(const struct mdl *m, const struct mdl_slot *slot)
{
    for (size_t k = 0; k < m->n_chains; k++) {
        const struct mdl_block *f = &slot->cells[k].final;
        for (uint32_t i = 0; f->has_body && i < f->block.count; i++) {
            if (f->block.entries[i].kind == PRO_ENTRY_EXCLUDED &&
                f->block.entries[i].cause.order == PRO_CAUSE_OVERFLOW) {
                return true;
            }
        }
    }
    return false;
}

static void check_entry(const struct mdl *m, const struct mdl_slot *slot, size_t chain, uint32_t i,
                        struct chk_result *r)
{
    const struct mdl_block *f = &slot->cells[chain].final;
    const struct pro_entry *e = &f->block.entries[i];
    const struct mdl_bundle *b = mdl_find_bundle(m, &e->bundle_id);
    const char *name = b != NULL ? b->submit->bundle.text : "of nobody's";
    bool wanted = e->seq < slot->serial.n && slot->serial.verdicts[e->seq].included;
    bool executed = mdl_succeeded(f, i);
    if (wanted != executed) {
        chk_fault(r, "slot %llu, rollup %s: leg %u of bundle %s %s, one by one it %s",
                  (unsigned long long)slot->number, m->chains[chain].rollup->name.text, e->leg + 1,
                  name, executed ? "is executed" : "is not executed",
                  wanted ? "would be" : "would not");
    }
}

static bool is_final(const struct mdl *m, const struct mdl_slot *slot)
{
    for (size_t k = 0; k < m->n_chains; k++) {
        const struct mdl_cell *c = &slot->cells[k];
        if (c->n_rounds > 0 && (!c->final.has_body || c->l1.finalized == 0)) {
            return false;
        }
    }
    return true;
}

static void check_slot(const struct mdl *m, const struct mdl_slot *slot, struct chk_result *r)
{
    for (size_t k = 0; k < m->n_chains; k++) {
        const struct mdl_block *f = &slot->cells[k].final;
        size_t before = r->n_faults;
        for (uint32_t i = 0; f->has_body && i < f->block.count; i++) {
            check_entry(m, slot, k, i, r);
        }
        if (f->has_body && before == r->n_faults &&
            !hash32_equal(&f->root, &slot->serial.roots[k])) {
            chk_fault(r, "slot %llu, rollup %s: the state is not that of executing one by one",
                      (unsigned long long)slot->number, m->chains[k].rollup->name.text);
        }
    }
}

void chk_serial(const struct mdl *m, struct chk_result *r)
{
    r->unit = "slot";
    r->units = "slots";
    r->promised = m->policy->is_serial;
    for (size_t i = 0; i < m->n_slots; i++) {
        const struct mdl_slot *slot = &m->slots[i];
        if (slot->is_void || !slot->serial.known || !is_final(m, slot)) {
            continue;
        }
        r->examined++;
        r->promised = r->promised && !overflowed(m, slot);
        check_slot(m, slot, r);
    }
}
