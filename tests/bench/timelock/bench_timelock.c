/* The time-lock room: the squaring kernels side by side, batch solving against single solving, and
 * what senders and checkers pay. Argument: the directory with the moduli. Medians; all of a table's
 * ratios are from this run. */
#include "common/base/check.h"
#include "common/crypto/drbg.h"
#include "common/crypto/timelock/tlp.h"
#include "common/crypto/timelock/tlp_group.h"
#include "tests/bench/bench.h"

#include <string.h>

#define SAMPLES 11
#define BATCH_MAX 256
#define DELAY ((uint64_t)1 << 20)

static struct tlp_modulus read_modulus(const char *dir, uint32_t bits)
{
    char path[1024], text[4096];
    (void)snprintf(path, sizeof(path), "%s/modulus-%u.txt", dir, bits);
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    struct tlp_modulus m;
    struct buf why = {0};
    CHECK(tlp_modulus_decode(bytes_of(text, len), &m, &why) == 0);
    buf_fini(&why);
    return m;
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof(values[0]), bench_compare);
    return values[n / 2];
}

/* ---- Kernels ---- */

/* The core's clock as it is now, by a chain of 64-bit multiplications: 3 cycles each on x86-64
 * processors since 2006. 0 elsewhere. */
static double core_ghz(void)
{
#ifdef __x86_64__
    const int rounds = 4000;
    uint64_t x = 3;
    int64_t begin_ns = bench_now_ns();
    for (int i = 0; i < rounds; i++) {
        __asm__ volatile("imul %0, %0; imul %0, %0; imul %0, %0; imul %0, %0; imul %0, %0;"
                         "imul %0, %0; imul %0, %0; imul %0, %0; imul %0, %0; imul %0, %0"
                         : "+r"(x));
    }
    return 30.0 * rounds / (double)(bench_now_ns() - begin_ns);
#else
    return 0;
#endif
}

static uint64_t ticks(void)
{
#ifdef __x86_64__
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
}

enum way { BY_POWM, BY_OPENSSL, BY_IFMA, WAYS };

struct kernels {
    struct tlp_ring ring;
    struct tlp_work work;
    BIGNUM *x;
    mpz_t base, exp, out;
};

static void square(struct kernels *k, enum way way, uint64_t n)
{
    if (way == BY_POWM) {
        mpz_set_ui(k->exp, 0);
        mpz_setbit(k->exp, n);
        mpz_powm(k->out, k->base, k->exp, k->ring.n);
    } else {
        const bool ifma = way == BY_IFMA;
        tlp_square_chain_by(&k->work, ifma ? TLP_KERNEL_IFMA : TLP_KERNEL_OPENSSL, k->x, n);
        CHECK(k->work.err == 0);
    }
}

static void bench_kernels(const char *dir, uint32_t bits)
{
    static const char *const names[] = {"GMP powm", "OpenSSL", "IFMA"};
    const uint64_t n = bits == 1024 ? 60000 : bits == 2048 ? 20000 : 8000;
    struct tlp_modulus m = read_modulus(dir, bits);
    struct kernels k;
    CHECK(tlp_ring_init(&k.ring, bits, m.n) == 0);
    tlp_work_init(&k.work, &k.ring);
    mpz_inits(k.base, k.exp, k.out, NULL);
    mpz_fdiv_q_ui(k.base, k.ring.n, 3);
    k.x = tlp_bn_new(&k.work);
    tlp_to_mont(&k.work, k.x, k.base);
    const enum way ways = tlp_kernel_runs(&k.ring, TLP_KERNEL_IFMA) ? WAYS : BY_IFMA;
    double ns[WAYS][SAMPLES], tsc[WAYS][SAMPLES], ghz[WAYS][SAMPLES];
    for (int i = -1; i < SAMPLES; i++) {
        for (enum way way = 0; way < ways; way++) {
            uint64_t begin_ticks = ticks();
            int64_t begin_ns = bench_now_ns();
            square(&k, way, n);
            int64_t end_ns = bench_now_ns();
            if (i >= 0) {
                ns[way][i] = (double)(end_ns - begin_ns) / (double)n;
                tsc[way][i] = (double)(ticks() - begin_ticks) / (double)n;
                ghz[way][i] = core_ghz();
            }
        }
    }
    double slowest = 0;
    for (enum way way = 0; way < ways; way++) {
        const double t = median(ns[way], SAMPLES), clock = median(ghz[way], SAMPLES);
        slowest = way == BY_OPENSSL ? t : slowest;
        (void)printf("%u bits, %-9s %7.1f ns a squaring, %5.0f core cycles (at %.2f GHz), "
                     "%5.0f TSC ticks",
                     bits, names[way], t, t * clock, clock, median(tsc[way], SAMPLES));
        (void)(way == BY_IFMA ? printf(", %.2f x OpenSSL\n", slowest / t) : printf("\n"));
    }
    BN_free(k.x);
    mpz_clears(k.base, k.exp, k.out, NULL);
    tlp_work_fini(&k.work);
    tlp_ring_fini(&k.ring);
}

