#include "client/access_rest.h"

#include "base/json.h"
#include "base/text.h"
#include "client/api.h"
#include "client/auth.h"
#include "client/context.h"
#include "client/discovery.h"
#include "client/session.h"
#include "crypto/base64.h"

#define BODY_MAX (16u * 1024 * 1024)

/* The endpoint for use licences at the service behind one URL of the licence. */
static int find_endpoint(struct rms_context *context, struct rms_access *access, const char *url,
    struct rms_signin *signin, const char **endpoint_out)
{
    struct rms_http_reply RMS_HTTP_REPLY_CLEANUP reply = {0};
    struct rms_buf RMS_BUF_CLEANUP root = RMS_BUF_INIT(1024);
    struct rms_buf RMS_BUF_CLEANUP query = RMS_BUF_INIT(4096);
    struct rms_buf RMS_BUF_CLEANUP token = RMS_BUF_INIT(64u * 1024);
    json_t RMS_JSON_CLEANUP *json = NULL;
    const char *urls[RMS_EP_COUNT];
    struct rms_http_request request = {0};

    RMS_TRY(rms_http_origin(url, &root));
    RMS_TRY(rms_consent(context, rms_buf_text(&root), NULL));
    signin->root = rms_arena_strdup(access->arena, rms_buf_text(&root));
    rms_buf_append_str(&query, "?service=");
    rms_http_encode(&query, url);
    if (!rms_auth_supplied(context)) {
        rms_buf_append_str(&query, "&email=");
        rms_http_encode(&query, signin->address);
    }
    RMS_TRY(rms_buf_status(&query));
    if (signin->root == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_auth_probe(context, access->arena, rms_buf_text(&query), signin));
    RMS_TRY(rms_auth_token_abroad(context, access->arena, signin, &token));
    request.url =
        rms_arena_printf(access->arena, "%s/my/v2/servicediscovery%s", signin->root, rms_buf_text(&query));
    request.token = rms_buf_text(&token);
    if (request.url == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_http_call(context, &request, &reply));
    if (reply.status != 200) {
        return rms_api_error(context, reply.status, rms_buf_view(&reply.body));
    }
    if (rms_json_parse(rms_buf_view(&reply.body), &json) != 0 ||
        rms_endpoints_parse(access->arena, json, urls) != 0) {
        return rms_fail(
            context, RMS_E_UNREACHABLE, "%s does not list what a rights service has", signin->root);
    }
    *endpoint_out = urls[RMS_EP_END_USER];
    return 0;
}

static int take_rights(struct rms_access *access, const json_t *reply)
{
    const json_t *rights = json_object_get(reply, "Rights");
    const json_t *removal = json_object_get(reply, "RemovalRights");
    const json_t *name;
    size_t i;

    json_array_foreach(removal, i, name)
    {
        const char *text = json_string_value(name);

        access->removal_extract = access->removal_extract || (text != NULL && strcmp(text, "EXTRACT") == 0);
    }

    json_array_foreach(rights, i, name)
    {
        if (json_string_value(name) != NULL) {
            int status = rms_rights_add(access->arena, &access->rights, json_string_value(name), true);

            if (status == RMS_E_NO_MEMORY) {
                return status;
            }
        }
    }
    return 0;
}

int rms_access_take_rest(struct rms_context *context, struct rms_access *access, const json_t *reply)
{
    const char *granted = rms_json_str(reply, "AccessStatus");
    const json_t *key = json_object_get(reply, "Key");
    const char *mode = rms_json_str(key, "CipherMode");
    struct rms_buf RMS_BUF_CLEANUP value = RMS_BUF_INIT(RMS_CONTENT_KEY_MAX);

    if (granted != NULL ? !rms_text_equal_nocase(granted, "AccessGranted") : !json_is_object(key)) {
        return rms_access_denied(context, reply);
    }
    if (mode == NULL || rms_mode_from_wire(mode, &access->key.mode) != 0 ||
        rms_api_bytes(key, "Value", &value) != 0 || (value.len != 16 && value.len != 24 && value.len != 32)) {
        return rms_fail(context, RMS_E_BAD_LICENSE, "the service's answer holds no usable key");
    }
    access->key.key = rms_secret_take(value.data, value.len);
    return access->key.key != NULL ? take_rights(access, reply) : RMS_E_NO_MEMORY;
}

