#include "client/session.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "client/api.h"
#include "client/auth.h"
#include "client/context.h"
#include "client/discovery.h"

#define ARENA_MAX      (1024u * 1024)
#define ENDPOINTS_DAYS 30
#define DISCOVERY_PATH "/my/v2/servicediscovery"

struct rms_session {
    atomic_int references;
    struct rms_arena *arena;
    struct rms_signin signin;
    const char *urls[RMS_EP_COUNT];
};

/* Names of the discovery reply; those of the public protocol that every service lists are required. */
static const struct {
    const char *name;
    enum rms_endpoint endpoint;
    bool required;
} endpoint_names[] = {
    {"templates", RMS_EP_TEMPLATES, true},
    {"publishinglicenses", RMS_EP_PUBLISHING, true},
    {"enduserlicenses", RMS_EP_END_USER, true},
    {"clientlicensorcertificates", RMS_EP_CLIENT_LICENSOR, false},
    {"accountcertificates", RMS_EP_ACCOUNT, false},
    {"licensorcertificate", RMS_EP_LICENSOR, false},
    {"uselicenses", RMS_EP_USE, false},
    {"signedtemplates", RMS_EP_SIGNED_TEMPLATES, false},
    {"documents", RMS_EP_DOCUMENTS, false},
};

#define NAME_COUNT (sizeof endpoint_names / sizeof endpoint_names[0])

static int take_endpoint(
    struct rms_arena *arena, const char *name, const char *url, const char *urls_out[RMS_EP_COUNT])
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (rms_text_equal_nocase(name, endpoint_names[i].name)) {
            if (strncasecmp(url, "https://", 8) != 0 || !rms_text_printable(rms_view_str(url))) {
                return RMS_E_UNSUPPORTED;
            }
            urls_out[endpoint_names[i].endpoint] = rms_arena_strdup(arena, url);
            return urls_out[endpoint_names[i].endpoint] != NULL ? 0 : RMS_E_NO_MEMORY;
        }
    }
    return 0; /* unknown names are ignored */
}

int rms_endpoints_parse(struct rms_arena *arena, const json_t *reply, const char *urls_out[RMS_EP_COUNT])
{
    const json_t *element;
    size_t i;

    for (i = 0; i < RMS_EP_COUNT; i++) {
        urls_out[i] = NULL;
    }
    if (!json_is_array(reply)) {
        return RMS_E_UNSUPPORTED;
    }
    json_array_foreach(reply, i, element)
    {
        const char *name = rms_json_str(element, "Name");
        const char *url = rms_json_str(element, "Uri");

        if (name == NULL || url == NULL || name[0] == '\0' || url[0] == '\0') {
            return RMS_E_UNSUPPORTED;
        }
        RMS_TRY(take_endpoint(arena, name, url, urls_out));
    }
    for (i = 0; i < NAME_COUNT; i++) {
        if (endpoint_names[i].required && urls_out[endpoint_names[i].endpoint] == NULL) {
            return RMS_E_UNSUPPORTED;
        }
    }
    return 0;
}

static struct rms_vault_place endpoints_place(const struct rms_session *session)
{
    return (struct rms_vault_place){RMS_VAULT_SERVICE, "", rms_view_str(session->signin.root)};
}

/* From the store, when asked for within 30 days (rest-protocol 12.1). */
static int stored_endpoints(struct rms_context *context, struct rms_session *session)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(ARENA_MAX);
    json_t RMS_JSON_CLEANUP *json = NULL;
    struct rms_vault_place place = endpoints_place(session);

    RMS_TRY(rms_vault_get(context->vault, &place, &bytes));
    RMS_TRY(rms_json_parse(rms_buf_view(&bytes), &json));
    return rms_endpoints_parse(session->arena, json, session->urls);
}

/* With the token, and when the sign-in behind it is not good enough, once more with a better one. */
static int ask_signed_in(
    struct rms_context *context, struct rms_session *session, const char *url, struct rms_http_reply *reply)
{
    struct rms_buf RMS_BUF_CLEANUP token = RMS_BUF_INIT(64u * 1024);
    struct rms_http_request request = {.url = url};

    RMS_TRY(rms_auth_token(context, &session->signin, false, &token));
    request.token = rms_buf_text(&token);
    RMS_TRY(rms_http_call(context, &request, reply));
    if (reply->status != 401 || rms_auth_step_up(context, reply->challenge) == 0) {
        return 0;
    }
    rms_buf_reset(&token);
    RMS_TRY(rms_auth_renew(context, &session->signin, reply->challenge, &token));
    rms_http_reply_fini(reply);
    request.token = rms_buf_text(&token);
    RMS_TRY(rms_http_call(context, &request, reply));
    return reply->status == 401 ? rms_auth_step_up(context, reply->challenge) : 0;
}

static int fetch_endpoints(struct rms_context *context, struct rms_session *session)
{
    struct rms_http_reply RMS_HTTP_REPLY_CLEANUP reply = {0};
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(2048);
    json_t RMS_JSON_CLEANUP *json = NULL;
    struct rms_vault_place place = endpoints_place(session);
    int64_t until = rms_clock_now() + ENDPOINTS_DAYS * RMS_DAY_S;

    rms_buf_append_str(&url, session->signin.root);
    rms_buf_append_str(&url, DISCOVERY_PATH);
    if (session->signin.address != NULL) {
        rms_buf_append_str(&url, "?email=");
        rms_http_encode(&url, session->signin.address);
    }
    RMS_TRY(rms_buf_status(&url));
    RMS_TRY(ask_signed_in(context, session, rms_buf_text(&url), &reply));
    if (reply.status == 401) {
        return rms_fail(
            context, RMS_E_NOT_AUTHENTICATED, "%s does not accept the sign-in", session->signin.root);
    }
    if (reply.status != 200) {
        return rms_api_error(context, reply.status, rms_buf_view(&reply.body));
    }
    if (rms_json_parse(rms_buf_view(&reply.body), &json) != 0 ||
        rms_endpoints_parse(session->arena, json, session->urls) != 0) {
        return rms_fail(
            context, RMS_E_UNREACHABLE, "%s does not list what a rights service has", session->signin.root);
    }
    rms_best_effort(rms_vault_put(context->vault, &place, until, rms_buf_view(&reply.body)));
    return 0;
}

