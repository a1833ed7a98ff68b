/* Keys in a token (hsm.h): making, importing, finding and using. */
#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/hsm_link.h"
#include "crypto/random.h"
#include "crypto/rsa_key.h"

#define EXPONENT_BYTES 3
#define MAGIC_RSA1     0x31415352u /* "RSA1": PUBLICKEYBLOB */
#define PUBLIC_BLOB    6
#define BLOB_VERSION   2
#define ALG_SIGN       0x00002400u /* CALG_RSA_SIGN */
#define EXPONENT       65537u
#define BLOB_HEADER    20

static const uint8_t exponent[EXPONENT_BYTES] = {1, 0, 1};

/* Bytes of a constant, whose type PKCS#11 wants without const. */
static void *plain(const void *data)
{
    return (void *)(uintptr_t)data;
}

/* --- finding ------------------------------------------------------------------------------------------ */

/* The one object of a class with an id. RMS_HSM_NO_OBJECT; with several nobody knows which is meant. */
static CK_RV find_one(const struct rms_hsm_session *session, CK_OBJECT_CLASS class, struct rms_view id,
    CK_OBJECT_HANDLE *handle_out)
{
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, plain(id.data), id.len}};
    CK_OBJECT_HANDLE found[2];
    CK_ULONG count = 0;
    CK_RV rv = session->calls->C_FindObjectsInit(session->handle, wanted, 2);

    if (rv != CKR_OK) {
        return rv;
    }
    rv = session->calls->C_FindObjects(session->handle, found, 2, &count);
    (void)session->calls->C_FindObjectsFinal(session->handle);
    if (rv != CKR_OK) {
        return rv;
    }
    *handle_out = found[0];
    return count == 1 ? CKR_OK : count == 0 ? RMS_HSM_NO_OBJECT : RMS_HSM_MANY_OBJECTS;
}

/* The modulus, little-endian. Tokens keep numbers big-endian, without leading zeros. */
static CK_RV read_modulus(
    const struct rms_hsm_session *session, CK_OBJECT_HANDLE handle, struct rms_rsa_public *public_out)
{
    uint8_t number[RMS_RSA_BYTES_MAX + 1];
    uint8_t turned[RMS_RSA_BYTES_MAX + 1];
    CK_ATTRIBUTE modulus = {CKA_MODULUS, number, sizeof number};
    CK_RV rv = session->calls->C_GetAttributeValue(session->handle, handle, &modulus, 1);
    size_t skip = 0;

    if (rv != CKR_OK) {
        return rv;
    }
    while (skip < modulus.ulValueLen && number[skip] == 0) {
        skip++;
    }
    rms_rsa_reverse(turned, number + skip, modulus.ulValueLen - skip);
    return rms_rsa_public_set(public_out, rms_view_of(turned, modulus.ulValueLen - skip)) == 0
               ? CKR_OK
               : CKR_KEY_SIZE_RANGE;
}

/* The handle of a key, looked for once a connection. It must be the key that it was: a token that was
 * exchanged has another under the same id. */
static CK_RV handle_of(
    const struct rms_hsm_session *session, const struct rms_rsa_private *key, CK_OBJECT_HANDLE *handle_out)
{
    struct rms_hsm_key *place = key->place;
    struct rms_rsa_public public;
    CK_RV rv;

    if (rms_hsm_handle_get(place, session, handle_out)) {
        return CKR_OK;
    }
    rv = find_one(session, CKO_PRIVATE_KEY, rms_view_of(place->id, place->id_len), handle_out);
    if (rv == CKR_OK) {
        rv = read_modulus(session, *handle_out, &public);
    }
    if (rv == CKR_OK && !rms_rsa_public_equal(&public, &key->public)) {
        rv = CKR_KEY_CHANGED;
    }
    if (rv == CKR_OK) {
        rms_hsm_handle_put(place, session, *handle_out);
    }
    return rv;
}

static CK_RV check(const struct rms_hsm_session *session, void *argument)
{
    const struct rms_hsm_key *place = argument;
    CK_OBJECT_HANDLE handle;

    return find_one(session, CKO_PRIVATE_KEY, rms_view_of(place->id, place->id_len), &handle);
}

int rms_hsm_check(const struct rms_rsa_private *key)
{
    return key->place == NULL || rms_hsm_run(key->place->hsm, check, key->place) == 0 ? 0
                                                                                      : RMS_E_KEY_UNAVAILABLE;
}

/* --- using -------------------------------------------------------------------------------------------- */