/* ---- Puzzles ---- */

struct stage {
    struct tlp_params *params;
    struct drbg drbg;
    enum tlp_profile profile;
    struct buf file;
    struct tlp_puzzle_out out;
    struct tlp_puzzle_out many_out[BATCH_MAX];
    struct tlp_puzzle many[BATCH_MAX];
    struct bytes ctxs[BATCH_MAX], us[BATCH_MAX], qs[BATCH_MAX];
    struct buf ws[BATCH_MAX], w;
    int rcs[BATCH_MAX];
    size_t n;
};

static const struct bytes ctx_bytes = {(const uint8_t *)"context", 7};

static void lock_into(struct stage *s, struct tlp_puzzle_out *out)
{
    tlp_puzzle_out_fini(out);
    *out = (struct tlp_puzzle_out){0};
    CHECK(tlp_lock(s->params, s->profile, &s->drbg, ctx_bytes, bytes_str("transfer 5 to bob"),
                   out) == 0);
}

static void lock_one(void *arg)
{
    struct stage *s = arg;
    lock_into(s, &s->out);
}

static void lock_many(struct stage *s)
{
    for (size_t i = 0; i < BATCH_MAX; i++) {
        lock_into(s, &s->many_out[i]);
        s->many[i] = tlp_puzzle_out_view(&s->many_out[i]);
        s->ctxs[i] = ctx_bytes;
        s->us[i] = s->many[i].u;
        s->qs[i] = s->many[i].q;
    }
}

static void verify_one(void *arg)
{
    struct stage *s = arg;
    CHECK(tlp_verify(s->params, ctx_bytes, &s->many[0]) == 0);
}

static void verify_64(void *arg)
{
    struct stage *s = arg;
    CHECK(tlp_verify_batch(s->params, 64, s->ctxs, s->many, &s->drbg, s->rcs) == 0);
}

static void check_opening(void *arg)
{
    struct stage *s = arg;
    CHECK(tlp_check_opening(s->params, s->us[0], s->qs[0], buf_view(&s->w)) == 0);
}

static void load_params(void *arg)
{
    struct stage *s = arg;
    struct tlp_params *params = NULL;
    struct buf why = {0};
    CHECK(tlp_params_decode(buf_view(&s->file), &params, &why) == 0);
    tlp_params_destroy(&params);
}

static void prepare_params(void *arg)
{
    struct stage *s = arg;
    CHECK(tlp_params_prepare(s->params) == 0);
}

static void solve_one(void *arg)
{
    struct stage *s = arg;
    buf_clear(&s->w);
    CHECK(tlp_solve(s->params, TLP_SEQUENTIAL, s->us[0], &s->w, NULL) == 0);
}

static void solve_batch(void *arg)
{
    struct stage *s = arg;
    for (size_t i = 0; i < s->n; i++) {
        buf_clear(&s->ws[i]);
    }
    CHECK(tlp_solve_batch(s->params, TLP_SEQUENTIAL, s->n, s->us, s->qs, NULL, s->ws, s->rcs,
                          NULL) == 0);
    for (size_t i = 0; i < s->n; i++) {
        CHECK(s->rcs[i] == 0);
    }
}

