/* Layout of the derived setup file. Internal to this room. */
#ifndef KZG_VC_TABLES_H
#define KZG_VC_TABLES_H

#include "common/crypto/kzg/vc.h"

#include <ckzg.h>

#define VC_CACHE_MAGIC "LSVCSET1"
#define VC_CACHE_ORDER UINT64_C(0x0102030405060708)

struct vc_cache_head {
    char magic[8];
    uint64_t order;
    uint64_t length; /* of the whole file */
    uint64_t zero;
    struct hash32 checksum; /* sha256 of the tables */
};

/* All arrays by position: bit-reversed order, as blobs have it. */
struct vc_tables {
    blst_p1_affine lagrange[VC_WIDTH]; /* [L_i] */
    blst_p1_affine quotient[VC_WIDTH]; /* [D_i] */
    blst_fr root[VC_WIDTH];            /* w_i */
    blst_p2 g2[2];                     /* [1], [tau] */
};

_Static_assert(sizeof(struct vc_cache_head) == 64, "the tables stay aligned");

#endif
