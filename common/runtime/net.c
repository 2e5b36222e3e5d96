#include "common/runtime/net.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"

#include <stdlib.h>

#define PPM_ALL 1000000

static bool matches(uint32_t from, uint32_t to, uint32_t rule_from, uint32_t rule_to)
{
    return (rule_from == 0 || rule_from == from) && (rule_to == 0 || rule_to == to);
}

static bool params_ok(const struct run_link_params *p)
{
    return p->delay_ns >= 0 && p->jitter_ns >= 0 && p->jitter_ns < INT64_MAX &&
           p->loss_ppm <= PPM_ALL && p->duplicate_ppm <= PPM_ALL;
}

int net_init(struct net *net, const struct run_cluster *cluster, uint64_t seed,
             const struct run_network *config, struct buf *why)
{
    CLEANUP(net_fini)
    struct net made = {
        .seed = seed,
        .cluster = cluster,
        .rules = config->rules,
        .n_rules = config->n_rules,
    };
    for (size_t i = 0; i < config->n_rules; i++) {
        const struct run_link_rule *rule = &config->rules[i];
        if (rule->from > cluster->n || rule->to > cluster->n || !params_ok(&rule->params)) {
            buf_printf(why,
                       "link rule %zu names an actor that does not exist or a rate or time "
                       "out of range",
                       i);
            return ERR_INVALID;
        }
    }
    made.links = calloc((cluster->n + 1) * (cluster->n + 1), sizeof(struct net_link *));
    if (made.links == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < config->n_cuts; i++) {
        int rc = net_cut(&made, &config->cuts[i]);
        if (rc != 0) {
            buf_printf(why, "partition %zu: %s", i, err_text(rc));
            return rc;
        }
    }
    *net = made;
    made = (struct net){0};
    return 0;
}

void net_fini(struct net *net)
{
    if (net->links != NULL) {
        size_t n = (net->cluster->n + 1) * (net->cluster->n + 1);
        for (size_t i = 0; i < n; i++) {
            free(net->links[i]);
        }
    }
    free(net->links);
    free(net->cuts);
    *net = (struct net){0};
}

static struct net_link **link_at(const struct net *net, uint32_t from, uint32_t to)
{
    CHECK(from >= 1 && from <= net->cluster->n && to >= 1 && to <= net->cluster->n);
    return &net->links[from * (net->cluster->n + 1) + to];
}

static struct net_link *link_new(const struct net *net, uint32_t from, uint32_t to)
{
    struct net_link *link = calloc(1, sizeof(*link));
    if (link == NULL) {
        return NULL;
    }
    link->stats.from = from;
    link->stats.to = to;
    for (size_t i = 0; i < net->n_rules; i++) {
        if (matches(from, to, net->rules[i].from, net->rules[i].to)) {
            link->params = net->rules[i].params;
        }
    }
    CLEANUP(buf_fini) struct buf purpose = {0};
    buf_printf(&purpose, "link %s %s", net->cluster->actors[from - 1].name,
               net->cluster->actors[to - 1].name);
    const char *text = buf_cstr(&purpose);
    if (purpose.err != 0 || text[0] == 0) {
        free(link);
        return NULL;
    }
    prng_init(&link->prng, net->seed, text);
    return link;
}

static bool is_cut(const struct net *net, uint32_t from, uint32_t to, struct sim_time now)
{
    for (size_t i = 0; i < net->n_cuts; i++) {
        const struct run_cut *cut = &net->cuts[i];
        if (now.ns >= cut->begin.ns && now.ns < cut->end.ns &&
            matches(from, to, cut->from, cut->to)) {
            return true;
        }
    }
    return false;
}

static struct sim_time arrival(const struct run_link_params *p, struct sim_time now,
                               uint64_t jitter_ns)
{
    return sim_time_add(sim_time_add(now, p->delay_ns), (int64_t)jitter_ns);
}

int net_send(struct net *net, uint32_t from, uint32_t to, struct sim_time now,
             struct net_fate *fate)
{
    struct net_link **place = link_at(net, from, to);
    if (*place == NULL) {
        *place = link_new(net, from, to);
        if (*place == NULL) {
            return ERR_NOMEM;
        }
    }
    struct net_link *link = *place;
    const struct run_link_params *p = &link->params;
    uint64_t bound = (uint64_t)p->jitter_ns + 1;
    bool lost = prng_chance_ppm(&link->prng, p->loss_ppm);
    bool twice = prng_chance_ppm(&link->prng, p->duplicate_ppm);
    uint64_t first = prng_below(&link->prng, bound);
    uint64_t second = prng_below(&link->prng, bound);
    *fate = (struct net_fate){.copies = 1};
    link->stats.sent++;
    if (is_cut(net, from, to, now)) {
        link->stats.cut++;
        fate->copies = 0;
        return 0;
    }
    if (lost) {
        link->stats.lost++;
        fate->copies = 0;
        return 0;
    }
    fate->at[0] = arrival(p, now, first);
    if (twice) {
        link->stats.duplicated++;
        fate->copies = 2;
        fate->at[1] = arrival(p, now, second);
    }
    return 0;
}

void net_delivered(struct net *net, uint32_t from, uint32_t to)
{
    struct net_link *link = *link_at(net, from, to);
    CHECK(link != NULL);
    link->stats.delivered++;
}

int net_cut(struct net *net, const struct run_cut *cut)
{
    if (cut->from > net->cluster->n || cut->to > net->cluster->n) {
        return ERR_INVALID;
    }
    int rc = VEC_RESERVE(net->cuts, net->cuts_cap, net->n_cuts + 1);
    if (rc != 0) {
        return rc;
    }
    net->cuts[net->n_cuts++] = *cut;
    return 0;
}

int net_stats(const struct net *net, struct run_link_stats **out, size_t *n)
{
    size_t all = (net->cluster->n + 1) * (net->cluster->n + 1);
    size_t used = 0;
    for (size_t i = 0; i < all; i++) {
        used += net->links[i] != NULL;
    }
    struct run_link_stats *stats = calloc(used + 1, sizeof(*stats));
    if (stats == NULL) {
        return ERR_NOMEM;
    }
    size_t next = 0;
    for (size_t i = 0; i < all; i++) {
        if (net->links[i] != NULL) {
            stats[next++] = net->links[i]->stats;
        }
    }
    *out = stats;
    *n = used;
    return 0;
}
