/* Bytes of a scenario file to a tree of nodes that know their places.
 *
 * A strict subset of YAML 1.2 (yaml.org/spec/1.2.2): one document; mappings with scalar keys, each
 * given once; lists; scalars. Tabs, anchors, aliases, tags, directives and control characters are
 * refused, as is nesting beyond SCN_YAML_DEPTH. libyaml does not limit nesting and scans deep flow
 * collections in quadratic time, so the bytes are scanned for runs of brackets before it sees
 * them, and its events are counted as they come. What a scalar means (number, duration, name) is
 * decided by the schema, not here. */
#ifndef SCN_YAML_H
#define SCN_YAML_H

#include "lockstep/scenario/scn_arena.h"
#include "lockstep/scenario/scn_errors.h"

#define SCN_YAML_BYTES ((size_t)8 << 20) /* of a scenario file */
#define SCN_YAML_DEPTH 32                /* nested lists and mappings */

enum scn_node_kind { SCN_SCALAR, SCN_LIST, SCN_MAP };

/* In a map, `first` leads the chain of keys, each with its `value`; in a list, of the entries. */
struct scn_node {
    enum scn_node_kind kind;
    bool plain; /* a scalar without quotes */
    struct scn_place place;
    const char *text; /* scalar: zero-terminated, without control characters but '\n' */
    size_t n;         /* scalar: bytes of text; else entries */
    struct scn_node *first;
    struct scn_node *next;
    struct scn_node *value;
};

/* In: the bytes of a file. Returns: true if they may be handed to libyaml; otherwise the first
 * thing that stands against it is in `errors`. */
bool scn_yaml_scan(struct bytes text, struct scn_errors *errors);

/* In: the bytes of a file, at most SCN_YAML_BYTES.
 * Out: the root of the tree, owned by `arena`; its strings too.
 * Returns: 0; ERR_INVALID with messages in `errors` (`root` is still set when the only fault are
 * duplicate keys, so that the caller can look for more); ERR_NOMEM. */
int scn_yaml_parse(struct bytes text, struct scn_arena *arena, struct scn_errors *errors,
                   struct scn_node **root) MUST_CHECK;

#endif
