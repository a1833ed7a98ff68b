/* Looking after the store, and finding out what does not work. */
#include <stdio.h>

#include "base/clock.h"
#include "client/access.h"
#include "client/api.h"
#include "client/auth.h"
#include "client/context.h"
#include "client/discovery.h"
#include "client/identity.h"
#include "client/issue.h"

#define ARENA_MAX (1024u * 1024)

int rms_cache_clean(struct rms_context *context, size_t *removed_out, size_t *kept_out)
{
    RMS_TRY(rms_call_begin(context));
    return rms_of_store(
        context, rms_vault_purge(context->vault, rms_clock_now(), true, removed_out, kept_out));
}

int rms_reset(struct rms_context *context)
{
    int status;

    RMS_TRY(rms_call_begin(context));
    (void)pthread_mutex_lock(&context->prepare);
    status = rms_of_store(context, rms_vault_reset(context->vault));
    rms_session_drop(context, false);
    rms_identity_drop(context);
    (void)pthread_mutex_unlock(&context->prepare);
    return status;
}

/* --- doctor --- */

/* What the checks hand on to each other. */
struct examination {
    struct rms_context *context;
    void (*each)(void *user_data, const struct rms_check *check);
    void *user_data;
    int first_failure;
    char root[1024];
    int64_t service_time;
};

static void report(struct examination *examination, const char *subject, int code, const char *fine)
{
    const char *detail = rms_last_detail(examination->context);
    char text[RMS_DETAIL_MAX];
    struct rms_check check = {subject, code, fine};

    if (code != 0) {
        (void)snprintf(text, sizeof text, "%s", detail[0] != '\0' ? detail : rms_error_info(code)->text);
        check.text = text;
        examination->first_failure = examination->first_failure != 0 ? examination->first_failure : code;
    }
    if (examination->each != NULL) {
        examination->each(examination->user_data, &check);
    }
    rms_report_of(examination->context)->detail[0] = '\0';
}

static int check_store(struct examination *examination)
{
    struct rms_context *context = examination->context;
    const struct rms_vault_place place = {RMS_VAULT_META, "", RMS_VIEW_LITERAL("doctor")};
    struct rms_buf RMS_BUF_CLEANUP back = RMS_BUF_INIT(64);
    char text[128];

    int status = rms_vault_put(context->vault, &place, RMS_TIME_NONE, RMS_VIEW_LITERAL("check"));

    if (status == 0) {
        status = rms_vault_get(context->vault, &place, &back);
    }
    if (status == 0) {
        status = rms_vault_remove(context->vault, &place);
    }
    RMS_TRY(rms_of_store(context, status));
    (void)snprintf(text, sizeof text, "%s, key in %s", context->settings.store_dir,
        rms_vault_protection(context->vault));
    report(examination, "store", 0, text);
    return 0;
}

static int check_discovery(struct examination *examination)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_buf RMS_BUF_CLEANUP root = RMS_BUF_INIT(sizeof examination->root - 1);
    struct rms_service service;
    struct rms_signin signin;

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (rms_signin_load(examination->context, arena, &signin) == 0) {
        rms_buf_append_str(&root, signin.root);
    } else {
        RMS_TRY(rms_discover(examination->context, arena, examination->context->settings.user, &service));
        RMS_TRY(rms_consent(examination->context, service.roots[0], service.domain));
        rms_buf_append_str(&root, service.roots[0]);
    }
    RMS_TRY(rms_buf_status(&root));
    memcpy(examination->root, rms_buf_text(&root), root.len + 1);
    report(examination, "discovery", 0, examination->root);
    return 0;
}

/* Name resolution, connection and TLS are one step for the person: the detail says which failed. */
static int check_tls(struct examination *examination)
{
    struct rms_http_reply RMS_HTTP_REPLY_CLEANUP reply = {0};
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(2048);
    struct rms_http_request request = {0};

    rms_buf_append_str(&url, examination->root);
    rms_buf_append_str(&url, "/my/v2/servicediscovery");
    RMS_TRY(rms_buf_status(&url));
    request.url = rms_buf_text(&url);
    RMS_TRY(rms_http_call(examination->context, &request, &reply));
    examination->service_time = reply.date;
    if (reply.status != 401) {
        return rms_fail(examination->context, RMS_E_UNREACHABLE,
            "%s does not behave like a rights service (HTTP %ld)", examination->root, reply.status);
    }
    report(examination, "tls", 0, "connected, certificate trusted");
    return 0;
}

