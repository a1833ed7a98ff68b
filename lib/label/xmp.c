#include "label/xmp.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <exempi/xmp.h>

#include "label/part.h"

#define MSIP      "http://www.microsoft.com/msip/1.0/"
#define PDFX      "http://ns.adobe.com/pdfx/1.3/"
#define LIST      "labels["
#define LIST_MAX  64u /* labels in the form of a list */
#define CHECK_MAX (16u * RMS_XMP_MAX)
#define PADDING   512 /* so that other programs can change something in place */

static const struct {
    const char *uri, *prefix;
} spaces[] = {[RMS_XMP_MSIP] = {MSIP, "msip"}, [RMS_XMP_PDFX] = {PDFX, "pdfx"}};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void)
{
    (void)xmp_init();
}

static void free_packet(XmpPtr *packet)
{
    if (*packet != NULL) {
        (void)xmp_free(*packet);
    }
}
#define FREE_PACKET __attribute__((cleanup(free_packet)))

static void free_text(XmpStringPtr *text)
{
    if (*text != NULL) {
        xmp_string_free(*text);
    }
}
#define FREE_TEXT __attribute__((cleanup(free_text)))

static void free_iterator(XmpIteratorPtr *iterator)
{
    if (*iterator != NULL) {
        (void)xmp_iterator_free(*iterator);
    }
}
#define FREE_ITERATOR __attribute__((cleanup(free_iterator)))

/* exempi gets only XML in UTF-8 that is well formed and not deep: it reports other texts on standard error,
 * and descends by recursion. */
static int check(struct rms_view bytes)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(CHECK_MAX);
    struct rms_part part;

    return arena != NULL ? rms_part_parse(arena, bytes, &part) : RMS_E_NO_MEMORY;
}

