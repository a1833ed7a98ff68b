/* Private RSA keys in files of other programs, and for them. Written is PKCS#8, encrypted with a passphrase
 * (RFC 8018: PBES2, PBKDF2 with HMAC-SHA256, AES-256-CBC), as PEM. */
#ifndef RMS_CRYPTO_RSA_FILE_H
#define RMS_CRYPTO_RSA_FILE_H

#include "crypto/rsa.h"

#define RMS_KEY_FILE_MAX   16384
#define RMS_PASSPHRASE_MIN 12 /* bytes; whoever has the file may try as often as he likes */

/* RMS_E_BAD_ARGUMENT for a short passphrase, and for a key in a token. */
RMS_MUST_USE int rms_rsa_to_file(
    const struct rms_rsa_private *key, struct rms_view passphrase, struct rms_buf *pem_out);

/* Reads PEM of either kind, with a passphrase or without, and PKCS#12 (PFX), whose first key counts.
 * RMS_E_PERMISSION: the passphrase does not open it (or it is damaged, which looks the same).
 * RMS_E_BAD_ARGUMENT: no such file, or no RSA key of 1024 to 4096 bits with exponent 65537. Text around the
 * key in PEM is skipped. */
RMS_MUST_USE int rms_rsa_from_file(
    struct rms_view file, struct rms_view passphrase, struct rms_rsa_private **key_out);

/* --- public halves: PEM, "PUBLIC KEY" (RFC 5280's SubjectPublicKeyInfo) -------------------------------- */

RMS_MUST_USE int rms_rsa_public_to_file(const struct rms_rsa_private *key, struct rms_buf *pem_out);

/* RMS_E_BAD_ARGUMENT unless it is an RSA key of 2048 to 4096 bits with exponent 65537. */
RMS_MUST_USE int rms_rsa_public_from_file(struct rms_view file, struct rms_rsa_public *key_out);

/* The fingerprint as people compare it: hexadecimal. */
#define RMS_FINGERPRINT_TEXT (2 * RMS_SHA256_BYTES + 1)
void rms_rsa_fingerprint_text(const struct rms_rsa_public *key, char out[RMS_FINGERPRINT_TEXT]);

#endif
