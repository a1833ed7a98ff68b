/* Opening a publishing licence: everything that does not depend on who asks. */
#include "service/licence.h"

#include "base/log.h"
#include "base/text.h"
#include "store/admin_log.h"
#include "service/tracking.h"
#include "store/content.h"

struct opening_run {
    struct rms_request *request;
    const struct rms_live_tenant *tenant;
    const struct rms_live_key *key;
    struct rms_pl pl;
    struct rms_erd erd;
    struct rms_opening opening;
};

/* A licence that was changed may name any key: the signature comes before the key (S-130). */
static int refuse_unknown_key(struct opening_run *run)
{
    const struct rms_signed *node = run->pl.node;
    if (!node->has_issuer_key || rms_signed_verify(node, &node->issuer_key, true) != RMS_E_BAD_SIGNATURE) {
        return RMS_E_UNKNOWN_KEY;
    }
    run->request->note.detail = NULL;
    return RMS_E_BAD_SIGNATURE;
}

/* The tenant whose document it is: its state, then its rules for clients. Before anything of the licence is
 * logged. */
static int admit(struct rms_request *request, const struct rms_live_tenant *tenant)
{
    const char *why = NULL;
    int rc = tenant->row.state == RMS_TENANT_DISABLED
                 ? RMS_E_TENANT_DISABLED
                 : rms_client_check(&tenant->clients, request->client_info, &why);
    if (rc < 0) {
        request->note.detail = why;
    }
    return rc;
}

/* Which tenant, and is it served? A disabled home tenant answers first, also for what cannot be read (S-130:
 * tenant state and client come before the licence), and then nothing is logged of what else is wrong. */
static int check_tenant(struct opening_run *run, int parsed)
{
    struct rms_request *request = run->request;
    int rc = parsed;
    if (rc == RMS_OK && !run->pl.node->has_subject_key) {
        rc = rms_fail(request, RMS_E_BAD_LICENSE, "the licence names no server key");
    }
    if (rc == RMS_OK) {
        rc = rms_request_tenant_of_key(request, &run->pl.node->subject_key, &run->tenant, &run->key);
        rc = rc == RMS_E_UNKNOWN_KEY ? refuse_unknown_key(run) : rc;
    }
    const struct rms_live_tenant *asked = run->tenant != NULL ? run->tenant : request->tenant;
    request->note.tenant = asked;
    int closed = asked != NULL ? admit(request, asked) : RMS_OK;
    return closed < 0 ? closed : rc;
}

static const char *find_pair(const struct rms_name_value *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (rms_text_equal_nocase(pairs[i].name, name)) {
            return pairs[i].value;
        }
    }
    return NULL;
}

