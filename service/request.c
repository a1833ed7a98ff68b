#include "service/request.h"

#include <assert.h>

#include "base/text.h"

static const char *pair_find(const struct rms_pair *pairs, size_t count, const char *name, bool any_case)
{
    for (size_t i = 0; i < count; i++) {
        bool same = any_case ? rms_text_equal_nocase(pairs[i].name, name) : strcmp(pairs[i].name, name) == 0;
        if (same) {
            return pairs[i].value;
        }
    }
    return NULL;
}

const char *rms_request_header(const struct rms_request *request, const char *name)
{
    return pair_find(request->headers, request->header_count, name, true);
}

const char *rms_request_query(const struct rms_request *request, const char *name)
{
    return pair_find(request->query, request->query_count, name, false);
}

int rms_fail(struct rms_request *request, int code, const char *detail)
{
    if (request->note.detail == NULL) {
        request->note.detail = detail;
    }
    return code;
}

void rms_reply_header(struct rms_reply *reply, const char *name, const char *value)
{
    assert(reply->header_count < RMS_REPLY_HEADERS_MAX);
    if (reply->header_count < RMS_REPLY_HEADERS_MAX && value != NULL) {
        reply->headers[reply->header_count++] = (struct rms_pair){name, value};
    }
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character at text[*pos]; moves pos behind it. Negative for a bad escape and for NUL. */
static int decode_one(struct rms_view text, size_t *pos, bool form)
{
    uint8_t c = text.data[*pos];
    *pos += 1;
    if (c == '+' && form) {
        return ' ';
    }
    if (c != '%') {
        return c != 0 ? c : -1;
    }
    if (text.len - *pos < 2) {
        return -1;
    }
    int high = hex_digit(text.data[*pos]);
    int low = hex_digit(text.data[*pos + 1]);
    *pos += 2;
    if (high < 0 || low < 0 || (high | low) == 0) {
        return -1;
    }
    return high << 4 | low;
}

int rms_percent_decode(struct rms_arena *arena, struct rms_view text, bool form, const char **decoded_out)
{
    char *out = rms_arena_alloc(arena, text.len + 1);
    if (out == NULL) {
        return RMS_E_NO_MEMORY;
    }
    size_t len = 0;
    for (size_t pos = 0; pos < text.len;) {
        int c = decode_one(text, &pos, form);
        if (c < 0) {
            return RMS_E_BAD_ARGUMENT;
        }
        out[len++] = (char)c;
    }
    if (!rms_text_valid(rms_view_of(out, len))) {
        return RMS_E_BAD_ARGUMENT;
    }
    *decoded_out = out;
    return RMS_OK;
}

static size_t find_byte(struct rms_view text, uint8_t byte)
{
    const uint8_t *hit = text.len > 0 ? memchr(text.data, byte, text.len) : NULL;
    return hit != NULL ? (size_t)(hit - text.data) : text.len;
}

static size_t count_pairs(struct rms_view text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++) {
        count += text.data[i] == '&';
    }
    return count;
}

static int parse_pair(struct rms_arena *arena, struct rms_view text, bool form, struct rms_pair *pair_out)
{
    size_t equals = find_byte(text, '=');
    struct rms_view name = rms_view_of(text.data, equals);
    struct rms_view value = {NULL, 0};
    if (equals < text.len) {
        value = rms_view_of(text.data + equals + 1, text.len - equals - 1);
    }
    RMS_TRY(rms_percent_decode(arena, name, form, &pair_out->name));
    return rms_percent_decode(arena, value, form, &pair_out->value);
}

int rms_form_parse(struct rms_arena *arena, struct rms_view text, bool form,
    const struct rms_pair **pairs_out, size_t *count_out)
{
    *pairs_out = NULL;
    *count_out = 0;
    if (text.len == 0) {
        return RMS_OK;
    }
    size_t room = count_pairs(text);
    if (room > RMS_FORM_PAIRS_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    struct rms_pair *pairs = rms_arena_array(arena, room, sizeof *pairs);
    if (pairs == NULL) {
        return RMS_E_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t pos = 0; pos < text.len;) {
        struct rms_view rest = rms_view_of(text.data + pos, text.len - pos);
        size_t len = find_byte(rest, '&');
        if (len > 0) {
            RMS_TRY(parse_pair(arena, rms_view_of(rest.data, len), form, &pairs[count++]));
        }
        pos += len + 1;
    }
    *pairs_out = pairs;
    *count_out = count;
    return RMS_OK;
}
