#include "tests/unit/kzg/vectors.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

static void stop(const char *path, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

static void load(const char *path, struct vector *v)
{
    yaml_parser_t parser;
    FILE *f = fopen(path, "rb");
    if (f == NULL || yaml_parser_initialize(&parser) != 1) {
        stop(path, "cannot be read");
    }
    yaml_parser_set_input_file(&parser, f);
    if (yaml_parser_load(&parser, &v->document) != 1) {
        stop(path, "no YAML");
    }
    v->path = path;
    yaml_parser_delete(&parser);
    (void)fclose(f);
}

size_t vectors_each(const char *directory, const char *kind,
                    void (*check)(struct vector *v, void *ctx), void *ctx)
{
    static const char *const inside[] = {"", "/tests"};
    size_t n = 0;
    for (size_t i = 0; i < 2 && n == 0; i++) {
        struct buf pattern = {0};
        glob_t found;
        buf_printf(&pattern, "%s%s/%s/*/*/data.yaml", directory, inside[i], kind);
        if (glob(buf_cstr(&pattern), 0, NULL, &found) == 0) {
            n = found.gl_pathc;
            for (size_t k = 0; k < n; k++) {
                struct vector v;
                load(found.gl_pathv[k], &v);
                check(&v, ctx);
                yaml_document_delete(&v.document);
            }
        }
        globfree(&found);
        buf_fini(&pattern);
    }
    return n;
}

/* Returns: the value of a key of a mapping; none ends the program. */
static yaml_node_t *member(struct vector *v, yaml_node_t *map, const char *key)
{
    if (map != NULL && map->type == YAML_MAPPING_NODE) {
        for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
             p++) {
            yaml_node_t *name = yaml_document_get_node(&v->document, p->key);
            if (name->type == YAML_SCALAR_NODE &&
                strcmp((const char *)name->data.scalar.value, key) == 0) {
                return yaml_document_get_node(&v->document, p->value);
            }
        }
    }
    stop(v->path, key);
    return NULL;
}

static yaml_node_t *root(struct vector *v)
{
    return yaml_document_get_root_node(&v->document);
}

static bool decode(const yaml_node_t *node, uint8_t *out, size_t len)
{
    return node->type == YAML_SCALAR_NODE &&
           hex_decode((const char *)node->data.scalar.value, out, len) == 0;
}

static bool output_is(struct vector *v, const char *word)
{
    yaml_node_t *node = member(v, root(v), "output");
    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           strcmp((const char *)node->data.scalar.value, word) == 0;
}

bool vector_input(struct vector *v, const char *name, uint8_t *out, size_t len)
{
    return decode(member(v, member(v, root(v), "input"), name), out, len);
}

bool vector_refused(struct vector *v)
{
    return output_is(v, "null");
}

bool vector_verdict(struct vector *v)
{
    bool yes = output_is(v, "true");
    if (!yes && !output_is(v, "false")) {
        stop(v->path, "neither true nor false");
    }
    return yes;
}

void vector_output(struct vector *v, size_t at, uint8_t *out, size_t len)
{
    yaml_node_t *node = member(v, root(v), "output");
    if (node->type == YAML_SEQUENCE_NODE) {
        yaml_node_item_t *items = node->data.sequence.items.start;
        if (at >= (size_t)(node->data.sequence.items.top - items)) {
            stop(v->path, "output too short");
        }
        node = yaml_document_get_node(&v->document, items[at]);
    }
    if (!decode(node, out, len)) {
        stop(v->path, "output of another shape");
    }
}
