/* Running a cluster of actors: what to run, under which conditions, and what came of it.
 *
 * Two hosts carry out the same virtual-time simulation and give the same fingerprint: run_inproc
 * calls the actors in this process, run_procs starts one process per actor and drives them over
 * ZeroMQ. Events are delivered one by one in the order (time, destination, source, per-source
 * sequence); effects are carried out in the order the actor gave them. */
#ifndef RUNTIME_RUN_H
#define RUNTIME_RUN_H

#include "common/actor/act.h"

#include <sys/types.h>

/* One party. Everything is borrowed for the whole run. */
struct run_cluster_actor {
    const char *name;              /* unique, non-empty, without '/' and not starting with '.' */
    const char *role;              /* what the program must say it is; NULL takes class->role */
    const struct act_class *class; /* run_inproc */
    const char *program;           /* run_procs: path of the executable */
    struct bytes config;           /* act_setup.config */
    struct hash32 entropy;         /* act_setup.entropy */
    uint64_t disk_bytes;           /* capacity of its store; 0 means no limit */
};

/* Actors get the ids 1..n in this order. */
struct run_cluster {
    const struct run_cluster_actor *actors;
    size_t n;
};

#define RUN_ACTORS_MAX 1024

struct run_link_params {
    int64_t delay_ns;
    int64_t jitter_ns; /* uniform 0..jitter_ns on top */
    uint32_t loss_ppm; /* parts per million */
    uint32_t duplicate_ppm;
};

/* Later rules win. 0 in from or to stands for every actor. */
struct run_link_rule {
    uint32_t from;
    uint32_t to;
    struct run_link_params params;
};

/* Whatever is sent from `from` to `to` in [begin, end) is lost. 0 stands for every actor. */
struct run_cut {
    uint32_t from;
    uint32_t to;
    struct sim_time begin;
    struct sim_time end;
};

struct run_network {
    const struct run_link_rule *rules; /* without a rule: no delay, no loss */
    size_t n_rules;
    const struct run_cut *cuts;
    size_t n_cuts;
};

enum run_script_kind {
    RUN_SCRIPT_MESSAGE, /* arrives at `at`, whatever the network between the two is like */
    RUN_SCRIPT_CRASH,   /* forget timers, works and memory; what arrives meanwhile is dropped */
    RUN_SCRIPT_RESTART, /* a new life, beginning with ACT_START; crashes a running actor first */
};

struct run_script_item {
    enum run_script_kind kind;
    struct sim_time at;
    uint32_t actor;
    uint32_t from;     /* MESSAGE: whom it seems to come from; ACT_HOST, or an actor, up or not */
    struct bytes body; /* MESSAGE */
    bool keep_disk;    /* RESTART: false wipes the store */
};

struct run_script {
    const struct run_script_item *items;
    size_t n;
};

#define RUN_MESSAGE_BYTES_DEFAULT (UINT64_C(16) << 20)
#define RUN_MESSAGE_BYTES_MAX (UINT64_C(512) << 20)
#define RUN_STEP_BYTES_DEFAULT (UINT64_C(64) << 20)
#define RUN_STEP_BYTES_MAX (UINT64_C(1) << 30)

/* 0 stands for the default. */
struct run_limits {
    uint64_t events;        /* delivered; default 1,000,000,000 */
    int64_t time_ns;        /* virtual; default none */
    uint64_t queue_events;  /* waiting at once; default 4,000,000 */
    uint64_t queue_bytes;   /* bodies waiting at once; default 4 GiB */
    uint64_t message_bytes; /* one body */
    uint64_t step_bytes;    /* all bodies of one step */
    int64_t wall_ms;        /* real time the run may take; default none */
};

/* Out: the limits with defaults filled in. Returns: 0 or ERR_INVALID with a sentence in `why`. */
int run_limits_fill(const struct run_limits *given, struct run_limits *out,
                    struct buf *why) MUST_CHECK;

struct sched;

enum run_life {
    RUN_LIFE_CRASHED, /* by the script or an observer */
    RUN_LIFE_RESTARTED,
    RUN_LIFE_FAILED, /* its step returned the negative code `rc` */
};

/* Called while the run goes on; any member may be NULL. Views are borrowed for the call. An
 * observer may call the functions of common/runtime/sched.h that take the handle, nothing else. */
struct run_observer {
    void *ctx;
    /* A step has been carried out; its effects follow. The body of WORK_DONE is left empty. */
    void (*on_deliver)(void *ctx, struct sched *s, uint32_t actor, const struct act_event *ev);
    void (*on_record)(void *ctx, struct sched *s, struct sim_time now, uint32_t actor,
                      struct bytes record);
    void (*on_reject)(void *ctx, struct sched *s, struct sim_time now, uint32_t actor,
                      uint32_t peer, enum act_reject_reason reason, struct bytes detail);
    /* An actor sent a message to ACT_HOST. */
    void (*on_host)(void *ctx, struct sched *s, struct sim_time now, uint32_t actor,
                    struct bytes body);
    void (*on_life)(void *ctx, struct sched *s, struct sim_time now, uint32_t actor,
                    enum run_life what, int rc);
    /* run_procs: the process of an actor has been started. Before the simulation begins. */
    void (*on_process)(void *ctx, uint32_t actor, pid_t pid);
};

