#include "service/keyd_box.h"

#include "base/text.h"

/* Says what the key is for, which may change when it moves; the numbers behind do not. */
#define BLOB_HEAD 8

static const char box_label[] = "OpenRMS content key v1";

struct rms_secret *rms_key_box_derive(struct rms_view private_blob)
{
    struct rms_secret *key = private_blob.len > BLOB_HEAD ? rms_secret_new(RMS_SHA256_BYTES) : NULL;

    if (key != NULL) {
        struct rms_view numbers = rms_view_of(private_blob.data + BLOB_HEAD, private_blob.len - BLOB_HEAD);

        rms_hkdf_sha256(numbers, rms_view_str("OpenRMS keyd"), rms_view_str(box_label), rms_secret_bytes(key),
            RMS_SHA256_BYTES);
    }
    return key;
}

/* A key for one box: however many documents a tenant has, no two share key and nonce. */
static void key_of_one(
    const struct rms_secret *box_key, const uint8_t *owner_bound, uint8_t key_out[RMS_AEAD_KEY])
{
    rms_hmac_sha256(rms_secret_view(box_key), rms_view_of(owner_bound, RMS_SHA256_BYTES), key_out);
}

int rms_key_box_seal(const struct rms_secret *box_key, const uint8_t owner_bound[RMS_SHA256_BYTES],
    const struct rms_open_key *key, struct rms_buf *box_out)
{
    uint8_t one[RMS_AEAD_KEY];
    uint8_t plain[1 + RMS_CONTENT_KEY_MAX];
    int status;

    key_of_one(box_key, owner_bound, one);
    plain[0] = (uint8_t)key->mode;
    memcpy(plain + 1, key->key, key->len);
    status = rms_aead_seal(one, rms_view_str(box_label), rms_view_of(plain, 1 + key->len), box_out);
    rms_wipe(plain, sizeof plain);
    rms_wipe(one, sizeof one);
    return status;
}

static bool take_plain(struct rms_view plain, struct rms_open_key *key_out)
{
    size_t len = plain.len - 1;

    if (plain.data[0] >= RMS_MODE_COUNT || (len != 16 && len != 32)) {
        return false;
    }
    key_out->mode = plain.data[0];
    key_out->len = len;
    memcpy(key_out->key, plain.data + 1, len);
    return true;
}

int rms_key_box_open(const struct rms_secret *box_key, const uint8_t owner_bound[RMS_SHA256_BYTES],
    struct rms_view box, struct rms_open_key *key_out)
{
    RMS_SECRET_CLEANUP struct rms_secret *plain = NULL;
    uint8_t one[RMS_AEAD_KEY];
    int status;

    if (box.len > RMS_KEY_BOX_MAX) {
        return RMS_E_DAMAGED;
    }
    key_of_one(box_key, owner_bound, one);
    status = rms_aead_open(one, rms_view_str(box_label), box, &plain);
    rms_wipe(one, sizeof one);
    RMS_TRY(status);
    return take_plain(rms_secret_view(plain), key_out) ? 0 : RMS_E_DAMAGED;
}
