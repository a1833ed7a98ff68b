/* The endpoints programs talk to: token, revocation, device authorisation. */
#include "base/mem.h"
#include "service/signin_app.h"
#include "service/signin_core.h"
#include "service/signin_rule.h"

/* One request to the token endpoint. */
struct exchange {
    struct rms_front *front;
    struct rms_request *request;
    struct rms_reply *reply;
    struct rms_authority authority;
    struct rms_form form;
    const char *client_id;
};

static int refuse(struct exchange *x, enum rms_oauth_error error, const char *detail)
{
    return rms_signin_refuse(x->request, x->reply, error, detail);
}

/* Everything that is wrong with a grant looks the same outside. */
static int bad_grant(struct exchange *x, const char *cause)
{
    if (cause != NULL) {
        x->request->note.detail = cause;
    }
    rms_signin_log(x->request, "signin.grant", x->request->note.user_id, RMS_E_NOT_AUTHENTICATED);
    return refuse(x, RMS_OAUTH_INVALID_GRANT, "the grant is unknown, expired, used or not yours");
}

/* Outcomes of making tokens: the person of the grant is gone, or the key is. */
static int mint_failed(struct exchange *x, int code)
{
    return code == RMS_E_NOT_AUTHENTICATED ? bad_grant(x, NULL)
                                           : rms_signin_refuse_code(x->request, x->reply, code);
}

/* --- refresh tokens --------------------------------------------------------------------------------- */

static const char *new_refresh_token(struct exchange *x, const char *tenant_id)
{
    char opaque[RMS_OPAQUE_TEXT];

    rms_opaque_new(opaque);
    return rms_arena_printf(x->request->arena, "%s.%s", tenant_id, opaque);
}

/* Ends a reply whose access token is made: with the refresh token. */
static int answer(struct exchange *x, json_t *json, const char *refresh_token)
{
    if (json_object_set_new(json, "refresh_token", json_string(refresh_token)) != 0) {
        json_decref(json);
        return RMS_E_NO_MEMORY;
    }
    return rms_signin_answer(x->reply, json);
}

