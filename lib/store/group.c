/* Groups, their members, and which groups somebody is in. */
#include "store/group.h"

#include "base/text.h"
#include "store/sql.h"

static const char *const kind_names[] = {
    [RMS_GROUP_SECURITY] = "security",
    [RMS_GROUP_DISTRIBUTION] = "distribution",
    [RMS_GROUP_COLLABORATION] = "collaboration",
    [RMS_GROUP_DYNAMIC] = "dynamic",
};

#define KINDS (sizeof kind_names / sizeof kind_names[0])

const char *rms_group_kind_name(enum rms_group_kind kind)
{
    return (size_t)kind < KINDS ? kind_names[kind] : "";
}

int rms_group_kind_parse(const char *name, enum rms_group_kind *kind_out)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (rms_text_equal_nocase(name, kind_names[i])) {
            *kind_out = (enum rms_group_kind)i;
            return 0;
        }
    }
    return RMS_E_BAD_ARGUMENT;
}

static int insert(struct rms_db *db, const struct rms_group *group, const char *address)
{
    const struct rms_name_owner owner = {group->tenant_id, group->id, true};
    int code = rms_sql_run(db, RMS_SQL_GROUP_INSERT,
        RMS_VALUES(RMS_TEXT(group->id), RMS_TEXT(group->tenant_id), RMS_TEXT(group->name), RMS_TEXT(address),
            RMS_INT(group->kind), RMS_INT(group->created_at),
            RMS_TEXT(group->source != NULL ? group->source : RMS_SOURCE_LOCAL),
            RMS_TEXT(group->external_id)));

    return code < 0 ? code : rms_names_set(db, &owner, &address, address != NULL ? 1 : 0);
}

/* address: the normalised one, when there is one. */
static int check_group(const struct rms_group *group, char address[RMS_ADDRESS_MAX])
{
    bool named =
        group->name != NULL && group->name[0] != '\0' && rms_text_printable(rms_view_str(group->name));

    RMS_TRY(rms_check_id(group->id));
    if (!named || (size_t)group->kind >= KINDS) {
        return RMS_E_BAD_ARGUMENT;
    }
    return group->address != NULL ? rms_address_normalise(group->address, address) : 0;
}

int rms_group_create(struct rms_db *db, const struct rms_group *group)
{
    char address[RMS_ADDRESS_MAX];

    RMS_TRY(check_group(group, address));
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, insert(db, group, group->address != NULL ? address : NULL));
}

static void read_group(struct rms_rows *rows, struct rms_group *group)
{
    group->id = rms_take_text(rows);
    group->tenant_id = rms_take_text(rows);
    group->name = rms_take_text(rows);
    group->address = rms_take_text(rows);
    group->kind = (enum rms_group_kind)rms_take_int(rows);
    group->created_at = rms_take_int(rows);
    group->source = rms_take_text(rows);
    group->external_id = rms_take_text(rows);
}

int rms_group_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *id,
    struct rms_group *group_out)
{
    RMS_ROWS(rows, db, arena);

    *group_out = (struct rms_group){0};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_GROUP_GET, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    read_group(&rows, group_out);
    return rms_rows_status(&rows);
}

int rms_group_require(struct rms_db *db, const char *tenant_id, const char *id)
{
    RMS_ROWS(rows, db, NULL);

    return rms_rows_first(&rows, RMS_SQL_GROUP_GET, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id)));
}

static int by_name(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *name,
    struct rms_group *group_out)
{
    RMS_ROWS(rows, db, arena);
    int code;

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_GROUP_BY_NAME, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(name))));
    read_group(&rows, group_out);
    code = rms_rows_next(&rows);
    return code > 0 ? RMS_E_CONFLICT : code;
}

int rms_group_find(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *name,
    struct rms_group *group_out)
{
    char text[RMS_ADDRESS_MAX];
    struct rms_name_owner owner;
    int code;

