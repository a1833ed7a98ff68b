/* Tracked documents, their events, their revocation. */
#include "store/document.h"

#include "base/text.h"
#include "store/sql.h"

#define KEY_VALUES(key) RMS_TEXT((key)->tenant_id), RMS_TEXT((key)->content_id), RMS_TEXT((key)->issuer)

/* --- records -------------------------------------------------------------------------------------------- */

static int run(struct rms_db *db, enum rms_sql sql, const struct rms_tracked *document)
{
    int code = rms_sql_run(db, sql,
        RMS_VALUES(KEY_VALUES(&document->key), RMS_TEXT(document->owner), RMS_TEXT(document->name),
            RMS_TEXT(document->template_id), RMS_TIME(document->published_at),
            RMS_TEXT(document->previous_id), RMS_INT(document->registered_at),
            document->notify == RMS_NOTIFY_UNCHANGED ? RMS_TEXT(NULL) : RMS_INT(document->notify),
            RMS_TEXT(document->key_id), RMS_TEXT(document->notify_style)));

    return code < 0 ? code : 0;
}

int rms_tracked_register(struct rms_db *db, const struct rms_tracked *documents, size_t count)
{
    int code = 0;

    RMS_TRY(rms_db_begin_relaxed(db));
    for (size_t i = 0; i < count && code == 0; i++) {
        code = run(db, RMS_SQL_TRACKED_REGISTER, &documents[i]);
    }
    return rms_db_end(db, code);
}

static int exists(struct rms_db *db, const struct rms_document_key *key)
{
    RMS_ROWS(rows, db, NULL);

    return rms_rows_first(&rows, RMS_SQL_TRACKED_EXISTS, RMS_VALUES(KEY_VALUES(key)));
}

int rms_tracked_note(struct rms_db *db, const struct rms_tracked *document)
{
    return run(db, RMS_SQL_TRACKED_NOTE, document);
}

int rms_tracked_note_row(struct rms_db *db, const struct rms_usage_row *row)
{
    char issuer[RMS_ADDRESS_MAX];
    const struct rms_tracked document = {.key = {row->tenant_id, row->content_id, issuer},
        .owner = row->owner_email,
        .name = row->file_name,
        .template_id = row->template_id,
        .published_at = row->date_published,
        .key_id = row->key_id,
        .registered_at = row->time,
        .notify = RMS_NOTIFY_UNCHANGED};

    if (row->tenant_id == NULL || row->content_id == NULL || row->owner_email == NULL ||
        row->issuer == NULL || rms_address_normalise(row->issuer, issuer) != 0) {
        return 0;
    }
    return rms_tracked_note(db, &document);
}

static void read_document(struct rms_rows *rows, struct rms_tracked *document)
{
    document->key.tenant_id = rms_take_text(rows);
    document->key.content_id = rms_take_text(rows);
    document->key.issuer = rms_take_text(rows);
    document->owner = rms_take_text(rows);
    document->name = rms_take_text(rows);
    document->template_id = rms_take_text(rows);
    document->published_at = rms_take_time(rows);
    document->previous_id = rms_take_text(rows);
    document->registered_at = rms_take_int(rows);
    document->notify = (unsigned)rms_take_int(rows);
    document->notify_style = rms_take_text(rows);
    document->revoked = rms_take_bool(rows);
    document->revoked_at = rms_take_time(rows);
    document->revoked_by = rms_take_text(rows);
    document->holder_id = rms_take_text(rows);
    document->holder = rms_take_text(rows);
    document->held_since = rms_take_time(rows);
    document->handed_until = rms_take_time(rows);
}

static int read_list(struct rms_rows *rows, struct rms_tracked_list *list_out)
{
    struct rms_list list = RMS_LIST(rows->arena, struct rms_tracked);
    int code;

    while ((code = rms_rows_next(rows)) > 0) {
        struct rms_tracked *document = rms_list_add(&list);

        if (document == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_document(rows, document);
    }
    *list_out = (struct rms_tracked_list){list.items, list.count};
    return code;
}

int rms_tracked_get(struct rms_db *db, struct rms_arena *arena, const struct rms_document_key *key,
    struct rms_tracked *document_out)
{
    RMS_ROWS(rows, db, arena);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_TRACKED_GET, RMS_VALUES(KEY_VALUES(key))));
    read_document(&rows, document_out);
    return rms_rows_status(&rows);
}

int rms_tracked_by_content(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *content_id, struct rms_tracked_list *list_out)
{
    RMS_ROWS(rows, db, arena);

    *list_out = (struct rms_tracked_list){0};
    RMS_TRY(rms_rows_open(
        &rows, RMS_SQL_TRACKED_BY_CONTENT, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(content_id))));
    return read_list(&rows, list_out);
}

int rms_tracked_next(struct rms_db *db, struct rms_arena *arena, const struct rms_document_key *key,
    struct rms_tracked_list *list_out)
{
    RMS_ROWS(rows, db, arena);

