/* Sign-in in the person's browser: authorisation code with PKCE, the answer on a loopback port (RFC 8252). */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/auth.h"
#include "client/context.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "crypto/random.h"

#define ARENA_MAX    (4u * 1024 * 1024)
#define FORM_MAX     (128u * 1024)
#define WAIT_MS      300000
#define STEP_MS      200
#define REQUEST_MAX  8192
#define VERIFIER_LEN 32

static const char page[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n"
    "Cache-Control: no-store\r\nContent-Security-Policy: default-src 'none'\r\n\r\n"
    "<!doctype html><html lang=\"en\"><title>OpenRMS</title><p>You can close this window and go back to your "
    "program.</p></html>\n";

/* What ties the answer to the question. */
struct trip {
    int listener;
    char redirect[64];
    struct rms_buf verifier, challenge, state;
};

static void trip_fini(struct trip *trip)
{
    if (trip->listener >= 0) {
        (void)close(trip->listener);
    }
    rms_buf_fini(&trip->verifier);
    rms_buf_fini(&trip->challenge);
    rms_buf_fini(&trip->state);
}

static int listen_loopback(struct trip *trip)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    trip->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (trip->listener < 0 || bind(trip->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(trip->listener, 4) != 0 ||
        getsockname(trip->listener, (struct sockaddr *)&address, &len) != 0) {
        return rms_error_from_errno(errno);
    }
    (void)snprintf(trip->redirect, sizeof trip->redirect, "http://127.0.0.1:%u/", ntohs(address.sin_port));
    return 0;
}

static int prepare(struct trip *trip)
{
    uint8_t random[VERIFIER_LEN];
    uint8_t hash[RMS_HASH_MAX];

    *trip = (struct trip){-1, "", RMS_BUF_INIT(128), RMS_BUF_INIT(128), RMS_BUF_INIT(128)};
    rms_random(random, sizeof random);
    rms_base64url_encode(&trip->verifier, rms_view_of(random, sizeof random));
    rms_random(random, sizeof random);
    rms_base64url_encode(&trip->state, rms_view_of(random, sizeof random));
    RMS_TRY(rms_buf_status(&trip->verifier));
    rms_hash(RMS_SHA256, rms_buf_view(&trip->verifier), hash);
    rms_base64url_encode(&trip->challenge, rms_view_of(hash, RMS_SHA256_BYTES));
    RMS_TRY(rms_buf_status(&trip->challenge));
    RMS_TRY(rms_buf_status(&trip->state));
    return listen_loopback(trip);
}

static int show(struct rms_context *context, const struct rms_signin *signin, const struct trip *trip)
{
    struct rms_buf RMS_BUF_CLEANUP query = RMS_BUF_INIT(FORM_MAX);
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(FORM_MAX);

    rms_auth_field(&query, "response_type", "code");
    rms_auth_field(&query, "client_id", RMS_CLIENT_ID);
    rms_auth_field(&query, "redirect_uri", trip->redirect);
    rms_auth_field(&query, "resource", signin->resource);
    rms_auth_field(&query, "scope", RMS_CLIENT_SCOPE);
    rms_auth_field(&query, "state", rms_buf_text(&trip->state));
    rms_auth_field(&query, "code_challenge", rms_buf_text(&trip->challenge));
    rms_auth_field(&query, "code_challenge_method", "S256");
    if (signin->address != NULL) {
        rms_auth_field(&query, "login_hint", signin->address);
    }
    rms_buf_append_str(&url, signin->authority);
    rms_buf_append_byte(&url, strchr(signin->authority, '?') != NULL ? '&' : '?');
    rms_buf_append_view(&url, rms_buf_view(&query));
    RMS_TRY(rms_buf_status(&url));
    if (context->callbacks.browser(context->callbacks.user_data, rms_buf_text(&url)) != 0) {
        return rms_fail(context, RMS_E_CANCELLED, "the sign-in was given up");
    }
    return 0;
}

/* --- the answer --- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The decoded value of a parameter in "name=value&..." up to a blank; NULL when absent. */
static char *parameter(struct rms_arena *arena, const char *query, const char *name)
{
    size_t name_len = strlen(name);

    while (*query != '\0' && *query != ' ') {
        size_t len = strcspn(query, "& ");

        if (len > name_len && strncmp(query, name, name_len) == 0 && query[name_len] == '=') {
            char *out = rms_arena_alloc(arena, len + 1);
            char *put = out;

            for (const char *at = query + name_len + 1; out != NULL && at < query + len; at++) {
                bool coded =
                    *at == '%' && at + 2 < query + len && hex_digit(at[1]) >= 0 && hex_digit(at[2]) >= 0;

                int value = *at == '+' ? ' ' : *at;

                if (coded) {
                    value = hex_digit(at[1]) * 16 + hex_digit(at[2]);
                }
                *put++ = (char)value;
                at += coded ? 2 : 0;
            }
            return out;
        }
        query += len + (query[len] == '&');
    }
    return NULL;
}

/* Reads one request's first line. Another program may knock here too: what is not the answer is ignored. */
static int take_request(struct rms_arena *arena, int fd, const struct trip *trip, const char **code_out)
{
    char request[REQUEST_MAX];
    struct pollfd waiting = {fd, POLLIN, 0};
    const char *state;
    ssize_t got;

    if (poll(&waiting, 1, STEP_MS * 10) != 1) {
        return 1;
    }
    got = recv(fd, request, sizeof request - 1, 0);
    if (got <= 0) {
        return 1;
    }
    request[got] = '\0';
    (void)send(fd, page, sizeof page - 1, MSG_NOSIGNAL);
    if (strncmp(request, "GET /?", 6) != 0) {
        return 1;
    }
    state = parameter(arena, request + 6, "state");
    if (state == NULL || strcmp(state, rms_buf_text(&trip->state)) != 0) {
        return 1;
    }
    *code_out = parameter(arena, request + 6, "code");
    return *code_out != NULL ? 0 : RMS_E_CANCELLED;
}

static int wait_for_answer(
    struct rms_context *context, struct rms_arena *arena, const struct trip *trip, const char **code_out)
{
    int64_t end = rms_clock_monotonic_ms() + WAIT_MS;

    while (rms_clock_monotonic_ms() < end) {
        struct pollfd waiting = {trip->listener, POLLIN, 0};
        int status;
        int fd;

        RMS_TRY(rms_check_cancelled(context));
        if (poll(&waiting, 1, STEP_MS) != 1) {
            continue;
        }
        fd = accept4(trip->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            continue;
        }
        status = take_request(arena, fd, trip, code_out);
        (void)close(fd);
        if (status == RMS_E_CANCELLED) {
            return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "the sign-in was declined");
        }
        if (status == 0) {
            return 0;
        }
    }
    return rms_fail(context, RMS_E_NOT_AUTHENTICATED, "nobody signed in in time");
}

