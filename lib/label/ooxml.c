#include "label/ooxml.h"

#include "base/text.h"
#include "label/custom.h"
#include "label/part.h"
#include "label/zipio.h"

#define TYPES_PART   "[Content_Types].xml"
#define RELS_PART    "_rels/.rels"
#define CUSTOM_PART  "docProps/custom.xml"
#define INFO_PART    "docMetadata/LabelInfo.xml"
#define INFO         "http://schemas.microsoft.com/office/2020/mipLabelMetadata"
#define INFO_REL     "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels"
#define CUSTOM_REL   "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties"
#define STRICT_REL   "http://purl.oclc.org/ooxml/officeDocument/relationships/customProperties"
#define CORE_REL     "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
#define DUBLIN       "http://purl.org/dc/elements/1.1/"
#define RELS         "http://schemas.openxmlformats.org/package/2006/relationships"
#define TYPES        "http://schemas.openxmlformats.org/package/2006/content-types"
#define CUSTOM_TYPE  "application/vnd.openxmlformats-officedocument.custom-properties+xml"
#define CUSTOM_ID    "rIdOpenRmsLabels"
#define NAME_MAX_LEN 1024

/* --- parts ---------------------------------------------------------------------------------------------- */

struct package {
    zip_t *archive;
    struct rms_arena *arena;
    struct rms_part rels;
};

static int read_part(struct package *p, const char *name, struct rms_part *part_out)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_PART_MAX);

    RMS_TRY(rms_zip_read(p->archive, name, &text));
    return rms_part_parse(p->arena, rms_buf_view(&text), part_out);
}

/* A package is an archive with these two parts. */
static int open_package(int fd, int out, struct rms_arena *arena, struct package *p)
{
    int code;

    *p = (struct package){.arena = arena};
    RMS_TRY(rms_zip_open(fd, out, &p->archive));
    if (zip_name_locate(p->archive, TYPES_PART, 0) < 0) {
        return RMS_E_UNSUPPORTED;
    }
    code = read_part(p, RELS_PART, &p->rels);
    return code == RMS_E_NOT_FOUND ? RMS_E_UNSUPPORTED : code;
}

static void close_package(struct package *p)
{
    rms_zip_discard(&p->archive);
}
#define CLOSE_PACKAGE __attribute__((cleanup(close_package)))

/* The part a relationship of the package leads to; NULL when there is none. */
static const char *target_of(const struct package *p, const char *type)
{
    for (const struct rms_part_item *item = p->rels.first; item != NULL; item = item->next) {
        const char *has = rms_part_attr(item, "Type");
        const char *target = rms_part_attr(item, "Target");

        if (has != NULL && target != NULL && strcmp(has, type) == 0 && strlen(target) < NAME_MAX_LEN) {
            return target[0] == '/' ? target + 1 : target;
        }
    }
    return NULL;
}

static const char *custom_target(const struct package *p)
{
    const char *target = target_of(p, CUSTOM_REL);

    return target != NULL ? target : target_of(p, STRICT_REL);
}

/* --- reading -------------------------------------------------------------------------------------------- */

static bool info_true(const struct rms_part_item *item, const char *name)
{
    const char *value = rms_part_attr(item, name);

    return value != NULL && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

/* A braced GUID, and nothing else (C-173). */
static bool info_guid(const struct rms_part_item *item, const char *name, char out[RMS_GUID_TEXT])
{
    const char *value = rms_part_attr(item, name);

    return value != NULL && value[0] == '{' && rms_guid_parse(rms_view_str(value), out) == 0;
}

static bool whole(const struct rms_part_item *item)
{
    static const char *const required[] = {"id", "enabled", "method", "siteId", "removed"};
    bool complete = strcmp(item->name, INFO "|label") == 0;

    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        complete &= rms_part_attr(item, required[i]) != NULL;
    }
    return complete;
}

