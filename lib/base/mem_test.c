#include "base/test.h"

#include <string.h>

#include "base/mem.h"

static void zero_sizes_are_fine(void **state)
{
    void *a = rms_malloc(0);
    void *b = rms_calloc(0, 8);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    b = rms_realloc(b, 0);
    assert_non_null(b);
    rms_free(a);
    rms_free(b);
    rms_free(NULL);
}

static void strdup_copies(void **state)
{
    char *copy = rms_strdup("text");

    (void)state;
    assert_string_equal(copy, "text");
    rms_free(copy);
    assert_null(rms_strdup(NULL));
}

static void fails_from_the_chosen_call_on(void **state)
{
    void *first;

    (void)state;
    rms_mem_fail_after(1);
    first = rms_malloc(1);
    assert_non_null(first);
    assert_null(rms_malloc(1));
    assert_null(rms_calloc(1, 1));
    assert_null(rms_realloc(NULL, 1));
    assert_null(rms_strdup("x"));
    assert_int_equal(rms_mem_count(), 5);
    rms_mem_fail_never();
    rms_free(first);
    first = rms_malloc(1);
    assert_non_null(first);
    rms_free(first);
}

static void failed_realloc_keeps_the_old(void **state)
{
    char *text = rms_strdup("old");

    (void)state;
    rms_mem_fail_after(0);
    assert_null(rms_realloc(text, 100));
    rms_mem_fail_never();
    assert_string_equal(text, "old");
    rms_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_sizes_are_fine),
        cmocka_unit_test(strdup_copies),
        cmocka_unit_test(fails_from_the_chosen_call_on),
        cmocka_unit_test(failed_realloc_keeps_the_old),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
