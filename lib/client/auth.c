#include "client/auth.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "client/challenge.h"
#include "client/context.h"
#include "client/discovery.h"
#include "client/identity.h"
#include "client/session.h"
#include "crypto/jwt.h"

#define MARGIN_S       60
#define LIFETIME_GUESS 300
#define FORM_MAX       (128u * 1024)
#define ARENA_MAX      (1024u * 1024)
#define DISCOVERY_PATH "/my/v2/servicediscovery"

void rms_auth_field(struct rms_buf *form, const char *name, const char *value)
{
    if (form->len > 0) {
        rms_buf_append_byte(form, '&');
    }
    rms_buf_append_str(form, name);
    rms_buf_append_byte(form, '=');
    rms_http_encode(form, value);
}

int rms_auth_probe(
    struct rms_context *context, struct rms_arena *arena, const char *query, struct rms_signin *signin)
{
    struct rms_http_reply RMS_HTTP_REPLY_CLEANUP reply = {0};
    struct rms_http_request request = {0};
    struct rms_parsed_challenge challenge;

    request.url = rms_arena_printf(arena, "%s" DISCOVERY_PATH "%s", signin->root, query);
    if (request.url == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_http_call(context, &request, &reply));
    if (reply.status != 401) {
        return rms_fail(context, RMS_E_UNREACHABLE, "%s does not behave like a rights service (HTTP %ld)",
            signin->root, reply.status);
    }
    if (rms_challenge_parse(arena, reply.challenge, &challenge) != 0) {
        return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "%s names no usable authority", signin->root);
    }
    signin->authority = challenge.authority;
    signin->resource = challenge.resource;
    signin->scope = challenge.scope;
    return 0;
}

/* The first place of the service that answers. One that answers in a wrong way ends the search. */
static int probe_service(struct rms_context *context, struct rms_arena *arena, const char *query,
    const struct rms_service *service, struct rms_signin *signin)
{
    int status = RMS_E_UNREACHABLE;

    for (size_t i = 0; i < service->count && status == RMS_E_UNREACHABLE; i++) {
        signin->root = service->roots[i];
        RMS_TRY(rms_consent(context, signin->root, service->domain));
        status = rms_auth_probe(context, arena, query, signin);
    }
    return status;
}

int rms_auth_start(
    struct rms_context *context, struct rms_arena *arena, const char *address, struct rms_signin *signin_out)
{
    struct rms_buf RMS_BUF_CLEANUP query = RMS_BUF_INIT(1024);
    struct rms_service service;
    char normal[RMS_ADDRESS_MAX];

    *signin_out = (struct rms_signin){.access_until = RMS_TIME_NONE};
    /* nobody types a password or a code for a sign-in that cannot be kept */
    RMS_TRY(rms_of_store(context, rms_vault_check(context->vault)));
    if (address != NULL) {
        if (rms_address_normalise(address, normal) != 0) {
            return rms_fail(context, RMS_E_BAD_ARGUMENT, "that is no e-mail address");
        }
        signin_out->address = rms_arena_strdup(arena, normal);
        rms_buf_append_str(&query, "?email=");
        rms_http_encode(&query, normal);
    }
    if (address != NULL && signin_out->address == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_buf_status(&query));
    RMS_TRY(rms_discover(context, arena, signin_out->address, &service));
    return probe_service(context, arena, rms_buf_text(&query), &service, signin_out);
}

/* Numbers come as numbers or as decimal text (rest-protocol 5.1). */
static int64_t number(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);
    const char *text = json_string_value(value);

    if (json_is_integer(value)) {
        return json_integer_value(value);
    }
    return text != NULL ? strtoll(text, NULL, 10) : 0;
}

