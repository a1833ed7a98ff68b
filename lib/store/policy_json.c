/* A policy as the database keeps it: JSON with a version. Reader and writer of the form side by side.
 * Optional members are left out. */
#include "base/json.h"
#include "base/text.h"
#include "store/template.h"

#define FORM_VERSION 1

static const char *const principals[] = {
    [RMS_PRINCIPAL_ADDRESS] = "address",
    [RMS_PRINCIPAL_DOMAIN] = "domain",
    [RMS_PRINCIPAL_ANYONE] = "anyone",
    [RMS_PRINCIPAL_OWNER] = "owner",
};
static const char *const expiries[] = {
    [RMS_EXPIRY_NEVER] = "never",
    [RMS_EXPIRY_ON_DATE] = "on-date",
    [RMS_EXPIRY_AFTER_DAYS] = "after-days",
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int word_index(const char *const *words, size_t count, const char *word, int *index_out)
{
    for (size_t i = 0; word != NULL && i < count; i++) {
        if (strcmp(words[i], word) == 0) {
            *index_out = (int)i;
            return 0;
        }
    }
    return RMS_E_DAMAGED;
}

/* Writing */

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL) {
        (void)json_object_set_new(object, name, json_string(text));
    }
}

static void set_time(json_t *object, const char *name, int64_t time)
{
    if (time != RMS_TIME_NONE) {
        (void)json_object_set_new(object, name, json_integer(time));
    }
}

static void add_right(const char *name, void *context)
{
    (void)json_array_append_new(context, json_string(name));
}

static json_t *texts_of(const struct rms_policy *policy)
{
    json_t *array = json_array();

    for (size_t i = 0; i < policy->text_count; i++) {
        json_t *row = json_object();

        (void)json_object_set_new(row, "lcid", json_integer(policy->texts[i].lcid));
        set_text(row, "name", policy->texts[i].name);
        set_text(row, "description", policy->texts[i].description);
        (void)json_array_append_new(array, row);
    }
    return array;
}

static json_t *grants_of(const struct rms_policy *policy)
{
    json_t *array = json_array();

    for (size_t i = 0; i < policy->grant_count; i++) {
        const struct rms_grant *grant = &policy->grants[i];
        json_t *row = json_object();
        json_t *rights = json_array();

        set_text(row, "to", principals[grant->principal]);
        set_text(row, "address", grant->address);
        rms_rights_each(&grant->rights, add_right, rights);
        (void)json_object_set_new(row, "rights", rights);
        set_time(row, "from", grant->from);
        set_time(row, "until", grant->until);
        (void)json_array_append_new(array, row);
    }
    return array;
}

static json_t *data_of(const struct rms_name_value *data, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(
            array, json_pack("{s:s, s:s}", "name", data[i].name, "value", data[i].value));
    }
    return array;
}

static json_t *object_of(const struct rms_policy *policy)
{
    json_t *object = json_object();

    (void)json_object_set_new(object, "version", json_integer(FORM_VERSION));
    set_text(object, "id", policy->id);
    (void)json_object_set_new(object, "from_template", json_boolean(policy->from_template));
    (void)json_object_set_new(object, "texts", texts_of(policy));
    set_text(object, "referral", policy->referral);
    (void)json_object_set_new(object, "grants", grants_of(policy));
    (void)json_object_set_new(object, "only_me", json_boolean(policy->only_me));
    set_text(object, "expiry", expiries[policy->expiry]);
    set_time(object, "expires_at", policy->expires_at);
    set_time(object, "starts_at", policy->starts_at);
    (void)json_object_set_new(object, "expiry_days", json_integer(policy->expiry_days));
    (void)json_object_set_new(object, "offline_days", json_integer(policy->offline_days));
    (void)json_object_set_new(object, "audited_extraction", json_boolean(policy->audited_extraction));
    (void)json_object_set_new(object, "author_listed", json_boolean(policy->author_listed));
    (void)json_object_set_new(object, "signed_data", data_of(policy->signed_data, policy->signed_count));
    (void)json_object_set_new(
        object, "encrypted_data", data_of(policy->encrypted_data, policy->encrypted_count));
    return object;
}

/* jansson takes no text that is not UTF-8 and leaves the member out: such a policy would come back changed.
 */
