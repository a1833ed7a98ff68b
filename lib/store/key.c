/* Tenant keys, sealed. */
#include "store/key.h"

#include "store/sql.h"

static void read_key(struct rms_rows *rows, struct rms_key *key)
{
    key->id = rms_take_text(rows);
    key->tenant_id = rms_take_text(rows);
    key->kind = (enum rms_stored_key)rms_take_int(rows);
    key->active = rms_take_bool(rows);
    key->name = rms_take_text(rows);
    key->bits = (unsigned)rms_take_int(rows);
    key->created_at = rms_take_int(rows);
    key->public_key = rms_take_blob(rows);
    key->sealed = rms_take_blob(rows);
    key->certificate = rms_take_blob(rows);
    key->reference = rms_take_text(rows);
    key->compromised_at = rms_take_int(rows);
}

static int read_one(struct rms_rows *rows, struct rms_key *key_out)
{
    read_key(rows, key_out);
    return rms_rows_status(rows);
}

/* The former one goes first: at no moment are two active, as the index demands. */
static int make_active(struct rms_db *db, const struct rms_key *key)
{
    int code =
        rms_sql_run(db, RMS_SQL_KEY_ARCHIVE_KIND, RMS_VALUES(RMS_TEXT(key->tenant_id), RMS_INT(key->kind)));

    if (code < 0) {
        return code;
    }
    if (code > 0 && key->kind == RMS_KEY_TENANT) {
        RMS_TRY(rms_sql_run_one(db, RMS_SQL_KEY_ROLLED, RMS_VALUES(RMS_TEXT(key->tenant_id))));
    }
    return rms_sql_run_one(
        db, RMS_SQL_KEY_SET_ACTIVE, RMS_VALUES(RMS_TEXT(key->tenant_id), RMS_TEXT(key->id)));
}

static int insert(struct rms_db *db, const struct rms_key *key)
{
    int code = rms_sql_run(db, RMS_SQL_KEY_INSERT,
        RMS_VALUES(RMS_TEXT(key->id), RMS_TEXT(key->tenant_id), RMS_INT(key->kind), RMS_TEXT(key->name),
            RMS_INT(key->bits), RMS_INT(key->created_at), RMS_BLOB(key->public_key), RMS_BLOB(key->sealed),
            RMS_BLOB(key->certificate), RMS_TEXT(key->reference != NULL ? key->reference : "")));

    if (code < 0) {
        return code;
    }
    return key->active ? make_active(db, key) : 0;
}

int rms_key_add(struct rms_db *db, const struct rms_key *key)
{
    RMS_TRY(rms_check_id(key->id));
    if (key->sealed.len == 0 || (key->public_key.len == 0) != (key->kind == RMS_KEY_SECRET)) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, insert(db, key));
}

int rms_key_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *id,
    struct rms_key *key_out)
{
    RMS_ROWS(rows, db, arena);

    *key_out = (struct rms_key){0};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_KEY_GET, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    return read_one(&rows, key_out);
}

int rms_key_find(struct rms_db *db, struct rms_arena *arena, const char *id, struct rms_key *key_out)
{
    RMS_ROWS(rows, db, arena);

    *key_out = (struct rms_key){0};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_KEY_FIND, RMS_VALUES(RMS_TEXT(id))));
    return read_one(&rows, key_out);
}

int rms_key_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_keys *keys_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_key);
    int code;

    *keys_out = (struct rms_keys){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_KEY_LIST, RMS_VALUES(RMS_TEXT(tenant_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_key *key = rms_list_add(&list);

        if (key == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_key(&rows, key);
    }
    *keys_out = (struct rms_keys){list.items, list.count};
    return code;
}

int rms_key_active(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    enum rms_stored_key kind, struct rms_key *key_out)
{
    RMS_ROWS(rows, db, arena);

    *key_out = (struct rms_key){0};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_KEY_ACTIVE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_INT(kind))));
    return read_one(&rows, key_out);
}

int rms_key_due(struct rms_db *db, struct rms_arena *arena, int64_t now, struct rms_key_due *due_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, const char *);
    int code;

    *due_out = (struct rms_key_due){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_KEY_DUE, RMS_VALUES(RMS_INT(RMS_KEY_TENANT), RMS_INT(now))));
    while ((code = rms_rows_next(&rows)) > 0) {
        const char **id = rms_list_add(&list);

        if (id == NULL) {
            return RMS_E_NO_MEMORY;
        }
        *id = rms_take_text(&rows);
    }
    *due_out = (struct rms_key_due){list.items, list.count};
    return code;
}

