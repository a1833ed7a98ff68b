/* People and groups as policies see them: from accounts, proxyAddresses and memberships in the store to
 * struct rms_person (service-requirements section 2).
 *
 * Rules kept here
 * - Addresses that authorise: every SMTP value of proxyAddresses in a verified domain; the UPN (verified
 * domain) only when proxyAddresses is empty (S-037 to S-039). For guests the domain need not be verified, and
 * their addresses count only for content of the tenant that invited them: see rms_directory_person_for.
 * - Groups count through any nesting, and by an address in a verified domain only (S-044, S-047).
 * - Membership may be as old as the tenant's group_cache_s (S-045); everything else (addresses, enabled,
 * guest, super user list) is as the store has it: changes of this process show at once, of another within 100
 * ms.
 *
 * A directory is shared by all threads of a process; each thread passes its own db. Time comes from
 * base/clock.h. */
#ifndef RMS_DIRECTORY_DIRECTORY_H
#define RMS_DIRECTORY_DIRECTORY_H

#include "policy/policy.h"
#include "store/account.h"
#include "store/group.h"

struct rms_directory;

#define RMS_DIRECTORY_CAPACITY 65536 /* people in memory unless told otherwise */

/* capacity 0 = RMS_DIRECTORY_CAPACITY; the longest unused ones make room. */
RMS_MUST_USE int rms_directory_new(
    struct rms_store *store, size_t capacity, struct rms_directory **directory_out);

/* People handed out stay valid until unref. Accepts NULL. */
void rms_directory_free(struct rms_directory **directory);

struct rms_directory_group {
    const char *id;
    const char *name;
    const char *address; /* NULL when it has none */
};

/* One person at one moment: immutable, shared by reference count, from one block of memory. */
struct rms_directory_person {
    const char *account_id;
    const char *tenant_id;
    const char *upn;
    const char *display_name; /* NULL when not entered */
    const char *address; /* to show and to name in licences: the primary one that authorises, else the first
                            that does; NULL when none does */
    bool enabled;        /* false: refuse with RMS_E_ACCOUNT_DISABLED (S-043) */
    bool guest;
    bool licensed;        /* for protecting (S-011) */
    bool self_made;       /* by sign-up: consume-first, no administrator (S-056) */
    bool app;             /* a service identity (S-062): to policies a guest */
    unsigned permissions; /* of that: bits of enum rms_permission (store/app.h) */
    int64_t created_at;
    int64_t super_until;      /* end of the super user right, when person says so; INT64_MAX: none */
    struct rms_person person; /* for content of this tenant */
    struct rms_person abroad; /* for content of other tenants: never super user; nothing at all for a guest */
    const struct rms_directory_group *groups; /* all he is in, those without address too, sorted by id */
    size_t group_count;
    int64_t groups_read_at; /* when membership was read: age = now - this (S-045) */
    bool groups_unresolved; /* he may be in more: a directory has not answered for too long (S-049) */
};

/* By account id: the path of every request. Warm it costs no SQL. RMS_E_NOT_FOUND for a deleted or foreign
 * account; a disabled one is handed out. Release with rms_directory_unref. */
RMS_MUST_USE int rms_directory_person(struct rms_directory *directory, struct rms_db *db,
    const char *tenant_id, const char *account_id, const struct rms_directory_person **person_out);

/* By id, UPN or address in any form. tenant_id NULL: the tenant that owns the domain of the address. */
RMS_MUST_USE int rms_directory_find(struct rms_directory *directory, struct rms_db *db, const char *tenant_id,
    const char *name, const struct rms_directory_person **person_out);

const struct rms_directory_person *rms_directory_ref(const struct rms_directory_person *person);

/* Accepts NULL, clears the caller's pointer; also a cleanup function. */
void rms_directory_unref(const struct rms_directory_person **person);
#define RMS_DIRECTORY_PERSON_CLEANUP __attribute__((cleanup(rms_directory_unref)))

/* How policies of the named tenant see the person. Borrowed from it. Use this and not ->person wherever
 * content may be another tenant's. */
const struct rms_person *rms_directory_person_for(
    const struct rms_directory_person *person, const char *content_tenant_id);

/* Is he a super user of his tenant at this time? person->person.super_user is also true of one whose time has
 * just run out. */
bool rms_directory_is_super(const struct rms_directory_person *person, int64_t now);

/* Is the normalised address one of those that authorise him? Also true for his UPN: for "is this RAC his". */
bool rms_directory_owns(const struct rms_directory_person *person, const char *address);

/* Is he in the group, by id, nesting included? (onboarding, scope; S-012) */
bool rms_directory_in_group(const struct rms_directory_person *person, const char *group_id);

/* Does any of the normalised addresses name the person or a group of his? (scoped templates, S-111) */
bool rms_directory_in_scope(
    const struct rms_directory_person *person, const char *const *addresses, size_t count);

