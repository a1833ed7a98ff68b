#include "service/rest_json.h"

#include "base/json.h"
#include "base/text.h"

int rms_reader_fail(struct rms_reader *reader, const char *field, const char *problem)
{
    if (reader->detail == NULL) {
        reader->detail = rms_arena_printf(reader->arena, "%.100s: %s", field, problem);
    }
    return RMS_E_BAD_ARGUMENT;
}

int rms_reader_parse(struct rms_reader *reader, struct rms_view body, json_t **object_out)
{
    json_t *json = NULL;
    if (rms_json_parse(body, &json) < 0) {
        return rms_reader_fail(reader, "body", "not JSON");
    }
    if (!json_is_object(json)) {
        rms_json_free(&json);
        return rms_reader_fail(reader, "body", "not an object");
    }
    *object_out = json;
    return RMS_OK;
}

/* Names come from outside: only printable ones are repeated. */
static const char *safe_name(const char *name)
{
    return rms_text_printable(rms_view_str(name)) ? name : "a member";
}

int rms_reader_only(struct rms_reader *reader, const json_t *object, const char *const *names)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], key) != 0) {
            i++;
        }
        if (names[i] == NULL) {
            return rms_reader_fail(reader, safe_name(key), "unknown member");
        }
    }
    return RMS_OK;
}

static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

/* XML, where some of these texts end, has no other control characters. */
static bool text_fits(struct rms_view text)
{
    if (!rms_text_valid(text)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static int take_text(
    struct rms_reader *reader, const json_t *value, const char *name, size_t max, const char **out)
{
    if (!json_is_string(value)) {
        return rms_reader_fail(reader, name, "not a text");
    }
    struct rms_view text = rms_view_of(json_string_value(value), json_string_length(value));
    if (text.len > max) {
        return rms_reader_fail(reader, name, "too long");
    }
    if (!text_fits(text)) {
        return rms_reader_fail(reader, name, "control characters");
    }
    *out = rms_arena_text(reader->arena, text);
    return *out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_reader_text(
    struct rms_reader *reader, const json_t *object, const char *name, size_t max, const char **out)
{
    const json_t *value = member(object, name);
    return value != NULL ? take_text(reader, value, name, max, out) : RMS_OK;
}

int rms_reader_bool(struct rms_reader *reader, const json_t *object, const char *name, bool *out)
{
    const json_t *value = member(object, name);
    if (value == NULL) {
        return RMS_OK;
    }
    if (!json_is_boolean(value)) {
        return rms_reader_fail(reader, name, "neither true nor false");
    }
    *out = json_is_true(value);
    return RMS_OK;
}

int rms_reader_int(struct rms_reader *reader, const json_t *object, const char *name, int64_t *out)
{
    const json_t *value = member(object, name);
    if (value == NULL) {
        return RMS_OK;
    }
    if (!json_is_number(value)) {
        return rms_reader_fail(reader, name, "not a number");
    }
    double number = json_number_value(value);
    bool in_range = number >= -1e12 && number <= 1e12; /* false for a NaN */
    if (!in_range || number != (double)(int64_t)number) {
        return rms_reader_fail(reader, name, "not a whole number");
    }
    *out = (int64_t)number;
    return RMS_OK;
}

int rms_reader_time(struct rms_reader *reader, const json_t *object, const char *name, int64_t *out)
{
    const char *text = NULL;
    RMS_TRY(rms_reader_text(reader, object, name, 64, &text));
    if (text == NULL) {
        return RMS_OK;
    }
    return rms_time_parse(rms_view_str(text), out) == RMS_OK ? RMS_OK
                                                             : rms_reader_fail(reader, name, "not a time");
}

int rms_reader_texts(struct rms_reader *reader, const json_t *object, const char *name,
    const char *const **texts_out, size_t *count_out)
{
    const json_t *value = member(object, name);
    if (value == NULL) {
        return RMS_OK;
    }
    if (!json_is_array(value)) {
        return rms_reader_fail(reader, name, "not a list");
    }
    size_t count = json_array_size(value);
    const char **texts = rms_arena_array(reader->arena, count + 1, sizeof(const char *));
    if (texts == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(take_text(reader, json_array_get(value, i), name, RMS_READER_TEXT_MAX, &texts[i]));
    }
    *texts_out = texts;
    *count_out = count;
    return RMS_OK;
}

int rms_reader_pairs(struct rms_reader *reader, const json_t *object, const char *name,
    const struct rms_name_value **pairs_out, size_t *count_out)
{
    const json_t *value = member(object, name);
    if (value == NULL) {
        return RMS_OK;
    }
    size_t room = json_object_size(value);
    if (!json_is_object(value) || room > RMS_READER_PAIRS_MAX) {
        return rms_reader_fail(reader, name, "not an object of at most 256 texts");
    }
    struct rms_name_value *pairs = rms_arena_array(reader->arena, room + 1, sizeof *pairs);
    if (pairs == NULL) {
        return RMS_E_NO_MEMORY;
    }
    const char *key;
    json_t *element;
    size_t count = 0;
    json_object_foreach((json_t *)(uintptr_t)value, key, element)
    {
        if (key[0] == '\0' || !rms_text_printable(rms_view_str(key))) {
            return rms_reader_fail(reader, name, "a name is empty or has control characters");
        }
        pairs[count].name = rms_arena_strdup(reader->arena, key);
        RMS_TRY(take_text(reader, element, name, RMS_READER_TEXT_MAX, &pairs[count].value));
        count++;
    }
    *pairs_out = pairs;
    *count_out = count;
    return RMS_OK;
}
