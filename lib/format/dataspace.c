#include "format/dataspace.h"

#include "base/cursor.h"
#include "base/text.h"
#include "crypto/base64.h"

#define FEATURE       "Microsoft.Container.DataSpaces"
#define TRANSFORM_ID  "{C73DFACD-061F-43B0-8B64-0C620D2A8B50}"
#define TRANSFORM     "Microsoft.Metadata.DRMTransform"
#define DECLARATION   "<?xml version=\"1.0\"?>"
#define PRIMARY_HEAD  0x58u /* bytes in front of the transform's name */
#define TEXT_MAX      1024u
#define COMPONENT_MAX 64u
#define ACCOUNT_KIND  "Windows:" /* in front of a user name */

/* --- strings and versions ---------------------------------------------------------------------------------
 */

static void pad(struct rms_buf *out, size_t len)
{
    while (len++ % 4 != 0) {
        rms_buf_append_byte(out, 0);
    }
}

/* UNICODE-LP-P4 */
static int emit_text(const char *text, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP wide = RMS_BUF_INIT(TEXT_MAX);

    RMS_TRY(rms_text_to_utf16(rms_view_str(text), &wide));
    rms_buf_append_u32(out, (uint32_t)wide.len);
    rms_buf_append_view(out, rms_buf_view(&wide));
    pad(out, wide.len);
    return 0;
}

static struct rms_view take_text(struct rms_cursor *cursor)
{
    uint32_t len = rms_cursor_u32(cursor);
    struct rms_view text = rms_cursor_take(cursor, len);

    (void)rms_cursor_take(cursor, (4 - len % 4) % 4);
    return text;
}

static int to_name(struct rms_view wide, char out[RMS_DS_NAME_MAX])
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(RMS_DS_NAME_MAX - 1);

    if (rms_text_from_utf16(wide, &text) != 0 ||
        (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)) {
        return RMS_E_DAMAGED;
    }
    memcpy(out, rms_buf_text(&text), text.len + 1);
    return 0;
}

static bool says(struct rms_view wide, const char *text)
{
    char name[RMS_DS_NAME_MAX];

    return to_name(wide, name) == 0 && rms_text_equal_nocase(name, text);
}

/* Reader, updater and writer, each 1.0. */
static void emit_versions(struct rms_buf *out)
{
    for (int i = 0; i < 3; i++) {
        rms_buf_append_u16(out, 1);
        rms_buf_append_u16(out, 0);
    }
}

/* Only what a reader must be able to do counts. */
static int take_versions(struct rms_cursor *cursor)
{
    uint16_t reader = rms_cursor_u16(cursor);

    (void)rms_cursor_take(cursor, 10);
    if (cursor->bad) {
        return RMS_E_DAMAGED;
    }
    return reader == 1 ? 0 : RMS_E_UNSUPPORTED_VERSION;
}

/* --- Version ----------------------------------------------------------------------------------------------
 */

int rms_ds_emit_version(struct rms_buf *out)
{
    RMS_TRY(emit_text(FEATURE, out));
    emit_versions(out);
    return rms_buf_status(out);
}

int rms_ds_parse_version(struct rms_view stream)
{
    struct rms_cursor cursor = rms_cursor_of(stream);

    return says(take_text(&cursor), FEATURE) ? take_versions(&cursor) : RMS_E_DAMAGED;
}

/* --- DataSpaceMap -----------------------------------------------------------------------------------------
 */

int rms_ds_emit_map(const char *content, const char *space, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP entry = RMS_BUF_INIT(TEXT_MAX);

    rms_buf_append_u32(&entry, 1); /* components of the name */
    rms_buf_append_u32(&entry, 0); /* a stream */
    RMS_TRY(emit_text(content, &entry));
    RMS_TRY(emit_text(space, &entry));
    RMS_TRY(rms_buf_status(&entry));
    rms_buf_append_u32(out, 8);
    rms_buf_append_u32(out, 1);
    rms_buf_append_u32(out, (uint32_t)entry.len + 4);
    rms_buf_append_view(out, rms_buf_view(&entry));
    return rms_buf_status(out);
}

