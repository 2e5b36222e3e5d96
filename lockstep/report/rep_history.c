/* history.jsonl: what was put on record, one object per line, in order. The same on every host. */
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "lockstep/report/rep.h"

#include <jansson.h>

static const char *da_kind(Lockstep__DaKind kind)
{
    const ProtobufCEnumValue *v =
        protobuf_c_enum_descriptor_get_value(&lockstep__da_kind__descriptor, (int)kind);
    return v != NULL ? v->name : "?";
}

static const char *l1_kind(Lockstep__L1Kind kind)
{
    const ProtobufCEnumValue *v =
        protobuf_c_enum_descriptor_get_value(&lockstep__l1_kind__descriptor, (int)kind);
    return v != NULL ? v->name : "?";
}

static json_t *hash_of(const ProtobufCBinaryData *data)
{
    struct hash32 h;
    char hex[65];
    hash_keccak256(bytes_of(data->data, data->len), &h);
    hex_encode(BYTES_OF(h), hex);
    return json_string(hex);
}

static json_t *hex_of(const ProtobufCBinaryData *data)
{
    char hex[65] = "";
    if (data->len <= 32) {
        hex_encode(bytes_of(data->data, data->len), hex);
    }
    return json_string(hex);
}

static const char *life_word(enum run_life what)
{
    static const char *const words[] = {
        [RUN_LIFE_CRASHED] = "crashed",
        [RUN_LIFE_RESTARTED] = "restarted",
        [RUN_LIFE_FAILED] = "failed",
    };
    return words[what];
}

static json_t *l1_object(uint64_t number, const Lockstep__L1Event *e)
{
    json_t *o = json_pack("{s:s, s:s, s:I, s:I}", "kind", "l1", "what", l1_kind(e->kind), "block",
                          (json_int_t)number, "slot", (json_int_t)e->slot);
    switch (e->kind) {
    case LOCKSTEP__L1_KIND__L1_SLASHED:
    case LOCKSTEP__L1_KIND__L1_PENALIZED:
        json_object_set_new(o, "culprit", hex_of(&e->culprit));
        json_object_set_new(o, "detail", json_string(e->detail));
        json_object_set_new(o, "gas", json_integer((json_int_t)e->gas));
        json_object_set_new(o, "amount_gwei", json_integer((json_int_t)e->amount_gwei));
        break;
    case LOCKSTEP__L1_KIND__L1_VOIDED:
        json_object_set_new(o, "through", json_integer((json_int_t)e->through));
        break;
    default:
        json_object_set_new(o, "rollup", json_integer((json_int_t)e->rollup));
        json_object_set_new(o, "round", json_integer((json_int_t)e->round));
        json_object_set_new(o, "versioned_hash", hex_of(&e->versioned_hash));
        break;
    }
    return o;
}

static json_t *record_object(const Lockstep__TraceRecord *r)
{
    switch (r->body_case) {
    case LOCKSTEP__TRACE_RECORD__BODY_SUBMITTED:
        return json_pack("{s:s, s:s, s:o}", "kind", "submitted", "bundle", r->submitted->name, "id",
                         hex_of(&r->submitted->bundle_id));
    case LOCKSTEP__TRACE_RECORD__BODY_PRECONFIRMED:
        return json_pack("{s:s, s:s, s:o}", "kind", "preconfirmed", "bundle", r->preconfirmed->name,
                         "hash", hash_of(&r->preconfirmed->preconfirmation));
    case LOCKSTEP__TRACE_RECORD__BODY_REFUSED:
        return json_pack("{s:s, s:s, s:s, s:s}", "kind", "refused", "bundle", r->refused->name,
                         "reason", r->refused->reason, "detail", r->refused->detail);
    case LOCKSTEP__TRACE_RECORD__BODY_DA_STORED:
        return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "kind", "stored", "what",
                         da_kind(r->da_stored->key->kind), "namespace",
                         (json_int_t)r->da_stored->key->namespace_, "slot",
                         (json_int_t)r->da_stored->key->slot, "index",
                         (json_int_t)r->da_stored->key->index, "bytes",
                         (json_int_t)r->da_stored->data.len, "hash", hash_of(&r->da_stored->data));
    case LOCKSTEP__TRACE_RECORD__BODY_L1:
        return l1_object(r->l1->number, r->l1->event);
    case LOCKSTEP__TRACE_RECORD__BODY_NOTE:
        return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "kind", "note", "what",
                         r->note->what, "slot", (json_int_t)r->note->slot, "rollup",
                         (json_int_t)r->note->rollup, "round", (json_int_t)r->note->round, "count",
                         (json_int_t)r->note->count, "detail", r->note->detail);
    case LOCKSTEP__TRACE_RECORD__BODY_VIOLATION:
        return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "kind", "violation", "rule",
                         r->violation->rule, "by", r->violation->by, "slot",
                         (json_int_t)r->violation->slot, "rollup", (json_int_t)r->violation->rollup,
                         "round", (json_int_t)r->violation->round, "detail", r->violation->detail);
    case LOCKSTEP__TRACE_RECORD__BODY_EVIDENCE:
        return json_pack("{s:s, s:s, s:I, s:o}", "kind", "evidence", "of", r->evidence->kind,
                         "bytes", (json_int_t)r->evidence->evidence.len, "hash",
                         hash_of(&r->evidence->evidence));
    case LOCKSTEP__TRACE_RECORD__BODY_FAULT:
        return json_pack("{s:s, s:s, s:I, s:I, s:I}", "kind", "fault", "what", r->fault->kind,
                         "index", (json_int_t)r->fault->index, "slot", (json_int_t)r->fault->slot,
                         "rollup", (json_int_t)r->fault->rollup);
    default:
        return json_pack("{s:s}", "kind", "unknown");
    }
}

static const char *actor_name(const struct simulation *sim, uint32_t id)
{
    return id == ACT_HOST ? "host" : sim->cluster->actors[id - 1].name;
}

static json_t *item_object(const struct simulation *sim, const struct history_item *item)
{
    if (item->kind == HISTORY_RECORD) {
        return record_object(item->record);
    }
    if (item->kind == HISTORY_REJECT) {
        /* Details can quote what a stranger sent: only text that JSON can hold gets in. */
        json_t *detail = json_string(item->reject.detail);
        return json_pack("{s:s, s:s, s:s, s:o}", "kind", "rejected", "from",
                         item->reject.peer <= sim->cluster->n_actors
                             ? actor_name(sim, item->reject.peer)
                             : "nobody",
                         "reason", act_reject_name(item->reject.reason), "detail",
                         detail != NULL ? detail : json_null());
    }
    return json_pack("{s:s, s:s, s:s}", "kind", "life", "what", life_word(item->life.what), "code",
                     err_name(item->life.rc));
}

static int append(const char *text, size_t len, void *out)
{
    struct buf *b = out;
    buf_append(b, text, len);
    return b->err == 0 ? 0 : -1;
}

void rep_history(const struct rep_run *run, struct buf *out)
{
    for (size_t i = 0; i < run->sim->history.n; i++) {
        const struct history_item *item = &run->sim->history.items[i];
        json_t *o = json_pack("{s:I, s:s}", "at_ns", (json_int_t)item->at.ns, "actor",
                              actor_name(run->sim, item->actor));
        json_t *more = item_object(run->sim, item);
        if (o == NULL || more == NULL || json_object_update(o, more) != 0 ||
            json_dump_callback(o, append, out, 0) != 0) {
            out->err = out->err != 0 ? out->err : ERR_NOMEM;
        }
        json_decref(o);
        json_decref(more);
        buf_append_u8(out, '\n');
    }
}
