/* Checking passwords: slow by design, counted per account and per network address, a few at once. */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/log.h"
#include "base/text.h"
#include "crypto/base64.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "directory/ldap_read.h"
#include "service/settings.h"
#include "service/signin_core.h"
#include "store/account.h"
#include "store/source.h"

void rms_signin_network(const char *ip, char name_out[RMS_NETWORK_TEXT])
{
    struct in6_addr address;

    if (inet_pton(AF_INET6, ip, &address) == 1 && !IN6_IS_ADDR_V4MAPPED(&address)) {
        (void)snprintf(name_out, RMS_NETWORK_TEXT, "%02x%02x:%02x%02x:%02x%02x:%02x%02x::/64",
            address.s6_addr[0], address.s6_addr[1], address.s6_addr[2], address.s6_addr[3],
            address.s6_addr[4], address.s6_addr[5], address.s6_addr[6], address.s6_addr[7]);
    } else {
        (void)snprintf(name_out, RMS_NETWORK_TEXT, "%s", ip);
    }
}

void rms_signin_log(const struct rms_request *request, const char *event, const char *who, int code)
{
    rms_log(RMS_LOG_INFO, event, "who", who, "ip", request->client_ip, "outcome",
        code == 0 ? "success" : rms_error_info(code)->reason, "detail", request->note.detail, "correlation",
        request->correlation, NULL);
}

const char *rms_signin_text(int code)
{
    switch (code) {
    case RMS_E_NOT_AUTHENTICATED:
        return "The address or the password is wrong.";
    case RMS_E_ACCOUNT_DISABLED:
        return "This account is disabled. Ask your administrator.";
    case RMS_E_THROTTLED:
        return "There were too many attempts. Wait some minutes and try again.";
    default:
        return "Signing in is not possible at the moment. Try again later.";
    }
}

/* Home first, then whoever owns the domain: a guest from another tenant signs in where he is known (S-048).
 */
static int find_person(struct rms_front *front, struct rms_request *request, const char *address,
    struct rms_signin_attempt *attempt)
{
    struct rms_db *db = request->worker->db;
    int status = RMS_E_NOT_FOUND;

    if (attempt->tenant != NULL) {
        status = rms_directory_find(front->directory, db, attempt->tenant->row.id, address, &attempt->person);
    }
    if (status == RMS_E_NOT_FOUND && !attempt->only_here) {
        status = rms_directory_find(front->directory, db, NULL, address, &attempt->person);
    }
    return status;
}

/* --- people of directories ---------------------------------------------------------------------------- */

static int ask_directory(
    struct rms_front *front, struct rms_request *request, const struct rms_entry *entry, const char *password)
{
    struct rms_source source;
    struct rms_ldap_settings settings;

    RMS_TRY(
        rms_source_find(request->worker->db, request->arena, entry->tenant_id, entry->source_id, &source));
    RMS_TRY(rms_ldap_settings_parse(request->arena, source.settings, &settings));
    const struct rms_ldap_server server = {
        .url = settings.url, .certificates = settings.certificates, .ca_file = front->settings->ca_file};
    return rms_ldap_check_password(&server, entry->dn, password);
}

/* RMS_E_NOT_FOUND: no directory knows the person. Only a clear yes lets in; what the directory has against
 * somebody who is not who he says stays with us. */
static int by_directory(
    struct rms_front *front, struct rms_request *request, struct rms_signin_attempt *attempt)
{
    struct rms_entry entry;
    int status;

    if (attempt->person == NULL) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_entry_of(request->worker->db, request->arena, attempt->person->tenant_id,
        attempt->person->account_id, &entry));
    if (entry.source_id == NULL) {
        return RMS_E_NOT_FOUND;
    }
    status = ask_directory(front, request, &entry, attempt->password);
    switch (status) {
    case 0:
    case RMS_E_UNREACHABLE:
    case RMS_E_TLS:
    case RMS_E_NO_MEMORY:
        return status;
    default:
        return RMS_E_NOT_AUTHENTICATED;
    }
}

/* Wrong passwords and missing accounts take the same way: one look-up, one hash. People of a directory pay
 * for the hash too, before it is asked. */
static int check_password(struct rms_front *front, struct rms_request *request, const char *address,
    struct rms_signin_attempt *attempt)
{
    const char *hash = NULL;
    int status = find_person(front, request, address, attempt);

    if (status == 0) {
        status = rms_account_password(request->worker->db, request->arena, attempt->person->tenant_id,
            attempt->person->account_id, &hash);
    }
    if (status != 0 && status != RMS_E_NOT_FOUND && status != RMS_E_BAD_ARGUMENT) {
        return status;
    }
    bool right = rms_password_check(attempt->password, hash) && hash != NULL && attempt->person != NULL;

    status = by_directory(front, request, attempt);
    return status != RMS_E_NOT_FOUND ? status : right ? 0 : RMS_E_NOT_AUTHENTICATED;
}

static int through_gate(struct rms_front *front, struct rms_request *request, const char *address,
    struct rms_signin_attempt *attempt)
{
    int status = rms_gate_enter(front->signin->gate);

    if (status != 0) {
        attempt->wait_s = 1;
        return rms_fail(request, status, "sign-in: all places for password checks are taken");
    }
    status = check_password(front, request, address, attempt);
    rms_gate_leave(front->signin->gate);
    return status;
}