/* *single: the entry names one stream in the root, as all known ones do. */
static int parse_entry(struct rms_cursor *cursor, struct rms_ds_map *map, bool *single)
{
    uint32_t components = rms_cursor_u32(cursor);

    *single = components == 1;
    if (components == 0 || components > COMPONENT_MAX) {
        return RMS_E_DAMAGED;
    }
    for (uint32_t i = 0; i < components; i++) {
        *single = rms_cursor_u32(cursor) == 0 && *single;
        RMS_TRY(to_name(take_text(cursor), map->content));
    }
    RMS_TRY(to_name(take_text(cursor), map->space));
    return cursor->bad ? RMS_E_DAMAGED : 0;
}

int rms_ds_parse_map(struct rms_view stream, struct rms_ds_map *maps, size_t max, size_t *count_out)
{
    struct rms_cursor cursor = rms_cursor_of(stream);
    uint32_t header = rms_cursor_u32(&cursor);
    uint32_t entries = rms_cursor_u32(&cursor);

    *count_out = 0;
    if (cursor.bad || header < 8) {
        return RMS_E_DAMAGED;
    }
    (void)rms_cursor_take(&cursor, header - 8);
    for (uint32_t i = 0; i < entries && !cursor.bad && *count_out < max; i++) {
        uint32_t len = rms_cursor_u32(&cursor);
        struct rms_cursor entry;
        bool single;

        if (len < 4) {
            return RMS_E_DAMAGED;
        }
        entry = rms_cursor_of(rms_cursor_take(&cursor, len - 4));
        if (cursor.bad) {
            return RMS_E_DAMAGED;
        }
        RMS_TRY(parse_entry(&entry, &maps[*count_out], &single));
        *count_out += single ? 1 : 0;
    }
    return cursor.bad ? RMS_E_DAMAGED : 0;
}

/* --- DataSpaceInfo ----------------------------------------------------------------------------------------
 */

int rms_ds_emit_space(const char *transform, struct rms_buf *out)
{
    rms_buf_append_u32(out, 8);
    rms_buf_append_u32(out, 1);
    RMS_TRY(emit_text(transform, out));
    return rms_buf_status(out);
}

int rms_ds_parse_space(struct rms_view stream, char transform_out[RMS_DS_NAME_MAX])
{
    struct rms_cursor cursor = rms_cursor_of(stream);
    uint32_t header = rms_cursor_u32(&cursor);
    uint32_t count = rms_cursor_u32(&cursor);
    struct rms_view name;

    if (cursor.bad || header < 8 || count == 0) {
        return RMS_E_DAMAGED;
    }
    (void)rms_cursor_take(&cursor, header - 8);
    name = take_text(&cursor);
    return cursor.bad ? RMS_E_DAMAGED : to_name(name, transform_out);
}

/* --- the transform ----------------------------------------------------------------------------------------
 */

static struct rms_view without_mark(struct rms_view licence)
{
    if (licence.len >= 3 && memcmp(licence.data, "\xef\xbb\xbf", 3) == 0) {
        licence = rms_view_of(licence.data + 3, licence.len - 3);
    }
    /* a final NUL, as some services send it, is no text */
    while (licence.len > 0 && licence.data[licence.len - 1] == 0) {
        licence.len--;
    }
    return licence;
}

static bool is_wide(struct rms_view licence)
{
    return licence.len >= 4 && ((licence.data[0] == '<' && licence.data[1] == 0) ||
                                   (licence.data[0] == 0xff && licence.data[1] == 0xfe));
}

int rms_ds_licence(struct rms_view licence, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(out->max);

    if (is_wide(licence)) {
        size_t mark = licence.data[0] == 0xff ? 2 : 0;

        RMS_TRY(
            rms_text_from_utf16(rms_view_of(licence.data + mark, (licence.len - mark) & ~(size_t)1), &text));
        licence = rms_buf_view(&text);
    }
    licence = without_mark(licence);
    if (licence.len < 5 || memcmp(licence.data, "<?xml", 5) != 0) {
        rms_buf_append_str(out, DECLARATION);
    }
    rms_buf_append_view(out, licence);
    return rms_buf_status(out);
}

int rms_ds_emit_primary(struct rms_view licence, struct rms_buf *out)
{
    rms_buf_append_u32(out, PRIMARY_HEAD);
    rms_buf_append_u32(out, 1);
    RMS_TRY(emit_text(TRANSFORM_ID, out));
    RMS_TRY(emit_text(TRANSFORM, out));
    emit_versions(out);
    rms_buf_append_u32(out, 4); /* no extensions */
    rms_buf_append_u32(out, (uint32_t)licence.len);
    rms_buf_append_view(out, licence);
    pad(out, licence.len);
    return rms_buf_status(out);
}

