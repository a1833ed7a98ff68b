/* Verifying the usage log: statements first, then every row in the order of the chain, until the first that
 * is wrong. */
#include "store/usage_verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/usage_row.h"

#define ARENA_MAX   (512u << 20) /* for the statements: a mark in ten minutes, erased fields */
#define SCRATCH_MAX (64u << 20)  /* a vandal's row may be of any length */

/* A field, or several, that a signed statement says were erased. */
struct erasure {
    int64_t seq;
    unsigned mask;
    struct rms_view pseudonym;
};

struct verifying {
    struct rms_db *db;
    const struct rms_usage_check *check;
    struct rms_usage_report *report;
    struct rms_arena *arena;
    struct rms_buf scratch;
    struct rms_list places;      /* struct rms_chain_place: marks, head, expected; by seq */
    struct rms_list erasures;    /* struct erasure, by seq */
    char trusted[RMS_GUID_TEXT]; /* the key that was asked about last, and the answer */
    int trust;
    bool unsigned_found;
    bool has_head;

    struct rms_chain_place at; /* the row before */
    int64_t good;              /* up to here a signed place agreed */
    size_t next_place;
    size_t next_erasure;
};

const char *rms_usage_finding_word(enum rms_usage_finding finding)
{
    static const char *const words[RMS_USAGE_FINDINGS] = {
        "intact", "edited", "deleted", "inserted", "truncated", "rewritten", "effaced", "unsigned"};

    return words[finding];
}

/* The first finding stands. Always 1: ends the reading. */
static int found(struct verifying *v, enum rms_usage_finding finding, int64_t seq, int64_t until)
{
    v->report->finding = finding;
    v->report->seq = seq;
    v->report->until = until;
    return 1;
}

/* --- statements ------------------------------------------------------------------------------------------
 */

static bool is_signed(struct verifying *v, const struct rms_chain_statement *statement)
{
    const struct rms_usage_trust *trust = v->check->trust;

    if (rms_chain_check(v->db, statement) < 0) {
        return false;
    }
    if (trust != NULL && strcmp(v->trusted, statement->key_id) != 0) {
        memcpy(v->trusted, statement->key_id, sizeof v->trusted);
        v->trust = trust->trust(trust->context, statement->key_id);
    }
    return v->trust == 0;
}

static int add_place(struct verifying *v, int64_t seq, const uint8_t hash[RMS_CHAIN_HASH])
{
    struct rms_chain_place *place = rms_list_add(&v->places);

    if (place == NULL) {
        return RMS_E_NO_MEMORY;
    }
    place->seq = seq;
    memcpy(place->hash, hash, sizeof place->hash);
    return 0;
}

static int take_head(struct verifying *v, const struct rms_chain_statement *head)
{
    struct rms_usage_report *report = v->report;
    long long rows = 0;
    long long time = 0;

    v->has_head = true;
    report->head.seq = head->seq;
    memcpy(report->head.hash, head->hash, sizeof head->hash);
    report->head_time = head->time;
    memcpy(report->key_id, head->key_id, sizeof report->key_id);
    if (sscanf(head->detail, "adopt%*[deing] %lld %lld", &rows, &time) == 2) {
        report->adopted = rows;
        report->adopted_at = time;
    }
    return add_place(v, head->seq, head->hash);
}

static int take_mark(struct verifying *v, const struct rms_chain_statement *mark)
{
    return add_place(v, mark->seq, mark->hash);
}

/* The newest counts. */
static int take_cut(struct verifying *v, const struct rms_chain_statement *cut)
{
    if (cut->seq >= v->at.seq) {
        v->at.seq = v->good = cut->seq;
        memcpy(v->at.hash, cut->hash, sizeof v->at.hash);
        v->report->first = cut->seq + 1;
        v->report->cut_time = cut->time;
    }
    return 0;
}

