#include "service/client_state.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "base/guid.h"
#include "base/json.h"
#include "base/text.h"
#include "service/settings_text.h"

#define REST_OFF  "RestDisabled"
#define PLATFORMS "PlatformsDisabled"
#define CLIENTS   "ClientVersionsExcluded"
#define SYSTEMS   "SystemVersionsExcluded"
#define KEYS      "KeysExcluded" /* [fingerprint, time, account id or null] */

static const char *const platform_names[RMS_PLATFORM_COUNT] = {
    "Windows", "WindowsStore", "WindowsPhone", "Mac", "iOS", "Android", "Web"};

const char *rms_platform_name(enum rms_platform platform)
{
    return (size_t)platform < RMS_PLATFORM_COUNT ? platform_names[platform] : "";
}

int rms_platform_parse(const char *name, enum rms_platform *platform_out)
{
    for (size_t i = 0; i < RMS_PLATFORM_COUNT; i++) {
        if (rms_text_equal_nocase(name, platform_names[i])) {
            *platform_out = (enum rms_platform)i;
            return RMS_OK;
        }
    }
    return RMS_E_BAD_ARGUMENT;
}

/* --- the settings' members -------------------------------------------------------------------------------
 */

static int read_key(struct rms_arena *arena, const json_t *item, struct rms_excluded_key *key)
{
    const char *text = json_string_value(json_array_get(item, 0));
    const char *account = json_string_value(json_array_get(item, 2));
    if (text == NULL || rms_key_text_parse(text, key->key) < 0) {
        return RMS_E_DAMAGED;
    }
    key->time = json_integer_value(json_array_get(item, 1));
    key->account_id = account != NULL ? rms_arena_strdup(arena, account) : NULL;
    return account == NULL || key->account_id != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int read_keys(struct rms_arena *arena, const json_t *list, struct rms_client_state *state)
{
    const json_t *item;
    size_t i;
    state->keys = rms_arena_array(arena, json_array_size(list) + 1, sizeof *state->keys);
    if (state->keys == NULL) {
        return RMS_E_NO_MEMORY;
    }
    json_array_foreach(list, i, item)
    {
        RMS_TRY(read_key(arena, item, &state->keys[i]));
    }
    state->key_count = json_array_size(list);
    return RMS_OK;
}

int rms_client_state_read(struct rms_arena *arena, const char *settings, struct rms_client_state *state_out)
{
    RMS_JSON_CLEANUP json_t *json = NULL;
    struct rms_client_state *state = state_out;
    const json_t *item;
    size_t i;
    *state = (struct rms_client_state){0};
    if (settings != NULL) {
        int rc = rms_json_parse(rms_view_str(settings), &json);
        RMS_TRY(rc == RMS_E_NO_MEMORY ? rc : rc < 0 ? RMS_E_DAMAGED : RMS_OK);
    }
    state->rest_off = json_is_true(json_object_get(json, REST_OFF));
    json_array_foreach(json_object_get(json, PLATFORMS), i, item)
    {
        enum rms_platform platform;
        if (json_is_string(item) && rms_platform_parse(json_string_value(item), &platform) == RMS_OK) {
            state->platforms_off |= 1u << platform;
        }
    }
    RMS_TRY(rms_json_texts(arena, json_object_get(json, CLIENTS), &state->clients, &state->client_count));
    RMS_TRY(rms_json_texts(arena, json_object_get(json, SYSTEMS), &state->systems, &state->system_count));
    state->any_client =
        state->rest_off || state->platforms_off != 0 || state->client_count + state->system_count > 0;
    return read_keys(arena, json_object_get(json, KEYS), state);
}

static json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, json_string(texts[i]));
    }
    return list;
}

static json_t *platforms_json(unsigned off)
{
    const char *names[RMS_PLATFORM_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < RMS_PLATFORM_COUNT; i++) {
        if ((off & 1u << i) != 0) {
            names[count++] = platform_names[i];
        }
    }
    return texts_json(names, count);
}

