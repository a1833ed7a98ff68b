#include "store/privacy.h"

#include "store/role.h"
#include "store/sql.h"

#define CELLS_MAX   8
#define PATTERN_MAX 1024

/* What a column is; a role is a word outside. A mention is a text that may speak of somebody whose address
 * merely ends or begins the same. */
enum column { END, TEXT, NUMBER, TIME, FLAG, ROLE, MENTION, HIDDEN };

/* Parameters behind the tenant. */
enum asked { ADDRESS, PATTERN, BOTH };

struct place {
    const char *name;
    enum rms_sql sql;
    enum asked asked;
    struct {
        const char *name;
        enum column kind;
    } columns[CELLS_MAX];
};

static const struct place places[RMS_PRIVACY_PLACES] = {
    [RMS_PRIVACY_ACCOUNT] = {"Accounts", RMS_SQL_PRIVACY_ACCOUNT, ADDRESS,
        {{"Id", TEXT}, {"Upn", TEXT}, {"DisplayName", TEXT}, {"Enabled", FLAG}, {"Guest", FLAG},
            {"CreatedTime", TIME}, {"Source", TEXT}, {"ExternalId", TEXT}}},
    [RMS_PRIVACY_ADDRESS] = {"Addresses", RMS_SQL_PRIVACY_ADDRESS, ADDRESS, {{"Value", TEXT}}},
    [RMS_PRIVACY_GROUP] = {"Groups", RMS_SQL_PRIVACY_GROUP, ADDRESS,
        {{"Id", TEXT}, {"Name", TEXT}, {"Address", TEXT}}},
    [RMS_PRIVACY_DIRECTORY] = {"DirectoryEntries", RMS_SQL_PRIVACY_DIRECTORY, ADDRESS, {{"Dn", TEXT}}},
    [RMS_PRIVACY_SIGN_IN] = {"SignIns", RMS_SQL_PRIVACY_SIGN_IN, ADDRESS,
        {{"ClientId", TEXT}, {"IssuedTime", TIME}, {"ExpiresTime", TIME}}},
    [RMS_PRIVACY_SESSION] = {"AdminSessions", RMS_SQL_PRIVACY_SESSION, ADDRESS,
        {{"CreatedTime", TIME}, {"UsedTime", TIME}}},
    [RMS_PRIVACY_ROLE] = {"Roles", RMS_SQL_PRIVACY_ROLE, ADDRESS,
        {{"Role", ROLE}, {"AddedTime", TIME}, {"AddedBy", TEXT}}},
    [RMS_PRIVACY_SUPER_USER] = {"SuperUsers", RMS_SQL_PRIVACY_SUPER_USER, ADDRESS,
        {{"Address", TEXT}, {"AddedTime", TIME}, {"Reason", TEXT}, {"AddedBy", TEXT}}},
    [RMS_PRIVACY_TEMPLATE] = {"Templates", RMS_SQL_PRIVACY_TEMPLATE, PATTERN,
        {{"TemplateId", TEXT}, {"Version", NUMBER}, {"Current", FLAG}, {NULL, MENTION}}},
    [RMS_PRIVACY_DOCUMENT] = {"Documents", RMS_SQL_PRIVACY_DOCUMENT, ADDRESS,
        {{"ContentId", TEXT}, {"ContentName", TEXT}, {"Owner", TEXT}, {"Issuer", TEXT},
            {"PublishedTime", TIME}}},
    [RMS_PRIVACY_REVOCATION] = {"Revocations", RMS_SQL_PRIVACY_REVOCATION, ADDRESS,
        {{"ContentId", TEXT}, {"Issuer", TEXT}, {"Revoked", FLAG}, {"Time", TIME}, {"Actor", TEXT},
            {"Reason", TEXT}}},
    [RMS_PRIVACY_CONTENT] = {"Contents", RMS_SQL_PRIVACY_CONTENT, ADDRESS,
        {{"ContentId", TEXT}, {"FileName", TEXT}, {"Owner", TEXT}, {"Issuer", TEXT},
            {"PublishedTime", TIME}}},
    [RMS_PRIVACY_MAIL] = {"Mail", RMS_SQL_PRIVACY_MAIL, ADDRESS,
        {{"Kind", TEXT}, {"Recipient", TEXT}, {"SentTime", TIME}}},
    [RMS_PRIVACY_PROOF] = {"MailProofs", RMS_SQL_PRIVACY_PROOF, ADDRESS,
        {{"Kind", TEXT}, {"Address", TEXT}, {"CreatedTime", TIME}}},
    [RMS_PRIVACY_ADMIN_LOG] = {"AdminLog", RMS_SQL_PRIVACY_ADMIN_LOG, BOTH,
        {{"Time", TIME}, {"Actor", TEXT}, {"Command", TEXT}, {"Result", TEXT}, {NULL, MENTION},
            {NULL, HIDDEN}}},
};

const char *rms_privacy_name(enum rms_privacy_place place)
{
    return places[place].name;
}

/* --- who is meant ----------------------------------------------------------------------------------------
 */

