#include "xrml/enabling.h"

#include "base/cursor.h"
#include "base/text.h"
#include "crypto/random.h"

/* Sizes of section 4. */
#define KEY_HEADER    12u
#define BLOB_HEADER   16u
#define BLOCK         16u
#define BITS_TO_BE    2048 /* of a recipient */
#define SESSION_BYTES 16u
#define ECB_CODE      0xffffu
#define FLAGS_AES_ECB 0x00001001u
#define FLAGS_AES_CBC 0x00002001u
#define FLAGS_AT      8u /* in the KeyHeader */
/* Ours: the hash is the owner's. Free whichever end the figure's bit 0 is at. */
#define FLAG_OWNER_BIT 22u
#define FLAG_OWNER     (1u << FLAG_OWNER_BIT)

static const uint8_t no_bytes[BLOCK];

void rms_content_key_fini(struct rms_content_key *key)
{
    rms_secret_free(&key->key);
}

/* --- sealing -------------------------------------------------------------------------------------- */

static void append_key_header(struct rms_buf *out, enum rms_cipher_mode mode, size_t key_len, uint32_t own)
{
    rms_buf_append_u16(out, (uint16_t)(KEY_HEADER + key_len));
    rms_buf_append_u16(out, rms_mode_code(mode));
    rms_buf_append_u16(out, (uint16_t)(key_len * 8));
    rms_buf_append_u16(out, BLOCK);
    rms_buf_append_u32(out, (mode == RMS_MODE_ECB ? FLAGS_AES_ECB : FLAGS_AES_CBC) | own);
}

static int encrypt_ecb(struct rms_view key, struct rms_view plain, struct rms_buf *out)
{
    RMS_CONTENT_CLEANUP struct rms_content_cipher *cipher = NULL;
    uint8_t *place = rms_buf_reserve(out, plain.len + BLOCK);
    size_t written = 0;

    if (place == NULL) {
        return rms_buf_status(out);
    }
    RMS_TRY(rms_content_cipher_new(RMS_MODE_ECB, key, &cipher));
    RMS_TRY(rms_content_encrypt(cipher, 0, plain.data, plain.len, true, place, &written));
    rms_buf_commit(out, written);
    return 0;
}

/* UDEBHeader, payload, hash, filled up with zeros to a block. */
static void append_inner(struct rms_buf *out, struct rms_view header, struct rms_view payload,
    const uint8_t bound[RMS_SHA256_BYTES])
{
    size_t size = header.len + payload.len + RMS_SHA256_BYTES;

    rms_buf_append_u32(out, 2);
    rms_buf_append_u32(out, (uint32_t)size);
    rms_buf_append_u64(out, 0);
    rms_buf_append_view(out, header);
    rms_buf_append_view(out, payload);
    rms_buf_append(out, bound, RMS_SHA256_BYTES);
    rms_buf_append(out, no_bytes, (BLOCK - size % BLOCK) % BLOCK);
}

static int seal(const struct rms_rsa_public *recipient, struct rms_view inner, struct rms_buf *blob_out)
{
    uint8_t session[SESSION_BYTES];
    RMS_BUF_CLEANUP struct rms_buf head = RMS_BUF_INIT(KEY_HEADER + SESSION_BYTES);
    int status;

    rms_random(session, sizeof session);
    append_key_header(&head, RMS_MODE_ECB, sizeof session, 0);
    rms_buf_append(&head, session, sizeof session);
    status = rms_buf_status(&head);
    if (status == 0) {
        status = rms_rsa_seal(recipient, RMS_RSA_OAEP, rms_buf_view(&head), blob_out);
    }
    if (status == 0) {
        status = encrypt_ecb(rms_view_of(session, sizeof session), inner, blob_out);
    }
    rms_wipe(session, sizeof session);
    return status;
}

