/* Readers of a revoked document are told so, in the words of whoever revoked it (S-163): who opened it, and
 * who was given rights by his own address. Groups are not expanded, and nobody is written to who neither was
 * here nor has an account: the words are a person's, and mail to strangers is not for him to send. */
#include "service/licence.h"
#include "service/mail_kind.h"
#include "service/settings.h"
#include "service/tracking.h"
#include "store/account.h"

#define READERS_MAX 1000

struct collecting {
    struct rms_request *request;
    const struct rms_tracked_scope *scope;
    struct rms_holders readers;
};

static int add(struct collecting *c, const char *address)
{
    const char *reader = rms_arena_strdup(c->request->arena, address);

    if (strcmp(address, c->scope->key.issuer) == 0 || c->readers.count >= READERS_MAX) {
        return RMS_OK;
    }
    c->readers.items[c->readers.count++] = (struct rms_holder){.user = reader};
    return reader != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int add_grantees(struct collecting *c, const struct rms_policy *policy)
{
    const char *tenant_id = c->scope->key.tenant_id;
    struct rms_account account;

    for (size_t i = 0; i < policy->grant_count; i++) {
        const struct rms_grant *grant = &policy->grants[i];
        int rc = grant->principal == RMS_PRINCIPAL_ADDRESS
                     ? rms_account_find(
                           c->request->worker->db, c->request->arena, tenant_id, grant->address, &account)
                     : RMS_E_NOT_FOUND;

        if (rc != RMS_E_NOT_FOUND) {
            RMS_TRY(rc);
            RMS_TRY(account.enabled ? add(c, grant->address) : RMS_OK);
        }
    }
    return RMS_OK;
}

static bool is_of(const struct rms_opening *opening, const struct rms_document_key *key)
{
    return strcmp(opening->tenant_id, key->tenant_id) == 0 &&
           strcmp(opening->content_id, key->content_id) == 0 && opening->issuer != NULL &&
           strcmp(opening->issuer, key->issuer) == 0;
}

/* What the licence says; a template's rights are those of now (S-105). Revoking does not fail for a licence
 * that does not open any more, or is another's. */
static int add_by_licence(struct collecting *c, struct rms_view licence)
{
    RMS_OPENING_CLEANUP const struct rms_opening *opening = NULL;
    const struct rms_usage_note note = c->request->note;
    const struct rms_template *current;
    int rc = rms_licence_open(c->request, licence, &opening, NULL);

    c->request->note = note;
    if (rc < 0 || !is_of(opening, &c->scope->key)) {
        return RMS_OK;
    }
    current = opening->from_template ? rms_live_template(c->request->tenant, opening->policy.id) : NULL;
    return add_grantees(c, current != NULL ? &current->policy : &opening->policy);
}

int rms_tracking_readers(struct rms_request *request, const struct rms_tracked_scope *scope,
    const struct rms_tracking_change *change, struct rms_holders *readers_out)
{
    struct collecting c = {request, scope, {0}};
    struct rms_holders opened;

    *readers_out = c.readers;
    if (change->message == NULL || request->worker->front->settings->mail[0] == '\0') {
        return RMS_OK;
    }
    c.readers.items = rms_arena_alloc(request->arena, READERS_MAX * sizeof *c.readers.items);
    RMS_TRY(c.readers.items != NULL ? RMS_OK : RMS_E_NO_MEMORY);
    if (change->licence.len > 0) {
        RMS_TRY(add_by_licence(&c, change->licence));
    }
    RMS_TRY(rms_tracked_readers(request->worker->db, request->arena, scope, READERS_MAX, &opened));
    for (size_t i = 0; i < opened.count; i++) {
        RMS_TRY(add(&c, opened.items[i].user));
    }
    *readers_out = c.readers;
    return RMS_OK;
}

int rms_tracking_tell_readers(
    struct rms_request *request, const struct rms_document_key *key, const struct rms_holders *readers)
{
    const char *ref = rms_arena_printf(request->arena, "%s %s", key->content_id, key->issuer);

    for (size_t i = 0; i < readers->count && ref != NULL; i++) {
        const struct rms_mail mail = {.tenant_id = key->tenant_id,
            .kind = RMS_MAIL_REVOKED,
            .recipient = readers->items[i].user,
            .ref = ref,
            .next_at = request->now,
            .give_up_at = request->now + RMS_DAY_S};

        RMS_TRY(rms_mail_put(request->worker->db, &mail));
    }
    return ref != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}
