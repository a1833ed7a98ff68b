/* Accepted OpenID Connect issuers. */
#include "store/issuer.h"

#include "store/sql.h"

#define AUDIENCES_MAX 65536

int rms_issuer_add(struct rms_db *db, const struct rms_issuer *issuer)
{
    RMS_BUF_CLEANUP struct rms_buf audiences = RMS_BUF_INIT(AUDIENCES_MAX);
    RMS_BUF_CLEANUP struct rms_buf acr_values = RMS_BUF_INIT(AUDIENCES_MAX);
    RMS_BUF_CLEANUP struct rms_buf domains = RMS_BUF_INIT(AUDIENCES_MAX);

    RMS_TRY(rms_check_id(issuer->id));
    if (issuer->issuer == NULL || issuer->issuer[0] == '\0' || issuer->audience_count == 0 ||
        (issuer->guests && issuer->domain_count == 0)) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_texts_to_json(issuer->audiences, issuer->audience_count, &audiences));
    RMS_TRY(rms_texts_to_json(issuer->acr_values, issuer->acr_value_count, &acr_values));
    RMS_TRY(rms_texts_to_json(issuer->domains, issuer->domain_count, &domains));
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db,
        rms_sql_run_one(db, RMS_SQL_ISSUER_INSERT,
            RMS_VALUES(RMS_TEXT(issuer->id), RMS_TEXT(issuer->tenant_id), RMS_TEXT(issuer->issuer),
                RMS_TEXT(rms_buf_text(&audiences)), RMS_INT(issuer->algorithms), RMS_TEXT(issuer->jwks_uri),
                RMS_INT(issuer->created_at), RMS_TEXT(rms_buf_text(&acr_values)), RMS_INT(issuer->max_age_s),
                RMS_TEXT(rms_buf_text(&domains)), RMS_INT(issuer->guests))));
}

static void read_issuer(struct rms_rows *rows, struct rms_issuer *issuer)
{
    issuer->id = rms_take_text(rows);
    issuer->tenant_id = rms_take_text(rows);
    issuer->issuer = rms_take_text(rows);
    rms_take_texts(rows, &issuer->audiences, &issuer->audience_count);
    issuer->algorithms = (unsigned)rms_take_int(rows);
    issuer->jwks_uri = rms_take_text(rows);
    issuer->created_at = rms_take_int(rows);
    rms_take_texts(rows, &issuer->acr_values, &issuer->acr_value_count);
    issuer->max_age_s = rms_take_int(rows);
    rms_take_texts(rows, &issuer->domains, &issuer->domain_count);
    issuer->guests = rms_take_bool(rows);
}

int rms_issuer_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_issuers *issuers_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_issuer);
    int code;

    *issuers_out = (struct rms_issuers){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_ISSUER_LIST, RMS_VALUES(RMS_TEXT(tenant_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_issuer *issuer = rms_list_add(&list);

        if (issuer == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_issuer(&rows, issuer);
    }
    *issuers_out = (struct rms_issuers){list.items, list.count};
    return code;
}

int rms_issuer_remove(struct rms_db *db, const char *tenant_id, const char *id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(
        db, rms_sql_run_one(db, RMS_SQL_ISSUER_DELETE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
}