/* What goes in front of a content key and behind it. */
struct key_frame {
    enum rms_cipher_mode mode;
    uint32_t own_flags;
    const uint8_t *hash;
    bool migrated; /* the recipient may have 1024 bits */
};

static int seal_key(const struct rms_rsa_public *recipient, const struct key_frame *frame,
    struct rms_view key, struct rms_buf *blob_out)
{
    RMS_BUF_CLEANUP struct rms_buf header = RMS_BUF_INIT(KEY_HEADER);
    RMS_BUF_CLEANUP struct rms_buf inner = RMS_BUF_INIT(RMS_ENABLING_MAX);

    if (key.len != 16 && key.len != 24 && key.len != 32) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (recipient->bits < BITS_TO_BE && !frame->migrated) {
        return RMS_E_WEAK_CRYPTO;
    }
    append_key_header(&header, frame->mode, key.len, frame->own_flags);
    append_inner(&inner, rms_buf_view(&header), key, frame->hash);
    RMS_TRY(rms_buf_status(&header));
    RMS_TRY(rms_buf_status(&inner));
    return seal(recipient, rms_buf_view(&inner), blob_out);
}

int rms_enabling_seal_key(const struct rms_rsa_public *recipient, enum rms_cipher_mode mode,
    struct rms_view key, const uint8_t bound[RMS_SHA256_BYTES], struct rms_buf *blob_out)
{
    return seal_key(recipient, &(struct key_frame){mode, 0, bound, false}, key, blob_out);
}

int rms_enabling_seal_owned_key(const struct rms_rsa_public *recipient, enum rms_cipher_mode mode,
    struct rms_view key, const uint8_t owner_bound[RMS_SHA256_BYTES], struct rms_buf *blob_out)
{
    return seal_key(recipient, &(struct key_frame){mode, FLAG_OWNER, owner_bound, false}, key, blob_out);
}

int rms_enabling_seal_migrated_key(const struct rms_rsa_public *recipient, enum rms_cipher_mode mode,
    struct rms_view key, const uint8_t owner_bound[RMS_SHA256_BYTES], struct rms_buf *blob_out)
{
    return seal_key(recipient, &(struct key_frame){mode, FLAG_OWNER, owner_bound, true}, key, blob_out);
}

int rms_enabling_seal_private(const struct rms_rsa_public *recipient, struct rms_view private_blob,
    const uint8_t bound[RMS_SHA256_BYTES], struct rms_buf *blob_out)
{
    RMS_BUF_CLEANUP struct rms_buf inner = RMS_BUF_INIT(RMS_ENABLING_MAX);

    if (recipient->bits < BITS_TO_BE) {
        return RMS_E_WEAK_CRYPTO;
    }
    append_inner(&inner, (struct rms_view){0}, private_blob, bound);
    RMS_TRY(rms_buf_status(&inner));
    return seal(recipient, rms_buf_view(&inner), blob_out);
}

/* --- opening -------------------------------------------------------------------------------------- */

/* Microsoft's session key size is not known: all three are tried (section 4, table). */
static const size_t session_sizes[] = {16, 32, 24};
#define SESSION_SIZES (sizeof session_sizes / sizeof session_sizes[0])

struct session {
    size_t len;
    uint8_t head[KEY_HEADER + RMS_CONTENT_KEY_MAX];
};

/* Does the unsealed text say of itself that it holds a key of this size? Without padding that fits, the bytes
 * are random and it does not. */
static bool head_fits(const uint8_t *head, size_t key_len)
{
    struct rms_cursor c = rms_cursor_of(rms_view_of(head, KEY_HEADER));
    unsigned bad = rms_cursor_u16(&c) ^ (unsigned)(KEY_HEADER + key_len);

    (void)rms_cursor_u16(&c);
    bad |= rms_cursor_u16(&c) ^ (unsigned)(key_len * 8);
    return bad == 0;
}