static int round_trips(const struct rms_policy *policy)
{
    bool fits = rms_text_valid(rms_view_str(policy->id)) && (size_t)policy->expiry < COUNT(expiries) &&
                rms_text_valid(rms_view_str(policy->referral));

    for (size_t i = 0; i < policy->text_count; i++) {
        fits = fits && rms_text_valid(rms_view_str(policy->texts[i].name)) &&
               rms_text_valid(rms_view_str(policy->texts[i].description));
    }
    for (size_t i = 0; i < policy->grant_count; i++) {
        fits = fits && (size_t)policy->grants[i].principal < COUNT(principals) &&
               rms_text_valid(rms_view_str(policy->grants[i].address));
    }
    return fits ? 0 : RMS_E_BAD_ARGUMENT;
}

static bool data_fits(const struct rms_name_value *data, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (data[i].name == NULL || data[i].value == NULL || !rms_text_valid(rms_view_str(data[i].name)) ||
            !rms_text_valid(rms_view_str(data[i].value))) {
            return false;
        }
    }
    return true;
}

int rms_policy_to_json(const struct rms_policy *policy, struct rms_buf *out)
{
    RMS_JSON_CLEANUP json_t *object = NULL;

    RMS_TRY(round_trips(policy));
    if (!data_fits(policy->signed_data, policy->signed_count) ||
        !data_fits(policy->encrypted_data, policy->encrypted_count)) {
        return RMS_E_BAD_ARGUMENT;
    }
    object = object_of(policy);
    return rms_json_emit(object, out);
}

/* Reading */

/* Fields are read with a sticky failure, tested once at the end. */
struct reader {
    struct rms_arena *arena;
    int code;
};

static void fail(struct reader *reader, int code)
{
    if (reader->code == 0) {
        reader->code = code;
    }
}

static const char *get_text(struct reader *reader, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    char *copy;

    if (value == NULL) {
        return NULL;
    }
    if (!json_is_string(value)) {
        fail(reader, RMS_E_DAMAGED);
        return NULL;
    }
    copy = rms_arena_strdup(reader->arena, json_string_value(value));
    if (copy == NULL) {
        fail(reader, RMS_E_NO_MEMORY);
    }
    return copy;
}

static int64_t get_int(struct reader *reader, const json_t *object, const char *name, int64_t max)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_integer(value) || json_integer_value(value) > max || json_integer_value(value) < -1) {
        fail(reader, RMS_E_DAMAGED);
        return 0;
    }
    return json_integer_value(value);
}

static int64_t get_time(struct reader *reader, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL) {
        return RMS_TIME_NONE;
    }
    if (!json_is_integer(value)) {
        fail(reader, RMS_E_DAMAGED);
    }
    return json_integer_value(value);
}

static bool get_bool(struct reader *reader, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_boolean(value)) {
        fail(reader, RMS_E_DAMAGED);
    }
    return json_is_true(value);
}

/* The array of objects called name, and room for its elements. */
static void *get_array(
    struct reader *reader, const json_t *object, const char *name, size_t size, const json_t **array_out)
{
    const json_t *array = json_object_get(object, name);
    void *items;

    *array_out = NULL;
    if (!json_is_array(array)) {
        fail(reader, RMS_E_DAMAGED);
        return NULL;
    }
    items = rms_arena_array(reader->arena, json_array_size(array) + 1, size);
    if (items == NULL) {
        fail(reader, RMS_E_NO_MEMORY);
        return NULL;
    }
    *array_out = array;
    return items;
}

static void read_texts(struct reader *reader, const json_t *object, struct rms_policy *policy)
{
    const json_t *array = NULL;
    struct rms_policy_text *texts = get_array(reader, object, "texts", sizeof *texts, &array);
    size_t count = json_array_size(array);

    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(array, i);

        texts[i].lcid = (unsigned)get_int(reader, row, "lcid", UINT32_MAX);
        texts[i].name = get_text(reader, row, "name");
        texts[i].description = get_text(reader, row, "description");
    }
    policy->texts = texts;
    policy->text_count = count;
}

