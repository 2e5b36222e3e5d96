#include "common/actor/party.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/protocol/pro_evidence.h"
#include "common/protocol/pro_fault.h"
#include "common/protocol/pro_preconf.h"

#include <stdlib.h>

#define MAX_QUEUED ((size_t)65536)
#define MAX_EARLY ((size_t)4096)

static const struct {
    Lockstep__Role role;
    Lockstep__ActorConfig__RoleCase section;
    const char *name;
} roles[] = {
    {LOCKSTEP__ROLE__ROLE_SEQUENCER, LOCKSTEP__ACTOR_CONFIG__ROLE_SEQUENCER, "sequencer"},
    {LOCKSTEP__ROLE__ROLE_EXECUTOR, LOCKSTEP__ACTOR_CONFIG__ROLE_EXECUTOR, "executor"},
    {LOCKSTEP__ROLE__ROLE_WATCHER, LOCKSTEP__ACTOR_CONFIG__ROLE_EXECUTOR, "watcher"},
    {LOCKSTEP__ROLE__ROLE_DA, LOCKSTEP__ACTOR_CONFIG__ROLE_DA, "da"},
    {LOCKSTEP__ROLE__ROLE_L1, LOCKSTEP__ACTOR_CONFIG__ROLE_L1, "l1"},
    {LOCKSTEP__ROLE__ROLE_WALLET, LOCKSTEP__ACTOR_CONFIG__ROLE_WALLET, "wallet"},
};

static int refuse(struct buf *why, const char *sentence)
{
    buf_append_bytes(why, bytes_str(sentence));
    return ERR_INVALID;
}

static int check_section(const Lockstep__ActorConfig *c, Lockstep__Role role, struct buf *why)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (roles[i].role == role && roles[i].section != c->role_case) {
            buf_printf(why, "the configuration has no section for the role %s", roles[i].name);
            return ERR_INVALID;
        }
    }
    if (c->salt.len != 32 || c->secret.len != 32) {
        return refuse(why, "salt and secret must have 32 bytes each");
    }
    if (c->timelock == NULL || c->timelock->digest.len != 32 || c->limits == NULL ||
        c->retry_ns <= 0) {
        return refuse(why, "the configuration lacks limits, timelock or retry_ns");
    }
    return 0;
}

static int take_peer(struct party *p, const Lockstep__PeerConfig *peer,
                     struct pro_executor *executors, struct buf *why)
{
    if (peer->address.len != 20) {
        return refuse(why, "a peer's address must have 20 bytes");
    }
    switch (peer->role) {
    case LOCKSTEP__ROLE__ROLE_SEQUENCER:
        p->sequencer_id = peer->id;
        memcpy(p->view.sequencer.b, peer->address.data, 20);
        break;
    case LOCKSTEP__ROLE__ROLE_DA:
        p->da_id = peer->id;
        break;
    case LOCKSTEP__ROLE__ROLE_L1:
        p->l1_id = peer->id;
        break;
    case LOCKSTEP__ROLE__ROLE_EXECUTOR:
        executors[p->view.n_executors].rollup = peer->rollup;
        memcpy(executors[p->view.n_executors].address.b, peer->address.data, 20);
        p->executor_ids[p->view.n_executors] = peer->id;
        p->view.n_executors++;
        break;
    default:
        break;
    }
    return 0;
}

