/* Secrets and permissions of applications. */
#include "store/app.h"

#include "store/sql.h"

static const struct {
    const char *name;
    unsigned bit;
} permissions[] = {
    {"Content.Writer", RMS_MAY_WRITE},
    {"Content.SuperUser", RMS_MAY_READ_ALL},
    {"Content.DelegatedReader", RMS_MAY_READ_FOR},
    {"Content.DelegatedWriter", RMS_MAY_WRITE_FOR},
};

const char *rms_permission_row(size_t i, unsigned *bit_out)
{
    if (i >= sizeof permissions / sizeof permissions[0]) {
        return NULL;
    }
    *bit_out = permissions[i].bit;
    return permissions[i].name;
}

int rms_app_permit(struct rms_db *db, const char *tenant_id, const char *account_id, unsigned bits)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, rms_sql_run_one(db, RMS_SQL_APP_PERMIT,
                                     RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(account_id), RMS_INT(bits))));
}

static int require_room(struct rms_db *db, const struct rms_app_secret *secret)
{
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_APP_SECRET_COUNT,
        RMS_VALUES(RMS_TEXT(secret->tenant_id), RMS_TEXT(secret->account_id))));
    return rms_take_int(&rows) < RMS_APP_SECRETS_MAX ? 0 : RMS_E_LIMIT;
}

static int insert(struct rms_db *db, const struct rms_app_secret *secret, const uint8_t *hash)
{
    int code = rms_sql_run(db, RMS_SQL_APP_SECRET_EXPIRE,
        RMS_VALUES(RMS_TEXT(secret->tenant_id), RMS_TEXT(secret->account_id), RMS_INT(secret->created_at)));

    RMS_TRY(code < 0 ? code : require_room(db, secret));
    return rms_sql_run_one(db, RMS_SQL_APP_SECRET_INSERT,
        RMS_VALUES(RMS_TEXT(secret->id), RMS_TEXT(secret->tenant_id), RMS_TEXT(secret->account_id),
            RMS_BLOB(rms_view_of(hash, RMS_APP_SECRET_HASH)), RMS_INT(secret->created_at),
            RMS_INT(secret->expires_at)));
}

int rms_app_secret_add(
    struct rms_db *db, const struct rms_app_secret *secret, const uint8_t hash[RMS_APP_SECRET_HASH])
{
    RMS_TRY(rms_check_id(secret->id));
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, insert(db, secret, hash));
}

static void read_secret(struct rms_rows *rows, struct rms_app_secret *secret)
{
    secret->id = rms_take_text(rows);
    secret->tenant_id = rms_take_text(rows);
    secret->account_id = rms_take_text(rows);
    secret->created_at = rms_take_int(rows);
    secret->expires_at = rms_take_int(rows);
}

int rms_app_secret_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *account_id, struct rms_app_secrets *secrets_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_app_secret);
    int code;

    *secrets_out = (struct rms_app_secrets){0};
    RMS_TRY(
        rms_rows_open(&rows, RMS_SQL_APP_SECRET_LIST, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(account_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_app_secret *secret = rms_list_add(&list);

        if (secret == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_secret(&rows, secret);
    }
    *secrets_out = (struct rms_app_secrets){list.items, list.count};
    return code;
}

int rms_app_secret_find(struct rms_db *db, struct rms_arena *arena, const uint8_t hash[RMS_APP_SECRET_HASH],
    struct rms_app_secret *secret_out)
{
    RMS_ROWS(rows, db, arena);

    *secret_out = (struct rms_app_secret){0};
    RMS_TRY(rms_rows_first(
        &rows, RMS_SQL_APP_SECRET_FIND, RMS_VALUES(RMS_BLOB(rms_view_of(hash, RMS_APP_SECRET_HASH)))));
    read_secret(&rows, secret_out);
    return rms_rows_status(&rows);
}

int rms_app_secret_remove(struct rms_db *db, const char *tenant_id, const char *account_id, const char *id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, rms_sql_run_one(db, RMS_SQL_APP_SECRET_DELETE,
                              RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(account_id), RMS_TEXT(id))));
}
