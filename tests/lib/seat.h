/* A sequencer by itself, the real actor over a store in memory, with the test in everybody else's
 * seat: it hands in bundles, lets works end and slots pass, and reads what leaves. */
#ifndef TEST_LIB_SEAT_H
#define TEST_LIB_SEAT_H

#include "common/actor/party.h"
#include "common/actor/store_mem.h"
#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_preconf.h"
#include "lockstep/run/cluster.h"

#define SEAT_ROLLUPS 2
#define SEAT_LEGS 8
#define SEAT_PEERS 8

struct seat_work {
    uint64_t id;
    uint32_t kind;
    struct buf request;
    int64_t cost_ns;
};

/* What the sequencer has sent to the wallet, the DA node, L1, in order. */
struct seat_heard {
    uint32_t to;
    Lockstep__Message *message;
};

/* A message the sequencer has refused. */
struct seat_refused {
    uint32_t peer;
    enum act_reject_reason reason;
    char *detail;
};

struct seat_note {
    char *what;
    char *detail;
    uint64_t slot;
    uint64_t count;
};

struct seat {
    struct scn *scn;
    struct cluster *cluster;
    struct buf setup_file;
    struct vc_setup *vc;
    struct act_resources resources;
    struct buf config;
    struct tlp_params *tlp;
    struct hash32 domain;
    struct addr20 sequencer;
    uint64_t rollups[SEAT_ROLLUPS];
    uint32_t wallet; /* peer ids */
    uint32_t da;
    struct store_mem disk;
    struct act_store *store; /* what the next life is given; the disk unless a test puts another */
    struct act_actor *actor;
    struct act_effects fx;
    struct sim_time now;
    struct sim_time slot_end;
    uint64_t sent[SEAT_PEERS]; /* frames handed in, by peer id */
    struct seat_work *works;
    size_t n_works, cap_works;
    struct seat_heard *heard;
    size_t n_heard, cap_heard;
    struct seat_note *notes;
    size_t n_notes, cap_notes;
    struct seat_refused *refused;
    size_t n_refused, cap_refused;
};

struct seat_options {
    const char *data_dir;  /* with kzg_setup.bin and the moduli */
    const char *settings;  /* lines of a scenario: limits, slots, ...; may be NULL */
    uint32_t bits;         /* of the modulus; 0: 1024 */
    uint32_t batch_legs;   /* of one batch; 0: the default */
    uint64_t squarings;    /* 0: 1000; at 1000 per second, or at `per_second` */
    uint64_t per_second;   /* modelled squarings per second; 0: 1000 */
    uint32_t speedup;      /* A_max; 0: 1 */
    uint64_t admission_ns; /* modelled, per leg; 0: as in a scenario */
};

/* A life has begun: ACT_START at time 0. */
struct seat *seat_new(const struct seat_options *o);
void seat_destroy(struct seat **s);

/* Another life over s->store. Returns: what ACT_START's step does. */
int seat_restart(struct seat *s);
void seat_stop(struct seat *s);

/* Appends the frame in which the wallet hands in a bundle, the next of its session; and the one in
 * which a peer says that it has got the first n messages of the sequencer's first life. */
void seat_frame(struct seat *s, struct bytes bundle, struct buf *out);
void seat_ack_frame(const struct seat *s, uint64_t n, struct buf *out);

/* Each hands in one event. Returns: what the step does. */
int seat_message(struct seat *s, uint32_t from, const Lockstep__Message *m);
int seat_submit(struct seat *s, struct bytes bundle);
/* The oldest work ends, its modelled cost later than it was started or now; `spoil` may change the
 * result. There must be one. */
int seat_end_work(struct seat *s, void (*spoil)(struct buf *result));
int seat_end_slot(struct seat *s);
/* All works, also those started meanwhile. Returns: the first failure. */
int seat_run_works(struct seat *s);

/* ---- Bundles ---- */

struct seat_bundle {
    uint64_t nonce;
    uint32_t n_legs;
    int rollups[SEAT_LEGS]; /* index; -1: one that nobody runs */
    uint64_t gas[SEAT_LEGS];
    const char *secrets[SEAT_LEGS]; /* label of the leg's generator; NULL: its own */
    int foreign;                    /* of another deployment */
    bool fails; /* each leg is a transaction that fails, whatever the state; else it is noise */
};

/* Appends one leg as the user would seal it. */
void seat_seal(const struct seat *s, const struct seat_bundle *b, uint32_t leg, struct buf *out);
/* Appends the whole bundle. */
void seat_bundle(const struct seat *s, const struct seat_bundle *b, struct buf *out);
/* The same of encoded legs, whatever they are. */
void seat_join(const struct seat *s, uint64_t nonce, const struct buf *legs, uint32_t n,
               struct buf *out);
/* A bundle of a leg on each of the two rollups. */
struct buf seat_pair(const struct seat *s, uint64_t nonce);

/* ---- What was heard ---- */

/* Returns: the latest refusal's reason, or NULL if the wallet has heard none since `from`. */
const char *seat_refusal(const struct seat *s, size_t from);
/* How many promises the wallet has heard since `from`. */
size_t seat_promises(const struct seat *s, size_t from);
/* The n-th of these, decoded, its signatures checked. Release with pro_preconf_fini. */
struct pro_preconf seat_promise(const struct seat *s, size_t from, size_t n);
/* How often this note was made, and the last one. */
size_t seat_noted(const struct seat *s, const char *what);
const struct seat_note *seat_note(const struct seat *s, const char *what);

#endif
