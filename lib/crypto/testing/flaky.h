/* What a test tells the failing PKCS#11 module (flaky.c), found in it by dlsym. */
#ifndef RMS_CRYPTO_TESTING_FLAKY_H
#define RMS_CRYPTO_TESTING_FLAKY_H

#include <stdbool.h>

/* The next `count` signatures, decryptions and new sessions end in rv. */
void flaky_fail(unsigned long rv, unsigned count);
void flaky_slow(unsigned milliseconds); /* before each of them */
void flaky_twist(bool on);              /* signatures come out wrong */
unsigned flaky_logins(void);            /* tries so far */
unsigned flaky_administered(void);      /* what only the token's own administrator may change, so far */

#endif