static int read_reply(struct rms_arena *arena, const json_t *json, struct rms_auth_reply *reply)
{
    struct {
        const char *name;
        const char **place;
    } members[] = {
        {"error", &reply->error},
        {"error_description", &reply->error_description},
        {"access_token", &reply->access_token},
        {"refresh_token", &reply->refresh_token},
        {"device_code", &reply->device_code},
        {"user_code", &reply->user_code},
        {"verification_uri", &reply->verification_uri},
    };

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *text = rms_json_str(json, members[i].name);

        *members[i].place = rms_arena_strdup(arena, text);
        if (text != NULL && *members[i].place == NULL) {
            return RMS_E_NO_MEMORY;
        }
    }
    reply->expires_in = number(json, "expires_in");
    reply->interval = number(json, "interval");
    return 0;
}

int rms_auth_exchange(struct rms_context *context, struct rms_arena *arena, const struct rms_signin *signin,
    const char *endpoint, const struct rms_buf *form, struct rms_auth_reply *reply_out)
{
    struct rms_http_reply RMS_HTTP_REPLY_CLEANUP reply = {0};
    json_t RMS_JSON_CLEANUP *json = NULL;
    struct rms_http_request request = {.content_type = "application/x-www-form-urlencoded"};

    *reply_out = (struct rms_auth_reply){0};
    RMS_TRY(rms_buf_status(form));
    request.body = rms_buf_view(form);
    request.url = rms_challenge_endpoint(arena, signin->authority, endpoint);
    if (request.url == NULL) {
        return rms_fail(
            context, RMS_E_NOT_AUTHENTICATED, "%s is no authority to sign in at", signin->authority);
    }
    RMS_TRY(rms_http_call(context, &request, &reply));
    if (rms_json_parse(rms_buf_view(&reply.body), &json) != 0 || !json_is_object(json)) {
        return rms_fail(context, RMS_E_UNREACHABLE, "%s does not answer as expected (HTTP %ld)", request.url,
            reply.status);
    }
    RMS_TRY(read_reply(arena, json, reply_out));
    if (reply.status == 200 && reply_out->error == NULL) {
        return 0;
    }
    if (reply_out->error == NULL) {
        reply_out->error = "server_error";
    }
    return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "%s",
        reply_out->error_description != NULL ? reply_out->error_description : reply_out->error);
}

static int take_tokens(struct rms_signin *signin, const struct rms_auth_reply *reply)
{
    int64_t lifetime = reply->expires_in > 0 ? reply->expires_in : LIFETIME_GUESS;

    if (reply->access_token == NULL || reply->access_token[0] == '\0') {
        return RMS_E_NOT_AUTHENTICATED;
    }
    signin->access_token = reply->access_token;
    signin->access_until = rms_clock_now() + lifetime;
    if (reply->refresh_token != NULL) {
        signin->refresh_token = reply->refresh_token;
    }
    return 0;
}

int rms_auth_finish(struct rms_context *context, struct rms_arena *arena, struct rms_signin *signin,
    const struct rms_auth_reply *reply)
{
    const char *typed = signin->address;
    struct rms_vault_place repin = {RMS_VAULT_CERTIFICATE, "", RMS_ENTRY_REPIN};

    if (take_tokens(signin, reply) != 0) {
        return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "the authority gave no token");
    }
    /* whom the token names counts, not what was typed: an alias signs in as its account */
    signin->address = NULL;
    RMS_TRY(rms_signin_read_token(arena, signin->access_token, signin));
    if (signin->address == NULL) {
        signin->address = typed;
    }
    if (signin->address == NULL) {
        return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "the token names no address");
    }
    repin.owner = signin->address;
    RMS_TRY(rms_signin_save(context, signin, true));
    /* signing in anew is the person's word that this is the service: its key may be another than before */
    RMS_TRY(
        rms_of_store(context, rms_vault_put(context->vault, &repin, RMS_TIME_NONE, RMS_VIEW_LITERAL("1"))));
    rms_session_drop(context, true);
    rms_identity_drop(context);
    rms_signin_touch(context, signin->address, rms_clock_now());
    return 0;
}

/* --- current tokens --- */

bool rms_auth_supplied(struct rms_context *context)
{
    bool supplied = RMS_ASKED(context, token) != NULL;

    (void)pthread_mutex_lock(&context->lock);
    supplied = supplied || context->server_token.len > 0;
    (void)pthread_mutex_unlock(&context->lock);
    return supplied;
}

