/* `lockstep verify SUBJECT`: judging offline what somebody brings. One subject so far, evidence
 * (docs/evidence.md); each further one gets its own file and functions here. No I/O: the command
 * line reads the files and writes what comes out. */
#ifndef LOCKSTEP_VERIFY_VFY_H
#define LOCKSTEP_VERIFY_VFY_H

#include "common/protocol/pro_evidence.h"

enum vfy_verdict {
    VFY_CONVICTS,
    VFY_CONVICTS_NOBODY,
    VFY_NO_EVIDENCE, /* does not decode */
};

struct vfy_case {
    enum vfy_verdict verdict;
    int rc; /* what the judge returned */
    struct pro_conviction conviction;
    struct buf why; /* it convicts nobody */
    bool decoded;
    struct pro_evidence e; /* decoded: views into the file's bytes */
};

/* Judges a file's bytes, which are borrowed until vfy_case_fini.
 * Returns: 0, ERR_NOMEM, ERR_CRYPTO. */
int vfy_judge(const struct vc_setup *vc, struct bytes file, struct vfy_case *out) MUST_CHECK;
void vfy_case_fini(struct vfy_case *c);

/* Appends one sentence in one line: "NAME: convicts ...". */
void vfy_sentence(const struct vfy_case *c, const char *name, struct buf *out);
/* Appends what the evidence contains, indented, in lines of at most 80 characters; nothing if it
 * does not decode. Returns: 0 or ERR_NOMEM. */
int vfy_explain(const struct vfy_case *c, struct buf *out) MUST_CHECK;
/* Appends one JSON object in one line, with what vfy_explain lists if `explain`.
 * Returns: 0 or ERR_NOMEM. */
int vfy_json(const struct vfy_case *c, const char *name, bool explain, struct buf *out) MUST_CHECK;

/* ---- What evidence contains: for the two above ---- */

enum vfy_form { VFY_NUMBER, VFY_HEX, VFY_TEXT };

struct vfy_item {
    const char *section; /* "promise" */
    char name[24];
    enum vfy_form form;
    uint64_t number;
    struct bytes hex; /* view into the evidence, or into `own` */
    uint8_t own[32];
    char text[64];
};

struct vfy_listing {
    struct vfy_item *items;
    size_t n, cap;
    const char *section; /* of what is added next */
    int err;
};

/* Out: released with vfy_listing_fini. Returns: 0 or ERR_NOMEM. */
int vfy_list(const struct pro_evidence *e, struct vfy_listing *out) MUST_CHECK;
void vfy_listing_fini(struct vfy_listing *l);

#endif
