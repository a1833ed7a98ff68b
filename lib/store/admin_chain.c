/* The admin log as a chain (doc/dev/log.md): rows are written where things happen, and chained and signed
 * right after, by whoever has a way to keyd. */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "store/admin_log.h"
#include "store/sql.h"

#define ROW_LABEL   "OpenRMS admin log row 1\n"
#define BATCH       256
#define TRIES       20
#define SCRATCH_MAX (64u << 20) /* a vandal's row may be of any length */

void rms_admin_chain_name(const char *tenant_id, char out[RMS_GUID_TEXT])
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(256);
    uint8_t hash[RMS_HASH_MAX];

    rms_buf_printf(&text, "OpenRMS admin log of %.64s", tenant_id != NULL ? tenant_id : RMS_CHAIN_NONE);
    rms_hash(RMS_SHA256, rms_buf_view(&text), hash);
    (void)snprintf(out, RMS_GUID_TEXT, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
        hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7], hash[8], hash[9], hash[10],
        hash[11], hash[12], hash[13], hash[14], hash[15]);
}

/* --- a row -----------------------------------------------------------------------------------------------
 */

/* As it is stored: a flag that somebody made 2 is not as it was written. */
struct raw_row {
    const char *tenant_id, *actor, *command, *result, *correlation_id;
    int64_t time, passed;
};

static void take_admin_row(struct rms_rows *rows, struct raw_row *row)
{
    row->tenant_id = rms_take_text(rows);
    row->time = rms_take_int(rows);
    row->actor = rms_take_text(rows);
    row->command = rms_take_text(rows);
    row->passed = rms_take_int(rows);
    row->result = rms_take_text(rows);
    row->correlation_id = rms_take_text(rows);
}

/* With its length, so that no text can run over into the next. */
static void append_field(struct rms_buf *out, const char *text)
{
    rms_buf_printf(out, "%lld:%s\n", text != NULL ? (long long)strlen(text) : -1LL, text != NULL ? text : "");
}

/* Moves the place on to this row. */
static int chain_row(struct rms_chain_place *at, const struct raw_row *row)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(SCRATCH_MAX);

    rms_buf_append_str(&text, ROW_LABEL);
    rms_buf_append(&text, at->hash, sizeof at->hash);
    rms_buf_printf(
        &text, "%lld %lld %lld\n", (long long)++at->seq, (long long)row->time, (long long)row->passed);
    append_field(&text, row->tenant_id);
    append_field(&text, row->actor);
    append_field(&text, row->command);
    append_field(&text, row->result);
    append_field(&text, row->correlation_id);
    RMS_TRY(rms_buf_status(&text));
    rms_hash(RMS_SHA256, rms_buf_view(&text), at->hash);
    return 0;
}

/* --- chaining --------------------------------------------------------------------------------------------
 */

struct sealing {
    struct rms_db *db;
    struct rms_arena *arena;
    const char *tenant_id;
    struct rms_chain_statement head; /* the new one */
    struct rms_chain_place was;
    bool first;
    struct rms_chain_place at;
    struct rms_list rows; /* struct sealed */
};

struct sealed {
    int64_t row; /* the table's number */
    struct rms_chain_place place;
};

/* The end of the chain without a head: 0 unless somebody took the head away. */
static int highest(struct sealing *s, int64_t *seq_out)
{
    RMS_ROWS(rows, s->db, NULL);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_ADMIN_CHAIN_END, RMS_VALUES(RMS_TEXT(s->tenant_id))));
    *seq_out = rms_take_int(&rows);
    return 0;
}

/* What is not ours is not gone on from: a number is left out, and the gap stays to be seen. */
static int read_end(struct sealing *s)
{
    char name[RMS_GUID_TEXT];
    bool broken = false;
    int code;

    rms_admin_chain_name(s->tenant_id, name);
    code = rms_chain_head(s->db, s->arena, name, &s->head);

    s->first = code == RMS_E_NOT_FOUND;
    if (s->first) {
        memcpy(s->head.tenant, name, sizeof name);
        RMS_TRY(highest(s, &s->at.seq));
        broken = s->at.seq > 0;
    } else {
        RMS_TRY(code);
        s->was.seq = s->at.seq = s->head.seq;
        memcpy(s->was.hash, s->head.hash, sizeof s->was.hash);
        memcpy(s->at.hash, s->head.hash, sizeof s->at.hash);
        broken = rms_chain_check(s->db, &s->head) < 0;
    }
    if (broken) {
        rms_log(
            RMS_LOG_ERROR, "admin.chain.broken", "tenant", s->tenant_id != NULL ? s->tenant_id : "-", NULL);
        s->at.seq++;
    }
    s->head.kind = RMS_CHAIN_HEAD;
    return 0;
}

