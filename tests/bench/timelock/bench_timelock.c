/* The time-lock: the squaring kernels side by side, what a batch saves, and what users and the
 * sequencer pay per leg.
 *
 * usage: bench_timelock FOLDER_OF_MODULI */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/timelock/tlp_ifma.h"
#include "common/crypto/timelock/tlp_int.h"
#include "tests/bench/bench.h"

#include <string.h>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

#define SAMPLES 15
#define CHAIN 2000
#define BATCH_MAX 256
#define SOLVE_SQUARINGS (UINT64_C(1) << 20)
/* Two 512-bit multiply-adds a cycle, eight limbs each, low and high halves: half of the square's
 * products, and the lower and the upper half of a product for the reduction. */
#define BOUND_2048_CYCLES 305

static const char *moduli;

/* ---- Setting up ---- */

static struct tlp_params *make_params(uint32_t bits, uint64_t squarings)
{
    char path[4096];
    CLEANUP(buf_fini) struct buf file = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    struct tlp_modulus m;
    struct tlp_params *params = NULL;
    uint8_t chunk[4096];
    size_t n = 0;
    (void)snprintf(path, sizeof(path), "%s/modulus-%u.txt", moduli, bits);
    FILE *f = fopen(path, "rb");
    CHECK(f != NULL);
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
        buf_append(&file, chunk, n);
    }
    (void)fclose(f);
    CHECK(tlp_modulus_decode(buf_view(&file), &m, &why) == 0);
    CHECK(tlp_params_setup(&m, squarings, NULL, &params, &why) == 0);
    CHECK(tlp_params_prepare(params) == 0);
    tlp_modulus_wipe(&m);
    return params;
}

/* The core's clock now, by a chain of 64-bit multiplications, 3 cycles each; 0 elsewhere. The time
 * stamp counter has a clock of its own. */
static double core_cycles_per_ns(void)
{
#ifdef __x86_64__
    const int rounds = 4000;
    uint64_t x = 3;
    int64_t begin_ns = bench_now_ns();
    for (int i = 0; i < rounds; i++) {
        __asm__ volatile("imul %0, %0; imul %0, %0; imul %0, %0; imul %0, %0; imul %0, %0"
                         : "+r"(x));
    }
    return 15.0 * rounds / (double)(bench_now_ns() - begin_ns);
#else
    return 0;
#endif
}

/* Cycles of the time stamp counter in a nanosecond; 0 where there is none. */
static double tsc_per_ns(void)
{
#ifdef __x86_64__
    int64_t begin_ns = bench_now_ns();
    uint64_t begin = __rdtsc();
    while (bench_now_ns() - begin_ns < 50000000) {
    }
    return (double)(__rdtsc() - begin) / (double)(bench_now_ns() - begin_ns);
#else
    return 0;
#endif
}

/* ---- Squarings ---- */

struct squaring {
    struct tlp_work work;
    BIGNUM *x;
    mpz_t plain, n, exponent;
};

static void square_openssl(void *ctx)
{
    struct squaring *s = ctx;
    tlp_square_chain_with(&s->work, TLP_KERNEL_OPENSSL, s->x, CHAIN);
}

static void square_ifma(void *ctx)
{
    struct squaring *s = ctx;
    tlp_square_chain_with(&s->work, TLP_KERNEL_IFMA, s->x, CHAIN);
}

static void square_gmp(void *ctx)
{
    struct squaring *s = ctx;
    mpz_powm(s->plain, s->plain, s->exponent, s->n);
}

