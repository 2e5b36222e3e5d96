#include "tests/lib/recode.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/protocol/pro_block.h"
#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_check.h"
#include "common/protocol/pro_cover.h"
#include "common/protocol/pro_descriptor.h"
#include "common/protocol/pro_dossier.h"
#include "common/protocol/pro_evidence.h"
#include "common/protocol/pro_failure.h"
#include "common/protocol/pro_preconf.h"
#include "common/protocol/pro_result.h"

static void encode_legs(const struct pro_bundle *b, struct buf *out)
{
    wr_fixed(out, b->deployment.b, 32);
    wr_u64(out, b->nonce);
    wr_u32(out, b->n_legs);
    for (uint32_t i = 0; i < b->n_legs; i++) {
        const struct pro_leg *l = &b->legs[i];
        CLEANUP(buf_fini) struct buf open = {0};
        CLEANUP(buf_fini) struct buf leg = {0};
        pro_open_part_encode(&l->open, &open);
        pro_leg_encode(buf_view(&open), l->u, l->q, l->proof, l->sealed, &leg);
        CHECK(bytes_equal(buf_view(&open), l->open_bytes));
        CHECK(bytes_equal(buf_view(&leg), l->raw));
        wr_var(out, buf_view(&leg));
    }
}

static int recode_bundle(struct bytes in, struct buf *out)
{
    CLEANUP(pro_bundle_fini) struct pro_bundle b = {0};
    int rc = pro_bundle_decode(in, &b);
    if (rc == 0) {
        encode_legs(&b, out);
    }
    return rc;
}

static int recode_preconf(struct bytes in, struct buf *out)
{
    CLEANUP(pro_preconf_fini) struct pro_preconf p = {0};
    int rc = pro_preconf_decode(in, &p);
    if (rc == 0) {
        pro_preconf_encode(&p, out);
    }
    return rc;
}

static int recode_block(struct bytes in, struct buf *out)
{
    CLEANUP(pro_block_fini) struct pro_block b = {0};
    int rc = pro_block_decode(in, &b);
    if (rc == 0) {
        pro_block_encode(&b, out);
    }
    return rc;
}

static int recode_header(struct bytes in, struct buf *out)
{
    struct pro_header h;
    int rc = pro_header_decode(in, &h);
    if (rc == 0) {
        pro_header_encode(&h, out);
    }
    return rc;
}

static int recode_order(struct bytes in, struct buf *out)
{
    struct pro_order o;
    int rc = pro_order_decode(in, &o);
    if (rc == 0) {
        pro_order_encode(&o, out);
    }
    return rc;
}

static int recode_result(struct bytes in, struct buf *out)
{
    struct pro_result r;
    int rc = pro_result_decode(in, &r);
    if (rc == 0) {
        pro_result_encode(&r, out);
    }
    return rc;
}

static int recode_rejection(struct bytes in, struct buf *out)
{
    struct pro_rejection r;
    int rc = pro_rejection_decode(in, &r);
    if (rc == 0) {
        pro_rejection_encode(&r, out);
    }
    return rc;
}

static int recode_openings(struct bytes in, struct buf *out)
{
    CLEANUP(pro_openings_fini) struct pro_openings o = {0};
    int rc = pro_openings_decode(in, &o);
    if (rc == 0) {
        pro_openings_encode(&o, out);
    }
    return rc;
}

static int recode_bundle_item(struct bytes in, struct buf *out)
{
    struct bytes bundle;
    struct bytes preconf;
    int rc = pro_bundle_item_decode(in, &bundle, &preconf);
    if (rc == 0) {
        pro_bundle_item_encode(bundle, preconf, out);
    }
    return rc;
}

static int recode_proposal_dossier(struct bytes in, struct buf *out)
{
    CLEANUP(cleanup_free) void *arrays = NULL;
    struct pro_proposal_dossier d;
    int rc = pro_proposal_dossier_decode(in, &d, &arrays);
    if (rc == 0) {
        pro_proposal_dossier_encode(&d, out);
    }
    return rc;
}

static int recode_next_dossier(struct bytes in, struct buf *out)
{
    CLEANUP(cleanup_free) void *arrays = NULL;
    struct pro_next_dossier d;
    int rc = pro_next_dossier_decode(in, &d, &arrays);
    if (rc == 0) {
        pro_next_dossier_encode(&d, out);
    }
    return rc;
}

static int recode_violation(struct bytes in, struct buf *out)
{
    CLEANUP(pro_violation_fini) struct pro_violation v = {0};
    int rc = pro_violation_decode(in, &v);
    if (rc == 0) {
        pro_violation_encode(&v, out);
    }
    return rc;
}

static int recode_descriptor(struct bytes in, struct buf *out)
{
    CLEANUP(pro_descriptor_fini) struct pro_descriptor d = {0};
    int rc = pro_descriptor_decode(in, &d);
    if (rc == 0) {
        pro_descriptor_encode(&d, out);
    }
    return rc;
}

static int recode_evidence(struct bytes in, struct buf *out)
{
    struct pro_evidence e;
    int rc = pro_evidence_decode(in, &e);
    if (rc == 0) {
        pro_evidence_encode(&e, out);
    }
    return rc;
}

static int recode_step(struct bytes in, struct buf *out)
{
    struct pro_step s;
    int rc = pro_step_decode(in, &s);
    if (rc == 0) {
        pro_step_encode(&s, out);
    }
    return rc;
}

static int recode_proofs(struct bytes in, struct buf *out)
{
    CLEANUP(pro_proofs_fini) struct pro_proofs p = {0};
    int rc = pro_proofs_decode(in, &p);
    if (rc == 0) {
        pro_proofs_encode(p.steps, p.n, out);
    }
    return rc;
}

static int recode_cover_sources(struct bytes in, struct buf *out)
{
    CLEANUP(cleanup_free) struct pro_cover_source *sources = NULL;
    uint32_t n = 0;
    int rc = pro_cover_sources_decode(in, &sources, &n);
    if (rc == 0) {
        pro_cover_sources_encode(sources, n, out);
    }
    return rc;
}

const struct recoder recoders[] = {
    {"bundle", recode_bundle},
    {"preconf", recode_preconf},
    {"block", recode_block},
    {"header", recode_header},
    {"order", recode_order},
    {"result", recode_result},
    {"openings", recode_openings},
    {"bundle_item", recode_bundle_item},
    {"proposal_dossier", recode_proposal_dossier},
    {"next_dossier", recode_next_dossier},
    {"violation", recode_violation},
    {"descriptor", recode_descriptor},
    {"evidence", recode_evidence},
    {"rejection", recode_rejection},
    {"step", recode_step},
    {"proofs", recode_proofs},
    {"cover_sources", recode_cover_sources},
};
const size_t n_recoders = sizeof(recoders) / sizeof(recoders[0]);

const struct recoder *recoder_find(const char *name)
{
    size_t i = 0;
    while (strcmp(recoders[i].name, name) != 0) {
        i++;
        CHECK(i < n_recoders);
    }
    return &recoders[i];
}
