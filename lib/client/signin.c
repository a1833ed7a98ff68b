#include "client/signin.h"

#include "base/json.h"
#include "base/text.h"
#include "client/context.h"
#include "client/vault.h"
#include "crypto/jwt.h"

#define VALUE_MAX (512u * 1024)
#define CURRENT   RMS_VIEW_LITERAL("current-user")
#define ENTRY     RMS_VIEW_LITERAL("sign-in")
#define CONNECTED RMS_VIEW_LITERAL("last-connection")

/* The members of the stored text and where they belong. */
static const struct {
    const char *name;
    size_t offset;
} texts[] = {
    {"address", offsetof(struct rms_signin, address)},
    {"displayName", offsetof(struct rms_signin, display_name)},
    {"tenantId", offsetof(struct rms_signin, tenant_id)},
    {"tenantName", offsetof(struct rms_signin, tenant_name)},
    {"root", offsetof(struct rms_signin, root)},
    {"authority", offsetof(struct rms_signin, authority)},
    {"resource", offsetof(struct rms_signin, resource)},
    {"scope", offsetof(struct rms_signin, scope)},
    {"accessToken", offsetof(struct rms_signin, access_token)},
    {"refreshToken", offsetof(struct rms_signin, refresh_token)},
    {"appId", offsetof(struct rms_signin, app_id)},
    {"appSecret", offsetof(struct rms_signin, app_secret)},
};

static const struct {
    const char *name;
    size_t offset;
} times[] = {
    {"accessUntil", offsetof(struct rms_signin, access_until)},
};

static const char **text_at(struct rms_signin *signin, size_t offset)
{
    return (const char **)((char *)signin + offset);
}

static int64_t *time_at(struct rms_signin *signin, size_t offset)
{
    return (int64_t *)((char *)signin + offset);
}

static struct rms_vault_place place_of(const char *address)
{
    return (struct rms_vault_place){RMS_VAULT_ACCOUNT, address, ENTRY};
}

static int read_entry(struct rms_arena *arena, struct rms_view bytes, struct rms_signin *signin)
{
    json_t RMS_JSON_CLEANUP *json = NULL;

    if (rms_json_parse(bytes, &json) != 0) {
        return RMS_E_NOT_FOUND;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *text = rms_json_str(json, texts[i].name);
        const char *copy = rms_arena_strdup(arena, text);

        if (text != NULL && copy == NULL) {
            return RMS_E_NO_MEMORY;
        }
        *text_at(signin, texts[i].offset) = copy;
    }
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const json_t *value = json_object_get(json, times[i].name);

        *time_at(signin, times[i].offset) =
            json_is_integer(value) ? json_integer_value(value) : RMS_TIME_NONE;
    }
    return signin->address != NULL && signin->root != NULL ? 0 : RMS_E_NOT_FOUND;
}

int rms_signin_load_address(
    struct rms_context *context, struct rms_arena *arena, const char *address, struct rms_signin *signin_out)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(VALUE_MAX);
    struct rms_vault_place place = place_of(address);
    int status;

    *signin_out = (struct rms_signin){0};
    status = rms_vault_get(context->vault, &place, &bytes);
    if (status == 0) {
        status = read_entry(arena, rms_buf_view(&bytes), signin_out);
    }
    if (status == RMS_E_NOT_FOUND) {
        return rms_fail(context, context->was_foreign ? RMS_E_STORE_NOT_BOUND : RMS_E_NOT_AUTHENTICATED,
            "%s is not signed in on this device", address);
    }
    return rms_of_store(context, status);
}

int rms_signin_load(struct rms_context *context, struct rms_arena *arena, struct rms_signin *signin_out)
{
    struct rms_buf RMS_BUF_CLEANUP current = RMS_BUF_INIT(RMS_ADDRESS_MAX);
    const struct rms_vault_place place = {RMS_VAULT_META, "", CURRENT};
    char address[RMS_ADDRESS_MAX];
    int status;

    if (context->settings.user != NULL) {
        if (rms_address_normalise(context->settings.user, address) != 0) {
            return rms_fail(context, RMS_E_BAD_ARGUMENT, "%s is no address", context->settings.user);
        }
        return rms_signin_load_address(context, arena, address, signin_out);
    }
    status = rms_vault_get(context->vault, &place, &current);
    if (status == RMS_E_NOT_FOUND) {
        return rms_fail(context, context->was_foreign ? RMS_E_STORE_NOT_BOUND : RMS_E_NOT_AUTHENTICATED,
            context->was_foreign ? "the store found here was made on another device or for another account"
                                 : "nobody is signed in on this device");
    }
    RMS_TRY(rms_of_store(context, status));
    return rms_signin_load_address(context, arena, rms_buf_text(&current), signin_out);
}

