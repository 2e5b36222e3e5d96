#include "tests/lib/seat.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/kzg/vc.h"
#include "common/ledger/led_tx.h"
#include "lockstep/run/cluster_parts.h"
#include "sequencer/seq.h"

#include <stdio.h>
#include <stdlib.h>

#define TIMER_SLOT UINT64_C(1)

static void read_file(const char *dir, const char *name, struct buf *out)
{
    char path[512];
    static uint8_t block[1 << 14];
    size_t got = 0;
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    CHECK(f != NULL);
    while ((got = fread(block, 1, sizeof(block), f)) > 0) {
        buf_append(out, block, got);
    }
    CHECK(ferror(f) == 0 && out->err == 0);
    (void)fclose(f);
}

static void make_cluster(struct seat *s, const struct seat_options *o)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(buf_fini) struct buf modulus = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    uint32_t bits = o->bits != 0 ? o->bits : 1024;
    char name[32];
    buf_printf(&text,
               "version: 1\nname: seat\nseed: 1\npolicy: one_shot\nslot_duration: 1s\n"
               "rollups:\n"
               "  A: {accounts: {alice: {ETH: 100}}}\n"
               "  B: {accounts: {alice: {ETH: 100}}}\n"
               "l1: {block_time: 1s, confirmations: 1, challenge_window: 2}\n"
               "timelock: {bits: %u, squarings: %llu, squarings_per_second: %llu,"
               " attacker_speedup: %u, solver: trapdoor}\n%s",
               bits, (unsigned long long)(o->squarings != 0 ? o->squarings : 1000),
               (unsigned long long)(o->per_second != 0 ? o->per_second : 1000),
               o->speedup != 0 ? o->speedup : 1, o->settings != NULL ? o->settings : "slots: 10\n");
    int rc = scn_load_bytes("seat.yaml", buf_view(&text), &s->scn, &why);
    if (rc != 0) {
        (void)fprintf(stderr, "%s\n", buf_cstr(&why));
    }
    CHECK(rc == 0);
    (void)snprintf(name, sizeof(name), "modulus-%u.txt", bits);
    read_file(o->data_dir, name, &modulus);
    const struct cluster_options options = {
        .seed = s->scn->seed, .policy = "one_shot", .modulus = buf_view(&modulus)};
    CHECK(cluster_new(s->scn, &options, &s->cluster, &why) == 0);
}

static void make_config(struct seat *s, const struct seat_options *o)
{
    CLEANUP(wire_config_free) Lockstep__ActorConfig *c = NULL;
    CLEANUP(buf_fini) struct buf why = {0};
    CHECK(wire_config_unpack(buf_view(&s->cluster->actors[CLUSTER_SEQUENCER].config), &c) == 0);
    c->sequencer->admission_batch_legs = o->batch_legs;
    if (o->admission_ns != 0) {
        c->sequencer->admission_cost_ns = (int64_t)o->admission_ns;
    }
    CHECK(tlp_params_decode(wire_view(&c->timelock->params), &s->tlp, &why) == 0);
    CHECK(tlp_params_prepare(s->tlp) == 0);
    wire_pack(&c->base, &s->config);
    CHECK(s->config.err == 0);
}

struct seat *seat_new(const struct seat_options *o)
{
    struct seat *s = calloc(1, sizeof(*s));
    CHECK(s != NULL);
    make_cluster(s, o);
    make_config(s, o);
    read_file(o->data_dir, "kzg_setup.bin", &s->setup_file);
    CHECK(vc_setup_new(buf_view(&s->setup_file), &s->vc) == 0);
    s->resources.vc = s->vc;
    const struct pro_deployment deployment = {s->cluster->deployment, CLUSTER_L1_CHAIN_ID};
    pro_preconf_domain(&deployment, &s->domain);
    s->sequencer = s->cluster->actors[CLUSTER_SEQUENCER].key.address;
    for (size_t i = 0; i < SEAT_ROLLUPS; i++) {
        s->rollups[i] = s->scn->rollups.items[i].chain_id;
    }
    s->wallet = cluster_actor_id(s->cluster, "wallet");
    s->da = cluster_actor_id(s->cluster, "da");
    store_mem_init(&s->disk, 0);
    s->store = &s->disk.store;
    CHECK(seat_restart(s) == 0);
    return s;
}

