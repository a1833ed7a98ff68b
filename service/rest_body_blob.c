/* Bodies that carry licences: one or two long base64 texts. json-c, because jansson takes ten times as long
 * for them (measured with 10 kB: 75 against 7 us); the two cannot be included in one file. */
#include <json-c/json.h>
#include <stdio.h>

#include "crypto/base64.h"
#include "service/rest_body.h"

#define DEPTH 4

static const char *const utf8_bom = "\xef\xbb\xbf";

/* One object and nothing behind it. The texts are base64, checked when decoded: json-c need not look for
 * UTF-8. */
static int parse(struct rms_view body, json_object **object_out)
{
    if (body.len >= 3 && memcmp(body.data, utf8_bom, 3) == 0) {
        body = rms_view_of(body.data + 3, body.len - 3);
    }
    if (body.len == 0 || body.len > INT32_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    struct json_tokener *tokener = json_tokener_new_ex(DEPTH);
    if (tokener == NULL) {
        return RMS_E_NO_MEMORY;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    json_object *object = json_tokener_parse_ex(tokener, (const char *)body.data, (int)body.len);
    bool whole = json_tokener_get_error(tokener) == json_tokener_success &&
                 json_tokener_get_parse_end(tokener) == body.len;
    json_tokener_free(tokener);
    if (!whole || !json_object_is_type(object, json_type_object)) {
        (void)json_object_put(object);
        return RMS_E_BAD_ARGUMENT;
    }
    *object_out = object;
    return RMS_OK;
}

static int decode_text(struct rms_arena *arena, struct rms_view text, struct rms_view *out)
{
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(text.len + 4);
    RMS_TRY(rms_base64_decode(text, &bytes));
    uint8_t *copy = rms_arena_copy(arena, bytes.data, bytes.len);
    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *out = rms_view_of(copy, bytes.len);
    return bytes.len > 0 ? RMS_OK : RMS_E_BAD_ARGUMENT;
}

static int decode(struct rms_arena *arena, json_object *value, struct rms_view *out)
{
    if (!json_object_is_type(value, json_type_string)) {
        return RMS_E_BAD_ARGUMENT;
    }
    return decode_text(
        arena, rms_view_of(json_object_get_string(value), (size_t)json_object_get_string_len(value)), out);
}

/* What most clients send: {"NAME":"base64"} and nothing more, perhaps a blank behind the colon. The decoder
 * takes no quote and no backslash, so whatever it accepts between the two ends is this one member; everything
 * else goes the long way. Saves the copy that a parser makes of ten thousand characters. */
static bool take_plain(struct rms_arena *arena, struct rms_view body, const char *name, struct rms_view *out)
{
    char head[80];
    int len = snprintf(head, sizeof head, "{\"%s\":", name);
    size_t at = len > 0 && (size_t)len < sizeof head ? (size_t)len : 0;
    if (at == 0 || body.len < at + 6 || memcmp(body.data, head, at) != 0) {
        return false;
    }
    at += body.data[at] == ' ';
    if (body.data[at] != '"' || memcmp(body.data + body.len - 2, "\"}", 2) != 0) {
        return false;
    }
    return decode_text(arena, rms_view_of(body.data + at + 1, body.len - at - 3), out) == RMS_OK;
}

static int take(struct rms_arena *arena, json_object *object, const char *name, struct rms_view *out,
    const char **detail_out)
{
    json_object *value = NULL;
    int rc = RMS_E_BAD_ARGUMENT;
    if (json_object_object_get_ex(object, name, &value)) {
        rc = decode(arena, value, out);
    }
    if (rc < 0) {
        *detail_out = rms_arena_printf(arena, "%s: missing or not base64", name);
    }
    return rc;
}

int rms_rest_body_blobs(struct rms_arena *arena, struct rms_view body, const char *const *names, size_t count,
    struct rms_view *values_out, const char **detail_out)
{
    json_object *object = NULL;
    if (count == 1 && take_plain(arena, body, names[0], &values_out[0])) {
        return RMS_OK;
    }
    int rc = parse(body, &object);
    if (rc < 0) {
        *detail_out = "body: not a JSON object";
        return rc;
    }
    for (size_t i = 0; i < count && rc == RMS_OK; i++) {
        rc = take(arena, object, names[i], &values_out[i], detail_out);
    }
    if (rc == RMS_OK && (size_t)json_object_object_length(object) != count) {
        *detail_out = "body: unknown member";
        rc = RMS_E_BAD_ARGUMENT;
    }
    (void)json_object_put(object);
    return rc;
}
