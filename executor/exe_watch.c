#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/protocol/pro_block.h"
#include "common/protocol/pro_prosecute.h"
#include "common/protocol/pro_signed.h"
#include "executor/exe_core.h"

#define MAX_SEEN ((size_t)1 << 16)

/* Where an artifact belongs. Returns: 0, or why it is none of the sequencer's. */
static int place_of(const struct exe *e, bool order, struct bytes artifact, struct exe_seen *out,
                    uint64_t *rollup)
{
    struct bytes body;
    struct pro_order o;
    struct pro_header h;
    int rc = pro_unsign_from(&e->p.view.deployment.id, order ? PRO_TAG_ORDER : PRO_TAG_BLOCK,
                             artifact, &e->p.view.sequencer, &body);
    if (rc == 0 && order) {
        rc = pro_order_decode(body, &o);
    } else if (rc == 0) {
        rc = pro_header_decode(body, &h);
    }
    if (rc != 0) {
        return rc;
    }
    *rollup = order ? o.rollup : h.rollup;
    out->crime = order ? PRO_EVIDENCE_TWO_ORDERS : PRO_EVIDENCE_TWO_BLOCKS;
    out->slot = order ? o.slot : h.slot;
    out->round = order || h.final ? 0 : h.round;
    out->final = !order && h.final;
    return 0;
}

static struct exe_seen *find(struct exe *e, const struct exe_seen *key)
{
    for (size_t i = e->n_seen; i > 0; i--) {
        struct exe_seen *s = &e->seen[i - 1];
        if (s->crime == key->crime && s->slot == key->slot && s->round == key->round &&
            s->final == key->final) {
            return s;
        }
    }
    return NULL;
}

static int accuse(struct exe *e, struct exe_seen *seen, struct bytes other)
{
    CLEANUP(buf_fini) struct buf evidence = {.limit = PRO_MAX_EVIDENCE_BYTES};
    seen->accused = true;
    party_violation(&e->p, "equivocation", "sequencer", seen->slot, e->rollup, seen->round,
                    seen->crime == PRO_EVIDENCE_TWO_ORDERS
                        ? "two signed order commitments for one slot"
                        : "two signed headers for one round");
    int rc = pro_prosecute_two(&e->p.view, buf_view(&e->p.descriptor), seen->crime,
                               buf_view(&seen->artifact), other, &evidence);
    return rc != 0 || evidence.len == 0 ? rc : party_accuse(&e->p, buf_view(&evidence));
}

int exe_see(struct exe *e, Lockstep__L1Kind kind, struct bytes artifact)
{
    struct exe_seen key = {.artifact = {.limit = PRO_MAX_EVIDENCE_BYTES}};
    uint64_t rollup = 0;
    if (place_of(e, kind == LOCKSTEP__L1_KIND__L1_ORDER, artifact, &key, &rollup) != 0 ||
        rollup != e->rollup) {
        return 0;
    }
    struct exe_seen *known = find(e, &key);
    if (known != NULL) {
        bool same = known->accused || bytes_equal(buf_view(&known->artifact), artifact);
        return same ? 0 : accuse(e, known, artifact);
    }
    if (e->n_seen >= MAX_SEEN) { /* an L1 that finalizes nothing; the first ones are kept */
        return 0;
    }
    int rc = VEC_RESERVE(e->seen, e->cap_seen, e->n_seen + 1);
    buf_append_bytes(&key.artifact, artifact);
    if (rc != 0 || key.artifact.err != 0) {
        buf_fini(&key.artifact);
        return ERR_NOMEM;
    }
    e->seen[e->n_seen++] = key;
    return 0;
}

void exe_forget_seen(struct exe *e, uint64_t slot)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->n_seen; i++) {
        if (e->seen[i].slot <= slot) {
            buf_fini(&e->seen[i].artifact);
        } else {
            e->seen[kept++] = e->seen[i];
        }
    }
    e->n_seen = kept;
}