/* Large read-only tables that actors share, loaded once per process from a file. */
struct run_resources_ops {
    /* Out: what act_setup.resources will point to. Returns: 0 or a negative code with a sentence
     * in `why`. */
    int (*load)(const char *path, const void **out, struct buf *why);
    void (*unload)(const void **resources);
};

enum run_transport {
    RUN_IPC, /* a Unix socket of a random abstract name, for processes of this user */
    RUN_TCP, /* 127.0.0.1, a port the system chooses */
};

struct run_options {
    uint64_t seed; /* of the network; actors get their own entropy */
    struct run_network network;
    struct run_script script;
    struct run_limits limits;
    struct run_observer observer;
    const char *resources_path;                /* NULL: none */
    const struct run_resources_ops *resources; /* run_inproc; in run_procs the program knows */
    /* run_procs only */
    enum run_transport transport;
    bool no_pin;              /* by default everything runs on the CPU the caller is on, as the
                               * wake-up of an idle core costs more than a step; works do not */
    const char *out_dir;      /* existing directory for <name>.stderr; NULL: kept in memory */
    int64_t step_timeout_ms;  /* real time; default 60,000; includes waiting for a work's result */
    int64_t start_timeout_ms; /* real time until every process is ready; default 30,000 */
};

enum run_end {
    RUN_END_IDLE,    /* nothing left to deliver */
    RUN_END_STOPPED, /* sched_stop */
    RUN_END_EVENTS,  /* limits.events */
    RUN_END_TIME,    /* limits.time_ns */
    RUN_END_QUEUE,   /* limits.queue_events or limits.queue_bytes */
    RUN_END_WALL,    /* limits.wall_ms */
};

/* Returns: "idle", "stopped", ...; static storage. */
const char *run_end_name(enum run_end end);

struct run_link_stats {
    uint32_t from;
    uint32_t to;
    uint64_t sent;
    uint64_t delivered; /* duplicates count */
    uint64_t lost;      /* by chance */
    uint64_t cut;       /* by a partition */
    uint64_t duplicated;
};

struct run_actor_stats {
    uint64_t messages; /* delivered */
    uint64_t timers;   /* fired */
    uint64_t works;    /* done */
    uint64_t sent;
    uint64_t sent_bytes; /* of bodies */
    uint64_t records;
    uint64_t dropped; /* messages that found it down */
    uint64_t lives;
    bool up;       /* at the end */
    int failed_rc; /* of the last step that failed, 0 if none */
    uint64_t rejects[ACT_REJECT_REASONS];
    uint64_t *rejects_by_peer; /* [peer * ACT_REJECT_REASONS + reason]; NULL if none; peers that
                                * do not exist count as 0 */
};

struct run_result {
    enum run_end end;
    struct sim_time now; /* of the last event */
    uint64_t delivered;  /* events */
    struct hash32 fingerprint;
    struct run_actor_stats *actors; /* [id - 1] */
    size_t n_actors;
    struct run_link_stats *links;
    size_t n_links;
    /* run_procs */
    uint64_t strangers;   /* messages from nobody we know, ignored */
    uint64_t disconnects; /* connections that ended before the run did: their other end closed them,
                           * or sent garbage or a frame beyond the limit */
    int64_t ready_ns;     /* real time from the first spawn until all were ready */
};

void run_result_fini(struct run_result *r);

/* Returns: how often `actor` refused a message of `peer` for `reason`; 0 for ids that do not
 * exist. */
uint64_t run_rejects(const struct run_result *r, uint32_t actor, uint32_t peer,
                     enum act_reject_reason reason);

/* Runs the cluster to its end. Out: *result, to be released with run_result_fini; on failure it is
 * untouched and `why` holds a sentence.
 * Returns: 0 however the run ended; ERR_INVALID for a cluster, options or an effect that make no
 * sense; ERR_NOMEM; whatever act_class.create or the loading of resources returned. */
int run_inproc(const struct run_cluster *cluster, const struct run_options *options,
               struct run_result *result, struct buf *why) MUST_CHECK;

/* The same with one process per actor. Returns in addition: ERR_NOTFOUND for a program that is
 * missing, ERR_UNSUPPORTED for one of another version or role, ERR_CRASHED for a process that
 * ended, ERR_TIMEOUT for one that hangs, ERR_IO. Leaves no process behind. The calling thread must
 * not have other children of these pids to wait for; SIGCHLD is not used. */
int run_procs(const struct run_cluster *cluster, const struct run_options *options,
              struct run_result *result, struct buf *why) MUST_CHECK;

/* main() of an actor's program: `--connect ENDPOINT --id N` (used by run_procs), `--version`,
 * `--help`. In: resources may be NULL. Returns: the exit code. */
int run_actor_main(int argc, char **argv, const struct act_class *class,
                   const struct run_resources_ops *resources);

#endif
