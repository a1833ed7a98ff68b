/* Administrators of a tenant: who holds which role, and their sessions (doc/dev/roles.md). */
#ifndef RMS_STORE_ROLE_H
#define RMS_STORE_ROLE_H

#include "crypto/digest.h"
#include "store/store.h"

enum rms_role {
    RMS_ROLE_GLOBAL,     /* everything of the tenant */
    RMS_ROLE_CONNECTOR,  /* installs and runs connectors, nothing else (S-018) */
    RMS_ROLE_PROTECTION, /* service, templates, super users; no people, no documents of others */
    RMS_ROLE_READER,     /* reads logs and reports */
    RMS_ROLE_COUNT
};

/* "GlobalAdministrator", "ConnectorAdministrator", "ProtectionAdministrator", "Reader". */
const char *rms_role_name(enum rms_role role);
RMS_MUST_USE int rms_role_parse(const char *name, enum rms_role *role_out);

struct rms_role_member {
    enum rms_role role;
    const char *id; /* account or group */
    bool is_group;
    int64_t added_at;
    const char *added_by;
    const char *name;    /* only read: display name or name of the group */
    const char *address; /* only read: UPN or address of the group */
};

struct rms_role_members {
    struct rms_role_member *items;
    size_t count;
};

/* RMS_E_CONFLICT when he has it already. */
RMS_MUST_USE int rms_role_add(struct rms_db *db, const char *tenant_id, const struct rms_role_member *member);

/* RMS_E_NOT_FOUND when he has it not, RMS_E_CONFLICT for the last global administrator (S-333). */
RMS_MUST_USE int rms_role_remove(
    struct rms_db *db, const char *tenant_id, enum rms_role role, const char *member_id);

/* In the order of role and of being added. */
RMS_MUST_USE int rms_role_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_role_members *members_out);

/* The roles of an account as bits (1 << role), its own and those of its groups, through any nesting.
 * Membership is read anew: who leaves a group is no administrator any more. */
RMS_MUST_USE int rms_roles_of(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *account_id, unsigned *roles_out);

/* --- sessions ------------------------------------------------------------------------------------------- */

#define RMS_ADMIN_IDLE_S    (15 * 60)  /* S-021 */
#define RMS_ADMIN_LONGEST_S (8 * 3600) /* then he signs in anew, busy or not */

struct rms_admin_session {
    uint8_t hash[RMS_SHA256_BYTES];
    const char *tenant_id;
    const char *account_id;
};

/* Begins it, and forgets those that ended. */
RMS_MUST_USE int rms_admin_session_begin(
    struct rms_db *db, const struct rms_admin_session *session, int64_t now);

/* RMS_E_NOT_AUTHENTICATED when there is none of this account, or it ended. Else it goes on. */
RMS_MUST_USE int rms_admin_session_use(
    struct rms_db *db, const struct rms_admin_session *session, int64_t now);

/* RMS_E_NOT_FOUND when there is none. */
RMS_MUST_USE int rms_admin_session_end(struct rms_db *db, const struct rms_admin_session *session);

#endif
