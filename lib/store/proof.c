/* Proofs that somebody reads an address. */
#include "store/proof.h"

#include "store/mail.h"
#include "store/sql.h"

#define HOUR_S 3600

static int run(struct rms_db *db, enum rms_sql sql, const struct rms_value *values, size_t count)
{
    int code = rms_sql_run(db, sql, values, count);

    return code < 0 ? code : 0;
}

static int asked_lately(struct rms_db *db, const struct rms_proof *proof, int64_t *count_out)
{
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_PROOF_COUNT,
        RMS_VALUES(RMS_TEXT(proof->tenant_id), RMS_TEXT(proof->kind), RMS_TEXT(proof->address),
            RMS_INT(proof->created_at - HOUR_S))));
    *count_out = rms_take_int(&rows);
    return rms_rows_status(&rows);
}

static int begin(struct rms_db *db, const struct rms_proof *proof)
{
    const struct rms_mail mail = {.tenant_id = proof->tenant_id,
        .kind = proof->kind,
        .recipient = proof->address,
        .ref = proof->id,
        .next_at = proof->created_at,
        .give_up_at = proof->expires_at};
    int64_t lately;
    int64_t waiting;

    RMS_TRY(asked_lately(db, proof, &lately));
    RMS_TRY(rms_mail_count(db, proof->tenant_id, proof->kind, &waiting));
    if (lately >= RMS_PROOF_AN_HOUR || waiting >= RMS_PROOF_WAITING) {
        return RMS_E_THROTTLED;
    }
    RMS_TRY(run(db, RMS_SQL_PROOF_VOID,
        RMS_VALUES(RMS_TEXT(proof->tenant_id), RMS_TEXT(proof->kind), RMS_TEXT(proof->address))));
    RMS_TRY(run(db, RMS_SQL_PROOF_INSERT,
        RMS_VALUES(RMS_TEXT(proof->id), RMS_TEXT(proof->tenant_id), RMS_TEXT(proof->kind),
            RMS_TEXT(proof->address), RMS_INT(proof->created_at), RMS_INT(proof->expires_at))));
    return rms_mail_put(db, &mail);
}

int rms_proof_begin(struct rms_db *db, const struct rms_proof *proof)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, begin(db, proof));
}

int rms_proof_get(
    struct rms_db *db, struct rms_arena *arena, const struct rms_proof *key, struct rms_proof *proof_out)
{
    RMS_ROWS(rows, db, arena);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_PROOF_GET,
        RMS_VALUES(RMS_TEXT(key->id), RMS_TEXT(key->tenant_id), RMS_TEXT(key->kind))));
    *proof_out = *key;
    proof_out->address = rms_take_text(&rows);
    proof_out->hash = rms_take_text(&rows);
    proof_out->created_at = rms_take_int(&rows);
    proof_out->expires_at = rms_take_int(&rows);
    return rms_rows_status(&rows);
}

int rms_proof_set_hash(struct rms_db *db, const char *id, const char *hash)
{
    return rms_sql_run_one(db, RMS_SQL_PROOF_HASH, RMS_VALUES(RMS_TEXT(id), RMS_TEXT(hash)));
}

int rms_proof_try(struct rms_db *db, const char *id, int64_t now)
{
    return rms_sql_run_one(
        db, RMS_SQL_PROOF_TRY, RMS_VALUES(RMS_TEXT(id), RMS_INT(now), RMS_INT(RMS_PROOF_TRIES)));
}

int rms_proof_take(struct rms_db *db, const char *id, int64_t now)
{
    return rms_sql_run_one(db, RMS_SQL_PROOF_TAKE, RMS_VALUES(RMS_TEXT(id), RMS_INT(now)));
}

int rms_proof_sweep(struct rms_db *db, int64_t before)
{
    return run(db, RMS_SQL_PROOF_SWEEP, RMS_VALUES(RMS_INT(before)));
}