static int take_peers(struct party *p, Lockstep__Role role, struct buf *why)
{
    size_t n = p->config->n_peers;
    struct pro_executor *executors = calloc(n + 1, sizeof(*executors));
    p->executor_ids = calloc(n + 1, sizeof(*p->executor_ids));
    p->view.executors = executors;
    if (executors == NULL || p->executor_ids == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        if (p->config->peers[i]->id != i + 1) {
            return refuse(why, "peers must be numbered 1, 2, ... in order");
        }
        int rc = take_peer(p, p->config->peers[i], executors, why);
        if (rc != 0) {
            return rc;
        }
    }
    if (p->id < 1 || p->id > n || p->config->peers[p->id - 1]->role != role ||
        !bytes_equal(wire_view(&p->config->peers[p->id - 1]->address), BYTES_OF(p->key.address))) {
        return refuse(why, "this party is not the peer that has its number, role and key");
    }
    if (p->sequencer_id == 0 || p->da_id == 0 || p->l1_id == 0 || p->view.n_executors == 0) {
        return refuse(why, "a cluster needs a sequencer, a DA node, an L1 and an executor");
    }
    return 0;
}

/* The deployment is what the configuration says it is: parties that disagree on anything in the
 * descriptor refuse each other's frames. */
static int name_deployment(struct party *p)
{
    struct pro_descriptor d = {
        .l1_chain_id = p->config->l1_chain_id,
        .sequencer = p->view.sequencer,
        .n_executors = (uint32_t)p->view.n_executors,
        .executors = (struct pro_executor *)(uintptr_t)p->view.executors,
    };
    memcpy(d.salt.b, p->config->salt.data, 32);
    memcpy(d.timelock.b, p->config->timelock->digest.data, 32);
    pro_descriptor_encode(&d, &p->descriptor);
    pro_descriptor_id(buf_view(&p->descriptor), &p->view.deployment.id);
    p->view.deployment.l1_chain_id = p->config->l1_chain_id;
    pro_preconf_domain(&p->view.deployment, &p->view.domain);
    return p->descriptor.err;
}

static int init_links(struct party *p)
{
    struct link_options options = {
        .deployment = p->view.deployment.id,
        .n_peers = (uint32_t)p->config->n_peers,
        .self = p->id,
        .retry_ns = p->config->retry_ns,
        .max_queued = MAX_QUEUED,
        .max_early = MAX_EARLY,
    };
    return links_init(&p->links, &options, p->store);
}

static int take_policy(struct party *p, struct buf *why)
{
    p->policy = pol_find(p->config->policy);
    if (p->policy == NULL) {
        buf_printf(why, "no policy is called %s", p->config->policy);
        return ERR_INVALID;
    }
    if (p->config->max_rounds == 0) {
        return refuse(why, "max_rounds is 0");
    }
    p->rules = (struct pol_rules){
        .granularity = p->config->policy_by_keys ? POL_BY_KEYS : POL_BY_ROLLUP,
        .max_rounds = p->config->max_rounds,
    };
    p->view.keeps_reverted = p->policy->keeps_reverted;
    p->view.keeps_failed = p->policy->keeps_failed;
    p->view.foreign_causes = p->policy->foreign_causes;
    p->view.max_rounds = p->rules.max_rounds;
    return 0;
}

/* DA and L1 never look at a puzzle; executors open them; wallets lock and the sequencer verifies.
 */
static int take_timelock(struct party *p, Lockstep__Role role, struct buf *why)
{
    if (role == LOCKSTEP__ROLE__ROLE_DA || role == LOCKSTEP__ROLE__ROLE_L1) {
        return 0;
    }
    int rc = tlp_params_decode(wire_view(&p->config->timelock->params), &p->tlp, why);
    if (rc == 0 && !bytes_equal(BYTES_OF(*tlp_params_digest(p->tlp)),
                                wire_view(&p->config->timelock->digest))) {
        rc = refuse(why, "the time-lock parameters are not those the deployment is named after");
    }
    bool opens = role == LOCKSTEP__ROLE__ROLE_EXECUTOR || role == LOCKSTEP__ROLE__ROLE_WATCHER;
    if (rc == 0 && !opens) {
        rc = tlp_params_prepare(p->tlp);
    }
    p->view.tlp = p->tlp;
    return rc;
}

