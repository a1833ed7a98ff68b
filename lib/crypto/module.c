#include "crypto/module.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>

#include "crypto/provider.h"

static int note(OSSL_PROVIDER *provider, void *context)
{
    struct rms_crypto_module *module = context;

    if (module->provider_count < RMS_CRYPTO_PROVIDERS) {
        module->providers[module->provider_count++] = OSSL_PROVIDER_get0_name(provider);
    }
    return 1;
}

void rms_crypto_module(struct rms_crypto_module *module_out)
{
    OSSL_LIB_CTX *context = rms_provider()->context;

    *module_out = (struct rms_crypto_module){.version = OpenSSL_version(OPENSSL_VERSION),
        .fips = EVP_default_properties_is_fips_enabled(context) == 1};
    (void)OSSL_PROVIDER_do_all(context, note, module_out);
}
