#include "xrml/xread.h"

#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "crypto/base64.h"

int rms_xread_single(const struct rms_xnode *parent, const char *name, const struct rms_xnode **child_out)
{
    *child_out = rms_xnode_child(parent, name);
    return rms_xnode_sibling(*child_out, name) == NULL ? 0 : RMS_E_BAD_LICENSE;
}

int rms_xread_path(const struct rms_xnode *node, const char *slash_path, const struct rms_xnode **child_out)
{
    char name[64];
    size_t len;

    while (node != NULL && *slash_path != 0) {
        len = strcspn(slash_path, "/");
        if (len >= sizeof name) {
            return RMS_E_INTERNAL;
        }
        memcpy(name, slash_path, len);
        name[len] = 0;
        RMS_TRY(rms_xread_single(node, name, &node));
        slash_path += len;
        slash_path += *slash_path == '/';
    }
    *child_out = node;
    return 0;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct rms_view rms_xread_trimmed(const struct rms_xnode *node)
{
    struct rms_view view = {0};

    if (node != NULL) {
        view = rms_view_of(node->text, node->text_len);
    }
    while (view.len > 0 && is_blank(view.data[view.len - 1])) {
        view.len--;
    }
    while (view.len > 0 && is_blank(view.data[0])) {
        view.data++;
        view.len--;
    }
    return view;
}

int rms_xread_text(struct rms_arena *arena, const struct rms_xnode *node, const char **text_out)
{
    struct rms_view view = rms_xread_trimmed(node);

    *text_out = NULL;
    if (node == NULL) {
        return 0;
    }
    /* Without blanks at its end the node's own text will do. */
    if (view.data + view.len == (const uint8_t *)node->text + node->text_len) {
        *text_out = (const char *)view.data;
        return 0;
    }
    *text_out = rms_arena_text(arena, view);
    return *text_out != NULL ? 0 : RMS_E_NO_MEMORY;
}

bool rms_xread_is(const struct rms_xnode *node, const char *text)
{
    return node != NULL && rms_view_equal(rms_xread_trimmed(node), rms_view_str(text));
}

int rms_xread_time(const struct rms_xnode *node, int64_t *time_out)
{
    *time_out = RMS_TIME_NONE;
    if (node == NULL) {
        return 0;
    }
    return rms_time_parse(rms_xread_trimmed(node), time_out) == 0 ? 0 : RMS_E_BAD_LICENSE;
}

int rms_xread_range(const struct rms_xnode *node, int64_t *from_out, int64_t *until_out)
{
    const struct rms_xnode *from;
    const struct rms_xnode *until;

    RMS_TRY(rms_xread_single(node, "FROM", &from));
    RMS_TRY(rms_xread_single(node, "UNTIL", &until));
    RMS_TRY(rms_xread_time(from, from_out));
    RMS_TRY(rms_xread_time(until, until_out));
    if (rms_xread_is(from, RMS_XTIME_FIRST)) {
        *from_out = RMS_TIME_NONE;
    }
    if (rms_xread_is(until, RMS_XTIME_LAST)) {
        *until_out = RMS_TIME_NONE;
    }
    return 0;
}

/* A decimal number of at most `max`; -1 for anything else. */
static long number(const char *text, long max)
{
    char *end;
    long value;

    if (text == NULL || text[0] < '0' || text[0] > '9' || strlen(text) > 9) {
        return -1;
    }
    value = strtol(text, &end, 10);
    return *end == 0 && value <= max ? value : -1;
}

static int narrow_range(const struct rms_xnode *range, struct rms_xtimes *times)
{
    int64_t from;
    int64_t until;

    RMS_TRY(rms_xread_range(range, &from, &until));
    if (from != RMS_TIME_NONE && (times->from == RMS_TIME_NONE || from > times->from)) {
        times->from = from;
    }
    if (until != RMS_TIME_NONE && (times->until == RMS_TIME_NONE || until < times->until)) {
        times->until = until;
    }
    return 0;
}

static int narrow_days(const struct rms_xnode *interval, struct rms_xtimes *times)
{
    long days = number(rms_xnode_attr(interval, "days"), 999999999);

    if (days < 0) {
        return RMS_E_BAD_LICENSE;
    }
    if (times->days < 0 || days < times->days) {
        times->days = (int)days;
    }
    return 0;
}

static int narrow(const struct rms_xnode *time, struct rms_xtimes *times)
{
    const struct rms_xnode *child;

    for (child = time->first; child != NULL; child = child->next) {
        if (strcmp(child->name, "RANGETIME") == 0) {
            RMS_TRY(narrow_range(child, times));
        } else if (strcmp(child->name, "INTERVALTIME") == 0) {
            RMS_TRY(narrow_days(child, times));
        }
    }
    return 0;
}

int rms_xread_times(const struct rms_xnode *conditions, struct rms_xtimes *times_out)
{
    const struct rms_xnode *time = rms_xnode_child(conditions, "TIME");

    *times_out = (struct rms_xtimes){RMS_TIME_NONE, RMS_TIME_NONE, -1};
    for (; time != NULL; time = rms_xnode_sibling(time, "TIME")) {
        RMS_TRY(narrow(time, times_out));
    }
    return 0;
}

int rms_xread_base64(struct rms_arena *arena, const struct rms_xnode *node, struct rms_view *bytes_out)
{
    struct rms_view text = rms_xread_trimmed(node);
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(text.len + 3);
    int status;

    if (node == NULL) {
        return RMS_E_BAD_LICENSE;
    }
    status = rms_base64_decode(text, &bytes);
    if (status != 0) {
        return status == RMS_E_BAD_ARGUMENT ? RMS_E_BAD_LICENSE : RMS_E_NO_MEMORY;
    }
    bytes_out->len = bytes.len;
    bytes_out->data = rms_arena_copy(arena, bytes.data, bytes.len);
    return bytes_out->data != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_xread_value(struct rms_arena *arena, const struct rms_xnode *value, struct rms_view *bytes_out)
{
    const char *size = rms_xnode_attr(value, "size");
    const char *encoding = rms_xnode_attr(value, "encoding");

    RMS_TRY(rms_xread_base64(arena, value, bytes_out));
    if (encoding != NULL && strcmp(encoding, "base64") != 0) {
        return RMS_E_BAD_LICENSE;
    }
    if (size != NULL && number(size, INT32_MAX) != (long)(bytes_out->len * 8)) {
        return RMS_E_BAD_LICENSE;
    }
    return 0;
}

static int read_addresses(
    struct rms_arena *arena, const struct rms_xnode *object, struct rms_xobject *object_out)
{
    size_t count = rms_xnode_count(object, "ADDRESS");
    struct rms_xaddress *addresses;
    const struct rms_xnode *node = rms_xnode_child(object, "ADDRESS");

    if (count == 0) {
        return 0;
    }
    addresses = rms_arena_array(arena, count, sizeof *addresses);
    if (addresses == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        addresses[i].type = rms_xnode_attr(node, "type");
        RMS_TRY(rms_xread_text(arena, node, &addresses[i].value));
        node = rms_xnode_sibling(node, "ADDRESS");
    }
    object_out->addresses = addresses;
    object_out->address_count = count;
    return 0;
}

int rms_xread_object(struct rms_arena *arena, const struct rms_xnode *object, struct rms_xobject *object_out)
{
    const struct rms_xnode *id;
    const struct rms_xnode *name;

    *object_out = (struct rms_xobject){0};
    if (object == NULL) {
        return 0;
    }
    RMS_TRY(rms_xread_single(object, "ID", &id));
    RMS_TRY(rms_xread_single(object, "NAME", &name));
    object_out->type = rms_xnode_attr(object, "type");
    object_out->id_type = rms_xnode_attr(id, "type");
    object_out->source = object->source;
    RMS_TRY(rms_xread_text(arena, id, &object_out->id));
    RMS_TRY(rms_xread_text(arena, name, &object_out->name));
    return read_addresses(arena, object, object_out);
}

/* VALUE of the one PARAMETER with that name. */
static const struct rms_xnode *parameter(const struct rms_xnode *key, const char *name)
{
    const struct rms_xnode *found = NULL;
    const struct rms_xnode *node = rms_xnode_child(key, "PARAMETER");
    const char *is;

    for (; node != NULL; node = rms_xnode_sibling(node, "PARAMETER")) {
        is = rms_xnode_attr(node, "name");
        if (is != NULL && strcmp(is, name) == 0) {
            if (found != NULL) {
                return NULL;
            }
            found = node;
        }
    }
    return rms_xnode_count(found, "VALUE") == 1 ? rms_xnode_child(found, "VALUE") : NULL;
}

/* The size of the modulus is checked against the bytes, the exponent is fixed: a key is (bits, modulus). */
static int read_modulus(const struct rms_xnode *value, struct rms_rsa_public *key_out)
{
    struct rms_view text = rms_xread_trimmed(value);
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(RMS_RSA_BYTES_MAX + 3);
    const char *size = rms_xnode_attr(value, "size");
    int status;

    if (text.len > RMS_BASE64_LEN(RMS_RSA_BYTES_MAX)) {
        return RMS_E_BAD_LICENSE;
    }
    status = rms_base64_decode(text, &bytes);
    if (status != 0) {
        return status == RMS_E_BAD_ARGUMENT ? RMS_E_BAD_LICENSE : RMS_E_NO_MEMORY;
    }
    if (size != NULL && number(size, RMS_RSA_BITS_MAX) != (long)(bytes.len * 8)) {
        return RMS_E_BAD_LICENSE;
    }
    return rms_rsa_public_set(key_out, rms_buf_view(&bytes));
}

int rms_xread_public_key(const struct rms_xnode *node, struct rms_rsa_public *key_out)
{
    const struct rms_xnode *algorithm;
    const struct rms_xnode *modulus = parameter(node, "modulus");

    RMS_TRY(rms_xread_single(node, "ALGORITHM", &algorithm));
    if (modulus == NULL || !rms_xread_is(algorithm, "RSA") ||
        !rms_xread_is(parameter(node, "public-exponent"), "65537")) {
        return RMS_E_BAD_LICENSE;
    }
    return read_modulus(modulus, key_out);
}

int rms_xread_bits(struct rms_arena *arena, const struct rms_xnode *node, struct rms_enabling_bits *bits_out)
{
    const char *type = rms_xnode_attr(node, "type");
    const struct rms_xnode *value;

    if (type != NULL && strcmp(type, "sealed-key-v2") == 0) {
        bits_out->type = RMS_SEALED_KEY_V2;
    } else if (type != NULL && strcmp(type, "sealed-key") == 0) {
        bits_out->type = RMS_SEALED_KEY;
    } else {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(rms_xread_single(node, "VALUE", &value));
    RMS_TRY(rms_xread_value(arena, value, &bits_out->blob));
    return bits_out->blob.len <= RMS_ENABLING_MAX ? 0 : RMS_E_BAD_LICENSE;
}

int rms_xread_bound(enum rms_sealing type, struct rms_view text, uint8_t bound_out[RMS_SHA256_BYTES])
{
    uint8_t digest[RMS_HASH_MAX] = {0};
    enum rms_hash hash = type == RMS_SEALED_KEY ? RMS_SHA1 : RMS_SHA256;

    if (rms_hash_utf16(hash, text, digest) != 0) {
        return RMS_E_BAD_LICENSE;
    }
    memset(bound_out, 0, RMS_SHA256_BYTES);
    memcpy(bound_out, digest, rms_hash_size(hash));
    return 0;
}

int rms_xread_issuer_bound(
    const struct rms_xnode *body, enum rms_sealing type, uint8_t bound_out[RMS_SHA256_BYTES])
{
    const struct rms_xnode *issuer;

    RMS_TRY(rms_xread_single(body, "ISSUER", &issuer));
    return issuer != NULL ? rms_xread_bound(type, issuer->source, bound_out) : RMS_E_BAD_LICENSE;
}

int rms_xread_object_guid(const struct rms_xnode *node, char guid_out[RMS_GUID_TEXT])
{
    const struct rms_xnode *id;

    guid_out[0] = 0;
    RMS_TRY(rms_xread_path(node, "OBJECT/ID", &id));
    if (id != NULL && rms_guid_parse(rms_xread_trimmed(id), guid_out) != 0) {
        guid_out[0] = 0;
    }
    return 0;
}

int rms_xread_point(
    struct rms_arena *arena, const struct rms_xnode *body, const char *type, const char **address_out)
{
    const struct rms_xnode *point = rms_xnode_child(body, "DISTRIBUTIONPOINT");
    const struct rms_xnode *object;
    const char *is;

    *address_out = NULL;
    for (; point != NULL; point = rms_xnode_sibling(point, "DISTRIBUTIONPOINT")) {
        object = rms_xnode_child(point, "OBJECT");
        is = rms_xnode_attr(object, "type");
        if (is != NULL && strcmp(is, type) == 0) {
            return rms_xread_text(arena, rms_xnode_child(object, "ADDRESS"), address_out);
        }
    }
    return 0;
}

int rms_xread_owner(struct rms_arena *arena, const struct rms_xnode *work, const char **owner_out)
{
    const struct rms_xnode *name;

    RMS_TRY(rms_xread_path(work, "METADATA/OWNER/OBJECT/NAME", &name));
    return rms_xread_text(arena, name, owner_out);
}

static bool equals(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool is_own(const char *name)
{
    return strncasecmp(name, RMS_XOWN_PREFIX, sizeof RMS_XOWN_PREFIX - 1) == 0;
}

int rms_xread_data(struct rms_arena *arena, const struct rms_xnode *body, const char *id1, const char *id2,
    struct rms_xdata *data_out)
{
    size_t count = rms_xnode_count(body, "AUTHENTICATEDDATA");
    struct rms_name_value *values = count > 0 ? rms_arena_array(arena, count, sizeof *values) : NULL;
    const struct rms_xnode *node = rms_xnode_child(body, "AUTHENTICATEDDATA");

    if (count > 0 && values == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *data_out = (struct rms_xdata){values, 0};
    for (; node != NULL; node = rms_xnode_sibling(node, "AUTHENTICATEDDATA")) {
        const char *id = rms_xnode_attr(node, "id");
        const char *name = rms_xnode_attr(node, "name");

        if (name != NULL && !is_own(name) && (equals(id, id1) || equals(id, id2))) {
            values[data_out->count++] = (struct rms_name_value){name, node->text};
        }
    }
    return 0;
}

static bool is_one(const char *value)
{
    value += strspn(value, " \t\r\n");
    return *value == '1' && value[1 + strspn(value + 1, " \t\r\n")] == 0;
}

bool rms_xdata_take_no_cache(struct rms_xdata *data)
{
    size_t kept = 0;
    bool found = false;

    for (size_t i = 0; i < data->count; i++) {
        if (strcmp(data->values[i].name, RMS_XNO_CACHE) == 0 && is_one(data->values[i].value)) {
            found = true;
        } else {
            data->values[kept++] = data->values[i];
        }
    }
    data->count = kept;
    return found;
}

int rms_xread_own(
    const struct rms_xnode *body, const char *id, const char *name, const struct rms_xnode **node_out)
{
    const struct rms_xnode *node = rms_xnode_child(body, "AUTHENTICATEDDATA");

    *node_out = NULL;
    for (; node != NULL; node = rms_xnode_sibling(node, "AUTHENTICATEDDATA")) {
        if (!equals(rms_xnode_attr(node, "id"), id) ||
            (name != NULL && !equals(rms_xnode_attr(node, "name"), name))) {
            continue;
        }
        if (*node_out != NULL) {
            return RMS_E_BAD_LICENSE;
        }
        *node_out = node;
    }
    return 0;
}

int rms_xread_address(struct rms_arena *arena, const char *text, const char **address_out)
{
    char address[RMS_ADDRESS_MAX];

    *address_out = text;
    if (text == NULL || rms_address_normalise(text, address) != 0) {
        return 0;
    }
    *address_out = rms_arena_strdup(arena, address);
    return *address_out != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_xread_right(struct rms_arena *arena, const struct rms_xnode *right, struct rms_rights *rights)
{
    const char *name = right->name;
    int status;

    if (strcmp(name, "RIGHT") == 0) {
        name = rms_xnode_attr(right, "name");
    }
    if (name == NULL) {
        return RMS_E_BAD_LICENSE;
    }
    status = rms_rights_add(arena, rights, name, true);
    if (status == RMS_E_BAD_ARGUMENT) {
        return 0;
    }
    return status == RMS_E_LIMIT ? RMS_E_BAD_LICENSE : status;
}

int rms_xread_conditions(const struct rms_xnode *right, const struct rms_xnode **conditions_out)
{
    RMS_TRY(rms_xread_single(right, "CONDITIONLIST", conditions_out));
    if (*conditions_out == NULL) {
        *conditions_out = right;
    }
    return 0;
}
