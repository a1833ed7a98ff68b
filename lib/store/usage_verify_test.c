/* The chain of the usage log: whatever is done to the database beside the service shows, and where. */
#include "store/testing.h"

#include "crypto/ec.h"
#include "store/admin_log.h"
#include "store/stream.h"
#include "store/usage_remove.h"
#include "store/usage_row.h"
#include "store/usage_verify.h"

#define ROWS 9 /* 5 and 4, in two batches */

static struct rms_ec_private *log_key;
static char key_id[RMS_GUID_TEXT];

static int sign(void *context, struct rms_chain_statement *statement)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_CHAIN_TEXT_MAX);
    uint8_t digest[RMS_SHA256_BYTES];

    (void)context;
    memcpy(statement->key_id, key_id, sizeof key_id);
    RMS_TRY(rms_chain_text(statement, &text));
    RMS_TRY(rms_chain_digest(statement->kind, rms_buf_view(&text), digest));
    return rms_ec_sign(log_key, digest, statement->signature);
}

static const struct rms_chain_signer signer = {.sign = sign};

static int make_key(void **state)
{
    (void)state;
    rms_guid_new(key_id);
    return rms_ec_generate(&log_key);
}

static int drop_key(void **state)
{
    (void)state;
    rms_ec_private_free(&log_key);
    return 0;
}

static struct rms_usage_row row_of(struct lab *lab, const char *tenant_id, unsigned number)
{
    return (struct rms_usage_row){.tenant_id = tenant_id,
        .time = LAB_TIME + number,
        .row_id = lab_guid(lab),
        .request_type = "AcquireLicense",
        .user_id = "bob@contoso.test",
        .result = "Success",
        .correlation_id = lab_guid(lab),
        .content_id = lab_guid(lab),
        .owner_email = "alice@contoso.test",
        .issuer = "alice@contoso.test",
        .template_id = number % 2 == 0 ? NULL : "tpl",
        .file_name = "Plan.docx",
        .date_published = number % 2 == 0 ? RMS_TIME_NONE : LAB_TIME - 9,
        .c_info = "MSIPC",
        .c_ip = "192.0.2.1",
        .acting_as_user = NULL,
        .super_user = false,
        .membership_age_s = 7,
        .detail = number % 3 == 0 ? "why" : NULL};
}

static void append_as(struct rms_usage_writer *writer, struct lab *lab, const char *tenant, unsigned count)
{
    struct rms_usage_row rows[16];

    for (unsigned i = 0; i < count; i++) {
        rows[i] = row_of(lab, tenant, i);
    }
    assert_int_equal(rms_usage_append(writer, LAB_TIME, rows, count), 0);
}

static void append(struct lab *lab, const char *tenant, unsigned count)
{
    struct rms_usage_writer *writer = NULL;

    assert_int_equal(rms_usage_writer_new(lab->db, &signer, &writer), 0);
    append_as(writer, lab, tenant, count);
    rms_usage_writer_free(&writer);
}

static int setup(void **state)
{
    assert_int_equal(lab_setup(state), 0);
    struct lab *lab = *state;
    struct rms_log_key key = {.id = key_id, .created_at = LAB_TIME, .sealed = RMS_VIEW_LITERAL("box")};

    rms_ec_public_of(log_key, &key.public_key);
    assert_int_equal(rms_log_key_add(lab->db, &key), 0);
    append(lab, "t", 5);
    append(lab, "x", 3);
    append(lab, "t", ROWS - 5);
    append(lab, NULL, 2);
    return 0;
}

#define CHAIN_TEST(function) cmocka_unit_test_setup_teardown(function, setup, lab_teardown)

static struct rms_usage_report verify(struct lab *lab, const char *tenant)
{
    const struct rms_usage_check check = {.tenant_id = tenant};
    struct rms_usage_report report;

    assert_int_equal(rms_usage_verify(lab->db, &check, &report), 0);
    return report;
}

/* What somebody does who has the file. */
static void vandal(struct lab *lab, const char *sql)
{
    assert_int_equal(lab->db->engine->exec(lab->db->link, sql), 0);
}

static void keep(struct lab *lab)
{
    vandal(lab,
        "CREATE TABLE kept_log AS SELECT * FROM usage_log; CREATE TABLE kept_statement AS SELECT * FROM"
        " log_statement");
}

static void put_back(struct lab *lab)
{
    vandal(lab, "DELETE FROM usage_log; INSERT INTO usage_log SELECT * FROM kept_log;"
                "DELETE FROM log_statement; INSERT INTO log_statement SELECT * FROM kept_statement");
}

