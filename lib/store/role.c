#include "store/role.h"

#include "base/text.h"
#include "store/group.h"
#include "store/sql.h"

static const char *const names[RMS_ROLE_COUNT] = {
    [RMS_ROLE_GLOBAL] = "GlobalAdministrator",
    [RMS_ROLE_CONNECTOR] = "ConnectorAdministrator",
    [RMS_ROLE_PROTECTION] = "ProtectionAdministrator",
    [RMS_ROLE_READER] = "Reader",
};

const char *rms_role_name(enum rms_role role)
{
    return role < RMS_ROLE_COUNT ? names[role] : "";
}

int rms_role_parse(const char *name, enum rms_role *role_out)
{
    for (unsigned i = 0; i < RMS_ROLE_COUNT; i++) {
        if (rms_text_equal_nocase(name, names[i])) {
            *role_out = (enum rms_role)i;
            return 0;
        }
    }
    return RMS_E_BAD_ARGUMENT;
}

/* --- members ---------------------------------------------------------------------------------------------
 */

int rms_role_add(struct rms_db *db, const char *tenant_id, const struct rms_role_member *member)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(
        db, rms_sql_run_one(db, RMS_SQL_ROLE_INSERT,
                RMS_VALUES(RMS_TEXT(tenant_id), RMS_INT(member->role), RMS_TEXT(member->id),
                    RMS_INT(member->is_group), RMS_INT(member->added_at), RMS_TEXT(member->added_by))));
}

static int require_another(struct rms_db *db, const char *tenant_id, const char *member_id)
{
    RMS_ROWS(rows, db, NULL);
    int code = rms_rows_first(&rows, RMS_SQL_ROLE_OTHERS,
        RMS_VALUES(RMS_TEXT(tenant_id), RMS_INT(RMS_ROLE_GLOBAL), RMS_TEXT(member_id)));

    return code == RMS_E_NOT_FOUND ? RMS_E_CONFLICT : code;
}

static int remove_member(struct rms_db *db, const char *tenant_id, enum rms_role role, const char *member_id)
{
    RMS_TRY(rms_sql_run_one(
        db, RMS_SQL_ROLE_DELETE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_INT(role), RMS_TEXT(member_id))));
    return role == RMS_ROLE_GLOBAL ? require_another(db, tenant_id, member_id) : 0;
}

int rms_role_remove(struct rms_db *db, const char *tenant_id, enum rms_role role, const char *member_id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, remove_member(db, tenant_id, role, member_id));
}

int rms_role_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_role_members *members_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_role_member);
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_ROLE_LIST, RMS_VALUES(RMS_TEXT(tenant_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_role_member *member = rms_list_add(&list);

        if (member == NULL) {
            return RMS_E_NO_MEMORY;
        }
        member->role = (enum rms_role)rms_take_int(&rows);
        member->id = rms_take_text(&rows);
        member->is_group = rms_take_bool(&rows);
        member->added_at = rms_take_int(&rows);
        member->added_by = rms_take_text(&rows);
        member->name = rms_take_text(&rows);
        member->address = rms_take_text(&rows);
    }
    *members_out = (struct rms_role_members){list.items, list.count};
    return code;
}

static bool is_member(
    const struct rms_role_member *member, const char *account_id, const struct rms_groups *groups)
{
    if (!member->is_group) {
        return strcmp(member->id, account_id) == 0;
    }
    for (size_t i = 0; i < groups->count; i++) {
        if (strcmp(groups->items[i].id, member->id) == 0) {
            return true;
        }
    }
    return false;
}

int rms_roles_of(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *account_id,
    unsigned *roles_out)
{
    struct rms_role_members members;
    struct rms_groups groups = {0};

    *roles_out = 0;
    RMS_TRY(rms_role_list(db, arena, tenant_id, &members));
    if (members.count > 0) {
        RMS_TRY(rms_groups_of(db, arena, tenant_id, account_id, &groups));
    }
    for (size_t i = 0; i < members.count; i++) {
        if (members.items[i].role < RMS_ROLE_COUNT && is_member(&members.items[i], account_id, &groups)) {
            *roles_out |= 1u << members.items[i].role;
        }
    }
    return 0;
}

/* --- sessions --------------------------------------------------------------------------------------------
 */

#define HASH(session) RMS_BLOB(rms_view_of((session)->hash, sizeof(session)->hash))

static int begin(struct rms_db *db, const struct rms_admin_session *session, int64_t now)
{
    int code = rms_sql_run(
        db, RMS_SQL_ADMIN_SESSION_SWEEP, RMS_VALUES(RMS_INT(now - RMS_ADMIN_IDLE_S), RMS_INT(now)));

    if (code < 0) {
        return code;
    }
    return rms_sql_run_one(db, RMS_SQL_ADMIN_SESSION_INSERT,
        RMS_VALUES(HASH(session), RMS_TEXT(session->tenant_id), RMS_TEXT(session->account_id), RMS_INT(now),
            RMS_INT(now + RMS_ADMIN_LONGEST_S)));
}

int rms_admin_session_begin(struct rms_db *db, const struct rms_admin_session *session, int64_t now)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, begin(db, session, now));
}

int rms_admin_session_use(struct rms_db *db, const struct rms_admin_session *session, int64_t now)
{
    RMS_TRY(rms_db_begin(db));
    int code = rms_db_end(
        db, rms_sql_run_one(db, RMS_SQL_ADMIN_SESSION_USE,
                RMS_VALUES(HASH(session), RMS_TEXT(session->tenant_id), RMS_TEXT(session->account_id),
                    RMS_INT(now), RMS_INT(now - RMS_ADMIN_IDLE_S))));

    return code == RMS_E_NOT_FOUND ? RMS_E_NOT_AUTHENTICATED : code;
}

int rms_admin_session_end(struct rms_db *db, const struct rms_admin_session *session)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(
        db, rms_sql_run_one(db, RMS_SQL_ADMIN_SESSION_DELETE,
                RMS_VALUES(HASH(session), RMS_TEXT(session->tenant_id), RMS_TEXT(session->account_id))));
}