/* A server's own, as it was given: nobody is asked for another. */
static int take_server_token(struct rms_context *context, bool fresh, struct rms_buf *token_out)
{
    if (fresh) {
        return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "the service does not accept the program's token");
    }
    (void)pthread_mutex_lock(&context->lock);
    rms_buf_append_view(token_out, rms_buf_view(&context->server_token));
    (void)pthread_mutex_unlock(&context->lock);
    return rms_buf_status(token_out);
}

/* wanted: of a sign-in that was not good enough; NULL: any. */
static int ask_application(struct rms_context *context, const struct rms_signin *signin,
    const struct rms_parsed_challenge *wanted, struct rms_buf *token_out)
{
    const struct rms_challenge challenge = {signin->authority, signin->resource,
        signin->scope != NULL ? signin->scope : "", signin->address, wanted != NULL ? wanted->acr_values : "",
        wanted != NULL ? wanted->max_age_s : -1};
    struct rms_report *report = rms_report_of(context);
    int status;

    rms_buf_reset(&report->supplied);
    report->asking = true;
    status = context->callbacks.token(context->callbacks.user_data, &challenge, context);
    report->asking = false;
    if (status != 0) {
        return rms_fail(
            context, status < 0 ? status : RMS_E_NOT_AUTHENTICATED, "the application gave no token");
    }
    if (report->supplied.len == 0) {
        return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "the application gave no token");
    }
    rms_buf_append_view(token_out, rms_buf_view(&report->supplied));
    rms_buf_reset(&report->supplied);
    return rms_buf_status(token_out);
}

static int keep_server_token(struct rms_context *context, const char *token)
{
    int status;

    (void)pthread_mutex_lock(&context->lock);
    rms_buf_reset(&context->server_token);
    rms_buf_append_str(&context->server_token, token);
    status = rms_buf_status(&context->server_token);
    (void)pthread_mutex_unlock(&context->lock);
    return status;
}

int rms_token_set(struct rms_context *context, const char *token)
{
    struct rms_report *report;

    if (!rms_handle_is(context, RMS_HANDLE_CONTEXT) || token == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    /* it becomes part of a header line */
    if (token[0] == '\0' || strlen(token) >= RMS_TOKEN_MAX || !rms_text_printable(rms_view_str(token))) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "that is no token");
    }
    report = rms_report_of(context);
    if (context->mode == RMS_MODE_SERVER && !report->asking) {
        return keep_server_token(context, token);
    }
    rms_buf_reset(&report->supplied);
    rms_buf_append_str(&report->supplied, token);
    return rms_buf_status(&report->supplied);
}

static bool lasts(const struct rms_signin *signin, const char *than)
{
    return signin->access_token != NULL && signin->access_until != RMS_TIME_NONE &&
           signin->access_until - rms_clock_now() > MARGIN_S &&
           (than == NULL || strcmp(than, signin->access_token) != 0);
}

/* Refresh tokens rotate, and using an old one ends the whole family: one process at a time refreshes. */
static int lock_refresh(const struct rms_context *context)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/device.key", context->settings.store_dir);
    int fd;

    if (context->settings.store == RMS_STORE_MEMORY || len < 0 || len >= (int)sizeof path) {
        return -1;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) {
        (void)flock(fd, LOCK_EX);
    }
    return fd;
}

/* RFC 6749 section 4.4.2 */
static void fill_app_form(const struct rms_signin *signin, struct rms_buf *form)
{
    rms_auth_field(form, "grant_type", "client_credentials");
    rms_auth_field(form, "client_id", signin->app_id);
    rms_auth_field(form, "client_secret", signin->app_secret);
    rms_auth_field(form, "resource", signin->resource);
}

