#include "label/pairs.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"

#define PREFIX     "MSIP_Label_"
#define PREFIX_LEN (sizeof PREFIX - 1)
#define FIRST_ROOM 32

/* --- keys ----------------------------------------------------------------------------------------------- */

/* Fit for a mail header: the name of an attribute must not end a pair or a line. */
static bool attribute_fits(const char *attribute)
{
    return attribute[strcspn(attribute, "=; ")] == '\0' && rms_text_printable(rms_view_str(attribute));
}

/* Splits a key; the attribute points into it. */
static bool split_key(const char *key, char id_out[RMS_GUID_TEXT], const char **attribute_out)
{
    size_t len = strlen(key);
    const char *id = key + PREFIX_LEN;

    if (len <= PREFIX_LEN + RMS_GUID_TEXT || strncasecmp(key, PREFIX, PREFIX_LEN) != 0 ||
        id[RMS_GUID_TEXT - 1] != '_' || rms_guid_parse(rms_view_of(id, RMS_GUID_TEXT - 1), id_out) != 0) {
        return false;
    }
    *attribute_out = id + RMS_GUID_TEXT;
    return attribute_fits(*attribute_out);
}

bool rms_label_key(const char *key)
{
    char id[RMS_GUID_TEXT];
    const char *attribute;

    return rms_text_equal_nocase(key, RMS_LABEL_DISPLAY) || split_key(key, id, &attribute);
}

static bool fits(const char *text)
{
    return strlen(text) < RMS_LABEL_TEXT_MAX;
}

/* --- the list ------------------------------------------------------------------------------------------- */

static struct rms_label_pair *find(const struct rms_label_pairs *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (rms_text_equal_nocase(pairs->items[i].key, key)) {
            return &pairs->items[i];
        }
    }
    return NULL;
}

const char *rms_label_pairs_get(const struct rms_label_pairs *pairs, const char *key)
{
    const struct rms_label_pair *pair = find(pairs, key);

    return pair != NULL ? pair->value : NULL;
}

