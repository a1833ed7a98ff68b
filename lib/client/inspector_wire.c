/* Structs as fields on the wire between librms and its inspector: tables, so that what is written and what is
 * checked is one thing. */
#include "client/inspector.h"

#define KEYS_MAX 4096u

enum field_kind { TEXT, NUMBER64, NUMBER32, FLAG, END };

struct field {
    enum field_kind kind;
    size_t offset;
    size_t limit; /* of a text its room, of a number of 32 bits the highest */
};

#define TEXT_OF(type, member)                                                                                \
    {                                                                                                        \
        TEXT, offsetof(type, member), sizeof(((type *)NULL)->member)                                         \
    }
#define NUMBER_OF(type, member)                                                                              \
    {                                                                                                        \
        NUMBER64, offsetof(type, member), 0                                                                  \
    }
#define CHOICE_OF(type, member, max)                                                                         \
    {                                                                                                        \
        NUMBER32, offsetof(type, member), (max)                                                              \
    }
#define FLAG_OF(type, member)                                                                                \
    {                                                                                                        \
        FLAG, offsetof(type, member), 1                                                                      \
    }

#define STATUS_TEXT(member)   TEXT_OF(struct rms_inspected, status.member)
#define STATUS_NUMBER(member) NUMBER_OF(struct rms_inspected, status.member)
#define STATUS_FLAG(member)   FLAG_OF(struct rms_inspected, status.member)

static const struct field inspected_fields[] = {
    CHOICE_OF(struct rms_inspected, status.protection, RMS_PROTECTED_GENERIC),
    STATUS_TEXT(extension),
    STATUS_TEXT(content_id),
    STATUS_TEXT(owner),
    STATUS_TEXT(issuer),
    STATUS_TEXT(service_url),
    STATUS_NUMBER(issued_at),
    STATUS_NUMBER(original_size),
    STATUS_FLAG(signature_consistent),
    STATUS_FLAG(signature_trusted),
    STATUS_FLAG(signature_judged),
    STATUS_FLAG(labelled),
    STATUS_FLAG(contains_protected),
    STATUS_TEXT(intranet_url),
    CHOICE_OF(struct rms_inspected, status.seal, RMS_SEAL_BROKEN),
    STATUS_TEXT(sealed_by),
    STATUS_NUMBER(sealed_at),
    STATUS_FLAG(edited),
    TEXT_OF(struct rms_inspected, descriptor_id),
    TEXT_OF(struct rms_inspected, policy_name),
    {END, 0, 0},
};

#define LABEL_TEXT(member) TEXT_OF(struct rms_label, member)

static const struct field label_fields[] = {
    LABEL_TEXT(id),
    LABEL_TEXT(tenant),
    LABEL_TEXT(parent),
    LABEL_TEXT(name),
    LABEL_TEXT(set_at),
    LABEL_TEXT(method),
    LABEL_TEXT(owner),
    CHOICE_OF(struct rms_label, content_bits, UINT32_MAX),
    FLAG_OF(struct rms_label, enabled),
    {END, 0, 0},
};

static uint64_t number_at(const uint8_t *place, enum field_kind kind)
{
    uint64_t wide = 0;
    uint32_t narrow = 0;

    if (kind == NUMBER64) {
        memcpy(&wide, place, sizeof wide);
        return wide;
    }
    memcpy(&narrow, place, sizeof narrow);
    return narrow;
}

static void set_number(uint8_t *place, enum field_kind kind, uint64_t value)
{
    uint32_t narrow = (uint32_t)value;

    if (kind == NUMBER64) {
        memcpy(place, &value, sizeof value);
    } else {
        memcpy(place, &narrow, sizeof narrow);
    }
}

void rms_wire_put_text(struct rms_buf *out, const char *text)
{
    size_t len = strlen(text);

    rms_buf_append_u32(out, (uint32_t)len);
    rms_buf_append(out, text, len);
}

void rms_wire_take_text(struct rms_cursor *from, char *out, size_t size)
{
    struct rms_view text = rms_cursor_take(from, rms_cursor_u32(from));

    if (from->bad || text.len >= size || (text.len > 0 && memchr(text.data, 0, text.len) != NULL)) {
        from->bad = true;
        text.len = 0;
    }
    if (text.len > 0) {
        memcpy(out, text.data, text.len);
    }
    out[text.len] = '\0';
}

