/* Secrets that rmsd is given in files: from the systemd credential of that name ($CREDENTIALS_DIRECTORY) when
 * there is one, else from DIR/name; or from a file that a setting names. Never from arguments or the
 * environment. */
#ifndef RMS_SERVICE_CREDENTIAL_H
#define RMS_SERVICE_CREDENTIAL_H

#include <limits.h>

#include "base/secret.h"

#define RMS_CREDENTIAL_TEXT 512 /* with NUL */

struct rms_settings;

/* Path of the systemd credential; false when there is none. */
bool rms_credential_given(const char *name, char path_out[PATH_MAX]);

/* 1 to max bytes. RMS_E_NOT_FOUND, RMS_E_PERMISSION (others may read the file), RMS_E_DAMAGED (empty, or
 * longer). */
RMS_MUST_USE int rms_credential_read(
    const struct rms_settings *settings, const char *name, size_t max, struct rms_secret **secret_out);

/* A name and a secret. Wiped by whoever has it. */
struct rms_credential_pair {
    char name[RMS_CREDENTIAL_TEXT];
    char secret[RMS_CREDENTIAL_TEXT];
};

/* From a file of two lines, anywhere. RMS_E_NOT_FOUND, RMS_E_PERMISSION (everybody may read the file),
 * RMS_E_DAMAGED (no two lines, or too long). */
RMS_MUST_USE int rms_credential_pair_read(const char *path, struct rms_credential_pair *pair_out);

#endif