static void expect(struct lab *lab, enum rms_usage_finding finding, int64_t seq, int64_t until)
{
    struct rms_usage_report report = verify(lab, "t");

    if (report.finding != finding || report.seq != seq || report.until != until) {
        print_error("found %s %lld..%lld\n", rms_usage_finding_word(report.finding), (long long)report.seq,
            (long long)report.until);
    }
    assert_int_equal(report.finding, finding);
    assert_int_equal(report.seq, seq);
    assert_int_equal(report.until, until);
}

static void an_untouched_log_is_intact(void **state)
{
    struct lab *lab = *state;
    struct rms_usage_report report = verify(lab, "t");

    assert_int_equal(report.finding, RMS_USAGE_INTACT);
    assert_int_equal(report.rows, ROWS);
    assert_int_equal(report.head.seq, ROWS);
    assert_int_equal(report.first, 1);
    assert_string_equal(report.key_id, key_id);
    assert_int_equal(report.adopted, 0);
    assert_int_equal(verify(lab, "x").rows, 3);
    assert_int_equal(verify(lab, NULL).rows, 2);
    assert_int_equal(verify(lab, "nobody").rows, 0);
    assert_int_equal(verify(lab, "nobody").finding, RMS_USAGE_INTACT);
}

static void edit(struct lab *lab, size_t column, int seq)
{
    const struct rms_usage_column *c = &rms_usage_columns[column];
    bool text = c->kind == RMS_CELL_TEXT || c->kind == RMS_CELL_PERSONAL;
    char sql[256];

    (void)snprintf(sql, sizeof sql, "UPDATE usage_log SET %s = %s WHERE tenant_id = 't' AND chain_seq = %d",
        c->name, text ? "'other'" : "3", seq);
    vandal(lab, sql);
}

/* touches: B-11
 * Each cell of each row. A row whose tenant is changed is missing among those of its own. */
static void every_cell_counts(void **state)
{
    struct lab *lab = *state;

    keep(lab);
    for (size_t column = 0; column < RMS_USAGE_CELLS; column++) {
        for (int seq = 1; seq <= ROWS; seq++) {
            edit(lab, column, seq);
            expect(lab,
                column > 0    ? RMS_USAGE_EDITED
                : seq == ROWS ? RMS_USAGE_TRUNCATED
                              : RMS_USAGE_DELETED,
                seq, seq);
            put_back(lab);
        }
    }
    expect(lab, RMS_USAGE_INTACT, 0, 0);
}

/* The chain's own columns. */
static void so_do_number_hash_and_salt(void **state)
{
    static const char *const own[] = {"chain_seq = 77",
        "hash = CAST('0123456789abcdef0123456789abcdef' AS BLOB)", "hash = NULL",
        "opening = CAST('0123456789abcdef' AS BLOB)", "opening = NULL"};
    struct lab *lab = *state;
    char sql[256];

    keep(lab);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        (void)snprintf(
            sql, sizeof sql, "UPDATE usage_log SET %s WHERE tenant_id = 't' AND chain_seq = 4", own[i]);
        vandal(lab, sql);
        expect(lab, i == 0 ? RMS_USAGE_DELETED : RMS_USAGE_EDITED, 4, 4);
        put_back(lab);
    }
}

/* touches: B-11 */
static void deleted_rows_show(void **state)
{
    struct lab *lab = *state;
    char sql[128];

    keep(lab);
    for (int seq = 1; seq <= ROWS; seq++) {
        (void)snprintf(
            sql, sizeof sql, "DELETE FROM usage_log WHERE tenant_id = 't' AND chain_seq = %d", seq);
        vandal(lab, sql);
        expect(lab, seq == ROWS ? RMS_USAGE_TRUNCATED : RMS_USAGE_DELETED, seq, seq);
        put_back(lab);
    }
}