static void put(struct rms_buf *out, const struct field *fields, const void *from)
{
    for (; fields->kind != END; fields++) {
        const uint8_t *place = (const uint8_t *)from + fields->offset;

        if (fields->kind == TEXT) {
            rms_wire_put_text(out, (const char *)place);
        } else if (fields->kind == FLAG) {
            rms_buf_append_u64(out, *(const bool *)place);
        } else {
            rms_buf_append_u64(out, number_at(place, fields->kind));
        }
    }
}

static void take(struct rms_cursor *from, const struct field *fields, void *to)
{
    for (; fields->kind != END; fields++) {
        uint8_t *place = (uint8_t *)to + fields->offset;
        uint64_t value;

        if (fields->kind == TEXT) {
            rms_wire_take_text(from, (char *)place, fields->limit);
            continue;
        }
        value = rms_cursor_u64(from);
        if (fields->kind != NUMBER64 && value > fields->limit) {
            from->bad = true;
            value = 0;
        }
        if (fields->kind == FLAG) {
            *(bool *)place = value != 0;
        } else {
            set_number(place, fields->kind, value);
        }
    }
}

void rms_wire_put_inspected(struct rms_buf *out, const struct rms_inspected *inspected)
{
    put(out, inspected_fields, inspected);
}

void rms_wire_take_inspected(struct rms_cursor *from, struct rms_inspected *inspected)
{
    *inspected = (struct rms_inspected){.status = rms_status_unknown()};
    take(from, inspected_fields, inspected);
}

void rms_wire_put_label(struct rms_buf *out, const struct rms_label *label)
{
    put(out, label_fields, label);
}

void rms_wire_take_label(struct rms_cursor *from, struct rms_label *label)
{
    *label = (struct rms_label){.enabled = false};
    take(from, label_fields, label);
}

/* --- keys to judge by --- */

void rms_wire_put_trust(struct rms_buf *out, const struct rms_trust *trust)
{
    static const struct rms_trust nothing = {.key_count = 0};
    const struct rms_trust *given = trust != NULL ? trust : &nothing;

    rms_buf_append_byte(out, trust != NULL);
    rms_buf_append_byte(out, given->allow_legacy);
    rms_buf_append_u32(out, (uint32_t)given->key_count);
    for (size_t i = 0; i < given->key_count; i++) {
        rms_buf_append_u32(out, given->keys[i].bits);
        rms_buf_append(out, given->keys[i].modulus, sizeof given->keys[i].modulus);
    }
    rms_buf_append_u32(out, (uint32_t)given->fingerprint_count);
    for (size_t i = 0; i < given->fingerprint_count; i++) {
        rms_buf_append(out, given->fingerprints[i], sizeof given->fingerprints[i]);
    }
}

static void take_bytes(struct rms_cursor *from, uint8_t *out, size_t len)
{
    struct rms_view bytes = rms_cursor_take(from, len);

    if (bytes.len == len) {
        memcpy(out, bytes.data, len);
    }
}

int rms_wire_take_trust(struct rms_cursor *from, struct rms_arena *arena, const struct rms_trust **trust_out)
{
    bool present = rms_cursor_u8(from) != 0;
    struct rms_trust *trust = rms_arena_array(arena, 1, sizeof *trust);
    struct rms_rsa_public *keys = rms_arena_array(arena, KEYS_MAX, sizeof *keys);
    uint8_t(*prints)[RMS_SHA256_BYTES] = rms_arena_array(arena, KEYS_MAX, sizeof *prints);

    if (trust == NULL || keys == NULL || prints == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *trust = (struct rms_trust){.keys = keys, .fingerprints = (const uint8_t(*)[RMS_SHA256_BYTES])prints};
    trust->allow_legacy = rms_cursor_u8(from) != 0;
    trust->key_count = rms_cursor_u32(from);
    for (size_t i = 0; i < trust->key_count && i < KEYS_MAX && !from->bad; i++) {
        keys[i].bits = rms_cursor_u32(from);
        take_bytes(from, keys[i].modulus, sizeof keys[i].modulus);
    }
    trust->fingerprint_count = rms_cursor_u32(from);
    for (size_t i = 0; i < trust->fingerprint_count && i < KEYS_MAX && !from->bad; i++) {
        take_bytes(from, prints[i], sizeof prints[i]);
    }
    *trust_out = present ? trust : NULL;
    return !from->bad && trust->key_count <= KEYS_MAX && trust->fingerprint_count <= KEYS_MAX
               ? 0
               : RMS_E_BAD_ARGUMENT;
}
