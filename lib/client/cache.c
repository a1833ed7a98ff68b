#include "client/cache.h"

#include "base/cursor.h"
#include "base/time.h"
#include "client/context.h"
#include "client/vault.h"

#define VALUE_MAX (1024u * 1024)

/* Entries are found by the hash of the publishing licence's bytes; the value starts with what it is. */
struct key_name {
    uint8_t hash[RMS_HASH_MAX];
};

static struct rms_vault_place place_of(const char *address, struct rms_view pl, struct key_name *name)
{
    rms_hash(RMS_SHA256, pl, name->hash);
    return (struct rms_vault_place){RMS_VAULT_LICENCE, address, rms_view_of(name->hash, RMS_SHA256_BYTES)};
}

int rms_cache_put_licence(struct rms_context *context, const char *address, struct rms_view pl,
    struct rms_view ul_chain, int64_t until)
{
    struct rms_buf RMS_BUF_CLEANUP value = RMS_BUF_INIT(VALUE_MAX);
    struct key_name name;
    struct rms_vault_place place = place_of(address, pl, &name);

    rms_buf_append_byte(&value, RMS_CACHED_LICENCE);
    rms_buf_append_view(&value, ul_chain);
    RMS_TRY(rms_buf_status(&value));
    return rms_vault_put(context->vault, &place, until, rms_buf_view(&value));
}

int rms_cache_put_own(
    struct rms_context *context, const char *address, struct rms_view pl, const struct rms_content_key *key)
{
    struct rms_buf RMS_BUF_CLEANUP value = RMS_BUF_INIT(VALUE_MAX);
    struct key_name name;
    struct rms_vault_place place = place_of(address, pl, &name);

    rms_buf_append_byte(&value, RMS_CACHED_OWN_KEY);
    rms_buf_append_u16(&value, rms_mode_code(key->mode));
    rms_buf_append_view(&value, rms_secret_view(key->key));
    RMS_TRY(rms_buf_status(&value));
    return rms_vault_put(context->vault, &place, RMS_TIME_NONE, rms_buf_view(&value));
}

static int take_key(struct rms_cursor *cursor, struct rms_content_key *key_out)
{
    uint16_t code = rms_cursor_u16(cursor);
    struct rms_view bytes = rms_cursor_take(cursor, rms_cursor_left(cursor));
    uint8_t copy[RMS_CONTENT_KEY_MAX];

    if (cursor->bad || (bytes.len != 16 && bytes.len != 24 && bytes.len != 32) ||
        rms_mode_from_code(code, &key_out->mode) != 0) {
        return RMS_E_NOT_FOUND;
    }
    memcpy(copy, bytes.data, bytes.len);
    key_out->key = rms_secret_take(copy, bytes.len);
    return key_out->key != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_cache_get(struct rms_context *context, const char *address, struct rms_view pl,
    enum rms_cached *kind_out, struct rms_buf *out, struct rms_content_key *key_out)
{
    struct rms_buf RMS_BUF_CLEANUP value = RMS_BUF_INIT(VALUE_MAX);
    struct key_name name;
    struct rms_vault_place place = place_of(address, pl, &name);
    struct rms_cursor cursor;

    RMS_TRY(rms_vault_get(context->vault, &place, &value));
    cursor = rms_cursor_of(rms_buf_view(&value));
    *kind_out = (enum rms_cached)rms_cursor_u8(&cursor);
    if (*kind_out == RMS_CACHED_OWN_KEY) {
        return take_key(&cursor, key_out);
    }
    if (*kind_out != RMS_CACHED_LICENCE) {
        return RMS_E_NOT_FOUND;
    }
    rms_buf_append_view(out, rms_cursor_take(&cursor, rms_cursor_left(&cursor)));
    return rms_buf_status(out);
}

int rms_cache_remove(struct rms_context *context, const char *address, struct rms_view pl)
{
    struct key_name name;
    struct rms_vault_place place = place_of(address, pl, &name);

    return rms_vault_remove(context->vault, &place);
}