static int check_clock(struct examination *examination)
{
    int64_t skew =
        examination->service_time == RMS_TIME_NONE ? 0 : rms_clock_now() - examination->service_time;

    if (skew > RMS_CLOCK_SKEW_S || skew < -RMS_CLOCK_SKEW_S) {
        return rms_fail_clock(examination->context, skew);
    }
    report(examination, "clock", 0, "agrees with the service");
    return 0;
}

static int check_sign_in(struct examination *examination)
{
    struct rms_session RMS_SESSION_CLEANUP *session = NULL;
    struct rms_buf RMS_BUF_CLEANUP token = RMS_BUF_INIT(64u * 1024);

    RMS_TRY(rms_session_get(examination->context, &session));
    RMS_TRY(rms_auth_token(examination->context, rms_session_signin(session), false, &token));
    report(examination, "sign-in", 0, rms_session_signin(session)->address);
    return 0;
}

static int check_certificates(struct examination *examination)
{
    struct rms_identity RMS_IDENTITY_CLEANUP *identity = NULL;
    char until[RMS_TIME_TEXT];
    char text[128];

    RMS_TRY(rms_identity_get(examination->context, RMS_FOR_ASKING, &identity));
    rms_time_iso(identity->rac.valid_until, until);
    (void)snprintf(
        text, sizeof text, "valid until %s%s", until, identity->has_clc ? "" : ", may open but not protect");
    report(examination, "certificates", 0, text);
    return 0;
}

static int check_templates(struct examination *examination)
{
    const struct rms_template *list;
    size_t count;
    char text[64];

    RMS_TRY(rms_templates(examination->context, false, NULL, &list, &count));
    (void)snprintf(text, sizeof text, "%zu", count);
    report(examination, "templates", 0, text);
    return 0;
}

/* A licence made here and opened by the service: the whole way, without a file. */
static int check_round_trip(struct examination *examination)
{
    struct rms_context *context = examination->context;
    struct rms_policy_builder *policy = NULL;
    struct rms_issued issued = {0};
    struct rms_access *access = NULL;
    struct rms_plan plan = {0};
    const struct rms_content_about about = {.extension = ""};
    int status = rms_policy_custom(context, &policy);

    if (status == 0) {
        status = rms_plan_make(context, policy, false, RMS_PERSIST_NONE, &plan);
    }
    if (status == RMS_E_PUBLISH_NOT_ALLOWED) {
        report(examination, "round-trip", 0, "left out: this account may open but not protect");
        rms_policy_free(&policy);
        return 0;
    }
    if (status == 0) {
        status = rms_plan_issue(&plan, &about, &issued);
    }
    if (status == 0) {
        status = rms_access_open(context, rms_buf_view(&issued.licence), RMS_RIGHT_VIEW, NULL, &access);
    }
    if (status == 0) {
        report(examination, "round-trip", 0, "a licence was made and opened");
    }
    rms_access_free(&access);
    rms_issued_fini(&issued);
    rms_plan_fini(&plan);
    rms_policy_free(&policy);
    return status;
}

int rms_doctor(struct rms_context *context, void (*each)(void *user_data, const struct rms_check *check),
    void *user_data)
{
    /* needed: without it the later ones would only repeat the failure */
    static const struct {
        const char *subject;
        int (*check)(struct examination *examination);
        bool needed;
    } checks[] = {
        {"store", check_store, true},
        {"discovery", check_discovery, true},
        {"tls", check_tls, true},
        {"clock", check_clock, false},
        {"sign-in", check_sign_in, true},
        {"certificates", check_certificates, true},
        {"templates", check_templates, false},
        {"round-trip", check_round_trip, false},
    };
    struct examination examination = {context, each, user_data, 0, "", RMS_TIME_NONE};

    RMS_TRY(rms_call_begin(context));
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        int status = checks[i].check(&examination);

        if (status != 0) {
            report(&examination, checks[i].subject, status, NULL);
            if (checks[i].needed) {
                break;
            }
        }
    }
    return examination.first_failure;
}
