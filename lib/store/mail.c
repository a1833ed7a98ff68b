/* Mail to send. */
#include "store/mail.h"

#include "store/sql.h"

int rms_mail_put(struct rms_db *db, const struct rms_mail *mail)
{
    char id[RMS_GUID_TEXT];
    int code;

    rms_guid_new(id);
    code = rms_sql_run(db, RMS_SQL_MAIL_PUT,
        RMS_VALUES(RMS_TEXT(id), RMS_TEXT(mail->tenant_id), RMS_TEXT(mail->kind), RMS_TEXT(mail->recipient),
            RMS_TEXT(mail->ref), RMS_INT(mail->next_at), RMS_INT(mail->give_up_at)));
    return code < 0 ? code : 0;
}

static void read_mail(struct rms_rows *rows, struct rms_mail *mail)
{
    mail->id = rms_take_text(rows);
    mail->tenant_id = rms_take_text(rows);
    mail->kind = rms_take_text(rows);
    mail->recipient = rms_take_text(rows);
    mail->ref = rms_take_text(rows);
    mail->next_at = rms_take_int(rows);
    mail->give_up_at = rms_take_int(rows);
    mail->attempts = rms_take_int(rows);
    mail->sent_at = rms_take_int(rows);
    mail->sent_count = rms_take_int(rows);
    mail->pause_s = rms_take_int(rows);
}

static int next(struct rms_db *db, struct rms_arena *arena, int64_t now, struct rms_mail *mail_out)
{
    RMS_ROWS(rows, db, arena);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_MAIL_NEXT, RMS_VALUES(RMS_INT(now))));
    read_mail(&rows, mail_out);
    return rms_rows_status(&rows);
}

/* Somebody may have been faster: next_at tells. */
int rms_mail_claim(
    struct rms_db *db, struct rms_arena *arena, int64_t now, int64_t until, struct rms_mail *mail_out)
{
    int code = 0;

    while (code == 0) {
        RMS_TRY(next(db, arena, now, mail_out));
        code = rms_sql_run(db, RMS_SQL_MAIL_CLAIM,
            RMS_VALUES(RMS_TEXT(mail_out->id), RMS_INT(mail_out->next_at), RMS_INT(until)));
    }
    mail_out->attempts++;
    return code < 0 ? code : 0;
}

int rms_mail_later(struct rms_db *db, const char *id, int64_t next_at)
{
    return rms_sql_run_one(db, RMS_SQL_MAIL_LATER, RMS_VALUES(RMS_TEXT(id), RMS_INT(next_at)));
}

int rms_mail_settle(struct rms_db *db, const char *id, const struct rms_mail_pace *pace)
{
    return rms_sql_run_one(db, RMS_SQL_MAIL_SETTLE,
        RMS_VALUES(RMS_TEXT(id), RMS_INT(pace->waiting), RMS_INT(pace->next_at), RMS_INT(pace->give_up_at),
            RMS_INT(pace->pause_s), RMS_INT(pace->sent), RMS_INT(pace->now)));
}

int rms_mail_remove(struct rms_db *db, const char *id)
{
    int code = rms_sql_run(db, RMS_SQL_MAIL_DELETE, RMS_VALUES(RMS_TEXT(id)));

    return code < 0 ? code : 0;
}

int rms_mail_lock(struct rms_db *db, const char *id)
{
    return rms_sql_run_one(db, RMS_SQL_MAIL_LOCK, RMS_VALUES(RMS_TEXT(id)));
}

int rms_mail_count(struct rms_db *db, const char *tenant_id, const char *kind, int64_t *count_out)
{
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_MAIL_COUNT, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(kind))));
    *count_out = rms_take_int(&rows);
    return rms_rows_status(&rows);
}

int rms_mail_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_mails *list_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_mail);
    int code;

    *list_out = (struct rms_mails){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_MAIL_LIST, RMS_VALUES(RMS_TEXT(tenant_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_mail *mail = rms_list_add(&list);

        if (mail == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_mail(&rows, mail);
    }
    *list_out = (struct rms_mails){list.items, list.count};
    return code;
}

int rms_mail_sweep(struct rms_db *db, int64_t before)
{
    int code = rms_sql_run(db, RMS_SQL_MAIL_SWEEP, RMS_VALUES(RMS_INT(before)));

    return code < 0 ? code : 0;
}
