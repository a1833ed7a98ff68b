/* What the handlers of templates share: finding, showing, changing by a body, storing. */
#ifndef RMS_SERVICE_ADMIN_TEMPLATE_H
#define RMS_SERVICE_ADMIN_TEMPLATE_H

#include "service/admin.h"

/* Stands for the ANYONE of another product's template (S-054): an address that nobody can have (RFC 2606). */
#define RMS_INACTIVE_ANYONE "anyone@inactive.invalid"

/* The template of the path's second parameter, by GUID or name. RMS_E_CONFLICT names those with one name
 * (S-099). */
RMS_MUST_USE int rms_admin_template_find(
    struct rms_request *request, struct rms_tenant *tenant_out, struct rms_template *template_out);

/* Has it this name in any language? */
bool rms_admin_template_named(const struct rms_policy *policy, const char *name);

/* As an object, and its members only. */
void rms_admin_template_write(
    struct rms_request *request, struct rms_buf *out, const struct rms_template *tpl);
void rms_admin_template_members_write(
    struct rms_request *request, struct rms_buf *out, const struct rms_template *tpl);

/* A new template, archived, without texts and grants. id NULL: a fresh one. */
void rms_admin_template_init(struct rms_request *request, const struct rms_tenant *tenant, const char *id,
    struct rms_template *template_out);

/* Changes a template by a body (admin_template_body.c). add: names are required, defaults set. */
struct rms_template_edit {
    struct rms_request *request;
    const struct rms_tenant *tenant;
    struct rms_admin_body *body;
    bool add;
};
#define RMS_TEMPLATE_NAME_FORBIDDEN "<>%&/?;+\\:#" /* S-096 */
RMS_MUST_USE int rms_admin_template_apply(const struct rms_template_edit *edit, struct rms_template *tpl);
extern const char *const rms_admin_template_members[];
#define RMS_ADD_OBJECT_MODEL "AddObjectModel" /* S-088: a setting of the tenant */

/* Stores it, new or changed. RMS_E_CONFLICT when somebody was faster (S-100). */
RMS_MUST_USE int rms_admin_template_store(struct rms_request *request, struct rms_template *tpl, bool add);

/* Member "Warnings" (admin_template_lint.c). */
RMS_MUST_USE int rms_admin_template_warnings_write(struct rms_request *request, struct rms_buf *out,
    const struct rms_tenant *tenant, const struct rms_template *tpl);

/* Stores it, and answers with what is stored and what there is to warn about. */
RMS_MUST_USE int rms_admin_template_settle(struct rms_request *request, const struct rms_tenant *tenant,
    struct rms_template *tpl, bool add, struct rms_reply *reply);

#endif
