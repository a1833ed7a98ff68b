/* Public keys of other issuers (JWKS): fetched by a few threads of their own, kept, refreshed.
 *
 * Request threads never fetch. They take what is there; when nothing is there yet, or a token names a key
 * that is not in the set, they ask for a refresh and wait for it, a few of them and not for long. A refresh
 * is tried at most once a minute per issuer, and when it fails the old keys stay. Issuers whose last refresh
 * failed may hold all threads but one: an issuer of one tenant that hangs does not stop those of others. */
#ifndef RMS_SERVICE_TOKEN_KEYS_H
#define RMS_SERVICE_TOKEN_KEYS_H

#include "crypto/jwt.h"
#include "service/token_fetch.h"

#define RMS_KEYSET_RETRY_S 60   /* between two attempts */
#define RMS_KEYSET_AGE_S   3600 /* older keys are refreshed in the background */
#define RMS_KEYSETS_MAX    1024 /* issuers */
#define RMS_KEYSET_WAIT_MS 6000 /* longest wait of a request */
#define RMS_KEYSET_THREADS 3

struct rms_keysets;

struct rms_keysets_options {
    struct rms_fetch_options fetch; /* texts must outlive the object */
    size_t waiters;                 /* request threads that may wait at once */
    bool impatient;                 /* no pause between two attempts: tests only */
    void (*changed)(void *context); /* some issuer's keys are other ones now; may be NULL */
    void *context;
};

/* Keys in use; shared, counted. */
struct rms_keyset_ref;

RMS_MUST_USE int rms_keysets_new(const struct rms_keysets_options *options, struct rms_keysets **sets_out);
void rms_keysets_free(struct rms_keysets **sets);

/* jwks_uri NULL or "": found by discovery (OpenID Connect Discovery 1.0 section 4) below the issuer's
 * address. newer_than NULL: whatever keys there are; else (an unknown kid) keys fetched after that reference.
 * RMS_E_UNREACHABLE: no keys yet; RMS_E_NOT_FOUND: no newer ones may be had now. */
RMS_MUST_USE int rms_keysets_get(struct rms_keysets *sets, const char *issuer, const char *jwks_uri,
    const struct rms_keyset_ref *newer_than, struct rms_keyset_ref **ref_out);

/* A reference of its own, from a document at hand: the keys of the built-in sign-in. */
RMS_MUST_USE int rms_keyset_of(struct rms_view json, struct rms_keyset_ref **ref_out);

struct rms_keyset_ref *rms_keyset_keep(struct rms_keyset_ref *ref);
const struct rms_jwks *rms_keyset_keys(const struct rms_keyset_ref *ref);
void rms_keyset_unref(struct rms_keyset_ref **ref);
#define RMS_KEYSET_CLEANUP __attribute__((cleanup(rms_keyset_unref)))

#endif
