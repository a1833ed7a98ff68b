/* From the command line to the body and query of a call. */
#include "cmd/rms/admin.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/guid.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "cmd/rms/date.h"
#include "cmd/rms/password.h"
#include "crypto/rsa_file.h"

#define DAYS_MAX     65535
#define EVERY_MAX    36500
#define PASSWORD_MAX 1024
#define FILE_MAX     65536

struct filling {
    const struct arguments *arguments;
    const struct call_field *field;
    json_t *object;
};

static int put(const struct filling *f, json_t *value)
{
    if (value != NULL) {
        json_object_set_new(f->object, f->field->member, value);
    }
    return 0;
}

static const char *option_text(const struct filling *f)
{
    return argument_text(f->arguments, f->field->option);
}

static json_t *text_list(const char *const *items, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, text_json(items[i]));
    }
    return list;
}

/* --- one function a kind ---------------------------------------------------------------------------------
 */

static int put_text(const struct filling *f)
{
    const char *text = option_text(f);

    return text != NULL ? put(f, text_json(text)) : 0;
}

static int put_number(const struct filling *f)
{
    long number;

    return argument_number(f->arguments, f->field->option, &number) ? put(f, json_integer(number)) : 0;
}

static int put_flag(const struct filling *f)
{
    bool given = argument_flag(f->arguments, f->field->option);

    return given ? put(f, json_boolean(f->field->kind == FIELD_TRUE)) : 0;
}

static int put_list(const struct filling *f)
{
    size_t count;
    const char *const *items = argument_list(f->arguments, f->field->option, &count);
    json_t *before = json_object_get(f->object, f->field->member);

    if (count > 0 && json_is_array(before)) {
        json_t *RMS_JSON_CLEANUP more = text_list(items, count);

        return json_array_extend(before, more) == 0 ? 0 : EXIT_REFUSED; /* operands and an option */
    }
    return count > 0 ? put(f, text_list(items, count)) : 0;
}

static int put_constant(const struct filling *f)
{
    return put(f, json_string(f->field->option));
}

static int put_always(const struct filling *f)
{
    return put(f, json_true());
}

static int put_operands(const struct filling *f)
{
    size_t count;
    const char *const *operands = argument_operands(f->arguments, &count);
    size_t first = f->field->operand;

    if (first >= count) {
        return 0;
    }
    return put(f, f->field->kind == FIELD_OPERAND ? text_json(operands[first])
                                                  : text_list(operands + first, count - first));
}

/* -1 for what is no whole number up to the largest. */
static long read_days(const char *text, long max)
{
    bool whole = strlen(text) < 10 && text[strspn(text, "0123456789")] == 0;
    long days = whole && text[0] != '\0' ? strtol(text, NULL, 10) : -1;

    return days <= max ? days : -1;
}

static int put_days(const struct filling *f)
{
    size_t count;
    const char *text = argument_operands(f->arguments, &count)[f->field->operand];
    long days = read_days(text, DAYS_MAX);

    if (days < 0) {
        return usage_error(f->arguments, _("N is a whole number from 0 to %d, not \"%s\""), DAYS_MAX, text);
    }
    return put(f, json_integer(days));
}

static int put_every(const struct filling *f)
{
    const char *text = argument_text(f->arguments, f->field->option);
    long days = text == NULL || strcmp(text, "off") == 0 ? 0 : read_days(text, EVERY_MAX);

    if (text == NULL) {
        return 0;
    }
    if (days < 0) {
        return usage_error(f->arguments, _("--%s is off, or a number of days up to %d, not \"%s\""),
            f->field->option, EVERY_MAX, text);
    }
    return put(f, json_integer(days));
}

/* LANG=TEXT. */
static int put_translation(const struct filling *f, const char *item, json_t *names)
{
    const char *equals = strchr(item, '=');
    char language[36];

    if (equals == NULL || equals == item || (size_t)(equals - item) >= sizeof language) {
        return usage_error(f->arguments, _("--%s-in takes LANG=TEXT, not \"%s\""), f->field->option, item);
    }
    (void)snprintf(language, sizeof language, "%.*s", (int)(equals - item), item);
    json_object_set_new(names, language, text_json(equals + 1));
    return 0;
}

static int put_names(const struct filling *f)
{
    const char *text = option_text(f);
    char option[32];
    size_t count;
    const char *const *items;
    json_t *names;

    (void)snprintf(option, sizeof option, "%s-in", f->field->option);
    items = argument_list(f->arguments, option, &count);
    if (text == NULL && count == 0) {
        return 0;
    }
    names = text != NULL ? json_pack("{s:o}", "1033", text_json(text)) : json_object();
    for (size_t i = 0; i < count; i++) {
        int status = put_translation(f, items[i], names);

        if (status != 0) {
            json_decref(names);
            return status;
        }
    }
    return put(f, names);
}