static const struct {
    const char *sql;
    enum rms_usage_finding finding;
    int64_t seq;
    int64_t until;
} deeds[] = {
    {"UPDATE usage_log SET user_id = NULL WHERE tenant_id = 't' AND chain_seq = 4", RMS_USAGE_EDITED, 4, 4},
    {"UPDATE usage_log SET super_user = 2 WHERE tenant_id = 't' AND chain_seq = 2", RMS_USAGE_EDITED, 2, 2},
    {"UPDATE usage_log SET detail = '' WHERE tenant_id = 't' AND chain_seq = 3", RMS_USAGE_EDITED, 3, 3},
    /* two rows change places */
    {"UPDATE usage_log SET chain_seq = CASE chain_seq WHEN 3 THEN 6 ELSE 3 END WHERE tenant_id = 't'"
     " AND chain_seq IN (3, 6)",
        RMS_USAGE_EDITED, 3, 3},
    /* two cells change rows */
    {"UPDATE usage_log SET row_id = (SELECT u.row_id FROM usage_log u WHERE u.tenant_id = 't'"
     " AND u.chain_seq = 13 - usage_log.chain_seq) WHERE tenant_id = 't' AND chain_seq IN (5, 8)",
        RMS_USAGE_EDITED, 5, 5},
    /* two cells of a row: a commitment is to its column */
    {"UPDATE usage_log SET owner_email = c_ip, c_ip = owner_email WHERE tenant_id = 't' AND chain_seq = 7",
        RMS_USAGE_EDITED, 7, 7},
    {"DELETE FROM usage_log WHERE tenant_id = 't' AND chain_seq BETWEEN 2 AND 4", RMS_USAGE_DELETED, 2, 4},
    {"DELETE FROM usage_log WHERE tenant_id = 't' AND chain_seq > 6", RMS_USAGE_TRUNCATED, 7, ROWS},
    {"DELETE FROM usage_log WHERE tenant_id = 't'", RMS_USAGE_TRUNCATED, 1, ROWS},
    /* removed, and the rest numbered anew */
    {"DELETE FROM usage_log WHERE tenant_id = 't' AND chain_seq = 4;"
     "UPDATE usage_log SET chain_seq = chain_seq - 1 WHERE tenant_id = 't' AND chain_seq > 4",
        RMS_USAGE_EDITED, 4, 4},
    /* a row twice, one outside of the chain, one behind the end, one from another tenant */
    {"INSERT INTO usage_log SELECT 1000, tenant_id, time, row_id, request_type, user_id, result, "
     "correlation_id,"
     " content_id, owner_email, issuer, template_id, file_name, date_published, c_info, c_ip, admin_action,"
     " acting_as_user, super_user, membership_age_s, detail, offline_until, chain_seq, hash, opening FROM "
     "usage_log"
     " WHERE tenant_id = 't' AND chain_seq = 5",
        RMS_USAGE_INSERTED, 5, 5},
    {"INSERT INTO usage_log (tenant_id, time, row_id, request_type, admin_action, super_user, "
     "membership_age_s)"
     " VALUES ('t', 1, 'r', 'x', 0, 0, 0)",
        RMS_USAGE_INSERTED, 0, 0},
    {"INSERT INTO usage_log (tenant_id, time, row_id, request_type, admin_action, super_user, "
     "membership_age_s,"
     " chain_seq, hash, opening) VALUES ('t', 1, 'r', 'x', 0, 0, 0, 10, CAST('x' AS BLOB), CAST('y' AS "
     "BLOB))",
        RMS_USAGE_INSERTED, ROWS + 1, ROWS + 1},
    {"DELETE FROM usage_log WHERE tenant_id = 't' AND chain_seq = 2;"
     "UPDATE usage_log SET tenant_id = 't' WHERE tenant_id = 'x' AND chain_seq = 2",
        RMS_USAGE_EDITED, 2, 2},
    /* the statements */
    {"DELETE FROM log_statement WHERE tenant = 't' AND kind = 'head'", RMS_USAGE_UNSIGNED, 1, ROWS},
    {"UPDATE log_statement SET time = time + 1 WHERE tenant = 't'", RMS_USAGE_UNSIGNED, 1, ROWS},
    {"UPDATE log_statement SET detail = 'adopted 9 1' WHERE tenant = 't'", RMS_USAGE_UNSIGNED, 1, ROWS},
    {"UPDATE log_statement SET key_id = '' WHERE tenant = 't'", RMS_USAGE_UNSIGNED, 1, ROWS},
    {"INSERT INTO log_statement (tenant, kind, seq, hash, time, detail, key_id, signature) SELECT 't', "
     "'cut', 4,"
     " (SELECT hash FROM usage_log WHERE tenant_id = 't' AND chain_seq = 4), time, '', key_id, signature"
     " FROM log_statement WHERE tenant = 't' AND kind = 'head';"
     "DELETE FROM usage_log WHERE tenant_id = 't' AND chain_seq <= 4",
        RMS_USAGE_DELETED, 1, 4}, /* a head's signature makes no cut */
    {"UPDATE log_statement SET seq = (SELECT seq FROM log_statement WHERE tenant = 'x'), hash = (SELECT hash "
     "FROM"
     " log_statement WHERE tenant = 'x'), signature = (SELECT signature FROM log_statement WHERE tenant = "
     "'x')"
     " WHERE tenant = 't'; DELETE FROM usage_log WHERE tenant_id = 't' AND chain_seq > 3",
        RMS_USAGE_UNSIGNED, 1, 3}, /* another tenant's head */
};

