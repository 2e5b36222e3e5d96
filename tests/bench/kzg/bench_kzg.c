/* What committing, opening and verifying cost, beside c-kzg-4844's functions for whole blobs:
 * median ns per call.
 *
 *     bench_kzg DERIVED_SETUP TRUSTED_SETUP */
#include "common/base/check.h"
#include "common/base/prng.h"
#include "common/crypto/kzg/vc.h"
#include "tests/bench/bench.h"

#include <ckzg.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct stage {
    const char *path;
    struct vc_setup *setup;
    KZGSettings general;
    struct vc_entry entries[VC_WIDTH];
    size_t n;
    uint32_t index;
    Blob blob;
    Bytes32 z;
    Bytes32 value;
    struct vc_commitment commitment;
    struct vc_proof proof;
    struct hash32 y;
};

/* Out: the file, mapped. */
static struct bytes map(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && fstat(fd, &st) == 0);
    size_t len = (size_t)st.st_size;
    void *at = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(at != MAP_FAILED && close(fd) == 0);
    return bytes_of(at, len);
}

static void unmap(struct bytes content)
{
    CHECK(munmap((void *)(uintptr_t)content.data, content.len) == 0);
}

static void start(void *ctx)
{
    struct stage *s = ctx;
    struct vc_setup *setup = NULL;
    struct bytes content = map(s->path);
    CHECK(vc_setup_new(content, &setup) == 0);
    vc_setup_destroy(&setup);
    unmap(content);
}

static void commit(void *ctx)
{
    struct stage *s = ctx;
    CHECK(vc_commit(s->setup, s->entries, s->n, &s->commitment) == 0);
}

static void commit_general(void *ctx)
{
    struct stage *s = ctx;
    KZGCommitment c;
    CHECK(blob_to_kzg_commitment(&c, &s->blob, &s->general) == C_KZG_OK);
    CHECK(memcmp(c.bytes, s->commitment.b, sizeof(c.bytes)) == 0);
}

static void open_one(void *ctx)
{
    struct stage *s = ctx;
    CHECK(vc_open(s->setup, s->entries, s->n, s->index, &s->proof, &s->y) == 0);
}

static void open_general(void *ctx)
{
    struct stage *s = ctx;
    KZGProof p;
    CHECK(compute_kzg_proof(&p, &s->value, &s->blob, &s->z, &s->general) == C_KZG_OK);
    CHECK(memcmp(p.bytes, s->proof.b, sizeof(p.bytes)) == 0);
}

static void verify(void *ctx)
{
    struct stage *s = ctx;
    CHECK(vc_verify(s->setup, &s->commitment, s->index, &s->y, &s->proof) == 0);
}

static void block(struct stage *s, size_t n)
{
    struct prng p;
    prng_init(&p, n, "bench");
    s->n = 0;
    memset(&s->blob, 0, sizeof(s->blob));
    for (uint32_t i = 0; i < VC_WIDTH; i++) {
        if (prng_below(&p, VC_WIDTH - i) < n - s->n) {
            struct vc_entry *e = &s->entries[s->n++];
            struct hash32 element;
            e->index = i;
            for (size_t k = 0; k < sizeof(e->leaf.b); k++) {
                e->leaf.b[k] = (uint8_t)prng_next(&p);
            }
            vc_leaf_to_field(&e->leaf, &element);
            memcpy(s->blob.bytes + i * sizeof(element.b), element.b, sizeof(element.b));
        }
    }
    struct hash32 point;
    s->index = s->entries[n / 2].index;
    vc_point(s->setup, s->index, &point);
    memcpy(s->z.bytes, point.b, sizeof(point.b));
}

int main(int argc, char **argv)
{
    static struct stage s;
    static const size_t sizes[] = {4, 64, 1024};
    if (argc != 3) {
        return 64;
    }
    s.path = argv[1];
    struct bytes content = map(s.path);
    CHECK(vc_setup_new(content, &s.setup) == 0);
    FILE *f = fopen(argv[2], "rb");
    CHECK(f != NULL);
    int64_t begin_ns = bench_now_ns();
    CHECK(load_trusted_setup_file(&s.general, f, 0) == C_KZG_OK);
    double load_ns = (double)(bench_now_ns() - begin_ns);
    (void)fclose(f);
    (void)printf("%-20s %12s %12s %8s\n", "", "ours/ns", "general/ns", "ratio");
    double start_ns = bench_median_ns(start, &s, 51, 4);
    (void)printf("%-20s %12.0f %12.0f %8.1f\n", "map, vc_setup_new", start_ns, load_ns,
                 load_ns / start_ns);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        block(&s, sizes[i]);
        double ours_ns = bench_median_ns(commit, &s, 21, 2);
        double general_ns = bench_median_ns(commit_general, &s, 7, 1);
        (void)printf("commit, k = %-8zu %12.0f %12.0f %8.1f\n", s.n, ours_ns, general_ns,
                     general_ns / ours_ns);
        ours_ns = bench_median_ns(open_one, &s, 21, 2);
        general_ns = bench_median_ns(open_general, &s, 7, 1);
        (void)printf("open,   k = %-8zu %12.0f %12.0f %8.1f\n", s.n, ours_ns, general_ns,
                     general_ns / ours_ns);
    }
    (void)printf("%-20s %12.0f\n", "verify", bench_median_ns(verify, &s, 51, 2));
    free_trusted_setup(&s.general);
    vc_setup_destroy(&s.setup);
    unmap(content);
    return 0;
}
