#include "store/chain.h"

#include "store/sql.h"

#define LABEL          "OpenRMS log statement 1\n"
#define KEY_ARENA      65536u
#define PUBLIC_KEY_LEN (2u * RMS_EC_COORDINATE)

static const char *const kinds[RMS_CHAIN_KINDS] = {
    [RMS_CHAIN_HEAD] = "head",
    [RMS_CHAIN_MARK] = "mark",
    [RMS_CHAIN_CUT] = "cut",
    [RMS_CHAIN_ERASED] = "erased",
    [RMS_CHAIN_PROOF] = "proof",
};

/* --- signatures ------------------------------------------------------------------------------------------
 */

int rms_chain_text(const struct rms_chain_statement *statement, struct rms_buf *out)
{
    rms_buf_printf(out, "usage\n%s\n%lld\n", statement->tenant, (long long)statement->seq);
    for (size_t i = 0; i < sizeof statement->hash; i++) {
        rms_buf_printf(out, "%02x", statement->hash[i]);
    }
    rms_buf_printf(out, "\n%lld\n%s\n", (long long)statement->time, statement->detail);
    return rms_buf_status(out);
}

const char *rms_chain_word(enum rms_chain_kind kind)
{
    return kinds[kind];
}

int rms_chain_digest(enum rms_chain_kind kind, struct rms_view text, uint8_t out[RMS_SHA256_BYTES])
{
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(RMS_CHAIN_TEXT_MAX + sizeof LABEL + 16);

    rms_buf_printf(&bytes, "%s%s\n", LABEL, kinds[kind]);
    rms_buf_append_view(&bytes, text);
    RMS_TRY(rms_buf_status(&bytes));
    rms_hash(RMS_SHA256, rms_buf_view(&bytes), out);
    return 0;
}

int rms_chain_sign(const struct rms_chain_signer *signer, struct rms_chain_statement *statement)
{
    if (signer == NULL) {
        statement->key_id[0] = '\0';
        memset(statement->signature, 0, sizeof statement->signature);
        return 0;
    }
    return signer->sign(signer->context, statement);
}

int rms_chain_check(struct rms_db *db, const struct rms_chain_statement *statement)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_CHAIN_TEXT_MAX);
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(KEY_ARENA);
    uint8_t digest[RMS_SHA256_BYTES];
    struct rms_log_key key;
    int code;

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (statement->key_id[0] == '\0') {
        return RMS_E_BAD_SIGNATURE;
    }
    code = rms_log_key_find(db, arena, statement->key_id, &key);
    RMS_TRY(code == RMS_E_NOT_FOUND ? RMS_E_UNKNOWN_KEY : code);
    RMS_TRY(rms_chain_text(statement, &text));
    RMS_TRY(rms_chain_digest(statement->kind, rms_buf_view(&text), digest));
    return rms_ec_verify(&key.public_key, digest, statement->signature);
}

/* --- kept statements -------------------------------------------------------------------------------------
 */

/* A value that is too long for its place is nobody's but a vandal's; what is left of it does not verify. */
static void take_short(struct rms_rows *rows, char out[RMS_GUID_TEXT])
{
    const char *text = rms_take_text(rows);
    size_t len = text != NULL ? strnlen(text, RMS_GUID_TEXT - 1) : 0;

    memcpy(out, text != NULL ? text : "", len);
    out[len] = '\0';
}

static void take_fixed(struct rms_rows *rows, uint8_t *out, size_t len)
{
    struct rms_view bytes = rms_take_blob(rows);

    memset(out, 0, len);
    if (bytes.len == len) {
        memcpy(out, bytes.data, len);
    }
}

static enum rms_chain_kind kind_of(const char *text)
{
    enum rms_chain_kind kind = 0;

    while (kind < RMS_CHAIN_PROOF && (text == NULL || strcmp(text, kinds[kind]) != 0)) {
        kind++;
    }
    return kind;
}

static int take_statement(struct rms_rows *rows, struct rms_chain_statement *statement)
{
    statement->kind = kind_of(rms_take_text(rows));
    take_short(rows, statement->tenant);
    statement->seq = rms_take_int(rows);
    take_fixed(rows, statement->hash, sizeof statement->hash);
    statement->time = rms_take_int(rows);
    statement->detail = rms_take_text(rows);
    take_short(rows, statement->key_id);
    take_fixed(rows, statement->signature, sizeof statement->signature);
    statement->detail = statement->detail != NULL ? statement->detail : "";
    return rms_rows_status(rows);
}

