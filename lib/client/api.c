#include "client/api.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "client/auth.h"
#include "client/context.h"
#include "client/refusal.h"
#include "crypto/base64.h"

#define BODY_MAX     (16u * 1024 * 1024)
#define TOLERANCE_S  (15 * 60)
#define SEEN_STEP_S  60
#define SEEN_NAME    RMS_VIEW_LITERAL("newest-time")
#define WIRE_PREFIX  "Microsoft.RightsManagement.Exceptions."
#define CODE_NAME    "Code"
#define MESSAGE_NAME "Message"
#define REASON_NAME  "Reason"

/* --- errors --- */

/* Several of our codes share a wire name: the first row is the most general only by chance, so the few names
 * that stand for one cause of the public protocol come first. */
static int from_wire(const char *wire)
{
    static const struct {
        const char *wire;
        int code;
    } first[] = {
        {"UnknownTenantException", RMS_E_UNKNOWN_KEY},
        {"BadInputException", RMS_E_BAD_LICENSE},
        {"ServiceDisabledForApplicationException", RMS_E_PLATFORM_DISABLED},
        {"DevicePlatformNotRecognizedException", RMS_E_PLATFORM_DISABLED},
    };
    size_t prefix = strlen(WIRE_PREFIX);

    if (strncasecmp(wire, WIRE_PREFIX, prefix) == 0) {
        wire += prefix;
    }
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        if (rms_text_equal_nocase(first[i].wire, wire)) {
            return first[i].code;
        }
    }
    for (size_t i = 0; rms_error_row(i) != NULL; i++) {
        if (rms_text_equal_nocase(rms_error_row(i)->wire, wire)) {
            return rms_error_row(i)->code;
        }
    }
    return 0;
}

static int from_status(long http_status)
{
    static const struct {
        long http;
        int code;
    } rows[] = {
        {401, RMS_E_NOT_AUTHENTICATED},
        {403, RMS_E_ROLE_REQUIRED},
        {404, RMS_E_UNREACHABLE}, /* rest-protocol section 11: service not available */
        {413, RMS_E_LIMIT},
        {424, RMS_E_KEY_UNAVAILABLE},
        {429, RMS_E_THROTTLED},
        {501, RMS_E_UNSUPPORTED},
        {502, RMS_E_UNREACHABLE},
        {503, RMS_E_UNREACHABLE},
        {507, RMS_E_UNREACHABLE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].http == http_status) {
            return rows[i].code;
        }
    }
    return http_status >= 500 ? RMS_E_UNREACHABLE : RMS_E_BAD_ARGUMENT;
}

/* The status alone says nothing either: what the service calls it is shown, and nothing is opened (S-148). */
int rms_api_unknown(const struct rms_context *context, const char *word)
{
    return rms_fail(context, RMS_E_OTHER, "the service's word for it: %s",
        rms_text_printable(rms_view_str(word)) ? word : "not printable");
}

int rms_api_error(const struct rms_context *context, long http_status, struct rms_view body)
{
    json_t RMS_JSON_CLEANUP *json = NULL;
    const char *message = NULL;
    const char *word = NULL; /* the service's, for its reason */
    int code = 0;

    if (rms_json_parse(body, &json) == 0 && json_is_object(json)) {
        const char *reason = rms_json_str(json, REASON_NAME);
        const char *wire = rms_json_str(json, CODE_NAME);

        message = rms_json_str(json, MESSAGE_NAME);
        word = reason != NULL ? reason : wire;
        code = reason != NULL ? rms_error_from_reason(reason) : 0;
        if (code == 0 && wire != NULL) {
            code = from_wire(wire);
        }
    }
    rms_report_service(context, word, message);
    if (code == 0) {
        code = from_status(http_status);
        if (word != NULL && (code == RMS_E_BAD_ARGUMENT || code == RMS_E_ROLE_REQUIRED)) {
            return rms_api_unknown(context, word);
        }
    }
    if (message == NULL || !rms_text_printable(rms_view_str(message))) {
        return rms_fail(context, code, "the service answered HTTP %ld", http_status);
    }
    return rms_fail(context, code, "%s", message);
}

/* --- the call --- */

/* challenge: of the answer that refused the last token; NULL: none was. */
static int exchange(struct rms_context *context, struct rms_session *session, const struct rms_api_call *call,
    const char *challenge, struct rms_http_reply *reply)
{
    struct rms_buf RMS_BUF_CLEANUP token = RMS_BUF_INIT(64u * 1024);
    struct rms_buf RMS_BUF_CLEANUP body = RMS_BUF_INIT(BODY_MAX);
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(8192);
    struct rms_http_request request = {
        .language = call->language, .brief = call->brief, .on_behalf = call->on_behalf};

    if (rms_session_url(session, call->endpoint) == NULL) {
        return rms_fail(
            context, RMS_E_UNSUPPORTED, "%s does not offer this", rms_session_signin(session)->root);
    }
    rms_buf_append_str(&url, rms_session_url(session, call->endpoint));
    rms_buf_append_str(&url, call->path != NULL ? call->path : "");
    if (call->query != NULL) {
        rms_buf_append_byte(&url, strchr(rms_buf_text(&url), '?') != NULL ? '&' : '?');
        rms_buf_append_str(&url, call->query);
    }
    RMS_TRY(rms_buf_status(&url));
    request.url = rms_buf_text(&url);
    RMS_TRY(challenge == NULL ? rms_auth_token(context, rms_session_signin(session), false, &token)
                              : rms_auth_renew(context, rms_session_signin(session), challenge, &token));
    if (call->body != NULL) {
        RMS_TRY(rms_json_emit(call->body, &body));
        request.content_type = "application/json";
        request.body = rms_buf_view(&body);
    }
    request.token = rms_buf_text(&token);
    return rms_http_call(context, &request, reply);
}

