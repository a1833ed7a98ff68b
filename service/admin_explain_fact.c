/* What decided, in words for people, and what to do about it. */
#include "base/text.h"
#include "service/admin_explain.h"

#define LOOKED_AT_MAX 200 /* entries of a policy that are compared with groups in the store */

static const char *say(const struct rms_explained *e, const char *format, const char *a, const char *b)
{
    const char *text =
        rms_arena_printf(e->request->arena, "%s%s%s%s", format, a, b != NULL ? ": " : "", b != NULL ? b : "");
    return text != NULL ? text : format;
}

static const char *say_time(const struct rms_explained *e, const char *text, int64_t time)
{
    char iso[RMS_TIME_TEXT];
    rms_time_iso(time, iso);
    return say(e, text, iso, NULL);
}

/* --- he may ----------------------------------------------------------------------------------------------
 */

static const char *granted(const struct rms_explained *e)
{
    const struct rms_decision *d = &e->answer.decision;
    if (d->as_super_user) {
        return "the super user right opens it; the policy alone would give less";
    }
    if (e->answer.handed_over && (d->as_issuer || d->as_owner)) {
        return "it was handed over to this person";
    }
    if (d->as_issuer) {
        return "this is who protected it";
    }
    return d->as_owner ? "the licence names this person as the owner"
                       : "entries of the policy name this person";
}

/* --- no rights -------------------------------------------------------------------------------------------
 */

/* An address of his that is in the policy, but does not authorise (S-037 to S-039). */
static const char *unused_address(const struct rms_explained *e, const char *granted_to)
{
    char address[RMS_ADDRESS_MAX];
    for (size_t i = 0; i < e->identity->ignored_count; i++) {
        const struct rms_ignored_value *ignored = &e->identity->ignored[i];
        if (rms_address_normalise(ignored->value, address) == RMS_OK && strcmp(address, granted_to) == 0) {
            return say(e, "the policy names an address of this person that does not authorise, ", granted_to,
                ignored->reason);
        }
    }
    return NULL;
}

/* A group of his: known, but without an address that counts; or entered since membership was read (S-045). */
static const char *unused_group(const struct rms_explained *e, const char *granted_to)
{
    struct rms_group_path path;
    const struct rms_path_question question = {e->tenant->id, e->person->account_id, granted_to};
    for (size_t i = 0; i < e->identity->group_count; i++) {
        const char *address = e->identity->groups[i].address;
        if (address != NULL && strcmp(address, granted_to) == 0) {
            return say(e, "the policy names a group of this person whose domain is not verified, ",
                granted_to, NULL);
        }
    }
    if (rms_directory_group_path(e->request->worker->db, e->request->arena, &question, &path) == RMS_OK &&
        path.count > 0) {
        return say(e, "membership was read before this person came into the group ", granted_to, NULL);
    }
    return NULL;
}

static const char *near_miss(const struct rms_explained *e)
{
    const struct rms_policy *policy = e->answer.policy;
    const char *text = NULL;
    for (size_t i = 0; e->identity != NULL && i < policy->grant_count && i < LOOKED_AT_MAX && text == NULL;
         i++) {
        const struct rms_grant *grant = &policy->grants[i];
        if (grant->principal == RMS_PRINCIPAL_DOMAIN && e->identity->guest) {
            text = "the policy gives rights to all members, and a guest is none";
        } else if (grant->principal == RMS_PRINCIPAL_ADDRESS) {
            text = unused_address(e, grant->address);
            text = text != NULL ? text : unused_group(e, grant->address);
        }
    }
    return text;
}

static const char *no_rights(const struct rms_explained *e)
{
    const struct rms_policy *policy = e->answer.policy;
    const char *text = NULL;
    if (!e->complete) {
        return "the rights list of this document is in the file; without it only owner, issuer, revocation "
               "and super "
               "users are known";
    }
    if (policy->starts_at != RMS_TIME_NONE && e->request->now < policy->starts_at) {
        return say_time(e, "the content may not be opened before ", policy->starts_at);
    }
    for (size_t i = 0; i < e->matches.count; i++) {
        if (e->matches.items[i].state == RMS_MATCH_NOT_BEGUN) {
            return say_time(
                e, "the entry that names this person begins at ", e->matches.items[i].grant->from);
        }
    }
    text = near_miss(e);
    return text != NULL ? text : "no entry of the policy names an address or group of this person";
}