int rms_chain_keep(struct rms_db *db, const struct rms_chain_statement *statement)
{
    return rms_sql_run_one(db, RMS_SQL_CHAIN_KEEP,
        RMS_VALUES(RMS_TEXT(kinds[statement->kind]), RMS_TEXT(statement->tenant), RMS_INT(statement->seq),
            RMS_BLOB(rms_view_of(statement->hash, sizeof statement->hash)), RMS_INT(statement->time),
            RMS_TEXT(statement->detail), RMS_TEXT(statement->key_id),
            RMS_BLOB(rms_view_of(statement->signature, sizeof statement->signature))));
}

int rms_chain_head(
    struct rms_db *db, struct rms_arena *arena, const char *tenant, struct rms_chain_statement *head_out)
{
    RMS_ROWS(rows, db, arena);

    *head_out = (struct rms_chain_statement){.detail = ""};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_CHAIN_HEAD, RMS_VALUES(RMS_TEXT(tenant))));
    return take_statement(&rows, head_out);
}

int rms_chain_move(
    struct rms_db *db, const struct rms_chain_statement *head, const struct rms_chain_place *was)
{
    int code;

    if (was == NULL) {
        return rms_chain_keep(db, head); /* RMS_E_CONFLICT when another writer was first */
    }
    code = rms_sql_run_one(db, RMS_SQL_CHAIN_MOVE,
        RMS_VALUES(RMS_TEXT(head->tenant), RMS_INT(was->seq),
            RMS_BLOB(rms_view_of(was->hash, sizeof was->hash)), RMS_INT(head->seq),
            RMS_BLOB(rms_view_of(head->hash, sizeof head->hash)), RMS_INT(head->time), RMS_TEXT(head->detail),
            RMS_TEXT(head->key_id), RMS_BLOB(rms_view_of(head->signature, sizeof head->signature))));
    return code == RMS_E_NOT_FOUND ? RMS_E_CONFLICT : code;
}

int rms_chain_list(struct rms_db *db, struct rms_arena *arena, const char *tenant,
    struct rms_chain_statements *statements_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_chain_statement);
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_CHAIN_LIST, RMS_VALUES(RMS_TEXT(tenant))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_chain_statement *statement = rms_list_add(&list);

        if (statement == NULL) {
            return RMS_E_NO_MEMORY;
        }
        RMS_TRY(take_statement(&rows, statement));
    }
    *statements_out = (struct rms_chain_statements){list.items, list.count};
    return code;
}

/* --- keys ------------------------------------------------------------------------------------------------
 */

int rms_log_key_add(struct rms_db *db, const struct rms_log_key *key)
{
    uint8_t point[PUBLIC_KEY_LEN];

    memcpy(point, key->public_key.x, RMS_EC_COORDINATE);
    memcpy(point + RMS_EC_COORDINATE, key->public_key.y, RMS_EC_COORDINATE);
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, rms_sql_run_one(db, RMS_SQL_LOG_KEY_INSERT,
                              RMS_VALUES(RMS_TEXT(key->id), RMS_INT(key->created_at),
                                  RMS_BLOB(rms_view_of(point, sizeof point)), RMS_BLOB(key->sealed))));
}

int rms_log_key_find(struct rms_db *db, struct rms_arena *arena, const char *id, struct rms_log_key *key_out)
{
    RMS_ROWS(rows, db, arena);
    uint8_t point[PUBLIC_KEY_LEN];

    *key_out = (struct rms_log_key){0};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_LOG_KEY_FIND, RMS_VALUES(RMS_TEXT(id))));
    key_out->id = rms_take_text(&rows);
    key_out->created_at = rms_take_int(&rows);
    rms_take_bytes(&rows, point, sizeof point);
    key_out->sealed = rms_take_blob(&rows);
    memcpy(key_out->public_key.x, point, RMS_EC_COORDINATE);
    memcpy(key_out->public_key.y, point + RMS_EC_COORDINATE, RMS_EC_COORDINATE);
    return rms_rows_status(&rows);
}