static int throttled(struct rms_limit *limit, const char *address, const char *network,
    struct rms_signin_attempt *attempt, int64_t now)
{
    int64_t account_wait = rms_limit_wait(limit, RMS_LIMIT_ACCOUNT, address, now);
    int64_t network_wait = rms_limit_wait(limit, RMS_LIMIT_NETWORK, network, now);

    attempt->wait_s = account_wait > network_wait ? account_wait : network_wait;
    return attempt->wait_s > 0 ? RMS_E_THROTTLED : 0;
}

int rms_signin_check(struct rms_front *front, struct rms_request *request, struct rms_signin_attempt *attempt)
{
    struct rms_limit *limit = front->signin->limit;
    char address[RMS_ADDRESS_MAX];
    char network[RMS_NETWORK_TEXT];
    int status;

    attempt->person = NULL;
    rms_signin_network(request->client_ip, network);
    if (rms_address_normalise(attempt->username, address) != 0) {
        (void)snprintf(address, sizeof address, "%s", "not an address");
    }
    if (throttled(limit, address, network, attempt, request->now) != 0) {
        status = rms_fail(request, RMS_E_THROTTLED, "sign-in: too many failed passwords");
        rms_signin_log(request, "signin.password", address, status);
        return status;
    }
    status = through_gate(front, request, address, attempt);
    if (status == RMS_E_NOT_AUTHENTICATED) {
        rms_limit_fail(limit, RMS_LIMIT_ACCOUNT, address, request->now);
        rms_limit_fail(limit, RMS_LIMIT_NETWORK, network, request->now);
        status = rms_fail(request, status, "sign-in: wrong address or password");
    } else if (status == 0) {
        rms_limit_clear(limit, RMS_LIMIT_ACCOUNT, address);
        request->note.user_id = rms_arena_strdup(request->arena, attempt->person->upn);
        status = attempt->person->enabled ? 0 : rms_fail(request, RMS_E_ACCOUNT_DISABLED, "account disabled");
    }
    rms_signin_log(request, "signin.password", address, status);
    if (status != 0) {
        rms_directory_unref(&attempt->person);
    }
    return status;
}

/* --- secrets on the way out ------------------------------------------------------------------------- */

void rms_opaque_new(char text_out[RMS_OPAQUE_TEXT])
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(64);
    uint8_t random[32];

    rms_random(random, sizeof random);
    rms_base64url_encode(&text, rms_view_of(random, sizeof random));
    rms_wipe(random, sizeof random);
    (void)snprintf(text_out, RMS_OPAQUE_TEXT, "%s", rms_buf_text(&text));
}

void rms_opaque_hash(const char *text, uint8_t hash_out[RMS_HASH_MAX])
{
    rms_hash(RMS_SHA256, rms_view_str(text), hash_out);
}

int rms_refresh_tenant(const char *token, char tenant_id_out[RMS_GUID_TEXT])
{
    const char *dot = strchr(token, '.');

    if (dot == NULL || rms_guid_parse(rms_view_of(token, (size_t)(dot - token)), tenant_id_out) != 0) {
        return RMS_E_NOT_FOUND;
    }
    return 0;
}

/* --- forgery of forms ------------------------------------------------------------------------------- */

/* The form carries a hash of the cookie: who can make a browser send a form cannot read its cookies, and the
 * __Host- prefix keeps sibling hosts from planting one. */
static const char *token_of(struct rms_arena *arena, const char *cookie, const char *purpose)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(512);
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(64);
    uint8_t digest[RMS_HASH_MAX];

    rms_buf_printf(&text, "form:%s:%s", purpose, cookie);
    rms_hash(RMS_SHA256, rms_buf_view(&text), digest);
    rms_base64url_encode(&token, rms_view_of(digest, RMS_SHA256_BYTES));
    return rms_buf_status(&text) == 0 ? rms_arena_text(arena, rms_buf_view(&token)) : NULL;
}

/* Only what we could have set ourselves. */
static const char *own_cookie(struct rms_request *request)
{
    const char *cookie = rms_form_cookie(request, RMS_CSRF_COOKIE);

    return cookie != NULL && strlen(cookie) == RMS_OPAQUE_TEXT - 1 ? cookie : NULL;
}

int rms_csrf_issue(
    struct rms_request *request, struct rms_reply *reply, const char *purpose, const char **token_out)
{
    const char *cookie = own_cookie(request);

    if (cookie == NULL) {
        char fresh[RMS_OPAQUE_TEXT];

        rms_opaque_new(fresh);
        cookie = rms_arena_strdup(request->arena, fresh);
        rms_reply_header(reply, "Set-Cookie",
            rms_arena_printf(
                request->arena, "%s=%s; Path=/; Secure; HttpOnly; SameSite=Strict", RMS_CSRF_COOKIE, fresh));
    }
    *token_out = cookie != NULL ? token_of(request->arena, cookie, purpose) : NULL;
    return *token_out != NULL ? 0 : RMS_E_NO_MEMORY;
}

bool rms_csrf_check(struct rms_request *request, const struct rms_form *form, const char *purpose)
{
    const char *cookie = own_cookie(request);
    const char *said = rms_form_get(form, "csrf");
    const char *token;

    if (cookie == NULL || said == NULL) {
        return false;
    }
    token = token_of(request->arena, cookie, purpose);
    return token != NULL && strlen(said) == strlen(token) && rms_equal_ct(said, token, strlen(token));
}
