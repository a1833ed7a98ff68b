#include "store/usage_remove.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/admin_log.h"
#include "store/usage_row.h"

#define ROWS_AT_ONCE 1000
#define ARENA_MAX    (16u << 20)
#define PSEUDONYM    (sizeof "erased-" + RMS_GUID_TEXT)

static void set_chain(struct rms_chain_statement *statement, const char *chain)
{
    (void)snprintf(statement->tenant, sizeof statement->tenant, "%s", chain);
}

/* --- old rows --------------------------------------------------------------------------------------------
 */

/* The chain that loses its beginning. */
struct cut_chain {
    enum rms_sql limit, at, remove;
    const char *owner; /* whose rows: the first parameter of these */
    const char *name;  /* in statements */
};

/* The last row of the next piece to go, with its hash; RMS_E_NOT_FOUND: none is left. */
static int find_cut(const struct rms_usage_removal *removal, const struct cut_chain *chain, int64_t limit,
    struct rms_chain_statement *cut, int64_t *count)
{
    RMS_ROWS(rows, removal->db, NULL);

    RMS_TRY(rms_rows_first(
        &rows, chain->at, RMS_VALUES(RMS_TEXT(chain->owner), RMS_INT(limit), RMS_INT(ROWS_AT_ONCE))));
    cut->seq = rms_take_int(&rows);
    rms_take_bytes(&rows, cut->hash, sizeof cut->hash);
    *count = rms_take_int(&rows);
    return rms_rows_status(&rows);
}

static int remove_rows(const struct rms_usage_removal *removal, const struct cut_chain *chain,
    const struct rms_chain_statement *cut)
{
    int code = rms_sql_run(removal->db, chain->remove, RMS_VALUES(RMS_TEXT(chain->owner), RMS_INT(cut->seq)));

    RMS_TRY(code < 0 ? code : 0);
    /* what was signed about those rows alone */
    code = rms_sql_run(removal->db, RMS_SQL_CHAIN_CUT, RMS_VALUES(RMS_TEXT(chain->name), RMS_INT(cut->seq)));
    RMS_TRY(code < 0 ? code : 0);
    return rms_chain_keep(removal->db, cut);
}

static int cut_some(
    const struct rms_usage_removal *removal, const struct cut_chain *chain, int64_t limit, int64_t *count_out)
{
    struct rms_chain_statement cut = {.kind = RMS_CHAIN_CUT, .time = removal->now};
    char detail[24];

    set_chain(&cut, chain->name);
    RMS_TRY(find_cut(removal, chain, limit, &cut, count_out));
    (void)snprintf(detail, sizeof detail, "%" PRId64, *count_out);
    cut.detail = detail;
    RMS_TRY(rms_chain_sign(removal->signer, &cut));
    RMS_TRY(rms_db_begin(removal->db));
    return rms_db_end(removal->db, remove_rows(removal, chain, &cut));
}

static int find_limit(const struct rms_usage_removal *removal, const struct cut_chain *chain, int64_t before,
    int64_t *limit_out)
{
    RMS_ROWS(rows, removal->db, NULL);

    RMS_TRY(rms_rows_first(&rows, chain->limit,
        RMS_VALUES(RMS_TEXT(chain->owner), RMS_INT(before), RMS_INT(removal->streamed_only))));
    *limit_out = rms_take_int(&rows);
    return rms_rows_status(&rows);
}

static int cut_chain(const struct rms_usage_removal *removal, const struct cut_chain *chain, int64_t before,
    uint64_t *rows_out)
{
    int64_t count = 0;
    int64_t limit = 0;
    int code;

    *rows_out = 0;
    RMS_TRY(find_limit(removal, chain, before, &limit));
    while ((code = cut_some(removal, chain, limit, &count)) == 0) {
        *rows_out += (uint64_t)count;
    }
    return code == RMS_E_NOT_FOUND ? 0 : code;
}

int rms_usage_cut(const struct rms_usage_removal *removal, int64_t before, uint64_t *rows_out)
{
    const struct cut_chain of_tenant = {RMS_SQL_USAGE_CUT_LIMIT, RMS_SQL_USAGE_CUT_AT, RMS_SQL_USAGE_CUT,
        removal->tenant_id, removal->tenant_id};
    static const struct cut_chain of_none = {RMS_SQL_USAGE_CUT_LIMIT_NONE, RMS_SQL_USAGE_CUT_AT_NONE,
        RMS_SQL_USAGE_CUT_NONE, RMS_CHAIN_NONE, RMS_CHAIN_NONE};

    return cut_chain(removal, removal->tenant_id != NULL ? &of_tenant : &of_none, before, rows_out);
}

