#include "common/runtime/child.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/runtime/ctl.h"
#include "common/runtime/instance.h"
#include "common/runtime/pool.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define EXIT_USAGE 64
#define EXIT_INTERNAL 70

/* The conductor is trusted, but not without bounds. What goes back stays under the conductor's
 * limit because instance_step holds every step to step_bytes. */
#define MESSAGE_MAX (RUN_MESSAGE_BYTES_MAX + (UINT64_C(1) << 20))
#define WELCOME_TIMEOUT_MS 60000

struct child {
    const struct act_class *class;
    const struct run_resources_ops *resources_ops;
    const char *version;
    const char *endpoint;
    uint32_t id;
    uint8_t token[CTL_TOKEN_BYTES];
    pid_t conductor;
    void *zmq;
    void *socket;
    struct arena arena; /* the message at hand */
    struct arena setup; /* Welcome: the actor borrows from it */
    const void *resources;
    struct instance instance;
    struct pool *pool; /* NULL if Welcome was refused */
    uint64_t works;    /* started in this life */
    struct act_effects effects;
    struct buf result; /* of the work being delivered */
};

static int complain(const struct child *c, const char *what)
{
    (void)fprintf(stderr, "%s: %s\n", c->class->role, what);
    return EXIT_INTERNAL;
}

/* No orphans: the kernel kills this process with its conductor. */
static bool die_with_conductor(const struct child *c)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        return false;
    }
    return getppid() == c->conductor; /* else it died before the call above */
}

static bool read_environment(struct child *c)
{
    const size_t digits = 2 * sizeof(c->token);
    const char *text = getenv(CTL_ENV);
    char hex[sizeof(c->token) * 2 + 1] = "";
    if (text == NULL || strlen(text) <= digits || text[digits] != ' ') {
        return false;
    }
    memcpy(hex, text, digits);
    char *end = NULL;
    errno = 0;
    long pid = strtol(text + digits + 1, &end, 10);
    if (errno != 0 || *end != 0 || pid <= 0 || pid > INT32_MAX) {
        return false;
    }
    c->conductor = (pid_t)pid;
    return hex_decode(hex, c->token, sizeof(c->token)) == 0;
}

static int send_control(struct child *c, const Control__Control *msg)
{
    return ctl_send(c->socket, NULL, msg);
}

static int say_hello(struct child *c)
{
    Control__Hello hello = CONTROL__HELLO__INIT;
    hello.protocol = CTL_PROTOCOL;
    hello.version = (char *)(uintptr_t)c->version;
    hello.id = c->id;
    hello.pid = getpid();
    hello.role = (char *)(uintptr_t)c->class->role;
    hello.token = (ProtobufCBinaryData){sizeof(c->token), c->token};
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_HELLO;
    msg.hello = &hello;
    return send_control(c, &msg);
}

static int say_ready(struct child *c, int rc, struct buf *why)
{
    Control__Ready ready = CONTROL__READY__INIT;
    ready.rc = rc;
    ready.why = (char *)(uintptr_t)buf_cstr(why);
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_READY;
    msg.ready = &ready;
    return send_control(c, &msg);
}

