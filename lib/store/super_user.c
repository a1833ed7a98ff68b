/* Super users of a tenant: the switch, the entries, the group (service-requirements section 7). */
#include "base/text.h"
#include "store/sql.h"
#include "store/tenant.h"

static int enable(struct rms_db *db, const char *tenant_id, bool enabled, bool *changed_out)
{
    int changed;

    RMS_TRY(rms_tenant_require(db, tenant_id));
    changed = rms_sql_run(db, RMS_SQL_SUPER_ENABLE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_INT(enabled)));
    *changed_out = changed > 0;
    return changed < 0 ? changed : 0;
}

int rms_super_users_enable(struct rms_db *db, const char *tenant_id, bool enabled, bool *changed_out)
{
    *changed_out = false;
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, enable(db, tenant_id, enabled, changed_out));
}

int rms_super_user_add(struct rms_db *db, const char *tenant_id, const struct rms_super_user *entry)
{
    char address[RMS_ADDRESS_MAX];
    int code;

    RMS_TRY(rms_address_normalise(entry->address, address));
    RMS_TRY(rms_db_begin(db));
    /* one that has ended makes room for its successor */
    code = rms_sql_run(db, RMS_SQL_SUPER_ENDED,
        RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(address), RMS_INT(entry->added_at)));
    if (code >= 0) {
        code = rms_sql_run_one(db, RMS_SQL_SUPER_INSERT,
            RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(address), RMS_TEXT(entry->account_id),
                RMS_INT(entry->added_at), RMS_INT(entry->ends_at), RMS_TEXT(entry->reason),
                RMS_TEXT(entry->added_by)));
    }
    return rms_db_end_change(db, code);
}

int rms_super_user_remove(struct rms_db *db, const char *tenant_id, const char *address)
{
    char normal[RMS_ADDRESS_MAX];

    if (rms_address_normalise(address, normal) < 0) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(
        db, rms_sql_run_one(db, RMS_SQL_SUPER_DELETE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(normal))));
}

int rms_super_user_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_super_users *list_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_super_user);
    int code;

    *list_out = (struct rms_super_users){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_SUPER_LIST, RMS_VALUES(RMS_TEXT(tenant_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_super_user *entry = rms_list_add(&list);

        if (entry == NULL) {
            return RMS_E_NO_MEMORY;
        }
        entry->address = rms_take_text(&rows);
        entry->account_id = rms_take_text(&rows);
        entry->added_at = rms_take_int(&rows);
        entry->ends_at = rms_take_int(&rows);
        entry->reason = rms_take_text(&rows);
        entry->added_by = rms_take_text(&rows);
    }
    *list_out = (struct rms_super_users){list.items, list.count};
    return code;
}

static int set_group(struct rms_db *db, const char *tenant_id, const char *group_id)
{
    if (group_id != NULL) {
        RMS_TRY(rms_group_require(db, tenant_id, group_id));
    }
    return rms_sql_run_one(db, RMS_SQL_SUPER_SET_GROUP, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(group_id)));
}

int rms_super_user_set_group(struct rms_db *db, const char *tenant_id, const char *group_id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, set_group(db, tenant_id, group_id));
}

int rms_super_user_until(struct rms_db *db, const char *tenant_id, const char *account_id, int64_t *until_out)
{
    RMS_ROWS(rows, db, NULL);
    int code;

    *until_out = 0;
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_SUPER_UNTIL, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(account_id))));
    code = rms_rows_next(&rows);
    if (code > 0) {
        *until_out = rms_take_int(&rows);
    }
    return code < 0 ? code : 0;
}
