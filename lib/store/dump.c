#include "store/dump.h"

#include <stdio.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "store/sql.h"

#define ARENA_MAX   (4u << 20)
#define COLUMNS_MAX 64
#define SQL_MAX     8192

/* --- what there is ----------------------------------------------------------------------------------- */

struct column {
    const char *name;
    enum rms_value_type type;
};

struct table {
    const char *name;
    const char *text;     /* "name (column, column)" */
    const char *numbered; /* column that the engine numbers; NULL: none */
    struct column columns[COLUMNS_MAX];
    size_t column_count;
};

struct catalogue {
    struct rms_arena *arena;
    struct table *tables;
    size_t count;
};

/* In the order of their making: what a row refers to is in a table before its own. */
static const char list_sql[] =
    "SELECT m.name, p.name, p.type, p.type = 'INTEGER' AND p.pk = 1 AND"
    " (SELECT MAX(q.pk) FROM pragma_table_info(m.name) q) = 1"
    " FROM sqlite_schema m, pragma_table_info(m.name) p"
    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.rowid, p.cid";

static enum rms_value_type type_of(struct rms_view name)
{
    return name.len == 4 && memcmp(name.data, "TEXT", 4) == 0   ? RMS_VALUE_TEXT
           : name.len == 4 && memcmp(name.data, "BLOB", 4) == 0 ? RMS_VALUE_BLOB
                                                                : RMS_VALUE_INT;
}

static int add_column(struct rms_list *tables, const struct rms_engine *engine, struct rms_statement *row)
{
    struct rms_view name = engine->text(row, 0);
    struct table *last = tables->count > 0 ? (struct table *)tables->items + tables->count - 1 : NULL;
    struct column *column;

    if (last == NULL || !rms_view_equal(rms_view_str(last->name), name)) {
        last = rms_list_add(tables);
        if (last == NULL) {
            return RMS_E_NO_MEMORY;
        }
        last->name = rms_arena_text(tables->arena, name);
    }
    if (last->column_count == COLUMNS_MAX) {
        return RMS_E_INTERNAL;
    }
    column = &last->columns[last->column_count++];
    column->name = rms_arena_text(tables->arena, engine->text(row, 1));
    column->type = type_of(engine->text(row, 2));
    if (engine->number(row, 3) != 0) {
        last->numbered = column->name;
    }
    return last->name != NULL && column->name != NULL ? 0 : RMS_E_NO_MEMORY;
}

static int name_columns(struct table *table, struct rms_arena *arena)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(SQL_MAX);

    rms_buf_printf(&text, "%s (", table->name);
    for (size_t i = 0; i < table->column_count; i++) {
        rms_buf_printf(&text, "%s%s", i > 0 ? ", " : "", table->columns[i].name);
    }
    rms_buf_append_str(&text, ")");
    RMS_TRY(rms_buf_status(&text));
    table->text = rms_arena_text(arena, rms_buf_view(&text));
    return table->text != NULL ? 0 : RMS_E_NO_MEMORY;
}

static int list_tables(struct rms_link *link, struct rms_list *tables)
{
    const struct rms_engine *engine = &rms_engine_sqlite;
    struct rms_statement *statement;
    int code;

    RMS_TRY(engine->prepare(link, list_sql, &statement));
    while ((code = engine->step(statement)) > 0) {
        code = add_column(tables, engine, statement);
        if (code < 0) {
            break;
        }
    }
    engine->finalize(statement);
    for (size_t i = 0; code == 0 && i < tables->count; i++) {
        code = name_columns((struct table *)tables->items + i, tables->arena);
    }
    return code;
}

/* In a database that exists in memory for a moment. */
static int read_tables(unsigned version, struct rms_list *tables)
{
    const struct rms_engine *engine = &rms_engine_sqlite;
    struct rms_link *link;
    int code;

    RMS_TRY(engine->open(":memory:", false, &link));
    code = rms_store_migrate(engine, link, version);
    if (code == 0) {
        code = list_tables(link, tables);
    }
    engine->close(link);
    return code;
}

/* From the migrations alone. */
static int read_catalogue(unsigned version, struct catalogue *catalogue_out)
{
    struct rms_arena *arena = rms_arena_new(ARENA_MAX);
    struct rms_list tables = RMS_LIST(arena, struct table);
    int code = arena != NULL ? read_tables(version, &tables) : RMS_E_NO_MEMORY;

    if (code < 0) {
        rms_arena_free(&arena);
    }
    *catalogue_out = (struct catalogue){arena, tables.items, tables.count};
    return code;
}

