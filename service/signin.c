#include "service/signin.h"

#include <strings.h>

#include "base/json.h"
#include "base/mem.h"
#include "service/keyclient.h"
#include "service/settings.h"
#include "service/signin_core.h"
#include "service/signin_rule.h"
#include "service/token.h"

static int sign_by_keyd(struct rms_request *request, const char *key_id,
    const uint8_t digest[RMS_SHA256_BYTES], uint8_t signature_out[64])
{
    return rms_keyd_sign_token(request->worker->keys, key_id, digest, signature_out);
}

/* Half of the workers at most: the others stay free for licences while passwords are checked. */
static size_t gate_places(const struct rms_front *front)
{
    return front->settings != NULL && front->settings->workers > 3 ? (size_t)front->settings->workers / 2 : 1;
}

int rms_signin_new(struct rms_front *front, struct rms_signin **signin_out)
{
    struct rms_signin *signin = rms_calloc(1, sizeof *signin);
    int status;

    *signin_out = signin;
    if (signin == NULL) {
        return RMS_E_NO_MEMORY;
    }
    signin->sign = sign_by_keyd;
    rms_buf_init(&signin->resource_text, 4096);
    rms_buf_printf(&signin->resource_text, "%s/", front->base_url);
    signin->resource = rms_buf_text(&signin->resource_text);
    status = rms_buf_status(&signin->resource_text);
    if (status == 0) {
        status = rms_limit_new(&signin->limit);
    }
    if (status == 0) {
        status = rms_gate_new(gate_places(front), &signin->gate);
    }
    if (status != 0) {
        rms_signin_free(signin_out);
    }
    return status;
}

void rms_signin_free(struct rms_signin **signin)
{
    if (*signin == NULL) {
        return;
    }
    rms_limit_free(&(*signin)->limit);
    rms_gate_free(&(*signin)->gate);
    rms_buf_fini(&(*signin)->resource_text);
    rms_free(*signin);
    *signin = NULL;
}

/* --- authorities and clients ------------------------------------------------------------------------ */

const char *rms_signin_issuer(const struct rms_front *front, struct rms_arena *arena, const char *tenant_id)
{
    return rms_arena_printf(arena, "%s/%s", front->base_url, tenant_id);
}

/* S-318: who has asked for many organisations that are none learns of no other, whether it is one or not. */
static int find_authority(
    struct rms_front *front, struct rms_request *request, const struct rms_live_tenant **tenant_out)
{
    struct rms_limit *limit = front->signin->limit;
    char network[RMS_NETWORK_TEXT];

    rms_signin_network(request->client_ip, network);
    if (rms_limit_wait(limit, RMS_LIMIT_TENANT, network, request->now) > 0) {
        return rms_fail(request, RMS_E_THROTTLED, "sign-in: too many authorities asked for that are none");
    }
    *tenant_out = rms_request_tenant(request, request->params[0]);
    if (*tenant_out == NULL) {
        rms_limit_fail(limit, RMS_LIMIT_TENANT, network, request->now);
        return rms_fail(request, RMS_E_NOT_FOUND, "sign-in: no such authority");
    }
    return 0;
}

int rms_signin_authority(
    struct rms_front *front, struct rms_request *request, struct rms_authority *authority_out)
{
    const char *segment = request->params[0];

    *authority_out = (struct rms_authority){NULL, NULL};
    if (strcasecmp(segment, RMS_AUTHORITY_COMMON) != 0) {
        RMS_TRY(find_authority(front, request, &authority_out->tenant));
    }
    segment = authority_out->tenant != NULL ? authority_out->tenant->row.id : RMS_AUTHORITY_COMMON;
    authority_out->base = rms_signin_issuer(front, request->arena, segment);
    return authority_out->base != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_signin_client(struct rms_request *request, const struct rms_live_tenant *tenant,
    const char *client_id, struct rms_signin_client *client_out)
{
    static const char *const loopback[] = {"http://127.0.0.1:*", "http://localhost:*"};
    struct rms_oauth_client row;

    if (strcmp(client_id, RMS_CLIENT_ID) == 0) {
        *client_out = (struct rms_signin_client){.id = RMS_CLIENT_ID,
            .name = "OpenRMS on your computer (rms)",
            .redirect_uris = loopback,
            .redirect_uri_count = 2,
            .first_party = true};
        return 0;
    }
    if (tenant == NULL) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_oauth_client_get(request->worker->db, request->arena, tenant->row.id, client_id, &row));
    *client_out = (struct rms_signin_client){.id = row.client_id,
        .name = row.name != NULL ? row.name : row.client_id,
        .redirect_uris = row.redirect_uris,
        .redirect_uri_count = row.redirect_uri_count,
        .legacy_no_pkce = row.legacy_no_pkce};
    return 0;
}