static int ask(
    struct rms_context *context, struct rms_access *access, const char *url, struct rms_view licence)
{
    struct rms_http_reply RMS_HTTP_REPLY_CLEANUP reply = {0};
    struct rms_buf RMS_BUF_CLEANUP token = RMS_BUF_INIT(64u * 1024);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(BODY_MAX);
    struct rms_signin signin = {.address = access->address};
    json_t RMS_JSON_CLEANUP *body = json_object();
    json_t RMS_JSON_CLEANUP *answer = NULL;
    struct rms_http_request request = {.content_type = "application/json"};

    RMS_TRY(find_endpoint(context, access, url, &signin, &request.url));
    RMS_TRY(rms_auth_token_abroad(context, access->arena, &signin, &token));
    if (body == NULL ||
        json_object_set_new(body, "SerializedPublishingLicense", rms_api_base64(licence)) != 0) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_json_emit(body, &text));
    request.body = rms_buf_view(&text);
    request.token = rms_buf_text(&token);
    RMS_TRY(rms_http_call(context, &request, &reply));
    if (reply.status != 200) {
        return rms_api_error(context, reply.status, rms_buf_view(&reply.body));
    }
    if (rms_json_parse(rms_buf_view(&reply.body), &answer) != 0) {
        return rms_fail(context, RMS_E_UNREACHABLE, "the service's answer is not JSON");
    }
    return rms_access_take_rest(context, access, answer);
}

/* Where nobody can sign in here: is there somebody at all? Only servers that the settings name are asked. */
static int knock(struct rms_context *context, struct rms_access *access, const char *url)
{
    struct rms_buf RMS_BUF_CLEANUP root = RMS_BUF_INIT(1024);
    struct rms_signin signin = {0};

    if (rms_settings_names(&context->settings, url)) {
        int status;

        RMS_TRY(rms_http_origin(url, &root));
        signin.root = rms_buf_text(&root);
        status = rms_auth_probe(context, access->arena, "", &signin);
        if (status == RMS_E_UNREACHABLE || status == RMS_E_CANCELLED) {
            return status;
        }
    }
    return rms_fail(
        context, RMS_E_UNKNOWN_KEY, "the content belongs to %s, where you are not signed in", url);
}

/* With a token of the application's, or as a guest of that service: with one that the person's own service
 * gives for it (S-268). */
static int ask_or_knock(
    struct rms_context *context, struct rms_access *access, const char *url, struct rms_view licence)
{
    struct rms_buf RMS_BUF_CLEANUP root = RMS_BUF_INIT(1024);
    int status;

    if (rms_auth_supplied(context)) {
        return ask(context, access, url, licence);
    }
    RMS_TRY(rms_http_origin(url, &root));
    status = rms_consent(context, rms_buf_text(&root), NULL);
    if (status == 0) {
        return ask(context, access, url, licence);
    }
    return status == RMS_E_SERVER_NOT_TRUSTED ? knock(context, access, url) : status;
}

int rms_access_by_rest(struct rms_context *context, struct rms_access *access, struct rms_view licence)
{
    const char *const urls[] = {access->pl.intranet_url, access->pl.extranet_url};
    int status = RMS_E_UNKNOWN_KEY;

    for (size_t i = 0; i < 2; i++) {
        if (urls[i] == NULL || (i == 1 && urls[0] != NULL && rms_text_equal_nocase(urls[0], urls[1]))) {
            continue;
        }
        if (!rms_settings_trusts(&context->settings, urls[i])) {
            return rms_fail(
                context, RMS_E_SERVER_NOT_TRUSTED, "%s is not among the trusted servers", urls[i]);
        }
        if (context->settings.offline) {
            return rms_fail(
                context, RMS_E_NEEDS_ONLINE, "the content belongs to %s, which must be asked", urls[i]);
        }
        status = ask_or_knock(context, access, urls[i], licence);
        if (status != RMS_E_UNREACHABLE) {
            break;
        }
    }
    return status;
}
