/* What the explanation says for each outcome there is. */
#include "service/front_test.h"

#include "service/admin_explain.h"

/* touches: B-01: whatever the code, there is a fact and a remedy */
static void every_code_has_words(void **state)
{
    struct rms_tenant tenant = {0};
    struct rms_policy policy;
    const struct rms_opening opening = {.valid_until = RMS_TIME_NONE};
    const struct rms_directory_person person = {.upn = "x@contoso.test"};
    struct rms_request request = {.worker = &stage.worker, .now = stage.now};
    struct rms_explained e = {.request = &request, .tenant = &tenant, .opening = &opening, .person = &person};
    (void)state;
    request.arena = rms_arena_new(1u << 20);
    rms_policy_init(&policy);
    e.answer.policy = &policy;
    for (size_t i = 0; rms_error_row(i) != NULL; i++) {
        e.code = rms_error_row(i)->code;
        e.complete = i % 2 == 0;
        assert_true(strlen(rms_explain_fact(&e)) > 5);
        assert_true(strlen(rms_explain_remedy(&e)) > 5);
    }
    e.code = RMS_OK;
    assert_true(strlen(rms_explain_fact(&e)) > 5);
    rms_arena_free(&request.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_words),
    };
    return cmocka_run_group_tests(tests, stage_open, stage_close);
}