bool rms_signin_resource_ok(const struct rms_front *front, const char *resource)
{
    size_t base = strlen(front->base_url);

    if (resource == NULL || strcmp(resource, front->host) == 0) {
        return true;
    }
    /* Clients of v1 name the host, with the port always written (rest-protocol section 5). */
    if (strncmp(resource, front->host, strlen(front->host)) == 0 && resource[strlen(front->host)] == ':') {
        const char *port = resource + strlen(front->host) + 1;

        return port[0] != '\0' && port[strspn(port, "0123456789")] == '\0';
    }
    return strncmp(resource, front->base_url, base) == 0 &&
           (resource[base] == '\0' || strcmp(resource + base, "/") == 0);
}

bool rms_signin_resource_abroad(const struct rms_front *front, const char *resource)
{
    static const char host[] = "abcdefghijklmnopqrstuvwxyz0123456789-._:[]";
    size_t len = resource != NULL && strncmp(resource, "https://", 8) == 0 ? strspn(resource + 8, host) : 0;

    return len > 0 && len <= 256 && strcmp(resource + 8 + len, "/") == 0 &&
           !rms_signin_resource_ok(front, resource);
}

/* --- answers ---------------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    int status;
    int code; /* for the log */
} oauth_errors[RMS_OAUTH_ERRORS] = {
    [RMS_OAUTH_INVALID_REQUEST] = {"invalid_request", 400, RMS_E_BAD_ARGUMENT},
    [RMS_OAUTH_INVALID_CLIENT] = {"invalid_client", 400, RMS_E_NOT_AUTHENTICATED},
    [RMS_OAUTH_INVALID_GRANT] = {"invalid_grant", 400, RMS_E_NOT_AUTHENTICATED},
    [RMS_OAUTH_UNAUTHORIZED_CLIENT] = {"unauthorized_client", 400, RMS_E_NOT_AUTHENTICATED},
    [RMS_OAUTH_UNSUPPORTED_GRANT_TYPE] = {"unsupported_grant_type", 400, RMS_E_BAD_ARGUMENT},
    [RMS_OAUTH_UNSUPPORTED_RESPONSE_TYPE] = {"unsupported_response_type", 400, RMS_E_BAD_ARGUMENT},
    [RMS_OAUTH_INVALID_TARGET] = {"invalid_target", 400, RMS_E_BAD_ARGUMENT},
    [RMS_OAUTH_ACCESS_DENIED] = {"access_denied", 400, RMS_E_CANCELLED},
    [RMS_OAUTH_LOGIN_REQUIRED] = {"login_required", 400, RMS_E_NOT_AUTHENTICATED},
    [RMS_OAUTH_REQUEST_NOT_SUPPORTED] = {"request_not_supported", 400, RMS_E_BAD_ARGUMENT},
    [RMS_OAUTH_AUTHORIZATION_PENDING] = {"authorization_pending", 400, RMS_E_NOT_AUTHENTICATED},
    [RMS_OAUTH_SLOW_DOWN] = {"slow_down", 400, RMS_E_THROTTLED},
    [RMS_OAUTH_EXPIRED_TOKEN] = {"expired_token", 400, RMS_E_NOT_AUTHENTICATED},
    [RMS_OAUTH_TEMPORARILY_UNAVAILABLE] = {"temporarily_unavailable", 429, RMS_E_THROTTLED},
    [RMS_OAUTH_SERVER_ERROR] = {"server_error", 503, RMS_E_UNREACHABLE},
};

const char *rms_oauth_error_word(enum rms_oauth_error error)
{
    return oauth_errors[error].word;
}

int rms_signin_answer(struct rms_reply *reply, json_t *json)
{
    int status = json != NULL ? rms_json_emit(json, &reply->body) : RMS_E_NO_MEMORY;

    json_decref(json);
    rms_reply_header(reply, "Cache-Control", "no-store");
    rms_reply_header(reply, "Pragma", "no-cache");
    return status;
}

