/* Who is signed in, and signing out. */
#include "base/text.h"
#include "client/api.h"
#include "client/auth.h"
#include "client/context.h"
#include "client/identity.h"
#include "client/template.h"

#define ARENA_MAX (1024u * 1024)

/* Appends a text with its NUL and returns its place; the buffer does not move meanwhile. */
static const char *keep(struct rms_buf *place, const char *text)
{
    size_t at = place->len;

    if (text == NULL) {
        return NULL;
    }
    rms_buf_append_str(place, text);
    rms_buf_append_byte(place, 0);
    return place->failed ? NULL : (const char *)place->data + at;
}

static size_t room(const struct rms_signin *signin)
{
    const char *const texts[] = {
        signin->address, signin->display_name, signin->tenant_id, signin->tenant_name, signin->root};
    size_t total = 0;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        total += texts[i] != NULL ? strlen(texts[i]) + 1 : 0;
    }
    return total;
}

static int describe(struct rms_context *context, struct rms_signin *signin, struct rms_account *account)
{
    struct rms_identity RMS_IDENTITY_CLEANUP *identity = NULL;
    struct rms_buf *place = &rms_report_of(context)->account;

    if (rms_identity_load(context, signin->address, &identity) == 0) {
        account->certificate_until = identity->rac.valid_until;
        account->can_publish_offline = identity->has_clc;
        signin->tenant_name = identity->tenant_name != NULL ? identity->tenant_name : signin->tenant_name;
    }
    rms_buf_reset(place);
    /* all at once, so that the places stay */
    if (rms_buf_reserve(place, room(signin) + 1) == NULL) {
        return RMS_E_NO_MEMORY;
    }
    account->address = keep(place, signin->address);
    account->display_name = keep(place, signin->display_name);
    account->tenant_id = keep(place, signin->tenant_id);
    account->tenant_name = keep(place, signin->tenant_name);
    account->service_url = keep(place, signin->root);
    account->last_connection = rms_signin_last_connection(context, signin->address);
    account->templates_time = rms_templates_fetched(context, signin->address);
    return rms_buf_status(place);
}

int rms_whoami(struct rms_context *context, struct rms_account *account_out)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_signin signin;

    if (account_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    *account_out = (struct rms_account){
        .last_connection = RMS_NEVER, .certificate_until = RMS_NEVER, .templates_time = RMS_NEVER};
    RMS_TRY(rms_call_begin(context));
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_signin_load(context, arena, &signin));
    return describe(context, &signin, account_out);
}

int rms_access_token(struct rms_context *context, const char **token_out)
{
    struct rms_session RMS_SESSION_CLEANUP *session = NULL;
    struct rms_report *report;

    if (token_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    *token_out = NULL;
    RMS_TRY(rms_call_begin(context));
    RMS_TRY(rms_session_get(context, &session));
    report = rms_report_of(context);
    rms_buf_reset(&report->token);
    RMS_TRY(rms_auth_token(context, rms_session_signin(session), false, &report->token));
    *token_out = rms_buf_text(&report->token);
    return 0;
}

/* Whom to sign out: the one named, or the current one. */
static int choose(struct rms_context *context, const char *address, char out[RMS_ADDRESS_MAX])
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_signin signin;

    if (address != NULL) {
        return rms_address_normalise(address, out) == 0
                   ? 0
                   : rms_fail(context, RMS_E_BAD_ARGUMENT, "that is no address");
    }
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_signin_load(context, arena, &signin));
    memcpy(out, signin.address, strlen(signin.address) + 1);
    return 0;
}

/* Best effort: the service ends the family of refresh tokens. Offline the tokens are forgotten all the same.
 */
static void revoke(struct rms_context *context, const char *address)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_buf RMS_BUF_CLEANUP form = RMS_BUF_INIT(128u * 1024);
    struct rms_auth_reply reply;
    struct rms_signin signin;

    if (arena == NULL || context->settings.offline ||
        rms_signin_load_address(context, arena, address, &signin) != 0 || signin.refresh_token == NULL ||
        signin.authority == NULL) {
        return;
    }
    rms_auth_field(&form, "token", signin.refresh_token);
    rms_auth_field(&form, "token_type_hint", "refresh_token");
    rms_auth_field(&form, "client_id", RMS_CLIENT_ID);
    if (rms_auth_exchange(context, arena, &signin, "revoke", &form, &reply) != 0) {
        /* an empty reply is a good one here (RFC 7009); anything else cannot be helped */
        return;
    }
}

int rms_logout(struct rms_context *context, const char *address)
{
    char chosen[RMS_ADDRESS_MAX];
    int status;

    RMS_TRY(rms_call_begin(context));
    RMS_TRY(choose(context, address, chosen));
    revoke(context, chosen);
    status = rms_signin_forget(context, chosen);
    rms_session_drop(context, false);
    rms_identity_drop(context);
    rms_report_of(context)->detail[0] = '\0';
    return status;
}