static void every_deed_shows(void **state)
{
    struct lab *lab = *state;

    keep(lab);
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        vandal(lab, deeds[i].sql);
        expect(lab, deeds[i].finding, deeds[i].seq, deeds[i].until);
        put_back(lab);
    }
    expect(lab, RMS_USAGE_INTACT, 0, 0);
}

/* Who knows the format makes the whole rest of the chain anew; he lacks the key. */
static void rewrite_from(struct lab *lab, int64_t from)
{
    struct rms_chain_place place = {0};
    char sql[256];

    for (int64_t seq = 1; seq <= ROWS + 2000; seq++) {
        RMS_ROWS(rows, lab->db, lab->arena);
        struct rms_value cells[RMS_USAGE_CELLS];
        struct rms_usage_opening opening;
        struct rms_buf scratch = RMS_BUF_INIT(65536);
        char hex[2 * RMS_CHAIN_HASH + 1];

        assert_int_equal(rms_rows_open(&rows, RMS_SQL_USAGE_CHAIN, RMS_VALUES(RMS_TEXT("t"))), 0);
        for (int64_t i = 0; i < seq; i++) {
            if (rms_rows_next(&rows) == 0) {
                return;
            }
        }
        rms_usage_take_cells(&rows, cells);
        rows.column += 2;
        assert_int_equal(rms_usage_opening_parse(rms_take_blob(&rows), &opening), 0);
        assert_int_equal(rms_usage_chain(&place, cells, &opening, &scratch), 0);
        rms_buf_fini(&scratch);
        rms_rows_close(&rows);
        for (size_t i = 0; i < sizeof place.hash; i++) {
            (void)snprintf(hex + 2 * i, 3, "%02x", place.hash[i]);
        }
        (void)snprintf(sql, sizeof sql,
            "UPDATE usage_log SET hash = %s%s' WHERE tenant_id = 't' AND chain_seq = %lld",
            test_server() != NULL ? "E'\\\\x" : "x'", hex, (long long)seq);
        if (seq >= from) {
            vandal(lab, sql);
        }
    }
}

/* "Success", NUL, "not": the same text to who stops at the NUL. PostgreSQL has no such texts. */
static void nothing_hides_behind_a_nul(void **state)
{
    struct lab *lab = *state;

    if (test_server() != NULL) {
        skip();
    }
    vandal(lab, "UPDATE usage_log SET result = CAST(x'53756363657373006e6f74' AS TEXT) WHERE tenant_id = 't'"
                " AND chain_seq = 4");
    expect(lab, RMS_USAGE_EDITED, 4, 4);
}

static void a_chain_made_anew_shows(void **state)
{
    struct lab *lab = *state;

    vandal(lab, "UPDATE usage_log SET user_id = 'mallory' WHERE tenant_id = 't' AND chain_seq = 4");
    rewrite_from(lab, 4);
    expect(lab, RMS_USAGE_REWRITTEN, 1, ROWS);
}

/* Marks tell about where. */
static void marks_narrow_it_down(void **state)
{
    struct lab *lab = *state;
    struct rms_usage_writer *writer = NULL;
    struct rms_usage_row row;

    assert_int_equal(rms_usage_writer_new(lab->db, &signer, &writer), 0);
    for (unsigned i = 0; i < 4; i++) { /* each ten minutes after the one before: a mark each */
        row = row_of(lab, "t", i);
        assert_int_equal(rms_usage_append(writer, LAB_TIME + 600 * (i + 1), &row, 1), 0);
    }
    rms_usage_writer_free(&writer);
    expect(lab, RMS_USAGE_INTACT, 0, 0);
    vandal(lab, "UPDATE usage_log SET user_id = 'mallory' WHERE tenant_id = 't' AND chain_seq = 12");
    rewrite_from(lab, 12);
    expect(lab, RMS_USAGE_REWRITTEN, 12, 12);
}

