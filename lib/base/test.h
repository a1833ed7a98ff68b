/* What every cmocka test file includes first. */
#ifndef RMS_BASE_TEST_H
#define RMS_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The number of elements of an array. */
#define RMS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Decodes hexadecimal test data of at most cap bytes; returns the length. */
static inline size_t rms_test_hex(const char *hex, uint8_t *out, size_t cap)
{
    size_t len = strlen(hex) / 2;
    unsigned byte;

    assert_true(len <= cap);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
    return len;
}

#endif
