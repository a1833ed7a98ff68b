/* Writing the pieces licences are made of: one line, double quotes, one blank between attributes, <X /> for
 * empty elements (xrml-licences section 2, end). Inside this library only.
 *
 * Text is escaped where it must be. What XML cannot carry (control characters, broken UTF-8) or a field must
 * not hold (a GUID that is none) marks the writer bad; one test at the end tells. */
#ifndef RMS_XRML_XWRITE_H
#define RMS_XRML_XWRITE_H

#include "xrml/licence.h"

struct rms_xwriter {
    struct rms_buf *out;
    bool bad;
};

#define RMS_XWRITER(buf) ((struct rms_xwriter){(buf), false})

/* 0, RMS_E_BAD_ARGUMENT when something could not be written, RMS_E_LIMIT when it did not fit. */
RMS_MUST_USE int rms_xw_status(const struct rms_xwriter *w);

/* Markup as it stands; source slices of other documents. */
void rms_xw_raw(struct rms_xwriter *w, const char *markup);
void rms_xw_view(struct rms_xwriter *w, struct rms_view markup);

void rms_xw_text(struct rms_xwriter *w, const char *text);
void rms_xw_attr(struct rms_xwriter *w, const char *name, const char *value); /* with its blank before */
void rms_xw_open(struct rms_xwriter *w, const char *tag);
void rms_xw_close(struct rms_xwriter *w, const char *tag);
void rms_xw_element(struct rms_xwriter *w, const char *tag, const char *text);
void rms_xw_time(struct rms_xwriter *w, const char *tag, int64_t time);

/* FROM and UNTIL in tag; RMS_TIME_NONE becomes the end of the form's range. */
void rms_xw_range(struct rms_xwriter *w, const char *tag, int64_t from, int64_t until);

/* Plain GUID in braces. */
void rms_xw_guid(struct rms_xwriter *w, const char *guid);

void rms_xw_base64(struct rms_xwriter *w, struct rms_view bytes);
void rms_xw_value(struct rms_xwriter *w, struct rms_view bytes);

/* OBJECT with an ID of type MS-GUID; type, name and url may be NULL. */
struct rms_xw_object {
    const char *type;
    const char *guid;
    const char *name;
    const char *url;
};
void rms_xw_object(struct rms_xwriter *w, const struct rms_xw_object *object);

void rms_xw_public_key(struct rms_xwriter *w, const struct rms_rsa_public *key);
void rms_xw_bits(struct rms_xwriter *w, struct rms_view blob);
void rms_xw_level(struct rms_xwriter *w, const char *name, const char *value);

/* DISTRIBUTIONPOINT; nothing when url is NULL. */
void rms_xw_point(
    struct rms_xwriter *w, const char *type, const char *guid, const char *name, const char *url);

/* The server's licensing URLs, intranet first (in server.c). */
void rms_xw_licensing_points(struct rms_xwriter *w, const struct rms_server *server);

void rms_xw_referral(struct rms_xwriter *w, const char *address);

/* A right in the element form where it has one, else as RIGHT with its name (section 6). */
void rms_xw_right_open(struct rms_xwriter *w, const char *name);
void rms_xw_right_close(struct rms_xwriter *w, const char *name);

/* WORK's METADATA with the owner. */
void rms_xw_owner(struct rms_xwriter *w, const char *owner);

void rms_xw_data(struct rms_xwriter *w, const char *id, const char *name, const char *value);

/* Application data from outside: our own prefix is refused. */
void rms_xw_free_data(struct rms_xwriter *w, const char *id, const struct rms_name_value *data);

/* The whole XrML element: body signed with signer. purpose may be NULL. */
RMS_MUST_USE int rms_xw_signed(
    const struct rms_signer *signer, struct rms_view body, const char *purpose, struct rms_buf *out);

/* The same with a signature at hand. */
RMS_MUST_USE int rms_xw_with_signature(
    const struct rms_signed_body *body, const char *purpose, struct rms_buf *out);

/* ISSUER: the server, or with clc not NULL the client by its CLC (in pl_write.c). */
RMS_MUST_USE int rms_xw_issuer(
    struct rms_xwriter *w, const struct rms_server *server, const struct rms_certificate *clc);

/* SECURITYLEVEL children of node, verbatim. */
void rms_xw_levels_of(struct rms_xwriter *w, const struct rms_xnode *node);

#endif