/* --- the others ------------------------------------------------------------------------------------------
 */

static const char *expired(const struct rms_explained *e)
{
    int64_t end = rms_policy_ends(e->answer.policy, e->opening->issued_at);
    if (end != RMS_TIME_NONE && end <= e->request->now) {
        return say_time(e, "the content expired at ", end);
    }
    if (e->opening->valid_until != RMS_TIME_NONE && e->opening->valid_until <= e->request->now) {
        return say_time(e, "the licence in the file ended at ", e->opening->valid_until);
    }
    return "the entries that name this person have ended";
}

static const char *revoked(const struct rms_explained *e)
{
    if (e->record == NULL || !e->record->revoked) {
        return "its key came with a document that is revoked";
    }
    return say(e, "it was revoked by ", e->record->revoked_by != NULL ? e->record->revoked_by : "?", NULL);
}

static const char *newer(const struct rms_explained *e)
{
    return say_time(e, "the account is more than 15 days younger than the content; it was made at ",
        e->person->created_at);
}

/* With {content}: the content id; {user}: who is asked about. */
static const struct {
    int code;
    const char *fact;
    const char *(*tell)(const struct rms_explained *e); /* instead of fact */
    const char *remedy;
} rows[] = {
    {RMS_OK, NULL, granted, "nothing to do"},
    {RMS_E_NO_RIGHTS, NULL, no_rights,
        "the owner grants access anew, or you add the person to a group that has it: rms admin group member "
        "add"},
    {RMS_E_EXPIRED, NULL, expired,
        "ask the owner to protect it anew; owner, issuer and super users still open it"},
    {RMS_E_REVOKED, NULL, revoked,
        "whoever protected it may restore it (rms revoke --undo), or you: rms admin tracking restore"},
    {RMS_E_ACCOUNT_DISABLED, "the account is disabled", NULL, "rms admin user set USER --enable"},
    {RMS_E_ACCOUNT_NEWER, NULL, newer,
        "the owner grants access anew: the address may have been somebody else's; groups still count"},
    {RMS_E_TENANT_DISABLED, "the service is switched off for the tenant", NULL, "rms admin service enable"},
    {RMS_E_TEMPLATE_NOT_FOUND, "the template is gone; without it only owner, issuer and super users open",
        NULL, "rms admin template history TEMPLATE, then rms admin template restore"},
    {RMS_E_UNKNOWN_KEY, "no key of this tenant protects it", NULL,
        "ask the organisation that protected it; rms status FILE names it"},
    {RMS_E_KEY_UNAVAILABLE, "the key of the tenant cannot be used now", NULL, "rms admin health"},
    {RMS_E_BAD_LICENSE, "the licence in the file cannot be read", NULL, "get a fresh copy of the file"},
    {RMS_E_BAD_SIGNATURE, "the licence was changed after it was signed, or signed by somebody unknown", NULL,
        "get a fresh copy of the file from its owner"},
    {RMS_E_WEAK_CRYPTO, "the licence uses keys or algorithms that are too weak", NULL,
        "ask the owner to protect it again"},
};

static size_t row_of(int code)
{
    size_t i = 0;
    while (i < sizeof rows / sizeof rows[0] && rows[i].code != code) {
        i++;
    }
    return i;
}

const char *rms_explain_fact(const struct rms_explained *e)
{
    size_t row = row_of(e->code);
    if (row == sizeof rows / sizeof rows[0]) {
        return rms_error_info(e->code)->text;
    }
    return rows[row].tell != NULL ? rows[row].tell(e) : rows[row].fact;
}

const char *rms_explain_remedy(const struct rms_explained *e)
{
    size_t row = row_of(e->code);
    if (e->code == RMS_E_NO_RIGHTS && !e->complete) {
        return "give the file: rms admin explain --file FILE";
    }
    return row == sizeof rows / sizeof rows[0] ? rms_error_info(e->code)->next : rows[row].remedy;
}