static int read_waiting(struct sealing *s)
{
    RMS_ROWS(rows, s->db, NULL);
    struct raw_row row;
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_ADMIN_UNCHAINED,
        RMS_VALUES(RMS_TEXT(s->tenant_id), RMS_INT(s->first ? INT64_MAX : BATCH))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct sealed *sealed = rms_list_add(&s->rows);

        if (sealed == NULL) {
            return RMS_E_NO_MEMORY;
        }
        take_admin_row(&rows, &row);
        sealed->row = rms_take_int(&rows);
        RMS_TRY(chain_row(&s->at, &row));
        sealed->place = s->at;
    }
    return code;
}

static int write_all(struct sealing *s)
{
    const struct sealed *sealed = s->rows.items;

    RMS_TRY(rms_chain_move(s->db, &s->head, s->first ? NULL : &s->was));
    for (size_t i = 0; i < s->rows.count; i++) {
        int code = rms_sql_run_one(s->db, RMS_SQL_ADMIN_SET_CHAIN,
            RMS_VALUES(RMS_INT(sealed[i].row), RMS_INT(sealed[i].place.seq),
                RMS_BLOB(rms_view_of(sealed[i].place.hash, RMS_CHAIN_HASH))));

        RMS_TRY(code == RMS_E_NOT_FOUND ? RMS_E_CONFLICT : code);
    }
    return 0;
}

/* Once; RMS_E_CONFLICT when another writer was faster. */
static int seal_once(struct sealing *s, const struct rms_chain_signer *signer, int64_t now)
{
    char adopted[64];

    RMS_TRY(read_end(s));
    RMS_TRY(read_waiting(s));
    if (s->rows.count == 0) {
        return 0;
    }
    if (s->first) {
        (void)snprintf(adopted, sizeof adopted, "adopted %zu %lld", s->rows.count, (long long)now);
        s->head.detail = s->rows.count > 1 ? adopted : "";
    }
    s->head.seq = s->at.seq;
    memcpy(s->head.hash, s->at.hash, sizeof s->head.hash);
    s->head.time = now;
    RMS_TRY(rms_chain_sign(signer, &s->head));
    RMS_TRY(rms_db_begin(s->db));
    return rms_db_end(s->db, write_all(s));
}

int rms_admin_chain_seal(
    struct rms_db *db, const char *tenant_id, const struct rms_chain_signer *signer, int64_t now)
{
    int code = RMS_E_CONFLICT;

    for (int i = 0; i < TRIES && code == RMS_E_CONFLICT; i++) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(SCRATCH_MAX);
        struct sealing s = {.db = db, .arena = arena, .tenant_id = tenant_id};

        if (arena == NULL) {
            return RMS_E_NO_MEMORY;
        }
        s.rows = RMS_LIST(arena, struct sealed);
        code = seal_once(&s, signer, now);
    }
    return code;
}

/* --- verifying -------------------------------------------------------------------------------------------
 */

struct checking {
    struct rms_db *db;
    const struct rms_usage_check *check;
    struct rms_usage_report *report;
    struct rms_chain_statement head;
    bool has_head, head_good;
    bool expected; /* the noted place was passed */
    struct rms_chain_place at;
};

static int found(struct checking *c, enum rms_usage_finding finding, int64_t from, int64_t until)
{
    c->report->finding = finding;
    c->report->seq = from;
    c->report->until = until;
    return 1;
}

static bool is_ours(const struct checking *c, const struct rms_chain_statement *statement)
{
    const struct rms_usage_trust *trust = c->check->trust;

    return rms_chain_check(c->db, statement) == 0 &&
           (trust == NULL || trust->trust(trust->context, statement->key_id) == 0);
}

/* Where the chain begins: behind what was removed, as far as the service says that it did (the newest
 * counts). */
static int take_cuts(struct checking *c, struct rms_arena *arena)
{
    struct rms_chain_statements list;
    char name[RMS_GUID_TEXT];

    rms_admin_chain_name(c->check->tenant_id, name);
    RMS_TRY(rms_chain_list(c->db, arena, name, &list));
    for (size_t i = 0; i < list.count; i++) {
        const struct rms_chain_statement *cut = &list.items[i];

        if (cut->kind == RMS_CHAIN_CUT && !is_ours(c, cut)) {
            return found(c, RMS_USAGE_UNSIGNED, 1, cut->seq);
        }
        if (cut->kind == RMS_CHAIN_CUT && cut->seq >= c->at.seq) {
            c->at.seq = cut->seq;
            memcpy(c->at.hash, cut->hash, sizeof c->at.hash);
            c->report->first = cut->seq + 1;
            c->report->cut_time = cut->time;
        }
    }
    return 0;
}

