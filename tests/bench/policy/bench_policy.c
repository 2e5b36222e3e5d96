/* What a round of decisions costs: slots of 1,000 to 100,000 bundles of two legs over 100 rollups,
 * 4 keys to a leg, a tenth of the legs failing in the first round. And, for the policies that take
 * several rounds, what a whole slot takes. */
#include "common/base/check.h"
#include "common/base/prng.h"
#include "common/policy/pol.h"
#include "tests/bench/bench.h"

#define CHAINS 100
#define LEGS 2
#define KEYS_PER_LEG 4
#define KEYS_PER_CHAIN 2000
#define FAILING_PPM 100000
#define SAMPLES 9

struct slot {
    struct pol_slot slot;
    struct pol_bundle *bundles;
    struct pol_leg *legs;
    uint32_t *keys;
    uint8_t *bits[CHAINS];
    struct bytes status[CHAINS];
    uint32_t executed[CHAINS];
    uint32_t counts[CHAINS];
};

static void draw_leg(struct prng *p, struct slot *s, uint32_t at)
{
    uint32_t chain = (uint32_t)prng_below(p, CHAINS);
    uint32_t *keys = &s->keys[(size_t)at * KEYS_PER_LEG];
    for (uint32_t k = 0; k < KEYS_PER_LEG; k++) {
        keys[k] = chain * KEYS_PER_CHAIN + (uint32_t)prng_below(p, KEYS_PER_CHAIN);
    }
    s->legs[at] = (struct pol_leg){chain, s->counts[chain]++, keys, KEYS_PER_LEG};
}

static void slot_init(struct slot *s, uint32_t n)
{
    struct prng p;
    prng_init(&p, n, "bench policy");
    *s = (struct slot){.slot = {CHAINS, n, NULL, CHAINS * KEYS_PER_CHAIN}};
    s->bundles = calloc(n, sizeof(*s->bundles));
    s->legs = calloc((size_t)n * LEGS, sizeof(*s->legs));
    s->keys = calloc((size_t)n * LEGS * KEYS_PER_LEG, sizeof(*s->keys));
    CHECK(s->bundles != NULL && s->legs != NULL && s->keys != NULL);
    s->slot.bundles = s->bundles;
    for (uint32_t i = 0; i < n; i++) {
        s->bundles[i] = (struct pol_bundle){&s->legs[(size_t)i * LEGS], LEGS};
        for (uint32_t k = 0; k < LEGS; k++) {
            draw_leg(&p, s, i * LEGS + k);
        }
    }
    for (uint32_t c = 0; c < CHAINS; c++) {
        size_t bytes = (size_t)s->counts[c] / 8 + 1;
        s->bits[c] = calloc(bytes, 1);
        CHECK(s->bits[c] != NULL);
        for (uint32_t i = 0; i < s->counts[c]; i++) {
            bool ok = !prng_chance_ppm(&p, FAILING_PPM);
            s->bits[c][i / 8] = (uint8_t)(s->bits[c][i / 8] | (ok ? 1u : 0u) << i % 8);
        }
        s->status[c] = bytes_of(s->bits[c], bytes);
    }
}

static void slot_fini(struct slot *s)
{
    for (uint32_t c = 0; c < CHAINS; c++) {
        free(s->bits[c]);
    }
    free(s->bundles);
    free(s->legs);
    free(s->keys);
}

struct job {
    const struct pol_policy *policy;
    struct pol_rules rules;
    struct slot *slot;
    double first_ns;
    double all_ns;
    uint32_t decisions;
};

/* The results stay as they are: what matters here is what deciding costs. */
static void take_slot(struct job *job)
{
    struct pol_state state;
    const struct pol_round round = {job->slot->status, job->slot->executed};
    int64_t begin_ns = bench_now_ns();
    CHECK(pol_state_init(&state, &job->slot->slot) == 0);
    pol_decide(job->policy, &job->slot->slot, &job->rules, &round, &state);
    job->first_ns = (double)(bench_now_ns() - begin_ns);
    while (state.undecided > 0) {
        pol_decide(job->policy, &job->slot->slot, &job->rules, &round, &state);
    }
    job->all_ns = (double)(bench_now_ns() - begin_ns);
    job->decisions = state.decisions;
    pol_state_fini(&state);
}

static void measure(struct job *job)
{
    double first[SAMPLES], all[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++) {
        take_slot(job);
        first[i] = job->first_ns;
        all[i] = job->all_ns;
    }
    qsort(first, SAMPLES, sizeof(first[0]), bench_compare);
    qsort(all, SAMPLES, sizeof(all[0]), bench_compare);
    job->first_ns = first[SAMPLES / 2];
    job->all_ns = all[SAMPLES / 2];
}

int main(void)
{
    static const uint32_t sizes[] = {1000, 3000, 10000, 30000, 100000};
    printf("%-16s%10s%14s%16s%12s\n", "policy", "bundles", "a round/ms", "ns a bundle", "slot/ms");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct slot s;
        slot_init(&s, sizes[i]);
        for (size_t k = 0; pol_at(k) != NULL; k++) {
            for (int keys = 0; keys < (pol_at(k) == &pol_serial ? 2 : 1); keys++) {
                struct job job = {.policy = pol_at(k),
                                  .rules = {keys ? POL_BY_KEYS : POL_BY_ROLLUP, UINT32_MAX},
                                  .slot = &s};
                measure(&job);
                printf("%-16s%10u%14.3f%16.1f%12.2f (%u decisions)\n",
                       keys ? "serial, by keys" : job.policy->name, sizes[i], job.first_ns / 1e6,
                       job.first_ns / sizes[i], job.all_ns / 1e6, job.decisions);
            }
        }
        slot_fini(&s);
    }
    return 0;
}
