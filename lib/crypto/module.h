/* Which implementation of the algorithms is in use: for reports. OpenSSL's own configuration chooses it, in
 * the file that the environment variable OPENSSL_CONF names; without one it is OpenSSL's default provider. */
#ifndef RMS_CRYPTO_MODULE_H
#define RMS_CRYPTO_MODULE_H

#include <stdbool.h>
#include <stddef.h>

#define RMS_CRYPTO_PROVIDERS 8

struct rms_crypto_module {
    const char *version; /* of OpenSSL */
    const char *providers[RMS_CRYPTO_PROVIDERS];
    size_t provider_count;
    bool fips; /* only algorithms of a validated module are used */
};

void rms_crypto_module(struct rms_crypto_module *module_out);

#endif