static void forget_works(struct seat *s)
{
    for (size_t i = 0; i < s->n_works; i++) {
        buf_fini(&s->works[i].request);
    }
    s->n_works = 0;
}

void seat_stop(struct seat *s)
{
    if (s->actor != NULL) {
        seq_class.destroy(&s->actor);
    }
    forget_works(s);
}

void seat_destroy(struct seat **seat)
{
    struct seat *s = *seat;
    seat_stop(s);
    act_effects_fini(&s->fx);
    for (size_t i = 0; i < s->n_heard; i++) {
        wire_message_free(&s->heard[i].message);
    }
    for (size_t i = 0; i < s->n_notes; i++) {
        free(s->notes[i].what);
        free(s->notes[i].detail);
    }
    for (size_t i = 0; i < s->n_refused; i++) {
        free(s->refused[i].detail);
    }
    free(s->refused);
    free(s->works);
    free(s->heard);
    free(s->notes);
    store_mem_fini(&s->disk);
    tlp_params_destroy(&s->tlp);
    vc_setup_destroy(&s->vc);
    buf_fini(&s->setup_file);
    buf_fini(&s->config);
    cluster_destroy(&s->cluster);
    scn_destroy(&s->scn);
    free(s);
    *seat = NULL;
}

/* ---- Events and effects ---- */

static void hear(struct seat *s, uint32_t to, struct bytes packed)
{
    CLEANUP(wire_frame_free) Lockstep__Frame *f = NULL;
    CHECK(wire_frame_unpack(packed, &f) == 0);
    if (f->seq == 0) {
        return;
    }
    CHECK(VEC_RESERVE(s->heard, s->cap_heard, s->n_heard + 1) == 0);
    struct seat_heard *h = &s->heard[s->n_heard++];
    h->to = to;
    CHECK(wire_message_unpack(wire_view(&f->body), &h->message) == 0);
}

static void keep_work(struct seat *s, const struct act_effect *fx)
{
    CHECK(VEC_RESERVE(s->works, s->cap_works, s->n_works + 1) == 0);
    struct seat_work *w = &s->works[s->n_works++];
    *w = (struct seat_work){.id = fx->id, .kind = fx->work_kind, .cost_ns = fx->cost_ns};
    w->request.limit = SIZE_MAX / 2;
    buf_append_bytes(&w->request, fx->body->view);
    CHECK(w->request.err == 0);
}

static void keep_note(struct seat *s, struct bytes packed)
{
    CLEANUP(wire_record_free) Lockstep__TraceRecord *r = NULL;
    CHECK(wire_record_unpack(packed, &r) == 0);
    if (r->body_case != LOCKSTEP__TRACE_RECORD__BODY_NOTE) {
        return;
    }
    CHECK(VEC_RESERVE(s->notes, s->cap_notes, s->n_notes + 1) == 0);
    s->notes[s->n_notes++] = (struct seat_note){strdup(r->note->what), strdup(r->note->detail),
                                                r->note->slot, r->note->count};
}

static void keep_refusal(struct seat *s, const struct act_effect *fx)
{
    CHECK(VEC_RESERVE(s->refused, s->cap_refused, s->n_refused + 1) == 0);
    s->refused[s->n_refused++] = (struct seat_refused){
        fx->peer, fx->reason, strndup((const char *)fx->body->view.data, fx->body->view.len)};
}