struct use {
    const struct rms_rsa_private *key;
    const uint8_t *in;
    size_t in_len;
    uint8_t *out; /* as many bytes as the modulus */
    bool sign;
};

/* Behind the digest's own head (RFC 8017, 9.2): what is signed. */
static const uint8_t digest_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
    0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

static _Thread_local struct rms_hsm_uses uses;

struct rms_hsm_uses rms_hsm_take_uses(void)
{
    struct rms_hsm_uses taken = uses;

    uses = (struct rms_hsm_uses){0};
    return taken;
}

static void count(const struct use *use, bool done)
{
    uint8_t *counter = use->sign ? done ? &uses.did_sign : &uses.sign_failed
                       : done    ? &uses.decrypted
                                 : &uses.decrypt_failed;

    if (*counter < UINT8_MAX) {
        (*counter)++;
    }
}

static CK_RV use_handle(const struct rms_hsm_session *session, const struct use *use, CK_OBJECT_HANDLE handle)
{
    CK_MECHANISM mechanism = {use->sign ? CKM_RSA_PKCS : CKM_RSA_X_509, NULL, 0};
    CK_FUNCTION_LIST *calls = session->calls;
    CK_ULONG want = use->key->public.bits / 8;
    CK_ULONG len = want;
    CK_RV rv = use->sign ? calls->C_SignInit(session->handle, &mechanism, handle)
                         : calls->C_DecryptInit(session->handle, &mechanism, handle);

    if (rv != CKR_OK) {
        return rv;
    }
    rv = use->sign ? calls->C_Sign(session->handle, plain(use->in), use->in_len, use->out, &len)
                   : calls->C_Decrypt(session->handle, plain(use->in), use->in_len, use->out, &len);
    return rv == CKR_OK && len != want ? CKR_GENERAL_ERROR : rv;
}

static CK_RV use_key(const struct rms_hsm_session *session, void *argument)
{
    const struct use *use = argument;
    CK_OBJECT_HANDLE handle;
    CK_RV rv = handle_of(session, use->key, &handle);

    if (rv != CKR_OK) {
        return rv;
    }
    rv = use_handle(session, use, handle);
    count(use, rv == CKR_OK);
    return rv;
}

/* Whatever the token says of a key that was known to be right, to the caller it is one thing. */
static int run_use(struct use *use)
{
    unsigned before = (unsigned)uses.sign_failed + uses.decrypt_failed;
    int status = rms_hsm_run(use->key->place->hsm, use_key, use);

    if (status != 0 && (unsigned)uses.sign_failed + uses.decrypt_failed == before) {
        count(use, false); /* it was not reached, or has no such key */
    }
    return status == 0 || status == RMS_E_NO_MEMORY ? status : RMS_E_KEY_UNAVAILABLE;
}

static int sign(const struct rms_rsa_private *key, const uint8_t *digest, uint8_t *signature_out)
{
    uint8_t info[sizeof digest_info + RMS_SHA256_BYTES];
    struct use use = {key, info, sizeof info, signature_out, true};

    memcpy(info, digest_info, sizeof digest_info);
    memcpy(info + sizeof digest_info, digest, RMS_SHA256_BYTES);
    return run_use(&use);
}

static int decrypt(const struct rms_rsa_private *key, const uint8_t *number, uint8_t *block_out)
{
    struct use use = {key, number, key->public.bits / 8, block_out, false};

    return run_use(&use);
}

static void release(struct rms_hsm_key *place)
{
    rms_free(place);
}

static const struct rms_rsa_store hsm_store = {sign, decrypt, release};

/* --- keys --------------------------------------------------------------------------------------------- */

static int make_key(struct rms_hsm *hsm, const struct rms_rsa_public *public, const struct rms_hsm_name *name,
    struct rms_rsa_private **key_out)
{
    struct rms_rsa_private *key = rms_calloc(1, sizeof *key);
    struct rms_hsm_key *place = rms_calloc(1, sizeof *place);

    *key_out = NULL;
    if (key == NULL || place == NULL) {
        rms_free(key);
        rms_free(place);
        return RMS_E_NO_MEMORY;
    }
    key->store = &hsm_store;
    key->place = place;
    key->public = *public;
    key->decoy = rms_secret_new(RMS_SHA256_BYTES);
    place->hsm = hsm;
    memcpy(place->id, name->id.data, name->id.len);
    place->id_len = name->id.len;
    if (key->decoy == NULL) {
        rms_rsa_private_free(&key);
        return RMS_E_NO_MEMORY;
    }
    memcpy(rms_secret_bytes(key->decoy), name->decoy.data, RMS_SHA256_BYTES);
    *key_out = key;
    return 0;
}