static int write_entry(const struct rms_signin *signin, struct rms_buf *out)
{
    json_t RMS_JSON_CLEANUP *json = json_object();
    struct rms_signin copy = *signin;
    int failed = json == NULL;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && !failed; i++) {
        const char *text = *text_at(&copy, texts[i].offset);

        failed = text != NULL && json_object_set_new(json, texts[i].name, json_string(text)) != 0;
    }
    for (size_t i = 0; i < sizeof times / sizeof times[0] && !failed; i++) {
        failed =
            json_object_set_new(json, times[i].name, json_integer(*time_at(&copy, times[i].offset))) != 0;
    }
    return failed ? RMS_E_NO_MEMORY : rms_json_emit(json, out);
}

int rms_signin_save(struct rms_context *context, const struct rms_signin *signin, bool current)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(VALUE_MAX);
    struct rms_vault_place entry = place_of(signin->address);
    const struct rms_vault_place pointer = {RMS_VAULT_META, "", CURRENT};
    int status;

    RMS_TRY(write_entry(signin, &bytes));
    RMS_TRY(rms_of_store(context, rms_vault_begin(context->vault)));
    status = rms_vault_put(context->vault, &entry, RMS_TIME_NONE, rms_buf_view(&bytes));
    if (status == 0 && current) {
        status = rms_vault_put(context->vault, &pointer, RMS_TIME_NONE, rms_view_str(signin->address));
    }
    if (status != 0) {
        rms_best_effort(rms_vault_end(context->vault, false));
        return rms_of_store(context, status);
    }
    return rms_of_store(context, rms_vault_end(context->vault, true));
}

/* An entry of its own: rewriting the sign-in could put an old refresh token back. */
void rms_signin_touch(struct rms_context *context, const char *address, int64_t now)
{
    const struct rms_vault_place place = {RMS_VAULT_ACCOUNT, address, CONNECTED};
    int64_t last = rms_signin_last_connection(context, address);

    /* once a minute is enough */
    if (last == RMS_TIME_NONE || now < last || now - last >= 60) {
        rms_best_effort(rms_vault_put(context->vault, &place, RMS_TIME_NONE, rms_view_of(&now, sizeof now)));
    }
}

int64_t rms_signin_last_connection(struct rms_context *context, const char *address)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(sizeof(int64_t));
    const struct rms_vault_place place = {RMS_VAULT_ACCOUNT, address, CONNECTED};
    int64_t last = RMS_TIME_NONE;

    if (rms_vault_get(context->vault, &place, &bytes) == 0 && bytes.len == sizeof last) {
        memcpy(&last, bytes.data, sizeof last);
    }
    return last;
}

int rms_signin_forget(struct rms_context *context, const char *address)
{
    struct rms_buf RMS_BUF_CLEANUP current = RMS_BUF_INIT(RMS_ADDRESS_MAX);
    const struct rms_vault_place pointer = {RMS_VAULT_META, "", CURRENT};

    RMS_TRY(rms_of_store(context, rms_vault_remove_owner(context->vault, address)));
    if (rms_vault_get(context->vault, &pointer, &current) == 0 &&
        strcmp(rms_buf_text(&current), address) == 0) {
        return rms_of_store(context, rms_vault_remove(context->vault, &pointer));
    }
    return 0;
}

/* The first claim of the list that is a text. */
static const char *claim(const json_t *claims, const char *const *names)
{
    for (; *names != NULL; names++) {
        const char *text = rms_json_str(claims, *names);

        if (text != NULL && text[0] != '\0') {
            return text;
        }
    }
    return NULL;
}

int rms_signin_read_token(struct rms_arena *arena, const char *token, struct rms_signin *signin)
{
    static const char *const address_names[] = {"email", "upn", "preferred_username", "unique_name", NULL};
    static const char *const name_names[] = {"name", "given_name", NULL};
    static const char *const tenant_names[] = {"tid", NULL};
    json_t RMS_JSON_CLEANUP *header = NULL;
    json_t RMS_JSON_CLEANUP *claims = NULL;
    char address[RMS_ADDRESS_MAX];

    /* a token need not be a JWT: what it does not tell stays unknown */
    if (rms_token_peek(rms_view_str(token), &header, &claims) != 0) {
        return 0;
    }
    if (signin->address == NULL && claim(claims, address_names) != NULL &&
        rms_address_normalise(claim(claims, address_names), address) == 0) {
        signin->address = rms_arena_strdup(arena, address);
    }
    if (signin->display_name == NULL) {
        signin->display_name = rms_arena_strdup(arena, claim(claims, name_names));
    }
    if (signin->tenant_id == NULL) {
        signin->tenant_id = rms_arena_strdup(arena, claim(claims, tenant_names));
    }
    return 0;
}