static int exchange_signed_in(struct rms_context *context, struct rms_session *session,
    const struct rms_api_call *call, struct rms_http_reply *reply)
{
    char challenge[RMS_HTTP_CHALLENGE_MAX];

    RMS_TRY(exchange(context, session, call, NULL, reply));
    if (reply->status != 401) {
        return 0;
    }
    /* expired, withdrawn or too weak: one try with a new token */
    memcpy(challenge, reply->challenge, sizeof challenge);
    rms_http_reply_fini(reply);
    RMS_TRY(exchange(context, session, call, challenge, reply));
    return reply->status == 401 ? rms_auth_step_up(context, reply->challenge) : 0;
}

/* The service itself says that it has no such document: it is still where it was. */
static bool lacks_document(const struct rms_http_reply *reply)
{
    json_t RMS_JSON_CLEANUP *json = NULL;

    return rms_json_parse(rms_buf_view(&reply->body), &json) == 0 &&
           rms_error_from_reason(rms_json_str(json, REASON_NAME)) == RMS_E_NOT_REGISTERED;
}

static bool moved(int status, const struct rms_http_reply *reply)
{
    return status == RMS_E_UNREACHABLE ||
           (status == 0 && (reply->status == 502 || (reply->status == 404 && !lacks_document(reply))));
}

int rms_api(struct rms_context *context, const struct rms_api_call *call, json_t **reply_out)
{
    struct rms_http_reply RMS_HTTP_REPLY_CLEANUP reply = {0};
    struct rms_session RMS_SESSION_CLEANUP *session = NULL;
    int status;

    *reply_out = NULL;
    if (context->settings.offline) {
        return rms_fail(context, RMS_E_NEEDS_ONLINE, "the service is needed and this is an offline context");
    }
    RMS_TRY(rms_session_get(context, &session));
    status = exchange_signed_in(context, session, call, &reply);
    if (!call->brief && moved(status, &reply)) {
        /* what was learnt about the service may be old (S-278): forget it, ask once more */
        rms_session_drop(context, true);
        rms_session_free(&session);
        rms_http_reply_fini(&reply);
        RMS_TRY(rms_session_get(context, &session));
        status = exchange_signed_in(context, session, call, &reply);
    }
    RMS_TRY(status);
    if (reply.status != 200) {
        return rms_api_error(context, reply.status, rms_buf_view(&reply.body));
    }
    rms_signin_touch(context, rms_session_signin(session)->address, rms_clock_now());
    if (rms_json_parse(rms_buf_view(&reply.body), reply_out) != 0) {
        return rms_fail(context, RMS_E_UNREACHABLE, "the service's answer is not JSON");
    }
    if (!call->brief) {
        rms_refusals_follow(context, rms_session_signin(session)->address);
    }
    return 0;
}

int rms_api_bytes(const json_t *object, const char *name, struct rms_buf *out)
{
    const char *text = rms_json_str(object, name);
    int status = text != NULL ? rms_base64_decode(rms_view_str(text), out) : RMS_E_BAD_LICENSE;

    return status == RMS_E_BAD_ARGUMENT ? RMS_E_BAD_LICENSE : status;
}

json_t *rms_api_base64(struct rms_view bytes)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(BODY_MAX);

    rms_base64_encode(&text, bytes);
    return rms_buf_status(&text) == 0 ? json_stringn(rms_buf_text(&text), text.len) : NULL;
}

/* --- the newest time seen --- */

static int64_t seen(struct rms_context *context)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(sizeof(int64_t));
    const struct rms_vault_place place = {RMS_VAULT_META, "", SEEN_NAME};
    int64_t time = RMS_TIME_NONE;

    if (rms_vault_get(context->vault, &place, &bytes) == 0 && bytes.len == sizeof time) {
        memcpy(&time, bytes.data, sizeof time);
    }
    return time;
}

void rms_seen_note(struct rms_context *context, int64_t now, bool from_service)
{
    const struct rms_vault_place place = {RMS_VAULT_META, "", SEEN_NAME};
    int64_t last = seen(context);
    bool ahead = last == RMS_TIME_NONE || now - last >= SEEN_STEP_S;

    if (ahead || (from_service && last - now >= SEEN_STEP_S)) {
        rms_best_effort(rms_vault_put(context->vault, &place, RMS_TIME_NONE, rms_view_of(&now, sizeof now)));
    }
}

int64_t rms_seen_now(struct rms_context *context)
{
    int64_t now = rms_clock_now();
    int64_t last = seen(context);

    return last != RMS_TIME_NONE && last > now ? last : now;
}

bool rms_seen_later(struct rms_context *context, int64_t now)
{
    int64_t last = seen(context);

    return last != RMS_TIME_NONE && last - now > TOLERANCE_S;
}
