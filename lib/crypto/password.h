/* Password hashes of local accounts: yescrypt (libcrypt). */
#ifndef RMS_CRYPTO_PASSWORD_H
#define RMS_CRYPTO_PASSWORD_H

#include "base/bytes.h"

#define RMS_PASSWORD_MAX 511 /* bytes; the limit of libcrypt */

/* Setting and hash as one text ($y$...). RMS_E_BAD_ARGUMENT when the password is empty or too long. */
RMS_MUST_USE int rms_password_hash(const char *password, struct rms_buf *hash_out);

/* Constant time for equal settings. hash NULL (no such account): spends the time of a real check and returns
 * false, so that a guess does not tell who exists. */
bool rms_password_check(const char *password, const char *hash);

#endif
