/* Rights policy templates (service-requirements section 4). */
#ifndef RMS_STORE_TEMPLATE_H
#define RMS_STORE_TEMPLATE_H

#include "policy/policy.h"
#include "store/store.h"

#define RMS_TEMPLATES_MAX     500 /* S-094: custom ones of a tenant */
#define RMS_TEMPLATE_VERSIONS 20  /* kept of each */

struct rms_template {
    const char *tenant_id;
    bool published;           /* else archived */
    bool read_only;           /* a default template: cannot be removed, does not count (S-010, S-094) */
    struct rms_policy policy; /* id, texts, grants, expiry, offline_days; policy.id is the template GUID */
    const char *const *scope; /* normalised addresses that see it; empty = everyone (S-111) */
    size_t scope_count;
    bool legacy_apps;     /* EnableInLegacyApps (S-112) */
    const char *label_id; /* or NULL */
    int64_t created_at;
    int64_t modified_at;
    int64_t version; /* one more at each change; goes on when a removed one comes back */
};

struct rms_templates {
    struct rms_template *items;
    size_t count;
};

/* RMS_E_CONFLICT when the tenant has the id; RMS_E_LIMIT at the 501st custom one. The caller has checked it
 * (rms_policy_check). */
RMS_MUST_USE int rms_template_create(struct rms_db *db, const struct rms_template *tpl);

RMS_MUST_USE int rms_template_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *id, struct rms_template *template_out);

/* By GUID, or by a name in any language. RMS_E_CONFLICT when several have the name (S-099). */
RMS_MUST_USE int rms_template_find(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *name, struct rms_template *template_out);

/* Published and archived, oldest first. */
RMS_MUST_USE int rms_template_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_templates *templates_out);

/* Replaces all but id, created_at and read_only. tpl->version must be the one that was read: RMS_E_CONFLICT
 * when somebody else changed it since (S-100). */
RMS_MUST_USE int rms_template_update(struct rms_db *db, const struct rms_template *tpl);

/* RMS_E_CONFLICT for a read-only one (S-107). */
RMS_MUST_USE int rms_template_delete(struct rms_db *db, const char *tenant_id, const char *id);

/* What it was before changes and its removal, oldest first (S-109). Empty when it never changed. */
RMS_MUST_USE int rms_template_history(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *id, struct rms_templates *templates_out);

/* A policy as JSON, versioned: what the database keeps. Parsing what another version wrote and this one does
 * not know is RMS_E_UNSUPPORTED_VERSION, anything malformed RMS_E_DAMAGED. */
RMS_MUST_USE int rms_policy_to_json(const struct rms_policy *policy, struct rms_buf *out);
RMS_MUST_USE int rms_policy_from_json(
    struct rms_arena *arena, struct rms_view json, struct rms_policy *policy_out);

#endif
