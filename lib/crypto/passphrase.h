/* A key from a passphrase, for files that others may get hold of: scrypt (RFC 7914) with N = 2^17, r = 8, p =
 * 1, which takes 128 MB and a good part of a second, from whoever guesses too. */
#ifndef RMS_CRYPTO_PASSPHRASE_H
#define RMS_CRYPTO_PASSPHRASE_H

#include "base/secret.h"

#define RMS_PASSPHRASE_SALT 32
#define RMS_PASSPHRASE_KEY  32

/* RMS_E_NO_MEMORY. */
RMS_MUST_USE int rms_passphrase_key(
    struct rms_view passphrase, const uint8_t salt[RMS_PASSPHRASE_SALT], struct rms_secret **key_out);

#endif
