#include "tests/integration/chatty.h"

#include "common/base/check.h"
#include "common/base/prng.h"
#include "common/base/wire.h"
#include "common/crypto/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TIMERS 4
#define WORK_EXPAND 1
#define WORK_FAIL 2
#define WORK_FOREVER 3

struct act_actor {
    struct act_setup setup;
    struct chatty_config config;
    struct prng prng;
    uint32_t sent;
    uint64_t steps;
    uint64_t works;
};

void chatty_pack(const struct chatty_config *config, uint8_t out[CHATTY_CONFIG_BYTES])
{
    struct buf b = {0};
    wr_u32(&b, (uint32_t)config->mode);
    wr_u32(&b, config->n_actors);
    wr_u32(&b, config->budget);
    wr_u64(&b, config->at);
    CHECK(b.err == 0 && b.len == CHATTY_CONFIG_BYTES);
    memcpy(out, b.data, b.len);
    buf_fini(&b);
}

static int chatty_create(const struct act_setup *setup, struct act_actor **out, struct buf *why)
{
    struct rd r = rd_from(setup->config);
    struct chatty_config config = {
        .mode = (enum chatty_mode)rd_u32(&r),
        .n_actors = rd_u32(&r),
        .budget = rd_u32(&r),
        .at = rd_u64(&r),
    };
    if (rd_end(&r) != 0 || config.mode == CHATTY_UNWILLING) {
        buf_printf(why, "%s is not willing", setup->name);
        return ERR_INVALID;
    }
    struct act_actor *a = calloc(1, sizeof(*a));
    if (a == NULL) {
        return ERR_NOMEM;
    }
    a->setup = *setup;
    a->config = config;
    uint64_t seed = 0;
    memcpy(&seed, setup->entropy.b, sizeof(seed));
    prng_init(&a->prng, seed, setup->name);
    *out = a;
    return 0;
}

static void chatty_destroy(struct act_actor **a)
{
    free(*a);
    *a = NULL;
}

static int chatty_work(const struct act_actor *a, uint32_t kind, struct bytes request,
                       struct buf *result)
{
    struct hash32 h;
    hash_sha256(request, &h);
    if (kind == WORK_FOREVER) {
        for (;;) {
            (void)pause();
        }
    }
    for (int i = 0; i < 200; i++) {
        hash_sha256(BYTES_OF(h), &h);
        buf_append_bytes(result, BYTES_OF(h));
    }
    return kind == WORK_EXPAND ? result->err : ERR_PROOF;
}

static void misbehave(const struct act_actor *a)
{
    if (a->steps != a->config.at) {
        return;
    }
    switch (a->config.mode) {
    case CHATTY_ABORTS:
        (void)fprintf(stderr, "something went terribly wrong\n");
        abort();
    case CHATTY_EXITS:
        exit(3);
    case CHATTY_HANGS:
        (void)fprintf(stderr, "about to hang\n");
        for (;;) {
            (void)pause();
        }
    default:
        return;
    }
}

static uint64_t draw(struct act_actor *a, uint64_t bound)
{
    return prng_below(&a->prng, bound);
}

static void send_something(struct act_actor *a, struct act_effects *out)
{
    static const size_t sizes[] = {0, 1, 20, 300, 5000, 70000};
    if (a->sent >= a->config.budget) {
        return;
    }
    a->sent++;
    size_t len = sizes[draw(a, 6)];
    struct buf body = {0};
    uint64_t word = prng_next(&a->prng);
    while (body.len < len) {
        wr_u64(&body, word++);
    }
    /* 0 is the host, its own id comes back at once. */
    act_send(out, (uint32_t)draw(a, a->config.n_actors + 1), buf_view(&body));
    buf_fini(&body);
}

static void play_with_timers(struct act_actor *a, const struct act_event *ev,
                             struct act_effects *out)
{
    uint64_t id = draw(a, TIMERS);
    if (draw(a, 4) == 0) {
        act_cancel(out, id);
    } else if (a->sent < a->config.budget) {
        act_arm(out, id, sim_time_add(ev->now, (int64_t)draw(a, 5 * NS_PER_MS) - NS_PER_MS / 10));
    }
}

static int remember(struct act_actor *a, const struct act_event *ev, struct act_effects *out)
{
    struct act_store *disk = a->setup.store;
    uint64_t slot = draw(a, 8);
    struct bytes key = bytes_of(&slot, sizeof(slot));
    struct buf held = {0};
    int rc = disk->ops->get(disk, key, &held);
    if (rc == 0) {
        struct hash32 h;
        hash_sha256(buf_view(&held), &h);
        act_record(out, BYTES_OF(h));
    }
    buf_append_bytes(&held, bytes_of(ev->body.data, ev->body.len < 32 ? ev->body.len : 32));
    if (rc == 0 || rc == ERR_NOTFOUND) {
        rc = held.len > 4000 ? disk->ops->del(disk, key)
                             : disk->ops->put(disk, key, buf_view(&held));
    }
    buf_fini(&held);
    return rc;
}

