/* The page where a person confirms a device (RFC 8628 section 3.3): first the code, then who asks, the
 * password and the decision. Codes that a person may guess are counted by network. */
#include "service/page.h"
#include "service/signin_core.h"
#include "service/signin_rule.h"

#define PURPOSE "device"

struct device {
    struct rms_front *front;
    struct rms_request *request;
    struct rms_reply *reply;
    struct rms_authority authority; /* always of a tenant */
    struct rms_form form;
    char code[RMS_USER_CODE_TEXT];
    char shown[RMS_USER_CODE_SHOWN];
};

static int finish(struct device *d, const char *nonce, int code)
{
    RMS_TRY(rms_page_reply(d->request, d->reply, nonce, NULL));
    d->reply->status = code == 0 ? 200 : code == RMS_E_THROTTLED ? 429 : 400;
    return code;
}

static int tell(struct device *d, const char *heading, const char *text)
{
    char nonce[RMS_NONCE_TEXT];

    rms_page_nonce_new(nonce);
    rms_page_message(&d->reply->body, nonce, heading, text);
    return finish(d, nonce, 0);
}

static int ask_code(struct device *d, const char *typed, const char *error, int code)
{
    char nonce[RMS_NONCE_TEXT];
    struct rms_page_device page = {.nonce = nonce, .code = typed, .error = error};

    rms_page_nonce_new(nonce);
    RMS_TRY(rms_csrf_issue(d->request, d->reply, PURPOSE, &page.csrf));
    rms_page_device_code(&d->reply->body, &page);
    return finish(d, nonce, code);
}

static int ask_person(struct device *d, const struct rms_device_code *code, const char *error, int outcome)
{
    char nonce[RMS_NONCE_TEXT];
    struct rms_signin_client client;
    struct rms_page_device page = {
        .nonce = nonce, .code = d->shown, .address = rms_form_get(&d->form, "username"), .error = error};

    RMS_TRY(rms_signin_client(d->request, d->authority.tenant, code->grant.client_id, &client));
    page.client = client.name;
    rms_page_nonce_new(nonce);
    RMS_TRY(rms_csrf_issue(d->request, d->reply, PURPOSE, &page.csrf));
    rms_page_device_confirm(&d->reply->body, &page);
    return finish(d, nonce, outcome);
}

/* The code as typed, looked up. Wrong ones are counted; when there were too many, right ones are refused too.
 */
static int find_code(struct device *d, struct rms_device_code *code_out)
{
    struct rms_limit *limit = d->front->signin->limit;
    const char *typed = rms_form_get(&d->form, "user_code");
    char network[RMS_NETWORK_TEXT];
    int status;

    rms_signin_network(d->request->client_ip, network);
    d->reply->retry_after_s = (int)rms_limit_wait(limit, RMS_LIMIT_CODE, network, d->request->now);
    if (d->reply->retry_after_s > 0) {
        return rms_fail(d->request, RMS_E_THROTTLED, "device page: too many wrong codes");
    }
    status = typed != NULL ? rms_user_code_parse(typed, d->code) : RMS_E_BAD_ARGUMENT;
    if (status == 0) {
        status = rms_device_code_find(
            d->request->worker->db, d->request->arena, d->authority.tenant->row.id, d->code, code_out);
    }
    if (status == 0) {
        rms_user_code_show(d->code, d->shown);
        return 0;
    }
    if (status == RMS_E_NOT_FOUND || status == RMS_E_BAD_ARGUMENT) {
        rms_limit_fail(limit, RMS_LIMIT_CODE, network, d->request->now);
        return rms_fail(d->request, RMS_E_BAD_ARGUMENT, "device page: wrong code");
    }
    return status;
}

static int decide(struct device *d, const char *account_id)
{
    int status = rms_device_code_decide(
        d->request->worker->db, d->authority.tenant->row.id, d->code, account_id, d->request->now);

    if (status == RMS_E_NOT_FOUND) {
        return ask_code(d, NULL, "The code has expired or was used already.", RMS_E_BAD_ARGUMENT);
    }
    RMS_TRY(status);
    rms_signin_log(
        d->request, "signin.device", d->request->note.user_id, account_id != NULL ? 0 : RMS_E_CANCELLED);
    return account_id != NULL
               ? tell(d, "Your device is connected", "You can close this window and go back to your device.")
               : tell(d, "You refused", "The device was not connected. You can close this window.");
}

static int allow(struct device *d, const struct rms_device_code *code)
{
    struct rms_signin_attempt attempt = {.tenant = d->authority.tenant,
        .only_here = true,
        .username = rms_form_get(&d->form, "username"),
        .password = rms_form_get(&d->form, "password")};
    int status;

    if (attempt.username == NULL || attempt.password == NULL) {
        return ask_person(d, code, "Type your address and your password.", RMS_E_BAD_ARGUMENT);
    }
    status = rms_signin_check(d->front, d->request, &attempt);
    if (status != 0) {
        d->reply->retry_after_s = (int)attempt.wait_s;
        return ask_person(d, code, rms_signin_text(status), status);
    }
    status = decide(d, attempt.person->account_id);
    rms_directory_unref(&attempt.person);
    return status;
}

static int take_form(struct device *d)
{
    const char *typed = rms_form_get(&d->form, "user_code");
    const char *step = rms_form_get(&d->form, "step");
    struct rms_device_code code;
    int status;

    if (!rms_csrf_check(d->request, &d->form, PURPOSE)) {
        return ask_code(d, typed, "This page was open for too long. Please try again.", RMS_E_BAD_ARGUMENT);
    }
    status = find_code(d, &code);
    if (status == RMS_E_THROTTLED) {
        return ask_code(
            d, typed, "There were too many wrong codes. Wait some minutes and try again.", status);
    }
    if (status == RMS_E_BAD_ARGUMENT) {
        return ask_code(
            d, typed, "This code is not valid, or it has expired. Compare it with your device.", status);
    }
    RMS_TRY(status);
    if (step != NULL && strcmp(step, "deny") == 0) {
        return decide(d, NULL);
    }
    if (step != NULL && strcmp(step, "allow") == 0) {
        return allow(d, &code);
    }
    return ask_person(d, &code, NULL, 0);
}

int rms_signin_device(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct device d = {.front = front, .request = request, .reply = reply};

    RMS_TRY(rms_signin_authority(front, request, &d.authority));
    if (d.authority.tenant == NULL) {
        return rms_fail(request, RMS_E_NOT_FOUND, "device page: only below a tenant's authority");
    }
    if (request->method == RMS_METHOD_POST) {
        RMS_TRY(rms_form_of_body(request, &d.form));
        return take_form(&d);
    }
    RMS_TRY(rms_form_of_query(request, &d.form));
    return ask_code(&d, rms_form_get(&d.form, "user_code"), NULL, 0);
}
