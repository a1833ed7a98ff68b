/* Content keys and whose they are. */
#include "store/content.h"

#include "store/sql.h"

static void read_content(struct rms_rows *rows, struct rms_content *content)
{
    content->tenant_id = rms_take_text(rows);
    rms_take_bytes(rows, content->fingerprint, sizeof content->fingerprint);
    content->content_id = rms_take_text(rows);
    content->owner = rms_take_text(rows);
    content->issuer = rms_take_text(rows);
    content->template_id = rms_take_text(rows);
    content->file_name = rms_take_text(rows);
    content->published_at = rms_take_time(rows);
    content->seen_at = rms_take_int(rows);
}

static int find(struct rms_db *db, struct rms_arena *arena, const struct rms_content *wanted,
    struct rms_content *content_out)
{
    RMS_ROWS(rows, db, arena);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_CONTENT_GET,
        RMS_VALUES(RMS_TEXT(wanted->tenant_id),
            RMS_BLOB(rms_view_of(wanted->fingerprint, sizeof wanted->fingerprint)))));
    read_content(&rows, content_out);
    return rms_rows_status(&rows);
}

static int insert(struct rms_db *db, const struct rms_content *content)
{
    int code = rms_sql_run(db, RMS_SQL_CONTENT_INSERT,
        RMS_VALUES(RMS_TEXT(content->tenant_id),
            RMS_BLOB(rms_view_of(content->fingerprint, sizeof content->fingerprint)),
            RMS_TEXT(content->content_id), RMS_TEXT(content->owner), RMS_TEXT(content->issuer),
            RMS_TEXT(content->template_id), RMS_TEXT(content->file_name), RMS_TIME(content->published_at),
            RMS_INT(content->seen_at)));

    return code < 0 ? code : 0;
}

/* Whoever came first counts, also when two arrive together: the insert gives way to an existing row. */
int rms_content_pair(struct rms_db *db, struct rms_arena *arena, const struct rms_content *content,
    struct rms_content *existing_out)
{
    struct rms_content existing = {0};
    int code;

    if (content->tenant_id == NULL || content->content_id == NULL || content->owner == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    code = find(db, arena, content, &existing);
    if (code == RMS_E_NOT_FOUND) {
        RMS_TRY(rms_db_begin_relaxed(db));
        RMS_TRY(rms_db_end(db, insert(db, content)));
        code = find(db, arena, content, &existing);
    }
    if (existing_out != NULL) {
        *existing_out = existing;
    }
    RMS_TRY(code);
    return strcmp(existing.content_id, content->content_id) == 0 &&
                   strcmp(existing.owner, content->owner) == 0
               ? 0
               : RMS_E_CONFLICT;
}

int rms_content_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *content_id, struct rms_contents *contents_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_content);
    int code;

    *contents_out = (struct rms_contents){0};
    RMS_TRY(
        rms_rows_open(&rows, RMS_SQL_CONTENT_LIST, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(content_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_content *content = rms_list_add(&list);

        if (content == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_content(&rows, content);
    }
    *contents_out = (struct rms_contents){list.items, list.count};
    return code;
}