static struct tlp_params *make_params(const char *dir, uint64_t squarings)
{
    struct tlp_modulus m = read_modulus(dir, 2048);
    struct tlp_params *params = NULL;
    struct buf why = {0};
    CHECK(tlp_params_setup(&m, squarings, NULL, &params, &why) == 0);
    return params;
}

static void stage_init(struct stage *s, const char *dir, uint64_t squarings)
{
    const struct hash32 seed = {{1}};
    *s = (struct stage){.params = make_params(dir, squarings), .profile = TLP_SHORT};
    drbg_init(&s->drbg, &seed, "bench");
    prepare_params(s);
    lock_many(s);
}

static void stage_fini(struct stage *s)
{
    tlp_puzzle_out_fini(&s->out);
    for (size_t i = 0; i < BATCH_MAX; i++) {
        tlp_puzzle_out_fini(&s->many_out[i]);
        buf_fini(&s->ws[i]);
    }
    buf_fini(&s->w);
    buf_fini(&s->file);
    tlp_params_destroy(&s->params);
}

static void print_ms(const char *what, double ns)
{
    (void)printf("%-40s %9.3f ms\n", what, ns / 1e6);
}

static void bench_solving(const char *dir)
{
    static const size_t batches[] = {16, 64, 256};
    static struct stage real, none; /* T = 2^20, and T = 1: all but the delay */
    stage_init(&real, dir, DELAY);
    stage_init(&none, dir, 1);
    (void)printf("2048 bits, T = 2^20, 64-bit exponents\n");
    const double one_ns = bench_median_ns(solve_one, &real, 5, 1);
    print_ms("solve one", one_ns);
    for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
        real.n = none.n = batches[i];
        const double ns = bench_median_ns(solve_batch, &real, 5, 1);
        const double rest_ns = bench_median_ns(solve_batch, &none, 7, 1);
        (void)printf("solve a batch of %-3zu %30.3f ms, %.1f x one by one; recovery and checks "
                     "%.2f ms, %.1f %% of one solve\n",
                     batches[i], ns / 1e6, (double)batches[i] * one_ns / ns, rest_ns / 1e6,
                     100 * rest_ns / one_ns);
    }
    stage_fini(&real);
    stage_fini(&none);
}

static void bench_puzzles(const char *dir)
{
    static const struct {
        enum tlp_profile profile;
        const char *name;
    } profiles[] = {{TLP_SHORT, "short"}, {TLP_FULL, "full"}};
    static struct stage s;
    char what[64];
    stage_init(&s, dir, DELAY);
    CHECK(tlp_params_encode(s.params, false, &s.file) == 0);
    (void)printf("2048 bits\n");
    print_ms("load parameters", bench_median_ns(load_params, &s, SAMPLES, 3));
    print_ms("prepare tables", bench_median_ns(prepare_params, &s, SAMPLES, 1));
    for (size_t i = 0; i < 2; i++) {
        s.profile = profiles[i].profile;
        (void)snprintf(what, sizeof(what), "lock and prove, %s", profiles[i].name);
        print_ms(what, bench_median_ns(lock_one, &s, SAMPLES, 50));
        lock_many(&s);
        (void)snprintf(what, sizeof(what), "verify one, %s", profiles[i].name);
        print_ms(what, bench_median_ns(verify_one, &s, SAMPLES, 50));
        (void)snprintf(what, sizeof(what), "verify 64 at once, %s, each", profiles[i].name);
        print_ms(what, bench_median_ns(verify_64, &s, SAMPLES, 1) / 64);
    }
    solve_one(&s);
    print_ms("check an opening", bench_median_ns(check_opening, &s, SAMPLES, 200));
    stage_fini(&s);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    for (uint32_t bits = 1024; bits <= 3072; bits += 1024) {
        bench_kernels(argv[1], bits);
    }
    bench_solving(argv[1]);
    bench_puzzles(argv[1]);
    return 0;
}
