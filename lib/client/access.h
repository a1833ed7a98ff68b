/* Getting at content: from a publishing licence to the content key and the rights of the person, by the
 * author's own licence, the cache, or the service. */
#ifndef RMS_CLIENT_ACCESS_H
#define RMS_CLIENT_ACCESS_H

#include "xrml/licence.h"

struct rms_container;
struct rms_context;

struct rms_access {
    struct rms_arena *arena; /* owns everything below but the key */
    struct rms_pl pl;
    struct rms_view text;      /* the publishing licence as it is in the file */
    struct rms_view use_chain; /* the service's use licence, as it came; empty when it was not needed */
    const struct rms_rsa_public *licensor; /* the server key in pl when it is not our tenant's; may be NULL */
    struct rms_content_key key;
    uint32_t wanted;                  /* rights that are going to be used */
    const struct rms_container *file; /* while it is opened; may be NULL */
    struct rms_rights rights;
    bool removal_extract;                         /* its tenant lets EXTRACT remove protection (S-079) */
    bool is_owner;                                /* owner of the document, or its issuer */
    bool from_cache;                              /* the service was not asked */
    bool by_licence;                              /* the service gives use licences here, not only keys */
    bool offline_kept;                            /* the licence is kept for opening offline */
    const char *address;                          /* of the person */
    const char *name, *description, *template_id; /* template_id NULL for custom permissions */
    const char *owner, *issuer, *referrer;        /* may be NULL */
    int64_t content_valid_until, licence_valid_until;
    const struct rms_name_value *data; /* encrypted application data */
    size_t data_count;
};

/* licence: as stored in the file. wanted: rights that are going to be used (0: to look at it). file: where it
 * may carry use licences, for when the service cannot be asked; may be NULL. Without VIEW
 * nothing is given (C-087). RMS_E_NO_RIGHTS, RMS_E_EXPIRED, RMS_E_REVOKED (with the referrer in the thread's
 * report), RMS_E_NEEDS_ONLINE, RMS_E_BAD_LICENSE, RMS_E_BAD_SIGNATURE, RMS_E_UNKNOWN_KEY,
 * RMS_E_SERVER_NOT_TRUSTED, ... */
RMS_MUST_USE int rms_access_open(struct rms_context *context, struct rms_view licence, uint32_t wanted,
    const struct rms_container *file, struct rms_access **access_out);
void rms_access_free(struct rms_access **access);
#define RMS_ACCESS_CLEANUP __attribute__((cleanup(rms_access_free)))

/* May the person remove the protection, or put another in its place (S-079)? */
bool rms_access_may_unprotect(const struct rms_access *access);

/* Gets what proves to others that this person may edit, from the service when it is not here: use_chain, or
 * the author's own licence in pl. RMS_E_UNSUPPORTED for who has only a key, not a licence. */
RMS_MUST_USE int rms_access_prove(struct rms_context *context, struct rms_access *access);

/* Signed application data of the licence by name; NULL when absent. */
const char *rms_access_signed_data(const struct rms_access *access, const char *name);

#endif