/* A writer that goes on signs nothing that it did not write. */
static void the_service_signs_no_forgery(void **state)
{
    struct lab *lab = *state;
    struct rms_usage_writer *writer = NULL;
    struct rms_usage_writer *fresh = NULL;

    assert_int_equal(rms_usage_writer_new(lab->db, &signer, &writer), 0);
    append_as(writer, lab, "t", 1);
    vandal(lab, "DELETE FROM usage_log WHERE tenant_id = 't' AND chain_seq = 10");
    vandal(lab, "UPDATE log_statement SET seq = 9, hash = (SELECT hash FROM usage_log WHERE tenant_id = 't'"
                " AND chain_seq = 9) WHERE tenant = 't' AND kind = 'head'");
    append_as(writer, lab, "t", 2); /* knows of row 10 */
    expect(lab, RMS_USAGE_DELETED, 10, 10);
    rms_usage_writer_free(&writer);

    vandal(lab, "DELETE FROM usage_log WHERE tenant_id = 't' AND chain_seq = 12");
    vandal(lab, "UPDATE log_statement SET seq = 11, hash = (SELECT hash FROM usage_log WHERE tenant_id = 't'"
                " AND chain_seq = 11) WHERE tenant = 't' AND kind = 'head'");
    vandal(lab, "UPDATE usage_log SET chain_seq = 10 WHERE tenant_id = 't' AND chain_seq = 11");
    assert_int_equal(rms_usage_writer_new(lab->db, &signer, &fresh), 0);
    append_as(fresh, lab, "t", 1); /* knows nothing, but sees that nobody signed this */
    rms_usage_writer_free(&fresh);
    assert_int_not_equal(verify(lab, "t").finding, RMS_USAGE_INTACT);
}

/* Two nodes on one database, in turns. */
static void writers_take_turns(void **state)
{
    struct lab *lab = *state;
    struct rms_usage_writer *a = NULL;
    struct rms_usage_writer *b = NULL;

    assert_int_equal(rms_usage_writer_new(lab->db, &signer, &a), 0);
    assert_int_equal(rms_usage_writer_new(lab->db, &signer, &b), 0);
    for (int i = 0; i < 5; i++) {
        append_as(a, lab, "t", 2);
        append_as(b, lab, "t", 1);
        append_as(b, lab, "x", 1);
    }
    expect(lab, RMS_USAGE_INTACT, 0, 0);
    assert_int_equal(verify(lab, "t").rows, ROWS + 15);
    assert_int_equal(verify(lab, "x").rows, 8);
    rms_usage_writer_free(&a);
    rms_usage_writer_free(&b);
}

static void a_log_put_back_shows_to_who_noted_its_end(void **state)
{
    struct lab *lab = *state;
    struct rms_usage_report report;
    struct rms_usage_check check = {.tenant_id = "t"};

    vandal(lab, "CREATE TABLE old AS SELECT * FROM log_statement WHERE tenant = 't'");
    append(lab, "t", 2);
    struct rms_chain_place noted = verify(lab, "t").head;
    check.expect = &noted;
    assert_int_equal(rms_usage_verify(lab->db, &check, &report), 0);
    assert_int_equal(report.finding, RMS_USAGE_INTACT);
    vandal(lab, "DELETE FROM usage_log WHERE tenant_id = 't' AND chain_seq > 9;"
                "DELETE FROM log_statement WHERE tenant = 't'; INSERT INTO log_statement SELECT * FROM old");
    expect(lab, RMS_USAGE_INTACT, 0, 0);
    assert_int_equal(rms_usage_verify(lab->db, &check, &report), 0);
    assert_int_equal(report.finding, RMS_USAGE_TRUNCATED);
    assert_int_equal(report.seq, 10);
}

static int distrust(void *context, const char *id)
{
    (*(int *)context)++;
    assert_string_equal(id, key_id);
    return RMS_E_UNKNOWN_KEY;
}

/* Signatures of a key that somebody brought. */
static void a_foreign_key_is_refused(void **state)
{
    struct lab *lab = *state;
    int asked = 0;
    const struct rms_usage_trust trust = {distrust, &asked};
    const struct rms_usage_check check = {.tenant_id = "t", .trust = &trust};
    struct rms_usage_report report;

    assert_int_equal(rms_usage_verify(lab->db, &check, &report), 0);
    assert_int_equal(report.finding, RMS_USAGE_UNSIGNED);
    assert_int_equal(asked, 1);
}

static void old_rows_are_adopted(void **state)
{
    struct lab *lab = *state;
    struct rms_usage_writer *writer = NULL;

    vandal(lab,
        "DELETE FROM log_statement; UPDATE usage_log SET chain_seq = NULL, hash = NULL, opening = NULL;"
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
        "INSERT INTO usage_log (tenant_id, time, row_id, request_type, admin_action, super_user,"
        " membership_age_s) SELECT 't', i, 'r', 'x', 0, 0, 0 FROM n");
    assert_int_equal(rms_usage_writer_new(lab->db, &signer, &writer), 0);
    assert_int_equal(rms_usage_adopt(writer, LAB_TIME), 0);
    assert_int_equal(rms_usage_adopt(writer, LAB_TIME + 5), 0);
    append_as(writer, lab, "t", 2);
    struct rms_usage_report report = verify(lab, "t");
    assert_int_equal(report.finding, RMS_USAGE_INTACT);
    assert_int_equal(report.rows, ROWS + 2502);
    assert_int_equal(report.adopted, ROWS + 2500);
    assert_int_equal(report.adopted_at, LAB_TIME);
    assert_int_equal(verify(lab, NULL).adopted, 2);
    /* later nothing more */
    vandal(lab, "INSERT INTO usage_log (tenant_id, time, row_id, request_type, admin_action, super_user,"
                " membership_age_s) VALUES ('t', 1, 'r', 'x', 0, 0, 0)");
    assert_int_equal(rms_usage_adopt(writer, LAB_TIME + 5), 0);
    expect(lab, RMS_USAGE_INSERTED, 0, 0);
    rms_usage_writer_free(&writer);
}

