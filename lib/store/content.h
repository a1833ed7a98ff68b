/* Which content key belongs to which content and owner: the transplant defence of xrml-licences 8.2 for keys
 * that are sealed for the server alone, as other makers' clients do. A record is made when such a key is
 * first licensed; whoever later brings the same key with another owner or content id gets no shortcut as
 * owner. */
#ifndef RMS_STORE_CONTENT_H
#define RMS_STORE_CONTENT_H

#include "store/store.h"

#define RMS_FINGERPRINT 32

struct rms_content {
    const char *tenant_id;
    const char *content_id;
    const char *owner;                    /* normalised address */
    const char *issuer;                   /* normalised address; may be NULL */
    uint8_t fingerprint[RMS_FINGERPRINT]; /* HMAC of the content key under a secret of the service */
    const char *template_id;              /* NULL = ad hoc */
    const char *file_name;                /* may be NULL */
    int64_t published_at;                 /* RMS_TIME_NONE = unknown */
    int64_t seen_at;                      /* when the record was made */
};

struct rms_contents {
    struct rms_content *items;
    size_t count;
};

/* Pairs, or reports the existing pairing. 0: the fingerprint is paired with this content id and owner (now or
 * before). RMS_E_CONFLICT: it is paired with something else: give no shortcut, raise an alert. Either way
 * existing_out (may be NULL) is the record that counts. Only a first pairing writes; it survives a crash of
 * the process at once and a power failure within seconds. */
RMS_MUST_USE int rms_content_pair(struct rms_db *db, struct rms_arena *arena,
    const struct rms_content *content, struct rms_content *existing_out);

/* All records of a content id, oldest first. */
RMS_MUST_USE int rms_content_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *content_id, struct rms_contents *contents_out);

#endif
