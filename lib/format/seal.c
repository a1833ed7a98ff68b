#include "format/seal.h"

#include "base/cursor.h"

#define MAGIC     "OpenRMS.Seal 1\n"
#define MAGIC_LEN 16u  /* with its NUL */
#define HEAD_LEN  112u /* up to the signature */
#define FORMS     5u

size_t rms_seal_len(size_t signature_len, size_t proof_len)
{
    return HEAD_LEN + 4 + signature_len + 4 + proof_len;
}

static void append_head(const struct rms_seal *seal, struct rms_buf *out)
{
    rms_buf_append(out, MAGIC, MAGIC_LEN);
    rms_buf_append_u32(out, (uint32_t)seal->signer);
    rms_buf_append_u32(out, seal->form);
    rms_buf_append_u64(out, (uint64_t)seal->sealed_at);
    rms_buf_append_u64(out, seal->clear_size);
    rms_buf_append_u64(out, seal->content_len);
    rms_buf_append(out, seal->licence, sizeof seal->licence);
    rms_buf_append(out, seal->root, sizeof seal->root);
}

int rms_seal_digest(const struct rms_seal *seal, const char *content_id, uint8_t digest_out[RMS_SHA256_BYTES])
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(HEAD_LEN + 64);

    append_head(seal, &text);
    rms_buf_append_str(&text, content_id);
    RMS_TRY(rms_buf_status(&text));
    rms_hash(RMS_SHA256, rms_buf_view(&text), digest_out);
    return 0;
}

int rms_seal_emit(const struct rms_seal *seal, struct rms_buf *out)
{
    if (seal->signature.len > RMS_SEAL_SIGNATURE_MAX || seal->proof.len > RMS_SEAL_PROOF_MAX) {
        return RMS_E_LIMIT;
    }
    append_head(seal, out);
    rms_buf_append_u32(out, (uint32_t)seal->signature.len);
    rms_buf_append_view(out, seal->signature);
    rms_buf_append_u32(out, (uint32_t)seal->proof.len);
    rms_buf_append_view(out, seal->proof);
    return rms_buf_status(out);
}

static struct rms_view take_part(struct rms_cursor *cursor, size_t max)
{
    uint32_t len = rms_cursor_u32(cursor);

    cursor->bad = cursor->bad || len > max;
    return cursor->bad ? rms_view_of(NULL, 0) : rms_cursor_take(cursor, len);
}

static bool plausible(const struct rms_seal *seal)
{
    bool editor = seal->signer == RMS_SEAL_EDITOR;

    return (editor || seal->signer == RMS_SEAL_AUTHOR) && seal->form >= 1 && seal->form <= FORMS &&
           seal->signature.len > 0 && (editor || seal->proof.len == 0);
}

int rms_seal_parse(struct rms_view bytes, struct rms_seal *seal_out, size_t *len_out)
{
    struct rms_cursor cursor = rms_cursor_of(bytes);
    struct rms_view magic = rms_cursor_take(&cursor, MAGIC_LEN);
    struct rms_seal seal = {0};
    struct rms_view hash;

    if (cursor.bad || memcmp(magic.data, MAGIC, MAGIC_LEN) != 0) {
        return RMS_E_DAMAGED;
    }
    seal.signer = (enum rms_seal_signer)rms_cursor_u32(&cursor);
    seal.form = rms_cursor_u32(&cursor);
    seal.sealed_at = (int64_t)rms_cursor_u64(&cursor);
    seal.clear_size = rms_cursor_u64(&cursor);
    seal.content_len = rms_cursor_u64(&cursor);
    hash = rms_cursor_take(&cursor, sizeof seal.licence);
    if (!cursor.bad) {
        memcpy(seal.licence, hash.data, hash.len);
    }
    hash = rms_cursor_take(&cursor, sizeof seal.root);
    if (!cursor.bad) {
        memcpy(seal.root, hash.data, hash.len);
    }
    seal.signature = take_part(&cursor, RMS_SEAL_SIGNATURE_MAX);
    seal.proof = take_part(&cursor, RMS_SEAL_PROOF_MAX);
    if (cursor.bad || !plausible(&seal)) {
        return RMS_E_DAMAGED;
    }
    *seal_out = seal;
    *len_out = cursor.pos;
    return 0;
}