static int open_packet(struct rms_view bytes, XmpPtr *packet_out)
{
    *packet_out = NULL;
    if (bytes.len > 0) {
        RMS_TRY(check(bytes));
    }
    (void)pthread_once(&once, start);
    *packet_out = xmp_new_empty();
    if (*packet_out == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (bytes.len > RMS_XMP_MAX) {
        return RMS_E_LIMIT;
    }
    return bytes.len == 0 || xmp_parse(*packet_out, (const char *)bytes.data, bytes.len) ? 0 : RMS_E_DAMAGED;
}

/* --- reading -------------------------------------------------------------------------------------------- */

/* One simple property: its path, without the prefix of its namespace, and its value. */
typedef int take_fn(void *context, const char *path, const char *value);

static int each(XmpPtr packet, const char *uri, take_fn *take, void *context)
{
    FREE_ITERATOR XmpIteratorPtr iterator = xmp_iterator_new(packet, uri, NULL, XMP_ITER_JUSTLEAFNODES);
    FREE_TEXT XmpStringPtr path = xmp_string_new();
    FREE_TEXT XmpStringPtr value = xmp_string_new();

    /* exempi gives no iterator for a namespace that no packet named */
    while (iterator != NULL && path != NULL && value != NULL &&
           xmp_iterator_next(iterator, NULL, path, value, NULL)) {
        const char *colon = strchr(xmp_string_cstr(path), ':');

        if (colon != NULL) {
            RMS_TRY(take(context, colon + 1, xmp_string_cstr(value)));
        }
    }
    return 0;
}

struct listed {
    struct rms_label_pairs *pairs;
    char ids[LIST_MAX][RMS_GUID_TEXT];
    bool reading_ids;
};

static int put(struct rms_label_pairs *pairs, const char *key, const char *value)
{
    int code = rms_label_pairs_put(pairs, key, value);

    return code == RMS_E_LIMIT || code == RMS_E_BAD_ARGUMENT ? 0 : code;
}

/* labels[N]/msip-label:Attribute */
static int take_listed(struct listed *listed, const char *path, const char *value)
{
    unsigned long index = strtoul(path + sizeof LIST - 1, NULL, 10);
    const char *slash = strchr(path, '/');
    const char *attribute = slash != NULL ? strchr(slash, ':') : NULL;
    char key[RMS_LABEL_TEXT_MAX];
    bool is_id = attribute != NULL && strcasecmp(attribute, ":Id") == 0;

    if (attribute == NULL || strchr(attribute, '/') != NULL || index == 0 || index > LIST_MAX) {
        return 0;
    }
    if (listed->reading_ids) {
        if (is_id && rms_guid_parse(rms_view_str(value), listed->ids[index - 1]) != 0) {
            listed->ids[index - 1][0] = '\0';
        }
        return 0;
    }
    if (is_id || listed->ids[index - 1][0] == '\0' || value[0] == '\0' ||
        snprintf(key, sizeof key, "MSIP_Label_%s_%s", listed->ids[index - 1],
            strcasecmp(attribute, ":ParentId") == 0 ? "Parent" : attribute + 1) >= (int)sizeof key) {
        return 0;
    }
    return put(listed->pairs, key, value);
}

static int take_property(void *context, const char *path, const char *value)
{
    struct listed *listed = context;

    if (strncasecmp(path, LIST, sizeof LIST - 1) == 0) {
        return take_listed(listed, path, value);
    }
    return !listed->reading_ids && value[0] != '\0' ? put(listed->pairs, path, value) : 0;
}

static int read_packet(XmpPtr packet, enum rms_xmp_space space, struct rms_label_pairs *pairs)
{
    struct listed listed = {.pairs = pairs, .reading_ids = true};

    RMS_TRY(each(packet, spaces[space].uri, take_property, &listed));
    listed.reading_ids = false;
    return each(packet, spaces[space].uri, take_property, &listed);
}

int rms_label_xmp_read(struct rms_view packet, enum rms_xmp_space space, struct rms_label_pairs *pairs)
{
    FREE_PACKET XmpPtr parsed = NULL;

    RMS_TRY(open_packet(packet, &parsed));
    return read_packet(parsed, space, pairs);
}

/* --- writing -------------------------------------------------------------------------------------------- */

struct change {
    XmpPtr packet;
    const char *uri;
    const struct rms_label_pairs *pairs;
    struct rms_label_pairs
        *gone; /* names are collected first: the packet must not change under its iterator */
};

static int find_gone(void *context, const char *path, const char *value)
{
    struct change *change = context;
    const char *stays = rms_label_key(path) ? rms_label_pairs_get(change->pairs, path) : "";

    if (!rms_label_key(path) || (stays != NULL && strcmp(stays, value) == 0)) {
        return 0;
    }
    return put(change->gone, path, value);
}

static int set_pairs(const struct change *change)
{
    struct rms_label_pairs have = RMS_LABEL_PAIRS(change->pairs->arena);
    struct listed flat = {.pairs = &have};

    RMS_TRY(each(change->packet, change->uri, take_property, &flat));
    for (size_t i = 0; i < change->pairs->count; i++) {
        const struct rms_label_pair *pair = &change->pairs->items[i];

        if (rms_label_pairs_get(&have, pair->key) == NULL &&
            !xmp_set_property(change->packet, change->uri, pair->key, pair->value, 0)) {
            return RMS_E_BAD_ARGUMENT; /* no name of XML, or no text */
        }
    }
    return 0;
}

static int change_packet(XmpPtr packet, enum rms_xmp_space space, const struct rms_label_pairs *pairs)
{
    static const char *const lists[] = {"labels", "Labels"};
    struct rms_label_pairs gone = RMS_LABEL_PAIRS(pairs->arena);
    struct change change = {packet, spaces[space].uri, pairs, &gone};

    RMS_TRY(each(packet, change.uri, find_gone, &change));
    for (size_t i = 0; i < gone.count; i++) {
        (void)xmp_delete_property(packet, change.uri, gone.items[i].key);
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        (void)xmp_delete_property(packet, change.uri, lists[i]);
    }
    return set_pairs(&change);
}

int rms_label_xmp_write(struct rms_view packet, enum rms_xmp_space space, const struct rms_label_pairs *pairs,
    struct rms_buf *out)
{
    FREE_PACKET XmpPtr parsed = NULL;
    FREE_TEXT XmpStringPtr text = xmp_string_new();

    RMS_TRY(open_packet(packet, &parsed));
    (void)xmp_register_namespace(spaces[space].uri, spaces[space].prefix, NULL);
    RMS_TRY(change_packet(parsed, space, pairs));
    if (text == NULL || !xmp_serialize(parsed, text, XMP_SERIAL_OMITALLFORMATTING, PADDING)) {
        return RMS_E_NO_MEMORY;
    }
    rms_buf_append_str(out, xmp_string_cstr(text));
    return rms_buf_status(out);
}