/* --- writing ----------------------------------------------------------------------------------------- */

static int append_value(struct rms_buf *out, const struct rms_engine *engine, struct rms_statement *row,
    const struct table *table, int i)
{
    enum rms_value_type type = engine->is_null(row, i) ? RMS_VALUE_NULL : table->columns[i].type;
    struct rms_view bytes;

    rms_buf_append_byte(out, (uint8_t)type);
    if (type == RMS_VALUE_NULL) {
        return 0;
    }
    if (type == RMS_VALUE_INT) {
        rms_buf_append_u64(out, (uint64_t)engine->number(row, i));
        return 0;
    }
    bytes = type == RMS_VALUE_TEXT ? engine->text(row, i) : engine->blob(row, i);
    if (bytes.len > RMS_DUMP_RECORD_MAX) {
        return RMS_E_LIMIT;
    }
    rms_buf_append_u32(out, (uint32_t)bytes.len);
    rms_buf_append_view(out, bytes);
    return 0;
}

struct writing {
    struct rms_db *db;
    rms_dump_put *put;
    void *context;
    struct rms_buf record;
};

static int write_row(struct writing *w, struct rms_statement *row, const struct table *table)
{
    rms_buf_reset(&w->record);
    for (size_t i = 0; i < table->column_count; i++) {
        RMS_TRY(append_value(&w->record, w->db->engine, row, table, (int)i));
    }
    RMS_TRY(rms_buf_status(&w->record));
    return w->put(w->context, RMS_DUMP_ROW, rms_buf_view(&w->record));
}

static int write_table(struct writing *w, const struct table *table)
{
    const struct rms_engine *engine = w->db->engine;
    struct rms_statement *statement;
    char sql[SQL_MAX];
    const char *columns = table->text + strlen(table->name) + 2;
    int code;

    RMS_TRY(w->put(w->context, RMS_DUMP_TABLE, rms_view_str(table->text)));
    (void)snprintf(sql, sizeof sql, "SELECT %.*s FROM %s", (int)(strlen(columns) - 1), columns, table->name);
    RMS_TRY(engine->prepare(w->db->link, sql, &statement));
    while ((code = engine->step(statement)) > 0) {
        code = write_row(w, statement, table);
        if (code < 0) {
            break;
        }
    }
    engine->finalize(statement);
    return code;
}

int rms_dump_write(struct rms_db *db, rms_dump_put *put, void *context)
{
    struct writing w = {db, put, context, RMS_BUF_INIT(RMS_DUMP_RECORD_MAX)};
    struct catalogue catalogue;
    bool mine = false;
    int code =
        db->depth > 0 || db->reading ? RMS_E_INTERNAL : read_catalogue(rms_migration_count, &catalogue);

    RMS_TRY(code);
    code = rms_db_read_begin(db, &mine);
    for (size_t i = 0; code == 0 && i < catalogue.count; i++) {
        code = write_table(&w, &catalogue.tables[i]);
    }
    if (mine) {
        code = rms_db_read_end(db, mine, code);
    }
    rms_buf_fini(&w.record);
    rms_arena_free(&catalogue.arena);
    return code;
}

/* --- loading ----------------------------------------------------------------------------------------- */

struct rms_dump_load {
    struct rms_db *db; /* NULL: looks only */
    struct catalogue catalogue;
    size_t next; /* table that comes next; the one before is being filled */
    struct rms_statement *insert;
};

static void end_table(struct rms_dump_load *load)
{
    if (load->insert != NULL) {
        load->db->engine->finalize(load->insert);
        load->insert = NULL;
    }
}

static int begin_table(struct rms_dump_load *load, struct rms_view text)
{
    const struct table *table = &load->catalogue.tables[load->next];
    RMS_BUF_CLEANUP struct rms_buf sql = RMS_BUF_INIT(SQL_MAX);

    if (load->next == load->catalogue.count || !rms_view_equal(text, rms_view_str(table->text))) {
        return RMS_E_DAMAGED;
    }
    end_table(load);
    load->next++;
    if (load->db == NULL) {
        return 0;
    }
    rms_buf_printf(&sql, "INSERT INTO %s VALUES (", table->text);
    for (size_t i = 1; i <= table->column_count; i++) {
        rms_buf_printf(&sql, "%s?%zu", i > 1 ? ", " : "", i);
    }
    rms_buf_append_str(&sql, ")");
    RMS_TRY(rms_buf_status(&sql));
    return load->db->engine->prepare(load->db->link, rms_buf_text(&sql), &load->insert);
}

