#include "service/scim_path.h"

#include <ctype.h>
#include <strings.h>

#include "base/json.h"

struct scan {
    struct rms_arena *arena;
    const char *at;
};

static bool take_char(struct scan *scan, char c)
{
    if (*scan->at != c) {
        return false;
    }
    scan->at++;
    return true;
}

static bool take_blanks(struct scan *scan)
{
    size_t len = strspn(scan->at, " ");
    scan->at += len;
    return len > 0;
}

/* ATTRNAME: a letter or '$', then letters, digits, '-', '_' and '$'. */
static int take_name(struct scan *scan, const char **name_out)
{
    size_t len = 0;
    while (isalnum((unsigned char)scan->at[len]) ||
           (scan->at[len] != '\0' && strchr("-_$", scan->at[len]) != NULL)) {
        len++;
    }
    if (len == 0 || isdigit((unsigned char)scan->at[0])) {
        return RMS_E_BAD_ARGUMENT;
    }
    char *name = rms_arena_text(scan->arena, rms_view_of(scan->at, len));
    if (name == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < len; i++) {
        name[i] = (char)tolower((unsigned char)name[i]);
    }
    scan->at += len;
    *name_out = name;
    return RMS_OK;
}

/* Behind the opening quote up to behind the closing one. */
static size_t quoted_length(const char *text)
{
    size_t len = 1;
    while (text[len] != '\0' && text[len] != '"') {
        len += text[len] == '\\' && text[len + 1] != '\0' ? 2 : 1;
    }
    return text[len] == '"' ? len + 1 : 0;
}

/* A JSON text, read by the JSON library. */
static int take_quoted(struct scan *scan, const char **value_out)
{
    RMS_BUF_CLEANUP struct rms_buf list = RMS_BUF_INIT(RMS_SCIM_PATH_MAX + 8);
    RMS_JSON_CLEANUP json_t *json = NULL;
    size_t len = quoted_length(scan->at);
    if (len == 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_buf_append_byte(&list, '[');
    rms_buf_append(&list, scan->at, len);
    rms_buf_append_byte(&list, ']');
    RMS_TRY(rms_buf_status(&list));
    RMS_TRY(rms_json_parse(rms_buf_view(&list), &json));
    const json_t *text = json_array_get(json, 0);
    if (json_array_size(json) != 1 || !json_is_string(text) ||
        strlen(json_string_value(text)) != json_string_length(text)) {
        return RMS_E_BAD_ARGUMENT;
    }
    scan->at += len;
    *value_out = rms_arena_strdup(scan->arena, json_string_value(text));
    return *value_out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int take_value(struct scan *scan, const char **value_out)
{
    static const char *const words[] = {"true", "false"};
    if (*scan->at == '"') {
        return take_quoted(scan, value_out);
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i]);
        if (strncasecmp(scan->at, words[i], len) == 0 && !isalnum((unsigned char)scan->at[len])) {
            scan->at += len;
            *value_out = words[i];
            return RMS_OK;
        }
    }
    return RMS_E_BAD_ARGUMENT;
}

/* " eq " and what stands behind it. */
static int take_comparison(struct scan *scan, const char **value_out)
{
    if (!take_blanks(scan) || strncasecmp(scan->at, "eq", 2) != 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    scan->at += 2;
    return take_blanks(scan) ? take_value(scan, value_out) : RMS_E_BAD_ARGUMENT;
}

/* The schema in front, if any. */
static void skip_schema(struct scan *scan, struct rms_scim_path *path)
{
    static const char *const known[] = {
        RMS_SCIM_USER_SCHEMA, RMS_SCIM_GROUP_SCHEMA, RMS_SCIM_GROUP_EXTENSION};
    if (strncasecmp(scan->at, "urn:", 4) != 0) {
        return;
    }
    path->attribute = "?";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t len = strlen(known[i]);
        if (strncasecmp(scan->at, known[i], len) != 0) {
            continue;
        }
        if (scan->at[len] == '\0') {
            path->attribute = "";
        } else if (scan->at[len] == ':') {
            scan->at += len + 1;
            path->attribute = NULL;
        }
    }
}

static int take_brackets(struct scan *scan, struct rms_scim_path *path)
{
    if (!take_char(scan, '[')) {
        return RMS_OK;
    }
    (void)take_blanks(scan);
    RMS_TRY(take_name(scan, &path->filter_attribute));
    RMS_TRY(take_comparison(scan, &path->filter_value));
    (void)take_blanks(scan);
    return take_char(scan, ']') ? RMS_OK : RMS_E_BAD_ARGUMENT;
}

static int take_path(struct scan *scan, struct rms_scim_path *path)
{
    *path = (struct rms_scim_path){0};
    if (strlen(scan->at) > RMS_SCIM_PATH_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    skip_schema(scan, path);
    if (path->attribute != NULL) {
        scan->at += strlen(scan->at);
        return RMS_OK;
    }
    RMS_TRY(take_name(scan, &path->attribute));
    RMS_TRY(take_brackets(scan, path));
    return take_char(scan, '.') ? take_name(scan, &path->sub) : RMS_OK;
}

int rms_scim_path_parse(struct rms_arena *arena, const char *text, struct rms_scim_path *path_out)
{
    struct scan scan = {arena, text};
    RMS_TRY(take_path(&scan, path_out));
    return *scan.at == '\0' ? RMS_OK : RMS_E_BAD_ARGUMENT;
}

/* emails[value eq "x"] says the same as emails.value eq "x". */
static int join(struct rms_arena *arena, const char *attribute, const char *sub, const char **out)
{
    *out = sub != NULL ? rms_arena_printf(arena, "%s.%s", attribute, sub) : attribute;
    return *out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_scim_filter_parse(struct rms_arena *arena, const char *text, struct rms_scim_filter *filter_out)
{
    struct scan scan = {arena, text};
    struct rms_scim_path path;
    *filter_out = (struct rms_scim_filter){0};
    (void)take_blanks(&scan);
    RMS_TRY(take_path(&scan, &path));
    if (path.filter_attribute != NULL && path.sub == NULL) {
        filter_out->value = path.filter_value;
        RMS_TRY(join(arena, path.attribute, path.filter_attribute, &filter_out->attribute));
    } else if (path.filter_attribute == NULL) {
        RMS_TRY(join(arena, path.attribute, path.sub, &filter_out->attribute));
        RMS_TRY(take_comparison(&scan, &filter_out->value));
    } else {
        return RMS_E_BAD_ARGUMENT;
    }
    (void)take_blanks(&scan);
    return *scan.at == '\0' ? RMS_OK : RMS_E_BAD_ARGUMENT;
}