/* PSEUDONYM, then SEQ:MASK for each row, all separated by blanks; MASK in hexadecimal. */
static int take_erased(struct verifying *v, const struct rms_chain_statement *statement)
{
    const char *at = strchr(statement->detail, ' ');
    struct rms_view pseudonym =
        rms_view_of(statement->detail, at != NULL ? (size_t)(at - statement->detail) : 0);

    while (at != NULL && *at == ' ') {
        struct erasure *erasure = rms_list_add(&v->erasures);
        char *end = NULL;

        if (erasure == NULL) {
            return RMS_E_NO_MEMORY;
        }
        erasure->pseudonym = pseudonym;
        erasure->seq = strtoll(at + 1, &end, 10);
        erasure->mask = *end == ':' ? (unsigned)strtoul(end + 1, &end, 16) : 0;
        at = end;
    }
    return 0;
}

static int take_none(struct verifying *v, const struct rms_chain_statement *statement)
{
    (void)statement;
    v->unsigned_found = true;
    return 0;
}

static int read_statements(struct verifying *v, const char *tenant)
{
    static int (*const takers[RMS_CHAIN_KINDS])(struct verifying *, const struct rms_chain_statement *) = {
        [RMS_CHAIN_HEAD] = take_head,
        [RMS_CHAIN_MARK] = take_mark,
        [RMS_CHAIN_CUT] = take_cut,
        [RMS_CHAIN_ERASED] = take_erased,
        [RMS_CHAIN_PROOF] = take_none,
    };
    struct rms_chain_statements list = {NULL, 0};

    RMS_TRY(rms_chain_list(v->db, v->arena, tenant, &list));
    for (size_t i = 0; i < list.count; i++) {
        bool good = is_signed(v, &list.items[i]);

        v->unsigned_found |= !good;
        RMS_TRY(good ? takers[list.items[i].kind](v, &list.items[i]) : 0);
    }
    return v->check->expect != NULL ? add_place(v, v->check->expect->seq, v->check->expect->hash) : 0;
}

