#include "common/base/cleanup.h"
#include "lockstep/verify/vfy.h"

#include <jansson.h>

#define LABEL_COLUMNS 13
#define BYTES_PER_LINE 32 /* with indentation and label 79 columns */

int vfy_judge(const struct vc_setup *vc, struct bytes file, struct vfy_case *out)
{
    struct vfy_case c = {0};
    c.decoded = pro_evidence_decode(file, &c.e) == 0;
    c.rc = pro_evidence_judge(vc, file, &c.conviction, &c.why);
    if (c.rc == ERR_NOMEM || c.rc == ERR_CRYPTO) {
        vfy_case_fini(&c);
        return c.rc;
    }
    if (c.rc == 0) {
        c.verdict = VFY_CONVICTS;
    } else {
        c.verdict = c.rc == ERR_PROOF ? VFY_CONVICTS_NOBODY : VFY_NO_EVIDENCE;
    }
    *out = c;
    return 0;
}

void vfy_case_fini(struct vfy_case *c)
{
    pro_conviction_fini(&c->conviction);
    buf_fini(&c->why);
}

/* ---- For people ---- */

void vfy_sentence(const struct vfy_case *c, const char *name, struct buf *out)
{
    char culprit[41];
    const struct pro_conviction *v = &c->conviction;
    switch (c->verdict) {
    case VFY_CONVICTS:
        hex_encode(BYTES_OF(v->culprit), culprit);
        buf_printf(out, "%s: convicts %s 0x%s of %s in slot %llu: %.*s; %llu gas\n", name,
                   pro_evidence_culprit(v->kind), culprit, pro_evidence_name(v->kind),
                   (unsigned long long)v->slot, (int)v->sentence.len,
                   (const char *)v->sentence.data, (unsigned long long)v->gas);
        break;
    case VFY_CONVICTS_NOBODY:
        buf_printf(out, "%s: convicts nobody: %.*s (%s)\n", name, (int)c->why.len,
                   (const char *)c->why.data, pro_evidence_name(c->e.kind));
        break;
    case VFY_NO_EVIDENCE:
        buf_printf(out, "%s: is no evidence: %s\n", name, err_text(c->rc));
        break;
    }
}

static void write_hex(struct bytes in, struct buf *out)
{
    if (in.len == 0) {
        buf_printf(out, "none\n");
    }
    for (size_t at = 0; at < in.len; at += BYTES_PER_LINE) {
        char hex[2 * BYTES_PER_LINE + 1];
        size_t n = in.len - at < BYTES_PER_LINE ? in.len - at : BYTES_PER_LINE;
        hex_encode(bytes_of(in.data + at, n), hex);
        buf_printf(out, "%*s%s\n", at == 0 ? 0 : 2 + LABEL_COLUMNS, "", hex);
    }
}

int vfy_explain(const struct vfy_case *c, struct buf *out)
{
    CLEANUP(vfy_listing_fini) struct vfy_listing l = {0};
    const char *section = "";
    int rc = c->decoded ? vfy_list(&c->e, &l) : 0;
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < l.n; i++) {
        const struct vfy_item *item = &l.items[i];
        if (strcmp(section, item->section) != 0) {
            section = item->section;
            buf_printf(out, " %s\n", section);
        }
        buf_printf(out, "  %-*s", LABEL_COLUMNS, item->name);
        if (strlen(item->name) >= LABEL_COLUMNS) {
            buf_printf(out, "\n  %*s", LABEL_COLUMNS, "");
        }
        switch (item->form) {
        case VFY_NUMBER:
            buf_printf(out, "%llu\n", (unsigned long long)item->number);
            break;
        case VFY_HEX:
            write_hex(item->hex, out);
            break;
        case VFY_TEXT:
            buf_printf(out, "%s\n", item->text);
            break;
        }
    }
    return out->err;
}

/* ---- For machines ---- */

static void release(json_t **j)
{
    json_decref(*j);
}

/* A number that a reader in floating point would spoil goes as a string. */
static json_t *number(uint64_t v)
{
    char text[24];
    if (v <= UINT64_C(1) << 53) {
        return json_integer((json_int_t)v);
    }
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
    return json_string(text);
}

static json_t *hex_text(struct bytes in)
{
    CLEANUP(buf_fini) struct buf b = {0};
    if (buf_reserve(&b, 2 * in.len + 1) != 0) {
        return NULL;
    }
    hex_encode(in, (char *)b.data);
    return json_string((const char *)b.data);
}

static json_t *item_value(const struct vfy_item *item)
{
    switch (item->form) {
    case VFY_NUMBER:
        return number(item->number);
    case VFY_HEX:
        return hex_text(item->hex);
    case VFY_TEXT:
        break;
    }
    return json_string(item->text);
}

/* Each adds to the object. Returns: 0 or ERR_NOMEM. */
static int set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0 ? 0 : ERR_NOMEM;
}

static int set_contents(json_t *object, const struct pro_evidence *e)
{
    CLEANUP(vfy_listing_fini) struct vfy_listing l = {0};
    json_t *contents = json_object();
    json_t *section = NULL;
    int rc = set(object, "contents", contents);
    rc = rc != 0 ? rc : vfy_list(e, &l);
    for (size_t i = 0; i < l.n && rc == 0; i++) {
        const struct vfy_item *item = &l.items[i];
        if (i == 0 || strcmp(item->section, l.items[i - 1].section) != 0) {
            section = json_object();
            rc = set(contents, item->section, section);
        }
        rc = rc != 0 ? rc : set(section, item->name, item_value(item));
    }
    return rc;
}

static int set_conviction(json_t *object, const struct pro_conviction *v)
{
    int rc = set(object, "deployment", hex_text(BYTES_OF(v->deployment)));
    rc = rc != 0 ? rc : set(object, "culprit", hex_text(BYTES_OF(v->culprit)));
    rc = rc != 0 ? rc : set(object, "role", json_string(pro_evidence_culprit(v->kind)));
    rc = rc != 0 ? rc : set(object, "slot", number(v->slot));
    rc = rc != 0 ? rc : set(object, "gas", number(v->gas));
    return rc != 0 ? rc
                   : set(object, "sentence",
                         json_stringn((const char *)v->sentence.data, v->sentence.len));
}

int vfy_json(const struct vfy_case *c, const char *name, bool explain, struct buf *out)
{
    static const char *const words[] = {"convicts", "convicts_nobody", "no_evidence"};
    CLEANUP(release) json_t *object = json_object();
    json_t *file = json_string(name);
    int rc = set(object, "file", file != NULL ? file : json_null()); /* a name that is no UTF-8 */
    rc = rc != 0 ? rc : set(object, "verdict", json_string(words[c->verdict]));
    if (rc == 0 && c->decoded) {
        rc = set(object, "kind", json_string(pro_evidence_name(c->e.kind)));
    }
    if (rc == 0 && c->verdict == VFY_CONVICTS) {
        rc = set_conviction(object, &c->conviction);
    } else if (rc == 0 && c->verdict == VFY_CONVICTS_NOBODY) {
        rc = set(object, "reason", json_stringn((const char *)c->why.data, c->why.len));
    } else if (rc == 0) {
        rc = set(object, "reason", json_string(err_text(c->rc)));
    }
    if (rc == 0 && explain && c->decoded) {
        rc = set_contents(object, &c->e);
    }
    char *text = rc == 0 ? json_dumps(object, JSON_COMPACT) : NULL;
    if (text == NULL) {
        return ERR_NOMEM;
    }
    buf_append_bytes(out, bytes_str(text));
    buf_append_u8(out, '\n');
    free(text);
    return out->err;
}
