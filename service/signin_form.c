#include "service/signin_form.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

/* A tab or a line break never belongs into a parameter; in a password it might. */
static bool acceptable(const struct rms_pair *pair)
{
    struct rms_view value = rms_view_str(pair->value);

    if (strcmp(pair->name, "password") == 0) {
        return rms_text_valid(value);
    }
    return pair->name[0] != '\0' && rms_text_printable(rms_view_str(pair->name)) && rms_text_printable(value);
}

static bool repeated(const struct rms_pair *pairs, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(pairs[i].name, pairs[index].name) == 0) {
            return true;
        }
    }
    return false;
}

int rms_form_check(const struct rms_pair *pairs, size_t count, struct rms_form *form_out)
{
    *form_out = (struct rms_form){pairs, 0};
    if (count > RMS_FORM_PAIRS_MAX) {
        return RMS_E_LIMIT;
    }
    for (size_t i = 0; i < count; i++) {
        if (!acceptable(&pairs[i]) || repeated(pairs, i)) {
            return RMS_E_BAD_ARGUMENT;
        }
    }
    form_out->count = count;
    return 0;
}

int rms_form_of_query(const struct rms_request *request, struct rms_form *form_out)
{
    const struct rms_pair *pairs = request->query;
    size_t count = request->query_count;

    *form_out = (struct rms_form){NULL, 0};
    if (request->raw_query != NULL) {
        RMS_TRY(rms_form_parse(request->arena, rms_view_str(request->raw_query), true, &pairs, &count));
    }
    return rms_form_check(pairs, count, form_out);
}

int rms_form_of_body(const struct rms_request *request, struct rms_form *form_out)
{
    const char *type = rms_request_header(request, "Content-Type");
    const struct rms_pair *pairs;
    size_t count;

    *form_out = (struct rms_form){NULL, 0};
    if (type == NULL || strncasecmp(type, FORM_TYPE, sizeof FORM_TYPE - 1) != 0 ||
        strchr("; \t", type[sizeof FORM_TYPE - 1]) == NULL) {
        return RMS_E_TYPE;
    }
    RMS_TRY(rms_form_parse(request->arena, request->body, true, &pairs, &count));
    return rms_form_check(pairs, count, form_out);
}

const char *rms_form_get(const struct rms_form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++) {
        if (strcmp(form->pairs[i].name, name) == 0) {
            return form->pairs[i].value[0] != '\0' ? form->pairs[i].value : NULL;
        }
    }
    return NULL;
}

/* RFC 3986 unreserved: the only bytes that travel as they are. */
static bool unreserved(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || strchr("-._~", c) != NULL;
}

static void append_escaped(struct rms_buf *out, const char *text)
{
    for (const uint8_t *c = (const uint8_t *)text; *c != '\0'; c++) {
        if (unreserved(*c)) {
            rms_buf_append_byte(out, *c);
        } else {
            rms_buf_printf(out, "%%%02X", *c);
        }
    }
}

void rms_form_append(struct rms_buf *out, const char *name, const char *value)
{
    if (value == NULL) {
        return;
    }
    if (out->len > 0 && out->data[out->len - 1] != '?') {
        rms_buf_append_byte(out, '&');
    }
    append_escaped(out, name);
    rms_buf_append_byte(out, '=');
    append_escaped(out, value);
}

const char *rms_form_cookie(const struct rms_request *request, const char *name)
{
    const char *text = rms_request_header(request, "Cookie");
    size_t len = strlen(name);

    while (text != NULL && *text != '\0') {
        size_t run;

        text += strspn(text, " ;");
        run = strcspn(text, ";");
        if (run > len && memcmp(text, name, len) == 0 && text[len] == '=') {
            return rms_arena_text(request->arena, rms_view_of(text + len + 1, run - len - 1));
        }
        text += run;
    }
    return NULL;
}