/* What another issuer's token says of a person. NULL = not said. */
struct rms_claims {
    const char *email;
    const char *upn;
    const char *preferred_username;
    const char *const *proxy_addresses;
    size_t proxy_address_count;
};

/* The one person of the tenant that the claims name. RMS_E_NOT_AUTHENTICATED: none, or several (never
 * guess). Names of nobody, and of applications, are passed over. */
RMS_MUST_USE int rms_directory_match_claims(struct rms_directory *directory, struct rms_db *db,
    const char *tenant_id, const struct rms_claims *claims, const struct rms_directory_person **person_out);

/* Membership is read anew at the next use (S-046). refresh names an account or a group of the tenant by id or
 * any name, NULL = everyone; RMS_E_NOT_FOUND when unknown. It reaches other processes within 100 ms. forget
 * is for this process only and drops everything cached (account_id NULL: of everyone). */
RMS_MUST_USE int rms_directory_refresh(
    struct rms_directory *directory, struct rms_db *db, const char *tenant_id, const char *name);
void rms_directory_forget(struct rms_directory *directory, const char *tenant_id, const char *account_id);

/* For metrics. */
struct rms_directory_stats {
    uint64_t hits;
    uint64_t misses;
    uint64_t membership_reads;
    size_t people;
};
void rms_directory_stats(struct rms_directory *directory, struct rms_directory_stats *stats_out);

/* Explaining (S-064) */

struct rms_ignored_value {
    const char *value;  /* as entered */
    const char *reason; /* "domain not verified", "not an e-mail address", ... static text */
};

struct rms_explanation {
    bool is_group;
    const char *id;
    const char *name;
    const char *upn; /* NULL for a group */
    bool enabled;
    bool guest;
    bool super_user;
    const char *const *usable; /* addresses that authorise the person, or reach the group */
    size_t usable_count;
    const struct rms_ignored_value *ignored;
    size_t ignored_count;
    const struct rms_directory_group *groups; /* as cached */
    size_t group_count;
    int64_t membership_age_s; /* 0 = read just now */
};

/* Of an account or a group. RMS_E_NOT_FOUND when there is neither. */
RMS_MUST_USE int rms_directory_explain(struct rms_directory *directory, struct rms_db *db,
    const char *tenant_id, const char *name, struct rms_explanation **explanation_out);
void rms_explanation_free(struct rms_explanation **explanation);

/* How somebody is in the group with this address, as the store has it now: the groups from the one he is a
 * member of himself to that one, a shortest way. count 0: he is not. member_id: account or group. */
struct rms_group_path {
    const struct rms_group *groups;
    size_t count;
};
struct rms_path_question {
    const char *tenant_id;
    const char *member_id;
    const char *address; /* normalised */
};
RMS_MUST_USE int rms_directory_group_path(struct rms_db *db, struct rms_arena *arena,
    const struct rms_path_question *question, struct rms_group_path *path_out);

/* Choosing principals (S-012, S-047, S-175, S-176; table 2.1) */

enum rms_group_use {
    RMS_USE_GRANT,
    RMS_USE_SUPER_USER,
    RMS_USE_ONBOARDING,
    RMS_USE_ADMIN_ROLE,
    RMS_USE_SCOPE,
    RMS_USE_DO_NOT_TRACK,
};

/* 0, RMS_E_BAD_ARGUMENT (the kind does not fit, or it has no address in a verified domain) or RMS_E_NOT_FOUND
 * (a dynamic list is not in the directory). why_out (may be NULL): static text for the person. */
RMS_MUST_USE int rms_directory_group_check(
    enum rms_group_kind kind, bool has_verified_address, enum rms_group_use use, const char **why_out);

enum rms_principal_kind {
    RMS_IS_PERSON, /* an account of the tenant has it as an address that authorises */
    RMS_IS_GROUP,
    RMS_IS_UNUSED,   /* an account has it, but it authorises nobody (a UPN beside proxyAddresses, say) */
    RMS_IS_UNKNOWN,  /* in a domain of the tenant, but nobody's */
    RMS_IS_EXTERNAL, /* in a domain of somebody else */
};

struct rms_principal_info {
    enum rms_principal_kind kind;
    const char *address; /* normalised: what goes into the grant; in the arena */
    const char *id;      /* account or group; NULL when unknown or external */
    const char *why;     /* static text when the call refuses */
};

/* What a name typed for a grant or scope means: an address, or the name or id of a group. Refuses as
 * rms_directory_group_check; RMS_E_NOT_FOUND for a name that is neither; RMS_E_CONFLICT for a group name that
 * several have. An address always passes unless it is such a group's. */
struct rms_principal_question {
    const char *tenant_id;
    const char *name;
    enum rms_group_use use;
};
RMS_MUST_USE int rms_directory_principal(struct rms_db *db, struct rms_arena *arena,
    const struct rms_principal_question *question, struct rms_principal_info *info_out);

#endif
