/* Directories outside, and whose entry is who. */
#include "store/source.h"

#include "base/text.h"
#include "store/sql.h"

/* --- sources ----------------------------------------------------------------------------------------- */

int rms_source_add(struct rms_db *db, const struct rms_source *source)
{
    RMS_TRY(rms_check_id(source->id));
    if (source->name == NULL || source->name[0] == '\0' || !rms_text_printable(rms_view_str(source->name))) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(
        db, rms_sql_run_one(db, RMS_SQL_SOURCE_INSERT,
                RMS_VALUES(RMS_TEXT(source->id), RMS_TEXT(source->tenant_id), RMS_TEXT(source->name),
                    RMS_TEXT(source->settings), RMS_INT(source->created_at), RMS_INT(RMS_SOURCE_ALL))));
}

static void read_source(struct rms_rows *rows, struct rms_source *source)
{
    source->id = rms_take_text(rows);
    source->tenant_id = rms_take_text(rows);
    source->name = rms_take_text(rows);
    source->settings = rms_take_text(rows);
    source->created_at = rms_take_int(rows);
    source->wanted = rms_take_int(rows);
    source->served = rms_take_int(rows);
    source->wanted_mode = (enum rms_source_mode)rms_take_int(rows);
    source->read_at = rms_take_int(rows);
    source->looked_at = rms_take_int(rows);
    source->tried_at = rms_take_int(rows);
    source->valid_until = rms_take_int(rows);
    source->stale = rms_take_bool(rows);
    source->changed_since = rms_take_text(rows);
    source->report = rms_take_text(rows);
}

int rms_source_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_sources *sources_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_source);
    int code;

    *sources_out = (struct rms_sources){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_SOURCE_LIST, RMS_VALUES(RMS_TEXT(tenant_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_source *source = rms_list_add(&list);

        if (source == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_source(&rows, source);
    }
    *sources_out = (struct rms_sources){list.items, list.count};
    return code;
}

int rms_source_find(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *name,
    struct rms_source *source_out)
{
    RMS_ROWS(rows, db, arena);

    *source_out = (struct rms_source){0};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_SOURCE_FIND, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(name))));
    read_source(&rows, source_out);
    return rms_rows_status(&rows);
}

static int remove_source(struct rms_db *db, const char *tenant_id, const char *id)
{
    static const enum rms_sql steps[] = {
        RMS_SQL_SOURCE_DISABLE_PEOPLE,
        RMS_SQL_SOURCE_END_TOKENS,
        RMS_SQL_SOURCE_EMPTY_GROUPS,
    };
    static const uint8_t nothing[RMS_ENTRY_DIGEST] = {0};
    int code;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        code = rms_sql_run(db, steps[i], RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id)));
        if (code < 0) {
            return code;
        }
    }
    /* Should the same entries come back, everything is taken over again. */
    code = rms_sql_run(db, RMS_SQL_SOURCE_FORGET,
        RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id), RMS_BLOB(rms_view_of(nothing, sizeof nothing))));
    if (code < 0) {
        return code;
    }
    RMS_TRY(rms_sql_run_one(db, RMS_SQL_SOURCE_DELETE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    return rms_changes_refresh(db);
}

int rms_source_remove(struct rms_db *db, const char *tenant_id, const char *id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, remove_source(db, tenant_id, id));
}

/* Two wishes before one reading become one: the one that does more. */
int rms_source_want(struct rms_db *db, const char *tenant_id, const char *id, enum rms_source_mode mode)
{
    int code;

    RMS_TRY(rms_db_begin(db));
    code = rms_sql_run(db, RMS_SQL_SOURCE_WANT, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id), RMS_INT(mode)));
    return rms_db_end(db, code < 0 ? code : 0);
}

/* --- reading ----------------------------------------------------------------------------------------- */

int rms_source_lease(struct rms_db *db, const struct rms_source_lease *lease)
{
    int code;

    RMS_TRY(rms_db_begin(db));
    code = rms_sql_run(db, RMS_SQL_SOURCE_LEASE,
        RMS_VALUES(
            RMS_TEXT(lease->source_id), RMS_TEXT(lease->holder), RMS_INT(lease->now), RMS_INT(lease->until)));
    return rms_db_end(db, code == 0 ? RMS_E_CONFLICT : code < 0 ? code : 0);
}

