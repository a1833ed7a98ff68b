/* Documents handed over, and their history. */
#include "store/hand_over.h"

#include "store/sql.h"

#define MINUTE_S 60

/* --- reading -------------------------------------------------------------------------------------------- */

static void read_row(struct rms_rows *rows, struct rms_hand_over *row)
{
    row->seq = rms_take_int(rows);
    row->key.tenant_id = rms_take_text(rows);
    row->key.issuer = rms_take_text(rows);
    row->key.content_id = rms_take_text(rows);
    row->since = rms_take_int(rows);
    row->until = rms_take_int(rows);
    row->account_id = rms_take_text(rows);
    row->address = rms_take_text(rows);
    row->former = rms_take_text(rows);
    row->time = rms_take_int(rows);
    row->actor = rms_take_text(rows);
    row->reason = rms_take_text(rows);
}

static int read_list(struct rms_rows *rows, struct rms_hand_over_list *list_out)
{
    struct rms_list list = RMS_LIST(rows->arena, struct rms_hand_over);
    int code;

    while ((code = rms_rows_next(rows)) > 0) {
        struct rms_hand_over *row = rms_list_add(&list);

        if (row == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_row(rows, row);
    }
    *list_out = (struct rms_hand_over_list){list.items, list.count};
    return code;
}

int rms_hand_over_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_hand_over_list *list_out)
{
    RMS_ROWS(rows, db, arena);

    *list_out = (struct rms_hand_over_list){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_HAND_OVER_LIST, RMS_VALUES(RMS_TEXT(tenant_id))));
    return read_list(&rows, list_out);
}

int rms_hand_over_follow(struct rms_db *db, int64_t *seq, rms_hand_over_each *each, void *context)
{
    RMS_ROWS(rows, db, NULL);
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_HAND_OVER_FOLLOW, RMS_VALUES(RMS_INT(*seq))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_hand_over row;

        read_row(&rows, &row);
        code = each(&row, context);
        if (code != 0) {
            return code;
        }
        *seq = row.seq;
    }
    return code;
}

/* --- writing -------------------------------------------------------------------------------------------- */

static int add(struct rms_db *db, const struct rms_hand_over *row)
{
    return rms_sql_run_one(db, RMS_SQL_HAND_OVER_INSERT,
        RMS_VALUES(RMS_TEXT(row->key.tenant_id), RMS_TEXT(row->key.issuer), RMS_TEXT(row->key.content_id),
            RMS_INT(row->since), RMS_INT(row->until), RMS_TEXT(row->account_id), RMS_TEXT(row->address),
            RMS_TEXT(row->former), RMS_INT(row->time), RMS_TEXT(row->actor), RMS_TEXT(row->reason)));
}

/* Mail goes to who protected it: he is not to hear of it any more. */
static int silence(struct rms_db *db, const struct rms_hand_over *row)
{
    int code = rms_sql_run(db, RMS_SQL_HAND_OVER_SILENCE,
        RMS_VALUES(RMS_TEXT(row->key.tenant_id), RMS_TEXT(row->key.issuer), RMS_TEXT(row->key.content_id),
            RMS_INT(row->since), RMS_INT(row->until)));

    return code < 0 ? code : 0;
}

static int add_document(
    struct rms_db *db, struct rms_arena *arena, const struct rms_hand_over *wanted, bool *changed_out)
{
    struct rms_hand_over row = *wanted;
    struct rms_tracked document;

    RMS_TRY(rms_tracked_get(db, arena, &wanted->key, &document));
    *changed_out = document.holder_id == NULL || strcmp(document.holder_id, wanted->account_id) != 0;
    if (!*changed_out) {
        return 0;
    }
    row.since = INT64_MIN;
    row.until = INT64_MAX;
    row.former = document.holder != NULL ? document.holder : wanted->key.issuer;
    RMS_TRY(add(db, &row));
    return silence(db, &row);
}

int rms_hand_over_document(
    struct rms_db *db, struct rms_arena *arena, const struct rms_hand_over *row, bool *changed_out)
{
    *changed_out = false;
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, add_document(db, arena, row, changed_out));
}

/* Behind what an earlier hand-over of the same address has reached. */
static int free_since(
    struct rms_db *db, const struct rms_document_key *key, int64_t since, int64_t *since_out)
{
    RMS_ROWS(rows, db, NULL);
    int64_t last;

    RMS_TRY(rms_rows_first(
        &rows, RMS_SQL_HAND_OVER_REACH, RMS_VALUES(RMS_TEXT(key->tenant_id), RMS_TEXT(key->issuer))));
    last = rms_take_int(&rows);
    *since_out = last >= since ? last + 1 : since;
    return rms_rows_status(&rows);
}

static int add_issued(
    struct rms_db *db, const struct rms_leaver *leaver, struct rms_hand_over *row, size_t *count)
{
    for (size_t i = 0; i < leaver->address_count; i++) {
        row->key.issuer = row->former = leaver->addresses[i];
        row->key.content_id = "";
        row->until =
            row->time - row->time % MINUTE_S + MINUTE_S - 1; /* licences tell no more than the minute */
        RMS_TRY(free_since(db, &row->key, leaver->since, &row->since));
        if (row->since > row->until) {
            continue;
        }
        RMS_TRY(add(db, row));
        RMS_TRY(silence(db, row));
        ++*count;
    }
    return 0;
}

static int read_held(struct rms_db *db, struct rms_arena *arena, const struct rms_leaver *leaver,
    const char *tenant_id, struct rms_hand_over_list *list_out)
{
    RMS_ROWS(rows, db, arena);

    *list_out = (struct rms_hand_over_list){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_HAND_OVER_HELD,
        RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(leaver->account_id), RMS_TEXT(leaver->addresses[0]))));
    return read_list(&rows, list_out);
}

static int add_all(struct rms_db *db, struct rms_arena *arena, const struct rms_leaver *leaver,
    struct rms_hand_over *row, size_t *count)
{
    struct rms_hand_over_list held;

    RMS_TRY(read_held(db, arena, leaver, row->key.tenant_id, &held));
    RMS_TRY(add_issued(db, leaver, row, count));
    for (size_t i = 0; i < held.count; i++) {
        row->key = held.items[i].key;
        row->since = held.items[i].since;
        row->until = held.items[i].until;
        row->former = held.items[i].address;
        RMS_TRY(add(db, row));
        ++*count;
    }
    return 0;
}

int rms_hand_over_all(struct rms_db *db, struct rms_arena *arena, const struct rms_leaver *leaver,
    const struct rms_hand_over *row, size_t *count_out)
{
    struct rms_hand_over next = *row;

    *count_out = 0;
    if (leaver->address_count == 0) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, add_all(db, arena, leaver, &next, count_out));
}