static int put_grants(const struct filling *f)
{
    size_t count;
    const char *const *items = argument_list(f->arguments, f->field->option, &count);
    json_t *list;

    if (count == 0) {
        return 0;
    }
    list = json_array();
    for (size_t i = 0; i < count; i++) {
        const char *colon = strrchr(items[i], ':');
        json_t *rights;

        if (colon == NULL || colon == items[i] || colon[1] == 0) {
            json_decref(list);
            return usage_error(
                f->arguments, _("--%s takes WHO:RIGHTS, not \"%s\""), f->field->option, items[i]);
        }
        rights = json_array();
        for (const char *p = colon + 1; *p != 0; p += strspn(p, ",")) {
            size_t len = strcspn(p, ",");

            json_array_append_new(rights, json_stringn(p, len));
            p += len;
        }
        json_array_append_new(list,
            json_pack("{s:s%,s:o}", "Principal", items[i], (size_t)(colon - items[i]), "Rights", rights));
    }
    return put(f, list);
}

static int put_password(const struct filling *f)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(PASSWORD_MAX);
    int code;

    if (!argument_flag(f->arguments, f->field->option)) {
        return 0;
    }
    if (argument_flag(f->arguments, "what-if")) {
        return put(f, json_string("***"));
    }
    code = password_read(&text);
    return code < 0 ? output_error(NULL, _("password"), code) : put(f, text_json(rms_buf_text(&text)));
}

static void append_proxy(json_t *list, const char *prefix, const char *address)
{
    struct rms_buf RMS_BUF_CLEANUP value = RMS_BUF_INIT(1024);

    rms_buf_printf(&value, "%s%s", prefix, address);
    json_array_append_new(list, text_json(rms_buf_text(&value)));
}

/* Addresses are replaced as a whole: the primary one, then the aliases. */
static int put_proxy(const struct filling *f)
{
    static const char *const short_forms[] = {"address", "alias", NULL};
    const char *address = argument_text(f->arguments, "address");
    size_t count;
    const char *user = argument_operands(f->arguments, &count)[0];
    const char *const *aliases = argument_list(f->arguments, "alias", &count);
    json_t *list;

    if (argument_count_of(f->arguments, short_forms) == 0) {
        return 0;
    }
    if (argument_flag(f->arguments, "proxy-address")) {
        return usage_error(f->arguments, _("give --proxy-address, or --address and --alias"));
    }
    if (address == NULL && strchr(user, '@') == NULL) {
        return usage_error(f->arguments, _("--alias needs --address, which stays the primary one"));
    }
    list = json_array();
    append_proxy(list, "SMTP:", address != NULL ? address : user);
    for (size_t i = 0; i < count; i++) {
        append_proxy(list, "smtp:", aliases[i]);
    }
    return put(f, list);
}

static int put_date(const struct filling *f)
{
    const char *text = option_text(f);
    bool day_end = f->field->kind != FIELD_FROM && f->field->kind != FIELD_START;
    const char *zone = f->field->kind == FIELD_START ? argument_text(f->arguments, "tz") : NULL;
    int64_t time;

    if (text == NULL) {
        return 0;
    }
    if (zone != NULL && date_zone(zone) < 0) {
        return usage_error(f->arguments, _("--tz %s: this machine does not know the zone"), zone);
    }
    if (date_parse(text, day_end, &time) < 0) {
        return usage_error(f->arguments, _("--%s takes %s; not \"%s\""), f->field->option, DATE_FORMS, text);
    }
    if (f->field->kind == FIELD_TO && strchr(text, 'T') == NULL) {
        time -= 1; /* the last second of the day is included */
    }
    return put(f, time_json(time));
}

static int put_document(const struct filling *f)
{
    size_t count;
    const char *const *operands = argument_operands(f->arguments, &count);
    const char *what = f->field->operand < count ? operands[f->field->operand] : NULL;
    char id[RMS_GUID_TEXT];

    if (what == NULL) {
        return 0;
    }
    if (strlen(what) >= PATH_MAX) {
        return usage_error(f->arguments, _("neither a content id nor a file: the name is too long"));
    }
    return rms_guid_parse(rms_view_str(what), id) == 0 ? put(f, json_string(id))
                                                       : admin_add_licence(what, NULL, f->object);
}