static int init_from_config(struct party *p, const struct act_setup *setup, Lockstep__Role role,
                            struct buf *why)
{
    int rc = wire_config_unpack(setup->config, &p->config);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : refuse(why, "the configuration does not decode");
    }
    rc = check_section(p->config, role, why);
    if (rc == 0) {
        struct hash32 secret;
        memcpy(secret.b, p->config->secret.data, 32);
        rc = sig_key_from_secret(&p->key, &secret);
        if (rc != 0) {
            return refuse(why, "the secret key is not a secp256k1 key");
        }
        rc = take_peers(p, role, why);
    }
    if (rc == 0) {
        rc = name_deployment(p);
    }
    if (rc == 0) {
        rc = take_policy(p, why);
    }
    if (rc == 0) {
        rc = take_timelock(p, role, why);
    }
    return rc == 0 ? init_links(p) : rc;
}

int party_init(struct party *p, const struct act_setup *setup, Lockstep__Role role, struct buf *why)
{
    const struct act_resources *resources = setup->resources;
    *p = (struct party){.id = setup->id, .name = setup->name, .store = setup->store};
    p->view.vc = resources != NULL ? resources->vc : NULL;
    drbg_init(&p->drbg, &setup->entropy, "party");
    int rc = init_from_config(p, setup, role, why);
    if (rc != 0) {
        party_fini(p);
    }
    return rc;
}

void party_fini(struct party *p)
{
    links_fini(&p->links);
    tlp_params_destroy(&p->tlp);
    wire_config_free(&p->config);
    free((void *)(uintptr_t)p->view.executors);
    buf_fini(&p->descriptor);
    free(p->executor_ids);
    sig_key_wipe(&p->key);
    drbg_wipe(&p->drbg);
    *p = (struct party){0};
}

struct delivery {
    struct party *p;
    const struct party_ops *ops;
};

static int deliver(void *ctx, uint32_t from, const Lockstep__Message *m)
{
    struct delivery *d = ctx;
    return d->ops->message(d->p, from, m);
}

static int dispatch(struct party *p, const struct party_ops *ops, const struct act_event *ev)
{
    struct delivery d = {p, ops};
    int rc = 0;
    switch (ev->kind) {
    case ACT_START:
        rc = links_start(&p->links);
        return rc != 0 ? rc : ops->start(p);
    case ACT_MESSAGE:
        return links_receive(&p->links, ev, p->out, deliver, &d);
    case ACT_TIMER:
        return ev->id >= LINK_TIMER_BASE ? links_timer(&p->links, ev, p->out)
                                         : ops->timer(p, ev->id);
    case ACT_WORK_DONE:
        return ops->work_done(p, ev);
    }
    return 0;
}

int party_step(struct party *p, const struct party_ops *ops, const struct act_event *ev,
               struct act_effects *out)
{
    p->out = out;
    p->now = ev->now;
    int rc = dispatch(p, ops, ev);
    if (rc == 0) {
        links_flush(&p->links, ev, out);
        rc = out->err;
    }
    p->out = NULL;
    return rc;
}

int party_send(struct party *p, uint32_t to, const Lockstep__Message *m)
{
    return links_send(&p->links, p->out, p->now, to, m);
}

int party_da_put(struct party *p, uint64_t rollup, uint64_t slot, Lockstep__DaKind kind,
                 uint32_t index, struct bytes data)
{
    Lockstep__DaKey key = LOCKSTEP__DA_KEY__INIT;
    Lockstep__DaPut put = LOCKSTEP__DA_PUT__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    key.namespace_ = rollup;
    key.slot = slot;
    key.kind = kind;
    key.index = index;
    put.key = &key;
    put.data = wire_bytes(data);
    m.body_case = LOCKSTEP__MESSAGE__BODY_DA_PUT;
    m.da_put = &put;
    return party_send(p, p->da_id, &m);
}