/* Without a stored sign-in the application's callback gives the tokens. */
static int sign_in_by_callback(struct rms_context *context, struct rms_session *session)
{
    struct rms_buf RMS_BUF_CLEANUP token = RMS_BUF_INIT(64u * 1024);
    struct rms_signin *signin = &session->signin;

    RMS_TRY(rms_auth_start(context, session->arena, context->settings.user, signin));
    if (signin->address == NULL) {
        RMS_TRY(rms_auth_token(context, signin, false, &token));
        RMS_TRY(rms_signin_read_token(session->arena, rms_buf_text(&token), signin));
    }
    if (signin->address == NULL) {
        return rms_fail(
            context, RMS_E_NOT_AUTHENTICATED, "the token names no address; set the user of the context");
    }
    /* remembered without tokens, so that what belongs to the person is found offline */
    return rms_signin_save(context, signin, true);
}

static int check_root(struct rms_context *context, const struct rms_session *session)
{
    struct rms_buf RMS_BUF_CLEANUP configured = RMS_BUF_INIT(1024);

    if (context->settings.url == NULL) {
        return 0;
    }
    if (rms_http_origin(context->settings.url, &configured) != 0) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "%s is no https URL", context->settings.url);
    }
    if (strcmp(rms_buf_text(&configured), session->signin.root) != 0) {
        return rms_fail(context, RMS_E_NOT_AUTHENTICATED,
            "%s is signed in at %s, the configured service is %s", session->signin.address,
            session->signin.root, rms_buf_text(&configured));
    }
    return 0;
}

static int connect_session(struct rms_context *context, struct rms_session *session)
{
    int status = rms_signin_load(context, session->arena, &session->signin);

    if (status == RMS_E_NOT_AUTHENTICATED || status == RMS_E_STORE_NOT_BOUND) {
        if (!rms_auth_supplied(context)) {
            return status;
        }
        status = sign_in_by_callback(context, session);
    }
    RMS_TRY(status);
    RMS_TRY(check_root(context, session));
    if (stored_endpoints(context, session) == 0) {
        return 0;
    }
    return fetch_endpoints(context, session);
}

static int make_session(struct rms_context *context, struct rms_session **session_out)
{
    struct rms_session *session = rms_calloc(1, sizeof *session);
    int status;

    *session_out = NULL;
    if (session == NULL) {
        return RMS_E_NO_MEMORY;
    }
    atomic_init(&session->references, 1);
    session->arena = rms_arena_new(ARENA_MAX);
    status = session->arena != NULL ? connect_session(context, session) : RMS_E_NO_MEMORY;
    if (status != 0) {
        rms_session_free(&session);
    }
    *session_out = session;
    return status;
}

static struct rms_session *current(struct rms_context *context)
{
    struct rms_session *session;

    (void)pthread_mutex_lock(&context->lock);
    session = context->session;
    if (session != NULL) {
        (void)atomic_fetch_add(&session->references, 1);
    }
    (void)pthread_mutex_unlock(&context->lock);
    return session;
}

int rms_session_get(struct rms_context *context, struct rms_session **session_out)
{
    int status = 0;

    *session_out = current(context);
    if (*session_out != NULL) {
        return 0;
    }
    (void)pthread_mutex_lock(&context->prepare);
    *session_out = current(context);
    if (*session_out == NULL) {
        status = make_session(context, session_out);
        if (status == 0) {
            (void)atomic_fetch_add(&(*session_out)->references, 1);
            (void)pthread_mutex_lock(&context->lock);
            rms_session_free(&context->session);
            context->session = *session_out;
            (void)pthread_mutex_unlock(&context->lock);
        }
    }
    (void)pthread_mutex_unlock(&context->prepare);
    return status;
}

void rms_session_free(struct rms_session **session)
{
    struct rms_session *gone = *session;

    *session = NULL;
    if (gone != NULL && atomic_fetch_sub(&gone->references, 1) == 1) {
        rms_arena_free(&gone->arena);
        rms_free(gone);
    }
}

void rms_session_drop(struct rms_context *context, bool forget)
{
    struct rms_session *session;

    (void)pthread_mutex_lock(&context->lock);
    session = context->session;
    context->session = NULL;
    (void)pthread_mutex_unlock(&context->lock);
    if (session != NULL && forget) {
        struct rms_vault_place place = endpoints_place(session);

        rms_best_effort(rms_vault_remove(context->vault, &place));
    }
    rms_session_free(&session);
}

const struct rms_signin *rms_session_signin(const struct rms_session *session)
{
    return &session->signin;
}

const char *rms_session_url(const struct rms_session *session, enum rms_endpoint endpoint)
{
    return session->urls[endpoint];
}

bool rms_session_serves(const struct rms_session *session, const char *url)
{
    struct rms_buf RMS_BUF_CLEANUP origin = RMS_BUF_INIT(1024);

    return url != NULL && rms_http_origin(url, &origin) == 0 &&
           strcmp(rms_buf_text(&origin), session->signin.root) == 0;
}