/* What the tenant has among the properties is older. */
static int take_info(struct rms_label_pairs *pairs, const struct rms_part_item *item)
{
    char id[RMS_GUID_TEXT];
    char site[RMS_GUID_TEXT];
    const char *name;
    const char *key;
    int code;

    if (!whole(item) || !info_guid(item, "id", id) || !info_guid(item, "siteId", site)) {
        return 0;
    }
    key = rms_arena_printf(pairs->arena, "MSIP_Label_%s_Name", id);
    if (key == NULL) {
        return RMS_E_NO_MEMORY;
    }
    name = rms_label_pairs_get(pairs, key);
    code = rms_label_remove(pairs, site);
    if (code != RMS_E_NOT_FOUND) {
        RMS_TRY(code);
    }
    RMS_TRY(rms_label_put(
        pairs, id, "Enabled", info_true(item, "enabled") && !info_true(item, "removed") ? "true" : "false"));
    RMS_TRY(rms_label_put(pairs, id, "SiteId", site));
    RMS_TRY(rms_label_put(pairs, id, "Method", rms_part_attr(item, "method")));
    RMS_TRY(rms_label_put(pairs, id, "ContentBits", rms_part_attr(item, "contentBits")));
    return rms_label_put(pairs, id, "Name", name);
}

static int read_custom(struct package *p, struct rms_label_pairs *pairs)
{
    RMS_BUF_CLEANUP struct rms_buf xml = RMS_BUF_INIT(RMS_PART_MAX);
    const char *target = custom_target(p);
    int code = target != NULL ? rms_zip_read(p->archive, target, &xml) : RMS_E_NOT_FOUND;

    if (code == RMS_E_NOT_FOUND) {
        return 0;
    }
    RMS_TRY(code);
    return rms_label_custom_read(rms_buf_view(&xml), pairs);
}

int rms_label_info_read(struct rms_view xml, struct rms_label_pairs *pairs)
{
    struct rms_part part;
    int code = rms_part_parse(pairs->arena, xml, &part);

    if (code == RMS_E_DAMAGED || code == RMS_E_UNSUPPORTED) {
        return 0; /* the properties decide */
    }
    RMS_TRY(code);
    for (const struct rms_part_item *item = part.first; item != NULL; item = item->next) {
        code = take_info(pairs, item);
        if (code != RMS_E_LIMIT) {
            RMS_TRY(code);
        }
    }
    return 0;
}

static int read_info(struct package *p, struct rms_label_pairs *pairs)
{
    RMS_BUF_CLEANUP struct rms_buf xml = RMS_BUF_INIT(RMS_PART_MAX);
    const char *target = target_of(p, INFO_REL);
    int code = target != NULL ? rms_zip_read(p->archive, target, &xml) : RMS_E_NOT_FOUND;

    if (code == RMS_E_NOT_FOUND || code == RMS_E_DAMAGED) {
        return 0;
    }
    RMS_TRY(code);
    return rms_label_info_read(rms_buf_view(&xml), pairs);
}

static int read_labels(struct package *p, struct rms_label_pairs *pairs)
{
    RMS_TRY(read_custom(p, pairs));
    return read_info(p, pairs);
}

int rms_label_ooxml_read(int fd, struct rms_label_pairs *pairs)
{
    CLOSE_PACKAGE struct package p = {0};

    RMS_TRY(open_package(fd, -1, pairs->arena, &p));
    return read_labels(&p, pairs);
}

int rms_label_ooxml_about(
    int fd, struct rms_label_pairs *pairs, const char **title_out, const char **author_out)
{
    CLOSE_PACKAGE struct package p = {0};
    const char *target;
    struct rms_part core;

    *title_out = *author_out = "";
    RMS_TRY(open_package(fd, -1, pairs->arena, &p));
    RMS_TRY(read_labels(&p, pairs));
    target = target_of(&p, CORE_REL);
    if (target == NULL || read_part(&p, target, &core) != 0) {
        return 0;
    }
    for (const struct rms_part_item *item = core.first; item != NULL; item = item->next) {
        if (strcmp(item->name, DUBLIN "|title") == 0) {
            *title_out = item->text;
        } else if (strcmp(item->name, DUBLIN "|creator") == 0) {
            *author_out = item->text;
        }
    }
    return 0;
}

/* --- writing -------------------------------------------------------------------------------------------- */

