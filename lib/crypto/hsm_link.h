/* Inside lib/crypto only: sessions with a PKCS#11 token (hsm.h). */
#ifndef RMS_CRYPTO_HSM_LINK_H
#define RMS_CRYPTO_HSM_LINK_H

#include <p11-kit/pkcs11.h>

#include "crypto/hsm.h"

/* A private key in the token. Handles are worth nothing after the connection they were found by. */
struct rms_hsm_key {
    struct rms_hsm *hsm;
    uint8_t id[RMS_HSM_ID_MAX];
    size_t id_len;
    CK_OBJECT_HANDLE handle; /* under the lock of hsm */
    uint64_t generation;     /* of the connection that found it; 0: none */
};

/* One piece of work with a session of its own. */
struct rms_hsm_session {
    CK_FUNCTION_LIST *calls;
    CK_SESSION_HANDLE handle;
    uint64_t generation;
};
typedef CK_RV (*rms_hsm_work)(const struct rms_hsm_session *session, void *argument);

/* Does it, again with a new connection when the old one turns out lost, and after a pause when the token is
 * busy: work must bear that. RMS_E_KEY_UNAVAILABLE, RMS_E_NOT_FOUND and RMS_E_CONFLICT (no such object,
 * several), RMS_E_BAD_ARGUMENT (the token does not take these data). */
RMS_MUST_USE int rms_hsm_run(struct rms_hsm *hsm, rms_hsm_work work, void *argument);

/* The handle kept, when it is of this connection. */
bool rms_hsm_handle_get(
    struct rms_hsm_key *key, const struct rms_hsm_session *session, CK_OBJECT_HANDLE *handle_out);
void rms_hsm_handle_put(
    struct rms_hsm_key *key, const struct rms_hsm_session *session, CK_OBJECT_HANDLE handle);

/* Our own words: no object has that id, several have. */
#define RMS_HSM_NO_OBJECT    (CKR_VENDOR_DEFINED | 0x524d5301u)
#define RMS_HSM_MANY_OBJECTS (CKR_VENDOR_DEFINED | 0x524d5302u)

#endif