static struct rms_value take_value(struct rms_cursor *in, const struct column *column)
{
    uint8_t type = rms_cursor_u8(in);
    struct rms_value value = {.type = (enum rms_value_type)type};

    if (type == RMS_VALUE_INT) {
        value.number = (int64_t)rms_cursor_u64(in);
    } else if (type != RMS_VALUE_NULL) {
        value.bytes = rms_cursor_take(in, rms_cursor_u32(in));
        if (value.bytes.data == NULL) {
            value.bytes = rms_view_of("", 0);
        }
    }
    in->bad |= type != RMS_VALUE_NULL && type != column->type;
    return value;
}

static int insert(struct rms_dump_load *load, const struct rms_value *values, size_t count)
{
    const struct rms_engine *engine = load->db->engine;
    int code = 0;

    for (size_t i = 0; code == 0 && i < count; i++) {
        code = engine->bind(load->insert, (int)i + 1, &values[i]);
    }
    if (code == 0) {
        code = engine->step(load->insert);
    }
    engine->reset(load->insert);
    return code < 0 ? code : 0;
}

static int add_row(struct rms_dump_load *load, struct rms_view record)
{
    struct rms_cursor in = rms_cursor_of(record);
    struct rms_value values[COLUMNS_MAX];
    const struct table *table;

    if (load->next == 0) {
        return RMS_E_DAMAGED;
    }
    table = &load->catalogue.tables[load->next - 1];
    for (size_t i = 0; i < table->column_count; i++) {
        values[i] = take_value(&in, &table->columns[i]);
    }
    if (!rms_cursor_done(&in)) {
        return RMS_E_DAMAGED;
    }
    return load->db != NULL ? insert(load, values, table->column_count) : 0;
}

int rms_dump_load_put(struct rms_dump_load *load, char kind, struct rms_view record)
{
    switch (kind) {
    case RMS_DUMP_TABLE:
        return begin_table(load, record);
    case RMS_DUMP_ROW:
        return add_row(load, record);
    default:
        return RMS_E_DAMAGED;
    }
}

static int renumber_all(struct rms_dump_load *load)
{
    const struct rms_engine *engine = load->db->engine;

    for (size_t i = 0; engine->renumber != NULL && i < load->catalogue.count; i++) {
        const struct table *table = &load->catalogue.tables[i];

        if (table->numbered != NULL) {
            RMS_TRY(engine->renumber(load->db->link, table->name, table->numbered));
        }
    }
    return 0;
}

int rms_dump_load_end(struct rms_dump_load **load_ref, int code)
{
    struct rms_dump_load *load = *load_ref;

    end_table(load);
    if (code == 0 && load->next < load->catalogue.count) {
        code = RMS_E_DAMAGED;
    }
    if (load->db != NULL) {
        if (code == 0) {
            code = renumber_all(load);
        }
        code = rms_db_end_change(load->db, code);
    }
    rms_arena_free(&load->catalogue.arena);
    rms_free(load);
    *load_ref = NULL;
    return code;
}

static int clear_all(struct rms_dump_load *load)
{
    char sql[SQL_MAX];

    for (size_t i = load->catalogue.count; i > 0; i--) {
        (void)snprintf(sql, sizeof sql, "DELETE FROM %s", load->catalogue.tables[i - 1].name);
        RMS_TRY(load->db->engine->exec(load->db->link, sql));
    }
    return 0;
}

int rms_dump_load_new(struct rms_db *db, unsigned version, struct rms_dump_load **load_out)
{
    struct rms_dump_load *load = rms_calloc(1, sizeof *load);
    int code;

    *load_out = NULL;
    if (load == NULL) {
        return RMS_E_NO_MEMORY;
    }
    code = version <= rms_migration_count ? read_catalogue(version, &load->catalogue)
                                          : RMS_E_UNSUPPORTED_VERSION;
    if (code == 0 && db != NULL) {
        code = rms_db_begin(db);
    }
    if (code < 0) {
        rms_arena_free(&load->catalogue.arena);
        rms_free(load);
        return code;
    }
    load->db = db;
    code = db != NULL ? clear_all(load) : 0;
    if (code < 0) {
        return rms_dump_load_end(&load, code);
    }
    *load_out = load;
    return 0;
}

int rms_dump_is_empty(struct rms_db *db, bool *empty_out)
{
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_DUMP_USED, NULL, 0));
    *empty_out = rms_take_int(&rows) == 0;
    return 0;
}
