/* The operations of the licence path: signatures, and content keys opened, released and sealed. */
#include "service/keyd_internal.h"

#include "crypto/random.h"
#include "service/keyd_box.h"
#include "xrml/enabling.h"

/* --- signatures ------------------------------------------------------------------------------------- */

static int sign(struct rms_keyd *keyd, const struct rms_held_key *key, enum rms_sign_purpose purpose,
    const uint8_t digest[RMS_HASH_MAX], struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf signature = RMS_BUF_INIT(RMS_RSA_BYTES_MAX);

    RMS_TRY(rms_rsa_sign(key->rsa, RMS_SHA256, digest, &signature));
    rms_message_put_blob(out, rms_buf_view(&signature));
    atomic_fetch_add_explicit(&keyd->signatures[purpose], 1, memory_order_relaxed);
    return 0;
}

/* id, u8 purpose, digest (SHA-256) -> blob */
int rms_keyd_op_sign(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    uint8_t id[RMS_TABLE_ID];
    uint8_t digest[RMS_HASH_MAX];
    struct rms_held_key *key;
    uint8_t purpose;
    int status;

    rms_keyd_take(in, id, sizeof id);
    purpose = rms_cursor_u8(in);
    rms_keyd_take(in, digest, RMS_SHA256_BYTES);
    if (!rms_cursor_done(in) || purpose == 0 || purpose >= RMS_SIGN_PURPOSES) {
        return RMS_KEYD_MALFORMED;
    }
    RMS_TRY(rms_keyd_hold(keyd, id, RMS_KEY_TENANT_RSA, &key));
    status = sign(keyd, key, purpose, digest, out);
    rms_keys_unref(keyd->keys, key);
    return status;
}

/* id, digest -> signature */
int rms_keyd_op_sign_token(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    uint8_t id[RMS_TABLE_ID];
    uint8_t digest[RMS_SHA256_BYTES];
    uint8_t signature[64];
    struct rms_held_key *key;
    int status;

    rms_keyd_take(in, id, sizeof id);
    rms_keyd_take(in, digest, sizeof digest);
    if (!rms_cursor_done(in)) {
        return RMS_KEYD_MALFORMED;
    }
    RMS_TRY(rms_keyd_hold(keyd, id, RMS_KEY_TOKEN_EC, &key));
    status = rms_ec_sign(key->ec, digest, signature);
    rms_keys_unref(keyd->keys, key);
    RMS_TRY(status);
    rms_buf_append(out, signature, sizeof signature);
    return 0;
}

/* What takes something out of a log is on the disk, here too, before it is signed. */
static int note_statement(struct rms_keyd *keyd, enum rms_chain_kind kind, const uint8_t id[RMS_TABLE_ID])
{
    char key[RMS_GUID_TEXT];

    if (kind != RMS_CHAIN_CUT && kind != RMS_CHAIN_ERASED) {
        return 0;
    }
    rms_guid_unpack(id, key);
    return rms_journal_note(keyd->journal, RMS_JOURNAL_DURABLE,
        kind == RMS_CHAIN_CUT ? "log-cut" : "log-erased", "key", key, NULL);
}

/* id, u8 kind, blob text -> signature */
int rms_keyd_op_sign_log(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    uint8_t id[RMS_TABLE_ID];
    uint8_t digest[RMS_SHA256_BYTES];
    uint8_t signature[RMS_CHAIN_SIGNATURE];
    struct rms_held_key *key;
    struct rms_view text;
    uint8_t kind;
    int status;

    rms_keyd_take(in, id, sizeof id);
    kind = rms_cursor_u8(in);
    text = rms_message_take_blob(in, RMS_CHAIN_TEXT_MAX);
    if (!rms_cursor_done(in) || kind >= RMS_CHAIN_KINDS) {
        return RMS_KEYD_MALFORMED;
    }
    RMS_TRY(rms_keyd_hold(keyd, id, RMS_KEY_LOG_EC, &key));
    status = rms_chain_digest(kind, text, digest);
    if (status == 0) {
        status = note_statement(keyd, kind, id);
    }
    if (status == 0) {
        status = rms_ec_sign(key->ec, digest, signature);
    }
    rms_keys_unref(keyd->keys, key);
    RMS_TRY(status);
    rms_buf_append(out, signature, sizeof signature);
    return 0;
}

/* --- content keys ----------------------------------------------------------------------------------- */

/* Keeps the key open and appends: handle, u8 mode, u8 key length, fingerprint, u8 sealed for its owner. */
static int put_opened(struct rms_keyd *keyd, const uint8_t tenant_key[RMS_TABLE_ID],
    const struct rms_open_key *key, bool owner_bound, struct rms_buf *out)
{
    uint8_t handle[RMS_TABLE_ID];
    uint8_t print[RMS_SHA256_BYTES];

    RMS_TRY(rms_contents_add(keyd->contents, tenant_key, key, handle));
    rms_hmac_sha256(rms_secret_view(keyd->fingerprint_key), rms_view_of(key->key, key->len), print);
    rms_buf_append(out, handle, sizeof handle);
    rms_buf_append_byte(out, (uint8_t)key->mode);
    rms_buf_append_byte(out, (uint8_t)key->len);
    rms_buf_append(out, print, sizeof print);
    rms_buf_append_byte(out, owner_bound ? 1 : 0);
    return 0;
}

