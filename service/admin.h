/* Handlers of the administration interface (doc/protocol/admin.md), for service/route.c, and what they share.
 */
#ifndef RMS_SERVICE_ADMIN_H
#define RMS_SERVICE_ADMIN_H

#include "service/front.h"
#include "service/rest_json.h"
#include "store/key.h"
#include "store/template.h"
#include "store/tenant.h"

#define RMS_ADMIN_BODY_MAX (8u * 1024 * 1024) /* a signed template as a text, and some */

/* The formatter's layout of such a list is not stable. */
/* clang-format off */
#define RMS_ADMIN_HANDLERS(X) \
    X(tenant_add) X(tenant_list) X(tenant_show) X(tenant_state) \
    X(tenant_set_state) X(tenant_settings) X(tenant_validity) X(domain_add) \
    X(user_add) X(user_list) X(user_show) X(user_change) \
    X(user_remove) X(user_identity) X(group_add) X(group_list) \
    X(group_show) X(group_remove) X(group_members) X(group_refresh) \
    X(template_add) X(template_list) X(template_show) X(template_change) \
    X(template_remove) X(template_export) X(template_import) X(template_history) \
    X(template_restore) X(template_lint) X(template_texts) X(template_usage) \
    X(onboarding_show) X(onboarding_set) X(super_show) X(super_change) X(issuer_add) \
    X(issuer_list) X(issuer_remove) X(partner_import) X(partner_list) X(partner_remove) X(partner_own) X(client_add) X(client_list) \
    X(client_remove) X(directory_add) X(directory_list) X(directory_show) X(directory_remove) \
    X(directory_refresh) X(log_usage) X(log_admin) X(log_verify) X(health) \
    X(log_erase) X(log_trim) X(retention_show) X(retention_set) X(report) X(privacy_show) X(privacy_delete) X(privacy_replace) \
    X(tracking_list) X(tracking_show) X(tracking_events) \
    X(tracking_revoke) X(tracking_restore) X(tracking_state) X(tracking_set) X(no_track_show) X(no_track_set) \
    X(tracking_docs) X(tracking_log) X(owner_transfer) X(owner_list) \
    X(recovery_ask) X(recovery_list) X(recovery_approve) X(recovery_deny) X(recovery_end) \
    X(export_ask) X(export_list) X(export_approve) X(export_deny) X(export_end) X(guests_state) X(guests_set) \
    X(db_check) X(db_migrate) X(db_backup) X(db_accept) \
    X(key_list) X(key_add) X(key_change) X(key_remove) X(key_breach) X(key_rotation) X(doctor) X(explain) \
    X(platform_list) X(platform_set) X(rest_state) X(rest_set) X(tenant_config) X(migration_show) X(migration_set) \
    X(super_group) X(log_feature) X(log_storage) X(log_number) X(exclusion_list) X(exclusion_set) \
    X(scim_token_add) X(scim_token_list) X(scim_token_remove) \
    X(app_add) X(app_list) X(app_show) X(app_change) X(app_remove) \
    X(app_secret_add) X(app_secret_show) X(app_secret_remove) \
    X(role_list) X(role_add) X(role_remove) X(login) X(logout)
/* clang-format on */

#define X(name)                                                                                              \
    int rms_admin_##name(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
RMS_ADMIN_HANDLERS(X)
#undef X

/* Any of them, for a request: those that show what can be changed answer with an ETag, those that change it
 * obey If-Match (RMS_E_CONFLICT when it is another by now). */
RMS_MUST_USE int rms_admin_serve(
    struct rms_front *front, struct rms_request *request, struct rms_reply *reply);

/* --- shared -------------------------------------------------------------------------------------------- */

/* The tenant of the path's first parameter ("-": the only one), as the store has it now; becomes the
 * request's tenant for the log. RMS_E_NOT_FOUND. */
RMS_MUST_USE int rms_admin_tenant(struct rms_request *request, struct rms_tenant *tenant_out);

/* The tracked document of this content id; issuer NULL: not said, RMS_E_CONFLICT when several people used the
 * id. RMS_E_NOT_REGISTERED. (admin_tracking.c) */
struct rms_tracked;
RMS_MUST_USE int rms_admin_tracked(struct rms_request *request, const char *content_id, const char *issuer,
    struct rms_tracked *document_out);