static json_t *keys_json(const struct rms_client_state *state)
{
    json_t *list = json_array();
    for (size_t i = 0; i < state->key_count; i++) {
        const struct rms_excluded_key *key = &state->keys[i];
        (void)json_array_append_new(
            list, json_pack("[s,I,s?]", key->key, (json_int_t)key->time, key->account_id));
    }
    return list;
}

int rms_client_state_write(struct rms_arena *arena, const char *settings,
    const struct rms_client_state *state, const char **settings_out)
{
    RMS_JSON_CLEANUP json_t *json = rms_settings_text_open(settings);
    int failed = json_object_set_new(json, REST_OFF, json_boolean(state->rest_off));
    failed |= json_object_set_new(json, PLATFORMS, platforms_json(state->platforms_off));
    failed |= json_object_set_new(json, CLIENTS, texts_json(state->clients, state->client_count));
    failed |= json_object_set_new(json, SYSTEMS, texts_json(state->systems, state->system_count));
    failed |= json_object_set_new(json, KEYS, keys_json(state));
    if (failed != 0 || json_array_size(json_object_get(json, KEYS)) != state->key_count) {
        return RMS_E_NO_MEMORY;
    }
    return rms_settings_text_close(arena, json, settings_out);
}

/* --- versions ---------------------------------------------------------------------------------------------
 */

/* The next number of a version, "10.0.1" or "10-0-1". False at its end. */
static bool next_number(const char **text, unsigned long *number_out)
{
    *number_out = 0;
    while (**text != '\0' && !isdigit((unsigned char)**text)) {
        (*text)++;
    }
    if (**text == '\0') {
        return false;
    }
    while (isdigit((unsigned char)**text)) {
        unsigned long digit = (unsigned long)(*(*text)++ - '0');
        *number_out = *number_out < 100000000 ? *number_out * 10 + digit : *number_out;
    }
    return true;
}

/* Compared as far as the bound goes: 1.4.2 is a 1.4. */
static int compare(const char *version, const char *bound)
{
    unsigned long a;
    unsigned long b;
    while (next_number(&bound, &b)) {
        (void)next_number(&version, &a);
        if (a != b) {
            return a < b ? -1 : 1;
        }
    }
    return 0;
}

struct rule {
    char name[RMS_VERSION_RULE_MAX]; /* "": any */
    char from[RMS_VERSION_RULE_MAX];
    char to[RMS_VERSION_RULE_MAX];
};

static bool is_version(const char *text)
{
    size_t len = strspn(text, "0123456789.");
    return len > 0 && text[len] == '\0' && isdigit((unsigned char)text[0]) &&
           isdigit((unsigned char)text[len - 1]) && strstr(text, "..") == NULL;
}

static bool read_rule(const char *text, struct rule *rule)
{
    char copy[RMS_VERSION_RULE_MAX];
    size_t len = strlen(text);
    if (len >= sizeof copy) {
        return false;
    }
    memcpy(copy, text, len + 1);
    char *range = strrchr(copy, ' ');
    char *dash = strchr(range != NULL ? range : copy, '-');
    if (dash == NULL) {
        return false;
    }
    *dash = '\0';
    (void)snprintf(rule->to, sizeof rule->to, "%s", dash + 1);
    (void)snprintf(rule->from, sizeof rule->from, "%s", range != NULL ? range + 1 : copy);
    if (range != NULL) {
        *range = '\0';
    }
    (void)snprintf(rule->name, sizeof rule->name, "%s", range != NULL ? copy : "");
    return is_version(rule->from) && is_version(rule->to) && (range == NULL || rule->name[0] != '\0');
}

bool rms_version_rule_valid(const char *text)
{
    struct rule rule;
    return read_rule(text, &rule) && compare(rule.to, rule.from) >= 0;
}

/* --- what a client says of itself ------------------------------------------------------------------------
 */

/* Value of a member of "Key=Value;Key=Value", names in any case; empty when it is not there. */
static struct rms_view member(const char *info, const char *name)
{
    size_t len = strlen(name);
    while (info != NULL && *info != '\0') {
        size_t whole = strcspn(info, ";");
        if (whole > len && info[len] == '=' && strncasecmp(info, name, len) == 0) {
            return rms_view_of((const uint8_t *)info + len + 1, whole - len - 1);
        }
        info += whole + (info[whole] == ';');
    }
    return (struct rms_view){0};
}