static void bench_squarings(uint32_t bits, double tsc)
{
    struct tlp_params *params = make_params(bits, 1000);
    struct squaring s = {0};
    tlp_work_init(&s.work, &params->ring);
    s.x = BN_dup(params->g);
    mpz_init_set(s.n, params->ring.n);
    mpz_init(s.plain);
    tlp_from_mont(&s.work, s.plain, params->g);
    mpz_init_set_ui(s.exponent, 1);
    mpz_mul_2exp(s.exponent, s.exponent, CHAIN);
    double openssl = bench_median_ns(square_openssl, &s, SAMPLES, 3) / CHAIN;
    double gmp = bench_median_ns(square_gmp, &s, 5, 1) / CHAIN;
    (void)printf("%u bit: mpz_powm %.0f ns, OpenSSL %.0f ns", bits, gmp, openssl);
    if (params->ring.ifma != NULL) {
        double ifma = bench_median_ns(square_ifma, &s, SAMPLES, 3) / CHAIN;
        double core = core_cycles_per_ns();
        (void)printf(
            ", IFMA %.0f ns: %.2f times OpenSSL; %.0f TSC ticks, %.0f core cycles at %.2f GHz",
            ifma, openssl / ifma, ifma * tsc, ifma * core, core);
        if (bits == 2048) {
            (void)printf(", %.2f of the bound of %d", ifma * core / BOUND_2048_CYCLES,
                         BOUND_2048_CYCLES);
        }
    } else {
        (void)printf(", no IFMA here");
    }
    (void)printf("\n");
    CHECK(s.work.err == 0);
    mpz_clear(s.n);
    mpz_clear(s.plain);
    mpz_clear(s.exponent);
    BN_free(s.x);
    tlp_work_fini(&s.work);
    tlp_params_destroy(&params);
}

/* ---- Puzzles ---- */

struct leg {
    struct buf ctx;
    struct tlp_puzzle_out out;
    struct tlp_puzzle puzzle;
    struct bytes context;
};

struct stage {
    struct tlp_params *params;
    struct drbg drbg;
    enum tlp_profile profile;
    struct leg *legs;
    size_t n;
    struct buf *ws;
    int *rcs;
    struct buf plain;
};

static void lock_leg(struct stage *s, struct leg *leg, size_t i)
{
    buf_clear(&leg->ctx);
    buf_printf(&leg->ctx, "leg %zu", i);
    tlp_puzzle_out_fini(&leg->out);
    leg->out = (struct tlp_puzzle_out){0};
    CHECK(
        tlp_lock(s->params, s->profile, &s->drbg, buf_view(&leg->ctx),
                 bytes_str("transfer 5 from alice to bob, and some more to make it a transaction"),
                 &leg->out) == 0);
    leg->puzzle = tlp_puzzle_out_view(&leg->out);
    leg->context = buf_view(&leg->ctx);
}

static void lock_one(void *ctx)
{
    struct stage *s = ctx;
    lock_leg(s, &s->legs[0], 0);
}

static void verify_one(void *ctx)
{
    struct stage *s = ctx;
    CHECK(tlp_verify(s->params, s->legs[0].context, &s->legs[0].puzzle) == 0);
}

static void verify_all(void *ctx)
{
    struct stage *s = ctx;
    struct bytes contexts[BATCH_MAX];
    struct tlp_puzzle puzzles[BATCH_MAX];
    for (size_t i = 0; i < s->n; i++) {
        contexts[i] = s->legs[i].context;
        puzzles[i] = s->legs[i].puzzle;
    }
    CHECK(tlp_verify_batch(s->params, s->n, contexts, puzzles, &s->drbg, s->rcs, NULL) == 0);
}

static void check_opening(void *ctx)
{
    struct stage *s = ctx;
    for (size_t i = 0; i < s->n; i++) {
        CHECK(tlp_check_opening(s->params, s->legs[i].puzzle.u, s->legs[i].puzzle.q,
                                buf_view(&s->ws[i])) == 0);
    }
}

static void solve_one(void *ctx)
{
    struct stage *s = ctx;
    buf_clear(&s->ws[0]);
    CHECK(tlp_solve(s->params, TLP_SEQUENTIAL, s->legs[0].puzzle.u, &s->ws[0], NULL) == 0);
}

