/* Names in a tenant and who owns them: one name never means two people or groups. */
#include "store/sql.h"

int rms_names_set(
    struct rms_db *db, const struct rms_name_owner *owner, const char *const *names, size_t count)
{
    int code =
        rms_sql_run(db, RMS_SQL_NAME_CLEAR, RMS_VALUES(RMS_TEXT(owner->tenant_id), RMS_TEXT(owner->id)));

    for (size_t i = 0; code >= 0 && i < count; i++) {
        code = rms_sql_run(db, RMS_SQL_NAME_INSERT,
            RMS_VALUES(RMS_TEXT(owner->tenant_id), RMS_TEXT(names[i]), RMS_TEXT(owner->id),
                RMS_INT(owner->is_group)));
    }
    return code < 0 ? code : 0;
}

int rms_names_find(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *name,
    struct rms_name_owner *owner_out)
{
    RMS_ROWS(rows, db, arena);

    *owner_out = (struct rms_name_owner){.tenant_id = tenant_id};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_NAME_FIND, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(name))));
    owner_out->id = rms_take_text(&rows);
    owner_out->is_group = rms_take_bool(&rows);
    return rms_rows_status(&rows);
}