static void copy_member(const char *info, const char *const *names, char out[RMS_VERSION_RULE_MAX])
{
    out[0] = '\0';
    for (; *names != NULL && out[0] == '\0'; names++) {
        struct rms_view value = member(info, *names);
        if (value.len > 0) {
            (void)snprintf(out, RMS_VERSION_RULE_MAX, "%.*s", (int)value.len, (const char *)value.data);
        }
    }
}

/* Where client and system tell their names and version. */
static const char *const client_name[] = {"AppName", NULL};
static const char *const client_version[] = {"AppVersion", NULL};
static const char *const system_name[] = {"OsName", "DevicePlatform", NULL};
static const char *const system_version[] = {"OsVersion", NULL};

static bool excluded(
    const char *const *rules, size_t count, const char *info, const char *const *const where[2])
{
    char name[RMS_VERSION_RULE_MAX];
    char version[RMS_VERSION_RULE_MAX];
    struct rule rule;
    if (count == 0) {
        return false;
    }
    copy_member(info, where[0], name);
    copy_member(info, where[1], version);
    for (size_t i = 0; i < count && version[0] != '\0'; i++) {
        if (read_rule(rules[i], &rule) && (rule.name[0] == '\0' || rms_text_equal_nocase(rule.name, name)) &&
            compare(version, rule.from) >= 0 && compare(version, rule.to) <= 0) {
            return true;
        }
    }
    return false;
}

static bool platform_off(const struct rms_client_state *state, const char *info)
{
    struct rms_view value = member(info, "DevicePlatform");
    for (size_t i = 0; i < RMS_PLATFORM_COUNT; i++) {
        if ((state->platforms_off & 1u << i) != 0 && strlen(platform_names[i]) == value.len &&
            strncasecmp(platform_names[i], (const char *)value.data, value.len) == 0) {
            return true;
        }
    }
    return false;
}

int rms_client_check(const struct rms_client_state *state, const char *info, const char **detail_out)
{
    static const char *const *const client[2] = {client_name, client_version};
    static const char *const *const system[2] = {system_name, system_version};
    if (!state->any_client) {
        return RMS_OK;
    }
    *detail_out = state->rest_off             ? "the REST interface is switched off"
                  : platform_off(state, info) ? "this kind of device is switched off"
                  : excluded(state->clients, state->client_count, info, client)
                      ? "this version of the client is excluded"
                  : excluded(state->systems, state->system_count, info, system)
                      ? "this version of the device's system is excluded"
                      : NULL;
    return *detail_out == NULL ? RMS_OK : RMS_E_PLATFORM_DISABLED;
}

/* --- keys ------------------------------------------------------------------------------------------------
 */

void rms_key_text(const struct rms_rsa_public *key, char text_out[RMS_KEY_TEXT])
{
    uint8_t hash[RMS_SHA256_BYTES];
    rms_rsa_fingerprint(key, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        (void)snprintf(text_out + 2 * i, 3, "%02x", hash[i]);
    }
}

int rms_key_text_parse(const char *text, char text_out[RMS_KEY_TEXT])
{
    if (rms_guid_parse(rms_view_str(text), text_out) == RMS_OK) {
        return RMS_OK;
    }
    if (strlen(text) != RMS_KEY_TEXT - 1 || text[strspn(text, "0123456789abcdefABCDEF")] != '\0') {
        return RMS_E_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < RMS_KEY_TEXT; i++) {
        text_out[i] = (char)tolower((unsigned char)text[i]);
    }
    return RMS_OK;
}

bool rms_key_excluded(
    const struct rms_client_state *state, const struct rms_rsa_public *key, const char *machine)
{
    char text[RMS_KEY_TEXT];
    if (state->key_count == 0) {
        return false;
    }
    rms_key_text(key, text);
    for (size_t i = 0; i < state->key_count; i++) {
        if (strcmp(state->keys[i].key, text) == 0 || strcmp(state->keys[i].key, machine) == 0) {
            return true;
        }
    }
    return false;
}