int rms_source_done(struct rms_db *db, const struct rms_source_result *result)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(
        db, rms_sql_run_one(db, RMS_SQL_SOURCE_DONE,
                RMS_VALUES(RMS_TEXT(result->source_id), RMS_INT(result->served), RMS_INT(result->read_at),
                    RMS_INT(result->looked_at), RMS_INT(result->valid_until), RMS_INT(result->tried_at),
                    RMS_TEXT(result->changed_since), RMS_TEXT(result->report))));
}

static int expire(struct rms_db *db, int64_t now, int *count_out)
{
    *count_out = rms_sql_run(db, RMS_SQL_SOURCE_EXPIRE, RMS_VALUES(RMS_INT(now)));
    return *count_out > 0 ? rms_changes_refresh(db) : *count_out;
}

int rms_source_expire(struct rms_db *db, int64_t now, int *count_out)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, expire(db, now, count_out));
}

/* --- entries ----------------------------------------------------------------------------------------- */

static void read_entry(struct rms_rows *rows, struct rms_entry *entry)
{
    entry->tenant_id = rms_take_text(rows);
    entry->owner_id = rms_take_text(rows);
    entry->is_group = rms_take_bool(rows);
    entry->source_id = rms_take_text(rows);
    entry->key = rms_take_text(rows);
    entry->dn = rms_take_text(rows);
    entry->gone = rms_take_bool(rows);
    rms_take_bytes(rows, entry->digest, sizeof entry->digest);
    rms_take_bytes(rows, entry->members, sizeof entry->members);
}

int rms_entry_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *source_id,
    struct rms_entries *entries_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_entry);
    int code;

    *entries_out = (struct rms_entries){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_ENTRY_LIST, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(source_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_entry *entry = rms_list_add(&list);

        if (entry == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_entry(&rows, entry);
    }
    *entries_out = (struct rms_entries){list.items, list.count};
    return code;
}

int rms_entry_of(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *owner_id,
    struct rms_entry *entry_out)
{
    RMS_ROWS(rows, db, arena);

    *entry_out = (struct rms_entry){0};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_ENTRY_OF, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(owner_id))));
    read_entry(&rows, entry_out);
    return rms_rows_status(&rows);
}

static int put_entry(struct rms_db *db, const struct rms_entry *entry)
{
    const struct rms_value values[] = {RMS_TEXT(entry->tenant_id), RMS_TEXT(entry->owner_id),
        RMS_INT(entry->is_group), RMS_TEXT(entry->source_id), RMS_TEXT(entry->key), RMS_TEXT(entry->dn),
        RMS_INT(entry->gone), RMS_BLOB(rms_view_of(entry->digest, sizeof entry->digest)),
        RMS_BLOB(rms_view_of(entry->members, sizeof entry->members))};
    size_t count = sizeof values / sizeof values[0];
    int changed = rms_sql_run(db, RMS_SQL_ENTRY_UPDATE, values, count);

    return changed != 0 ? (changed < 0 ? changed : 0)
                        : rms_sql_run_one(db, RMS_SQL_ENTRY_INSERT, values, count);
}

int rms_entry_put(struct rms_db *db, const struct rms_entry *entry)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, put_entry(db, entry));
}

/* --- their groups ------------------------------------------------------------------------------------ */

int rms_group_set_kind(struct rms_db *db, const char *tenant_id, const char *id, enum rms_group_kind kind)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, rms_sql_run_one(db, RMS_SQL_GROUP_SET_KIND,
                                     RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id), RMS_INT(kind))));
}

int rms_group_member_ids(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *id,
    struct rms_member_ids *ids_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, const char *);
    int code;

    *ids_out = (struct rms_member_ids){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_MEMBER_IDS, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        const char **item = rms_list_add(&list);

        if (item == NULL) {
            return RMS_E_NO_MEMORY;
        }
        *item = rms_take_text(&rows);
    }
    *ids_out = (struct rms_member_ids){list.items, list.count};
    return code;
}

int rms_name_owner_of(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *name,
    const char **owner_id_out)
{
    struct rms_name_owner owner;

    *owner_id_out = NULL;
    RMS_TRY(rms_names_find(db, arena, tenant_id, name, &owner));
    *owner_id_out = owner.id;
    return 0;
}
