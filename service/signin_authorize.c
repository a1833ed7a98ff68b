/* The authorisation endpoint: checks of the request (RFC 6749 section 4.1, RFC 7636, RFC 9700), the sign-in
 * page, and the way back to the client with a code.
 *
 * The parameters stay in the query while the page is shown: its form goes to its own address. */
#include "base/mem.h"
#include "base/text.h"
#include "service/guest_state.h"
#include "service/page.h"
#include "service/signin_core.h"
#include "service/signin_rule.h"
#include "store/proof.h"

#define LOCATION_MAX 8192

struct authorize {
    struct rms_front *front;
    struct rms_request *request;
    struct rms_reply *reply;
    struct rms_authority authority;
    struct rms_form query;
    struct rms_signin_client client;
    const char *redirect_uri;
    const char *challenge; /* PKCE, or NULL */
};

static const char *param(const struct authorize *a, const char *name)
{
    return rms_form_get(&a->query, name);
}

/* Neither addresses nor URLs have blanks: one was a '+' that the client did not encode, as the companion
 * library of the public SDK does not (rest-protocol 5.1). */
static const char *unencoded(const struct authorize *a, const char *name)
{
    char *text = rms_arena_strdup(a->request->arena, param(a, name));

    for (char *c = text; c != NULL && *c != '\0'; c++) {
        *c = *c == ' ' ? '+' : *c;
    }
    return text;
}

/* --- ways out --------------------------------------------------------------------------------------- */

/* Before the redirect address is proved nothing may be sent there: a page tells the person. */
static int stop(struct authorize *a, int code, const char *text)
{
    char nonce[RMS_NONCE_TEXT];

    rms_page_nonce_new(nonce);
    rms_page_message(&a->reply->body, nonce, "This sign-in link does not work", text);
    RMS_TRY(rms_page_reply(a->request, a->reply, nonce, NULL));
    a->reply->status = code == RMS_E_NOT_FOUND ? 404 : 400;
    return rms_fail(a->request, code, text);
}

/* 303: the browser follows with GET and does not send the form on. */
static int send_back(struct authorize *a, const char *name, const char *value, const char *description)
{
    RMS_BUF_CLEANUP struct rms_buf location = RMS_BUF_INIT(LOCATION_MAX);
    RMS_BUF_CLEANUP struct rms_buf query = RMS_BUF_INIT(LOCATION_MAX);

    rms_form_append(&query, name, value);
    rms_form_append(&query, "error_description", description);
    rms_form_append(&query, "state", param(a, "state"));
    rms_buf_append_str(&location, a->redirect_uri);
    rms_buf_append_byte(&location, strchr(a->redirect_uri, '?') != NULL ? '&' : '?');
    rms_buf_append_view(&location, rms_buf_view(&query));
    RMS_TRY(rms_buf_status(&query));
    RMS_TRY(rms_buf_status(&location));
    a->reply->status = 303;
    a->reply->final = true;
    rms_reply_header(a->reply, "Location", rms_arena_text(a->request->arena, rms_buf_view(&location)));
    rms_reply_header(a->reply, "Cache-Control", "no-store");
    rms_reply_header(a->reply, "Referrer-Policy", "no-referrer");
    return 0;
}

static int refuse(struct authorize *a, enum rms_oauth_error error, const char *description)
{
    RMS_TRY(send_back(a, "error", rms_oauth_error_word(error), description));
    return rms_fail(
        a->request, error == RMS_OAUTH_ACCESS_DENIED ? RMS_E_CANCELLED : RMS_E_BAD_ARGUMENT, description);
}

/* --- checks ----------------------------------------------------------------------------------------- */

/* The clients of which tenant: the authority's, else that of the hinted person, else the only one. */
static const struct rms_live_tenant *client_tenant(struct authorize *a)
{
    const char *hint = unencoded(a, "login_hint");
    const struct rms_live_tenant *tenant = a->authority.tenant;

    if (tenant == NULL && hint != NULL) {
        tenant = rms_request_tenant_of_address(a->request, hint);
    }
    return tenant != NULL ? tenant : rms_request_only_tenant(a->request);
}