struct publish_request {
    uint8_t id[RMS_TABLE_ID];
    uint8_t owner_bound[RMS_SHA256_BYTES];
    struct rms_view text; /* rights data */
    struct rms_pl_draft draft;
};

/* Completes the licence with what was made for it and signs that. */
static int sign_new(struct rms_keyd *keyd, const struct rms_held_key *tenant,
    const struct rms_pl_draft *draft, const struct rms_pl_made *made, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf body = RMS_BUF_INIT(RMS_XRML_MAX_BYTES);
    uint8_t digest[RMS_HASH_MAX];

    RMS_TRY(rms_pl_complete(draft, made, &body));
    RMS_TRY(rms_hash_utf16(RMS_SHA256, rms_buf_view(&body), digest));
    rms_message_put_blob(out, rms_buf_view(&body));
    rms_buf_append(out, digest, RMS_SHA256_BYTES);
    return sign(keyd, tenant, RMS_SIGN_PL, digest, out);
}

/* Seals a fresh content key to the tenant, for one owner and content: to his public key, for everybody who
 * has the private one, and in a box, for ourselves, unless a token keeps that one. Encrypts the rights data
 * with it. */
static int seal_new(struct rms_keyd *keyd, const struct rms_held_key *tenant, const struct rms_open_key *key,
    const struct publish_request *request, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(RMS_ENABLING_MAX);
    RMS_BUF_CLEANUP struct rms_buf box = RMS_BUF_INIT(RMS_KEY_BOX_MAX);
    RMS_BUF_CLEANUP struct rms_buf erd = RMS_BUF_INIT(RMS_KEYD_ERD_MAX);
    struct rms_view bytes = rms_view_of(key->key, key->len);
    struct rms_pl_made made;

    RMS_TRY(rms_enabling_seal_migrated_key(
        rms_rsa_public_of(tenant->rsa), key->mode, bytes, request->owner_bound, &bits));
    if (tenant->box_key != NULL) {
        RMS_TRY(rms_key_box_seal(tenant->box_key, request->owner_bound, key, &box));
    }
    RMS_TRY(rms_erd_encrypt(bytes, request->text, &erd));
    made = (struct rms_pl_made){
        .bits = rms_buf_view(&bits), .erd = rms_buf_view(&erd), .key_box = rms_buf_view(&box)};
    rms_message_put_blob(out, bytes);
    rms_message_put_blob(out, rms_buf_view(&bits));
    rms_message_put_blob(out, rms_buf_view(&box));
    rms_message_put_blob(out, rms_buf_view(&erd));
    return sign_new(keyd, tenant, &request->draft, &made, out);
}

/* id, u8 mode, u16 key bits, owner bound, blob text, blobs of the draft -> opened, blob key, blob bits, blob
 * box, blob rights data, blob body, digest, blob signature */
int rms_keyd_op_publish(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    RMS_OPEN_KEY_CLEANUP struct rms_open_key key = {0};
    struct publish_request request;
    struct rms_held_key *tenant;
    unsigned bits;
    int status;

    rms_keyd_take(in, request.id, sizeof request.id);
    key.mode = rms_cursor_u8(in);
    bits = rms_cursor_u16(in);
    rms_keyd_take(in, request.owner_bound, sizeof request.owner_bound);
    request.text = rms_message_take_blob(in, RMS_KEYD_TEXT_MAX);
    request.draft.head = rms_message_take_blob(in, RMS_XRML_MAX_BYTES);
    request.draft.middle = rms_message_take_blob(in, RMS_XRML_MAX_BYTES);
    request.draft.tail = rms_message_take_blob(in, RMS_XRML_MAX_BYTES);
    if (!rms_cursor_done(in) || key.mode >= RMS_MODE_COUNT || (bits != 128 && bits != 256)) {
        return RMS_KEYD_MALFORMED;
    }
    key.len = bits / 8;
    RMS_TRY(rms_keyd_hold(keyd, request.id, RMS_KEY_TENANT_RSA, &tenant));
    rms_random(key.key, key.len);
    status = put_opened(keyd, request.id, &key, true, out);
    if (status == 0) {
        status = seal_new(keyd, tenant, &key, &request, out);
    }
    rms_keys_unref(keyd->keys, tenant);
    return status;
}

struct open_request {
    uint8_t id[RMS_TABLE_ID];
    struct rms_enabling_bits bits;
    bool has_bound, has_owner_bound;
    uint8_t bound[RMS_SHA256_BYTES];
    uint8_t owner_bound[RMS_SHA256_BYTES];
    struct rms_view box; /* empty: none */
    struct rms_view erd;
};

