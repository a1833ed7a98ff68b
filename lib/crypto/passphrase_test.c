#include "base/test.h"
#include "crypto/passphrase.h"

/* hashlib.scrypt of Python 3.11 (b"correct horse battery staple", salt=bytes(range(32)), n=1 << 17, r=8, p=1,
 * maxmem=1 << 28, dklen=32). */
static const uint8_t expected[RMS_PASSPHRASE_KEY] = {0x55, 0xec, 0x66, 0x8c, 0xdc, 0xdc, 0xad, 0xc6, 0x5e,
    0xf8, 0xbc, 0x36, 0x35, 0x50, 0x1a, 0x20, 0x78, 0x12, 0x8b, 0xa7, 0x8c, 0x6e, 0xe0, 0x90, 0xa6, 0xa9,
    0xea, 0x12, 0x31, 0xee, 0x42, 0xeb};

static void the_key_is_that_of_scrypt(void **state)
{
    RMS_SECRET_CLEANUP struct rms_secret *key = NULL;
    uint8_t salt[RMS_PASSPHRASE_SALT];

    (void)state;
    for (size_t i = 0; i < sizeof salt; i++) {
        salt[i] = (uint8_t)i;
    }
    assert_int_equal(rms_passphrase_key(rms_view_str("correct horse battery staple"), salt, &key), 0);
    assert_memory_equal(rms_secret_view(key).data, expected, sizeof expected);
    rms_secret_free(&key);
    salt[0] ^= 1;
    assert_int_equal(rms_passphrase_key(rms_view_str("correct horse battery staple"), salt, &key), 0);
    assert_memory_not_equal(rms_secret_view(key).data, expected, sizeof expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_key_is_that_of_scrypt)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