static int say_bye(struct child *c)
{
    int linger_ms = WELCOME_TIMEOUT_MS;
    (void)zmq_setsockopt(c->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
    Control__Bye bye = CONTROL__BYE__INIT;
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_BYE;
    msg.bye = &bye;
    return send_control(c, &msg);
}

static int set_timeout(struct child *c, int ms)
{
    return zmq_setsockopt(c->socket, ZMQ_RCVTIMEO, &ms, sizeof(ms)) == 0 ? 0 : ERR_IO;
}

static int open_socket(struct child *c)
{
    c->zmq = zmq_ctx_new();
    c->socket = c->zmq != NULL ? zmq_socket(c->zmq, ZMQ_DEALER) : NULL;
    if (c->socket == NULL) {
        return ERR_NOMEM;
    }
    int rc = ctl_tune(c->socket, MESSAGE_MAX);
    if (rc == 0) {
        rc = set_timeout(c, WELCOME_TIMEOUT_MS);
    }
    if (rc == 0 && zmq_connect(c->socket, c->endpoint) != 0) {
        rc = ERR_IO;
    }
    return rc;
}

static struct bytes view_of(ProtobufCBinaryData b)
{
    return bytes_of(b.data, b.len);
}

/* Takes on what Welcome says. Returns: 0 or a code for Ready. */
static int settle_in(struct child *c, const Control__Welcome *w, struct buf *why)
{
    struct act_setup setup = {.id = c->id, .name = w->name, .config = view_of(w->config)};
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    if (w->entropy.len != sizeof(setup.entropy.b) || w->worker_cpus.len > sizeof(cpus)) {
        return ERR_CORRUPT;
    }
    memcpy(setup.entropy.b, w->entropy.data, w->entropy.len);
    if (w->worker_cpus.len > 0) {
        memcpy(&cpus, w->worker_cpus.data, w->worker_cpus.len);
    }
    if (w->resources_path[0] != 0 && c->resources_ops != NULL) {
        int rc = c->resources_ops->load(w->resources_path, &c->resources, why);
        if (rc != 0) {
            return rc;
        }
    }
    setup.resources = c->resources;
    instance_init(&c->instance, c->class, &setup, w->disk_bytes, w->step_bytes);
    int rc = pool_new(c->class, w->worker_cpus.len > 0 ? &cpus : NULL, &c->pool);
    return rc == 0 ? instance_begin(&c->instance, why) : rc;
}

static int shake_hands(struct child *c)
{
    CLEANUP(buf_fini) struct buf why = {0};
    Control__Control *msg = NULL;
    int rc = say_hello(c);
    if (rc == 0) {
        rc = ctl_recv(c->socket, NULL, 0, &c->setup, &msg);
    }
    if (rc != 0) {
        return rc;
    }
    if (msg == NULL || msg->kind_case != CONTROL__CONTROL__KIND_WELCOME) {
        return ERR_CORRUPT;
    }
    int failed = settle_in(c, msg->welcome, &why);
    rc = say_ready(c, failed, &why);
    return rc == 0 ? set_timeout(c, -1) : rc;
}

/* Hands every work effect to the pool. Returns: 0 or ERR_NOMEM. */
static int start_works(struct child *c)
{
    for (size_t i = 0; i < c->effects.n; i++) {
        const struct act_effect *fx = &c->effects.items[i];
        if (fx->kind == ACT_WORK) {
            int rc = pool_start(c->pool, c->works++, c->instance.actor, fx->work_kind, fx->body);
            if (rc != 0) {
                return rc;
            }
        }
    }
    return 0;
}

static void fill_effect(const struct act_effect *fx, Control__Effect *out)
{
    control__effect__init(out);
    out->kind = (uint32_t)fx->kind;
    out->peer = fx->peer;
    out->id = fx->id;
    out->work_kind = fx->work_kind;
    out->at_ns = fx->at.ns;
    out->cost_ns = fx->cost_ns;
    out->reason = (uint32_t)fx->reason;
    if (fx->body != NULL && fx->kind != ACT_WORK) {
        out->body.data = (uint8_t *)(uintptr_t)fx->body->view.data;
        out->body.len = fx->body->view.len;
    }
}

/* Completes `reply` with the effects and sends it. */
static int send_effects(struct child *c, Control__Effects *reply)
{
    enum { FEW = 16 };
    Control__Effect few[FEW];
    Control__Effect *few_places[FEW];
    Control__Effect *effects = few;
    Control__Effect **places = few_places;
    CLEANUP(cleanup_free) Control__Effect *many = NULL;
    CLEANUP(cleanup_free) Control__Effect **many_places = NULL;
    if (c->effects.n > FEW) {
        many = calloc(c->effects.n, sizeof(*many));
        many_places = calloc(c->effects.n, sizeof(Control__Effect *));
        if (many == NULL || many_places == NULL) {
            return ERR_NOMEM;
        }
        effects = many;
        places = many_places;
    }
    for (size_t i = 0; i < c->effects.n; i++) {
        fill_effect(&c->effects.items[i], &effects[i]);
        places[i] = &effects[i];
    }
    reply->n_effects = c->effects.n;
    reply->effects = places;
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_EFFECTS;
    msg.effects = reply;
    return send_control(c, &msg);
}

static int do_step(struct child *c, const Control__Step *step)
{
    struct act_event ev = {
        .kind = (enum act_event_kind)step->kind,
        .now = {step->now_ns},
        .from = step->from,
        .id = step->id,
        .work_kind = step->work_kind,
        .body = view_of(step->body),
    };
    struct hash32 hash;
    Control__Effects reply = CONTROL__EFFECTS__INIT;
    reply.seq = step->seq;
    if (ev.kind == ACT_WORK_DONE) {
        int rc = pool_collect(c->pool, step->work_seq, &ev.work_rc, &c->result);
        if (rc != 0) {
            return rc;
        }
        ev.body = buf_view(&c->result);
        hash_sha256(ev.body, &hash);
        reply.work_rc = ev.work_rc;
        reply.result_bytes = ev.body.len;
        reply.result_hash = (ProtobufCBinaryData){sizeof(hash.b), hash.b};
    }
    act_effects_clear(&c->effects);
    reply.rc = instance_step(&c->instance, &ev, &c->effects);
    int rc = start_works(c);
    return rc == 0 ? send_effects(c, &reply) : rc;
}

static void do_crash(struct child *c)
{
    pool_drop(c->pool);
    instance_end(&c->instance);
    c->works = 0;
}

static int do_restart(struct child *c, bool keep_disk)
{
    CLEANUP(buf_fini) struct buf why = {0};
    if (!keep_disk) {
        store_mem_wipe(&c->instance.disk);
    }
    return say_ready(c, instance_begin(&c->instance, &why), &why);
}

/* Returns: 0 to go on, 1 to stop, or a negative code. */
static int obey(struct child *c, const Control__Control *msg)
{
    if (msg == NULL || (c->pool == NULL && msg->kind_case != CONTROL__CONTROL__KIND_STOP)) {
        return ERR_CORRUPT;
    }
    switch (msg->kind_case) {
    case CONTROL__CONTROL__KIND_STEP:
        return c->instance.actor != NULL && msg->step->kind <= ACT_WORK_DONE ? do_step(c, msg->step)
                                                                             : ERR_CORRUPT;
    case CONTROL__CONTROL__KIND_CRASH:
        do_crash(c);
        return 0;
    case CONTROL__CONTROL__KIND_RESTART:
        return c->instance.actor == NULL ? do_restart(c, msg->restart->keep_disk) : ERR_CORRUPT;
    case CONTROL__CONTROL__KIND_STOP:
        return 1;
    default:
        return ERR_CORRUPT;
    }
}

static void child_fini(struct child *c)
{
    pool_destroy(&c->pool);
    if (c->instance.class != NULL) {
        instance_fini(&c->instance);
    }
    act_effects_fini(&c->effects);
    buf_fini(&c->result);
    if (c->resources != NULL) {
        c->resources_ops->unload(&c->resources);
    }
    arena_fini(&c->arena);
    arena_fini(&c->setup);
    if (c->socket != NULL) {
        (void)zmq_close(c->socket);
    }
    if (c->zmq != NULL) {
        (void)zmq_ctx_term(c->zmq);
    }
}

static int serve(struct child *c)
{
    int rc = open_socket(c);
    if (rc == 0) {
        rc = shake_hands(c);
    }
    while (rc == 0) {
        Control__Control *msg = NULL;
        rc = ctl_recv(c->socket, NULL, 0, &c->arena, &msg);
        if (rc == 0) {
            rc = obey(c, msg);
        }
    }
    if (rc == ERR_CORRUPT) {
        return complain(c, "the conductor sent something that makes no sense");
    }
    if (rc < 0) {
        return complain(c, err_text(rc));
    }
    rc = say_bye(c);
    if (rc == 0 && c->pool != NULL && pool_busy(c->pool)) {
        /* A long computation nobody waits for any more must not hold up the end. */
        (void)zmq_close(c->socket);
        (void)zmq_ctx_term(c->zmq);
        _exit(0);
    }
    return rc == 0 ? 0 : complain(c, err_text(rc));
}

static int usage(const char *program, const char *role, FILE *to)
{
    (void)fprintf(to,
                  "Usage: %s --connect ENDPOINT --id N\n"
                  "The process of a %s. It is started by a conductor (lockstep run), which owns\n"
                  "its clock, its messages and its end.\n"
                  "  --connect ENDPOINT  the conductor's ZeroMQ endpoint\n"
                  "  --id N              which actor of the cluster to be\n"
                  "  --version           print role and version\n"
                  "  --help              print this\n",
                  program, role);
    return to == stdout ? 0 : EXIT_USAGE;
}

/* Returns: -1 to go on, or the exit code. */
static int parse(struct child *c, int argc, char **argv)
{
    static const struct option options[] = {
        {"connect", required_argument, NULL, 'c'},
        {"id", required_argument, NULL, 'i'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            c->endpoint = optarg;
            break;
        case 'i': {
            char *end = NULL;
            errno = 0;
            unsigned long id = strtoul(optarg, &end, 10);
            if (errno != 0 || *end != 0 || id == 0 || id > RUN_ACTORS_MAX) {
                return usage(argv[0], c->class->role, stderr);
            }
            c->id = (uint32_t)id;
            break;
        }
        case 'V':
            (void)printf("lockstep %s %s\n", c->class->role, c->version);
            return 0;
        case 'h':
            return usage(argv[0], c->class->role, stdout);
        default:
            return usage(argv[0], c->class->role, stderr);
        }
    }
    return c->endpoint != NULL && c->id != 0 && optind == argc
               ? -1
               : usage(argv[0], c->class->role, stderr);
}

int child_main(int argc, char **argv, const struct act_class *class,
               const struct run_resources_ops *resources, const char *version)
{
    CLEANUP(child_fini)
    struct child c = {.class = class, .resources_ops = resources, .version = version};
    int code = parse(&c, argc, argv);
    if (code >= 0) {
        return code;
    }
    if (!read_environment(&c)) {
        return complain(&c, "--connect is for a conductor; " CTL_ENV " is missing or malformed");
    }
    if (!die_with_conductor(&c)) {
        return complain(&c, "the conductor is gone");
    }
    if (arena_init(&c.arena, MESSAGE_MAX) != 0 || arena_init(&c.setup, MESSAGE_MAX) != 0) {
        return complain(&c, err_text(ERR_NOMEM));
    }
    return serve(&c);
}

int run_actor_main(int argc, char **argv, const struct act_class *class,
                   const struct run_resources_ops *resources)
{
    return child_main(argc, argv, class, resources, CHILD_VERSION);
}
