/* Reading the pieces licences are made of (xrml-licences section 2). Inside this library only.
 *
 * A node of NULL stands for an absent element; where that may be, the comment says what comes out. Malformed
 * content is RMS_E_BAD_LICENSE throughout. */
#ifndef RMS_XRML_XREAD_H
#define RMS_XRML_XREAD_H

#include "xrml/licence.h"

/* The only child of that name, NULL when there is none. Two of a kind where a decision hangs on one is the
 * shape of an attack (section 8.1) and malformed. */
RMS_MUST_USE int rms_xread_single(
    const struct rms_xnode *parent, const char *name, const struct rms_xnode **child_out);

/* The same for a path of names, each of them single. */
RMS_MUST_USE int rms_xread_path(
    const struct rms_xnode *node, const char *slash_path, const struct rms_xnode **child_out);

/* Text without blanks around it, borrowed from the node or copied to the arena. NULL node: NULL. */
RMS_MUST_USE int rms_xread_text(struct rms_arena *arena, const struct rms_xnode *node, const char **text_out);

struct rms_view rms_xread_trimmed(const struct rms_xnode *node);
bool rms_xread_is(const struct rms_xnode *node, const char *text);

/* NULL node: RMS_TIME_NONE. */
RMS_MUST_USE int rms_xread_time(const struct rms_xnode *node, int64_t *time_out);

/* FROM and UNTIL inside node; either may be absent; the earliest and latest time the form can hold mean no
 * limit. NULL node: both RMS_TIME_NONE. */
RMS_MUST_USE int rms_xread_range(const struct rms_xnode *node, int64_t *from_out, int64_t *until_out);

/* All TIME elements of a list of conditions together: what each of them allows. Real licences have up to two,
 * one with RANGETIME and one with INTERVALTIME. */
struct rms_xtimes {
    int64_t from, until; /* RMS_TIME_NONE = no limit */
    int days;            /* INTERVALTIME, -1 when absent */
};
RMS_MUST_USE int rms_xread_times(const struct rms_xnode *conditions, struct rms_xtimes *times_out);

/* Base64 of a VALUE element; its size attribute, when present, must tell the number of bits. */
RMS_MUST_USE int rms_xread_value(
    struct rms_arena *arena, const struct rms_xnode *value, struct rms_view *bytes_out);
RMS_MUST_USE int rms_xread_base64(
    struct rms_arena *arena, const struct rms_xnode *node, struct rms_view *bytes_out);

RMS_MUST_USE int rms_xread_object(
    struct rms_arena *arena, const struct rms_xnode *object, struct rms_xobject *object_out);
RMS_MUST_USE int rms_xread_public_key(const struct rms_xnode *node, struct rms_rsa_public *key_out);
RMS_MUST_USE int rms_xread_bits(
    struct rms_arena *arena, const struct rms_xnode *node, struct rms_enabling_bits *bits_out);

/* The digest an enabling-bits blob of this type carries of a text: SHA-256 (v2) or SHA-1, filled up with 0.
 */
RMS_MUST_USE int rms_xread_bound(
    enum rms_sealing type, struct rms_view text, uint8_t bound_out[RMS_SHA256_BYTES]);

/* The same of the text of body's ISSUER. */
RMS_MUST_USE int rms_xread_issuer_bound(
    const struct rms_xnode *body, enum rms_sealing type, uint8_t bound_out[RMS_SHA256_BYTES]);

/* The plain GUID of OBJECT/ID in node; "" when absent or of another form. */
RMS_MUST_USE int rms_xread_object_guid(const struct rms_xnode *node, char guid_out[RMS_GUID_TEXT]);

/* ADDRESS of the DISTRIBUTIONPOINT of that type, NULL when absent. */
RMS_MUST_USE int rms_xread_point(
    struct rms_arena *arena, const struct rms_xnode *body, const char *type, const char **address_out);

/* Text of WORK/METADATA/OWNER/OBJECT/NAME, NULL when absent. */
RMS_MUST_USE int rms_xread_owner(
    struct rms_arena *arena, const struct rms_xnode *work, const char **owner_out);

/* Application data of body: AUTHENTICATEDDATA with one of the two ids (id2 may be NULL), without our own. */
struct rms_xdata {
    struct rms_name_value *values;
    size_t count;
};
RMS_MUST_USE int rms_xread_data(struct rms_arena *arena, const struct rms_xnode *body, const char *id1,
    const char *id2, struct rms_xdata *data_out);

/* Takes NOLICCACHE = 1 out; true when it was there. */
bool rms_xdata_take_no_cache(struct rms_xdata *data);

/* Value of one of our own entries, NULL when absent; two of one name are malformed. */
RMS_MUST_USE int rms_xread_own(
    const struct rms_xnode *body, const char *id, const char *name, const struct rms_xnode **node_out);

/* An address for comparing: normalised, or the text itself where it is no address. */
RMS_MUST_USE int rms_xread_address(struct rms_arena *arena, const char *text, const char **address_out);

/* Adds the right a child of RIGHTSLIST names, in either form (section 6). Names that are not well-formed are
 * passed over: they grant nothing. */
RMS_MUST_USE int rms_xread_right(
    struct rms_arena *arena, const struct rms_xnode *right, struct rms_rights *rights);

/* The interval of the right ISSUE; both ends RMS_TIME_NONE when there is no such right or it has none. */
RMS_MUST_USE int rms_xread_issue_range(const struct rms_xnode *body, int64_t *from_out, int64_t *until_out);

/* Where ACCESS and TIME of a right are: in its CONDITIONLIST or in itself (section 3.6). */
RMS_MUST_USE int rms_xread_conditions(const struct rms_xnode *right, const struct rms_xnode **conditions_out);

/* Our own entries in AUTHENTICATEDDATA; the prefix is not free for applications. */
#define RMS_XOWN_PREFIX        "OpenRMS."
#define RMS_XOWN_ISSUER        "OpenRMS.Issuer"
#define RMS_XOWN_KEY_BOX       "OpenRMS.KeyBox"
#define RMS_XOWN_ONLY_ME       "OpenRMS.OnlyMe"
#define RMS_XOWN_AUDITED       "OpenRMS.AuditedExtraction"
#define RMS_XOWN_AUTHOR_LISTED "OpenRMS.AuthorListed"
#define RMS_XOWN_FROM_TEMPLATE "OpenRMS.FromTemplate"
#define RMS_XOWN_OFFLINE_DAYS  "OpenRMS.OfflineDays"
#define RMS_XOWN_CONTENT_UNTIL "OpenRMS.ContentValidUntil"
#define RMS_XOWN_LICENCE_UNTIL "OpenRMS.LicenseValidUntil"
#define RMS_XOWN_REMOVAL       "OpenRMS.RemovalRights"
#define RMS_XNO_CACHE          "NOLICCACHE"
#define RMS_XDATA_APP          "APPSPECIFIC"
#define RMS_XDATA_TRACKING     "LICENSEMETADATA"
#define RMS_XDATA_RIGHTS       "Encrypted-Rights-Data"

/* Ends of the time form, standing for "no limit" where an interval needs both its ends. */
#define RMS_XTIME_FIRST "0001-01-01T00:00"
#define RMS_XTIME_LAST  "9999-12-31T23:59"

#endif