static int make_room(struct rms_label_pairs *pairs)
{
    size_t room = pairs->room == 0 ? FIRST_ROOM : pairs->room * 2;
    struct rms_label_pair *items;

    if (pairs->count < pairs->room) {
        return 0;
    }
    if (pairs->count >= RMS_LABEL_PAIRS_MAX) {
        return RMS_E_LIMIT;
    }
    items = rms_arena_array(pairs->arena, room, sizeof *items);
    if (items == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (pairs->count > 0) {
        memcpy(items, pairs->items, pairs->count * sizeof *items);
    }
    pairs->items = items;
    pairs->room = room;
    return 0;
}

int rms_label_pairs_put(struct rms_label_pairs *pairs, const char *key, const char *value)
{
    struct rms_label_pair *pair = find(pairs, key);
    struct rms_label_pair made = {.value = rms_arena_strdup(pairs->arena, value)};

    if (!rms_label_key(key)) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (!fits(key) || !fits(value)) {
        return RMS_E_LIMIT;
    }
    if (pair != NULL && made.value != NULL) {
        pair->value = made.value;
        return 0;
    }
    made.key = rms_arena_strdup(pairs->arena, key);
    if (made.key == NULL || made.value == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(make_room(pairs));
    pairs->items[pairs->count++] = made;
    return 0;
}

int rms_label_put(struct rms_label_pairs *pairs, const char *id, const char *attribute, const char *value)
{
    const char *key = rms_arena_printf(pairs->arena, PREFIX "%s_%s", id, attribute);

    if (key == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return value != NULL && value[0] != '\0' ? rms_label_pairs_put(pairs, key, value) : 0;
}

/* --- reading labels ------------------------------------------------------------------------------------- */

static bool is_true(const char *value)
{
    return rms_text_equal_nocase(value, "true") || strcmp(value, "1") == 0;
}

/* The last GUID of a policy address: the tenant of files that have no SiteId. */
static void take_ref(struct rms_labelled *label, const char *value)
{
    size_t len = strlen(value);

    for (size_t at = len; label->site[0] == '\0' && at >= RMS_GUID_TEXT - 1; at--) {
        const char *start = value + at - (RMS_GUID_TEXT - 1);

        if (rms_guid_parse(rms_view_of(start, RMS_GUID_TEXT - 1), label->site) != 0) {
            label->site[0] = '\0';
        }
    }
}

static void take_guid(char out[RMS_GUID_TEXT], const char *value)
{
    char guid[RMS_GUID_TEXT];

    if (rms_guid_parse(rms_view_str(value), guid) == 0) {
        memcpy(out, guid, sizeof guid);
    }
}

static void take_attribute(struct rms_labelled *label, const char *attribute, const char *value)
{
    const struct {
        const char *name;
        const char **place;
    } texts[] = {{"Name", &label->name}, {"SetDate", &label->set_at}, {"DateCreated", &label->set_at},
        {"Method", &label->method}, {"Extended_MSFT_Method", &label->method}, {"Owner", &label->owner},
        {"SetBy", &label->owner}, {"AssignedBy", &label->owner}};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        /* the current name of a thing comes first in the table and wins over its older ones */
        if (rms_text_equal_nocase(attribute, texts[i].name) &&
            ((*texts[i].place)[0] == '\0' || i == 0 || texts[i].place != texts[i - 1].place)) {
            *texts[i].place = value;
        }
    }
    if (rms_text_equal_nocase(attribute, "Enabled")) {
        label->enabled = is_true(value);
    } else if (rms_text_equal_nocase(attribute, "SiteId")) {
        take_guid(label->site, value);
    } else if (rms_text_equal_nocase(attribute, "Parent")) {
        take_guid(label->parent, value);
    } else if (rms_text_equal_nocase(attribute, "ContentBits")) {
        label->content_bits = (unsigned)strtoul(value, NULL, 10);
    }
}

static struct rms_labelled *label_of(struct rms_labelled *labels, size_t *count, const char *id)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(labels[i].id, id) == 0) {
            return &labels[i];
        }
    }
    labels[*count] = (struct rms_labelled){.name = "", .set_at = "", .method = "", .owner = ""};
    memcpy(labels[*count].id, id, RMS_GUID_TEXT);
    return &labels[(*count)++];
}

int rms_label_all(
    const struct rms_label_pairs *pairs, const struct rms_labelled **labels_out, size_t *count_out)
{
    struct rms_labelled *labels = rms_arena_array(pairs->arena, pairs->count + 1, sizeof *labels);
    char id[RMS_GUID_TEXT];
    const char *attribute;

    *labels_out = labels;
    *count_out = 0;
    if (labels == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < pairs->count; i++) {
        if (split_key(pairs->items[i].key, id, &attribute)) {
            take_attribute(label_of(labels, count_out, id), attribute, pairs->items[i].value);
        }
    }
    for (size_t i = 0; i < pairs->count; i++) {
        if (split_key(pairs->items[i].key, id, &attribute) && rms_text_equal_nocase(attribute, "Ref")) {
            take_ref(label_of(labels, count_out, id), pairs->items[i].value);
        }
    }
    return 0;
}

/* --- the one in force ----------------------------------------------------------------------------------- */

static bool related(const struct rms_labelled *a, const struct rms_labelled *b)
{
    return strcmp(a->parent, b->id) == 0 || strcmp(b->parent, a->id) == 0;
}

static bool goes_before(const struct rms_labelled *a, const struct rms_labelled *b)
{
    int order = strcmp(a->set_at, b->set_at);

    if (related(a, b)) {
        return strcmp(a->parent, b->id) == 0;
    }
    return order != 0 ? order > 0 : strcmp(a->id, b->id) > 0;
}