    *group_out = (struct rms_group){0};
    if (rms_guid_parse(rms_view_str(name), text) == 0) {
        return rms_group_get(db, arena, tenant_id, text, group_out);
    }
    if (rms_address_normalise(name, text) == 0) {
        code = rms_names_find(db, arena, tenant_id, text, &owner);
        if (code < 0 && code != RMS_E_NOT_FOUND) {
            return code;
        }
        if (code == 0 && owner.is_group) {
            return rms_group_get(db, arena, tenant_id, owner.id, group_out);
        }
    }
    return by_name(db, arena, tenant_id, name, group_out);
}

static int read_groups(struct rms_rows *rows, struct rms_groups *groups_out)
{
    struct rms_list list = RMS_LIST(rows->arena, struct rms_group);
    int code;

    while ((code = rms_rows_next(rows)) > 0) {
        struct rms_group *group = rms_list_add(&list);

        if (group == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_group(rows, group);
    }
    *groups_out = (struct rms_groups){list.items, list.count};
    return code;
}

int rms_group_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const struct rms_page *page, struct rms_groups *groups_out)
{
    RMS_ROWS(rows, db, arena);
    const char *after = page != NULL && page->after != NULL ? page->after : "";
    int64_t limit = page != NULL && page->limit > 0 ? (int64_t)page->limit : INT64_MAX;

    *groups_out = (struct rms_groups){0};
    RMS_TRY(rms_rows_open(
        &rows, RMS_SQL_GROUP_LIST, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(after), RMS_INT(limit))));
    return read_groups(&rows, groups_out);
}

static const enum rms_sql searches[RMS_SEARCHES] = {
    [RMS_SEARCH_ALL] = RMS_SQL_GROUP_SEARCH_ALL,
    [RMS_SEARCH_ID] = RMS_SQL_GROUP_SEARCH_ID,
    [RMS_SEARCH_EXTERNAL] = RMS_SQL_GROUP_SEARCH_EXTERNAL,
    [RMS_SEARCH_NAME] = RMS_SQL_GROUP_SEARCH_NAME,
    [RMS_SEARCH_ADDRESS] = RMS_SQL_GROUP_SEARCH_ADDRESS,
    [RMS_SEARCH_MEMBER] = RMS_SQL_GROUP_SEARCH_MEMBER,
};

static int read_found(struct rms_db *db, const char *tenant_id, const struct rms_search *search,
    struct rms_list *list, size_t *total_out)
{
    RMS_ROWS(rows, db, list->arena);
    int code;

    RMS_TRY(rms_rows_open(&rows, searches[search->by],
        RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(search->source), RMS_TEXT(search->value),
            RMS_INT((int64_t)search->limit), RMS_INT((int64_t)search->offset))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_group *group = rms_list_add(list);

        if (group == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_group(&rows, group);
        *total_out = (size_t)rms_take_int(&rows);
    }
    return code;
}

int rms_group_search(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const struct rms_search *search, struct rms_groups *groups_out, size_t *total_out)
{
    struct rms_list list = RMS_LIST(arena, struct rms_group);

    *groups_out = (struct rms_groups){0};
    *total_out = 0;
    if (search->by == RMS_SEARCH_UPN) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(read_found(db, tenant_id, search, &list, total_out));
    if (list.count == 0 && (search->offset > 0 || search->limit == 0)) { /* the total still counts */
        struct rms_search first = *search;
        struct rms_list one = RMS_LIST(arena, struct rms_group);

        first.offset = 0;
        first.limit = 1;
        RMS_TRY(read_found(db, tenant_id, &first, &one, total_out));
    }
    *groups_out = (struct rms_groups){list.items, list.count};
    return 0;
}

static int update(struct rms_db *db, const struct rms_group *group, const char *address)
{
    const struct rms_name_owner owner = {group->tenant_id, group->id, true};

    RMS_TRY(rms_sql_run_one(db, RMS_SQL_GROUP_UPDATE,
        RMS_VALUES(RMS_TEXT(group->tenant_id), RMS_TEXT(group->id), RMS_TEXT(group->name), RMS_TEXT(address),
            RMS_TEXT(group->external_id))));
    return rms_names_set(db, &owner, &address, address != NULL ? 1 : 0);
}

int rms_group_change(struct rms_db *db, const struct rms_group *group)
{
    char address[RMS_ADDRESS_MAX];

    RMS_TRY(check_group(group, address));
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, update(db, group, group->address != NULL ? address : NULL));
}