/* Unseals for each size. In Mode 1 all are done every time: stopping early would tell whoever sends forged
 * blobs that the padding was right (section 8.5). OAEP gives no such hint away, and stops at the first that
 * fits. When none fits the session is of 16 random bytes, and the comparison at the end fails. */
static int open_session(const struct rms_rsa_private *recipient, const struct rms_enabling_bits *bits,
    struct rms_view sealed, struct session *session)
{
    enum rms_rsa_padding padding = bits->type == RMS_SEALED_KEY ? RMS_RSA_PKCS1 : RMS_RSA_OAEP;
    struct session candidate;
    bool found = false;
    int status = 0;

    for (size_t i = 0; i < SESSION_SIZES && status == 0; i++) {
        candidate.len = session_sizes[i];
        status = rms_rsa_unseal(recipient, padding, sealed, candidate.head, KEY_HEADER + candidate.len);
        if (i == 0 || (status == 0 && !found && head_fits(candidate.head, candidate.len))) {
            *session = candidate;
        }
        found = found || (status == 0 && head_fits(candidate.head, candidate.len));
        if (found && padding == RMS_RSA_OAEP) {
            break;
        }
    }
    rms_wipe(&candidate, sizeof candidate);
    return status;
}

static int decrypt_ecb(struct rms_view key, struct rms_view cipher_text, struct rms_buf *out)
{
    RMS_CONTENT_CLEANUP struct rms_content_cipher *cipher = NULL;
    uint8_t *place = rms_buf_reserve(out, cipher_text.len + BLOCK);
    size_t written = 0;

    if (place == NULL) {
        return rms_buf_status(out);
    }
    RMS_TRY(rms_content_cipher_new(RMS_MODE_ECB, key, &cipher));
    RMS_TRY(rms_content_decrypt(cipher, 0, cipher_text.data, cipher_text.len, true, place, &written));
    rms_buf_commit(out, written);
    return 0;
}

/* What the blob may be bound to; each may be NULL. */
struct bounds {
    const uint8_t *element;
    const uint8_t *owner;
    bool has_flags; /* a content key in a v2 blob */
};

/* The opened inside: good collects every check, and is looked at once. */
struct inside {
    struct rms_view payload;
    bool owner_bound;
    bool good;
};

/* All ones where the blob says that it is bound to an owner. */
static uint8_t owner_mask(const struct rms_buf *plain, const struct bounds *bounds)
{
    unsigned flags = plain->data[BLOB_HEADER + FLAGS_AT + FLAG_OWNER_BIT / 8];
    unsigned flag = (flags >> (FLAG_OWNER_BIT % 8)) & 1u;

    return bounds->has_flags ? (uint8_t)(0u - flag) : 0;
}

/* Does the hash hold? Which digest counts is secret until the whole is known to be good, so both are mixed by
 * the mask; which of them are given is not. */
static bool is_bound(struct rms_view hash, const struct bounds *bounds, uint8_t mask)
{
    static const uint8_t none[RMS_SHA256_BYTES];
    const uint8_t *element = bounds->element != NULL ? bounds->element : none;
    const uint8_t *owner = bounds->owner != NULL ? bounds->owner : none;
    uint8_t expected[RMS_SHA256_BYTES];
    unsigned by_owner = mask & 1u;
    unsigned by_element = by_owner ^ 1u;
    unsigned equal;

    for (size_t i = 0; i < sizeof expected; i++) {
        expected[i] = (uint8_t)((element[i] & ~mask) | (owner[i] & mask));
    }
    equal = rms_equal_ct(hash.data, expected, hash.len);
    return ((by_owner & equal & (bounds->owner != NULL)) |
               (by_element & (equal | (bounds->element == NULL)))) != 0;
}

