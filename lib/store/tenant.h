/* Tenants: the unit of isolation (S-001), their domains, state (S-003, S-007), settings and super users
 * (service-requirements section 7). */
#ifndef RMS_STORE_TENANT_H
#define RMS_STORE_TENANT_H

#include "store/store.h"

enum rms_tenant_state { RMS_TENANT_ENABLED, RMS_TENANT_DISABLED, RMS_TENANT_CONSUME_ONLY };

/* "Enabled", "Disabled", "ConsumeOnly". parse: any case, "consume-only" too; RMS_E_BAD_ARGUMENT for others.
 */
const char *rms_tenant_state_name(enum rms_tenant_state state);
RMS_MUST_USE int rms_tenant_state_parse(const char *name, enum rms_tenant_state *state_out);

#define RMS_GROUP_CACHE_MAX_S        10800 /* S-045 */
#define RMS_MAX_USE_LICENCE_DAYS     30    /* S-002: default */
#define RMS_MAX_USE_LICENCE_DAYS_MAX 65535
#define RMS_KEY_ROTATION_DAYS_MAX    36500

/* Which programs onboarding control is for (S-013): all, those prepared for offline use, those of the public
 * protocol. */
enum rms_onboarding_scope { RMS_ONBOARD_ALL, RMS_ONBOARD_DESKTOP, RMS_ONBOARD_REST };

/* "All", "WindowsApp", "MobileApp". parse: any case; RMS_E_BAD_ARGUMENT for others. */
const char *rms_onboarding_scope_name(enum rms_onboarding_scope scope);
RMS_MUST_USE int rms_onboarding_scope_parse(const char *name, enum rms_onboarding_scope *scope_out);

/* Who may protect (S-011): whoever meets all that is set. */
struct rms_onboarding {
    bool licence;         /* the account's licence flag */
    const char *group_id; /* member of this group; NULL = whoever. A group that is gone has no members */
    enum rms_onboarding_scope scope;
};

/* Days that are kept, the newest (S-200, S-172). */
#define RMS_RETENTION_LOG_DAYS_MIN 90
#define RMS_RETENTION_DAYS_MAX     36500
#define RMS_RETENTION_USAGE_DAYS   365 /* defaults, also for rows of no tenant */
#define RMS_RETENTION_ADMIN_DAYS   1095
struct rms_retention {
    unsigned usage_days;  /* of the usage log */
    unsigned admin_days;  /* of the log of administration */
    unsigned access_days; /* what tracking shows of the usage log; from 1 */
};

struct rms_tenant {
    const char *id;         /* GUID */
    const char *service_id; /* another GUID, part of the service URL (S-023) */
    const char *name;
    enum rms_tenant_state state;
    int64_t created_at;
    unsigned max_use_licence_days; /* S-002; 0 to 65535 */
    unsigned group_cache_s;        /* S-045; 0 to RMS_GROUP_CACHE_MAX_S */
    bool removal_rights_extract;   /* EXTRACT is enough to remove protection */
    bool super_users_enabled;      /* S-173 */
    const char *super_user_group;  /* group id or NULL (S-176) */
    bool four_eyes;                /* super users for approved requests only (store/recovery.h) */
    unsigned key_rollover_count;   /* S-204 */
    unsigned key_rotation_days;    /* a key this old is replaced; 0: by hand */
    const char *settings;          /* JSON object of further settings; never NULL when read */
    struct rms_onboarding onboarding;
    struct rms_retention retention;
    const char *no_track_group; /* whose members' activity others do not see (S-167): group id or NULL */
    const char *const *domains; /* verified, normalised, in the order added; the first is the default one */
    size_t domain_count;
};

struct rms_tenants {
    struct rms_tenant *items;
    size_t count;
};

/* A tenant with the defaults of S-002: fresh GUIDs from the arena, Enabled, 30 days, 3 hours, super users
 * off. */
RMS_MUST_USE int rms_tenant_init(
    struct rms_arena *arena, const char *name, int64_t created_at, struct rms_tenant *tenant_out);

/* Stores it with its domains (at least one). super_user_group, key_rollover_count, key_rotation_days and
 * onboarding, retention, no_track_group are ignored.
 * RMS_E_CONFLICT when an id or a domain is taken, by whatever tenant. */