/* The record that a licence (base64) leads to, which makes it known if it was not. RMS_E_UNKNOWN_KEY for
 * another tenant's. (admin_tracking.c) */
RMS_MUST_USE int rms_admin_document_of(
    struct rms_request *request, const char *tenant_id, const char *base64, struct rms_tracked *document_out);

/* A row in the usage log too, as done for the document's issuer (S-166). (admin_tracking.c) */
void rms_admin_act_for(struct rms_request *request, const struct rms_tracked *document, const char *word);

/* Body of a call: an object with no members but names. The caller frees it (RMS_JSON_CLEANUP). */
struct rms_admin_body {
    struct rms_reader reader;
    json_t *object;
};
RMS_MUST_USE int rms_admin_body(
    struct rms_request *request, const char *const *names, struct rms_admin_body *body_out);

/* For calls that take none: an empty body or {}; RMS_E_BAD_ARGUMENT for anything else. */
RMS_MUST_USE int rms_admin_no_members(struct rms_request *request);
void rms_admin_body_fini(struct rms_admin_body *body);
#define RMS_ADMIN_BODY_CLEANUP __attribute__((cleanup(rms_admin_body_fini)))

/* The reader's detail becomes the request's, for a call that failed with code. */
RMS_MUST_USE int rms_admin_fail(struct rms_request *request, const struct rms_admin_body *body, int code);

/* A required text. */
RMS_MUST_USE int rms_admin_need(struct rms_admin_body *body, const char *name, size_t max, const char **out);

/* The body of a call that changes the tenant's own row: read anew, changed by edit and written in one
 * transaction, so that nothing somebody else sets meanwhile is lost. t is the tenant as it is then. */
typedef int (*rms_admin_edit)(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t);
RMS_MUST_USE int rms_admin_edit_tenant(
    struct rms_request *request, const char *const *names, rms_admin_edit edit, struct rms_tenant *t);

/* DELETE of what the path's second parameter names. why: what is said when there is none. */
typedef int (*rms_admin_remover)(struct rms_db *db, const char *tenant_id, const char *name);
RMS_MUST_USE int rms_admin_remove(
    struct rms_request *request, struct rms_reply *reply, rms_admin_remover remover, const char *why);

/* from, to (a day counts to its last second) and limit of the query. */
struct rms_admin_range {
    int64_t from;
    int64_t to; /* included */
    size_t limit;
};
RMS_MUST_USE int rms_admin_range(struct rms_request *request, struct rms_admin_range *range);

/* Member Domains: mail domains in the form in which addresses are compared; none when it is absent. */
RMS_MUST_USE int rms_admin_domains(
    struct rms_admin_body *body, const char *const **domains_out, size_t *count_out);

/* Does the client want text rather than JSON? */
bool rms_admin_wants_text(const struct rms_request *request);

/* One word: as text where that is wanted, else as the only member of an object. */
void rms_admin_write_word(
    const struct rms_request *request, struct rms_reply *reply, const char *name, const char *word);

/* "{}" with done: what calls without anything to show answer. */
void rms_admin_done(struct rms_reply *reply);

/* The directory outside that an account or group comes from; NULL: none, it is of here. In the arena. */
RMS_MUST_USE int rms_admin_directory_of(
    struct rms_request *request, const char *tenant_id, const char *id, const char **name_out);

/* RMS_E_CONFLICT for what comes from a directory: it would be as before after the next reading. */
RMS_MUST_USE int rms_admin_not_of_directory(
    struct rms_request *request, const char *tenant_id, const char *id);

/* The licence key of the path's second parameter (admin_key.c). RMS_E_NOT_FOUND. */
RMS_MUST_USE int rms_admin_find_key(
    struct rms_request *request, const char *tenant_id, struct rms_key *key_out);

/* A member with the lines of a report over the usage log, up to now (admin_report.c). */
struct rms_report_query;
RMS_MUST_USE int rms_admin_write_report(
    struct rms_request *request, struct rms_buf *out, const char *name, const struct rms_report_query *query);

/* Member "Keys": the tenant's licence keys, oldest first (admin_key.c). */
RMS_MUST_USE int rms_admin_write_keys(
    struct rms_request *request, struct rms_buf *out, const char *name, const char *tenant_id);

/* One row of the admin log for the finished call (S-194): command with arguments, secrets masked. */
void rms_admin_note_request(const struct rms_request *request, int code);

#endif