static void read_inside(
    const struct rms_buf *plain, enum rms_sealing type, const struct bounds *bounds, struct inside *inside)
{
    uint8_t mask = owner_mask(plain, bounds);
    struct rms_cursor c = rms_cursor_of(rms_buf_view(plain));
    size_t hash_len = type == RMS_SEALED_KEY ? RMS_SHA1_BYTES : RMS_SHA256_BYTES;
    uint32_t version = rms_cursor_u32(&c);
    size_t size = rms_cursor_u32(&c);
    size_t most = plain->len - BLOB_HEADER;
    bool fits = size > hash_len && size <= most;
    struct rms_view hash;

    size = fits ? size : most;
    inside->payload = rms_view_of(plain->data + BLOB_HEADER, size - hash_len);
    hash = rms_view_of(inside->payload.data + inside->payload.len, hash_len);
    inside->owner_bound = mask != 0;
    inside->good = is_bound(hash, bounds, mask);
    inside->good &= fits & (version == (type == RMS_SEALED_KEY ? 1u : 2u));
}

/* Lengths are public and checked first; everything behind the private operation ends in one outcome. */
static int open_bits(const struct rms_rsa_private *recipient, const struct rms_enabling_bits *bits,
    const struct bounds *bounds, struct rms_buf *plain, struct inside *inside)
{
    size_t rsa_len = rms_rsa_public_of(recipient)->bits / 8;
    struct rms_cursor c = rms_cursor_of(bits->blob);
    struct rms_view sealed = rms_cursor_take(&c, rsa_len);
    struct rms_view rest = rms_cursor_take(&c, rms_cursor_left(&c));
    struct session session = {0};
    int status;

    if (c.bad || rest.len % BLOCK != 0 || rest.len < BLOB_HEADER + KEY_HEADER + RMS_SHA256_BYTES ||
        bits->blob.len > RMS_ENABLING_MAX) {
        return RMS_E_BAD_LICENSE;
    }
    status = open_session(recipient, bits, sealed, &session);
    if (status == 0) {
        status = decrypt_ecb(rms_view_of(session.head + KEY_HEADER, session.len), rest, plain);
    }
    rms_wipe(&session, sizeof session);
    if (status == RMS_E_KEY_UNAVAILABLE) {
        return status; /* a token that is away says nothing about the bits */
    }
    if (status != 0) {
        return status == RMS_E_NO_MEMORY || status == RMS_E_LIMIT ? RMS_E_NO_MEMORY : RMS_E_BAD_LICENSE;
    }
    read_inside(plain, bits->type, bounds, inside);
    return 0;
}

/* KeyHeader and key. Flags but our own are not read: nobody knows their numbering for certain (section 4,
 * table). */
static int take_key(const struct inside *inside, struct rms_content_key *key_out)
{
    struct rms_cursor c = rms_cursor_of(inside->payload);
    size_t size = rms_cursor_u16(&c);
    uint16_t mode_code = rms_cursor_u16(&c);
    size_t key_bits = rms_cursor_u16(&c);
    struct rms_content_key key = {.mode = RMS_MODE_ECB, .owner_bound = inside->owner_bound};
    struct rms_view bytes;

    (void)rms_cursor_u16(&c);
    (void)rms_cursor_u32(&c);
    if (c.bad || !inside->good || size != inside->payload.len || key_bits != (size - KEY_HEADER) * 8 ||
        (key_bits != 128 && key_bits != 192 && key_bits != 256) ||
        rms_mode_from_code(mode_code, &key.mode) != 0) {
        return RMS_E_BAD_LICENSE;
    }
    bytes = rms_cursor_take(&c, key_bits / 8);
    key.key = rms_secret_new(bytes.len);
    if (key.key == NULL) {
        return RMS_E_NO_MEMORY;
    }
    memcpy(rms_secret_bytes(key.key), bytes.data, bytes.len);
    *key_out = key;
    return 0;
}