/* The whole 24 hours, also where the clocks are changed that day; nothing smaller. */
static int put_day(const struct filling *f)
{
    const char *text = option_text(f);
    int64_t time;

    if (text == NULL) {
        return 0;
    }
    if (strchr(text, 'T') != NULL || date_parse(text, false, &time) < 0) {
        return usage_error(
            f->arguments, _("--%s takes a day: YYYY-MM-DD; not \"%s\""), f->field->option, text);
    }
    return put(f, time_json(time + RMS_DAY_S - 1));
}

static int put_empty(const struct filling *f)
{
    return argument_flag(f->arguments, f->field->option) ? put(f, json_array()) : 0;
}

static int put_bool(const struct filling *f)
{
    const char *word = option_text(f);

    return word != NULL ? put(f, json_boolean(strcmp(word, "true") == 0)) : 0;
}

static int put_file(const struct filling *f)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);
    const char *path = option_text(f);
    int code = path != NULL ? rms_file_read(path, &text) : 0;

    if (code == 0 && !rms_text_valid(rms_buf_view(&text))) {
        code = RMS_E_BAD_ARGUMENT;
    }
    if (code < 0) {
        return output_error(NULL, path, code);
    }
    return path != NULL ? put(f, text_json(rms_buf_text(&text))) : 0;
}

/* The key itself stays here: should it be the private half by mistake, nobody gets that. */
static int put_recipient(const struct filling *f)
{
    struct rms_buf RMS_BUF_CLEANUP pem = RMS_BUF_INIT(RMS_KEY_FILE_MAX);
    char name[RMS_FINGERPRINT_TEXT];
    struct rms_rsa_public key;
    const char *path = option_text(f);
    int code = rms_file_read(path, &pem);

    if (code == 0) {
        code = rms_rsa_public_from_file(rms_buf_view(&pem), &key);
    }
    if (code < 0) {
        return output_error(NULL, path, code);
    }
    rms_rsa_fingerprint_text(&key, name);
    return put(f, text_json(name));
}

static int (*const fillers[])(const struct filling *) = {
    [FIELD_TEXT] = put_text,
    [FIELD_NUMBER] = put_number,
    [FIELD_TRUE] = put_flag,
    [FIELD_FALSE] = put_flag,
    [FIELD_LIST] = put_list,
    [FIELD_PASSWORD] = put_password,
    [FIELD_ALWAYS] = put_always,
    [FIELD_CONSTANT] = put_constant,
    [FIELD_OPERAND] = put_operands,
    [FIELD_OPERANDS] = put_operands,
    [FIELD_EVERY] = put_every,
    [FIELD_DAYS] = put_days,
    [FIELD_NAMES] = put_names,
    [FIELD_GRANTS] = put_grants,
    [FIELD_PROXY] = put_proxy,
    [FIELD_DATE] = put_date,
    [FIELD_FROM] = put_date,
    [FIELD_TO] = put_date,
    [FIELD_DAY] = put_day,
    [FIELD_START] = put_date,
    [FIELD_EMPTY] = put_empty,
    [FIELD_BOOL] = put_bool,
    [FIELD_FILE] = put_file,
    [FIELD_DOCUMENT] = put_document,
    [FIELD_RECIPIENT] = put_recipient,
};

/* --- the whole -------------------------------------------------------------------------------------------
 */

static int fill(const struct arguments *arguments, const struct call_field *fields, json_t *object)
{
    for (const struct call_field *field = fields; field != NULL && field->member != NULL; field++) {
        int status = fillers[field->kind](&(struct filling){arguments, field, object});

        if (status != 0) {
            return status;
        }
    }
    return 0;
}

int admin_body(const struct arguments *arguments, const struct call *call, json_t *object)
{
    int status = 0;

    for (const char *const *name = call->needed; name != NULL && *name != NULL; name++) {
        if (!argument_flag(arguments, *name)) {
            return usage_error(arguments, _("--%s is missing"), *name);
        }
    }
    if (call->any_of != NULL && argument_count_of(arguments, call->any_of) == 0) {
        return usage_error(arguments, _("--%s is missing"), call->any_of[0]);
    }
    status = fill(arguments, call->fields, object);
    if (status == 0 && call->changes && json_object_size(object) == 0) {
        return usage_error(arguments, _("nothing to change: give at least one option"));
    }
    return status;
}

int admin_query(const struct arguments *arguments, const struct call *call, json_t *object)
{
    return fill(arguments, call->query, object);
}
