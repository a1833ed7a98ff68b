/* Settings of a directory: one table of texts, one of numbers. */
#include "directory/ldap_settings.h"

#include "base/text.h"
#include "directory/ldap_core.h"

#define TEXT_MAX         1024
#define CERTIFICATES_MAX 65536
#define HOURS_3          10800 /* S-045: membership is never older */

/* --- checks ------------------------------------------------------------------------------------------- */

static const char *check_url(const char *text)
{
    return rms_ldap_url_fits(text) ? NULL : "not ldap://HOST[:PORT] or ldaps://HOST[:PORT]";
}

static const char *check_dn(const char *text)
{
    LDAPDN parts = NULL;
    bool good = text[0] != '\0' && ldap_str2dn(text, &parts, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS;

    ldap_dnfree(parts);
    return good ? NULL : "not a distinguished name";
}

/* Who may add a directory must not send any file of the machine to a server of his choice. */
static const char *check_file(const char *text)
{
    size_t len = strlen(text);
    bool plain = len > 0 && len <= 64 && text[0] != '.' &&
                 strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;

    return plain ? NULL : "not the name of a file in the credentials directory: letters, digits, . _ -";
}

static const char *check_pem(const char *text)
{
    return strstr(text, "-----BEGIN CERTIFICATE-----") != NULL ? NULL : "no certificate in PEM form";
}

/* Whether it is one filter; what is inside, the library says at the first search. Parentheses in values are
 * escaped. */
static const char *check_filter(const char *text)
{
    long depth = 0;
    const char *at = text;

    do {
        depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
    } while (depth > 0 && *++at != '\0');
    return at != text && *at == ')' && at[1] == '\0' ? NULL : "not a filter, as (objectClass=person)";
}

static const char *check_nothing(const char *text)
{
    return text[0] != '\0' ? NULL : "empty";
}

/* --- tables ------------------------------------------------------------------------------------------- */

#define AT(member) offsetof(struct rms_ldap_settings, member)

static const struct {
    const char *name;
    size_t at;
    size_t max;
    const char *(*check)(const char *text); /* what is wrong, or NULL */
} texts[] = {
    {"Url", AT(url), TEXT_MAX, check_url},
    {"Certificates", AT(certificates), CERTIFICATES_MAX, check_pem},
    {"BindDn", AT(bind_dn), TEXT_MAX, check_dn},
    {"PasswordFile", AT(password_file), TEXT_MAX, check_file},
    {"Keytab", AT(keytab), TEXT_MAX, check_file},
    {"Principal", AT(principal), TEXT_MAX, check_nothing},
    {"PeopleBase", AT(people_base), TEXT_MAX, check_dn},
    {"GroupBase", AT(group_base), TEXT_MAX, check_dn},
    {"PeopleFilter", AT(people_filter), TEXT_MAX, check_filter},
    {"GroupFilter", AT(group_filter), TEXT_MAX, check_filter},
};

static const struct {
    const char *name;
    size_t at;
    int64_t usual;
    int64_t least;
    int64_t most;
} numbers[] = {
    {"IntervalSeconds", AT(interval_s), 900, 10, HOURS_3},
    {"LookSeconds", AT(look_s), 5, 0, HOURS_3},
    {"MaxAgeSeconds", AT(max_age_s), HOURS_3, 60, HOURS_3},
};

static const char *const attribute_names[RMS_LDAP_ATTRIBUTES] = {
    [RMS_LDAP_ID] = "id",
    [RMS_LDAP_UPN] = "upn",
    [RMS_LDAP_ADDRESSES] = "addresses",
    [RMS_LDAP_MAIL] = "mail",
    [RMS_LDAP_NAME] = "name",
    [RMS_LDAP_GROUP] = "group",
    [RMS_LDAP_MEMBER] = "member",
};

#define TEXTS   (sizeof texts / sizeof texts[0])
#define NUMBERS (sizeof numbers / sizeof numbers[0])

/* --- reading ------------------------------------------------------------------------------------------ */

struct reading {
    struct rms_arena *arena;
    struct rms_ldap_settings *settings;
    const char *why;
};

static int refuse(struct reading *reading, const char *member, const char *problem)
{
    reading->why = rms_arena_printf(reading->arena, "%.64s: %s", member, problem);
    return RMS_E_BAD_ARGUMENT;
}

/* Certificates have line ends; nothing else may. */
static bool fit_text(const char *text, size_t max)
{
    return strlen(text) <= max && (max == CERTIFICATES_MAX ? rms_text_valid(rms_view_str(text))
                                                           : rms_text_printable(rms_view_str(text)));
}

static int read_text(struct reading *reading, size_t row, const json_t *value)
{
    const char *text = json_string_value(value);
    const char *problem;

    if (text == NULL || strlen(text) != json_string_length(value) || !fit_text(text, texts[row].max)) {
        return refuse(reading, texts[row].name, "not a text that fits");
    }
    problem = texts[row].check(text);
    if (problem != NULL) {
        return refuse(reading, texts[row].name, problem);
    }
    text = rms_arena_strdup(reading->arena, text);
    *(const char **)((char *)reading->settings + texts[row].at) = text;
    return text != NULL ? 0 : RMS_E_NO_MEMORY;
}

static int read_number(struct reading *reading, size_t row, const json_t *value)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < numbers[row].least || number > numbers[row].most) {
        return refuse(reading, numbers[row].name,
            rms_arena_printf(reading->arena, "not a whole number from %lld to %lld",
                (long long)numbers[row].least, (long long)numbers[row].most));
    }
    *(int64_t *)((char *)reading->settings + numbers[row].at) = number;
    return 0;
}

