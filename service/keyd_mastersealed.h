/* The master key sealed under a passphrase (doc/format/master-key.md): who has the machine's disk and no
 * passphrase has no key. In place of DIR/master.key. */
#ifndef RMS_SERVICE_KEYD_MASTERSEALED_H
#define RMS_SERVICE_KEYD_MASTERSEALED_H

#include <stdbool.h>

#include "base/secret.h"

struct rms_settings;

#define RMS_MASTER_PASSPHRASE_MIN 12 /* bytes; whoever has the file may try as often as he likes */

bool rms_master_sealed(const struct rms_settings *settings);

/* Seals the key and removes DIR/master.key, which is not there any more when the sealed one is: a stop
 * between leaves both. RMS_E_BAD_ARGUMENT: the passphrase is too short. */
RMS_MUST_USE int rms_master_seal(
    const struct rms_settings *settings, const struct rms_secret *master, struct rms_view passphrase);

/* The other way. */
RMS_MUST_USE int rms_master_unseal(const struct rms_settings *settings, const struct rms_secret *master);

/* Opens it with the credential "master.passphrase", else with what is typed at the terminal that the process
 * has. RMS_E_NOT_FOUND: there is neither. RMS_E_KEY_UNAVAILABLE: it is another passphrase, or the file was
 * changed. RMS_E_DAMAGED: no such file. */
RMS_MUST_USE int rms_master_open_sealed(const struct rms_settings *settings, struct rms_secret **master_out);

#endif
