/* Sign-in on another device (RFC 8628). */
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "client/auth.h"
#include "client/context.h"

#define ARENA_MAX  (1024u * 1024)
#define FORM_MAX   (128u * 1024)
#define GRANT      "urn:ietf:params:oauth:grant-type:device_code"
#define INTERVAL_S 5
#define STEP_MS    100
#define LIFETIME_S 900

static int pause_s(struct rms_context *context, int64_t seconds)
{
    int64_t end = rms_clock_monotonic_ms() + seconds * 1000;

    while (rms_clock_monotonic_ms() < end) {
        const struct timespec step = {0, STEP_MS * 1000000L};

        RMS_TRY(rms_check_cancelled(context));
        (void)nanosleep(&step, NULL);
    }
    return 0;
}

static int ask_for_code(struct rms_context *context, struct rms_arena *arena, const struct rms_signin *signin,
    struct rms_auth_reply *reply)
{
    struct rms_buf RMS_BUF_CLEANUP form = RMS_BUF_INIT(FORM_MAX);

    rms_auth_field(&form, "client_id", RMS_CLIENT_ID);
    rms_auth_field(&form, "scope", RMS_CLIENT_SCOPE);
    rms_auth_field(&form, "resource", signin->resource);
    RMS_TRY(rms_auth_exchange(context, arena, signin, "devicecode", &form, reply));
    if (reply->device_code == NULL || reply->user_code == NULL || reply->verification_uri == NULL ||
        !rms_text_printable(rms_view_str(reply->user_code)) ||
        !rms_text_printable(rms_view_str(reply->verification_uri))) {
        return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "the authority gave no device code");
    }
    return 0;
}

/* One question whether the person is done. 1: not yet. */
static int poll_once(struct rms_context *context, struct rms_arena *arena, const struct rms_signin *signin,
    const char *device_code, struct rms_auth_reply *reply)
{
    struct rms_buf RMS_BUF_CLEANUP form = RMS_BUF_INIT(FORM_MAX);
    int status;

    rms_auth_field(&form, "grant_type", GRANT);
    rms_auth_field(&form, "device_code", device_code);
    rms_auth_field(&form, "client_id", RMS_CLIENT_ID);
    status = rms_auth_exchange(context, arena, signin, "token", &form, reply);
    if (status == RMS_E_NOT_AUTHENTICATED && reply->error != NULL) {
        if (strcmp(reply->error, "authorization_pending") == 0 || strcmp(reply->error, "slow_down") == 0) {
            return 1;
        }
        if (strcmp(reply->error, "access_denied") == 0) {
            return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "the sign-in was declined");
        }
    }
    return status;
}

static int wait_for_person(struct rms_context *context, struct rms_arena *arena,
    const struct rms_signin *signin, const struct rms_auth_reply *asked, struct rms_auth_reply *reply)
{
    int64_t interval = asked->interval > 0 && asked->interval < 60 ? asked->interval : INTERVAL_S;
    int64_t lifetime = asked->expires_in > 0 ? asked->expires_in : LIFETIME_S;
    int64_t end = rms_clock_monotonic_ms() + lifetime * 1000;

    while (rms_clock_monotonic_ms() < end) {
        int status;

        RMS_TRY(pause_s(context, interval));
        status = poll_once(context, arena, signin, asked->device_code, reply);
        if (status != 1) {
            return status;
        }
        interval += strcmp(reply->error, "slow_down") == 0 ? INTERVAL_S : 0;
    }
    return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "the code was not used in time");
}

int rms_login_device(struct rms_context *context, const char *address_hint)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(16 * (size_t)ARENA_MAX);
    struct rms_auth_reply asked;
    struct rms_auth_reply reply;
    struct rms_signin signin;

    RMS_TRY(rms_call_begin(context));
    RMS_TRY(rms_check_text(context, "address", address_hint, true));
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (RMS_ASKED(context, device_code) == NULL) {
        return rms_fail(context, RMS_E_UNSUPPORTED, "the program cannot show a code");
    }
    RMS_TRY(rms_auth_start(context, arena, address_hint, &signin));
    RMS_TRY(ask_for_code(context, arena, &signin, &asked));
    if (context->callbacks.device_code(context->callbacks.user_data, asked.verification_uri, asked.user_code,
            (int)(asked.expires_in > 0 && asked.expires_in < 86400 ? asked.expires_in : LIFETIME_S)) != 0) {
        return rms_fail(context, RMS_E_CANCELLED, "the sign-in was given up");
    }
    RMS_TRY(wait_for_person(context, arena, &signin, &asked, &reply));
    return rms_auth_finish(context, arena, &signin, &reply);
}