/* As a host does: of a failed step only the trace is kept. */
static void carry_out(struct seat *s, bool failed)
{
    for (size_t i = 0; i < s->fx.n; i++) {
        const struct act_effect *fx = &s->fx.items[i];
        if (fx->kind == ACT_RECORD) {
            keep_note(s, fx->body->view);
        } else if (fx->kind == ACT_REJECT) {
            keep_refusal(s, fx);
        } else if (failed) {
            continue;
        } else if (fx->kind == ACT_SEND) {
            hear(s, fx->peer, fx->body->view);
        } else if (fx->kind == ACT_WORK) {
            keep_work(s, fx);
        } else if (fx->kind == ACT_ARM && fx->id == TIMER_SLOT) {
            s->slot_end = fx->at;
        }
    }
}

static int step(struct seat *s, const struct act_event *ev)
{
    act_effects_clear(&s->fx);
    int rc = seq_class.step(s->actor, ev, &s->fx);
    rc = rc != 0 ? rc : s->fx.err;
    carry_out(s, rc != 0);
    return rc;
}

int seat_restart(struct seat *s)
{
    CLEANUP(buf_fini) struct buf why = {0};
    struct act_setup setup = {
        .id = cluster_actor_id(s->cluster, "sequencer"),
        .name = "sequencer",
        .config = buf_view(&s->config),
        .store = s->store,
        .entropy = {{7}},
        .resources = &s->resources,
    };
    seat_stop(s);
    s->slot_end = (struct sim_time){0};
    CHECK(seq_class.create(&setup, &s->actor, &why) == 0);
    const struct act_event start = {.kind = ACT_START, .now = s->now};
    return step(s, &start);
}

static void pack_frame(const struct seat *s, uint64_t seq, uint64_t ack, struct bytes body,
                       struct buf *out)
{
    Lockstep__Frame f = LOCKSTEP__FRAME__INIT;
    f.version = 1;
    f.deployment = wire_bytes(BYTES_OF(s->cluster->deployment));
    f.epoch = 1;
    f.seq = seq;
    f.oldest = seq;
    f.ack_epoch = ack != 0 ? 1 : 0;
    f.ack = ack;
    f.body = wire_bytes(body);
    wire_pack(&f.base, out);
    CHECK(out->err == 0);
}

void seat_frame(struct seat *s, struct bytes bundle, struct buf *out)
{
    CLEANUP(buf_fini) struct buf packed = {0};
    Lockstep__SubmitBundle submit = LOCKSTEP__SUBMIT_BUNDLE__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    submit.bundle = wire_bytes(bundle);
    m.body_case = LOCKSTEP__MESSAGE__BODY_SUBMIT_BUNDLE;
    m.submit_bundle = &submit;
    wire_pack(&m.base, &packed);
    CHECK(packed.err == 0);
    pack_frame(s, ++s->sent[s->wallet], 0, buf_view(&packed), out);
}

void seat_ack_frame(const struct seat *s, uint64_t n, struct buf *out)
{
    pack_frame(s, 0, n, (struct bytes){0}, out);
}

int seat_message(struct seat *s, uint32_t from, const Lockstep__Message *m)
{
    CLEANUP(buf_fini) struct buf packed = {.limit = WIRE_MAX_FRAME};
    CLEANUP(buf_fini) struct buf frame = {.limit = WIRE_MAX_FRAME};
    CHECK(from < SEAT_PEERS);
    wire_pack(&m->base, &packed);
    CHECK(packed.err == 0);
    pack_frame(s, ++s->sent[from], 0, buf_view(&packed), &frame);
    const struct act_event ev = {
        .kind = ACT_MESSAGE, .now = s->now, .from = from, .body = buf_view(&frame)};
    return step(s, &ev);
}

int seat_submit(struct seat *s, struct bytes bundle)
{
    CLEANUP(buf_fini) struct buf frame = {0};
    seat_frame(s, bundle, &frame);
    const struct act_event ev = {
        .kind = ACT_MESSAGE, .now = s->now, .from = s->wallet, .body = buf_view(&frame)};
    return step(s, &ev);
}

