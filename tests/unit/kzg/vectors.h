/* The Ethereum consensus vectors: DIRECTORY/KIND/PRESET/CASE/data.yaml, each a mapping of an
 * `input` of named values and an `output`. */
#ifndef TEST_KZG_VECTORS_H
#define TEST_KZG_VECTORS_H

#include "common/base/bytes.h"

#include <yaml.h>

struct vector {
    const char *path;
    yaml_document_t document;
};

/* Calls `check` with every case of a kind, in the order of their names. DIRECTORY may also hold
 * the kinds in a folder `tests`, as they are distributed. Returns: how many there were; a file that
 * is no case ends the test program. */
size_t vectors_each(const char *directory, const char *kind,
                    void (*check)(struct vector *v, void *ctx), void *ctx);

/* Out: a hexadecimal input of exactly len bytes. Returns: false if it is anything else. */
bool vector_input(struct vector *v, const char *name, uint8_t *out, size_t len);

/* What the case expects. */
bool vector_refused(struct vector *v); /* output: null */
bool vector_verdict(struct vector *v); /* output: true, or false */
void vector_output(struct vector *v, size_t at, uint8_t *out, size_t len); /* hexadecimal; of a
                                                                              list, element `at` */

#endif
