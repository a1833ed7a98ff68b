#include "crypto/random.h"

#include <openssl/rand.h>
#include <stdlib.h>

#include "crypto/provider.h"

void rms_random(void *out, size_t len)
{
    if (RAND_priv_bytes_ex(rms_provider()->context, out, len, 0) != 1) {
        abort();
    }
}