/* May be left out by a client that has registered just one address, and that without a wildcard. */
static int find_redirect(struct authorize *a)
{
    const char *said = unencoded(a, "redirect_uri");

    if (said == NULL && a->client.redirect_uri_count == 1 &&
        strchr(a->client.redirect_uris[0], '*') == NULL) {
        a->redirect_uri = a->client.redirect_uris[0];
        return 0;
    }
    for (size_t i = 0; said != NULL && i < a->client.redirect_uri_count; i++) {
        if (rms_redirect_match(a->client.redirect_uris[i], said)) {
            a->redirect_uri = said;
            return 0;
        }
    }
    return RMS_E_BAD_ARGUMENT;
}

static int check_client(struct authorize *a)
{
    const char *client_id;
    int status;

    RMS_TRY(rms_signin_authority(a->front, a->request, &a->authority));
    if (rms_form_of_query(a->request, &a->query) != 0) {
        return stop(a, RMS_E_BAD_ARGUMENT, "Its parameters are malformed or repeated.");
    }
    client_id = param(a, "client_id");
    status = client_id != NULL ? rms_signin_client(a->request, client_tenant(a), client_id, &a->client)
                               : RMS_E_NOT_FOUND;
    if (status == RMS_E_NOT_FOUND) {
        return stop(a, RMS_E_BAD_ARGUMENT, "The application is not registered here.");
    }
    RMS_TRY(status);
    if (find_redirect(a) != 0) {
        return stop(a, RMS_E_BAD_ARGUMENT, "Its return address is not one the application has registered.");
    }
    return 0;
}

static int check_pkce(struct authorize *a)
{
    const char *method = param(a, "code_challenge_method");

    a->challenge = param(a, "code_challenge");
    if (a->challenge == NULL) {
        return a->client.legacy_no_pkce && method == NULL
                   ? 0
                   : refuse(a, RMS_OAUTH_INVALID_REQUEST, "code_challenge is missing");
    }
    if (method == NULL || strcmp(method, "S256") != 0 || !rms_pkce_challenge_valid(a->challenge)) {
        return refuse(a, RMS_OAUTH_INVALID_REQUEST, "code_challenge must be of method S256");
    }
    return 0;
}

static bool equals(const char *text, const char *word)
{
    return text != NULL && strcmp(text, word) == 0;
}

static int check_request(struct authorize *a)
{
    if (param(a, "request") != NULL || param(a, "request_uri") != NULL) {
        return refuse(a, RMS_OAUTH_REQUEST_NOT_SUPPORTED, "request objects are not supported");
    }
    if (!equals(param(a, "response_type"), "code")) {
        return refuse(a, RMS_OAUTH_UNSUPPORTED_RESPONSE_TYPE, "response_type must be code");
    }
    if (param(a, "response_mode") != NULL && !equals(param(a, "response_mode"), "query")) {
        return refuse(a, RMS_OAUTH_INVALID_REQUEST, "response_mode must be query");
    }
    if (!rms_signin_resource_ok(a->front, param(a, "resource"))) {
        return refuse(a, RMS_OAUTH_INVALID_TARGET, "the resource is not this service");
    }
    RMS_TRY(check_pkce(a));
    /* There are no sessions: without a page nobody can be signed in. */
    if (equals(param(a, "prompt"), "none") || equals(param(a, "prompt"), "attempt_none")) {
        return refuse(a, RMS_OAUTH_LOGIN_REQUIRED, "the person must sign in");
    }
    return 0;
}

/* --- the page --------------------------------------------------------------------------------------- */

/* Whose guests may come in here, and how; NULL: nobody's. */
static int read_guests(
    struct authorize *a, struct rms_guest_state *state, const struct rms_live_tenant **tenant_out)
{
    const struct rms_live_tenant *tenant = a->authority.tenant;

    *state = (struct rms_guest_state){0};
    *tenant_out = tenant != NULL ? tenant : rms_request_only_tenant(a->request);
    if (*tenant_out == NULL || !rms_signin_mail_on(a->front)) {
        return 0;
    }
    return rms_guest_state_read(a->request->arena, (*tenant_out)->row.settings, state);
}

static int finish(struct authorize *a, const char *nonce, int code);

