/* The master key: 32 random bytes that seal every key at rest. From the systemd credential "master.key"
 * ($CREDENTIALS_DIRECTORY) when there is one, else from DIR/master.key (0600), made at the first start, else
 * from DIR/master.sealed with a passphrase (keyd_mastersealed.h). A check value beside it (DIR/master.check)
 * tells a wrong key from a right one, so that keys are not blamed for it. */
#ifndef RMS_SERVICE_KEYD_MASTERKEY_H
#define RMS_SERVICE_KEYD_MASTERKEY_H

#include "base/secret.h"

struct rms_settings;

/* Makes the file when neither it, nor a check value, nor a credential exists. */
RMS_MUST_USE int rms_master_key_create(const struct rms_settings *settings);

/* RMS_E_NOT_FOUND, RMS_E_PERMISSION (others may read the file), RMS_E_DAMAGED (wrong size),
 * RMS_E_KEY_UNAVAILABLE (not the key that the check value was made with). Writes the check value when it is
 * missing. */
RMS_MUST_USE int rms_master_key_load(const struct rms_settings *settings, struct rms_secret **key_out);

/* The key that seals private keys at rest, derived from it. NULL when memory is exhausted. */
struct rms_secret *rms_master_key_for_sealing(const struct rms_secret *master);

/* The journal's key, derived from it. */
void rms_master_key_for_journal(const struct rms_secret *master, uint8_t key_out[32]);

#endif