/* A key must do what it is for before anything is entrusted to it. */
static int try_key(const struct rms_rsa_private *key)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(RMS_RSA_BYTES_MAX);
    uint8_t message[RMS_SHA256_BYTES];
    uint8_t opened[RMS_SHA256_BYTES];

    rms_random(message, sizeof message);
    RMS_TRY(rms_rsa_sign(key, RMS_SHA256, message, &out));
    rms_buf_reset(&out);
    RMS_TRY(rms_rsa_seal(&key->public, RMS_RSA_OAEP, rms_view_of(message, sizeof message), &out));
    RMS_TRY(rms_rsa_unseal(key, RMS_RSA_OAEP, rms_buf_view(&out), opened, sizeof opened));
    return rms_equal_ct(message, opened, sizeof message) ? 0 : RMS_E_KEY_UNAVAILABLE;
}

static int make_tried(struct rms_hsm *hsm, const struct rms_rsa_public *public,
    const struct rms_hsm_name *name, struct rms_rsa_private **key_out)
{
    int status = make_key(hsm, public, name, key_out);

    if (status == 0) {
        status = try_key(*key_out);
    }
    if (status != 0) {
        rms_rsa_private_free(key_out);
    }
    return status;
}

static bool name_fits(const struct rms_hsm_name *name)
{
    return name->id.len > 0 && name->id.len <= RMS_HSM_ID_MAX && name->decoy.len == RMS_SHA256_BYTES;
}

/* --- generating --------------------------------------------------------------------------------------- */

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;
static CK_OBJECT_CLASS public_class = CKO_PUBLIC_KEY;
static CK_KEY_TYPE rsa_type = CKK_RSA;

#define FLAG(type, value)                                                                                    \
    {                                                                                                        \
        (type), &(value), sizeof(value)                                                                      \
    }
#define BYTES(type, view)                                                                                    \
    {                                                                                                        \
        (type), plain((view).data), (view).len                                                               \
    }

struct creation {
    const struct rms_hsm_name *name;
    CK_ULONG bits;
    struct rms_rsa_public public;
    const uint8_t *blob; /* importing: PRIVATEKEYBLOB with its numbers turned around */
};

static CK_RV generate(const struct rms_hsm_session *session, void *argument)
{
    struct creation *new = argument;
    struct rms_view label = rms_view_str(new->name->label);
    CK_ATTRIBUTE public[] = {FLAG(CKA_TOKEN, yes), FLAG(CKA_VERIFY, yes), FLAG(CKA_ENCRYPT, yes),
        FLAG(CKA_MODULUS_BITS, new->bits), {CKA_PUBLIC_EXPONENT, plain(exponent), sizeof exponent},
        BYTES(CKA_ID, new->name->id), BYTES(CKA_LABEL, label)};
    CK_ATTRIBUTE private[] = {FLAG(CKA_TOKEN, yes), FLAG(CKA_PRIVATE, yes), FLAG(CKA_SENSITIVE, yes),
        FLAG(CKA_EXTRACTABLE, no), FLAG(CKA_SIGN, yes), FLAG(CKA_DECRYPT, yes), BYTES(CKA_ID, new->name->id),
        BYTES(CKA_LABEL, label)};
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE pair[2];
    CK_RV rv = session->calls->C_GenerateKeyPair(session->handle, &mechanism, public,
        sizeof public / sizeof public[0], private, sizeof private / sizeof private[0], &pair[0], &pair[1]);

    return rv == CKR_OK ? read_modulus(session, pair[0], &new->public) : rv;
}

int rms_hsm_generate(
    struct rms_hsm *hsm, unsigned bits, const struct rms_hsm_name *name, struct rms_rsa_private **key_out)
{
    struct creation new = {.name = name, .bits = bits};

    *key_out = NULL;
    if (!name_fits(name) || (bits != 2048 && bits != 3072 && bits != 4096)) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_hsm_run(hsm, generate, &new));
    return new.public.bits == bits ? make_tried(hsm, &new.public, name, key_out) : RMS_E_KEY_UNAVAILABLE;
}

/* --- importing ---------------------------------------------------------------------------------------- */