/* libzip reads it when the package is finished: it lives in the arena. */
static int put_part(struct package *p, const char *name, struct rms_view content)
{
    const char *copy = rms_arena_text(p->arena, content);

    return copy != NULL ? rms_zip_put(p->archive, name, rms_view_of(copy, content.len)) : RMS_E_NO_MEMORY;
}

/* The part without one of its items (NULL: none), and with an element more at its end ("": none). */
static int rewrite(struct package *p, const char *name, const struct rms_part *part,
    const struct rms_part_item *gone, const char *more)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(RMS_PART_MAX);
    const uint8_t *from = part->text.data;

    if (gone != NULL) {
        rms_buf_append(&out, from, (size_t)(gone->source.data - from));
        from = gone->source.data + gone->source.len;
    }
    rms_buf_append(&out, from, (size_t)(part->text.data + part->end - from));
    rms_part_open(part, &out);
    rms_buf_append_str(&out, more);
    rms_part_close(part, &out);
    RMS_TRY(rms_buf_status(&out));
    return put_part(p, name, rms_buf_view(&out));
}

static const struct rms_part_item *item_with(
    const struct rms_part *part, const char *attribute, const char *value)
{
    for (const struct rms_part_item *item = part->first; item != NULL; item = item->next) {
        const char *has = rms_part_attr(item, attribute);

        if (has != NULL && rms_text_equal_nocase(has, value)) {
            return item;
        }
    }
    return NULL;
}

/* Says in the two parts that tell what is in the package that there are custom properties now. */
static int announce(struct package *p, const struct rms_part_item *info)
{
    bool fresh = custom_target(p) == NULL;
    struct rms_part types;

    if (fresh || info != NULL) {
        RMS_TRY(rewrite(p, RELS_PART, &p->rels, info,
            fresh ? "<Relationship xmlns=\"" RELS "\" Id=\"" CUSTOM_ID "\" Type=\"" CUSTOM_REL
                    "\" Target=\"" CUSTOM_PART "\"/>"
                  : ""));
    }
    if (!fresh) {
        return 0;
    }
    RMS_TRY(read_part(p, TYPES_PART, &types));
    if (item_with(&types, "PartName", "/" CUSTOM_PART) != NULL) {
        return 0;
    }
    return rewrite(p, TYPES_PART, &types, NULL,
        "<Override xmlns=\"" TYPES "\" PartName=\"/" CUSTOM_PART "\" ContentType=\"" CUSTOM_TYPE "\"/>");
}

/* What LabelInfo said is in the pairs. */
static int drop_info(struct package *p, const struct rms_part_item **relationship_out)
{
    const struct rms_part_item *item = item_with(&p->rels, "Type", INFO_REL);
    const char *target = target_of(p, INFO_REL);
    zip_int64_t index = target != NULL ? zip_name_locate(p->archive, target, 0) : -1;

    *relationship_out = item;
    if (index >= 0 && zip_delete(p->archive, (zip_uint64_t)index) != 0) {
        return RMS_E_DAMAGED;
    }
    return 0;
}

static int write_custom(struct package *p, const struct rms_label_pairs *pairs)
{
    RMS_BUF_CLEANUP struct rms_buf old = RMS_BUF_INIT(RMS_PART_MAX);
    RMS_BUF_CLEANUP struct rms_buf new = RMS_BUF_INIT(RMS_PART_MAX);
    const char *target = custom_target(p);
    int code = target != NULL ? rms_zip_read(p->archive, target, &old) : RMS_E_NOT_FOUND;

    if (code != RMS_E_NOT_FOUND) {
        RMS_TRY(code);
    }
    RMS_TRY(rms_label_custom_write(rms_buf_view(&old), pairs, &new));
    return put_part(p, target != NULL ? target : CUSTOM_PART, rms_buf_view(&new));
}

int rms_label_ooxml_write(int fd, int out, const struct rms_label_pairs *pairs)
{
    CLOSE_PACKAGE struct package p = {0};
    const struct rms_part_item *info;

    RMS_TRY(open_package(fd, out, pairs->arena, &p));
    RMS_TRY(drop_info(&p, &info));
    RMS_TRY(write_custom(&p, pairs));
    RMS_TRY(announce(&p, info));
    return rms_zip_finish(&p.archive);
}
