#include "common/actor/wire.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_fault.h"

#include <stdlib.h>

/* An allocator that gives out at most `left` bytes in all. */
struct bounded {
    size_t left;
    bool no_memory; /* the machine had none, whatever the input */
};

static void *bounded_alloc(void *ctx, size_t size)
{
    struct bounded *b = ctx;
    if (size > b->left) {
        return NULL;
    }
    void *p = malloc(size != 0 ? size : 1);
    if (p == NULL) {
        b->no_memory = true;
        return NULL;
    }
    b->left -= size;
    return p;
}

static void bounded_free(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

/* Enum fields hold only declared values, and nothing was left over as an unknown field. */
static bool is_clean(const ProtobufCMessage *m)
{
    const ProtobufCMessageDescriptor *d = m->descriptor;
    if (m->n_unknown_fields != 0) {
        return false;
    }
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        const char *field = (const char *)m + f->offset;
        bool repeated = f->label == PROTOBUF_C_LABEL_REPEATED;
        if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
            uint32_t chosen = *(const uint32_t *)((const char *)m + f->quantifier_offset);
            if (chosen != f->id) {
                continue;
            }
        }
        if (f->type == PROTOBUF_C_TYPE_ENUM && !repeated &&
            protobuf_c_enum_descriptor_get_value(f->descriptor, *(const int *)field) == NULL) {
            return false;
        }
        if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
            continue;
        }
        if (!repeated) {
            const ProtobufCMessage *child = *(ProtobufCMessage *const *)field;
            if (child != NULL && !is_clean(child)) {
                return false;
            }
            continue;
        }
        size_t n = *(const size_t *)((const char *)m + f->quantifier_offset);
        ProtobufCMessage *const *children = *(ProtobufCMessage *const *const *)field;
        for (size_t k = 0; k < n; k++) {
            if (!is_clean(children[k])) {
                return false;
            }
        }
    }
    return true;
}

/* Compares while packing: no second copy of a large message is made. */
struct comparing_sink {
    ProtobufCBuffer base;
    struct bytes rest;
    bool equal;
};

static void compare_append(ProtobufCBuffer *base, size_t len, const uint8_t *data)
{
    struct comparing_sink *s = (struct comparing_sink *)base;
    if (len > s->rest.len || (len != 0 && memcmp(data, s->rest.data, len) != 0)) {
        s->equal = false;
        s->rest.len = 0;
        return;
    }
    if (len != 0) {
        s->rest.data += len;
        s->rest.len -= len;
    }
}

static bool reencodes_to(const ProtobufCMessage *m, struct bytes in)
{
    struct comparing_sink sink = {{compare_append}, in, true};
    (void)protobuf_c_message_pack_to_buffer(m, &sink.base);
    return sink.equal && sink.rest.len == 0;
}

static int unpack(const ProtobufCMessageDescriptor *descriptor, struct bytes in, size_t max,
                  ProtobufCMessage **out)
{
    if (in.len > max) {
        return ERR_TOOBIG;
    }
    /* Pointers and headers of repeated fields take at most some tens of bytes per input byte. */
    struct bounded memory = {.left = in.len * 64 + 65536};
    ProtobufCAllocator allocator = {bounded_alloc, bounded_free, &memory};
    ProtobufCMessage *m = protobuf_c_message_unpack(descriptor, &allocator, in.len, in.data);
    if (m == NULL) {
        return memory.no_memory ? ERR_NOMEM : ERR_INVALID;
    }
    int rc = is_clean(m) ? 0 : ERR_INVALID;
    if (rc == 0 && !reencodes_to(m, in)) {
        rc = ERR_NONCANONICAL;
    }
    if (rc != 0) {
        protobuf_c_message_free_unpacked(m, NULL);
        return rc;
    }
    *out = m;
    return 0;
}

int wire_frame_unpack(struct bytes in, Lockstep__Frame **out)
{
    ProtobufCMessage *m = NULL;
    int rc = unpack(&lockstep__frame__descriptor, in, WIRE_MAX_FRAME, &m);
    if (rc != 0) {
        return rc;
    }
    Lockstep__Frame *f = (Lockstep__Frame *)m;
    if (f->deployment.len != 32 || f->epoch == 0 || (f->seq == 0) != (f->body.len == 0) ||
        (f->seq == 0) != (f->oldest == 0) || f->oldest > f->seq) {
        wire_frame_free(&f);
        return ERR_INVALID;
    }
    *out = f;
    return 0;
}

static bool key_is_valid(const Lockstep__DaKey *k)
{
    return k != NULL && k->kind != LOCKSTEP__DA_KIND__DA_NONE;
}

static bool command_is_valid(const Lockstep__SubmitCommand *c)
{
    bool replays = c->fault != NULL && c->fault->kind == PRO_FAULT_REPLAY;
    bool ok =
        c->name[0] != 0 && (replays ? c->n_legs == 0 : c->n_legs > 0) && c->scope <= PRO_SCOPE_ALL;
    for (size_t i = 0; ok && i < c->n_legs; i++) {
        ok = c->legs[i]->ops.len > 0;
    }
    return ok;
}

static bool names_culprit(Lockstep__L1Kind kind)
{
    return kind == LOCKSTEP__L1_KIND__L1_SLASHED || kind == LOCKSTEP__L1_KIND__L1_PENALIZED;
}

static bool l1_block_is_valid(const Lockstep__L1Block *b)
{
    bool ok = b->hash.len == 32 && b->parent.len == 32;
    for (size_t i = 0; ok && i < b->n_events; i++) {
        const Lockstep__L1Event *e = b->events[i];
        ok = e->kind != LOCKSTEP__L1_KIND__L1_NONE &&
             (e->versioned_hash.len == 0 || e->versioned_hash.len == 32) &&
             e->culprit.len == (names_culprit(e->kind) ? 20 : 0);
    }
    return ok;
}