/* The first tokens of a sign-in. */
static int begin_family(struct exchange *x, const struct rms_oauth_grant *grant, const char *family_id)
{
    const char *text = new_refresh_token(x, grant->tenant_id);
    struct rms_refresh_token token = {.grant = *grant,
        .family_id = family_id,
        .issued_at = x->request->now,
        .expires_at = x->request->now + RMS_REFRESH_TOKEN_S};
    json_t *json;
    int status;

    if (text == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = rms_signin_mint(x->front, x->request, grant, &json);
    if (status != 0) {
        return mint_failed(x, status);
    }
    rms_opaque_hash(text, token.hash);
    status = rms_refresh_token_put(x->request->worker->db, &token);
    if (status != 0) {
        json_decref(json);
        return mint_failed(x, status);
    }
    return answer(x, json, text);
}

/* The old token is spent before the new access token is signed: make sure first that it can be, or a client
 * would lose its sign-in each time keyd is away. The digest is of nothing. */
static int key_at_hand(struct exchange *x, const char *tenant_id)
{
    static const uint8_t nothing[RMS_SHA256_BYTES];
    const struct rms_live_tenant *tenant = rms_request_tenant(x->request, tenant_id);
    uint8_t signature[64];

    if (tenant == NULL) {
        return RMS_E_NOT_FOUND;
    }
    if (tenant->token_key_id == NULL) {
        return RMS_E_KEY_UNAVAILABLE;
    }
    return x->front->signin->sign(x->request, tenant->token_key_id, nothing, signature);
}

static int rotate(struct exchange *x, const char *tenant_id, const char *old, const char *fresh,
    struct rms_refresh_token *token_out)
{
    uint8_t old_hash[RMS_HASH_MAX];
    uint8_t fresh_hash[RMS_HASH_MAX];
    struct rms_refresh_rotation rotation = {.tenant_id = tenant_id,
        .client_id = x->client_id,
        .old_hash = old_hash,
        .fresh_hash = fresh_hash,
        .now = x->request->now,
        .fresh_expires_at = x->request->now + RMS_REFRESH_TOKEN_S};

    RMS_TRY(key_at_hand(x, tenant_id));
    rms_opaque_hash(old, old_hash);
    rms_opaque_hash(fresh, fresh_hash);
    return rms_refresh_token_rotate(x->request->worker->db, x->request->arena, &rotation, token_out);
}

static int grant_refresh(struct exchange *x)
{
    const char *old = rms_form_get(&x->form, "refresh_token");
    char tenant_id[RMS_GUID_TEXT];
    struct rms_refresh_token token;
    const char *fresh;
    json_t *json;
    int status;

    if (old == NULL) {
        return refuse(x, RMS_OAUTH_INVALID_REQUEST, "refresh_token is missing");
    }
    if (rms_refresh_tenant(old, tenant_id) != 0) {
        return bad_grant(x, "refresh token: malformed");
    }
    fresh = new_refresh_token(x, tenant_id);
    if (fresh == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = rotate(x, tenant_id, old, fresh, &token);
    if (status == RMS_E_NOT_FOUND || status == RMS_E_REVOKED) {
        return bad_grant(x, status == RMS_E_REVOKED ? "refresh token: replayed, family ended"
                                                    : "refresh token: unknown or expired");
    }
    if (status == 0) {
        token.grant.resource = rms_form_get(&x->form, "resource");
        status = rms_signin_mint(x->front, x->request, &token.grant, &json);
    }
    return status == 0 ? answer(x, json, fresh) : mint_failed(x, status);
}

/* --- authorisation code ----------------------------------------------------------------------------- */

/* A verifier where none was announced is refused too: else a stolen request could be stripped of its
 * challenge (RFC 9700 section 2.1.1). */
static bool proves(const char *challenge, const char *verifier)
{
    if (challenge == NULL || verifier == NULL) {
        return challenge == NULL && verifier == NULL;
    }
    return rms_pkce_verify(verifier, challenge);
}

static int grant_code(struct exchange *x)
{
    const char *text = rms_form_get(&x->form, "code");
    const char *redirect_uri = rms_form_get(&x->form, "redirect_uri");
    uint8_t hash[RMS_HASH_MAX];
    struct rms_auth_code code;
    int status;

    if (text == NULL || redirect_uri == NULL) {
        return refuse(x, RMS_OAUTH_INVALID_REQUEST, "code or redirect_uri is missing");
    }
    rms_opaque_hash(text, hash);
    status = rms_auth_code_take(x->request->worker->db, x->request->arena, hash, x->request->now, &code);
    if (status == RMS_E_NOT_FOUND || status == RMS_E_CONFLICT) {
        return bad_grant(x, status == RMS_E_CONFLICT ? "code: presented again, its tokens ended"
                                                     : "code: unknown or expired");
    }
    if (status != 0) {
        return mint_failed(x, status);
    }
    if (strcmp(code.grant.client_id, x->client_id) != 0 || strcmp(code.redirect_uri, redirect_uri) != 0) {
        return bad_grant(x, "code: of another client or redirect address");
    }
    if (!proves(code.challenge, rms_form_get(&x->form, "code_verifier"))) {
        return bad_grant(x, "code: wrong verifier");
    }
    return begin_family(x, &code.grant, code.family_id);
}

/* --- password: our own client only ------------------------------------------------------------------ */

static int grant_password(struct exchange *x)
{
    struct rms_signin_attempt attempt = {.tenant = x->authority.tenant,
        .username = rms_form_get(&x->form, "username"),
        .password = rms_form_get(&x->form, "password")};
    struct rms_oauth_grant grant = {.client_id = x->client_id,
        .scope = rms_form_get(&x->form, "scope"),
        .resource = rms_form_get(&x->form, "resource"),
        .auth_time = x->request->now};
    char family_id[RMS_GUID_TEXT];
    int status;

    if (strcmp(x->client_id, RMS_CLIENT_ID) != 0) {
        return refuse(x, RMS_OAUTH_UNAUTHORIZED_CLIENT, "this client may not send passwords");
    }
    if (attempt.username == NULL || attempt.password == NULL) {
        return refuse(x, RMS_OAUTH_INVALID_REQUEST, "username or password is missing");
    }
    status = rms_signin_check(x->front, x->request, &attempt);
    if (status != 0) {
        x->reply->retry_after_s = (int)attempt.wait_s;
        return rms_signin_refuse_code(x->request, x->reply, status);
    }
    grant.tenant_id = rms_arena_strdup(x->request->arena, attempt.person->tenant_id);
    grant.account_id = rms_arena_strdup(x->request->arena, attempt.person->account_id);
    rms_directory_unref(&attempt.person);
    if (grant.tenant_id == NULL || grant.account_id == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_guid_new(family_id);
    return begin_family(x, &grant, family_id);
}

/* --- device code ------------------------------------------------------------------------------------ */

static int grant_device(struct exchange *x)
{
    const char *text = rms_form_get(&x->form, "device_code");
    char family_id[RMS_GUID_TEXT];
    struct rms_device_code code;
    uint8_t hash[RMS_HASH_MAX];
    int status;

    if (text == NULL) {
        return refuse(x, RMS_OAUTH_INVALID_REQUEST, "device_code is missing");
    }
    rms_opaque_hash(text, hash);
    status = rms_device_code_poll(x->request->worker->db, x->request->arena, hash, x->request->now, &code);
    if (status == RMS_E_EXPIRED) {
        return refuse(x, RMS_OAUTH_EXPIRED_TOKEN, "the device code has expired");
    }
    if (status != 0) {
        return status == RMS_E_NOT_FOUND ? bad_grant(x, "device code: unknown") : mint_failed(x, status);
    }
    if (strcmp(code.grant.client_id, x->client_id) != 0) {
        return bad_grant(x, "device code: of another client");
    }
    if (code.too_fast) {
        return refuse(x, RMS_OAUTH_SLOW_DOWN, "wait five seconds longer between two requests");
    }
    if (code.state == RMS_DEVICE_PENDING) {
        return refuse(x, RMS_OAUTH_AUTHORIZATION_PENDING, "nobody has confirmed the code yet");
    }
    if (code.state == RMS_DEVICE_DENIED) {
        return refuse(x, RMS_OAUTH_ACCESS_DENIED, "the person refused");
    }
    rms_guid_new(family_id);
    return begin_family(x, &code.grant, family_id);
}

/* --- applications (RFC 6749 section 4.4): no refresh token, the secret is one ------------------------- */

static int grant_app(struct exchange *x)
{
    struct rms_app_attempt attempt = {.tenant = x->authority.tenant,
        .client_id = x->client_id,
        .secret = rms_form_get(&x->form, "client_secret")};
    struct rms_oauth_grant grant = {.client_id = x->client_id,
        .resource = rms_form_get(&x->form, "resource"),
        .auth_time = x->request->now};
    json_t *json;
    int status;

    if (attempt.secret == NULL) {
        return refuse(x, RMS_OAUTH_INVALID_CLIENT, "client_secret is missing");
    }
    status = rms_signin_app(x->front, x->request, &attempt);
    if (status == 0) {
        grant.tenant_id = attempt.tenant_id;
        grant.account_id = attempt.account_id;
        status = rms_signin_mint(x->front, x->request, &grant, &json);
    }
    if (status == RMS_E_NOT_AUTHENTICATED) {
        return refuse(x, RMS_OAUTH_INVALID_CLIENT, "the application or its secret is unknown or has expired");
    }
    if (status != 0) {
        x->reply->retry_after_s = (int)attempt.wait_s;
        return rms_signin_refuse_code(x->request, x->reply, status);
    }
    return rms_signin_answer(x->reply, json);
}

/* --- the endpoints ---------------------------------------------------------------------------------- */

static int open_exchange(struct exchange *x)
{
    int status;

    RMS_TRY(rms_signin_authority(x->front, x->request, &x->authority));
    status = rms_form_of_body(x->request, &x->form);
    if (status != 0) {
        return rms_signin_refuse_code(x->request, x->reply, status);
    }
    x->client_id = rms_form_get(&x->form, "client_id");
    if (x->client_id == NULL) {
        return refuse(x, RMS_OAUTH_INVALID_CLIENT, "client_id is missing");
    }
    return 0;
}

int rms_signin_token(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const struct {
        const char *type;
        int (*handle)(struct exchange *x);
    } grants[] = {
        {"authorization_code", grant_code},
        {"refresh_token", grant_refresh},
        {"password", grant_password},
        {"urn:ietf:params:oauth:grant-type:device_code", grant_device},
        {"client_credentials", grant_app},
    };
    struct exchange x = {.front = front, .request = request, .reply = reply};
    const char *type;

    RMS_TRY(open_exchange(&x));
    type = rms_form_get(&x.form, "grant_type");
    if (type == NULL) {
        return refuse(&x, RMS_OAUTH_INVALID_REQUEST, "grant_type is missing");
    }
    if (!rms_signin_resource_ok(front, rms_form_get(&x.form, "resource")) &&
        !(strcmp(type, "refresh_token") == 0 && strcmp(x.client_id, RMS_CLIENT_ID) == 0 &&
            rms_signin_resource_abroad(front, rms_form_get(&x.form, "resource")))) {
        return refuse(&x, RMS_OAUTH_INVALID_TARGET, "the resource is not this service");
    }
    for (size_t i = 0; i < sizeof grants / sizeof grants[0]; i++) {
        if (strcmp(grants[i].type, type) == 0) {
            return grants[i].handle(&x);
        }
    }
    return refuse(&x, RMS_OAUTH_UNSUPPORTED_GRANT_TYPE, "this grant type is not offered");
}

/* RFC 7009: 200 whether there was such a token or not. */
int rms_signin_revoke(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct exchange x = {.front = front, .request = request, .reply = reply};
    char tenant_id[RMS_GUID_TEXT];
    uint8_t hash[RMS_HASH_MAX];
    const char *token;
    int status;

    RMS_TRY(open_exchange(&x));
    token = rms_form_get(&x.form, "token");
    if (token == NULL) {
        return refuse(&x, RMS_OAUTH_INVALID_REQUEST, "token is missing");
    }
    rms_opaque_hash(token, hash);
    status = rms_refresh_tenant(token, tenant_id);
    if (status == 0) {
        status = rms_refresh_token_revoke(request->worker->db, tenant_id, x.client_id, hash);
    }
    if (status != 0 && status != RMS_E_NOT_FOUND) {
        return rms_signin_refuse_code(request, reply, status);
    }
    return rms_signin_answer(reply, json_object());
}

/* --- device authorisation (RFC 8628 section 3.1) ---------------------------------------------------- */

/* The tenant the device's codes belong to: the person who confirms must be of it. */
static const struct rms_live_tenant *device_tenant(struct exchange *x)
{
    const char *hint = rms_form_get(&x->form, "login_hint");

    if (x->authority.tenant != NULL) {
        return x->authority.tenant;
    }
    return hint != NULL ? rms_request_tenant_of_address(x->request, hint)
                        : rms_request_only_tenant(x->request);
}

/* Stores a fresh pair of codes; a user code that is taken is replaced by another. */
static int put_device_code(struct exchange *x, const struct rms_live_tenant *tenant,
    char device_code[RMS_OPAQUE_TEXT], char user_code[RMS_USER_CODE_TEXT])
{
    struct rms_device_code code = {.user_code = user_code,
        .grant = {.tenant_id = tenant->row.id,
            .client_id = x->client_id,
            .scope = rms_form_get(&x->form, "scope"),
            .resource = rms_form_get(&x->form, "resource")},
        .state = RMS_DEVICE_PENDING,
        .expires_at = x->request->now + RMS_DEVICE_CODE_S,
        .interval_s = RMS_DEVICE_POLL_S};
    int status = RMS_E_CONFLICT;

    rms_opaque_new(device_code);
    rms_opaque_hash(device_code, code.hash);
    for (int tries = 0; tries < 5 && status == RMS_E_CONFLICT; tries++) {
        rms_user_code_new(user_code);
        status = rms_device_code_put(x->request->worker->db, &code);
    }
    return status;
}

static int answer_device(struct exchange *x, const struct rms_live_tenant *tenant, const char *device_code,
    const char user_code[RMS_USER_CODE_TEXT])
{
    const char *base = rms_signin_issuer(x->front, x->request->arena, tenant->row.id);
    char shown[RMS_USER_CODE_SHOWN];

    if (base == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_user_code_show(user_code, shown);
    return rms_signin_answer(
        x->reply, json_pack("{s:s, s:s, s:o, s:o, s:i, s:i, s:o}", "device_code", device_code, "user_code",
                      shown, "verification_uri", json_sprintf("%s/oauth2/device", base),
                      "verification_uri_complete", json_sprintf("%s/oauth2/device?user_code=%s", base, shown),
                      "expires_in", RMS_DEVICE_CODE_S, "interval", RMS_DEVICE_POLL_S, "message",
                      json_sprintf("Open %s/oauth2/device in a browser and type the code %s.", base, shown)));
}

static int check_device_request(struct exchange *x, const struct rms_live_tenant *tenant)
{
    struct rms_signin_client client;
    int status;

    if (tenant == NULL) {
        return refuse(x, RMS_OAUTH_INVALID_REQUEST, "use your organisation's authority, or send login_hint");
    }
    status = rms_signin_client(x->request, tenant, x->client_id, &client);
    if (status != 0) {
        return status == RMS_E_NOT_FOUND ? refuse(x, RMS_OAUTH_INVALID_CLIENT, "the client is not known here")
                                         : rms_signin_refuse_code(x->request, x->reply, status);
    }
    if (!rms_signin_resource_ok(x->front, rms_form_get(&x->form, "resource"))) {
        return refuse(x, RMS_OAUTH_INVALID_TARGET, "the resource is not this service");
    }
    return 0;
}

/* Anyone may ask for codes, so how many is counted by network. */
static int count_device_request(struct exchange *x)
{
    struct rms_limit *limit = x->front->signin->limit;
    char network[RMS_NETWORK_TEXT];

    rms_signin_network(x->request->client_ip, network);
    x->reply->retry_after_s = (int)rms_limit_wait(limit, RMS_LIMIT_DEVICE, network, x->request->now);
    if (x->reply->retry_after_s > 0) {
        return rms_signin_refuse_code(x->request, x->reply, RMS_E_THROTTLED);
    }
    rms_limit_fail(limit, RMS_LIMIT_DEVICE, network, x->request->now);
    return 0;
}

int rms_signin_devicecode(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct exchange x = {.front = front, .request = request, .reply = reply};
    const struct rms_live_tenant *tenant;
    char device_code[RMS_OPAQUE_TEXT];
    char user_code[RMS_USER_CODE_TEXT];
    int status;

    RMS_TRY(open_exchange(&x));
    tenant = device_tenant(&x);
    RMS_TRY(check_device_request(&x, tenant));
    RMS_TRY(count_device_request(&x));
    status = put_device_code(&x, tenant, device_code, user_code);
    return status == 0 ? answer_device(&x, tenant, device_code, user_code)
                       : rms_signin_refuse_code(request, reply, status);
}