static int show(struct authorize *a, const char *address, const char *error, int code)
{
    struct rms_page_signin page = {.client = a->client.name, .address = address, .error = error};
    const struct rms_live_tenant *tenant;
    struct rms_guest_state guests;
    char nonce[RMS_NONCE_TEXT];

    rms_page_nonce_new(nonce);
    page.nonce = nonce;
    RMS_TRY(read_guests(a, &guests, &tenant));
    page.passcode = guests.passcodes;
    if (guests.sign_up) {
        page.sign_up = rms_arena_printf(a->request->arena, "/%s/oauth2/signup?%s", tenant->row.id,
            a->request->raw_query != NULL ? a->request->raw_query : "");
    }
    RMS_TRY(rms_csrf_issue(a->request, a->reply, "authorize", &page.csrf));
    rms_page_signin(&a->reply->body, &page);
    return finish(a, nonce, code);
}

static int show_passcode(
    struct authorize *a, const struct rms_signin_proof *proof, const char *error, int code)
{
    char nonce[RMS_NONCE_TEXT];
    struct rms_page_passcode page = {.nonce = nonce,
        .client = a->client.name,
        .address = proof->address,
        .proof = proof->id,
        .error = error};

    rms_page_nonce_new(nonce);
    RMS_TRY(rms_csrf_issue(a->request, a->reply, "authorize", &page.csrf));
    rms_page_passcode(&a->reply->body, &page);
    a->reply->retry_after_s = (int)proof->wait_s;
    return finish(a, nonce, code);
}

static int finish(struct authorize *a, const char *nonce, int code)
{
    RMS_BUF_CLEANUP struct rms_buf source = RMS_BUF_INIT(RMS_REDIRECT_MAX);

    /* Browsers check the way back against form-action too. */
    rms_redirect_source(a->redirect_uri, &source);
    RMS_TRY(rms_page_reply(a->request, a->reply, nonce, source.len > 0 ? rms_buf_text(&source) : NULL));
    a->reply->status = code == 0 ? 200 : code == RMS_E_THROTTLED ? 429 : 400;
    return code;
}

static int give_code(struct authorize *a, const struct rms_directory_person *person, bool passcode)
{
    struct rms_auth_code code = {
        .grant = {.tenant_id = person->tenant_id,
            .client_id = a->client.id,
            .account_id = person->account_id,
            .scope = param(a, "scope"),
            .resource = param(a, "resource"),
            .nonce = param(a, "nonce"),
            .auth_time = a->request->now,
            .passcode = passcode},
        .redirect_uri = a->redirect_uri,
        .challenge = a->challenge,
        .expires_at = a->request->now + RMS_AUTH_CODE_S,
    };
    char family_id[RMS_GUID_TEXT];
    char text[RMS_OPAQUE_TEXT];

    rms_guid_new(family_id);
    code.family_id = family_id;
    rms_opaque_new(text);
    rms_opaque_hash(text, code.hash);
    RMS_TRY(rms_auth_code_put(a->request->worker->db, &code));
    return send_back(a, "code", text, NULL);
}

static int sign_in(struct authorize *a, const struct rms_form *form)
{
    struct rms_signin_attempt attempt = {.tenant = a->authority.tenant,
        .username = rms_form_get(form, "username"),
        .password = rms_form_get(form, "password")};
    int status;

    if (attempt.username == NULL || attempt.password == NULL) {
        return show(a, attempt.username, "Type your address and your password.", RMS_E_BAD_ARGUMENT);
    }
    status = rms_signin_check(a->front, a->request, &attempt);
    if (status != 0) {
        a->reply->retry_after_s = (int)attempt.wait_s;
        return show(a, attempt.username, rms_signin_text(status), status);
    }
    status = give_code(a, attempt.person, false);
    rms_directory_unref(&attempt.person);
    return status;
}

/* --- a code by mail ------------------------------------------------------------------------------------- */

static int send_passcode(struct authorize *a, const struct rms_form *form, struct rms_signin_proof *proof)
{
    const char *typed = rms_form_get(form, "username");
    char address[RMS_ADDRESS_MAX];
    int status;

    if (typed == NULL || rms_address_normalise(typed, address) != 0) {
        return show(a, typed, "Type your address.", RMS_E_BAD_ARGUMENT);
    }
    proof->address = address;
    status = rms_signin_mail_ask(a->front, a->request, RMS_PROOF_PASSCODE_S, proof);
    if (status != 0) {
        a->reply->retry_after_s = (int)proof->wait_s;
        return show(a, typed, rms_signin_text(status), status);
    }
    return show_passcode(a, proof, NULL, 0);
}