/* What the verified licence says of itself. */
static int take_facts(struct opening_run *run)
{
    const struct rms_pl *pl = &run->pl;
    struct rms_opening *o = &run->opening;
    char owner[RMS_ADDRESS_MAX];
    rms_guid_copy(o->tenant_id, run->tenant->row.id);
    rms_guid_copy(o->key_id, run->key->id);
    rms_guid_copy(o->content_id, pl->content_id);
    o->owner = "";
    if (rms_address_normalise(pl->owner, owner) == RMS_OK) {
        o->owner = rms_arena_strdup(run->request->arena, owner);
    }
    o->issuer = pl->issuer;
    o->issued_at = pl->node->issued_at;
    o->valid_from = pl->valid_from;
    o->valid_until = pl->valid_until;
    o->file_name = find_pair(pl->signed_data, pl->signed_count, "MS.Content.Name");
    if (o->file_name == NULL) { /* a documented misspelling (rest-protocol section 15) */
        o->file_name = find_pair(pl->signed_data, pl->signed_count, "MS.Conetent.Name");
    }
    o->mail = find_pair(pl->signed_data, pl->signed_count, "Container.Mail") != NULL ||
              (o->file_name != NULL && rms_text_equal_nocase(o->file_name, "message.rpmsg"));
    return o->owner != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int verify(struct opening_run *run)
{
    int rc = rms_chain_verify(&run->pl.chain, &run->tenant->trust);
    if (rc == RMS_E_UNKNOWN_KEY) {
        return rms_fail(
            run->request, RMS_E_BAD_SIGNATURE, "the licence is not signed under the key it names");
    }
    return rc;
}

/* One private-key operation, or none with a key box of ours. Keys that we or our clients sealed open only for
 * the owner and content of their own licence, here or in the second attempt (xrml-licences section 8.2).
 * Licences made by others bind their enabling bits in ways nobody documents (xrml-licences section 4 table):
 * with a good signature around, a mismatch alone is noted and not fatal. */
static int open_with_key(struct opening_run *run)
{
    struct rms_request *request = run->request;
    RMS_BUF_CLEANUP struct rms_buf erd = RMS_BUF_INIT(RMS_KEYD_REPLY_MAX);
    const uint8_t *owner_bound = run->opening.owner[0] != '\0' ? run->pl.owner_bound : NULL;
    struct rms_view box = run->pl.key_box.len <= RMS_KEY_BOX_MAX ? run->pl.key_box : (struct rms_view){0};
    struct rms_open_request wanted = {
        run->key->id, run->pl.bits, run->pl.bits_bound, owner_bound, box, run->pl.erd};
    int rc = rms_keyd_open(request->worker->keys, &wanted, &run->opening.opened, &erd);
    if (rc == RMS_E_BAD_LICENSE && run->pl.clc != NULL) {
        wanted.bound = NULL;
        rc = rms_keyd_open(request->worker->keys, &wanted, &run->opening.opened, &erd);
        if (rc == RMS_OK) {
            rms_log(RMS_LOG_INFO, "licence.unbound", "content", run->pl.content_id, NULL);
        }
    }
    if (rc < 0) {
        return rms_fail(
            request, rc, "the enabling bits do not open: damaged, or sealed for another owner or content");
    }
    uint8_t *text = rms_arena_copy(request->arena, erd.data, erd.len);
    if (text == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return rms_erd_parse(request->arena, rms_view_of(text, erd.len), &run->erd);
}

/* An official template inside must be one that this tenant signed (section 7 step 13). */
static int check_official(struct opening_run *run)
{
    const struct rms_signed *node = &run->erd.node;
    if (!run->erd.official) {
        return RMS_OK;
    }
    const struct rms_live_key *key =
        node->has_issuer_key ? rms_live_key_of(run->tenant, &node->issuer_key) : NULL;
    if (key == NULL || rms_signed_verify(node, &key->key, run->tenant->trust.allow_legacy) < 0) {
        return rms_fail(run->request, RMS_E_BAD_LICENSE, "the template inside is not one of this tenant");
    }
    return RMS_OK;
}

static void alert_conflict(struct opening_run *run, const struct rms_content *existing)
{
    struct rms_request *request = run->request;
    const char *command = rms_arena_printf(request->arena,
        "ContentKeyConflict -content %s -owner %s -paired-content %s -paired-owner %s",
        run->opening.content_id, run->opening.owner, existing->content_id, existing->owner);
    struct rms_admin_row row = {
        .tenant_id = run->tenant->row.id,
        .time = request->now,
        .actor = request->address != NULL ? request->address : "",
        .command = command != NULL ? command : "ContentKeyConflict",
        .passed = false,
        .result = "a licence brings a content key that belongs to another: no rights as owner",
        .correlation_id = request->correlation,
    };
    rms_log(RMS_LOG_ERROR, "licence.conflict", "content", run->opening.content_id, "correlation",
        request->correlation, NULL);
    int rc = rms_admin_log_append(request->worker->db, &row);
    if (rc < 0) {
        rms_log(RMS_LOG_ERROR, "licence.alert-lost", "reason", rms_error_info(rc)->reason, NULL);
    }
}

/* Transplant defence (section 8.2). A key sealed for its owner has proved it by opening. Of others' clients
 * the key must still belong to the content and owner it was first seen with; what the server signed itself
 * it knew, and is only remembered. */
static int prove_owner(struct opening_run *run)
{
    struct rms_opening *o = &run->opening;
    struct rms_content existing = {0};
    bool by_server = run->pl.clc == NULL;
    o->owner_proved = o->opened.owner_bound || by_server;
    if (o->opened.owner_bound) {
        return RMS_OK;
    }
    struct rms_content content = {
        .tenant_id = o->tenant_id,
        .content_id = o->content_id,
        .owner = o->owner,
        .issuer = o->issuer,
        .template_id = o->from_template ? o->policy.id : NULL,
        .file_name = o->file_name,
        .published_at = o->issued_at,
        .seen_at = run->request->now,
    };
    memcpy(content.fingerprint, o->opened.fingerprint, sizeof content.fingerprint);
    int rc = rms_content_pair(run->request->worker->db, run->request->arena, &content, &existing);
    if (rc == RMS_E_CONFLICT) {
        alert_conflict(run, &existing);
        o->origin_id = existing.content_id;
        o->origin_issuer = existing.issuer;
        return RMS_OK; /* no shortcut for the owner */
    }
    o->owner_proved |= rc == RMS_OK;
    return rc;
}

/* Of a template licence the grants inside are not kept: the template decides as it is now (S-105), and
 * without a template nobody but owner, issuer and super users (S-107). */
static int take_policy(struct opening_run *run)
{
    struct rms_opening *o = &run->opening;
    const struct rms_pl *pl = &run->pl;
    o->policy = run->erd.policy;
    o->from_template = o->policy.from_template;
    if (o->policy.text_count == 0) {
        o->policy.texts = pl->texts;
        o->policy.text_count = pl->text_count;
    }
    if (o->policy.referral == NULL) {
        o->policy.referral = pl->referral;
    }
    if (o->policy.id[0] == '\0') {
        rms_guid_copy(o->policy.id, pl->descriptor_id);
    }
    o->policy.signed_data = pl->signed_data;
    o->policy.signed_count = pl->signed_count;
    if (o->from_template) {
        o->policy.grants = NULL;
        o->policy.grant_count = 0;
        o->policy.only_me = true;
    }
    return RMS_OK;
}

static int run_all(struct opening_run *run, struct rms_view pl_bytes)
{
    struct rms_request *request = run->request;
    int rc = rms_pl_parse(request->arena, pl_bytes, &run->pl);
    RMS_TRY(check_tenant(run, rc));
    RMS_TRY(verify(run));
    RMS_TRY(take_facts(run));
    RMS_TRY(open_with_key(run));
    RMS_TRY(check_official(run));
    rc = rms_pl_check_binding(&run->pl, &run->erd);
    if (rc < 0) {
        return rms_fail(request, rc, "rights data and licence name different content or owners");
    }
    RMS_TRY(take_policy(run));
    return prove_owner(run);
}

/* S-191: whatever the outcome, as soon as the signature is known to be good. Copied: an opening may leave the
 * cache before the row is written. */
static void fill_note(struct rms_request *request, const struct rms_opening *o)
{
    struct rms_usage_note *note = &request->note;
    struct rms_arena *arena = request->arena;
    note->content_id = rms_arena_strdup(arena, o->content_id);
    note->owner = rms_arena_strdup(arena, o->owner);
    note->issuer = rms_arena_strdup(arena, o->issuer);
    note->template_id = o->from_template ? rms_arena_strdup(arena, o->policy.id) : NULL;
    note->file_name = rms_arena_strdup(arena, o->file_name);
    note->published_at = o->issued_at;
}

int rms_licence_read(struct rms_request *request, struct rms_view pl_bytes, struct rms_opening *facts_out)
{
    struct opening_run *run = rms_arena_alloc(request->arena, sizeof *run);
    if (run == NULL) {
        return RMS_E_NO_MEMORY;
    }
    run->request = request;
    int rc = rms_pl_parse(request->arena, pl_bytes, &run->pl);
    RMS_TRY(check_tenant(run, rc));
    RMS_TRY(verify(run));
    RMS_TRY(take_facts(run));
    struct rms_opening *o = &run->opening;
    rms_guid_copy(o->policy.id, run->pl.descriptor_id);
    o->from_template = rms_live_template(run->tenant, o->policy.id) != NULL;
    fill_note(request, o);
    *facts_out = *o;
    return RMS_OK;
}

int rms_licence_refuse(struct rms_request *request, struct rms_view pl_bytes, int code)
{
    const struct rms_usage_note note = request->note;
    struct opening_run *run = rms_arena_alloc(request->arena, sizeof *run);
    if (run == NULL) {
        return RMS_E_NO_MEMORY;
    }
    run->request = request;
    int closed = check_tenant(run, rms_pl_parse(request->arena, pl_bytes, &run->pl));
    if (closed == RMS_E_TENANT_DISABLED || closed == RMS_E_PLATFORM_DISABLED) {
        return closed;
    }
    request->note = note;
    return code;
}

int rms_licence_open(struct rms_request *request, struct rms_view pl_bytes,
    const struct rms_opening **opening_out, struct rms_pl *pl_out)
{
    struct opening_run *run = rms_arena_alloc(request->arena, sizeof *run);
    if (run == NULL) {
        return RMS_E_NO_MEMORY;
    }
    run->request = request;
    run->opening.valid_from = run->opening.valid_until = RMS_TIME_NONE;
    int rc = run_all(run, pl_bytes);
    if (run->opening.content_id[0] != '\0') {
        fill_note(request, &run->opening);
    }
    RMS_TRY(rc);
    if (pl_out != NULL) {
        *pl_out = run->pl;
    }
    rms_tracking_note(request, &run->opening);
    return rms_opening_copy(request->arena, &run->opening, opening_out);
}

int rms_licence_tenant(
    struct rms_request *request, const struct rms_opening *opening, const struct rms_live_tenant **tenant_out)
{
    *tenant_out = rms_request_tenant(request, opening->tenant_id);
    if (*tenant_out == NULL) {
        return rms_fail(request, RMS_E_UNKNOWN_KEY, "the tenant of the licence is gone");
    }
    request->note.tenant = *tenant_out;
    RMS_TRY(admit(request, *tenant_out)); /* as in the first opening */
    fill_note(request, opening);
    return RMS_OK;
}
