/* What a run comes to, for people and for machines. All reports are made from the same facts; none
 * of them prints: they append to buffers. */
#ifndef LOCKSTEP_REPORT_REP_H
#define LOCKSTEP_REPORT_REP_H

#include "lockstep/model/xpc.h"

/* Exit codes of `lockstep run`, worst first where several apply. */
enum rep_exit {
    REP_PASS = 0,
    REP_UNSAFE = 1,       /* a safety check or an expectation is broken */
    REP_INCONCLUSIVE = 2, /* something expected never happened, a check saw nothing */
    REP_STUCK = 3,        /* liveness */
    REP_CRASHED = 4,      /* an actor crashed or hung */
    REP_UNSTABLE = 5,     /* another fingerprint than expected */
    REP_WALL = 124,       /* the wall-clock limit was reached */
};

struct rep_run {
    const char *file;  /* the scenario's path as the user gave it */
    const char *host;  /* "procs", "inproc" */
    const char *where; /* folder of the outputs; NULL: none were kept */
    const char *reproduce;
    int64_t wall_ns;
    const struct simulation *sim;
    const struct mdl *m;
    const struct chk_report *checks;
    const struct xpc_report *expect;
};

struct rep_style {
    bool verbose; /* no limits on lists; every expectation */
    bool quiet;   /* one line, and what is wrong */
    bool colour;  /* ANSI */
};

/* Returns: what the run's exit code must be. */
enum rep_exit rep_exit_of(const struct rep_run *run);
/* Returns: "PASS", "UNSAFE", ... and a sentence on it; static storage. */
const char *rep_exit_word(enum rep_exit code);
const char *rep_exit_meaning(enum rep_exit code);

/* For an 80-column terminal. */
void rep_text(const struct rep_run *run, const struct rep_style *style, struct buf *out);
/* result.json: one object, indented if `pretty`, and a newline. */
void rep_json(const struct rep_run *run, bool pretty, struct buf *out);
/* junit.xml: a test case per expectation and check. */
void rep_junit(const struct rep_run *run, struct buf *out);
/* history.jsonl: an object per line, everything that was put on record. */
void rep_history(const struct rep_run *run, struct buf *out);

/* ---- Shared by the reports ---- */

/* Appends what was scripted to go wrong and what L1 made of it; nothing if nothing was. */
void rep_court(const struct rep_run *run, struct buf *out);
/* Appends where the i-th evidence is kept below the folder of outputs. */
void rep_evidence_name(const struct mdl *m, size_t i, struct buf *out);

/* Columns of a terminal. */
#define REP_WIDTH 80

/* Appends a text and a line end. Lines are broken between words; all but the first begin with
 * `indent` spaces, also where the text has line ends of its own. */
void rep_wrap(struct buf *out, size_t indent, const char *text);
/* Returns: "executed", "failed", "removed" for an entry of a block of some round, "executed",
 * "reverted", "excluded" for one of a finalized block; "void" for one of a void slot; "-" if there
 * is no such entry. */
const char *rep_entry_word(const struct mdl_block *b, uint32_t i, bool final);
/* In: an entry of a bundle that is not the scenario's. Returns: the account that signed it; "?" if
 * there is none. */
const char *rep_stranger(const struct mdl *m, const struct pro_entry *e);
/* Appends what is behind an exclusion or refusal; nothing for other outcomes. */
void rep_why(const struct mdl *m, const struct mdl_bundle *b, struct buf *out);
/* Is this a note of that name? And how many are there? */
bool rep_is_note(const struct history_item *item, const char *what);
size_t rep_count_notes(const struct simulation *sim, const char *what);
/* Appends an operation in the scenario's own names. */
void rep_op(const struct scn_op *op, struct buf *out);

#endif