int seat_end_work(struct seat *s, void (*spoil)(struct buf *result))
{
    CHECK(s->n_works > 0);
    struct seat_work w = s->works[0];
    struct buf result = {.limit = SIZE_MAX / 2};
    s->n_works--;
    memmove(s->works, s->works + 1, s->n_works * sizeof(*s->works));
    int work_rc = seq_class.work(s->actor, w.kind, buf_view(&w.request), &result);
    if (spoil != NULL) {
        spoil(&result);
    }
    s->now.ns += w.cost_ns;
    const struct act_event ev = {.kind = ACT_WORK_DONE,
                                 .now = s->now,
                                 .id = w.id,
                                 .work_kind = w.kind,
                                 .work_rc = work_rc,
                                 .body = buf_view(&result)};
    int rc = step(s, &ev);
    buf_fini(&result);
    buf_fini(&w.request);
    return rc;
}

int seat_run_works(struct seat *s)
{
    int rc = 0;
    while (s->n_works > 0 && rc == 0) {
        rc = seat_end_work(s, NULL);
    }
    return rc;
}

int seat_end_slot(struct seat *s)
{
    s->now = s->now.ns < s->slot_end.ns ? s->slot_end : s->now;
    const struct act_event ev = {.kind = ACT_TIMER, .now = s->now, .id = TIMER_SLOT};
    return step(s, &ev);
}

/* ---- Bundles ---- */

static uint64_t rollup_of(const struct seat *s, int index)
{
    return index < 0 ? UINT64_C(999999) : s->rollups[index];
}

static void secret_of(const struct seat_bundle *b, uint32_t leg, struct drbg *out)
{
    char label[64];
    struct hash32 seed = {{5}};
    (void)snprintf(label, sizeof(label), "leg %llu/%u", (unsigned long long)b->nonce, leg);
    drbg_init(out, &seed, b->secrets[leg] != NULL ? b->secrets[leg] : label);
}

static void siblings_of(const struct seat *s, const struct seat_bundle *b, struct hash32 *out)
{
    CLEANUP(buf_fini) struct buf all = {0};
    struct bytes us[SEAT_LEGS];
    size_t bytes = tlp_params_element_bytes(s->tlp);
    for (uint32_t i = 0; i < b->n_legs; i++) {
        struct drbg secret;
        secret_of(b, i, &secret);
        CHECK(tlp_lock_preview(s->tlp, TLP_SHORT, &secret, &all) == 0);
    }
    for (uint32_t i = 0; i < b->n_legs; i++) {
        us[i] = bytes_of(&all.data[i * bytes], bytes);
    }
    pro_siblings(us, b->n_legs, out);
}

static void write_plaintext(const struct seat *s, const struct seat_bundle *b, uint32_t leg,
                            struct buf *out)
{
    struct sig_key user;
    struct led_op op = {.kind = LED_OP_FAIL};
    sig_key_from_seed(&user, bytes_str("user"));
    struct led_tx tx = {.deployment = s->cluster->deployment,
                        .rollup = rollup_of(s, b->rollups[leg]),
                        .sender = user.address,
                        .bundle_nonce = b->nonce,
                        .leg = leg,
                        .n_legs = b->n_legs,
                        .ops = &op,
                        .n_ops = 1};
    if (b->fails) {
        led_tx_sign(&tx, &user);
        led_tx_encode(&tx, out);
    } else {
        buf_append_bytes(out, bytes_str("a transaction"));
    }
}