RMS_MUST_USE int rms_tenant_create(struct rms_db *db, const struct rms_tenant *tenant);

RMS_MUST_USE int rms_tenant_get(
    struct rms_db *db, struct rms_arena *arena, const char *id, struct rms_tenant *tenant_out);

/* By tenant GUID, service GUID or one of its domains, in any form. */
RMS_MUST_USE int rms_tenant_find(
    struct rms_db *db, struct rms_arena *arena, const char *text, struct rms_tenant *tenant_out);

/* All, oldest first. */
RMS_MUST_USE int rms_tenant_list(struct rms_db *db, struct rms_arena *arena, struct rms_tenants *tenants_out);

/* changed_out: false when it had that state already (S-004). */
RMS_MUST_USE int rms_tenant_set_state(
    struct rms_db *db, const char *id, enum rms_tenant_state state, bool *changed_out);

/* Replaces name, max_use_licence_days, group_cache_s, removal_rights_extract, settings of the tenant with
 * this id. RMS_E_BAD_ARGUMENT when a value is out of range. */
RMS_MUST_USE int rms_tenant_update(struct rms_db *db, const struct rms_tenant *tenant);

RMS_MUST_USE int rms_tenant_set_onboarding(
    struct rms_db *db, const char *id, const struct rms_onboarding *onboarding);

/* How old its active licence key may become; 0: it is replaced by hand. */
RMS_MUST_USE int rms_tenant_set_rotation(struct rms_db *db, const char *id, unsigned days);

/* RMS_E_BAD_ARGUMENT when a value is out of range. */
RMS_MUST_USE int rms_tenant_set_retention(
    struct rms_db *db, const char *id, const struct rms_retention *retention);

/* Replaces the group; NULL clears it. RMS_E_NOT_FOUND when the group is not in the tenant. */
RMS_MUST_USE int rms_tenant_set_no_track(struct rms_db *db, const char *id, const char *group_id);

/* RMS_E_CONFLICT when any tenant has the domain (S-025). */
RMS_MUST_USE int rms_tenant_add_domain(struct rms_db *db, const char *id, const char *domain);

/* Does any tenant have the domain (normalised)? */
RMS_MUST_USE int rms_domain_is_owned(struct rms_db *db, const char *domain, bool *owned_out);

/* Super users. An entry that names an account counts for that account only, whoever gets the address later;
 * it goes with the account. account_id NULL: a service identity by its pseudo-address (S-178). */
struct rms_super_user {
    const char *address; /* normalised; what is shown and removed by */
    const char *account_id;
    int64_t added_at;
    int64_t ends_at;      /* 0: no end (S-183) */
    const char *reason;   /* NULL: none given */
    const char *added_by; /* NULL: not known */
};

struct rms_super_users {
    struct rms_super_user *items;
    size_t count;
};

/* changed_out: false when it was so already (S-177). */
RMS_MUST_USE int rms_super_users_enable(
    struct rms_db *db, const char *tenant_id, bool enabled, bool *changed_out);

/* RMS_E_CONFLICT when listed already. RMS_E_NOT_FOUND when the account is not in the tenant. */
RMS_MUST_USE int rms_super_user_add(
    struct rms_db *db, const char *tenant_id, const struct rms_super_user *entry);

/* RMS_E_NOT_FOUND when not listed. */
RMS_MUST_USE int rms_super_user_remove(struct rms_db *db, const char *tenant_id, const char *address);
RMS_MUST_USE int rms_super_user_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_super_users *list_out);

/* Until when is the account listed by itself? 0: it is not; INT64_MAX: without end. Whether the feature is on
 * is another question. */
RMS_MUST_USE int rms_super_user_until(
    struct rms_db *db, const char *tenant_id, const char *account_id, int64_t *until_out);

/* Replaces the group; NULL clears it. RMS_E_NOT_FOUND when the group is not in the tenant. Which kinds fit:
 * directory (rms_directory_group_check). */
RMS_MUST_USE int rms_super_user_set_group(struct rms_db *db, const char *tenant_id, const char *group_id);

#endif
