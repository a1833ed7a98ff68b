/* The desktop's Secret Service through libsecret, loaded at run time: librms runs where there is no desktop.
 */
#ifndef RMS_CLIENT_KEYRING_H
#define RMS_CLIENT_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Is there a session bus and libsecret? */
bool rms_keyring_available(void);

/* id and secret are text. RMS_E_UNSUPPORTED without keyring, RMS_E_STORE_NOT_BOUND when it does not answer.
 * RMS_E_NOT_FOUND says only that no entry can be seen: a keyring that is locked may have it all the same. */
RMS_MUST_USE int rms_keyring_store(const char *id, const char *secret);
RMS_MUST_USE int rms_keyring_lookup(const char *id, char *secret_out, size_t size);
void rms_keyring_remove(const char *id);

#endif