int party_da_get(struct party *p, uint64_t rollup, uint64_t slot, Lockstep__DaKind kind,
                 uint32_t index)
{
    Lockstep__DaKey key = LOCKSTEP__DA_KEY__INIT;
    Lockstep__DaKey *keys = &key;
    Lockstep__DaGet get = LOCKSTEP__DA_GET__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    key.namespace_ = rollup;
    key.slot = slot;
    key.kind = kind;
    key.index = index;
    get.n_keys = 1;
    get.keys = &keys;
    m.body_case = LOCKSTEP__MESSAGE__BODY_DA_GET;
    m.da_get = &get;
    return party_send(p, p->da_id, &m);
}

int party_l1_submit(struct party *p, Lockstep__L1Kind kind, struct bytes artifact)
{
    Lockstep__L1Submit submit = LOCKSTEP__L1_SUBMIT__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    submit.kind = kind;
    submit.artifact = wire_bytes(artifact);
    m.body_case = LOCKSTEP__MESSAGE__BODY_L1_SUBMIT;
    m.l1_submit = &submit;
    return party_send(p, p->l1_id, &m);
}

void party_record(struct party *p, const Lockstep__TraceRecord *r)
{
    CLEANUP(buf_fini) struct buf packed = {.limit = WIRE_MAX_FRAME};
    wire_pack(&r->base, &packed);
    if (packed.err != 0) {
        p->out->err = p->out->err != 0 ? p->out->err : packed.err;
        return;
    }
    act_record(p->out, buf_view(&packed));
}

void party_note(struct party *p, const char *what, uint64_t slot, uint64_t rollup, uint32_t round,
                uint64_t count, const char *detail)
{
    Lockstep__TraceNote note = LOCKSTEP__TRACE_NOTE__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    note.what = (char *)(uintptr_t)what;
    note.slot = slot;
    note.rollup = rollup;
    note.round = round;
    note.count = count;
    note.detail = (char *)(uintptr_t)(detail != NULL ? detail : "");
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_NOTE;
    r.note = &note;
    party_record(p, &r);
}

void party_violation(struct party *p, const char *rule, const char *by, uint64_t slot,
                     uint64_t rollup, uint32_t round, const char *detail)
{
    Lockstep__TraceViolation v = LOCKSTEP__TRACE_VIOLATION__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    v.rule = (char *)(uintptr_t)rule;
    v.by = (char *)(uintptr_t)by;
    v.slot = slot;
    v.rollup = rollup;
    v.round = round;
    v.detail = (char *)(uintptr_t)detail;
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_VIOLATION;
    r.violation = &v;
    party_record(p, &r);
}

int party_executor_index(const struct party *p, uint64_t rollup)
{
    for (size_t i = 0; i < p->view.n_executors; i++) {
        if (p->view.executors[i].rollup == rollup) {
            return (int)i;
        }
    }
    return -1;
}

void party_confess(struct party *p, const Lockstep__FaultConfig *f)
{
    Lockstep__TraceFault t = LOCKSTEP__TRACE_FAULT__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    t.index = f->index;
    t.kind = (char *)(uintptr_t)pro_fault_word((enum pro_fault)f->kind);
    t.slot = f->slot;
    t.rollup = f->rollup;
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_FAULT;
    r.fault = &t;
    party_record(p, &r);
}

const char *party_executor_name(const struct party *p, uint64_t rollup)
{
    int at = party_executor_index(p, rollup);
    return at >= 0 ? p->config->peers[p->executor_ids[at] - 1]->name : "";
}

int party_accuse(struct party *p, struct bytes evidence)
{
    struct pro_evidence e;
    Lockstep__TraceEvidence t = LOCKSTEP__TRACE_EVIDENCE__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    CHECK(pro_evidence_decode(evidence, &e) == 0);
    t.kind = (char *)(uintptr_t)pro_evidence_name(e.kind);
    t.evidence = wire_bytes(evidence);
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_EVIDENCE;
    r.evidence = &t;
    party_record(p, &r);
    return party_l1_submit(p, LOCKSTEP__L1_KIND__L1_EVIDENCE, evidence);
}
