/* Random bytes from OpenSSL's generator for private values, which the operating system seeds. Failure ends
 * the process: nothing here can go on without them. */
#ifndef RMS_CRYPTO_RANDOM_H
#define RMS_CRYPTO_RANDOM_H

#include <stddef.h>

void rms_random(void *out, size_t len);

#endif