    *list_out = (struct rms_tracked_list){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_TRACKED_NEXT, RMS_VALUES(KEY_VALUES(key))));
    return read_list(&rows, list_out);
}

/* What LIKE would take for a wildcard stands for itself. */
static int plain_pattern(struct rms_arena *arena, const char *text, const char **pattern_out)
{
    size_t len = text != NULL ? strlen(text) : 0;
    char *out = rms_arena_alloc(arena, 2 * len + 1);

    *pattern_out = text != NULL ? out : NULL;
    if (out == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < len; i++) {
        if (strchr("%_\\", text[i]) != NULL) {
            *out++ = '\\';
        }
        *out++ = text[i];
    }
    *out = '\0';
    return 0;
}

static enum rms_sql choose_list(const struct rms_tracked_query *query)
{
    if (query->delegate != NULL) {
        return RMS_SQL_TRACKED_DELEGATED;
    }
    if (query->holder != NULL) {
        return RMS_SQL_TRACKED_HELD;
    }
    return query->issuer != NULL ? RMS_SQL_TRACKED_OF : RMS_SQL_TRACKED_ALL;
}

int rms_tracked_list(struct rms_db *db, struct rms_arena *arena, const struct rms_tracked_query *query,
    struct rms_tracked_list *list_out)
{
    RMS_ROWS(rows, db, arena);
    int64_t limit = query->limit > 0 ? (int64_t)query->limit : INT64_MAX;
    const char *pattern;

    *list_out = (struct rms_tracked_list){0};
    const char *who = query->delegate != NULL ? query->delegate
                      : query->holder != NULL ? query->holder
                                              : query->issuer;
    RMS_TRY(plain_pattern(arena, query->text, &pattern));
    RMS_TRY(rms_rows_open(&rows, choose_list(query),
        RMS_VALUES(RMS_TEXT(query->tenant_id), RMS_TEXT(who), RMS_TEXT(pattern), RMS_INT(limit))));
    return read_list(&rows, list_out);
}

static int64_t end_of(const struct rms_tracked_search *search)
{
    return search->to == RMS_TIME_NONE ? INT64_MAX : search->to;
}

int rms_tracked_find(struct rms_db *db, struct rms_arena *arena, const struct rms_tracked_search *search,
    struct rms_tracked_list *list_out)
{
    RMS_ROWS(rows, db, arena);
    const char *pattern;

    *list_out = (struct rms_tracked_list){0};
    RMS_TRY(plain_pattern(arena, search->text, &pattern));
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_TRACKED_FIND,
        RMS_VALUES(RMS_TEXT(search->tenant_id), RMS_TEXT(search->user), RMS_TEXT(pattern),
            RMS_INT((int64_t)search->limit), RMS_TEXT(search->owner), RMS_INT(search->from),
            RMS_INT(end_of(search)))));
    return read_list(&rows, list_out);
}

/* --- events --------------------------------------------------------------------------------------------- */

static int read_events(struct rms_rows *rows, rms_usage_each *each, void *context)
{
    struct rms_usage_row row;
    int code;

    while ((code = rms_rows_next(rows)) > 0) {
        rms_usage_take(rows, &row);
        row.hidden = rms_take_bool(rows);
        code = each(&row, context);
        if (code != 0) {
            return code;
        }
    }
    return code;
}

int rms_tracked_events(struct rms_db *db, const struct rms_tracked_scope *scope, size_t limit,
    rms_usage_each *each, void *context)
{
    const struct rms_document_key *key = &scope->key;
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_TRACKED_EVENTS,
        RMS_VALUES(KEY_VALUES(key), RMS_INT(limit > 0 ? (int64_t)limit : INT64_MAX), RMS_INT(scope->since))));
    return read_events(&rows, each, context);
}

int rms_tracked_log(
    struct rms_db *db, const struct rms_tracked_search *search, rms_usage_each *each, void *context)
{
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_TRACKED_LOG,
        RMS_VALUES(RMS_TEXT(search->tenant_id), RMS_TEXT(search->content_id), RMS_TEXT(search->user),
            RMS_INT(search->from), RMS_INT(end_of(search)), RMS_INT((int64_t)search->limit))));
    return read_events(&rows, each, context);
}

int rms_tracked_opened(struct rms_db *db, struct rms_arena *arena, const struct rms_tracked_reader *reader,
    struct rms_tracked_opening *opening_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_tracked *document = &opening_out->document;

    *document = (struct rms_tracked){0};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_TRACKED_OPENED,
        RMS_VALUES(RMS_TEXT(reader->content_id), RMS_TEXT(reader->user), RMS_INT(reader->since))));
    document->key.tenant_id = rms_take_text(&rows);
    document->key.content_id = rms_take_text(&rows);
    document->key.issuer = rms_take_text(&rows);
    document->owner = rms_take_text(&rows);
    document->template_id = rms_take_text(&rows);
    document->name = rms_take_text(&rows);
    document->published_at = rms_take_time(&rows);
    opening_out->time = rms_take_int(&rows);
    return rms_rows_status(&rows);
}