int rms_admin_log_cut(const struct rms_usage_removal *removal, int64_t before, uint64_t *rows_out)
{
    char name[RMS_GUID_TEXT];
    const struct cut_chain chain = {
        RMS_SQL_ADMIN_CUT_LIMIT, RMS_SQL_ADMIN_CUT_AT, RMS_SQL_ADMIN_CUT, removal->tenant_id, name};

    rms_admin_chain_name(removal->tenant_id, name);
    return cut_chain(removal, &chain, before, rows_out);
}

/* --- a person --------------------------------------------------------------------------------------------
 */

/* Whose address stands in a column: these columns go with it. */
static const struct {
    const char *column;
    const char *with[5];
} roles[] = {
    {"user_id", {"user_id", "c_ip", "c_info", "detail"}},
    {"owner_email", {"owner_email", "file_name", "detail"}},
    {"issuer", {"issuer", "file_name", "detail"}},
    {"acting_as_user", {"acting_as_user", "detail"}},
};

static size_t column_of(const char *name)
{
    size_t i = 0;

    while (i + 1 < RMS_USAGE_CELLS && strcmp(rms_usage_columns[i].name, name) != 0) {
        i++;
    }
    return i;
}

/* A row as it will be. */
struct erased_row {
    int64_t seq; /* of the table */
    struct rms_chain_place place;
    struct rms_view was; /* its opening */
    struct rms_value cells[RMS_USAGE_CELLS];
    struct rms_buf opening;
    unsigned mask;
};

struct erasing {
    const struct rms_usage_removal *removal;
    const char *address;
    char pseudonym[PSEUDONYM];
    struct rms_arena *arena;
    struct rms_list rows;
    struct rms_buf detail;
    int64_t after; /* number in the chain that was reached */
};

static void erase_field(
    const struct erasing *e, struct erased_row *row, size_t column, struct rms_usage_opening *opening)
{
    int personal = rms_usage_personal(column);
    struct rms_usage_field *field = &opening->fields[personal];
    uint8_t commitment[RMS_CHAIN_HASH];

    if (field->erased || row->cells[column].type == RMS_VALUE_NULL) {
        return;
    }
    rms_usage_commit(field, column, row->cells[column].bytes, commitment);
    memcpy(field->bytes, commitment, sizeof commitment);
    field->erased = true;
    row->mask |= 1u << personal;
    row->cells[column] = RMS_TEXT(e->pseudonym);
}

static void erase_role(
    const struct erasing *e, struct erased_row *row, size_t role, struct rms_usage_opening *opening)
{
    for (size_t i = 0; roles[role].with[i] != NULL; i++) {
        erase_field(e, row, column_of(roles[role].with[i]), opening);
    }
}

static int erase_row(struct erasing *e, struct erased_row *row)
{
    struct rms_usage_opening opening;
    bool is[sizeof roles / sizeof roles[0]];

    RMS_TRY(rms_usage_opening_parse(row->was, &opening));
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        const struct rms_value *cell = &row->cells[column_of(roles[i].column)];

        is[i] = cell->type == RMS_VALUE_TEXT && rms_view_equal(cell->bytes, rms_view_str(e->address));
    }
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (is[i]) {
            erase_role(e, row, i, &opening);
        }
    }
    rms_buf_init(&row->opening, RMS_USAGE_PERSONAL * (1 + RMS_CHAIN_HASH));
    rms_usage_opening_emit(&opening, &row->opening);
    rms_buf_printf(&e->detail, " %" PRId64 ":%x", row->place.seq, row->mask);
    return rms_buf_status(&row->opening);
}

/* Texts of the cells live in the arena: the rows are written after they were read. */
static int keep_cells(struct erasing *e, struct erased_row *row)
{
    for (size_t i = 0; i < RMS_USAGE_CELLS; i++) {
        struct rms_view *bytes = &row->cells[i].bytes;

        if (row->cells[i].type == RMS_VALUE_TEXT) {
            bytes->data = rms_arena_copy(e->arena, bytes->data, bytes->len);
            if (bytes->data == NULL) {
                return RMS_E_NO_MEMORY;
            }
        }
    }
    return 0;
}