int rms_label_in_force(
    const struct rms_label_pairs *pairs, const char *site, struct rms_labelled *label_out, bool *doubtful_out)
{
    const struct rms_labelled *labels;
    const struct rms_labelled *best = NULL;
    size_t count;

    *doubtful_out = false;
    RMS_TRY(rms_label_all(pairs, &labels, &count));
    for (size_t i = 0; i < count; i++) {
        if (labels[i].enabled && (site == NULL || strcmp(labels[i].site, site) == 0)) {
            *doubtful_out |= best != NULL && !related(best, &labels[i]);
            best = best == NULL || goes_before(&labels[i], best) ? &labels[i] : best;
        }
    }
    if (best == NULL) {
        return RMS_E_NOT_FOUND;
    }
    *label_out = *best;
    return 0;
}

/* --- changing ------------------------------------------------------------------------------------------- */

/* Is the label of the tenant: by its own word, or as the parent of one that is? */
static bool of_site(const struct rms_labelled *labels, size_t count, const char *id, const char *site)
{
    bool own = false;

    for (size_t i = 0; i < count; i++) {
        own |= strcmp(labels[i].site, site) == 0 &&
               (strcmp(labels[i].id, id) == 0 || strcmp(labels[i].parent, id) == 0);
    }
    return own;
}

/* Keeps what is not the tenant's, and the label `but`. had_out: the tenant had one. */
static int drop(struct rms_label_pairs *pairs, const char *site, const char *but, bool *had_out)
{
    const struct rms_labelled *labels;
    const char *attribute;
    char id[RMS_GUID_TEXT];
    size_t count;
    size_t kept = 0;

    *had_out = false;
    RMS_TRY(rms_label_all(pairs, &labels, &count));
    for (size_t i = 0; i < pairs->count; i++) {
        bool key = split_key(pairs->items[i].key, id, &attribute);
        bool own = key && of_site(labels, count, id, site);

        *had_out |= own;
        if (!own || (but != NULL && strcmp(id, but) == 0)) {
            pairs->items[kept++] = pairs->items[i];
        }
    }
    pairs->count = kept;
    return 0;
}

static void drop_display(struct rms_label_pairs *pairs)
{
    struct rms_label_pair *display = find(pairs, RMS_LABEL_DISPLAY);

    if (display != NULL) {
        size_t at = (size_t)(display - pairs->items);

        memmove(display, display + 1, (pairs->count - at - 1) * sizeof *display);
        pairs->count--;
    }
}

int rms_label_remove(struct rms_label_pairs *pairs, const char *site)
{
    bool had;

    RMS_TRY(drop(pairs, site, NULL, &had));
    if (had) {
        drop_display(pairs);
    }
    return had ? 0 : RMS_E_NOT_FOUND;
}

static bool good_text(const char *text)
{
    return text != NULL && fits(text) && rms_text_printable(rms_view_str(text));
}

int rms_label_set(struct rms_label_pairs *pairs, const struct rms_labelled *label, const char *display)
{
    char bits[16];
    bool had;

    if (label->id[0] == '\0' || label->site[0] == '\0' || !good_text(label->name) ||
        !good_text(label->set_at) || !good_text(label->method) ||
        !good_text(display != NULL ? display : label->name)) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(drop(pairs, label->site, label->id, &had));
    (void)snprintf(bits, sizeof bits, "%u", label->content_bits);
    RMS_TRY(rms_label_put(pairs, label->id, "Enabled", "true"));
    RMS_TRY(rms_label_put(pairs, label->id, "SetDate", label->set_at));
    RMS_TRY(rms_label_put(pairs, label->id, "Method", label->method));
    RMS_TRY(rms_label_put(pairs, label->id, "Name", label->name));
    RMS_TRY(rms_label_put(pairs, label->id, "SiteId", label->site));
    RMS_TRY(rms_label_put(pairs, label->id, "ContentBits", bits));
    return rms_label_pairs_put(pairs, RMS_LABEL_DISPLAY, display != NULL ? display : label->name);
}
