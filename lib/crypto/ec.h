/* P-256 for the keys that sign tokens and statements about the log: ES256 signatures. */
#ifndef RMS_CRYPTO_EC_H
#define RMS_CRYPTO_EC_H

#include "base/secret.h"
#include "crypto/digest.h"

struct rms_ec_private;

#define RMS_EC_COORDINATE 32

struct rms_ec_public {
    uint8_t x[RMS_EC_COORDINATE]; /* big-endian, as in a JWK */
    uint8_t y[RMS_EC_COORDINATE];
};

RMS_MUST_USE int rms_ec_generate(struct rms_ec_private **key_out);
void rms_ec_private_free(struct rms_ec_private **key);
void rms_ec_public_of(const struct rms_ec_private *key, struct rms_ec_public *public_out);

/* The private scalar (32 bytes) for sealing, and back. */
RMS_MUST_USE int rms_ec_to_scalar(const struct rms_ec_private *key, struct rms_secret **scalar_out);
RMS_MUST_USE int rms_ec_from_scalar(struct rms_view scalar, struct rms_ec_private **key_out);

/* r || s, 64 bytes (RFC 7518 3.4). */
RMS_MUST_USE int rms_ec_sign(
    const struct rms_ec_private *key, const uint8_t digest[RMS_SHA256_BYTES], uint8_t signature_out[64]);

/* 0, RMS_E_BAD_SIGNATURE (also for a point that is not on the curve) or RMS_E_NO_MEMORY. */
RMS_MUST_USE int rms_ec_verify(
    const struct rms_ec_public *key, const uint8_t digest[RMS_SHA256_BYTES], const uint8_t signature[64]);

#endif
