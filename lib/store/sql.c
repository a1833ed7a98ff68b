/* Running statements: prepared once per connection, parameters bound by type, columns taken from left to
 * right. */
#include "store/sql.h"

#include "base/json.h"

static const char *const texts[RMS_SQL_COUNT] = {
#define RMS_SQL(id, text) [RMS_SQL_##id] = text,
#include "store/statements.def"
#undef RMS_SQL
};

static int prepared(struct rms_db *db, enum rms_sql id)
{
    if (db->in_use[id]) {
        return RMS_E_INTERNAL;
    }
    if (db->statements[id] == NULL) {
        return rms_db_noted(db, db->engine->prepare(db->link, texts[id], &db->statements[id]));
    }
    return 0;
}

/* An engine may have given up the transaction by itself (disk full): what follows must not run outside it. */
static int still_inside(const struct rms_db *db)
{
    return db->depth > 0 && !db->engine->in_transaction(db->link) ? RMS_E_IO : 0;
}

int rms_rows_open(struct rms_rows *rows, enum rms_sql id, const struct rms_value *values, size_t count)
{
    struct rms_db *db = rows->db;

    RMS_TRY(rms_db_ask(db));
    RMS_TRY(still_inside(db));
    RMS_TRY(prepared(db, id));
    rows->statement = db->statements[id];
    rows->id = id;
    db->in_use[id] = true;
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(db->engine->bind(rows->statement, (int)i + 1, &values[i]));
    }
    return 0;
}

int rms_rows_next(struct rms_rows *rows)
{
    rows->column = 0;
    return rows->code < 0 ? rows->code : rms_db_noted(rows->db, rows->db->engine->step(rows->statement));
}

int rms_rows_first(struct rms_rows *rows, enum rms_sql id, const struct rms_value *values, size_t count)
{
    int code;

    RMS_TRY(rms_rows_open(rows, id, values, count));
    code = rms_rows_next(rows);
    return code > 0 ? 0 : code < 0 ? code : RMS_E_NOT_FOUND;
}

void rms_rows_close(struct rms_rows *rows)
{
    if (rows->statement != NULL) {
        rows->db->engine->reset(rows->statement);
        rows->db->in_use[rows->id] = false;
        rows->statement = NULL;
    }
}

int rms_sql_run(struct rms_db *db, enum rms_sql id, const struct rms_value *values, size_t count)
{
    RMS_ROWS(rows, db, NULL);
    int code;

    RMS_TRY(rms_db_rehearsal_begin(db));
    RMS_TRY(rms_rows_open(&rows, id, values, count));
    code = rms_rows_next(&rows);
    if (code > 0) {
        return RMS_E_INTERNAL;
    }
    return code < 0 ? code : (int)db->engine->changed(db->link);
}

int rms_sql_run_one(struct rms_db *db, enum rms_sql id, const struct rms_value *values, size_t count)
{
    int changed = rms_sql_run(db, id, values, count);

    return changed > 0 ? 0 : changed < 0 ? changed : RMS_E_NOT_FOUND;
}

int rms_sql_burst(struct rms_db *db, enum rms_sql id)
{
    RMS_TRY(still_inside(db));
    RMS_TRY(prepared(db, id));
    return db->engine->burst != NULL ? db->engine->burst(db->statements[id]) : 0;
}

int rms_sql_burst_end(struct rms_db *db, int code)
{
    int status = db->engine->burst_end != NULL ? rms_db_noted(db, db->engine->burst_end(db->link)) : 0;

    return code < 0 ? code : status;
}

int64_t rms_take_int(struct rms_rows *rows)
{
    return rows->db->engine->number(rows->statement, rows->column++);
}

bool rms_take_bool(struct rms_rows *rows)
{
    return rms_take_int(rows) != 0;
}

static bool take_null(struct rms_rows *rows)
{
    bool null = rows->db->engine->is_null(rows->statement, rows->column);

    rows->column += null ? 1 : 0;
    return null;
}

int64_t rms_take_time(struct rms_rows *rows)
{
    return take_null(rows) ? RMS_TIME_NONE : rms_take_int(rows);
}

static const uint8_t *kept(struct rms_rows *rows, struct rms_view view)
{
    const uint8_t *copy = view.data;

    if (rows->arena != NULL) {
        copy = rms_arena_copy(rows->arena, view.data, view.len);
        if (copy == NULL) {
            rows->code = RMS_E_NO_MEMORY;
        }
    }
    return copy;
}

const char *rms_take_text(struct rms_rows *rows)
{
    if (take_null(rows)) {
        return NULL;
    }
    return (const char *)kept(rows, rows->db->engine->text(rows->statement, rows->column++));
}

struct rms_view rms_take_blob(struct rms_rows *rows)
{
    struct rms_view view = rows->db->engine->blob(rows->statement, rows->column++);
    const uint8_t *data = kept(rows, view);

    return rms_view_of(data, data != NULL ? view.len : 0);
}

void rms_take_bytes(struct rms_rows *rows, uint8_t *out, size_t len)
{
    struct rms_view view = rows->db->engine->blob(rows->statement, rows->column++);

    if (view.len != len) {
        rows->code = RMS_E_DAMAGED;
        memset(out, 0, len);
        return;
    }
    memcpy(out, view.data, len);
}

static int texts_from_json(
    struct rms_arena *arena, struct rms_view json, const char *const **texts_out, size_t *count_out)
{
    RMS_JSON_CLEANUP json_t *array = NULL;
    size_t count;
    const char **copies;

    if (rms_json_parse(json, &array) < 0 || !json_is_array(array)) {
        return RMS_E_DAMAGED;
    }
    count = json_array_size(array);
    copies = rms_arena_array(arena, count + 1, sizeof *copies);
    if (copies == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(array, i));

        if (text == NULL) {
            return RMS_E_DAMAGED;
        }
        copies[i] = rms_arena_strdup(arena, text);
        if (copies[i] == NULL) {
            return RMS_E_NO_MEMORY;
        }
    }
    *texts_out = copies;
    *count_out = count;
    return 0;
}

void rms_take_texts(struct rms_rows *rows, const char *const **texts_out, size_t *count_out)
{
    struct rms_view json = rows->db->engine->text(rows->statement, rows->column++);
    int code;

    *texts_out = NULL;
    *count_out = 0;
    code = texts_from_json(rows->arena, json, texts_out, count_out);
    if (code < 0) {
        rows->code = code;
    }
}

int rms_texts_to_json(const char *const *list, size_t count, struct rms_buf *out)
{
    rms_buf_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            rms_buf_append_byte(out, ',');
        }
        rms_json_quote(out, rms_view_str(list[i]));
    }
    rms_buf_append_byte(out, ']');
    return rms_buf_status(out);
}

void *rms_list_add(struct rms_list *list)
{
    if (list->count == list->cap) {
        size_t cap = list->cap > 0 ? list->cap * 2 : 8;
        void *items = rms_arena_array(list->arena, cap, list->size);

        if (items == NULL) {
            return NULL;
        }
        if (list->count > 0) {
            memcpy(items, list->items, list->count * list->size);
        }
        list->items = items;
        list->cap = cap;
    }
    return (uint8_t *)list->items + list->count++ * list->size;
}

int rms_check_id(const char *id)
{
    char plain[RMS_GUID_TEXT];

    if (id == NULL || rms_guid_parse(rms_view_str(id), plain) < 0 || strcmp(plain, id) != 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    return 0;
}