static void solve_all(void *ctx)
{
    struct stage *s = ctx;
    struct bytes us[BATCH_MAX];
    struct bytes qs[BATCH_MAX];
    for (size_t i = 0; i < s->n; i++) {
        us[i] = s->legs[i].puzzle.u;
        qs[i] = s->legs[i].puzzle.q;
        buf_clear(&s->ws[i]);
    }
    CHECK(tlp_solve_batch(s->params, TLP_SEQUENTIAL, s->n, us, qs, NULL, s->ws, s->rcs, NULL) == 0);
    for (size_t i = 0; i < s->n; i++) {
        CHECK(s->rcs[i] == 0);
    }
}

static void stage_init(struct stage *s, uint64_t squarings)
{
    struct hash32 seed = {{7}};
    *s = (struct stage){.params = make_params(2048, squarings), .profile = TLP_SHORT};
    drbg_init(&s->drbg, &seed, "bench");
    s->legs = calloc(BATCH_MAX, sizeof(*s->legs));
    s->ws = calloc(BATCH_MAX, sizeof(*s->ws));
    s->rcs = calloc(BATCH_MAX, sizeof(*s->rcs));
    CHECK(s->legs != NULL && s->ws != NULL && s->rcs != NULL);
}

static void stage_fini(struct stage *s)
{
    for (size_t i = 0; i < BATCH_MAX; i++) {
        buf_fini(&s->legs[i].ctx);
        tlp_puzzle_out_fini(&s->legs[i].out);
        buf_fini(&s->ws[i]);
    }
    free(s->legs);
    free(s->ws);
    free(s->rcs);
    buf_fini(&s->plain);
    tlp_params_destroy(&s->params);
}

static void lock_many(struct stage *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        lock_leg(s, &s->legs[i], i);
    }
    s->n = n;
}

static void bench_legs(struct stage *s, enum tlp_profile profile, const char *name)
{
    char what[64];
    s->profile = profile;
    (void)snprintf(what, sizeof(what), "lock and prove, %s", name);
    (void)bench_print(what, bench_median_ns(lock_one, s, SAMPLES, 20));
    (void)snprintf(what, sizeof(what), "verify one, %s", name);
    (void)bench_print(what, bench_median_ns(verify_one, s, SAMPLES, 20));
    lock_many(s, 64);
    (void)snprintf(what, sizeof(what), "verify in 64, %s", name);
    (void)bench_print(what, bench_median_ns(verify_all, s, SAMPLES, 1) / 64);
}

static void bench_batch(struct stage *s, size_t n, double single_ns)
{
    lock_many(s, n);
    double batch_ns = bench_median_ns(solve_all, s, 5, 1);
    (void)printf("%zu puzzles in one batch, T = 2^20: %.0f ms; %.1f times %zu single solves of "
                 "%.0f ms; recovery and checks %.1f %% of the solve\n",
                 n, batch_ns / 1e6, (double)n * single_ns / batch_ns, n, single_ns / 1e6,
                 100 * (batch_ns - single_ns) / single_ns);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    moduli = argv[1];
    double tsc = tsc_per_ns();
    (void)printf("time stamp counter: %.3f GHz\n", tsc);
    bench_squarings(1024, tsc);
    bench_squarings(2048, tsc);
    bench_squarings(3072, tsc);
    struct stage s;
    stage_init(&s, SOLVE_SQUARINGS);
    bench_legs(&s, TLP_SHORT, "short");
    bench_legs(&s, TLP_FULL, "full");
    s.profile = TLP_SHORT;
    lock_many(&s, 1);
    double single_ns = bench_median_ns(solve_one, &s, 5, 1);
    bench_batch(&s, 64, single_ns);
    (void)bench_print("check an opening", bench_median_ns(check_opening, &s, SAMPLES, 3) / 64);
    bench_batch(&s, 256, single_ns);
    stage_fini(&s);
    return 0;
}