static bool take_bound(struct rms_cursor *in, uint8_t bound_out[RMS_SHA256_BYTES], bool *given_out)
{
    unsigned flag = rms_cursor_u8(in);

    rms_keyd_take(in, bound_out, RMS_SHA256_BYTES);
    *given_out = flag == 1;
    return flag <= 1;
}

/* id, u8 sealing, blob bits, u8 bound given, bound (zeros when not), the same of the owner's, blob box, blob
 * rights data */
static bool take_open(struct rms_cursor *in, struct open_request *request)
{
    bool good;

    rms_keyd_take(in, request->id, sizeof request->id);
    request->bits.type = rms_cursor_u8(in);
    request->bits.blob = rms_message_take_blob(in, RMS_ENABLING_MAX);
    good = take_bound(in, request->bound, &request->has_bound);
    good &= take_bound(in, request->owner_bound, &request->has_owner_bound);
    request->box = rms_message_take_blob(in, RMS_KEY_BOX_MAX);
    request->erd = rms_message_take_blob(in, RMS_KEYD_ERD_MAX);
    return rms_cursor_done(in) && request->bits.type <= RMS_SEALED_KEY_V2 && good;
}

/* One private-key operation. */
static int open_bits(const struct rms_held_key *tenant, const struct open_request *request,
    struct rms_open_key *key_out, bool *owner_bound_out)
{
    struct rms_content_key content = {0};
    int status =
        rms_enabling_open_owned_key(tenant->rsa, &request->bits, request->has_bound ? request->bound : NULL,
            request->has_owner_bound ? request->owner_bound : NULL, &content);

    if (status == 0) {
        key_out->mode = content.mode;
        key_out->len = rms_secret_len(content.key);
        memcpy(key_out->key, rms_secret_view(content.key).data, key_out->len);
        *owner_bound_out = content.owner_bound;
    }
    rms_content_key_fini(&content);
    return status;
}

/* None where the box does. What it does not open the bits decide, so that a damaged box is no damage. */
static int open_key(struct rms_keyd *keyd, const struct open_request *request, struct rms_open_key *key_out,
    bool *owner_bound_out)
{
    struct rms_held_key *tenant;
    int status;

    RMS_TRY(rms_keyd_hold(keyd, request->id, RMS_KEY_TENANT_RSA, &tenant));
    *owner_bound_out = request->box.len > 0 && request->has_owner_bound && tenant->box_key != NULL &&
                       rms_key_box_open(tenant->box_key, request->owner_bound, request->box, key_out) == 0;
    status = *owner_bound_out ? 0 : open_bits(tenant, request, key_out, owner_bound_out);
    rms_keys_unref(keyd->keys, tenant);
    return status;
}

/* -> opened, blob text. The peer learns one outcome for everything that does not open. */
int rms_keyd_op_open(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    RMS_OPEN_KEY_CLEANUP struct rms_open_key key = {0};
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_KEYD_REPLY_MAX - 4096);
    struct open_request request;
    bool owner_bound = false;

    if (!take_open(in, &request)) {
        return RMS_KEYD_MALFORMED;
    }
    RMS_TRY(open_key(keyd, &request, &key, &owner_bound));
    if (rms_erd_decrypt(rms_view_of(key.key, key.len), request.erd, &text) != 0) {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(put_opened(keyd, request.id, &key, owner_bound, out));
    rms_message_put_blob(out, rms_buf_view(&text));
    return 0;
}

/* handle, id -> blob key */
int rms_keyd_op_release(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    RMS_OPEN_KEY_CLEANUP struct rms_open_key key = {0};
    uint8_t handle[RMS_TABLE_ID];
    uint8_t id[RMS_TABLE_ID];

    rms_keyd_take(in, handle, sizeof handle);
    rms_keyd_take(in, id, sizeof id);
    if (!rms_cursor_done(in)) {
        return RMS_KEYD_MALFORMED;
    }
    RMS_TRY(rms_contents_get(keyd->contents, handle, id, &key));
    rms_message_put_blob(out, rms_view_of(key.key, key.len));
    return 0;
}

/* handle, id, recipient, bound -> blob */
int rms_keyd_op_seal_to(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    RMS_OPEN_KEY_CLEANUP struct rms_open_key key = {0};
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_keyd_target target;
    uint8_t handle[RMS_TABLE_ID];
    uint8_t id[RMS_TABLE_ID];

    rms_keyd_take(in, handle, sizeof handle);
    rms_keyd_take(in, id, sizeof id);
    rms_keyd_take_target(in, &target);
    if (!rms_cursor_done(in)) {
        return RMS_KEYD_MALFORMED;
    }
    RMS_TRY(rms_contents_get(keyd->contents, handle, id, &key));
    RMS_TRY(rms_enabling_seal_key(
        &target.recipient, key.mode, rms_view_of(key.key, key.len), target.bound, &bits));
    rms_message_put_blob(out, rms_buf_view(&bits));
    return 0;
}