int rms_enabling_open_owned_key(const struct rms_rsa_private *recipient, const struct rms_enabling_bits *bits,
    const uint8_t *bound, const uint8_t *owner_bound, struct rms_content_key *key_out)
{
    RMS_BUF_CLEANUP struct rms_buf plain = RMS_BUF_INIT(RMS_ENABLING_MAX + BLOCK);
    const struct bounds bounds = {bound, owner_bound, bits->type == RMS_SEALED_KEY_V2};
    struct inside inside;

    RMS_TRY(open_bits(recipient, bits, &bounds, &plain, &inside));
    return take_key(&inside, key_out);
}

int rms_enabling_open_key(const struct rms_rsa_private *recipient, const struct rms_enabling_bits *bits,
    const uint8_t *bound, struct rms_content_key *key_out)
{
    return rms_enabling_open_owned_key(recipient, bits, bound, NULL, key_out);
}

int rms_enabling_open_private(const struct rms_rsa_private *recipient, const struct rms_enabling_bits *bits,
    const uint8_t *bound, struct rms_rsa_private **key_out)
{
    RMS_BUF_CLEANUP struct rms_buf plain = RMS_BUF_INIT(RMS_ENABLING_MAX + BLOCK);
    struct inside inside;
    int status;

    RMS_TRY(open_bits(recipient, bits, &(struct bounds){.element = bound}, &plain, &inside));
    if (!inside.good) {
        return RMS_E_BAD_LICENSE;
    }
    status = rms_rsa_from_blob(inside.payload, key_out);
    return status == 0 || status == RMS_E_NO_MEMORY ? status : RMS_E_BAD_LICENSE;
}

/* --- rights data (section 5) ---------------------------------------------------------------------- */

static const uint8_t end_mark[] = "<\0/\0X\0r\0M\0L\0>"; /* with the literal's own NUL: </XrML> in UTF-16LE */

int rms_erd_encrypt(struct rms_view key, struct rms_view utf8, struct rms_buf *cipher_out)
{
    RMS_BUF_CLEANUP struct rms_buf wide = RMS_BUF_INIT(2 * utf8.len + BLOCK);

    RMS_TRY(rms_text_to_utf16(utf8, &wide));
    return encrypt_ecb(key, rms_buf_view(&wide), cipher_out);
}

/* Behind the last </XrML>, NULL when there is none. */
static const uint8_t *text_end(const struct rms_buf *plain)
{
    for (size_t end = plain->len & ~(size_t)1; end >= sizeof end_mark; end -= 2) {
        if (memcmp(plain->data + end - sizeof end_mark, end_mark, sizeof end_mark) == 0) {
            return plain->data + end;
        }
    }
    return NULL;
}

/* Zeros, blanks, or as many bytes of one value as it says (PKCS#7). */
static bool is_filling(struct rms_view rest)
{
    bool blank = true;
    bool counted = rest.len <= BLOCK;

    for (size_t i = 0; i < rest.len; i++) {
        uint8_t c = rest.data[i];

        blank = blank && (c == 0 || c == ' ' || c == '\n' || c == '\r' || c == '\t');
        counted = counted && c == rest.len;
    }
    return blank || counted;
}

int rms_erd_decrypt(struct rms_view key, struct rms_view cipher, struct rms_buf *utf8_out)
{
    RMS_BUF_CLEANUP struct rms_buf plain = RMS_BUF_INIT(cipher.len + BLOCK);
    const uint8_t *end;
    size_t len;
    int status;

    if (cipher.len == 0 || cipher.len % BLOCK != 0) {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(decrypt_ecb(key, cipher, &plain));
    end = text_end(&plain);
    if (end == NULL) {
        return RMS_E_BAD_LICENSE;
    }
    len = (size_t)(end - plain.data);
    if (!is_filling(rms_view_of(end, plain.len - len))) {
        return RMS_E_BAD_LICENSE;
    }
    status = rms_text_from_utf16(rms_view_of(plain.data, len), utf8_out);
    return status == RMS_E_BAD_ARGUMENT ? RMS_E_BAD_LICENSE : status;
}
