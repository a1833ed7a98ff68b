/* The small streams under \006DataSpaces that say how a protected stream of a compound file was made
 * (doc/format/office.md, protected-file-formats 5.1 to 5.5). Emitters append, parsers borrow from what they
 * are given. RMS_E_DAMAGED for everything that does not add up. */
#ifndef RMS_FORMAT_DATASPACE_H
#define RMS_FORMAT_DATASPACE_H

#include "base/bytes.h"

#define RMS_DS_NAME_MAX 128 /* bytes of a name as UTF-8, with NUL */

RMS_MUST_USE int rms_ds_emit_version(struct rms_buf *out);
RMS_MUST_USE int rms_ds_parse_version(struct rms_view stream);

/* The map: which data space the content stream of this name belongs to. */
RMS_MUST_USE int rms_ds_emit_map(const char *content, const char *space, struct rms_buf *out);
struct rms_ds_map {
    char content[RMS_DS_NAME_MAX];
    char space[RMS_DS_NAME_MAX];
};
/* Fills at most max of the entries that are about a single stream; *count_out of them. */
RMS_MUST_USE int rms_ds_parse_map(
    struct rms_view stream, struct rms_ds_map *maps, size_t max, size_t *count_out);

/* A data space: the transforms its content went through; the first is the one that encrypts. */
RMS_MUST_USE int rms_ds_emit_space(const char *transform, struct rms_buf *out);
RMS_MUST_USE int rms_ds_parse_space(struct rms_view stream, char transform_out[RMS_DS_NAME_MAX]);

/* A publishing licence in the form these files keep it in: UTF-8 without byte order mark, with an XML
 * declaration. Appends. */
RMS_MUST_USE int rms_ds_licence(struct rms_view licence, struct rms_buf *out);

/* The transform: its class, and for ours the publishing licence in that form. */
RMS_MUST_USE int rms_ds_emit_primary(struct rms_view licence, struct rms_buf *out);
struct rms_ds_primary {
    bool rights; /* the transform of rights management; else nothing more is known of it */
    struct rms_view licence;
};
RMS_MUST_USE int rms_ds_parse_primary(struct rms_view stream, struct rms_ds_primary *primary_out);

/* An EUL stream: the use licence of one person. The beginning of the stream is enough to tell whose (the text
 * behind the kind of account in the licence id). licence: the XML text. */
#define RMS_DS_USER_MAX 512 /* bytes with NUL */
RMS_MUST_USE int rms_ds_emit_eul(const char *user, struct rms_view licence, struct rms_buf *out);
RMS_MUST_USE int rms_ds_parse_eul_user(struct rms_view stream, char user_out[RMS_DS_USER_MAX]);
RMS_MUST_USE int rms_ds_parse_eul(struct rms_view stream, struct rms_view *licence_out);

#endif
