/* The setup in use. Internal to this room. */
#ifndef KZG_VC_SETUP_H
#define KZG_VC_SETUP_H

#include "common/base/check.h"
#include "common/crypto/kzg/vc_tables.h"

struct vc_setup {
    const struct vc_tables *tables; /* in the caller's file */
    blst_p2 g2[2];
    KZGSettings verifier; /* only its points of G2 are set: all that verification reads */
};

/* Out: the element, big-endian. */
static inline void vc_element_encode(const blst_fr *element, struct hash32 *out)
{
    blst_scalar s;
    blst_scalar_from_fr(&s, element);
    blst_bendian_from_scalar(out->b, &s);
}

#endif