static void read_rights(struct reader *reader, const json_t *array, struct rms_rights *rights)
{
    size_t count = json_array_size(array);

    if (!json_is_array(array)) {
        fail(reader, RMS_E_DAMAGED);
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(array, i));
        int code = name != NULL ? rms_rights_add(reader->arena, rights, name, true) : RMS_E_DAMAGED;

        if (code < 0) {
            fail(reader, code == RMS_E_NO_MEMORY ? code : RMS_E_DAMAGED);
            return;
        }
    }
}

static void read_grant(struct reader *reader, const json_t *row, struct rms_grant *grant)
{
    int index = 0;

    if (word_index(principals, COUNT(principals), rms_json_str(row, "to"), &index) < 0) {
        fail(reader, RMS_E_DAMAGED);
        return;
    }
    grant->principal = (enum rms_principal)index;
    grant->address = get_text(reader, row, "address");
    read_rights(reader, json_object_get(row, "rights"), &grant->rights);
    grant->from = get_time(reader, row, "from");
    grant->until = get_time(reader, row, "until");
}

static void read_grants(struct reader *reader, const json_t *object, struct rms_policy *policy)
{
    const json_t *array = NULL;
    struct rms_grant *grants = get_array(reader, object, "grants", sizeof *grants, &array);
    size_t count = json_array_size(array);

    for (size_t i = 0; i < count; i++) {
        read_grant(reader, json_array_get(array, i), &grants[i]);
    }
    policy->grants = grants;
    policy->grant_count = count;
}

static size_t read_data(
    struct reader *reader, const json_t *object, const char *name, const struct rms_name_value **data_out)
{
    const json_t *array = NULL;
    struct rms_name_value *data = get_array(reader, object, name, sizeof *data, &array);
    size_t count = json_array_size(array);

    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(array, i);

        data[i].name = get_text(reader, row, "name");
        data[i].value = get_text(reader, row, "value");
        if (data[i].name == NULL || data[i].value == NULL) {
            fail(reader, RMS_E_DAMAGED);
        }
    }
    *data_out = data;
    return count;
}

static void read_id(struct reader *reader, const json_t *object, struct rms_policy *policy)
{
    const char *id = rms_json_str(object, "id");

    if (id == NULL || strlen(id) >= sizeof policy->id) {
        fail(reader, RMS_E_DAMAGED);
        return;
    }
    memcpy(policy->id, id, strlen(id) + 1);
}

static void read_policy(struct reader *reader, const json_t *object, struct rms_policy *policy)
{
    int expiry = 0;

    if (word_index(expiries, COUNT(expiries), rms_json_str(object, "expiry"), &expiry) < 0) {
        fail(reader, RMS_E_DAMAGED);
    }
    read_id(reader, object, policy);
    policy->from_template = get_bool(reader, object, "from_template");
    read_texts(reader, object, policy);
    policy->referral = get_text(reader, object, "referral");
    read_grants(reader, object, policy);
    policy->only_me = get_bool(reader, object, "only_me");
    policy->expiry = (enum rms_expiry)expiry;
    policy->expires_at = get_time(reader, object, "expires_at");
    policy->starts_at = get_time(reader, object, "starts_at");
    policy->expiry_days = (unsigned)get_int(reader, object, "expiry_days", UINT32_MAX);
    policy->offline_days = (int)get_int(reader, object, "offline_days", INT32_MAX);
    policy->audited_extraction = get_bool(reader, object, "audited_extraction");
    policy->author_listed =
        json_object_get(object, "author_listed") != NULL && get_bool(reader, object, "author_listed");
    policy->signed_count = read_data(reader, object, "signed_data", &policy->signed_data);
    policy->encrypted_count = read_data(reader, object, "encrypted_data", &policy->encrypted_data);
}

int rms_policy_from_json(struct rms_arena *arena, struct rms_view text, struct rms_policy *policy_out)
{
    RMS_JSON_CLEANUP json_t *object = NULL;
    struct reader reader = {.arena = arena};
    const json_t *version;

    memset(policy_out, 0, sizeof *policy_out);
    if (rms_json_parse(text, &object) < 0) {
        return RMS_E_DAMAGED;
    }
    version = json_object_get(object, "version");
    if (!json_is_integer(version)) {
        return RMS_E_DAMAGED;
    }
    if (json_integer_value(version) != FORM_VERSION) {
        return RMS_E_UNSUPPORTED_VERSION;
    }
    read_policy(&reader, object, policy_out);
    return reader.code;
}