void seat_seal(const struct seat *s, const struct seat_bundle *b, uint32_t leg, struct buf *out)
{
    CLEANUP(buf_fini) struct buf plain = {0};
    CLEANUP(buf_fini) struct buf open_bytes = {0};
    CLEANUP(buf_fini) struct buf context = {0};
    CLEANUP(tlp_puzzle_out_fini) struct tlp_puzzle_out puzzle = {0};
    struct drbg secret;
    struct pro_open_part open = {.rollup = rollup_of(s, b->rollups[leg]),
                                 .bundle_nonce = b->nonce,
                                 .leg = leg,
                                 .n_legs = b->n_legs,
                                 .gas_limit = b->gas[leg]};
    siblings_of(s, b, &open.siblings);
    secret_of(b, leg, &secret);
    pro_open_part_encode(&open, &open_bytes);
    pro_leg_context(&s->cluster->deployment, buf_view(&open_bytes), &context);
    write_plaintext(s, b, leg, &plain);
    CHECK(tlp_lock(s->tlp, TLP_SHORT, &secret, buf_view(&context), buf_view(&plain), &puzzle) == 0);
    struct tlp_puzzle p = tlp_puzzle_out_view(&puzzle);
    pro_leg_encode(buf_view(&open_bytes), p.u, p.q, p.proof, p.ct, out);
    CHECK(out->err == 0);
}

void seat_join(const struct seat *s, uint64_t nonce, const struct buf *legs, uint32_t n,
               struct buf *out)
{
    struct bytes views[SEAT_LEGS];
    for (uint32_t i = 0; i < n; i++) {
        views[i] = buf_view(&legs[i]);
    }
    pro_bundle_encode(&s->cluster->deployment, nonce, views, n, out);
    CHECK(out->err == 0);
}

void seat_bundle(const struct seat *s, const struct seat_bundle *b, struct buf *out)
{
    struct buf legs[SEAT_LEGS] = {{0}};
    for (uint32_t i = 0; i < b->n_legs; i++) {
        seat_seal(s, b, i, &legs[i]);
    }
    seat_join(s, b->nonce, legs, b->n_legs, out);
    for (uint32_t i = 0; i < b->n_legs; i++) {
        buf_fini(&legs[i]);
    }
    if (b->foreign) {
        out->data[0] ^= 1;
    }
}

struct buf seat_pair(const struct seat *s, uint64_t nonce)
{
    struct buf out = {0};
    const struct seat_bundle b = {.nonce = nonce, .n_legs = 2, .rollups = {0, 1}};
    seat_bundle(s, &b, &out);
    return out;
}

/* ---- What was heard ---- */

const char *seat_refusal(const struct seat *s, size_t from)
{
    const char *reason = NULL;
    for (size_t i = from; i < s->n_heard; i++) {
        const Lockstep__Message *m = s->heard[i].message;
        if (m->body_case == LOCKSTEP__MESSAGE__BODY_BUNDLE_REFUSED) {
            reason = m->bundle_refused->reason;
        }
    }
    return reason;
}

static bool is_promise(const struct seat_heard *h)
{
    return h->message->body_case == LOCKSTEP__MESSAGE__BODY_BUNDLE_PRECONFIRMED;
}

size_t seat_promises(const struct seat *s, size_t from)
{
    size_t n = 0;
    for (size_t i = from; i < s->n_heard; i++) {
        n += is_promise(&s->heard[i]);
    }
    return n;
}

struct pro_preconf seat_promise(const struct seat *s, size_t from, size_t n)
{
    struct pro_preconf p;
    size_t i = from;
    for (size_t seen = 0;; i++) {
        CHECK(i < s->n_heard);
        if (is_promise(&s->heard[i]) && seen++ == n) {
            break;
        }
    }
    struct bytes raw = wire_view(&s->heard[i].message->bundle_preconfirmed->preconfirmation);
    CHECK(pro_preconf_decode(raw, &p) == 0);
    CHECK(pro_preconf_verify(&s->domain, &p, &s->sequencer) == 0);
    return p;
}

const struct seat_note *seat_note(const struct seat *s, const char *what)
{
    for (size_t i = s->n_notes; i > 0; i--) {
        if (strcmp(s->notes[i - 1].what, what) == 0) {
            return &s->notes[i - 1];
        }
    }
    return NULL;
}

size_t seat_noted(const struct seat *s, const char *what)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_notes; i++) {
        n += strcmp(s->notes[i].what, what) == 0;
    }
    return n;
}
