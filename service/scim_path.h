/* Attribute paths and filters of SCIM (RFC 7644 3.4.2.2, 3.5.2), the part of them that is supported: one
 * comparison by eq. Pure; what they say is only ever compared and bound, never put into a statement. */
#ifndef RMS_SERVICE_SCIM_PATH_H
#define RMS_SERVICE_SCIM_PATH_H

#include "base/arena.h"
#include "base/bytes.h"

#define RMS_SCIM_PATH_MAX 1024 /* bytes of a path or filter */

#define RMS_SCIM_USER_SCHEMA  "urn:ietf:params:scim:schemas:core:2.0:User"
#define RMS_SCIM_GROUP_SCHEMA "urn:ietf:params:scim:schemas:core:2.0:Group"
/* Ours: mail address and kind of a group. */
#define RMS_SCIM_GROUP_EXTENSION "urn:openrms:params:scim:schemas:extension:2.0:Group"

/* userName · name.givenName · emails[type eq "work"].value · SCHEMA:userName. Names in lower case. */
struct rms_scim_path {
    const char *attribute;        /* "": a known schema as a whole; "?": of an unknown one */
    const char *filter_attribute; /* NULL: no filter */
    const char *filter_value;     /* text; true and false as such */
    const char *sub;              /* NULL: none */
};
RMS_MUST_USE int rms_scim_path_parse(
    struct rms_arena *arena, const char *text, struct rms_scim_path *path_out);

/* userName eq "x" · emails.value eq "x" · emails[value eq "x"]: attribute "emails.value". */
struct rms_scim_filter {
    const char *attribute;
    const char *value;
};
RMS_MUST_USE int rms_scim_filter_parse(
    struct rms_arena *arena, const char *text, struct rms_scim_filter *filter_out);

#endif
