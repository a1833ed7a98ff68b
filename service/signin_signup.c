/* Self-service sign-up (S-055): an address, a mailed link, name and password, a guest account. Opening the
 * link changes nothing, so that programs that look at mail do no harm; sending the form does, once. */
#include "base/text.h"
#include "crypto/password.h"
#include "service/guest_state.h"
#include "service/page.h"
#include "service/signin_core.h"
#include "store/account.h"
#include "store/proof.h"

#define PURPOSE      "signup"
#define PASSWORD_MIN 10
#define NAME_MAX     100 /* each */
#define LOCATION_MAX 8192

struct signup {
    struct rms_front *front;
    struct rms_request *request;
    struct rms_reply *reply;
    const struct rms_live_tenant *tenant;
    struct rms_guest_state state;
    struct rms_form form;
    struct rms_signin_proof proof;
    const char *token;
};

static int finish(struct signup *s, const char *nonce, int code)
{
    RMS_TRY(rms_page_reply(s->request, s->reply, nonce, NULL));
    s->reply->status = code == 0 ? 200 : code == RMS_E_THROTTLED ? 429 : 400;
    s->reply->retry_after_s = (int)s->proof.wait_s;
    return code;
}

static int tell(struct signup *s, const char *heading, const char *text, int code)
{
    char nonce[RMS_NONCE_TEXT];

    rms_page_nonce_new(nonce);
    rms_page_message(&s->reply->body, nonce, heading, text);
    return finish(s, nonce, code);
}

static int show(struct signup *s, const char *error, int code)
{
    char nonce[RMS_NONCE_TEXT];
    struct rms_page_signup page = {.nonce = nonce,
        .organisation = s->tenant->row.name,
        .address = rms_form_get(&s->form, "username"),
        .first_name = rms_form_get(&s->form, "first_name"),
        .last_name = rms_form_get(&s->form, "last_name"),
        .proof = s->token != NULL ? s->proof.id : NULL,
        .token = s->token,
        .error = error};

    rms_page_nonce_new(nonce);
    RMS_TRY(rms_csrf_issue(s->request, s->reply, PURPOSE, &page.csrf));
    rms_page_signup(&s->reply->body, &page);
    return finish(s, nonce, code);
}

/* Who came here while he signed in to something goes on with that at his organisation; its sign-in looks at
 * the request anew. 303: what was typed stays here. */
static int to_organisation(struct signup *s, const struct rms_live_tenant *tenant)
{
    const char *query = s->request->raw_query;
    const char *location = rms_arena_printf(
        s->request->arena, "/%s/oauth2/authorize?%s", tenant->row.id, query != NULL ? query : "");

    if (rms_request_query(s->request, "response_type") == NULL || location == NULL ||
        strlen(location) > LOCATION_MAX) {
        return tell(s, "You have an organisation here",
            "Addresses of this domain belong to an organisation of this service. Sign in with the account it "
            "gave you.",
            RMS_E_BAD_ARGUMENT);
    }
    s->reply->status = 303;
    s->reply->final = true;
    rms_reply_header(s->reply, "Location", location);
    rms_reply_header(s->reply, "Cache-Control", "no-store");
    return rms_fail(s->request, RMS_E_BAD_ARGUMENT, "sign-up: sent to the sign-in of an organisation");
}

/* --- the address ---------------------------------------------------------------------------------------- */

static int take_address(struct signup *s)
{
    const char *typed = rms_form_get(&s->form, "username");
    char address[RMS_ADDRESS_MAX];
    const struct rms_live_tenant *organisation;
    int status;

    if (typed == NULL || rms_address_normalise(typed, address) != 0) {
        return show(s, "Type your e-mail address.", RMS_E_BAD_ARGUMENT);
    }
    organisation = rms_request_tenant_of_address(s->request, address);
    if (organisation != NULL) {
        return to_organisation(s, organisation);
    }
    if (rms_guest_public_domain(rms_address_domain(address))) {
        return show(s,
            "This is an address of a public mail provider. Ask whoever sent you the document for a guest "
            "account, and sign in with a code that is sent to you.",
            RMS_E_BAD_ARGUMENT);
    }
    if (!rms_guest_may_sign_up(&s->state, address)) {
        return show(s, "Addresses of this domain cannot sign up here.", RMS_E_BAD_ARGUMENT);
    }
    s->proof.address = address;
    status = rms_signin_mail_ask(s->front, s->request, RMS_PROOF_SIGNUP_S, &s->proof);
    if (status != 0) {
        return show(s, rms_signin_text(status), status);
    }
    return tell(s, "Look into your mailbox",
        "If this address has no account yet, a message with a link is on its way to it. The link is good for "
        "24 hours and once.",
        0);
}