static uint64_t erase(struct lab *lab, const char *address)
{
    const struct rms_usage_removal removal = {
        .db = lab->db, .signer = &signer, .tenant_id = "t", .now = LAB_TIME + 50};
    uint64_t rows = 0;

    assert_int_equal(rms_usage_erase(&removal, address, &rows), 0);
    return rows;
}

static int count_row(const struct rms_usage_row *row, void *context)
{
    (*(size_t *)context)++;
    assert_true(row->user_id == NULL || strcmp(row->user_id, "nobody") != 0);
    return 0;
}

static size_t count_about(struct lab *lab, const char *address)
{
    const struct rms_usage_query query = {
        .tenant_id = "t", .from = RMS_TIME_NONE, .to = RMS_TIME_NONE, .user_id = address, .about = true};
    size_t count = 0;

    assert_int_equal(rms_usage_read(lab->db, &query, count_row, &count), 0);
    return count;
}

/* The names go, the proof stays; and nobody erases on his own. */
static void a_person_can_be_erased(void **state)
{
    static const char *const deeds_after[] = {
        "UPDATE usage_log SET user_id = 'bob@contoso.test' WHERE tenant_id = 't' AND chain_seq = 4",
        "UPDATE usage_log SET user_id = 'erased-other' WHERE tenant_id = 't' AND chain_seq = 4",
        "UPDATE usage_log SET opening = (SELECT u.opening FROM usage_log u WHERE u.tenant_id = 't' AND "
        "u.chain_seq = 5)"
        " WHERE tenant_id = 't' AND chain_seq = 4",
        "DELETE FROM log_statement WHERE tenant = 't' AND kind = 'erased'",
        "UPDATE log_statement SET detail = 'x 1:ff' WHERE tenant = 't' AND kind = 'erased'",
    };
    struct lab *lab = *state;

    assert_int_equal(count_about(lab, "bob@contoso.test"), ROWS);
    assert_int_equal(erase(lab, "bob@contoso.test"), ROWS);
    assert_int_equal(erase(lab, "bob@contoso.test"), 0);
    expect(lab, RMS_USAGE_INTACT, 0, 0);
    assert_int_equal(verify(lab, "t").erased, ROWS);
    assert_int_equal(count_about(lab, "bob@contoso.test"), 0);
    assert_int_equal(count_about(lab, "alice@contoso.test"), ROWS);
    assert_int_equal(verify(lab, "x").erased, 0);
    assert_int_equal(erase(lab, "alice@contoso.test"), ROWS);
    append(lab, "t", 2);
    expect(lab, RMS_USAGE_INTACT, 0, 0);
    keep(lab);
    for (size_t i = 0; i < sizeof deeds_after / sizeof deeds_after[0]; i++) {
        vandal(lab, deeds_after[i]);
        assert_int_not_equal(verify(lab, "t").finding, RMS_USAGE_INTACT);
        put_back(lab);
    }
}

static void old_rows_can_be_cut(void **state)
{
    struct lab *lab = *state;
    const struct rms_usage_removal removal = {
        .db = lab->db, .signer = &signer, .tenant_id = "t", .now = LAB_TIME + 50};
    uint64_t rows = 0;

    (void)erase(lab, "bob@contoso.test");
    assert_int_equal(rms_usage_cut(&removal, LAB_TIME + 3, &rows), 0);
    assert_int_equal(rows, 3); /* row 4 is of that second, though 6 to 8 are older */
    expect(lab, RMS_USAGE_INTACT, 0, 0);
    assert_int_equal(verify(lab, "t").first, 4);
    assert_int_equal(verify(lab, "t").rows, ROWS - 3);
    assert_int_equal(verify(lab, "t").cut_time, LAB_TIME + 50);
    keep(lab);
    vandal(lab, "DELETE FROM usage_log WHERE tenant_id = 't' AND chain_seq = 4");
    expect(lab, RMS_USAGE_DELETED, 4, 4);
    put_back(lab);
    vandal(lab, "DELETE FROM log_statement WHERE kind = 'cut'");
    expect(lab, RMS_USAGE_DELETED, 1, 3);
    put_back(lab);
    append(lab, "t", 2);
    assert_int_equal(rms_usage_cut(&removal, LAB_TIME + 5000, &rows), 0);
    assert_int_equal(rows, ROWS - 1);
    expect(lab, RMS_USAGE_INTACT, 0, 0);
    append(lab, "t", 1);
    expect(lab, RMS_USAGE_INTACT, 0, 0);
    assert_int_equal(verify(lab, "t").rows, 1);
    assert_int_equal(verify(lab, "x").rows, 3);
}

