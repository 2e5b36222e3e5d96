/* What executors sign that cannot be true, before L1. */
#include "sequencer/seq_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/protocol/pro_failure.h"
#include "common/protocol/pro_prosecute.h"
#include "common/protocol/pro_signed.h"

#include <stdlib.h>

#define MAX_SEEN ((size_t)1 << 16)

/* ---- Two results ---- */

static struct seq_seen *find(struct seq *s, const struct pro_result *r)
{
    for (size_t i = s->n_seen; i > 0; i--) {
        struct seq_seen *seen = &s->seen[i - 1];
        if (seen->rollup == r->rollup && seen->slot == r->slot && seen->round == r->round) {
            return seen;
        }
    }
    return NULL;
}

static int accuse_two(struct seq *s, struct seq_seen *seen, struct bytes other)
{
    CLEANUP(buf_fini) struct buf evidence = {.limit = PRO_MAX_EVIDENCE_BYTES};
    seen->accused = true;
    party_violation(&s->p, "equivocation", party_executor_name(&s->p, seen->rollup), seen->slot,
                    seen->rollup, seen->round, "two signed results for one round");
    int rc = pro_prosecute_two(&s->p.view, buf_view(&s->p.descriptor), PRO_EVIDENCE_TWO_RESULTS,
                               buf_view(&seen->artifact), other, &evidence);
    return rc != 0 || evidence.len == 0 ? rc : party_accuse(&s->p, buf_view(&evidence));
}

int seq_see_result(struct seq *s, const struct pro_result *r, struct bytes artifact)
{
    struct seq_seen *known = find(s, r);
    if (known != NULL) {
        bool same = known->accused || bytes_equal(buf_view(&known->artifact), artifact);
        return same ? 0 : accuse_two(s, known, artifact);
    }
    if (s->n_seen >= MAX_SEEN) { /* an L1 that finalizes nothing; the first ones are kept */
        return 0;
    }
    struct seq_seen seen = {.rollup = r->rollup, .slot = r->slot, .round = r->round};
    int rc = VEC_RESERVE(s->seen, s->cap_seen, s->n_seen + 1);
    buf_append_bytes(&seen.artifact, artifact);
    if (rc != 0 || seen.artifact.err != 0) {
        buf_fini(&seen.artifact);
        return ERR_NOMEM;
    }
    s->seen[s->n_seen++] = seen;
    return 0;
}

int seq_see_on_l1(struct seq *s, const Lockstep__L1Event *event)
{
    struct bytes artifact = wire_view(&event->artifact);
    struct bytes body;
    struct pro_result r;
    int at = party_executor_index(&s->p, event->rollup);
    if (at < 0 ||
        pro_unsign_from(&s->p.view.deployment.id, PRO_TAG_RESULT, artifact,
                        &s->p.view.executors[at].address, &body) != 0 ||
        pro_result_decode(body, &r) != 0 || r.rollup != event->rollup) {
        return 0;
    }
    return seq_see_result(s, &r, artifact);
}

void seq_forget_results(struct seq *s, uint64_t rollup, uint64_t slot)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n_seen; i++) {
        struct seq_seen *seen = &s->seen[i];
        if (seen->slot <= slot && (rollup == 0 || seen->rollup == rollup)) {
            buf_fini(&seen->artifact);
        } else {
            s->seen[kept++] = *seen;
        }
    }
    s->n_seen = kept;
}

/* ---- A false step ---- */

/* What the executor of a chain took its bundles' legs from. */
struct sources {
    struct pro_block *blocks; /* in ascending order of rollup */
    const struct pro_block **list;
    struct pro_cover_source *sources;
    uint32_t n;
    struct pro_bundle_item *bundles;
};

static void sources_fini(struct sources *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        pro_block_fini(&c->blocks[i]);
    }
    free(c->blocks);
    free(c->list);
    free(c->sources);
    free(c->bundles);
}

/* Does any bundle of the slot have a leg on both? */
static bool meet(const struct seq *s, const struct seq_slot *slot, size_t a, size_t b)
{
    const struct seq_chain *chain = &slot->chains[a];
    for (uint32_t i = 0; i < chain->n_legs; i++) {
        const struct pro_preconf *p = &slot->bundles[chain->legs[i].bundle]->preconf;
        for (uint32_t leg = 0; leg < p->n_legs; leg++) {
            if (p->txs[leg].rollup == s->p.view.executors[b].rollup) {
                return true;
            }
        }
    }
    return false;
}

static int add_source(struct sources *c, const struct seq_chain *chain)
{
    uint32_t at = c->n;
    while (at > 0 && c->sources[at - 1].rollup > chain->block.rollup) {
        at--;
    }
    memmove(&c->blocks[at + 1], &c->blocks[at], (c->n - at) * sizeof(*c->blocks));
    memmove(&c->sources[at + 1], &c->sources[at], (c->n - at) * sizeof(*c->sources));
    c->blocks[at] = (struct pro_block){0};
    c->sources[at] = (struct pro_cover_source){chain->block.rollup, chain->proposal_commitment};
    c->n++;
    return pro_block_decode(buf_view(&chain->proposal), &c->blocks[at]);
}

static int collect(const struct seq *s, const struct seq_slot *slot, size_t at, struct sources *c)
{
    int rc = 0;
    c->blocks = calloc(s->n_chains + 1, sizeof(*c->blocks));
    c->list = calloc(s->n_chains + 1, sizeof(struct pro_block *));
    c->sources = calloc(s->n_chains + 1, sizeof(*c->sources));
    c->bundles = calloc((size_t)slot->n_bundles + 1, sizeof(*c->bundles));
    if (c->blocks == NULL || c->list == NULL || c->sources == NULL || c->bundles == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < s->n_chains && rc == 0; i++) {
        if (slot->chains[i].proposal.len > 0 && (i == at || meet(s, slot, at, i))) {
            rc = add_source(c, &slot->chains[i]);
        }
    }
    for (uint32_t i = 0; i < c->n; i++) {
        c->list[i] = &c->blocks[i];
    }
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        c->bundles[i] = (struct pro_bundle_item){i, buf_view(&slot->bundles[i]->raw)};
    }
    return rc;
}

int seq_accuse_step(struct seq *s, const struct seq_slot *slot, size_t at, uint32_t order)
{
    CLEANUP(sources_fini) struct sources c = {0};
    CLEANUP(pro_proofs_fini) struct pro_proofs proofs = {0};
    CLEANUP(buf_fini) struct buf evidence = {.limit = PRO_MAX_EVIDENCE_BYTES};
    const struct seq_chain *chain = &slot->chains[at];
    int rc = pro_proofs_decode(buf_view(&chain->proofs), &proofs);
    rc = rc != 0 ? rc : collect(s, slot, at, &c);
    if (rc != 0) {
        return rc;
    }
    const struct pro_step_case in = {
        .result = buf_view(&chain->result),
        .step = pro_proofs_find(&proofs, order),
        .executed = &chain->block,
        .n_proposals = c.n,
        .proposals = c.list,
        .sources = c.sources,
        .n_bundles = slot->n_bundles,
        .bundles = c.bundles,
    };
    CHECK(in.step != NULL);
    rc = pro_prosecute_step(&s->p.view, buf_view(&s->p.descriptor), &in, &evidence);
    if (rc != 0) {
        return rc;
    }
    party_violation(&s->p, "execution", party_executor_name(&s->p, chain->block.rollup),
                    slot->number, chain->block.rollup, chain->round,
                    "its proof of failure does not hold");
    return evidence.len == 0 ? 0 : party_accuse(&s->p, buf_view(&evidence));
}
