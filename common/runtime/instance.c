#include "common/runtime/instance.h"

#include "common/base/check.h"

void instance_init(struct instance *in, const struct act_class *class,
                   const struct act_setup *setup, uint64_t disk_bytes, uint64_t step_bytes)
{
    *in = (struct instance){.class = class, .setup = *setup, .step_bytes = step_bytes};
    store_mem_init(&in->disk, disk_bytes);
    in->setup.store = &in->disk.store;
}

void instance_fini(struct instance *in)
{
    instance_end(in);
    store_mem_fini(&in->disk);
}

int instance_begin(struct instance *in, struct buf *why)
{
    CHECK(in->actor == NULL);
    int rc = in->class->create(&in->setup, &in->actor, why);
    CHECK((rc == 0) == (in->actor != NULL));
    return rc;
}

void instance_end(struct instance *in)
{
    if (in->actor != NULL) {
        in->class->destroy(&in->actor);
        in->actor = NULL;
    }
}

static uint64_t effects_bytes(const struct act_effects *out)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < out->n; i++) {
        if (out->items[i].body != NULL) {
            sum += out->items[i].body->view.len;
        }
    }
    return sum;
}

static void keep_trace(struct act_effects *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < out->n; i++) {
        struct act_effect *fx = &out->items[i];
        if (fx->kind == ACT_RECORD || fx->kind == ACT_REJECT) {
            out->items[kept++] = *fx;
        } else {
            act_payload_unref(&fx->body);
        }
    }
    out->n = kept;
}

int instance_step(struct instance *in, const struct act_event *ev, struct act_effects *out)
{
    CHECK(in->actor != NULL && out->n == 0);
    int rc = in->class->step(in->actor, ev, out);
    CHECK(rc <= 0);
    if (rc == 0) {
        rc = out->err;
    }
    if (effects_bytes(out) > in->step_bytes) {
        act_effects_clear(out);
        return ERR_TOOBIG;
    }
    if (rc != 0) {
        keep_trace(out);
    }
    return rc;
}

int instance_work(const struct act_class *class, const struct act_actor *actor, uint32_t kind,
                  struct bytes request, struct buf *result)
{
    buf_clear(result);
    int rc = ERR_UNSUPPORTED;
    if (class->work != NULL) {
        rc = class->work(actor, kind, request, result);
        if (rc == 0) {
            rc = result->err;
        }
    }
    if (rc != 0) {
        buf_clear(result);
    }
    return rc;
}