static void rows_that_a_stream_has_not_stay(void **state)
{
    struct lab *lab = *state;
    struct rms_usage_removal removal = {
        .db = lab->db, .signer = &signer, .tenant_id = "t", .now = LAB_TIME + 50, .streamed_only = true};
    uint64_t rows = 0;

    /* numbers of the table: t has 1 to 5 and 9 to 12 */
    assert_int_equal(rms_stream_move(lab->db, "a file", 12), 0);
    assert_int_equal(rms_stream_move(lab->db, "a journal", 3), 0);
    assert_int_equal(rms_usage_cut(&removal, LAB_TIME + 5000, &rows), 0);
    assert_int_equal(rows, 3);
    assert_int_equal(rms_stream_move(lab->db, "a journal", 10), 0);
    assert_int_equal(rms_usage_cut(&removal, LAB_TIME + 5000, &rows), 0);
    assert_int_equal(rows, 4);
    assert_int_equal(verify(lab, "t").first, 8);
    expect(lab, RMS_USAGE_INTACT, 0, 0);
    removal.streamed_only = false; /* somebody wants it so */
    assert_int_equal(rms_usage_cut(&removal, LAB_TIME + 5000, &rows), 0);
    assert_int_equal(rows, 2);
    expect(lab, RMS_USAGE_INTACT, 0, 0);
}

static void rows_of_no_tenant_can_be_cut(void **state)
{
    struct lab *lab = *state;
    const struct rms_usage_removal removal = {.db = lab->db, .signer = &signer, .now = LAB_TIME + 50};
    uint64_t rows = 0;

    assert_int_equal(rms_usage_cut(&removal, LAB_TIME + 1, &rows), 0);
    assert_int_equal(rows, 1);
    assert_int_equal(verify(lab, NULL).finding, RMS_USAGE_INTACT);
    assert_int_equal(verify(lab, NULL).first, 2);
    expect(lab, RMS_USAGE_INTACT, 0, 0);
    assert_int_equal(verify(lab, "t").rows, ROWS);
}

/* --- the log of administration ---------------------------------------------------------------------------
 */

static void add_admin(struct lab *lab, const char *tenant, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct rms_admin_row row = {tenant, LAB_TIME + i, "root", "GetUsers", true, "True", NULL};

        assert_int_equal(rms_admin_log_append(lab->db, &row), 0);
    }
    assert_int_equal(rms_admin_chain_seal(lab->db, tenant, &signer, LAB_TIME + 20), 0);
}

static struct rms_usage_report verify_admin(
    struct lab *lab, const char *tenant, const struct rms_chain_place *noted)
{
    const struct rms_usage_check check = {.tenant_id = tenant, .expect = noted};
    struct rms_usage_report report;

    assert_int_equal(rms_admin_chain_verify(lab->db, &check, &report), 0);
    return report;
}

static uint64_t cut_admin(struct lab *lab, const char *tenant, int64_t before)
{
    const struct rms_usage_removal removal = {
        .db = lab->db, .signer = &signer, .tenant_id = tenant, .now = LAB_TIME + 50, .streamed_only = true};
    uint64_t rows = 0;

    assert_int_equal(rms_admin_log_cut(&removal, before, &rows), 0);
    return rows;
}