int rms_tracked_refusals(
    struct rms_db *db, const char *tenant_id, const char *user, int64_t after, int64_t *count_out)
{
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_first(
        &rows, RMS_SQL_TRACKED_REFUSALS, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(user), RMS_INT(after))));
    *count_out = rms_take_int(&rows);
    return rms_rows_status(&rows);
}

int rms_tracked_holders(struct rms_db *db, struct rms_arena *arena, const struct rms_tracked_scope *scope,
    int64_t now, struct rms_holders *holders_out)
{
    const struct rms_document_key *key = &scope->key;
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_holder);
    int code;

    *holders_out = (struct rms_holders){0};
    RMS_TRY(rms_rows_open(
        &rows, RMS_SQL_TRACKED_HOLDERS, RMS_VALUES(KEY_VALUES(key), RMS_INT(now), RMS_INT(scope->since))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_holder *holder = rms_list_add(&list);

        if (holder == NULL) {
            return RMS_E_NO_MEMORY;
        }
        holder->user = rms_take_text(&rows);
        holder->until = rms_take_int(&rows);
        holder->hidden = rms_take_bool(&rows);
    }
    *holders_out = (struct rms_holders){list.items, list.count};
    return code;
}

int rms_tracked_readers(struct rms_db *db, struct rms_arena *arena, const struct rms_tracked_scope *scope,
    size_t limit, struct rms_holders *readers_out)
{
    const struct rms_document_key *key = &scope->key;
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_holder);
    int code;

    *readers_out = (struct rms_holders){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_TRACKED_READERS,
        RMS_VALUES(KEY_VALUES(key), RMS_INT((int64_t)limit), RMS_INT(scope->since))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_holder *reader = rms_list_add(&list);

        if (reader == NULL) {
            return RMS_E_NO_MEMORY;
        }
        *reader = (struct rms_holder){.user = rms_take_text(&rows)};
    }
    *readers_out = (struct rms_holders){list.items, list.count};
    return code;
}

/* --- revocation ----------------------------------------------------------------------------------------- */

static int is_revoked(struct rms_db *db, const struct rms_document_key *key, bool *revoked_out)
{
    RMS_ROWS(rows, db, NULL);
    int code = rms_rows_first(&rows, RMS_SQL_REVOCATION_NEWEST, RMS_VALUES(KEY_VALUES(key)));

    *revoked_out = code == 0 && rms_take_bool(&rows);
    return code == RMS_E_NOT_FOUND ? 0 : code;
}

static int add(struct rms_db *db, const struct rms_revocation *revocation, bool *changed_out)
{
    bool revoked = false;

    RMS_TRY(exists(db, &revocation->key));
    RMS_TRY(is_revoked(db, &revocation->key, &revoked));
    *changed_out = revoked != revocation->revoked;
    if (!*changed_out) {
        return 0;
    }
    return rms_sql_run_one(db, RMS_SQL_REVOCATION_INSERT,
        RMS_VALUES(KEY_VALUES(&revocation->key), RMS_INT(revocation->revoked), RMS_INT(revocation->time),
            RMS_TEXT(revocation->actor), RMS_TEXT(revocation->reason), RMS_INT(revocation->since),
            RMS_TEXT(revocation->message)));
}

int rms_revocation_add(struct rms_db *db, const struct rms_revocation *revocation, bool *changed_out)
{
    *changed_out = false;
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, add(db, revocation, changed_out));
}

int rms_revocation_history(struct rms_db *db, struct rms_arena *arena, const struct rms_document_key *key,
    struct rms_revocation_list *list_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_revocation);
    int code;

    *list_out = (struct rms_revocation_list){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_REVOCATION_HISTORY, RMS_VALUES(KEY_VALUES(key))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_revocation *row = rms_list_add(&list);

        if (row == NULL) {
            return RMS_E_NO_MEMORY;
        }
        row->key = *key;
        row->revoked = rms_take_bool(&rows);
        row->time = rms_take_int(&rows);
        row->actor = rms_take_text(&rows);
        row->reason = rms_take_text(&rows);
        row->message = rms_take_text(&rows);
    }
    *list_out = (struct rms_revocation_list){list.items, list.count};
    return code;
}

int rms_revocation_follow(struct rms_db *db, int64_t *seq, rms_revocation_each *each, void *context)
{
    RMS_ROWS(rows, db, NULL);
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_REVOCATION_FOLLOW, RMS_VALUES(RMS_INT(*seq))));
    while ((code = rms_rows_next(&rows)) > 0) {
        int64_t at = rms_take_int(&rows);
        struct rms_revocation row = {0};

        row.key.tenant_id = rms_take_text(&rows);
        row.key.content_id = rms_take_text(&rows);
        row.key.issuer = rms_take_text(&rows);
        row.revoked = rms_take_bool(&rows);
        row.since = rms_take_int(&rows);
        code = each(&row, context);
        if (code != 0) {
            return code;
        }
        *seq = at;
    }
    return code;
}
