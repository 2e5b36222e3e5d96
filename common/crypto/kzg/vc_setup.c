#include "common/crypto/kzg/vc_setup.h"
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"

#include <stdlib.h>

static int check_file(struct bytes cache)
{
    struct vc_cache_head head;
    struct hash32 sum;
    if (((uintptr_t)cache.data & 7) != 0) {
        return ERR_INVALID;
    }
    if (cache.len < sizeof(head)) {
        return ERR_CORRUPT;
    }
    memcpy(&head, cache.data, sizeof(head));
    if (memcmp(head.magic, VC_CACHE_MAGIC, sizeof(head.magic)) != 0 ||
        head.order != VC_CACHE_ORDER) {
        return ERR_UNSUPPORTED;
    }
    if (head.zero != 0 || head.length != cache.len ||
        cache.len != sizeof(head) + sizeof(struct vc_tables)) {
        return ERR_CORRUPT;
    }
    hash_sha256(bytes_of(cache.data + sizeof(head), sizeof(struct vc_tables)), &sum);
    return memcmp(&sum, &head.checksum, sizeof(sum)) == 0 ? 0 : ERR_CORRUPT;
}

int vc_setup_new(struct bytes cache, struct vc_setup **out)
{
    int rc = check_file(cache);
    if (rc != 0) {
        return rc;
    }
    struct vc_setup *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return ERR_NOMEM;
    }
    s->tables = (const void *)(cache.data + sizeof(struct vc_cache_head));
    memcpy(s->g2, s->tables->g2, sizeof(s->g2));
    s->verifier.g2_values_monomial = s->g2;
    *out = s;
    return 0;
}

void vc_setup_destroy(struct vc_setup **setup)
{
    free(*setup);
    *setup = NULL;
}

void vc_point(const struct vc_setup *setup, uint32_t index, struct hash32 *out)
{
    CHECK(index < VC_WIDTH);
    vc_element_encode(&setup->tables->root[index], out);
}
