/* What every cmocka test file includes first. */
#ifndef RMS_BASE_TEST_H
#define RMS_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The number of elements of an array. */
#define RMS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