static int talk(struct act_actor *a, const struct act_event *ev, struct act_effects *out)
{
    /* What arrives steers what follows, so that runs that differ drift apart. */
    struct hash32 h;
    hash_sha256(ev->body, &h);
    a->prng.s[0] ^= h.b[0] ^ (uint64_t)ev->from << 8;
    uint64_t talks = ev->kind == ACT_START ? 4 : 1 + (draw(a, 6) == 0);
    for (uint64_t i = 0; i < talks; i++) {
        send_something(a, out);
    }
    play_with_timers(a, ev, out);
    if (draw(a, 10) == 0) {
        act_work(out, a->works++, draw(a, 4) == 0 ? WORK_FAIL : WORK_EXPAND,
                 bytes_of(ev->body.data, ev->body.len < 50 ? ev->body.len : 50),
                 (int64_t)draw(a, 3 * NS_PER_MS));
    }
    if (draw(a, 12) == 0) {
        act_reject(out, ev->from, (enum act_reject_reason)draw(a, ACT_REJECT_REASONS),
                   "step %" PRIu64, a->steps);
    }
    return remember(a, ev, out);
}

static int chatty_step(struct act_actor *a, const struct act_event *ev, struct act_effects *out)
{
    a->steps++;
    misbehave(a);
    if (a->config.mode == CHATTY_BOUNCES) {
        uint32_t to = ev->kind == ACT_START ? a->setup.id % a->config.n_actors + 1 : ev->from;
        act_send(out, to, bytes_of("0123456789abcdef", 16));
        return 0;
    }
    if (a->config.mode == CHATTY_WORKS_LONG && ev->kind == ACT_START) {
        act_work(out, 1, WORK_FOREVER, (struct bytes){0}, INT64_MAX);
    }
    int rc = talk(a, ev, out);
    return a->config.mode == CHATTY_FAILS && a->steps == a->config.at ? ERR_IO : rc;
}

const struct act_class chatty_class = {
    .role = "chatty",
    .create = chatty_create,
    .step = chatty_step,
    .work = chatty_work,
    .destroy = chatty_destroy,
};

void chatty_stage_mode(struct chatty_stage *s, uint32_t id, enum chatty_mode mode, uint64_t at)
{
    struct chatty_config config = {
        .mode = mode,
        .n_actors = (uint32_t)s->cluster.n,
        .budget = s->budget,
        .at = at,
    };
    chatty_pack(&config, s->configs[id - 1]);
}

void chatty_stage_init(struct chatty_stage *s, size_t n, uint32_t budget, const char *program)
{
    CHECK(n <= CHATTY_MAX);
    *s = (struct chatty_stage){.cluster = {s->actors, n}};
    s->options.seed = 1;
    s->budget = budget;
    for (uint32_t id = 1; id <= n; id++) {
        (void)snprintf(s->names[id - 1], sizeof(s->names[0]), "chatty-%" PRIu32, id);
        chatty_stage_mode(s, id, CHATTY_TALKS, 0);
        s->actors[id - 1] = (struct run_cluster_actor){
            .name = s->names[id - 1],
            .class = &chatty_class,
            .program = program,
            .config = bytes_of(s->configs[id - 1], CHATTY_CONFIG_BYTES),
            .entropy = {{(uint8_t)id, 1, 2, 3}},
        };
    }
    s->rules[0] = (struct run_link_rule){.params = {.delay_ns = NS_PER_MS,
                                                    .jitter_ns = 2 * NS_PER_MS,
                                                    .loss_ppm = 30000,
                                                    .duplicate_ppm = 20000}};
    s->rules[1] = (struct run_link_rule){.from = 1, .params = {.delay_ns = NS_PER_MS}};
    s->cuts[0] = (struct run_cut){0, 1, {5 * NS_PER_MS}, {9 * NS_PER_MS}};
    s->script[0] =
        (struct run_script_item){.at = {3 * NS_PER_MS}, .actor = 1, .body = bytes_str("go on")};
    s->script[1] = (struct run_script_item){
        .kind = RUN_SCRIPT_CRASH, .at = {7 * NS_PER_MS}, .actor = (uint32_t)n};
    s->script[2] = (struct run_script_item){.kind = RUN_SCRIPT_RESTART,
                                            .at = {11 * NS_PER_MS},
                                            .actor = (uint32_t)n,
                                            .keep_disk = true};
    s->script[3] = (struct run_script_item){
        .kind = RUN_SCRIPT_RESTART, .at = {13 * NS_PER_MS}, .actor = (uint32_t)n};
    s->script[4] = (struct run_script_item){
        .at = {4 * NS_PER_MS}, .actor = 1, .from = (uint32_t)n, .body = bytes_str("forged")};
    s->script[5] = (struct run_script_item){
        .at = {8 * NS_PER_MS}, .actor = (uint32_t)n, .from = 1, .body = bytes_str("finds it down")};
    s->options.network = (struct run_network){s->rules, 2, s->cuts, 1};
    s->options.script = (struct run_script){s->script, 6};
}