/* "mail=primaryMail" */
static int read_attribute(struct reading *reading, const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    const char *equals = text != NULL ? strchr(text, '=') : NULL;

    if (equals == NULL || equals[1] == '\0' || strlen(equals + 1) > 64 ||
        strspn(equals + 1, letters) != strlen(equals + 1)) {
        return refuse(reading, "Attributes", "not NAME=ATTRIBUTE");
    }
    for (size_t i = 0; i < RMS_LDAP_ATTRIBUTES; i++) {
        if (strlen(attribute_names[i]) == (size_t)(equals - text) &&
            strncmp(attribute_names[i], text, (size_t)(equals - text)) == 0) {
            reading->settings->attributes[i] = rms_arena_strdup(reading->arena, equals + 1);
            return reading->settings->attributes[i] != NULL ? 0 : RMS_E_NO_MEMORY;
        }
    }
    return refuse(reading, "Attributes", "of id, upn, addresses, mail, name, group and member only");
}

static int read_attributes(struct reading *reading, const json_t *value)
{
    size_t i;
    json_t *item;

    if (!json_is_array(value)) {
        return refuse(reading, "Attributes", "not a list");
    }
    json_array_foreach(value, i, item)
    {
        RMS_TRY(read_attribute(reading, json_string_value(item)));
    }
    return 0;
}

static int read_member(struct reading *reading, const char *name, const json_t *value)
{
    if (json_is_null(value)) {
        return 0;
    }
    if (strcmp(name, "Attributes") == 0) {
        return read_attributes(reading, value);
    }
    for (size_t i = 0; i < TEXTS; i++) {
        if (strcmp(name, texts[i].name) == 0) {
            return read_text(reading, i, value);
        }
    }
    for (size_t i = 0; i < NUMBERS; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            return read_number(reading, i, value);
        }
    }
    return refuse(reading, name, "unknown");
}

static int check_together(struct reading *reading)
{
    const struct rms_ldap_settings *s = reading->settings;

    if (s->url == NULL) {
        return refuse(reading, "Url", "missing");
    }
    if (s->people_base == NULL) {
        return refuse(reading, "PeopleBase", "missing");
    }
    if ((s->bind_dn != NULL) != (s->password_file != NULL)) {
        return refuse(reading, "BindDn", "goes with PasswordFile, and the other way round");
    }
    if ((s->bind_dn != NULL) == (s->keytab != NULL)) {
        return refuse(reading, "BindDn", "give BindDn and PasswordFile, or Keytab");
    }
    return s->max_age_s >= s->interval_s
               ? 0
               : refuse(reading, "MaxAgeSeconds", "shorter than the time between two readings");
}

static int read_all(struct reading *reading, const json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        RMS_TRY(read_member(reading, name, value));
    }
    return check_together(reading);
}

int rms_ldap_settings_read(struct rms_arena *arena, const json_t *object,
    struct rms_ldap_settings *settings_out, const char **why_out)
{
    struct reading reading = {.arena = arena, .settings = settings_out, .why = NULL};
    int status;

    *settings_out = (struct rms_ldap_settings){0};
    for (size_t i = 0; i < NUMBERS; i++) {
        *(int64_t *)((char *)settings_out + numbers[i].at) = numbers[i].usual;
    }
    status = read_all(&reading, object);
    *why_out = reading.why;
    return status;
}

int rms_ldap_settings_parse(struct rms_arena *arena, const char *text, struct rms_ldap_settings *settings_out)
{
    RMS_JSON_CLEANUP json_t *object = NULL;
    const char *why = NULL;
    int status = text != NULL ? rms_json_parse(rms_view_str(text), &object) : RMS_E_DAMAGED;

    if (status == 0) {
        status = rms_ldap_settings_read(arena, object, settings_out, &why);
    }
    return status == RMS_E_BAD_ARGUMENT ? RMS_E_DAMAGED : status;
}