static int refresh_locked(struct rms_context *context, struct rms_arena *arena, const char *address,
    const char *refused, struct rms_signin *signin)
{
    struct rms_buf RMS_BUF_CLEANUP form = RMS_BUF_INIT(FORM_MAX);
    struct rms_auth_reply reply;

    /* another process may have done it while we waited */
    RMS_TRY(rms_signin_load_address(context, arena, address, signin));
    if (lasts(signin, refused)) {
        return 0;
    }
    if (signin->refresh_token == NULL && signin->app_secret == NULL) {
        return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "the sign-in of %s has ended", address);
    }
    if (signin->app_secret != NULL) {
        fill_app_form(signin, &form);
    } else {
        rms_auth_field(&form, "grant_type", "refresh_token");
        rms_auth_field(&form, "refresh_token", signin->refresh_token);
        rms_auth_field(&form, "client_id", RMS_CLIENT_ID);
        rms_auth_field(&form, "resource", signin->resource);
    }
    RMS_TRY(rms_auth_exchange(context, arena, signin, "token", &form, &reply));
    RMS_TRY(take_tokens(signin, &reply));
    return rms_signin_save(context, signin, false);
}

int rms_auth_token(
    struct rms_context *context, const struct rms_signin *signin, bool fresh, struct rms_buf *token_out)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = NULL;
    struct rms_signin stored;
    int lock;
    int status;

    if (rms_auth_supplied(context)) {
        return RMS_ASKED(context, token) != NULL ? ask_application(context, signin, NULL, token_out)
                                                 : take_server_token(context, fresh, token_out);
    }
    arena = rms_arena_new(ARENA_MAX);
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_signin_load_address(context, arena, signin->address, &stored));
    if (fresh || !lasts(&stored, NULL)) {
        const char *refused = fresh ? stored.access_token : NULL;

        (void)pthread_mutex_lock(&context->prepare);
        lock = lock_refresh(context);
        status = refresh_locked(context, arena, signin->address, refused, &stored);
        if (lock >= 0) {
            (void)close(lock);
        }
        (void)pthread_mutex_unlock(&context->prepare);
        RMS_TRY(status);
    }
    rms_buf_append_str(token_out, stored.access_token);
    return rms_buf_status(token_out);
}

/* A service abroad gets a token for itself or none: not one that it could show to somebody else. */
static bool is_for(const struct rms_signin *abroad)
{
    struct rms_buf RMS_BUF_CLEANUP own = RMS_BUF_INIT(1024);

    rms_buf_printf(&own, "%s/", abroad->root);
    return !own.failed && strcmp(rms_buf_text(&own), abroad->resource) == 0;
}

static int refresh_abroad(struct rms_context *context, struct rms_arena *arena, struct rms_signin *abroad)
{
    struct rms_buf RMS_BUF_CLEANUP form = RMS_BUF_INIT(FORM_MAX);
    struct rms_auth_reply reply;
    struct rms_signin home;

    RMS_TRY(rms_signin_load_address(context, arena, abroad->address, &home));
    /* the refresh token goes to nobody but who gave it */
    if (home.refresh_token == NULL || home.authority == NULL ||
        strcmp(home.authority, abroad->authority) != 0 || !is_for(abroad)) {
        return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "%s does not trust sign-ins of %s", abroad->root,
            rms_address_domain(abroad->address));
    }
    rms_auth_field(&form, "grant_type", "refresh_token");
    rms_auth_field(&form, "refresh_token", home.refresh_token);
    rms_auth_field(&form, "client_id", RMS_CLIENT_ID);
    rms_auth_field(&form, "resource", abroad->resource);
    RMS_TRY(rms_auth_exchange(context, arena, &home, "token", &form, &reply));
    if (reply.access_token == NULL || reply.refresh_token == NULL) {
        return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "the authority gave no token");
    }
    abroad->access_token = reply.access_token;
    home.refresh_token = reply.refresh_token;
    return rms_signin_save(context, &home, false);
}

int rms_auth_token_abroad(struct rms_context *context, struct rms_arena *arena, struct rms_signin *abroad,
    struct rms_buf *token_out)
{
    int status = 0;
    int lock;