/* Numbers of a PRIVATEKEYBLOB in their order; length = modulus length / part. */
static const struct {
    CK_ATTRIBUTE_TYPE type;
    unsigned part;
} numbers[] = {{CKA_MODULUS, 1}, {CKA_PRIME_1, 2}, {CKA_PRIME_2, 2}, {CKA_EXPONENT_1, 2}, {CKA_EXPONENT_2, 2},
    {CKA_COEFFICIENT, 2}, {CKA_PRIVATE_EXPONENT, 1}};

#define NUMBERS (sizeof numbers / sizeof numbers[0])

/* Turns each number around in place: the blob keeps them little-endian, a token big-endian. */
static void turn_numbers(uint8_t *blob, size_t modulus_len)
{
    uint8_t *at = blob + BLOB_HEADER;

    for (size_t i = 0; i < NUMBERS; i++) {
        size_t len = modulus_len / numbers[i].part;

        for (size_t k = 0; k < len / 2; k++) {
            uint8_t kept = at[k];

            at[k] = at[len - 1 - k];
            at[len - 1 - k] = kept;
        }
        at += len;
    }
}

static CK_RV create_public(const struct rms_hsm_session *session, const struct creation *new)
{
    struct rms_view label = rms_view_str(new->name->label);
    CK_ATTRIBUTE template[] = {FLAG(CKA_CLASS, public_class), FLAG(CKA_KEY_TYPE, rsa_type),
        FLAG(CKA_TOKEN, yes), FLAG(CKA_VERIFY, yes), FLAG(CKA_ENCRYPT, yes), BYTES(CKA_ID, new->name->id),
        BYTES(CKA_LABEL, label), {CKA_PUBLIC_EXPONENT, plain(exponent), sizeof exponent},
        {CKA_MODULUS, plain(new->blob + BLOB_HEADER), new->bits / 8}};
    CK_OBJECT_HANDLE handle;

    return session->calls->C_CreateObject(
        session->handle, template, sizeof template / sizeof template[0], &handle);
}

static CK_RV create_private(const struct rms_hsm_session *session, const struct creation *new)
{
    struct rms_view label = rms_view_str(new->name->label);
    CK_ATTRIBUTE template[11 + NUMBERS] = {FLAG(CKA_CLASS, private_class), FLAG(CKA_KEY_TYPE, rsa_type),
        FLAG(CKA_TOKEN, yes), FLAG(CKA_PRIVATE, yes), FLAG(CKA_SENSITIVE, yes), FLAG(CKA_EXTRACTABLE, no),
        FLAG(CKA_SIGN, yes), FLAG(CKA_DECRYPT, yes), BYTES(CKA_ID, new->name->id), BYTES(CKA_LABEL, label),
        {CKA_PUBLIC_EXPONENT, plain(exponent), sizeof exponent}};
    const uint8_t *at = new->blob + BLOB_HEADER;
    CK_OBJECT_HANDLE handle;

    for (size_t i = 0; i < NUMBERS; i++) {
        CK_ULONG len = new->bits / 8 / numbers[i].part;

        template[11 + i] = (CK_ATTRIBUTE){numbers[i].type, plain(at), len};
        at += len;
    }
    return session->calls->C_CreateObject(session->handle, template, 11 + NUMBERS, &handle);
}

/* An import that was cut off is gone on with: what is there already stays. */
static CK_RV import(const struct rms_hsm_session *session, void *argument)
{
    const struct creation *new = argument;
    struct rms_rsa_public there;
    CK_OBJECT_HANDLE handle;
    CK_RV rv = find_one(session, CKO_PRIVATE_KEY, new->name->id, &handle);

    if (rv == RMS_HSM_NO_OBJECT) {
        rv = create_private(session, new);
    } else if (rv == CKR_OK) {
        rv = read_modulus(session, handle, &there);
        if (rv == CKR_OK && !rms_rsa_public_equal(&there, &new->public)) {
            rv = CKR_KEY_CHANGED;
        }
    }
    if (rv == CKR_OK && find_one(session, CKO_PUBLIC_KEY, new->name->id, &handle) == RMS_HSM_NO_OBJECT) {
        rv = create_public(session, new);
    }
    return rv;
}

static int import_turned(struct rms_hsm *hsm, struct creation *new, uint8_t *blob)
{
    turn_numbers(blob, new->bits / 8);
    new->blob = blob;
    return rms_hsm_run(hsm, import, new);
}

int rms_hsm_import(struct rms_hsm *hsm, struct rms_view private_blob, const struct rms_hsm_name *name,
    struct rms_rsa_private **key_out)
{
    struct creation new = {.name = name};
    struct rms_rsa_private *checked;
    struct rms_secret *copy;
    int status;