static int remove_group(struct rms_db *db, const char *tenant_id, const char *id)
{
    const struct rms_name_owner owner = {tenant_id, id, true};
    int code;

    RMS_TRY(rms_sql_run_one(db, RMS_SQL_GROUP_DELETE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    code = rms_sql_run(db, RMS_SQL_MEMBER_DROP, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id)));
    if (code >= 0) {
        code = rms_sql_run(db, RMS_SQL_ENTRY_DROP, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id)));
    }
    if (code >= 0) {
        code = rms_sql_run(db, RMS_SQL_SUPER_DROP_GROUP, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id)));
    }
    if (code >= 0) {
        code = rms_sql_run(db, RMS_SQL_NO_TRACK_DROP_GROUP, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id)));
    }
    if (code >= 0) {
        code = rms_sql_run(db, RMS_SQL_ROLE_DROP, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id)));
    }
    return code < 0 ? code : rms_names_set(db, &owner, NULL, 0);
}

int rms_group_delete(struct rms_db *db, const char *tenant_id, const char *id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, remove_group(db, tenant_id, id));
}

/* Which of the two is it? */
static int member_is_group(
    struct rms_db *db, const char *tenant_id, const char *member_id, bool *is_group_out)
{
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_MEMBER_KIND, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(member_id))));
    *is_group_out = rms_take_bool(&rows);
    return 0;
}

/* A dynamic list's members are computed elsewhere; what was entered here would not be true. */
static int require_fixed(struct rms_db *db, const char *tenant_id, const char *id)
{
    RMS_ROWS(rows, db, NULL);
    struct rms_group group;

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_GROUP_GET, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    read_group(&rows, &group);
    return group.kind == RMS_GROUP_DYNAMIC ? RMS_E_BAD_ARGUMENT : 0;
}

static int add_member(struct rms_db *db, const char *tenant_id, const char *id, const char *member_id)
{
    bool is_group = false;

    RMS_TRY(require_fixed(db, tenant_id, id));
    RMS_TRY(member_is_group(db, tenant_id, member_id, &is_group));
    return rms_sql_run(db, RMS_SQL_MEMBER_INSERT,
        RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id), RMS_TEXT(member_id), RMS_INT(is_group)));
}

static int end_membership(struct rms_db *db, int changed, bool *changed_out)
{
    int code = rms_db_end_change(db, changed);

    if (changed_out != NULL) {
        *changed_out = code > 0;
    }
    return code < 0 ? code : 0;
}

int rms_group_add_member(
    struct rms_db *db, const char *tenant_id, const char *id, const char *member_id, bool *changed_out)
{
    RMS_TRY(rms_db_begin(db));
    return end_membership(db, add_member(db, tenant_id, id, member_id), changed_out);
}

static int remove_member(struct rms_db *db, const char *tenant_id, const char *id, const char *member_id)
{
    RMS_TRY(rms_group_require(db, tenant_id, id));
    return rms_sql_run(
        db, RMS_SQL_MEMBER_DELETE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id), RMS_TEXT(member_id)));
}

int rms_group_remove_member(
    struct rms_db *db, const char *tenant_id, const char *id, const char *member_id, bool *changed_out)
{
    RMS_TRY(rms_db_begin(db));
    return end_membership(db, remove_member(db, tenant_id, id, member_id), changed_out);
}

