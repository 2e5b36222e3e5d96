/* The data availability node: stores blobs under (namespace, slot, kind, index), acknowledges with
 * its signature, and serves them to anybody who asks, at once or as soon as it has them.
 * See docs/protocol.md, "Parties". */
#ifndef DA_NODE_DA_H
#define DA_NODE_DA_H

#include "common/actor/act.h"

extern const struct act_class da_class;

#endif