/* The person whose address was proved: a guest, as he is now. */
static int sign_in_guest(struct authorize *a, const struct rms_signin_proof *proof)
{
    const struct rms_directory_person *person = NULL;
    int status = rms_directory_find(
        a->front->directory, a->request->worker->db, proof->tenant->row.id, proof->address, &person);

    if (status == 0) {
        status = person->guest && person->enabled ? give_code(a, person, true) : RMS_E_NOT_AUTHENTICATED;
        a->request->note.user_id = rms_arena_strdup(a->request->arena, person->upn);
    }
    rms_directory_unref(&person);
    return status == RMS_E_NOT_FOUND ? RMS_E_NOT_AUTHENTICATED : status;
}

/* As typed, perhaps in groups. */
static const char *digits_of(struct rms_arena *arena, const char *typed)
{
    char *text = rms_arena_strdup(arena, typed);
    char *to = text;

    for (const char *from = text; from != NULL && *from != '\0'; from++) {
        if (*from != ' ') {
            *to++ = *from;
        }
    }
    if (to != NULL) {
        *to = '\0';
    }
    return text;
}

static int take_passcode(struct authorize *a, const struct rms_form *form, struct rms_signin_proof *proof)
{
    const char *typed = rms_form_get(form, "username");
    const char *code = digits_of(a->request->arena, rms_form_get(form, "code"));
    char address[RMS_ADDRESS_MAX];
    int status;

    proof->id = rms_form_get(form, "proof");
    proof->typed = typed != NULL && rms_address_normalise(typed, address) == 0 ? address : NULL;
    if (proof->id == NULL || typed == NULL) {
        return show(a, typed, "Ask for a new code.", RMS_E_BAD_ARGUMENT);
    }
    status = rms_signin_mail_check(a->front, a->request, proof, code != NULL ? code : "");
    status = status == 0 ? sign_in_guest(a, proof) : status;
    if (status == 0) {
        return 0;
    }
    proof->address = typed;
    return show_passcode(a, proof,
        status == RMS_E_NOT_AUTHENTICATED
            ? "This code is wrong, was used, or is older than 15 minutes. After five tries ask for another."
            : rms_signin_text(status),
        status);
}

/* Switched off, codes that were sent are void, too. */
static int by_passcode(struct authorize *a, const struct rms_form *form, bool send)
{
    struct rms_signin_proof proof = {.kind = RMS_PROOF_PASSCODE};
    struct rms_guest_state guests;

    RMS_TRY(read_guests(a, &guests, &proof.tenant));
    if (!guests.passcodes) {
        return show(a, rms_form_get(form, "username"), "Codes are not sent here.", RMS_E_BAD_ARGUMENT);
    }
    return send ? send_passcode(a, form, &proof) : take_passcode(a, form, &proof);
}

static int take_form(struct authorize *a)
{
    struct rms_form form;
    int status = rms_form_of_body(a->request, &form);

    if (status != 0) {
        return stop(a, status, "The form that was sent is malformed.");
    }
    if (!rms_csrf_check(a->request, &form, "authorize")) {
        return show(a, rms_form_get(&form, "username"), "This page was open for too long. Please try again.",
            RMS_E_BAD_ARGUMENT);
    }
    if (equals(rms_form_get(&form, "decision"), "deny")) {
        return refuse(a, RMS_OAUTH_ACCESS_DENIED, "the person cancelled");
    }
    if (equals(rms_form_get(&form, "decision"), "passcode")) {
        return by_passcode(a, &form, true);
    }
    if (equals(rms_form_get(&form, "decision"), "code")) {
        return by_passcode(a, &form, false);
    }
    return sign_in(a, &form);
}

int rms_signin_authorize(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct authorize a = {.front = front, .request = request, .reply = reply};

    RMS_TRY(check_client(&a));
    RMS_TRY(check_request(&a));
    if (request->method == RMS_METHOD_POST) {
        return take_form(&a);
    }
    return show(&a, unencoded(&a, "login_hint"), NULL, 0);
}
