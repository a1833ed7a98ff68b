#include "crypto/random.h"

#include <openssl/rand.h>
#include <stdint.h>
#include <stdlib.h>

void rms_random(void *out, size_t len)
{
    uint8_t *bytes = out;

    while (len > 0) {
        int step = len < 65536 ? (int)len : 65536;

        if (RAND_priv_bytes(bytes, step) != 1) {
            abort();
        }
        bytes += step;
        len -= (size_t)step;
    }
}
