/* Groups of the embedded directory (service-requirements 2.1). Members are accounts and groups of the same
 * tenant; nesting and cycles are allowed (S-044). */
#ifndef RMS_STORE_GROUP_H
#define RMS_STORE_GROUP_H

#include "store/store.h"

enum rms_group_kind {
    RMS_GROUP_SECURITY,
    RMS_GROUP_DISTRIBUTION,
    RMS_GROUP_COLLABORATION,
    RMS_GROUP_DYNAMIC, /* a dynamic distribution list: known by name, has no members here */
};

/* "security", "distribution", "collaboration", "dynamic". */
const char *rms_group_kind_name(enum rms_group_kind kind);
RMS_MUST_USE int rms_group_kind_parse(const char *name, enum rms_group_kind *kind_out);

struct rms_group {
    const char *id; /* GUID */
    const char *tenant_id;
    const char *name;
    const char *address; /* normalised when read; NULL = not mail-enabled */
    enum rms_group_kind kind;
    int64_t created_at;
    const char *source;      /* NULL when created: RMS_SOURCE_LOCAL */
    const char *external_id; /* of the source; NULL: none */
};

struct rms_groups {
    struct rms_group *items;
    size_t count;
};

/* RMS_E_CONFLICT when the id or the address is taken; names may repeat. */
RMS_MUST_USE int rms_group_create(struct rms_db *db, const struct rms_group *group);

RMS_MUST_USE int rms_group_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *id, struct rms_group *group_out);

/* By id, address or name. RMS_E_CONFLICT when several have the name (S-018: ask for the id). */
RMS_MUST_USE int rms_group_find(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *name, struct rms_group *group_out);

/* In the order of id; page->after is an id. */
RMS_MUST_USE int rms_group_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const struct rms_page *page, struct rms_groups *groups_out);

/* In the order of ids; total_out: how many fit in all. */
RMS_MUST_USE int rms_group_search(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const struct rms_search *search, struct rms_groups *groups_out, size_t *total_out);

/* Name, address and external id become those given; all else stays. Errors as for create. */
RMS_MUST_USE int rms_group_change(struct rms_db *db, const struct rms_group *group);

/* Its memberships and a super user entry go with it. */
RMS_MUST_USE int rms_group_delete(struct rms_db *db, const char *tenant_id, const char *id);

struct rms_member {
    const char *id;
    bool is_group;
    bool missing;        /* points to nothing (S-044): skipped everywhere */
    const char *name;    /* display name, or name of the group; NULL when missing */
    const char *address; /* UPN, or address of the group; NULL when missing or not mail-enabled */
};

struct rms_members {
    struct rms_member *items;
    size_t count;
};

/* changed_out (may be NULL): false when it was a member already, or was none. RMS_E_NOT_FOUND when the group,
 * or the member to add, is not in the tenant. RMS_E_BAD_ARGUMENT for a dynamic list. member_id: account or
 * group. */
RMS_MUST_USE int rms_group_add_member(
    struct rms_db *db, const char *tenant_id, const char *id, const char *member_id, bool *changed_out);
RMS_MUST_USE int rms_group_remove_member(
    struct rms_db *db, const char *tenant_id, const char *id, const char *member_id, bool *changed_out);

/* Many at once, as a directory pushes them: all or nothing. Members to add are of the group's own source;
 * of another one, or none: RMS_E_NOT_FOUND and unknown_out. Those to remove that are none are passed over. */
struct rms_member_change {
    bool clear; /* all first */
    const char *const *add;
    size_t add_count;
    const char *const *remove;
    size_t remove_count;
};
RMS_MUST_USE int rms_group_change_members(struct rms_db *db, const struct rms_group *group,
    const struct rms_member_change *change, const char **unknown_out);

/* Direct members. */
RMS_MUST_USE int rms_group_members(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *id, struct rms_members *members_out);

/* All groups that contain the account or group, through any nesting; dynamic lists left out. One query. */
RMS_MUST_USE int rms_groups_of(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *member_id, struct rms_groups *groups_out);

/* Does membership of some directory of the tenant count for nothing, because it has not answered for too
 * long? */
RMS_MUST_USE int rms_groups_stale(struct rms_db *db, const char *tenant_id, bool *stale_out);

/* Only those he is a member of himself. */
RMS_MUST_USE int rms_groups_direct(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *member_id, struct rms_groups *groups_out);

#endif