int rms_signin_refuse(
    struct rms_request *request, struct rms_reply *reply, enum rms_oauth_error error, const char *detail)
{
    RMS_TRY(rms_signin_answer(
        reply, json_pack("{s:s, s:s}", "error", oauth_errors[error].word, "error_description", detail)));
    reply->status = oauth_errors[error].status;
    reply->final = true;
    return rms_fail(request, oauth_errors[error].code, detail);
}

int rms_signin_refuse_code(struct rms_request *request, struct rms_reply *reply, int code)
{
    static const struct {
        int code;
        enum rms_oauth_error error;
        const char *text;
    } rows[] = {
        {RMS_E_NOT_AUTHENTICATED, RMS_OAUTH_INVALID_GRANT,
            "the address or the password is wrong; who has no account here yet signs up in the browser (rms "
            "login --browser), or asks the administrator"},
        {RMS_E_ACCOUNT_DISABLED, RMS_OAUTH_INVALID_GRANT, "the account is disabled"},
        {RMS_E_THROTTLED, RMS_OAUTH_TEMPORARILY_UNAVAILABLE, "too many attempts; try again later"},
        {RMS_E_TYPE, RMS_OAUTH_INVALID_REQUEST, "the body must be application/x-www-form-urlencoded"},
        {RMS_E_BAD_ARGUMENT, RMS_OAUTH_INVALID_REQUEST, "the parameters are malformed or repeated"},
        {RMS_E_LIMIT, RMS_OAUTH_INVALID_REQUEST, "too many or too long parameters"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].code == code) {
            return rms_signin_refuse(request, reply, rows[i].error, rows[i].text);
        }
    }
    return rms_signin_refuse(request, reply, RMS_OAUTH_SERVER_ERROR, rms_error_info(code)->text);
}

/* --- documents -------------------------------------------------------------------------------------- */

static json_t *endpoint(const struct rms_authority *authority, const char *path)
{
    return json_sprintf("%s%s", authority->base, path);
}

int rms_signin_configuration(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_authority authority;
    json_t *json;
    int status;

    RMS_TRY(rms_signin_authority(front, request, &authority));
    json = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "issuer", authority.base, "authorization_endpoint",
        endpoint(&authority, "/oauth2/authorize"), "token_endpoint", endpoint(&authority, "/oauth2/token"),
        "device_authorization_endpoint", endpoint(&authority, "/oauth2/devicecode"), "revocation_endpoint",
        endpoint(&authority, "/oauth2/revoke"), "jwks_uri", endpoint(&authority, "/discovery/keys"));
    if (json == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = json_object_update_new(
        json, json_pack("{s:[s], s:[s], s:[s,s,s,s,s], s:[s], s:[s], s:[s], s:[s,s], s:[s], s:[s,s,s,s,s]}",
                  "response_types_supported", "code", "response_modes_supported", "query",
                  "grant_types_supported", "authorization_code", "refresh_token", "password",
                  "urn:ietf:params:oauth:grant-type:device_code", "client_credentials",
                  "subject_types_supported", "public", "id_token_signing_alg_values_supported", "ES256",
                  "code_challenge_methods_supported", "S256", "token_endpoint_auth_methods_supported", "none",
                  "client_secret_post", "revocation_endpoint_auth_methods_supported", "none",
                  "scopes_supported", "openid", "profile", "email", "offline_access", "user_impersonation"));
    if (status == 0) {
        status = rms_json_emit(json, &reply->body);
    } else {
        status = RMS_E_NO_MEMORY;
    }
    json_decref(json);
    rms_reply_header(reply, "Cache-Control", "max-age=3600");
    return status;
}

/* The neutral authority signs nothing itself: each token names its tenant's issuer. */
int rms_signin_keys(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_authority authority;
    const char *json = "{\"keys\":[]}";

    RMS_TRY(rms_signin_authority(front, request, &authority));
    if (authority.tenant != NULL) {
        RMS_TRY(rms_tokens_jwks(request, authority.tenant->row.id, &json));
    }
    rms_buf_append_str(&reply->body, json);
    rms_reply_header(reply, "Cache-Control", "max-age=3600");
    return 0;
}

/* The companion library of the public SDK asks before it sends a password (rest-protocol 5.1). The answer is
 * the same for everybody. */
int rms_signin_realm(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    const char *at = strrchr(request->params[0], '@');

    return rms_signin_answer(
        reply, json_pack("{s:s, s:s, s:s, s:s}", "ver", "1.0", "account_type", "Managed", "domain_name",
                   at != NULL ? at + 1 : "", "cloud_instance_name", front->host));
}