/* For LIKE with ESCAPE '!': the address somewhere in the text. */
static int make_pattern(const char *address, struct rms_buf *out)
{
    rms_buf_append_byte(out, '%');
    for (const char *p = address; *p != '\0'; p++) {
        if (strchr("!%_", *p) != NULL) {
            rms_buf_append_byte(out, '!');
        }
        rms_buf_append_byte(out, (uint8_t)*p);
    }
    rms_buf_append_byte(out, '%');
    return rms_buf_status(out);
}

static bool goes_on(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (uint8_t)c >= 0x80 ||
           (c != '\0' && strchr("._-+@!#$&'*/=?^`{|}~", c) != NULL);
}

/* "bob@x.test" is not meant by "jacob@x.test" or "bob@x.test.example". */
static bool mentions(const char *text, const char *address)
{
    size_t len = strlen(address);

    for (const char *at = text; (at = strcasestr(at, address)) != NULL; at++) {
        bool dot_ends = at[len] == '.' && !goes_on(at[len + 1]); /* of a sentence */

        if ((at == text || !goes_on(at[-1])) && (!goes_on(at[len]) || dot_ends)) {
            return true;
        }
    }
    return false;
}

/* --- rows ------------------------------------------------------------------------------------------------
 */

struct reading {
    const struct place *place;
    const char *address;
    struct rms_privacy_cell cells[CELLS_MAX];
    size_t count;
    bool meant;
};

static void take_cell(struct reading *r, struct rms_rows *rows, size_t column)
{
    static const enum rms_privacy_kind kinds[] = {[TEXT] = RMS_PRIVACY_TEXT,
        [NUMBER] = RMS_PRIVACY_NUMBER,
        [TIME] = RMS_PRIVACY_TIME,
        [FLAG] = RMS_PRIVACY_FLAG,
        [ROLE] = RMS_PRIVACY_TEXT,
        [MENTION] = RMS_PRIVACY_TEXT};
    enum column kind = r->place->columns[column].kind;
    struct rms_privacy_cell cell = {.name = r->place->columns[column].name};

    if (kind == HIDDEN) {
        r->meant = r->meant || rms_take_int(rows) != 0;
        return;
    }
    cell.kind = kinds[kind];
    if (kind == TEXT || kind == MENTION) {
        cell.text = rms_take_text(rows);
    } else if (kind == TIME) {
        cell.number = rms_take_time(rows);
    } else {
        cell.number = rms_take_int(rows);
    }
    if (kind == ROLE) {
        cell.text = rms_role_name((enum rms_role)cell.number);
    }
    if (kind == MENTION) {
        r->meant = cell.text != NULL && mentions(cell.text, r->address);
    }
    if (cell.name != NULL) {
        r->cells[r->count++] = cell;
    }
}

/* Is the row about the address, and not about one that only looks like it? */
static bool take_row(struct reading *r, struct rms_rows *rows)
{
    r->count = 0;
    r->meant = true;
    for (size_t i = 0; i < CELLS_MAX && r->place->columns[i].kind != END; i++) {
        take_cell(r, rows, i);
    }
    return r->meant;
}

int rms_privacy_read(struct rms_db *db, enum rms_privacy_place place, const char *tenant_id,
    const char *address, rms_privacy_each *each, void *context)
{
    RMS_BUF_CLEANUP struct rms_buf pattern = RMS_BUF_INIT(PATTERN_MAX);
    struct reading r = {.place = &places[place], .address = address};
    RMS_ROWS(rows, db, NULL);
    int code;

    RMS_TRY(make_pattern(address, &pattern));
    const struct rms_value values[] = {RMS_TEXT(tenant_id),
        RMS_TEXT(r.place->asked == PATTERN ? rms_buf_text(&pattern) : address),
        RMS_TEXT(rms_buf_text(&pattern))};
    RMS_TRY(rms_rows_open(&rows, r.place->sql, values, r.place->asked == BOTH ? 3 : 2));
    while ((code = rms_rows_next(&rows)) > 0) {
        code = take_row(&r, &rows) ? each(r.cells, r.count, context) : 0;
        if (code != 0) {
            return code;
        }
    }
    return code;
}

/* --- taking away -----------------------------------------------------------------------------------------
 */

static int remove_all(struct rms_db *db, const char *tenant_id, const char *address, int64_t *rows_out)
{
    static const enum rms_sql removals[] = {
        RMS_SQL_PRIVACY_DROP_DOCUMENT, RMS_SQL_PRIVACY_DROP_MAIL, RMS_SQL_PRIVACY_DROP_PROOF};

    for (size_t i = 0; i < sizeof removals / sizeof removals[0]; i++) {
        int count = rms_sql_run(db, removals[i], RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(address)));

        RMS_TRY(count);
        *rows_out += count;
    }
    return 0;
}

int rms_privacy_remove(struct rms_db *db, const char *tenant_id, const char *address, int64_t *rows_out)
{
    *rows_out = 0;
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, remove_all(db, tenant_id, address, rows_out));
}