/* Both begin with the number of a row. */
static int by_seq(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

static void sort(struct rms_list *list)
{
    if (list->count > 1) {
        qsort(list->items, list->count, list->size, by_seq);
    }
}

/* --- rows ------------------------------------------------------------------------------------------------
 */

struct row {
    struct rms_value cells[RMS_USAGE_CELLS];
    bool chained;
    int64_t seq;
    struct rms_view hash;
    struct rms_view opening;
};

static void note_row(struct verifying *v, const struct row *row)
{
    struct rms_usage_row plain;

    rms_usage_from_cells(row->cells, &plain);
    (void)snprintf(v->report->row_id, sizeof v->report->row_id, "%s", plain.row_id);
    v->report->time = plain.time;
}

static int found_row(struct verifying *v, const struct row *row, enum rms_usage_finding finding)
{
    note_row(v, row);
    return found(v, finding, row->seq, row->seq);
}

static bool same_text(const struct rms_value *cell, struct rms_view text)
{
    return cell->type == RMS_VALUE_TEXT && rms_view_equal(cell->bytes, text);
}

/* What signed statements say was erased from this row; false when a cell does not hold their pseudonym. */
static bool take_erasures(struct verifying *v, const struct row *row, unsigned *mask_out)
{
    const struct erasure *erasures = v->erasures.items;
    bool good = true;

    *mask_out = 0;
    while (v->next_erasure < v->erasures.count && erasures[v->next_erasure].seq < row->seq) {
        v->next_erasure++;
    }
    for (; v->next_erasure < v->erasures.count && erasures[v->next_erasure].seq == row->seq;
         v->next_erasure++) {
        const struct erasure *erasure = &erasures[v->next_erasure];

        *mask_out |= erasure->mask;
        for (size_t i = 0; i < RMS_USAGE_CELLS; i++) {
            int personal = rms_usage_personal(i);

            good &= personal < 0 || (erasure->mask >> personal & 1u) == 0 ||
                    same_text(&row->cells[i], erasure->pseudonym);
        }
    }
    return good;
}

/* Signed places at this row: the hash made from the rows must be theirs. */
static int check_places(struct verifying *v, const struct row *row)
{
    const struct rms_chain_place *places = v->places.items;

    while (v->next_place < v->places.count && places[v->next_place].seq < row->seq) {
        v->next_place++;
    }
    for (; v->next_place < v->places.count && places[v->next_place].seq == row->seq; v->next_place++) {
        if (memcmp(places[v->next_place].hash, v->at.hash, RMS_CHAIN_HASH) != 0) {
            return found(v, RMS_USAGE_REWRITTEN, v->good + 1, row->seq);
        }
        v->good = row->seq;
    }
    return 0;
}

static int check_number(struct verifying *v, const struct row *row)
{
    if (!row->chained || row->seq <= v->at.seq || (v->has_head && row->seq > v->report->head.seq)) {
        return found_row(v, row, RMS_USAGE_INSERTED);
    }
    return row->seq > v->at.seq + 1 ? found(v, RMS_USAGE_DELETED, v->at.seq + 1, row->seq - 1) : 0;
}

static int check_content(struct verifying *v, const struct row *row)
{
    struct rms_usage_opening opening;
    unsigned vouched;
    bool good = take_erasures(v, row, &vouched);

    if (rms_usage_opening_parse(row->opening, &opening) < 0) {
        return found_row(v, row, RMS_USAGE_EDITED);
    }
    RMS_TRY(rms_usage_chain(&v->at, row->cells, &opening, &v->scratch));
    if (!rms_view_equal(row->hash, rms_view_of(v->at.hash, sizeof v->at.hash))) {
        return found_row(v, row, RMS_USAGE_EDITED);
    }
    if (!good || opening.erased != vouched) {
        return found_row(v, row, RMS_USAGE_EFFACED);
    }
    v->report->erased += opening.erased != 0 ? 1 : 0;
    return 0;
}

/* 0: as it was written; 1: found something. */
static int check_row(struct verifying *v, const struct row *row)
{
    int code = check_number(v, row);

    if (code == 0) {
        code = check_content(v, row);
    }
    if (code == 0) {
        v->report->rows++;
        code = check_places(v, row);
    }
    return code;
}

static void take_row(struct rms_rows *rows, struct row *row)
{
    rms_usage_take_cells(rows, row->cells);
    row->chained = !rows->db->engine->is_null(rows->statement, rows->column);
    row->seq = rms_take_int(rows);
    row->hash = rms_take_blob(rows);
    row->opening = rms_take_blob(rows);
}

static int check_rows(struct verifying *v)
{
    RMS_ROWS(rows, v->db, NULL);
    const char *tenant_id = v->check->tenant_id;
    struct row row;
    int code;

    RMS_TRY(rms_rows_open(&rows, tenant_id != NULL ? RMS_SQL_USAGE_CHAIN : RMS_SQL_USAGE_CHAIN_NONE,
        RMS_VALUES(RMS_TEXT(tenant_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        take_row(&rows, &row);
        code = check_row(v, &row);
        if (code != 0) {
            return code;
        }
    }
    return code;
}

/* What can only be said at the end: signed places that no row reached, and what is not signed. */
static int check_end(struct verifying *v)
{
    const struct rms_chain_place *places = v->places.items;

    if (v->places.count > 0 && places[v->places.count - 1].seq > v->at.seq) {
        return found(v, RMS_USAGE_TRUNCATED, v->at.seq + 1, places[v->places.count - 1].seq);
    }
    if (v->unsigned_found || (!v->has_head && v->at.seq > 0)) {
        return found(v, RMS_USAGE_UNSIGNED, v->at.seq > v->good ? v->good + 1 : 0, v->at.seq);
    }
    return 0;
}

static int verify(struct verifying *v)
{
    const char *tenant = v->check->tenant_id != NULL ? v->check->tenant_id : RMS_CHAIN_NONE;
    int code;

    RMS_TRY(read_statements(v, tenant));
    sort(&v->places);
    sort(&v->erasures);
    code = check_rows(v);
    if (code == 0) {
        code = check_end(v);
    }
    return code < 0 ? code : 0;
}

int rms_usage_verify(
    struct rms_db *db, const struct rms_usage_check *check, struct rms_usage_report *report_out)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(ARENA_MAX);
    struct verifying v = {.db = db,
        .check = check,
        .report = report_out,
        .arena = arena,
        .scratch = RMS_BUF_INIT(SCRATCH_MAX),
        .places = RMS_LIST(arena, struct rms_chain_place),
        .erasures = RMS_LIST(arena, struct erasure)};
    bool mine = false;
    int code;

    *report_out = RMS_USAGE_REPORT;
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_db_read_begin(db, &mine));
    code = rms_db_read_end(db, mine, verify(&v));
    rms_buf_fini(&v.scratch);
    return code;
}
