#include "service/usage_sign.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/random.h"
#include "service/keyclient.h"

static int make_key(struct rms_usage_signer *signer)
{
    struct rms_new_key fresh;
    int rc = rms_keyd_generate(signer->worker.keys, RMS_KEY_LOG_EC, RMS_LOG_KEY_BITS, NULL, &fresh);
    if (rc == RMS_OK) {
        const struct rms_log_key key = {.id = fresh.key.key_id,
            .created_at = rms_clock_now(),
            .public_key = fresh.ec,
            .sealed = rms_buf_view(&fresh.key.sealed)};
        rc = rms_log_key_add(signer->worker.db, &key);
    }
    if (rc == RMS_OK) {
        rms_guid_copy(signer->key_id, fresh.key.key_id);
        rms_log(RMS_LOG_INFO, "usage.key.made", "key", signer->key_id, NULL);
    }
    rms_new_key_fini(&fresh);
    return rc;
}

static int find_key(struct rms_usage_signer *signer)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
    struct rms_log_key key;
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    int rc = rms_log_key_find(signer->worker.db, arena, NULL, &key);
    if (rc == RMS_E_NOT_FOUND) {
        return make_key(signer);
    }
    RMS_TRY(rc);
    return rms_guid_parse(rms_view_str(key.id), signer->key_id);
}

static int sign(void *context, struct rms_chain_statement *statement)
{
    struct rms_usage_signer *signer = context;
    if (signer->key_id[0] == '\0') {
        RMS_TRY(find_key(signer));
    }
    rms_guid_copy(statement->key_id, signer->key_id);
    return rms_keyd_sign_log(signer->worker.keys, signer->key_id, statement, statement->signature);
}

void rms_usage_signer_init(struct rms_usage_signer *signer, struct rms_db *db, struct rms_keyclient *keys)
{
    *signer = (struct rms_usage_signer){.worker = {.db = db, .keys = keys}};
    signer->signer = (struct rms_chain_signer){.sign = sign, .context = signer};
}

int rms_usage_key_prove(struct rms_db *db, struct rms_keyclient *keys, const char *key_id)
{
    struct rms_chain_statement proof = {
        .kind = RMS_CHAIN_PROOF, .tenant = RMS_CHAIN_NONE, .time = rms_clock_now(), .detail = ""};
    rms_random(proof.hash, sizeof proof.hash);
    if (rms_guid_parse(rms_view_str(key_id), proof.key_id) < 0) {
        return RMS_E_BAD_SIGNATURE;
    }
    RMS_TRY(rms_keyd_sign_log(keys, proof.key_id, &proof, proof.signature));
    return rms_chain_check(db, &proof);
}