/* Who is there already is passed over; who is nobody of this source is an error. */
static int add_from(struct rms_db *db, const struct rms_group *group, const char *member_id)
{
    RMS_ROWS(rows, db, NULL);
    int added = rms_sql_run(db, RMS_SQL_MEMBER_INSERT_FROM,
        RMS_VALUES(
            RMS_TEXT(group->tenant_id), RMS_TEXT(group->id), RMS_TEXT(member_id), RMS_TEXT(group->source)));

    if (added != 0) {
        return added < 0 ? added : 0;
    }
    return rms_rows_first(&rows, RMS_SQL_MEMBER_FROM,
        RMS_VALUES(RMS_TEXT(group->tenant_id), RMS_TEXT(member_id), RMS_TEXT(group->source)));
}

static int change_members(struct rms_db *db, const struct rms_group *group,
    const struct rms_member_change *change, const char **unknown_out)
{
    int code = require_fixed(db, group->tenant_id, group->id);

    if (code == 0 && change->clear) {
        code = rms_sql_run(
            db, RMS_SQL_MEMBER_CLEAR, RMS_VALUES(RMS_TEXT(group->tenant_id), RMS_TEXT(group->id)));
    }
    for (size_t i = 0; code >= 0 && i < change->remove_count; i++) {
        code = rms_sql_run(db, RMS_SQL_MEMBER_DELETE,
            RMS_VALUES(RMS_TEXT(group->tenant_id), RMS_TEXT(group->id), RMS_TEXT(change->remove[i])));
    }
    for (size_t i = 0; code >= 0 && i < change->add_count; i++) {
        code = add_from(db, group, change->add[i]);
        *unknown_out = code == RMS_E_NOT_FOUND ? change->add[i] : NULL;
    }
    return code < 0 ? code : 0;
}

int rms_group_change_members(struct rms_db *db, const struct rms_group *group,
    const struct rms_member_change *change, const char **unknown_out)
{
    *unknown_out = NULL;
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, change_members(db, group, change, unknown_out));
}

static int list_members(struct rms_rows *rows, struct rms_members *members_out)
{
    struct rms_list list = RMS_LIST(rows->arena, struct rms_member);
    int code;

    while ((code = rms_rows_next(rows)) > 0) {
        struct rms_member *member = rms_list_add(&list);

        if (member == NULL) {
            return RMS_E_NO_MEMORY;
        }
        member->id = rms_take_text(rows);
        member->is_group = rms_take_bool(rows);
        member->missing = rms_take_bool(rows);
        member->name = rms_take_text(rows);
        member->address = rms_take_text(rows);
    }
    *members_out = (struct rms_members){list.items, list.count};
    return code;
}

int rms_group_members(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *id,
    struct rms_members *members_out)
{
    RMS_ROWS(rows, db, arena);

    *members_out = (struct rms_members){0};
    RMS_TRY(rms_group_require(db, tenant_id, id));
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_MEMBER_LIST, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    return list_members(&rows, members_out);
}

static int groups_by(struct rms_db *db, struct rms_arena *arena, enum rms_sql statement,
    const char *const ids[2], struct rms_groups *groups_out)
{
    RMS_ROWS(rows, db, arena);

    *groups_out = (struct rms_groups){0};
    RMS_TRY(rms_rows_open(&rows, statement, RMS_VALUES(RMS_TEXT(ids[0]), RMS_TEXT(ids[1]))));
    return read_groups(&rows, groups_out);
}

int rms_groups_of(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *member_id,
    struct rms_groups *groups_out)
{
    return groups_by(db, arena, RMS_SQL_GROUPS_OF, (const char *const[]){tenant_id, member_id}, groups_out);
}

int rms_groups_stale(struct rms_db *db, const char *tenant_id, bool *stale_out)
{
    RMS_ROWS(rows, db, NULL);
    int code;

    *stale_out = false;
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_GROUPS_STALE, RMS_VALUES(RMS_TEXT(tenant_id))));
    code = rms_rows_next(&rows);
    *stale_out = code > 0;
    return code < 0 ? code : 0;
}

int rms_groups_direct(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *member_id, struct rms_groups *groups_out)
{
    return groups_by(
        db, arena, RMS_SQL_GROUPS_DIRECT, (const char *const[]){tenant_id, member_id}, groups_out);
}