/* --- the link ------------------------------------------------------------------------------------------- */

static bool is_name(const char *text)
{
    return text != NULL && strlen(text) <= NAME_MAX;
}

static const char *what_is_wrong(const struct signup *s)
{
    const char *password = rms_form_get(&s->form, "password");

    if (!is_name(rms_form_get(&s->form, "first_name")) || !is_name(rms_form_get(&s->form, "last_name"))) {
        return "Type your first and your last name.";
    }
    if (password == NULL || strlen(password) < PASSWORD_MIN || strlen(password) > RMS_PASSWORD_MAX) {
        return "Choose a password of at least 10 characters.";
    }
    return NULL;
}

static int make_account(struct signup *s)
{
    RMS_BUF_CLEANUP struct rms_buf hash = RMS_BUF_INIT(1024);
    char id[RMS_GUID_TEXT];
    const char *proxy = s->proof.address;
    const struct rms_account account = {.id = id,
        .tenant_id = s->tenant->row.id,
        .upn = s->proof.address,
        .display_name = rms_arena_printf(s->request->arena, "%s %s", rms_form_get(&s->form, "first_name"),
            rms_form_get(&s->form, "last_name")),
        .enabled = true,
        .guest = true,
        .created_at = s->request->now,
        .proxy_addresses = &proxy,
        .proxy_address_count = 1,
        .source = RMS_SOURCE_SELF};

    rms_guid_new(id);
    RMS_TRY(rms_password_hash(rms_form_get(&s->form, "password"), &hash));
    return rms_account_create(s->request->worker->db, &account, rms_buf_text(&hash));
}

/* The rules are asked again: they may have changed since the link was sent. */
static int take_link(struct signup *s)
{
    const char *wrong = what_is_wrong(s);
    int status;

    if (wrong != NULL) {
        return show(s, wrong, RMS_E_BAD_ARGUMENT);
    }
    status = rms_signin_mail_check(s->front, s->request, &s->proof, s->token);
    if (status == 0 && !rms_guest_may_sign_up(&s->state, s->proof.address)) {
        status = RMS_E_NOT_AUTHENTICATED;
    }
    status = status == 0 ? make_account(s) : status;
    if (status == RMS_E_NOT_AUTHENTICATED || status == RMS_E_CONFLICT) {
        return tell(s, "This link does not work",
            "It was used already, is older than 24 hours, or a newer one was sent. You can ask for another.",
            status);
    }
    if (status != 0) {
        return show(s, rms_signin_text(status), status);
    }
    return tell(s, "Your account is ready",
        "Sign in with your address and the password when a program asks for it: you can open what was shared "
        "with "
        "this address.",
        0);
}

/* --- both ----------------------------------------------------------------------------------------------- */

static int find_tenant(struct signup *s)
{
    struct rms_authority authority;

    RMS_TRY(rms_signin_authority(s->front, s->request, &authority));
    s->tenant = authority.tenant != NULL ? authority.tenant : rms_request_only_tenant(s->request);
    if (s->tenant == NULL || !rms_signin_mail_on(s->front)) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_guest_state_read(s->request->arena, s->tenant->row.settings, &s->state));
    return s->state.sign_up ? 0 : RMS_E_NOT_FOUND;
}

int rms_signin_signup(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct signup s = {.front = front, .request = request, .reply = reply};
    bool post = request->method == RMS_METHOD_POST;

    RMS_TRY(find_tenant(&s));
    s.proof.tenant = s.tenant;
    s.proof.kind = RMS_PROOF_SIGNUP;
    if ((post ? rms_form_of_body(request, &s.form) : rms_form_of_query(request, &s.form)) != 0) {
        return tell(&s, "This link does not work", "It is malformed.", RMS_E_BAD_ARGUMENT);
    }
    s.proof.id = rms_form_get(&s.form, "proof");
    s.token = s.proof.id != NULL ? rms_form_get(&s.form, "token") : NULL;
    if (!post) {
        return show(&s, NULL, 0);
    }
    if (!rms_csrf_check(request, &s.form, PURPOSE)) {
        return show(&s, "This page was open for too long. Please try again.", RMS_E_BAD_ARGUMENT);
    }
    return s.token != NULL ? take_link(&s) : take_address(&s);
}
