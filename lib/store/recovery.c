/* Requests for recovery, and what became of them. */
#include "store/recovery.h"

#include "store/sql.h"
#include "store/tenant.h"

static void read_row(struct rms_rows *rows, struct rms_recovery *recovery)
{
    recovery->id = rms_take_text(rows);
    recovery->tenant_id = rms_take_text(rows);
    recovery->account_id = rms_take_text(rows);
    recovery->address = rms_take_text(rows);
    recovery->asked_account = rms_take_text(rows);
    recovery->asked_by = rms_take_text(rows);
    recovery->asked_at = rms_take_int(rows);
    recovery->reason = rms_take_text(rows);
    recovery->ticket = rms_take_text(rows);
    recovery->owner = rms_take_text(rows);
    recovery->content_id = rms_take_text(rows);
    recovery->issuer = rms_take_text(rows);
    recovery->hours = rms_take_int(rows);
    recovery->recipient = rms_take_text(rows);
    recovery->state = rms_take_text(rows);
    recovery->decided_by = rms_take_text(rows);
    recovery->decided_at = rms_take_int(rows);
    recovery->ends_at = rms_take_int(rows);
}

static int read_list(struct rms_rows *rows, struct rms_recoveries *list_out)
{
    struct rms_list list = RMS_LIST(rows->arena, struct rms_recovery);
    int code;

    while ((code = rms_rows_next(rows)) > 0) {
        struct rms_recovery *recovery = rms_list_add(&list);

        if (recovery == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_row(rows, recovery);
    }
    *list_out = (struct rms_recoveries){list.items, list.count};
    return code;
}

int rms_recovery_ask(struct rms_db *db, const struct rms_recovery *r)
{
    RMS_TRY(rms_tenant_require(db, r->tenant_id));
    return rms_sql_run_one(db, RMS_SQL_RECOVERY_INSERT,
        RMS_VALUES(RMS_TEXT(r->id), RMS_TEXT(r->tenant_id), RMS_TEXT(r->account_id), RMS_TEXT(r->address),
            RMS_TEXT(r->asked_account), RMS_TEXT(r->asked_by), RMS_INT(r->asked_at), RMS_TEXT(r->reason),
            RMS_TEXT(r->ticket), RMS_TEXT(r->owner), RMS_TEXT(r->content_id), RMS_TEXT(r->issuer),
            RMS_INT(r->hours), RMS_TEXT(r->recipient)));
}

int rms_recovery_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *id,
    struct rms_recovery *recovery_out)
{
    RMS_ROWS(rows, db, arena);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_RECOVERY_GET, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    read_row(&rows, recovery_out);
    return rms_rows_status(&rows);
}

int rms_recovery_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *state,
    struct rms_recoveries *list_out)
{
    RMS_ROWS(rows, db, arena);

    *list_out = (struct rms_recoveries){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_RECOVERY_LIST, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(state))));
    return read_list(&rows, list_out);
}

int rms_export_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_recoveries *list_out)
{
    RMS_ROWS(rows, db, arena);

    *list_out = (struct rms_recoveries){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_EXPORT_LIST, RMS_VALUES(RMS_TEXT(tenant_id))));
    return read_list(&rows, list_out);
}

int rms_recovery_due(struct rms_db *db, struct rms_arena *arena, int64_t now, struct rms_recoveries *list_out)
{
    RMS_ROWS(rows, db, arena);

    *list_out = (struct rms_recoveries){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_RECOVERY_DUE, RMS_VALUES(RMS_INT(now))));
    return read_list(&rows, list_out);
}

int rms_recovery_change(
    struct rms_db *db, const char *tenant_id, const char *id, const struct rms_recovery_step *step)
{
    int code;

    RMS_TRY(rms_db_begin(db));
    code = rms_sql_run_one(db, RMS_SQL_RECOVERY_CHANGE,
        RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id), RMS_TEXT(step->from), RMS_TEXT(step->to),
            RMS_TEXT(step->by), RMS_INT(step->at), RMS_INT(step->ends_at)));
    return rms_db_end_change(db, code == RMS_E_NOT_FOUND ? RMS_E_CONFLICT : code);
}

static int require(struct rms_db *db, const char *tenant_id, bool four_eyes, bool *changed_out)
{
    int code;
    bool off;

    RMS_TRY(rms_tenant_require(db, tenant_id));
    code = rms_sql_run(db, RMS_SQL_RECOVERY_REQUIRE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_INT(four_eyes)));
    *changed_out = code > 0;
    if (code < 0) {
        return code;
    }
    return four_eyes ? rms_super_users_enable(db, tenant_id, false, &off) : 0;
}

int rms_recovery_require(struct rms_db *db, const char *tenant_id, bool four_eyes, bool *changed_out)
{
    *changed_out = false;
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, require(db, tenant_id, four_eyes, changed_out));
}