    *key_out = NULL;
    if (!name_fits(name)) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_rsa_from_blob(private_blob, &checked)); /* a token may take numbers that do not fit */
    new.public = *rms_rsa_public_of(checked);
    new.bits = new.public.bits;
    rms_rsa_private_free(&checked);
    copy = rms_secret_new(private_blob.len);
    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    memcpy(rms_secret_bytes(copy), private_blob.data, private_blob.len);
    status = import_turned(hsm, &new, rms_secret_bytes(copy));
    rms_secret_free(&copy);
    RMS_TRY(status);
    return make_tried(hsm, &new.public, name, key_out);
}

/* --- adopting ----------------------------------------------------------------------------------------- */

static CK_RV adopt(const struct rms_hsm_session *session, void *argument)
{
    struct creation *found = argument;
    CK_BBOOL sensitive = CK_FALSE;
    CK_BBOOL extractable = CK_TRUE;
    CK_ATTRIBUTE wanted[] = {FLAG(CKA_SENSITIVE, sensitive), FLAG(CKA_EXTRACTABLE, extractable)};
    CK_OBJECT_HANDLE handle;
    CK_RV rv = find_one(session, CKO_PRIVATE_KEY, found->name->id, &handle);

    if (rv == CKR_OK) {
        rv = session->calls->C_GetAttributeValue(session->handle, handle, wanted, 2);
    }
    if (rv == CKR_OK) {
        rv = read_modulus(session, handle, &found->public);
    }
    found->bits = rv == CKR_OK && sensitive == CK_TRUE && extractable == CK_FALSE ? found->public.bits : 0;
    return rv;
}

int rms_hsm_adopt(struct rms_hsm *hsm, const struct rms_hsm_name *name, struct rms_rsa_private **key_out)
{
    struct creation found = {.name = name};

    *key_out = NULL;
    if (!name_fits(name)) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_hsm_run(hsm, adopt, &found));
    return found.bits >= 2048 ? make_tried(hsm, &found.public, name, key_out) : RMS_E_BAD_ARGUMENT;
}

/* --- references --------------------------------------------------------------------------------------- */

int rms_hsm_reference(const struct rms_rsa_private *key, struct rms_buf *out)
{
    if (key->place == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_buf_append_byte(out, PUBLIC_BLOB);
    rms_buf_append_byte(out, BLOB_VERSION);
    rms_buf_append_u16(out, 0);
    rms_buf_append_u32(out, ALG_SIGN);
    rms_buf_append_u32(out, MAGIC_RSA1);
    rms_buf_append_u32(out, key->public.bits);
    rms_buf_append_u32(out, EXPONENT);
    rms_buf_append(out, key->public.modulus, key->public.bits / 8);
    rms_buf_append(out, key->place->id, key->place->id_len);
    return rms_buf_status(out);
}

bool rms_hsm_keeps(const struct rms_rsa_private *key)
{
    return key->place != NULL;
}

bool rms_hsm_is_reference(struct rms_view bytes)
{
    return bytes.len > BLOB_HEADER && bytes.data[0] == PUBLIC_BLOB;
}

int rms_hsm_refer(struct rms_hsm *hsm, struct rms_view reference, const struct rms_hsm_name *name,
    struct rms_rsa_private **key_out)
{
    struct rms_cursor in = rms_cursor_of(reference);
    struct rms_hsm_name found = *name;
    struct rms_rsa_public public;
    struct rms_view modulus;
    bool fits = rms_cursor_u8(&in) == PUBLIC_BLOB && rms_cursor_u8(&in) == BLOB_VERSION;
    uint32_t bits;

    *key_out = NULL;
    (void)rms_cursor_u16(&in);
    (void)rms_cursor_u32(&in);
    fits = rms_cursor_u32(&in) == MAGIC_RSA1 && fits;
    bits = rms_cursor_u32(&in);
    fits = rms_cursor_u32(&in) == EXPONENT && fits && bits <= RMS_RSA_BITS_MAX;
    modulus = rms_cursor_take(&in, fits ? bits / 8 : 0);
    found.id = rms_cursor_take(&in, rms_cursor_left(&in));
    if (!fits || in.bad || rms_rsa_public_set(&public, modulus) != 0 || !name_fits(&found)) {
        return RMS_E_BAD_ARGUMENT;
    }
    return make_key(hsm, &public, &found, key_out);
}
