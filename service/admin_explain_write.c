/* The explanation as JSON (doc/protocol/admin.md). */
#include "service/admin_explain.h"
#include "service/rest_write.h"

static void write_person(const struct rms_explained *e, struct rms_buf *out)
{
    const struct rms_directory_person *p = e->person;
    const struct rms_explanation *identity = e->identity;
    rms_out_open(out, "Person", '{');
    rms_out_text(out, "Address", p->address != NULL ? p->address : p->upn);
    rms_out_bool(out, "External", identity == NULL);
    rms_out_bool(out, "Enabled", p->enabled);
    rms_out_bool(out, "Guest", p->guest);
    rms_out_bool(out, "SuperUser", identity != NULL && identity->super_user);
    rms_out_texts(out, "Addresses", p->person.addresses, p->person.address_count);
    rms_out_open(out, "Ignored", '[');
    for (size_t i = 0; identity != NULL && i < identity->ignored_count; i++) {
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Value", identity->ignored[i].value);
        rms_out_text(out, "Reason", identity->ignored[i].reason);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    rms_out_time(out, "CreatedTime", identity != NULL ? p->created_at : RMS_TIME_NONE);
    if (identity != NULL) {
        rms_out_int(out, "CacheAgeSeconds", identity->membership_age_s);
        rms_out_int(out, "CacheLimitSeconds", e->tenant->group_cache_s);
        rms_out_bool(out, "MayProtect", e->protect_code == RMS_OK);
        rms_out_text(out, "MayProtectDetail", e->protect_code == RMS_OK ? NULL : e->protect_detail);
    }
    rms_out_close(out, '}');
}

static void write_document(const struct rms_explained *e, struct rms_buf *out)
{
    const struct rms_opening *o = e->opening;
    const struct rms_tracked *r = e->record;
    if (o == NULL) {
        rms_out_null(out, "Document");
        return;
    }
    rms_out_open(out, "Document", '{');
    rms_out_text(out, "ContentId", o->content_id);
    rms_out_text(out, "ContentName", r != NULL && r->name != NULL ? r->name : o->file_name);
    rms_out_text(out, "Owner", e->decided ? e->answer.owner : o->owner);
    rms_out_text(out, "Issuer", o->issuer);
    rms_out_time(out, "CreatedTime", o->issued_at);
    rms_out_bool(out, "OwnerProved", o->owner_proved);
    rms_out_bool(out, "Tracked", r != NULL);
    rms_out_bool(out, "Revoked", r != NULL && r->revoked);
    rms_out_time(out, "RevokedTime", r != NULL && r->revoked ? r->revoked_at : RMS_TIME_NONE);
    rms_out_text(out, "RevokedBy", r != NULL && r->revoked ? r->revoked_by : NULL);
    rms_out_close(out, '}');
}

/* What decided: the template as it is now, or the list inside the licence (S-105, S-107). */
static void write_policy(const struct rms_explained *e, struct rms_buf *out)
{
    const struct rms_opening *o = e->opening;
    const struct rms_template *t =
        e->decided && o->from_template ? rms_live_template(e->answer.tenant, o->policy.id) : NULL;
    const char *source = !o->from_template ? "licence" : t != NULL ? "template" : "gone";
    rms_out_open(out, "Policy", '{');
    rms_out_text(out, "Source", e->complete ? source : "unknown");
    rms_out_text(out, "TemplateId", o->from_template ? o->policy.id : NULL);
    if (t != NULL) {
        rms_out_text(out, "TemplateName", e->answer.text->name);
        rms_out_int(out, "TemplateVersion", t->version);
        rms_out_text(out, "TemplateStatus", t->published ? "Published" : "Archived");
        rms_out_time(out, "TemplateChangedTime", t->modified_at);
    }
    rms_out_time(out, "ContentExpires", rms_policy_ends(e->answer.policy, o->issued_at));
    rms_out_int(out, "OfflineDays", e->answer.policy->offline_days);
    rms_out_close(out, '}');
}

/* The groups from his own to the one that is named; Stale: only membership as it was kept says so. */
static int write_path(const struct rms_explained *e, const char *address, struct rms_buf *out)
{
    const struct rms_path_question question = {e->tenant->id, e->person->account_id, address};
    struct rms_group_path path;
    RMS_TRY(rms_directory_group_path(e->request->worker->db, e->request->arena, &question, &path));
    rms_out_bool(out, "Stale", path.count == 0);
    rms_out_open(out, "Path", '[');
    for (size_t i = 0; i < path.count; i++) {
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Id", path.groups[i].id);
        rms_out_text(out, "Name", path.groups[i].name);
        rms_out_text(out, "Address", path.groups[i].address);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

static int write_match(const struct rms_explained *e, const struct rms_match *match, struct rms_buf *out)
{
    static const char *const kinds[] = {[RMS_MATCH_ADDRESS] = "address",
        [RMS_MATCH_GROUP] = "group",
        [RMS_MATCH_DOMAIN] = "organisation",
        [RMS_MATCH_ANYONE] = "anyone",
        [RMS_MATCH_OWNER] = "owner"};
    static const char *const states[] = {
        [RMS_MATCH_IN_FORCE] = "in force", [RMS_MATCH_ENDED] = "ended", [RMS_MATCH_NOT_BEGUN] = "not begun"};
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Principal", rms_grant_principal_text(e->request->arena, match->grant));
    rms_out_text(out, "By", kinds[match->kind]);
    rms_out_text(out, "State", states[match->state]);
    rms_out_rights(out, "Rights", &match->grant->rights);
    rms_out_time(out, "From", match->grant->from);
    rms_out_time(out, "Until", match->grant->until);
    if (match->kind == RMS_MATCH_GROUP) {
        RMS_TRY(write_path(e, match->grant->address, out));
    }
    rms_out_close(out, '}');
    return RMS_OK;
}

static int write_matches(const struct rms_explained *e, struct rms_buf *out)
{
    rms_out_open(out, "Matches", '[');
    for (size_t i = 0; i < e->matches.count; i++) {
        RMS_TRY(write_match(e, &e->matches.items[i], out));
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

static const char *rule_of(const struct rms_explained *e)
{
    const struct rms_decision *d = &e->answer.decision;
    if (e->code < 0) {
        return "none";
    }
    return d->as_super_user ? "super user" : d->as_issuer ? "issuer" : d->as_owner ? "owner" : "policy";
}

static void write_outcome(const struct rms_explained *e, struct rms_buf *out)
{
    const struct rms_decision *d = &e->answer.decision;
    static const struct rms_rights none = {0};
    bool granted = e->code == RMS_OK;
    rms_out_bool(out, "Granted", granted);
    rms_out_text(out, "Reason", granted ? NULL : rms_error_info(e->code)->reason);
    rms_out_text(out, "Rule", rule_of(e));
    rms_out_rights(out, "Rights", granted ? &d->rights : &none);
    rms_out_bool(out, "Offline", granted && d->offline_allowed);
    rms_out_time(out, "LicenseValidUntil", granted ? d->licence_valid_until : RMS_TIME_NONE);
    rms_out_text(out, "Fact", rms_explain_fact(e));
    rms_out_text(out, "Detail", granted ? NULL : e->detail);
    rms_out_text(out, "NextStep", rms_explain_remedy(e));
}

int rms_explain_write(const struct rms_explained *e, struct rms_buf *out)
{
    rms_out_open(out, NULL, '{');
    write_outcome(e, out);
    rms_out_text(out, "FunctionalState", rms_tenant_state_name(e->tenant->state));
    write_person(e, out);
    write_document(e, out);
    if (e->decided) {
        write_policy(e, out);
    } else {
        rms_out_null(out, "Policy");
    }
    RMS_TRY(write_matches(e, out));
    rms_out_close(out, '}');
    return RMS_OK;
}