    if (rms_auth_supplied(context)) {
        return rms_auth_token(context, abroad, false, token_out);
    }
    if (abroad->access_token == NULL) {
        (void)pthread_mutex_lock(&context->prepare);
        lock = lock_refresh(context);
        status = refresh_abroad(context, arena, abroad);
        if (lock >= 0) {
            (void)close(lock);
        }
        (void)pthread_mutex_unlock(&context->prepare);
    }
    RMS_TRY(status);
    rms_buf_append_str(token_out, abroad->access_token);
    return rms_buf_status(token_out);
}

int rms_login_app(struct rms_context *context, const char *app_id, const char *secret)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_buf RMS_BUF_CLEANUP form = RMS_BUF_INIT(FORM_MAX);
    char id[RMS_GUID_TEXT];
    struct rms_auth_reply reply;
    struct rms_signin signin;

    RMS_TRY(rms_call_begin(context));
    RMS_TRY(rms_check_text(context, "secret", secret, false));
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (app_id == NULL || rms_guid_parse(rms_view_str(app_id), id) != 0) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "an application is named by its GUID");
    }
    RMS_TRY(rms_auth_start(context, arena, NULL, &signin));
    signin.app_id = id;
    signin.app_secret = secret;
    fill_app_form(&signin, &form);
    RMS_TRY(rms_auth_exchange(context, arena, &signin, "token", &form, &reply));
    return rms_auth_finish(context, arena, &signin, &reply);
}

/* What is wanted, in one line. */
static int tell_step_up(struct rms_context *context, const struct rms_parsed_challenge *wanted)
{
    char age[48] = "";

    if (wanted->max_age_s >= 0) {
        (void)snprintf(age, sizeof age, "not older than %lld s", (long long)wanted->max_age_s);
    }
    return rms_fail(context, RMS_E_STEP_UP, "wanted: a sign-in %s%s%s%s",
        wanted->acr_values[0] != '\0' ? "of the kind " : "", wanted->acr_values,
        wanted->acr_values[0] != '\0' && age[0] != '\0' ? ", " : "", age);
}

int rms_auth_step_up(struct rms_context *context, const char *challenge)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_parsed_challenge parsed = {0};

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return rms_challenge_parse(arena, challenge, &parsed) == 0 && parsed.step_up
               ? tell_step_up(context, &parsed)
               : 0;
}

int rms_auth_renew(struct rms_context *context, const struct rms_signin *signin, const char *challenge,
    struct rms_buf *token_out)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_parsed_challenge parsed = {0};

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (rms_challenge_parse(arena, challenge, &parsed) != 0 || !parsed.step_up) {
        return rms_auth_token(context, signin, true, token_out);
    }
    /* a refresh would only give another token of the same sign-in */
    return RMS_ASKED(context, token) != NULL ? ask_application(context, signin, &parsed, token_out)
                                             : tell_step_up(context, &parsed);
}

int rms_login_password(struct rms_context *context, const char *address, const char *password)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_buf RMS_BUF_CLEANUP form = RMS_BUF_INIT(FORM_MAX);
    struct rms_auth_reply reply;
    struct rms_signin signin;

    RMS_TRY(rms_call_begin(context));
    RMS_TRY(rms_check_text(context, "address", address, false));
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (password == NULL || strnlen(password, RMS_TEXT_MAX + 1) > RMS_TEXT_MAX ||
        !rms_text_valid(rms_view_str(password))) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "the password is missing, too long or not UTF-8");
    }
    RMS_TRY(rms_auth_start(context, arena, address, &signin));
    rms_auth_field(&form, "grant_type", "password");
    rms_auth_field(&form, "client_id", RMS_CLIENT_ID);
    rms_auth_field(&form, "username", signin.address);
    rms_auth_field(&form, "password", password);
    rms_auth_field(&form, "resource", signin.resource);
    rms_auth_field(&form, "scope", RMS_CLIENT_SCOPE);
    RMS_TRY(rms_auth_exchange(context, arena, &signin, "token", &form, &reply));
    return rms_auth_finish(context, arena, &signin, &reply);
}
