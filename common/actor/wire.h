/* Decoding of what peers send: protobuf with every doubt removed.
 *
 * A message is refused unless it is within its size limit, decodes without unknown fields, holds
 * only known enum values and byte strings of legal lengths, and re-encodes to the very bytes that
 * came in. Decoding allocates at most a fixed multiple of the input. */
#ifndef ACTOR_WIRE_H
#define ACTOR_WIRE_H

#include "common/actor/act.h"
#include "proto/config.pb-c.h"
#include "proto/envelope.pb-c.h"
#include "proto/trace.pb-c.h"

/* Largest frame a party accepts, in bytes. */
#define WIRE_MAX_FRAME ((size_t)64 << 20)

/* Out: a decoded message; free with the function below. Returns: 0, ERR_TOOBIG, ERR_INVALID (does
 * not decode or breaks a rule), ERR_NONCANONICAL, ERR_NOMEM. */
int wire_frame_unpack(struct bytes in, Lockstep__Frame **out) MUST_CHECK;
int wire_message_unpack(struct bytes in, Lockstep__Message **out) MUST_CHECK;
int wire_record_unpack(struct bytes in, Lockstep__TraceRecord **out) MUST_CHECK;
int wire_config_unpack(struct bytes in, Lockstep__ActorConfig **out) MUST_CHECK;
void wire_frame_free(Lockstep__Frame **f);
void wire_message_free(Lockstep__Message **m);
void wire_record_free(Lockstep__TraceRecord **r);
void wire_config_free(Lockstep__ActorConfig **c);

/* Appends the packed message to `out`; failures stick in out->err. */
void wire_pack(const ProtobufCMessage *message, struct buf *out);

/* The reject reason that fits a failed unpack. */
enum act_reject_reason wire_reject_reason(int rc);

/* protobuf-c's view of bytes, without copying; the callee only reads. */
static inline ProtobufCBinaryData wire_bytes(struct bytes b)
{
    return (ProtobufCBinaryData){b.len, (uint8_t *)(uintptr_t)b.data};
}

static inline struct bytes wire_view(const ProtobufCBinaryData *b)
{
    return bytes_of(b->data, b->len);
}

#endif