static bool get_is_valid(const Lockstep__DaGet *g)
{
    bool ok = g->n_keys > 0;
    for (size_t i = 0; ok && i < g->n_keys; i++) {
        ok = key_is_valid(g->keys[i]);
    }
    return ok;
}

static bool failures_are_valid(size_t n, Lockstep__Failure *const *failures)
{
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        ok = failures[i]->result.len > 0 && failures[i]->proofs.len > 0;
    }
    return ok;
}

/* One rule per message: what protobuf itself cannot say. */
static bool message_is_valid(const Lockstep__Message *m)
{
    switch (m->body_case) {
    case LOCKSTEP__MESSAGE__BODY_SUBMIT_COMMAND:
        return command_is_valid(m->submit_command);
    case LOCKSTEP__MESSAGE__BODY_BUNDLE_PRECONFIRMED:
        return m->bundle_preconfirmed->preconfirmation.len > 0;
    case LOCKSTEP__MESSAGE__BODY_BUNDLE_REFUSED:
        return m->bundle_refused->submission.len == 32 && m->bundle_refused->reason[0] != 0;
    case LOCKSTEP__MESSAGE__BODY_SUBMIT_BUNDLE:
        return m->submit_bundle->bundle.len > 0;
    case LOCKSTEP__MESSAGE__BODY_EXECUTION_RESULT:
        return m->execution_result->result.len > 0 && m->execution_result->proofs.len > 0 &&
               m->execution_result->step_roots.len % 32 == 0;
    case LOCKSTEP__MESSAGE__BODY_PROPOSAL_REJECTED:
        return m->proposal_rejected->violation[0] != 0;
    case LOCKSTEP__MESSAGE__BODY_PROPOSAL_BLOCK:
        return m->proposal_block->header.len > 0 &&
               failures_are_valid(m->proposal_block->n_failures, m->proposal_block->failures);
    case LOCKSTEP__MESSAGE__BODY_FINALIZED_BLOCK:
        return m->finalized_block->header.len > 0 &&
               failures_are_valid(m->finalized_block->n_failures, m->finalized_block->failures);
    case LOCKSTEP__MESSAGE__BODY_DA_PUT:
        return key_is_valid(m->da_put->key) && m->da_put->data.len > 0;
    case LOCKSTEP__MESSAGE__BODY_DA_STORED:
        return key_is_valid(m->da_stored->key) && m->da_stored->hash.len == 32 &&
               m->da_stored->signature.len == 65;
    case LOCKSTEP__MESSAGE__BODY_DA_GET:
        return get_is_valid(m->da_get);
    case LOCKSTEP__MESSAGE__BODY_DA_ITEM:
        return key_is_valid(m->da_item->key) && m->da_item->data.len > 0;
    case LOCKSTEP__MESSAGE__BODY_L1_SUBMIT:
        return m->l1_submit->kind != LOCKSTEP__L1_KIND__L1_NONE && m->l1_submit->artifact.len > 0;
    case LOCKSTEP__MESSAGE__BODY_L1_BLOCK:
        return l1_block_is_valid(m->l1_block);
    case LOCKSTEP__MESSAGE__BODY__NOT_SET:
    default:
        return false;
    }
}

int wire_message_unpack(struct bytes in, Lockstep__Message **out)
{
    ProtobufCMessage *m = NULL;
    int rc = unpack(&lockstep__message__descriptor, in, WIRE_MAX_FRAME, &m);
    if (rc != 0) {
        return rc;
    }
    Lockstep__Message *message = (Lockstep__Message *)m;
    if (!message_is_valid(message)) {
        wire_message_free(&message);
        return ERR_INVALID;
    }
    *out = message;
    return 0;
}

int wire_record_unpack(struct bytes in, Lockstep__TraceRecord **out)
{
    ProtobufCMessage *m = NULL;
    int rc = unpack(&lockstep__trace_record__descriptor, in, WIRE_MAX_FRAME, &m);
    if (rc == 0) {
        *out = (Lockstep__TraceRecord *)m;
    }
    return rc;
}

int wire_config_unpack(struct bytes in, Lockstep__ActorConfig **out)
{
    ProtobufCMessage *m = NULL;
    int rc = unpack(&lockstep__actor_config__descriptor, in, WIRE_MAX_FRAME, &m);
    if (rc == 0) {
        *out = (Lockstep__ActorConfig *)m;
    }
    return rc;
}

static void free_message(ProtobufCMessage *m)
{
    protobuf_c_message_free_unpacked(m, NULL); /* NULL is allowed; base is the first member */
}

void wire_frame_free(Lockstep__Frame **f)
{
    free_message((ProtobufCMessage *)*f);
    *f = NULL;
}

void wire_message_free(Lockstep__Message **m)
{
    free_message((ProtobufCMessage *)*m);
    *m = NULL;
}

void wire_record_free(Lockstep__TraceRecord **r)
{
    free_message((ProtobufCMessage *)*r);
    *r = NULL;
}

void wire_config_free(Lockstep__ActorConfig **c)
{
    free_message((ProtobufCMessage *)*c);
    *c = NULL;
}

void wire_pack(const ProtobufCMessage *message, struct buf *out)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size == 0 || buf_reserve(out, size) != 0) {
        return;
    }
    out->len += protobuf_c_message_pack(message, out->data + out->len);
}

enum act_reject_reason wire_reject_reason(int rc)
{
    switch (rc) {
    case ERR_TOOBIG:
        return ACT_REJECT_OVERSIZED;
    case ERR_NONCANONICAL:
        return ACT_REJECT_NONCANONICAL;
    default:
        return ACT_REJECT_MALFORMED;
    }
}