static void the_admin_log_can_be_cut(void **state)
{
    struct lab *lab = *state;
    struct rms_chain_place early;

    add_admin(lab, "t", 2);
    early = verify_admin(lab, "t", NULL).head;
    add_admin(lab, "t", 4);
    add_admin(lab, NULL, 3);
    assert_int_equal(cut_admin(lab, "t", LAB_TIME), 0);
    assert_int_equal(cut_admin(lab, "t", LAB_TIME + 3), 5); /* 0 1 0 1 2, and 3 stays */
    struct rms_usage_report report = verify_admin(lab, "t", &early);
    assert_int_equal(report.finding, RMS_USAGE_INTACT); /* what was noted is gone as the service says */
    assert_int_equal(report.first, 6);
    assert_int_equal(report.rows, 1);
    assert_int_equal(report.cut_time, LAB_TIME + 50);
    assert_int_equal(verify_admin(lab, NULL, NULL).rows, 3);
    assert_int_equal(cut_admin(lab, NULL, LAB_TIME + 1), 1);
    assert_int_equal(verify_admin(lab, NULL, NULL).finding, RMS_USAGE_INTACT);

    assert_int_equal(cut_admin(lab, "t", LAB_TIME + 100), 1); /* to the end, and on from there */
    assert_int_equal(verify_admin(lab, "t", NULL).finding, RMS_USAGE_INTACT);
    add_admin(lab, "t", 2);
    report = verify_admin(lab, "t", NULL);
    assert_int_equal(report.finding, RMS_USAGE_INTACT);
    assert_int_equal(report.first, 7);
    assert_int_equal(report.rows, 2);
    expect(lab, RMS_USAGE_INTACT, 0, 0); /* the usage log knows nothing of it */
}

/* Whoever has the database removes rows as if they were cut. */
static void no_cut_of_ones_own(void **state)
{
    static const char *const forgeries[] = {
        "DELETE FROM log_statement WHERE kind = 'cut'",
        "UPDATE log_statement SET seq = 4, hash = (SELECT hash FROM admin_log WHERE chain_seq = 4) WHERE "
        "kind = 'cut'",
        /* the usage log's own, of a row with that number */
        "INSERT INTO log_statement (kind, tenant, seq, hash, time, detail, key_id, signature) SELECT 'cut',"
        " (SELECT s.tenant FROM log_statement s WHERE s.kind = 'cut' AND s.tenant <> 't'), seq + 3, hash, "
        "time, detail,"
        " key_id, signature FROM log_statement WHERE tenant = 't' AND kind = 'head'",
    };
    struct lab *lab = *state;

    add_admin(lab, "t", 6);
    assert_int_equal(cut_admin(lab, "t", LAB_TIME + 2), 2);
    vandal(lab, "CREATE TABLE kept_admin AS SELECT * FROM admin_log");
    keep(lab);
    for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++) {
        vandal(lab, forgeries[i]);
        if (i > 0) {
            vandal(lab, "DELETE FROM admin_log WHERE chain_seq <= 4");
        }
        assert_int_not_equal(verify_admin(lab, "t", NULL).finding, RMS_USAGE_INTACT);
        put_back(lab);
        vandal(lab, "DELETE FROM admin_log; INSERT INTO admin_log SELECT * FROM kept_admin");
        assert_int_equal(verify_admin(lab, "t", NULL).finding, RMS_USAGE_INTACT);
    }
}

static int refuse(void *context, struct rms_chain_statement *statement)
{
    (void)context;
    (void)statement;
    return RMS_E_KEY_UNAVAILABLE;
}

static void nothing_is_written_unsigned(void **state)
{
    static const struct rms_chain_signer refusing = {.sign = refuse};
    struct lab *lab = *state;
    struct rms_usage_writer *writer = NULL;
    struct rms_usage_row row = row_of(lab, "t", 1);

    assert_int_equal(rms_usage_writer_new(lab->db, &refusing, &writer), 0);
    assert_int_equal(rms_usage_append(writer, LAB_TIME, &row, 1), RMS_E_KEY_UNAVAILABLE);
    rms_usage_writer_free(&writer);
    assert_int_equal(verify(lab, "t").rows, ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHAIN_TEST(an_untouched_log_is_intact),
        CHAIN_TEST(every_cell_counts),
        CHAIN_TEST(so_do_number_hash_and_salt),
        CHAIN_TEST(deleted_rows_show),
        CHAIN_TEST(every_deed_shows),
        CHAIN_TEST(nothing_hides_behind_a_nul),
        CHAIN_TEST(a_chain_made_anew_shows),
        CHAIN_TEST(marks_narrow_it_down),
        CHAIN_TEST(the_service_signs_no_forgery),
        CHAIN_TEST(writers_take_turns),
        CHAIN_TEST(a_log_put_back_shows_to_who_noted_its_end),
        CHAIN_TEST(a_foreign_key_is_refused),
        CHAIN_TEST(old_rows_are_adopted),
        CHAIN_TEST(a_person_can_be_erased),
        CHAIN_TEST(old_rows_can_be_cut),
        CHAIN_TEST(rows_that_a_stream_has_not_stay),
        CHAIN_TEST(rows_of_no_tenant_can_be_cut),
        CHAIN_TEST(the_admin_log_can_be_cut),
        CHAIN_TEST(no_cut_of_ones_own),
        CHAIN_TEST(nothing_is_written_unsigned),
    };

    return cmocka_run_group_tests(tests, make_key, drop_key);
}
