/* Inside lib/crypto only: the key set behind jwt.h. */
#ifndef RMS_CRYPTO_JWKS_H
#define RMS_CRYPTO_JWKS_H

#include <cjose/cjose.h>

#include "crypto/jwt.h"

enum rms_key_type { RMS_KEY_RSA, RMS_KEY_EC };

struct rms_jwk {
    cjose_jwk_t *key;
    char *kid; /* NULL when the key has none */
    enum rms_key_type type;
    unsigned algorithms; /* RMS_ALG_... it may check */
};

struct rms_jwks {
    size_t count;
    struct rms_jwk keys[];
};

#endif