int rms_key_by_public(
    struct rms_db *db, struct rms_arena *arena, struct rms_view public_key, struct rms_key *key_out)
{
    RMS_ROWS(rows, db, arena);

    *key_out = (struct rms_key){0};
    if (public_key.len == 0) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_KEY_BY_PUBLIC, RMS_VALUES(RMS_BLOB(public_key))));
    return read_one(&rows, key_out);
}

/* What decides about a key, without its blobs. */
static int read_state(struct rms_db *db, const char *tenant_id, const char *id, struct rms_key *key_out)
{
    RMS_ROWS(rows, db, NULL);

    *key_out = (struct rms_key){.tenant_id = tenant_id, .id = id};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_KEY_STATE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    key_out->kind = (enum rms_stored_key)rms_take_int(&rows);
    key_out->active = rms_take_bool(&rows);
    return 0;
}

static int activate(struct rms_db *db, const char *tenant_id, const char *id)
{
    struct rms_key key;

    RMS_TRY(read_state(db, tenant_id, id, &key));
    return key.active ? 0 : make_active(db, &key);
}

int rms_key_activate(struct rms_db *db, const char *tenant_id, const char *id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, activate(db, tenant_id, id));
}

static int set_blob(struct rms_db *db, enum rms_sql sql, const struct rms_key *which, struct rms_view blob)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(
        db, rms_sql_run_one(
                db, sql, RMS_VALUES(RMS_TEXT(which->tenant_id), RMS_TEXT(which->id), RMS_BLOB(blob))));
}

int rms_key_set_certificate(
    struct rms_db *db, const char *tenant_id, const char *id, struct rms_view certificate)
{
    const struct rms_key which = {.tenant_id = tenant_id, .id = id};

    return set_blob(db, RMS_SQL_KEY_SET_CERTIFICATE, &which, certificate);
}

int rms_key_set_sealed(struct rms_db *db, const char *tenant_id, const char *id, struct rms_view sealed)
{
    const struct rms_key which = {.tenant_id = tenant_id, .id = id};

    return sealed.len > 0 ? set_blob(db, RMS_SQL_KEY_SET_SEALED, &which, sealed) : RMS_E_BAD_ARGUMENT;
}

int rms_key_rename(struct rms_db *db, const struct rms_key *key)
{
    if (key->certificate.len == 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, rms_sql_run_one(db, RMS_SQL_KEY_RENAME,
                                     RMS_VALUES(RMS_TEXT(key->tenant_id), RMS_TEXT(key->id),
                                         RMS_TEXT(key->name), RMS_BLOB(key->certificate))));
}

int rms_key_move(struct rms_db *db, const struct rms_key *key)
{
    if (key->sealed.len == 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, rms_sql_run_one(db, RMS_SQL_KEY_MOVE,
                                     RMS_VALUES(RMS_TEXT(key->tenant_id), RMS_TEXT(key->id),
                                         RMS_BLOB(key->sealed), RMS_TEXT(key->reference))));
}

int rms_key_set_compromised(struct rms_db *db, const char *tenant_id, const char *id, int64_t time)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, rms_sql_run_one(db, RMS_SQL_KEY_COMPROMISED,
                                     RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id), RMS_INT(time))));
}

int rms_key_documents(struct rms_db *db, const struct rms_key *key, struct rms_key_documents *count_out)
{
    RMS_ROWS(rows, db, NULL);

    *count_out = (struct rms_key_documents){0};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_KEY_DOCUMENTS,
        RMS_VALUES(RMS_TEXT(key->tenant_id), RMS_TEXT(key->id), RMS_INT(key->created_at))));
    count_out->seen = rms_take_int(&rows);
    count_out->unseen = rms_take_int(&rows);
    return rms_rows_status(&rows);
}

static int remove_key(struct rms_db *db, const char *tenant_id, const char *id)
{
    struct rms_key key;

    RMS_TRY(read_state(db, tenant_id, id, &key));
    if (key.active) {
        return RMS_E_CONFLICT;
    }
    return rms_sql_run_one(db, RMS_SQL_KEY_DELETE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id)));
}

int rms_key_remove(struct rms_db *db, const char *tenant_id, const char *id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, remove_key(db, tenant_id, id));
}
