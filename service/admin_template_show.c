/* Templates as replies show them (doc/protocol/admin.md). */
#include <stdio.h>

#include "service/admin_template.h"
#include "service/rest_language.h"
#include "service/rest_write.h"

static void write_texts(
    struct rms_buf *out, const struct rms_policy *policy, const char *name, bool descriptions)
{
    rms_out_open(out, name, '{');
    for (size_t i = 0; i < policy->text_count; i++) {
        char lcid[16];
        (void)snprintf(lcid, sizeof lcid, "%u", policy->texts[i].lcid);
        rms_out_text(out, lcid, descriptions ? policy->texts[i].description : policy->texts[i].name);
    }
    rms_out_close(out, '}');
}

/* Most have none, and then nothing is said of it. */
static void write_times(struct rms_buf *out, const struct rms_grant *grant)
{
    if (grant->from != RMS_TIME_NONE) {
        rms_out_time(out, "From", grant->from);
    }
    if (grant->until != RMS_TIME_NONE) {
        rms_out_time(out, "Until", grant->until);
    }
}

static void write_grants(struct rms_buf *out, struct rms_arena *arena, const struct rms_policy *policy)
{
    rms_out_open(out, "RightsDefinitions", '[');
    for (size_t i = 0; i < policy->grant_count; i++) {
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Principal", rms_grant_principal_text(arena, &policy->grants[i]));
        rms_out_rights(out, "Rights", &policy->grants[i].rights);
        rms_out_text(out, "Level", rms_level_name(&policy->grants[i].rights));
        write_times(out, &policy->grants[i]);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
}

static void write_expiry(struct rms_buf *out, const struct rms_policy *policy)
{
    static const char *const names[] = {
        [RMS_EXPIRY_NEVER] = "Never", [RMS_EXPIRY_ON_DATE] = "OnDate", [RMS_EXPIRY_AFTER_DAYS] = "AfterDays"};
    rms_out_text(out, "ContentExpirationOption", names[policy->expiry]);
    if (policy->expiry == RMS_EXPIRY_ON_DATE) {
        rms_out_time(out, "ContentExpirationDate", policy->expires_at);
    } else {
        rms_out_text(out, "ContentExpirationDate", "0001-01-01T00:00:00Z"); /* 4.1: when unused */
    }
    rms_out_int(
        out, "ContentValidityDuration", policy->expiry == RMS_EXPIRY_AFTER_DAYS ? policy->expiry_days : 0);
    rms_out_int(out, "LicenseValidityDuration", policy->offline_days);
}

/* Of imported ones (S-121); a name may come twice. */
static void write_pairs(
    struct rms_buf *out, const char *name, const struct rms_name_value *pairs, size_t count)
{
    if (count == 0) {
        return;
    }
    rms_out_open(out, name, '[');
    for (size_t i = 0; i < count; i++) {
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Name", pairs[i].name);
        rms_out_text(out, "Value", pairs[i].value);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
}

void rms_admin_template_members_write(
    struct rms_request *request, struct rms_buf *out, const struct rms_template *t)
{
    const struct rms_policy *policy = &t->policy;
    const char *language = rms_request_query(request, "lang");
    const struct rms_policy_text *text = rms_rest_text_for(
        policy, language != NULL ? language : rms_request_header(request, "Accept-Language"));
    rms_out_text(out, "TemplateId", policy->id);
    rms_out_text(out, "Name", text != NULL ? text->name : NULL);
    rms_out_text(out, "Description", text != NULL ? text->description : NULL);
    write_texts(out, policy, "Names", false);
    write_texts(out, policy, "Descriptions", true);
    rms_out_text(out, "Status", t->published ? "Published" : "Archived");
    write_grants(out, request->arena, policy);
    write_expiry(out, policy);
    if (policy->referral != NULL) {
        rms_out_text(out, "ReferralInfo", policy->referral);
    }
    write_pairs(out, "ApplicationData", policy->encrypted_data, policy->encrypted_count);
    write_pairs(out, "Unsupported", policy->signed_data, policy->signed_count);
    rms_out_text(out, "AuthorRights", policy->author_listed ? "Listed" : "Full");
    rms_out_bool(out, "ReadOnly", t->read_only);
    rms_out_texts(out, "ScopedIdentities", t->scope, t->scope_count);
    rms_out_bool(out, "EnableInLegacyApps", t->legacy_apps);
    rms_out_text(out, "LabelId", t->label_id);
    rms_out_time(out, "LastModifiedTimeStamp", t->modified_at);
    rms_out_int(out, "Version", t->version);
}

void rms_admin_template_write(struct rms_request *request, struct rms_buf *out, const struct rms_template *t)
{
    rms_out_open(out, NULL, '{');
    rms_admin_template_members_write(request, out, t);
    rms_out_close(out, '}');
}
