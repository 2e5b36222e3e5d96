/* A test actor that uses everything the step contract offers: messages of all sizes, timers that
 * are replaced and cancelled, works that succeed and fail, records, refusals, the store. What it
 * does looks random and is a function of its entropy and of what it was sent. */
#ifndef TESTS_CHATTY_H
#define TESTS_CHATTY_H

#include "common/runtime/run.h"

extern const struct act_class chatty_class;

enum chatty_mode {
    CHATTY_TALKS,
    CHATTY_BOUNCES, /* forever sends back one small message; no state */
    CHATTY_ABORTS,  /* at step number `at`: says so on stderr and aborts */
    CHATTY_EXITS,   /* exit code 3 */
    CHATTY_HANGS,
    CHATTY_FAILS,      /* returns ERR_IO */
    CHATTY_UNWILLING,  /* create fails */
    CHATTY_WORKS_LONG, /* starts a work that never ends and is never due */
};

struct chatty_config {
    enum chatty_mode mode;
    uint32_t n_actors;
    uint32_t budget; /* messages it may send in one life */
    uint64_t at;
};

#define CHATTY_CONFIG_BYTES 20

void chatty_pack(const struct chatty_config *config, uint8_t out[CHATTY_CONFIG_BYTES]);

#define CHATTY_MAX 16

/* A cluster of n chatty actors over a lossy network with jitter, a script that crashes and restarts
 * some, and everything the runs need. */
struct chatty_stage {
    char names[CHATTY_MAX][16];
    uint8_t configs[CHATTY_MAX][CHATTY_CONFIG_BYTES];
    struct run_cluster_actor actors[CHATTY_MAX];
    struct run_cluster cluster;
    uint32_t budget;
    struct run_link_rule rules[2];
    struct run_cut cuts[1];
    struct run_script_item script[6];
    struct run_options options;
};

/* In: program is the path of the chatty program, NULL for runs in one process. */
void chatty_stage_init(struct chatty_stage *s, size_t n, uint32_t budget, const char *program);

/* Gives actor `id` another mode. */
void chatty_stage_mode(struct chatty_stage *s, uint32_t id, enum chatty_mode mode, uint64_t at);

#endif