static int take_head(struct checking *c, struct rms_arena *arena)
{
    struct rms_usage_report *report = c->report;
    char name[RMS_GUID_TEXT];
    long long rows = 0;
    long long time = 0;
    int code;

    rms_admin_chain_name(c->check->tenant_id, name);
    code = rms_chain_head(c->db, arena, name, &c->head);
    if (code == RMS_E_NOT_FOUND) {
        return 0;
    }
    RMS_TRY(code);
    c->has_head = true;
    c->head_good = is_ours(c, &c->head);
    report->head.seq = c->head.seq;
    memcpy(report->head.hash, c->head.hash, sizeof report->head.hash);
    report->head_time = c->head.time;
    memcpy(report->key_id, c->head.key_id, sizeof report->key_id);
    if (sscanf(c->head.detail, "adopted %lld %lld", &rows, &time) == 2) {
        report->adopted = rows;
        report->adopted_at = time;
    }
    return 0;
}

static int check_place(struct checking *c, const struct rms_chain_place *place, bool *passed)
{
    if (place == NULL || place->seq != c->at.seq) {
        return 0;
    }
    *passed = memcmp(place->hash, c->at.hash, RMS_CHAIN_HASH) == 0;
    return *passed ? 0 : found(c, RMS_USAGE_REWRITTEN, 1, place->seq);
}

/* What was removed may reach to the end, or to the noted place. */
static int check_begin(struct checking *c)
{
    bool passed = false;
    int code = check_place(c, c->has_head ? &c->report->head : NULL, &passed);

    return code == 0 ? check_place(c, c->check->expect, &c->expected) : code;
}

static int check_row(struct checking *c, const struct raw_row *row, int64_t seq, struct rms_view hash)
{
    bool passed = false;

    c->report->time = row->time;
    if (seq <= c->at.seq || (c->has_head && seq > c->head.seq)) {
        return found(c, RMS_USAGE_INSERTED, seq, seq);
    }
    if (seq > c->at.seq + 1) {
        return found(c, RMS_USAGE_DELETED, c->at.seq + 1, seq - 1);
    }
    RMS_TRY(chain_row(&c->at, row));
    if (!rms_view_equal(hash, rms_view_of(c->at.hash, sizeof c->at.hash))) {
        return found(c, RMS_USAGE_EDITED, seq, seq);
    }
    c->report->rows++;
    int code = check_place(c, c->has_head ? &c->report->head : NULL, &passed);
    return code == 0 ? check_place(c, c->check->expect, &c->expected) : code;
}

static int check_rows(struct checking *c)
{
    RMS_ROWS(rows, c->db, NULL);
    struct raw_row row;
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_ADMIN_CHAIN, RMS_VALUES(RMS_TEXT(c->check->tenant_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        take_admin_row(&rows, &row);
        int64_t seq = rms_take_int(&rows);
        code = check_row(c, &row, seq, rms_take_blob(&rows));
        if (code != 0) {
            return code;
        }
    }
    c->report->time = RMS_TIME_NONE;
    return code;
}

static int check_end(struct checking *c)
{
    if (c->has_head && c->head.seq > c->at.seq) {
        return found(c, RMS_USAGE_TRUNCATED, c->at.seq + 1, c->head.seq);
    }
    if (c->check->expect != NULL && !c->expected && c->check->expect->seq >= c->report->first) {
        return found(c, RMS_USAGE_TRUNCATED, c->at.seq + 1, c->check->expect->seq);
    }
    return c->head_good || c->at.seq == 0 ? 0 : found(c, RMS_USAGE_UNSIGNED, 1, c->at.seq);
}

static int verify(struct checking *c, struct rms_arena *arena)
{
    int code = take_head(c, arena);

    if (code == 0) {
        code = take_cuts(c, arena);
    }
    if (code == 0) {
        code = check_begin(c);
    }
    if (code == 0) {
        code = check_rows(c);
    }
    if (code == 0) {
        code = check_end(c);
    }
    return code < 0 ? code : 0;
}

int rms_admin_chain_verify(
    struct rms_db *db, const struct rms_usage_check *check, struct rms_usage_report *report_out)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(SCRATCH_MAX);
    struct checking c = {.db = db, .check = check, .report = report_out};
    bool mine = false;

    *report_out = RMS_USAGE_REPORT;
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_db_read_begin(db, &mine));
    return rms_db_read_end(db, mine, verify(&c, arena));
}