static int take_row(struct erasing *e, struct rms_rows *rows, struct erased_row *row)
{
    rms_usage_take_cells(rows, row->cells);
    RMS_TRY(keep_cells(e, row));
    row->seq = rms_take_int(rows);
    row->place.seq = rms_take_int(rows);
    rms_take_bytes(rows, row->place.hash, sizeof row->place.hash);
    row->was = rms_take_blob(rows);
    RMS_TRY(rms_rows_status(rows));
    e->after = row->place.seq;
    return erase_row(e, row);
}

static int read_some(struct erasing *e)
{
    RMS_ROWS(rows, e->removal->db, e->arena);
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_USAGE_OF_PERSON,
        RMS_VALUES(RMS_TEXT(e->removal->tenant_id), RMS_TEXT(e->address), RMS_INT(e->after),
            RMS_INT(ROWS_AT_ONCE))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct erased_row *row = rms_list_add(&e->rows);

        if (row == NULL) {
            return RMS_E_NO_MEMORY;
        }
        RMS_TRY(take_row(e, &rows, row));
    }
    return code;
}

/* RMS_E_CONFLICT: somebody else erased from it meanwhile. */
static int write_row(struct erasing *e, const struct erased_row *row)
{
    const struct rms_value *c = row->cells;
    int code = rms_sql_run_one(e->removal->db, RMS_SQL_USAGE_ERASE,
        RMS_VALUES(RMS_INT(row->seq), RMS_BLOB(row->was), RMS_BLOB(rms_buf_view(&row->opening)),
            c[column_of("user_id")], c[column_of("owner_email")], c[column_of("issuer")],
            c[column_of("file_name")], c[column_of("c_info")], c[column_of("c_ip")],
            c[column_of("acting_as_user")], c[column_of("detail")]));

    return code == RMS_E_NOT_FOUND ? RMS_E_CONFLICT : code;
}

static int write_all(struct erasing *e, const struct rms_chain_statement *statement)
{
    const struct erased_row *rows = e->rows.items;

    for (size_t i = 0; i < e->rows.count; i++) {
        RMS_TRY(write_row(e, &rows[i]));
    }
    return rms_chain_keep(e->removal->db, statement);
}

static int write_some(struct erasing *e)
{
    const struct erased_row *rows = e->rows.items;
    const struct erased_row *last = &rows[e->rows.count - 1];
    struct rms_chain_statement statement = {
        .kind = RMS_CHAIN_ERASED, .seq = last->place.seq, .time = e->removal->now};

    RMS_TRY(rms_buf_status(&e->detail));
    set_chain(&statement, e->removal->tenant_id);
    memcpy(statement.hash, last->place.hash, sizeof statement.hash);
    statement.detail = rms_buf_text(&e->detail);
    RMS_TRY(rms_chain_sign(e->removal->signer, &statement));
    RMS_TRY(rms_db_begin(e->removal->db));
    return rms_db_end(e->removal->db, write_all(e, &statement));
}

static void forget_rows(struct erasing *e)
{
    struct erased_row *rows = e->rows.items;

    for (size_t i = 0; i < e->rows.count; i++) {
        rms_buf_fini(&rows[i].opening);
    }
    rms_arena_reset(e->arena, ARENA_MAX);
    e->rows = RMS_LIST(e->arena, struct erased_row);
    rms_buf_truncate(&e->detail, 0);
    rms_buf_append_str(&e->detail, e->pseudonym);
}

static int erase_all(struct erasing *e, uint64_t *rows_out)
{
    size_t count;

    do {
        int code;

        forget_rows(e);
        code = read_some(e);
        count = e->rows.count;
        if (code == 0 && count > 0) {
            code = write_some(e);
        }
        RMS_TRY(code);
        *rows_out += count;
    } while (count == ROWS_AT_ONCE);
    return 0;
}

int rms_usage_erase(const struct rms_usage_removal *removal, const char *address, uint64_t *rows_out)
{
    struct erasing e = {.removal = removal,
        .address = address,
        .arena = rms_arena_new(ARENA_MAX * 4),
        .detail = RMS_BUF_INIT(RMS_CHAIN_TEXT_MAX / 2)};
    char guid[RMS_GUID_TEXT];
    int code;

    *rows_out = 0;
    if (e.arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_guid_new(guid);
    (void)snprintf(e.pseudonym, sizeof e.pseudonym, "erased-%s", guid);
    code = erase_all(&e, rows_out);
    forget_rows(&e);
    rms_buf_fini(&e.detail);
    rms_arena_free(&e.arena);
    return code;
}