int rms_ds_parse_primary(struct rms_view stream, struct rms_ds_primary *primary_out)
{
    struct rms_cursor cursor = rms_cursor_of(stream);
    uint32_t head = rms_cursor_u32(&cursor);
    uint32_t extensions;

    *primary_out = (struct rms_ds_primary){0};
    if (rms_cursor_u32(&cursor) != 1 || head < 8 || head > stream.len) {
        return RMS_E_DAMAGED;
    }
    primary_out->rights = says(take_text(&cursor), TRANSFORM_ID);
    if (cursor.bad) {
        return RMS_E_DAMAGED;
    }
    if (!primary_out->rights) {
        return 0;
    }
    cursor.pos = head;
    (void)take_text(&cursor);
    RMS_TRY(take_versions(&cursor));
    extensions = rms_cursor_u32(&cursor);
    (void)rms_cursor_take(&cursor, extensions < 4 ? cursor.len : extensions - 4);
    primary_out->licence = rms_cursor_take(&cursor, rms_cursor_u32(&cursor));
    return cursor.bad || primary_out->licence.len == 0 ? RMS_E_DAMAGED : 0;
}

/* --- use licences -----------------------------------------------------------------------------------------
 */

/* UTF-8-LP-P4 */
static void emit_bytes(struct rms_view text, struct rms_buf *out)
{
    rms_buf_append_u32(out, (uint32_t)text.len);
    rms_buf_append_view(out, text);
    pad(out, text.len);
}

int rms_ds_emit_eul(const char *user, struct rms_view licence, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP wide = RMS_BUF_INIT(2 * RMS_DS_USER_MAX);
    struct rms_buf RMS_BUF_CLEANUP id = RMS_BUF_INIT(RMS_BASE64_LEN(2 * RMS_DS_USER_MAX));
    struct rms_buf RMS_BUF_CLEANUP name = RMS_BUF_INIT(RMS_DS_USER_MAX);

    rms_buf_printf(&name, ACCOUNT_KIND "%s", user);
    RMS_TRY(rms_buf_status(&name));
    RMS_TRY(rms_text_to_utf16(rms_buf_view(&name), &wide));
    rms_base64_encode(&id, rms_buf_view(&wide));
    RMS_TRY(rms_buf_status(&id));
    rms_buf_append_u32(out, (uint32_t)(8 + (id.len + 3) / 4 * 4)); /* of the header, this number with it */
    emit_bytes(rms_buf_view(&id), out);
    emit_bytes(licence, out);
    return rms_buf_status(out);
}

int rms_ds_parse_eul_user(struct rms_view stream, char user_out[RMS_DS_USER_MAX])
{
    struct rms_buf RMS_BUF_CLEANUP wide = RMS_BUF_INIT(2 * RMS_DS_USER_MAX);
    struct rms_buf RMS_BUF_CLEANUP name = RMS_BUF_INIT(RMS_DS_USER_MAX - 1);
    struct rms_cursor cursor = rms_cursor_of(stream);
    uint32_t header = rms_cursor_u32(&cursor);
    struct rms_view id = take_text(&cursor);
    const char *user;

    if (cursor.bad || cursor.pos > header || rms_base64_decode(id, &wide) != 0 ||
        rms_text_from_utf16(rms_buf_view(&wide), &name) != 0 || !rms_text_printable(rms_buf_view(&name))) {
        return RMS_E_DAMAGED;
    }
    user = strchr(rms_buf_text(&name), ':');
    user = user != NULL ? user + 1 : rms_buf_text(&name);
    memcpy(user_out, user, strlen(user) + 1);
    return 0;
}

int rms_ds_parse_eul(struct rms_view stream, struct rms_view *licence_out)
{
    struct rms_cursor cursor = rms_cursor_of(stream);
    uint32_t header = rms_cursor_u32(&cursor);

    if (header < 8) {
        return RMS_E_DAMAGED;
    }
    (void)rms_cursor_take(&cursor, header - 4);
    *licence_out = rms_cursor_take(&cursor, rms_cursor_u32(&cursor)); /* the filling behind it may be cut */
    return cursor.bad || licence_out->len == 0 ? RMS_E_DAMAGED : 0;
}