static int redeem(struct rms_context *context, struct rms_arena *arena, struct rms_signin *signin,
    const struct trip *trip, const char *code)
{
    struct rms_buf RMS_BUF_CLEANUP form = RMS_BUF_INIT(FORM_MAX);
    struct rms_auth_reply reply;

    rms_auth_field(&form, "grant_type", "authorization_code");
    rms_auth_field(&form, "code", code);
    rms_auth_field(&form, "redirect_uri", trip->redirect);
    rms_auth_field(&form, "client_id", RMS_CLIENT_ID);
    rms_auth_field(&form, "code_verifier", rms_buf_text(&trip->verifier));
    rms_auth_field(&form, "resource", signin->resource);
    RMS_TRY(rms_auth_exchange(context, arena, signin, "token", &form, &reply));
    return rms_auth_finish(context, arena, signin, &reply);
}

int rms_login_browser(struct rms_context *context, const char *address_hint)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    const char *code = NULL;
    struct rms_signin signin;
    struct trip trip;
    int status;

    RMS_TRY(rms_call_begin(context));
    RMS_TRY(rms_check_text(context, "address", address_hint, true));
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (RMS_ASKED(context, browser) == NULL) {
        return rms_fail(context, RMS_E_UNSUPPORTED, "the program cannot open a browser");
    }
    RMS_TRY(rms_auth_start(context, arena, address_hint, &signin));
    status = prepare(&trip);
    if (status == 0) {
        status = show(context, &signin, &trip);
    }
    if (status == 0) {
        status = wait_for_answer(context, arena, &trip, &code);
    }
    if (status == 0) {
        status = redeem(context, arena, &signin, &trip, code);
    }
    trip_fini(&trip);
    return status;
}
